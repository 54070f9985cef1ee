// SPDX-License-Identifier: Apache-2.0
// Events, abort signals, DOMException, structuredClone, messages, marks and measures.

test("listeners: in order, once, removed, by signal; what they throw goes to nobody", () => {
  const target = new EventTarget(), said = [];
  const controller = new AbortController();
  target.addEventListener("x", (e) => said.push(`a${e.type}`));
  target.addEventListener("x", { handleEvent() { said.push("b"); } }, { once: true });
  target.addEventListener("x", () => said.push("c"), { signal: controller.signal });
  target.addEventListener("x", () => said.push("captured"), true);
  target.addEventListener("x", () => { throw new Error("thrown"); }, { once: true });
  printed();
  equal(target.dispatchEvent(new Event("x")), true);
  equal(said, ["captured", "ax", "b", "c"]);
  ok(printed().includes("uncaught: Error: thrown"));
  controller.abort();
  target.dispatchEvent(new Event("x"));
  equal(said.slice(4), ["captured", "ax"]);
});

test("events: cancelled, stopped, dispatched once at a time", () => {
  const target = new EventTarget();
  target.addEventListener("x", (e) => { e.preventDefault(); e.stopImmediatePropagation(); throws(() => target.dispatchEvent(e), "InvalidStateError"); });
  target.addEventListener("x", () => { throw new Error("not reached"); });
  const event = new CustomEvent("x", { cancelable: true, detail: { a: 1 } });
  equal([target.dispatchEvent(event), event.defaultPrevented, event.detail, event.target === target, event.currentTarget], [false, true, { a: 1 }, true, null]);
  equal(printed(), "");
  throws(() => new Event(), "TypeError");
  throws(() => target.dispatchEvent({}), "TypeError");
  class Mine extends EventTarget {}
  ok(new Mine() instanceof EventTarget);
});

test("abort signals", async () => {
  const c = new AbortController();
  let said;
  c.signal.onabort = (e) => (said = e.type);
  const any = AbortSignal.any([new AbortController().signal, c.signal]);
  c.abort();
  equal([said, c.signal.aborted, c.signal.reason.name, c.signal.reason.code, any.aborted, any.reason === c.signal.reason], ["abort", true, "AbortError", 20, true, true]);
  throws(() => c.signal.throwIfAborted(), "AbortError");
  const t = AbortSignal.timeout(1000);
  await sleep(999);
  equal(t.aborted, false);
  await sleep(1);
  equal([t.aborted, t.reason.name], [true, "TimeoutError"]);
  equal(AbortSignal.abort("why").reason, "why");
  throws(() => new AbortSignal(), "TypeError");
  throws(() => AbortSignal.timeout(-1), "TypeError");
});

test("DOMException", () => {
  const e = new DOMException("m", "NotFoundError");
  equal([e.name, e.message, e.code, e instanceof Error, String(e), DOMException.NOT_FOUND_ERR], ["NotFoundError", "m", 8, true, "NotFoundError: m", 8]);
  equal([new DOMException().name, new DOMException("x", "Mine").code], ["Error", 0]);
  ok(e.stack.includes("events.test.js"));
});

test("structuredClone", () => {
  const a = { d: new Date(5), r: /x/gi, m: new Map([[1, { s: new Set([2]) }]]), b: new Uint8Array([1, 2, 3]).subarray(1), n: null, u: undefined, e: new RangeError("r"), big: 5n, arr: [1, , 3] };
  a.self = a;
  const b = structuredClone(a);
  ok(b !== a && b.self === b && b.d instanceof Date && b.m.get(1).s.has(2) && b.e instanceof RangeError && !(1 in b.arr));
  equal([b.d.getTime(), String(b.r), hex(b.b), b.e.message, b.big], [5, "/x/gi", "0203", "r", 5n]);
  const buffer = new ArrayBuffer(4);
  const moved = structuredClone({ buffer }, { transfer: [buffer] });
  equal([moved.buffer.byteLength, buffer.byteLength, buffer.detached], [4, 0, true]);
  throws(() => structuredClone(() => {}), "DataCloneError");
  throws(() => structuredClone({ s: Symbol("x") }), "DataCloneError");
  throws(() => structuredClone({ get x() { throw new RangeError("getter"); } }), "RangeError", "getter");
});

test("message channels", async () => {
  const { port1, port2 } = new MessageChannel();
  const got = [];
  port1.postMessage("early");
  const message = { a: 1 };
  await new Promise((resolve) => {
    port2.onmessage = (e) => got.push(e.data) === 2 && resolve();
    port1.postMessage(message);
    message.a = 2;
    equal(got, []);
  });
  equal(got, ["early", { a: 1 }]);
  throws(() => port1.postMessage(() => {}), "DataCloneError");
  port2.close();
  port1.postMessage("late");
  await sleep(1);
  equal(got.length, 2);
  throws(() => new MessagePort(), "TypeError");
});

