// SPDX-License-Identifier: Apache-2.0
// origin(), to which the guest rust-mirror passes on what goes to /proxy/.

import { beforeAll, beforeEach, clock, describe, expect, it, origin, service } from "backlot:test";

const get = (path: string) => service.fetch("/proxy/" + path);
const text = async (path: string) => (await get(path)).text();

describe("whom a rule answers", () => {
  it("is asked for by name, host, URL or regular expression; the latest goes first", async () => {
    const named = origin("origin");
    origin("*").respond("any");
    expect(await text("a")).toBe("any");
    origin("localhost").respond("host");
    expect(await text("a")).toBe("host");
    origin("http://localhost/proxy/b*").respond("url");
    origin(/\/C\d+$/i).respond("pattern");
    expect([await text("a"), await text("b?c"), await text("c12"), await text("c")]).toEqual(["host", "url", "pattern", "host"]);
    origin("origin").respond("name");
    expect(await text("c12")).toBe("name");
    expect(named.calls).toEqual([]);
  });

  it("is narrowed by method and path", async () => {
    const all = origin("origin").respond("rest");
    all.on("get", "/proxy/*/x").respond("path");
    all.get("/proxy/y?q=*").respond("query");
    all.post("*").respond("post");
    expect([await text("1/x?z"), await text("y?q=1"), await text("y"), await text("1/z")]).toEqual(["path", "query", "rest", "rest"]);
    expect(await (await service.fetch("/proxy/1/x", { method: "POST", body: "b" })).text()).toBe("post");
    expect(all.calls.map((call) => call.path)).toEqual(["/proxy/y", "/proxy/1/z"]);
  });

  it("is passed over while it has no answer, and keeps its place", async () => {
    const later = origin("origin");
    origin("*").respond("before");
    const last = origin("origin").expect(1);
    expect(await text("")).toBe("before");
    last.respond("last");
    later.respond("later");
    expect(await text("")).toBe("last");
  });
});

