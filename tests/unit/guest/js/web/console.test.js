// SPDX-License-Identifier: Apache-2.0
// console, and how it shows values.

const logged = (...args) => {
  printed();
  console.log(...args);
  return printed().replace(/^log: |\n$/g, "");
};

test("plain values", () => {
  equal(logged("a", 1, true, null, undefined, -0, 5n, Symbol("s")), "a 1 true null undefined -0 5n Symbol(s)");
  equal(logged(), "");
  equal(logged(["a", 'it\'s', 1.5, null]), `[ 'a', "it's", 1.5, null ]`);
  equal(logged(["a\n\x01\ud800"]), "[ 'a\\n\\x01\\uD800' ]");
});

test("objects, arrays and their classes", () => {
  class Point {
    constructor() {
      this.x = 1;
      this["y-z"] = [2, { a: { b: { c: 1 } } }];
    }
    get far() {
      return 1;
    }
  }
  equal(logged({}), "{}");
  equal(logged([]), "[]");
  equal(logged(new Point()), "Point { x: 1, 'y-z': [ 2, { a: [Object] } ] }");
  equal(logged(Object.create(null)), "[Object: null prototype] {}");
  equal(logged({ [Symbol("k")]: 1, get a() { return 1; }, set a(v) {}, set b(v) {} }),
    "{ a: [Getter/Setter], b: [Setter], [Symbol(k)]: 1 }");
  equal(logged([1, , , 4]), "[ 1, <2 empty items>, 4 ]");
  equal(logged(Object.assign([1], { more: 2 })), "[ 1, more: 2 ]");
  equal(logged(class A extends Point {}), "[class A extends Point]");
  equal(logged(function f() {}, () => {}, async () => {}), "[Function: f] [Function (anonymous)] [AsyncFunction (anonymous)]");
  equal(logged(new (class extends Array {})(3)).includes("<3 empty items>"), true);
});

test("collections, dates, expressions, buffers, boxes", () => {
  equal(logged(new Map([["a", { b: 1 }]])), "Map(1) { 'a' => { b: 1 } }");
  equal(logged(new Set([1, "x"])), "Set(2) { 1, 'x' }");
  equal(logged(new Date(0), /x/gi), "1970-01-01T00:00:00.000Z /x/gi");
  equal(logged(new Date(NaN)), "Invalid Date");
  equal(logged(new Uint8Array([1, 2])), "Uint8Array(2) [ 1, 2 ]");
  equal(logged(new Uint8Array([1, 255]).buffer), "ArrayBuffer { [Uint8Contents]: <01 ff>, byteLength: 2 }");
  equal(logged(Object("x"), Object(1)), "[String: 'x'] [Number: 1]");
  equal(logged(Promise.resolve()), "Promise {}");
  equal(logged(new WeakMap()), "WeakMap { <items unknown> }");
  const long = logged(Array.from({ length: 150 }, (_, i) => i));
  ok(long.includes("... 50 more items") && long.split("\n").length < 20, long);
});

test("what contains itself", () => {
  const a = { name: "a" };
  a.self = a;
  a.list = [a];
  equal(logged(a), "<ref *1> { name: 'a', self: [Circular *1], list: [ [Circular *1] ] }");
});

test("errors, with stack, cause and members", () => {
  const error = new TypeError("bad", { cause: new RangeError("inner") });
  error.code = "E_BAD";
  const text = logged(error);
  ok(text.startsWith("TypeError: bad\n    at "), text);
  ok(text.includes("console.test.js:"), text);
  ok(text.includes("code: 'E_BAD'") && text.includes("[cause]: RangeError: inner"), text);
  class Mine extends Error {}
  ok(logged(new Mine("x")).startsWith("Mine: x\n"));
  const bare = new Error("no stack");
  delete bare.stack;
  Object.defineProperty(bare, "stack", { value: "" });
  equal(logged([bare]), "[ [Error: no stack] ]");
  ok(logged(new DOMException("m", "AbortError")).startsWith("AbortError: m"));
  ok(logged(new AggregateError([new Error("one")], "all")).includes("[errors]: [\n"));
});

test("the platform's objects", () => {
  equal(logged(new Headers({ a: "1" })), "Headers { a: '1' }");
  equal(logged(new URLSearchParams("a=1&a=2")), "URLSearchParams { a: [ '1', '2' ] }");
  ok(logged(new Response("x", { status: 201 })).startsWith("Response {\n  status: 201,") || logged(new Response("x", { status: 201 })).startsWith("Response { status: 201"));
  ok(logged(new Request("http://a/b")).includes("url: 'http://a/b'"));
});

test("hostile objects", () => {
  const proxy = new Proxy({}, { ownKeys() { throw new Error("trap"); }, get() { throw new Error("trap"); }, getPrototypeOf() { throw new Error("trap"); } });
  ok(logged(proxy).includes("cannot be shown"));
  equal(logged({ get [Symbol.toStringTag]() { throw new Error("no"); } }).includes("Getter"), true);
  let deep = [];
  for (let i = 0; i < 100000; i++) deep = [deep];
  equal(logged(deep), "[ [ [ [Array] ] ] ]");
  const fake = Object.create(Map.prototype);
  ok(logged(fake).includes("cannot be shown"));
});

test("formats", () => {
  equal(logged("%s is %d, %i and %f%%", "x", "4.5", 4.9, "1.5x"), "x is 4.5, 4 and 1.5%");
  equal(logged("%o|%O|%j|%c|", [1], { a: 1 }, { b: 2 }, "css"), "[ 1 ]|{ a: 1 }|{\"b\":2}||");
  equal(logged("%s", { toString: () => "mine" }), "mine");
  equal(logged("%s %s", "a"), "a %s");
  equal(logged("100%"), "100%");
  equal(logged("a%", "b", 3, { c: 1 }), "a% b 3 { c: 1 }");
  equal(logged("%d", Symbol("s")), "NaN");
});

test("levels, groups, counters, timers, assertions", async () => {
  printed();
  console.error("e");
  console.group("g");
  console.info("in\nit");
  console.groupEnd();
  console.groupEnd();
  console.warn("w");
  console.count();
  console.count("x");
  console.count();
  console.countReset();
  console.count();
  console.assert(true, "never");
  console.assert(false, "said %d", 1);
  console.assert(false);
  equal(printed(), "error: e\nlog: g\ninfo:   in\n  it\nwarn: w\nlog: default: 1\nlog: x: 1\nlog: default: 2\nlog: default: 1\n" +
    "error: Assertion failed: said 1\nerror: Assertion failed\n");
  console.time("t");
  await sleep(1500);
  console.timeLog("t", "so far");
  console.timeEnd("t");
  console.timeEnd("t");
  equal(printed(), 'log: t: 1.500s so far\nlog: t: 1.500s\nwarn: There is no timer "t"\n');
  console.trace("here");
  ok(printed().startsWith("trace: Trace: here\n    at "));
});

test("tables", () => {
  printed();
  console.table([{ a: 1, b: "x" }, { a: 2 }]);
  equal(printed(), `log: ┌─────────┬───┬─────┐
│ (index) │ a │ b   │
├─────────┼───┼─────┤
│ 0       │ 1 │ 'x' │
│ 1       │ 2 │     │
└─────────┴───┴─────┘
`);
  console.table([1, [2]], ["0"]);
  ok(printed().includes("│ Values │"));
  console.table(5);
  equal(printed(), "log: 5\n");
});