test("marks and measures are in the world's time", async () => {
  const before = performance.now();
  performance.mark("a", { detail: { x: 1 } });
  await sleep(250);
  performance.mark("b");
  const m = performance.measure("a to b", "a", "b");
  equal([m.duration, m.startTime === before, m.entryType, performance.getEntriesByName("a")[0].detail], [250, true, "measure", { x: 1 }]);
  equal(performance.measure("d", { start: 5, duration: 10 }).duration, 10);
  equal(performance.getEntries().map((e) => e.name), ["d", "a", "a to b", "b"]);
  performance.clearMarks("a");
  equal(performance.getEntriesByType("mark").map((e) => e.name), ["b"]);
  throws(() => performance.measure("x", "no such"), "SyntaxError", "no such");
});

test("PerformanceObserver is told of marks and measures, of those before on demand", async () => {
  const seen = [];
  performance.clearMarks();
  performance.clearMeasures();
  performance.mark("before");
  const observer = new PerformanceObserver(function (list, given) {
    seen.push([this === given, given === observer, list.getEntries().map((e) => e.name), list.getEntriesByType("measure").length]);
  });
  observer.observe({ type: "mark", buffered: true });
  observer.observe({ type: "measure" });
  throws(() => observer.observe({ entryTypes: ["mark"] }), "InvalidModificationError");
  performance.mark("after");
  performance.measure("m", { start: 0, end: 0 });
  equal(seen, []);
  await sleep(1);
  equal(seen, [[true, true, ["m", "before", "after"], 1]]);
  performance.mark("taken");
  equal(observer.takeRecords().map((e) => e.name), ["taken"]);
  performance.mark("lost");
  observer.disconnect();
  await sleep(1);
  equal(seen.length, 1);
  throws(() => observer.observe({}), "TypeError");
  throws(() => observer.observe({ entryTypes: "mark" }), "TypeError");
  throws(() => performance.mark("x", 3), "TypeError");
  throws(() => performance.measure("x", { start: -1 }), "TypeError");
  throws(() => performance.measure("x", { start: 1 }, "after"), "TypeError");
  equal(PerformanceObserver.supportedEntryTypes, ["mark", "measure"]);
});

test("BroadcastChannels of a name hear each other, until they are closed", async () => {
  const [a, b, c, other] = ["n", "n", "n", "m"].map((name) => new BroadcastChannel(name));
  const got = [];
  for (const [i, one] of [a, b, c, other].entries()) one.onmessage = (e) => got.push([i, e.data, e instanceof MessageEvent]);
  const message = { x: 1 };
  a.postMessage(message);
  message.x = 2;
  c.close();
  await sleep(1);
  equal(got, [[1, { x: 1 }, true]]);
  throws(() => c.postMessage(1), "InvalidStateError");
  throws(() => a.postMessage(() => {}), "DataCloneError");
  throws(() => new BroadcastChannel(), "TypeError");
});

test("ports are sent through ports, with what they have not delivered", async () => {
  const outer = new MessageChannel(), inner = new MessageChannel();
  inner.port1.postMessage("early");
  const arrived = new Promise((resolve) => (outer.port2.onmessage = resolve));
  outer.port1.postMessage({ port: inner.port2 }, [inner.port2]);
  const event = await arrived;
  equal([event.ports.length, event.data.port === event.ports[0], event.ports[0] === inner.port2], [1, true, false]);
  const got = [];
  event.ports[0].onmessage = (e) => got.push(e.data);
  inner.port1.postMessage("late");
  await sleep(1);
  equal(got, ["early", "late"]);
  throws(() => outer.port1.postMessage(null, [inner.port2]), "DataCloneError", "gone");
  throws(() => outer.port1.postMessage(null, [outer.port1]), "DataCloneError", "itself");
  throws(() => outer.port1.postMessage(inner.port1), "DataCloneError");
  throws(() => structuredClone(1, { transfer: [{}] }), "DataCloneError");
  const buffer = new ArrayBuffer(4);
  structuredClone(1, { transfer: [buffer] });
  equal(buffer.detached, true);
});

test("signals that follow others abort in the order of their making, each once", () => {
  const one = new AbortController(), two = new AbortController(), order = [];
  const first = AbortSignal.any([one.signal, two.signal]), second = AbortSignal.any([first, one.signal]);
  const note = (signal, name) => signal.addEventListener("abort", () => order.push([name, first.aborted, second.aborted, signal.reason]));
  note(second, "second");
  note(one.signal, "one");
  note(first, "first");
  one.abort("enough");
  two.abort("late");
  equal(order, ["one", "first", "second"].map((name) => [name, true, true, "enough"]));
});
