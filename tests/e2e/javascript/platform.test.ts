// SPDX-License-Identifier: Apache-2.0
// Objects of the web platform are equal when what can be observed of them is, and are shown by it.

import { expect, it, vi } from "vitest";
import assert from "node:assert";
import { isDeepStrictEqual } from "node:util";

const controller = new AbortController();
const stream = new ReadableStream();

/** Each makes a value of its own. */
const kinds: Record<string, (() => unknown)[]> = {
  Response: [
    () => new Response("", { status: 200 }),
    () => new Response("", { status: 404 }),
    () => new Response("a"),
    () => new Response("a", { headers: { a: "b" } }),
    () => new Response(new Uint8Array([255])),
    () => new Response(new Uint8Array([254])),
    () => new Response(null),
    () => new Response(new ReadableStream()),
    () => Response.error(),
  ],
  Request: [
    () => new Request("http://a/x"),
    () => new Request("http://a/y"),
    () => new Request("http://a/x", { method: "POST" }),
    () => new Request("http://a/x", { method: "POST", body: "a" }),
    () => new Request("http://a/x", { headers: { a: "b" } }),
    () => new Request("http://a/x", { redirect: "manual" }),
    () => new Request("http://a/x", { signal: AbortSignal.abort("gone") }),
  ],
  Headers: [() => new Headers(), () => new Headers({ a: "b" }), () => new Headers({ a: "c" })],
  FormData: [() => form("a", "b"), () => form("a", new File(["b"], "b")), () => form("a", new File(["c"], "b"))],
  URLSearchParams: [() => new URLSearchParams("a=b&c=d"), () => new URLSearchParams("c=d&a=b"), () => new URLSearchParams("a=b")],
  URL: [() => new URL("http://a/x"), () => new URL("http://a/y")],
  Blob: [() => new Blob(["a"]), () => new Blob(["b"]), () => new Blob(["a"], { type: "text/plain" })],
  File: [() => new File(["a"], "a.txt"), () => new File(["bb"], "b.txt"), () => new File(["a"], "b.txt")],
  Event: [() => new Event("a"), () => new Event("b"), () => new Event("a", { bubbles: true })],
  CustomEvent: [() => new CustomEvent("a", { detail: { b: 1 } }), () => new CustomEvent("a", { detail: { b: 2 } })],
  MessageEvent: [() => new MessageEvent("a", { data: [1] }), () => new MessageEvent("a", { data: [2] })],
  CloseEvent: [() => new CloseEvent("a", { code: 1000 }), () => new CloseEvent("a", { code: 1001 })],
  AbortSignal: [() => new AbortController().signal, () => AbortSignal.abort("a"), () => AbortSignal.abort("b")],
  AbortController: [() => new AbortController(), () => aborted()],
  TextDecoder: [() => new TextDecoder(), () => new TextDecoder("latin1"), () => new TextDecoder("utf-8", { fatal: true })],
};

function form(name: string, value: string | File): FormData {
  const made = new FormData();
  made.append(name, value as string);
  return made;
}

function aborted(): AbortController {
  const made = new AbortController();
  made.abort("gone");
  return made;
}

it.each(Object.keys(kinds))("a %s is equal to another by what can be observed", (kind) => {
  const all = kinds[kind]!;
  all.forEach((one, i) =>
    all.forEach((other, j) => {
      if (i !== j || String(one).includes("ReadableStream")) {
        expect(one()).not.toEqual(other());
        expect({ in: [one()] }).not.toStrictEqual({ in: [other()] });
        expect([one()]).not.toContainEqual(other());
        expect(isDeepStrictEqual(one(), other())).toBe(false);
        expect(() => assert.deepEqual(one(), other())).toThrow();
      } else {
        expect(one()).toEqual(other());
        expect({ in: [one()] }).toStrictEqual({ in: [other()] });
        expect(isDeepStrictEqual(one(), other())).toBe(true);
        assert.deepEqual(one(), other());
      }
    }),
  );
});

it("what cannot be observed is equal to itself alone", async () => {
  const key = () => crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mine = await key();
  expect(mine).toEqual(mine);
  expect(mine).not.toEqual(await key());
  expect(stream).toEqual(stream);
  expect(stream).not.toEqual(new ReadableStream());
  expect(controller.signal).toEqual(controller.signal);
});

it("is asked for by mocks", () => {
  const f = vi.fn();
  f(new Request("http://a/x", { method: "POST" }), "more");
  expect(f).not.toHaveBeenCalledWith(new Request("http://b/"), "more");
  expect(f).toHaveBeenCalledWith(new Request("http://a/x", { method: "POST" }), "more");
  expect(f).toHaveBeenCalledWith(expect.any(Request), expect.anything());
});

it("knows members of one's own, classes, and rings", () => {
  class Mine extends Response {
    constructor(readonly mark: string) {
      super("a");
    }
  }
  expect(new Mine("a")).toEqual(new Mine("a"));
  expect(new Mine("a")).not.toEqual(new Mine("b"));
  const alike = class extends Response {};
  expect(new alike("a")).toEqual(new Response("a"));
  expect(new alike("a")).not.toStrictEqual(new Response("a"));
  const ring = () => {
    const detail: { event?: Event } = {};
    return (detail.event = new CustomEvent("a", { detail }));
  };
  expect(ring()).toEqual(ring());
});

it("has nothing to say of others of such a name", () => {
  const fake = (a: number) => ({ a, [Symbol.toStringTag]: "Response" });
  expect(fake(1)).toEqual(fake(1));
  expect(fake(1)).not.toEqual(fake(2));
});

it("shows them by what can be observed", () => {
  expect(new Response("hello", { status: 404, headers: { a: "b" } })).toMatchInlineSnapshot(`
    Response {
      "body": "hello",
      "headers": Headers {
        "a": "b",
        "content-type": "text/plain;charset=UTF-8",
      },
      "status": 404,
    }
  `);
  expect([new File(["a"], "a.txt"), new Response(stream), AbortSignal.abort(1)]).toMatchInlineSnapshot(`
    [
      File {
        "content": "a",
        "name": "a.txt",
        "type": "",
      },
      Response {
        "body": ReadableStream {},
        "headers": Headers {},
        "status": 200,
      },
      AbortSignal {
        "aborted": true,
        "reason": 1,
      },
    ]
  `);
});

it("asks the testers that one has added first", () => {
  expect.addEqualityTesters([(a, b) => (a instanceof Response && b instanceof Response && a.status === b.status ? true : undefined)]);
  expect(new Response("a")).toEqual(new Response("b"));
  expect(new Response("a")).not.toEqual(new Response("b", { status: 404 }));
});