describe("what it answers", () => {
  it("is everything that a Response can be", async () => {
    const kept = new Response("again", { status: 201, headers: { "x-one": "1" } });
    const form = new FormData();
    form.set("a", "b");
    origin("origin").respond(
      kept, kept, { json: [1] }, { body: new Uint8Array([0, 255]) }, { body: new Blob(["blob"]) }, { body: form }, { status: 204 },
      { body: new ReadableStream({ start(to) { to.enqueue(new TextEncoder().encode("streamed")); to.close(); } }) }, "text", {},
    );
    for (const _ of [1, 2]) {
      const response = await get("");
      expect([response.status, response.headers.get("x-one"), await response.text()]).toEqual([201, "1", "again"]);
    }
    expect(await (await get("")).json()).toEqual([1]);
    expect(await (await get("")).bytes()).toEqual(new Uint8Array([0, 255]));
    expect(await text("")).toBe("blob");
    expect((await (await get("")).formData()).get("a")).toBe("b");
    expect((await get("")).status).toBe(204);
    expect(await text("")).toBe("streamed");
    const response = await get("");
    expect([response.headers.get("content-type"), await response.text()]).toEqual(["text/plain;charset=UTF-8", "text"]);
    for (const _ of [1, 2]) expect(await text("")).toBe("");
  });

  it("can be changed, and goes on where it was", async () => {
    const rule = origin("origin").respond("a", "b", "c");
    expect(await text("")).toBe("a");
    rule.respond("d", "e", "f");
    expect(await text("")).toBe("e");
    rule.handle(() => "handled");
    expect([await text(""), await text("")]).toEqual(["handled", "handled"]);
    expect(rule.calls).toHaveLength(4);
  });

  it("comes from functions, now or later, whole or in pieces", async () => {
    const encoder = new TextEncoder();
    origin("origin").handle(() => ({ status: 202, json: { now: true } }));
    expect(await (await get("")).json()).toEqual({ now: true });
    origin("origin").delay("3s").handle(async (request, call) => {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return new Response(`${request.method} ${call.path} ${await request.text()} ${await call.text()}`);
    });
    const before = clock.now();
    expect(await (await service.fetch("/proxy/x", { method: "POST", body: "body" })).text()).toBe("POST /proxy/x body body");
    expect(clock.now() - before).toBe(5000);
    origin("origin").handle(() => new Response(new ReadableStream({
      async start(to) {
        for (const piece of ["one ", "two ", "three"]) {
          to.enqueue(encoder.encode(piece));
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
        to.close();
      },
    })));
    expect(await text("")).toBe("one two three");
    origin("origin").handle(() => new Response(new ReadableStream({
      pull(to) { to.enqueue(encoder.encode("x")); if (clock.now() > before + 8000) to.error(new Error("broken")); },
      start() { return new Promise((resolve) => setTimeout(resolve, 1000)); },
    })));
    await expect(text("")).rejects.toThrow();
  });

  it("takes no longer than an origin may", async () => {
    origin("origin").handle(() => new Promise<string>(() => {}));
    const before = clock.now();
    const response = await get("");
    expect(response.status).toBe(500);
    expect(clock.now() - before).toBe(15_000);
    await expect(response.done()).rejects.toThrow();
  });
});

describe("what goes wrong in it", () => {
  it.each([["reset", 4], ["truncate", 4], ["bad chunk", 4], ["stall", 4], ["reset", undefined]] as const)("%s after %s bytes", async (then, after) => {
    origin("origin").respond({ body: "0123456789", then, after });
    const response = await get("");
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it("is broken off where it is longer than what comes", async () => {
    origin("origin").respond({ body: "0123456789", after: 4 });
    await expect(text("")).rejects.toThrow();
    origin("origin").respond({ body: "0123456789", after: 10 });
    expect(await text("")).toBe("0123456789");
  });

  it("drips and waits in the world's time", async () => {
    origin("origin").respond({ body: "0123456789", drip: { bytes: 3, every: "2s" }, delay: 500 });
    const before = clock.now();
    expect(await text("")).toBe("0123456789");
    expect(clock.now() - before).toBe(6500);
    origin("origin").delay("1s").handle(() => ({ body: "0123", drip: { bytes: 2, every: 100 }, delay: "1s" }));
    expect(await text("")).toBe("0123");
    expect(clock.now() - before).toBe(8600);
  });

  it("is one fault after another", async () => {
    const rule = origin("origin").fail("refuse").fail("timeout");
    const before = clock.now();
    for (const ms of [0, 15_000, 30_000]) {
      const response = await get("");
      expect([response.status, clock.now() - before]).toEqual([500, ms]);
      await response.done().catch(() => {});
    }
    rule.respond("well again");
    expect(await text("")).toBe("well again");
  });

  it("is told where it is written", () => {
    expect(() => origin("")).toThrow("origin() takes the name of a backend");
    expect(() => origin(/(?<=a+)b/)).toThrow("origin(/(?<=a+)b/): ");
    expect(() => origin("origin").respond({ status: 99 })).toThrow("99");
    expect(() => origin("origin").respond({ status: 204, body: "x" })).toThrow("204");
    expect(() => origin("origin").respond({ body: "x", then: "explode" as never })).toThrow("then: 'explode' is none of reset, stall,");
    expect(() => origin("origin").respond({ body: "x", drip: { bytes: 0, every: 1 } })).toThrow("drip: 0 bytes");
    expect(() => origin("origin").respond({ stauts: 404 } as never)).toThrow('an answer has no "stauts"; did you mean "status"?');
    expect(() => origin("origin").respond({ contents: 404 } as never)).toThrow('has no "contents"; there are: status, headers, body, json, ');
    expect(() => origin("origin").respond({ drip: { byte: 1 } as never })).toThrow('drip has no "byte"; did you mean "bytes"?');
    expect(() => origin("origin").respond({ body: "x", delay: "soon" })).toThrow('"soon" is no duration');
  });
});

describe("what was sent", () => {
  it("is seen whenever somebody looks", async () => {
    const { calls } = origin("origin").respond("x");
    expect(calls).toEqual([]);
    await service.fetch("http://shop.example/proxy/a?b", { method: "PUT", body: '{"c":1}', headers: { "x-one": "1" } });
    await get("");
    expect(calls).toHaveLength(2);
    expect(Array.isArray(calls)).toBe(true);
    const [call] = calls;
    expect(call).toMatchObject({ backend: "origin", method: "PUT", url: "http://shop.example/proxy/a?b", path: "/proxy/a?b" });
    expect(call!.headers.get("X-One")).toBe("1");
    expect([await call!.json(), await call!.text(), await call!.request.text()]).toEqual([{ c: 1 }, '{"c":1}', '{"c":1}']);
    expect(await calls[1]!.text()).toBe("");
    expect(Object.keys(call!)).toEqual(["backend", "method", "url", "path"]);
  });
});

describe("a rule of a group", () => {
  let shared: ReturnType<typeof origin>;
  beforeAll(async () => {
    shared = origin("origin").respond("one", "two", "three").expect(2);
    expect(await text("before all")).toBe("one");
  });
  beforeEach(() => expect(shared.calls).toHaveLength(1));

  it.each([1, 2, 3])("is in each of its tests what it was before: %s", async () => {
    expect(await text("")).toBe("two");
    expect(shared.calls.map((call) => call.path)).toEqual(["/proxy/before%20all", "/proxy/"]);
  });
});

let gone: ReturnType<typeof origin>;
it("leaves a rule behind", () => {
  gone = origin("origin").respond("x");
});
it("cannot use it any more", () => {
  expect(() => gone.calls.length).toThrow("this test has ended");
  expect(() => gone.respond("y")).toThrow("this test has ended");
});
