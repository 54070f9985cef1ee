// SPDX-License-Identifier: Apache-2.0
// Matchers of every kind, each once, and what they refuse.

import { expect, it } from "vitest";

class Point {
  constructor(readonly x: number, readonly y: number) {}
}

it("compares values", () => {
  expect(1).toBe(1);
  expect({ a: [1, { b: 2 }] }).toEqual({ a: [1, { b: 2 }] });
  expect({ a: undefined }).toEqual({});
  expect({ a: undefined }).not.toStrictEqual({});
  expect({ a: 1, b: 2 }).toMatchObject({ a: 1 });
  expect(new Point(1, 2)).toStrictEqual(new Point(1, 2));
  expect(0.1 + 0.2).toBeCloseTo(0.3);
  expect("b").toBeOneOf(["a", "b"]);
  expect(2).toSatisfy((n: number) => n % 2 === 0);
});

it("knows kinds", () => {
  expect(null).toBeNull();
  expect(undefined).toBeUndefined();
  expect(0).toBeDefined();
  expect(null).toBeNullable();
  expect(1).toBeTruthy();
  expect("").toBeFalsy();
  expect(NaN).toBeNaN();
  expect("text").toBeTypeOf("string");
  expect(new Point(1, 2)).toBeInstanceOf(Point);
});

it("orders numbers", () => {
  expect(2).toBeGreaterThan(1);
  expect(2).toBeGreaterThanOrEqual(2);
  expect(1).toBeLessThan(2);
  expect(2n).toBeLessThanOrEqual(2n);
});

it("looks into texts, lists and objects", () => {
  expect("fox and hound").toContain("fox");
  expect("fox and hound").toMatch(/h.und$/);
  expect([1, 2, 3]).toContain(2);
  expect([{ a: 1 }]).toContainEqual({ a: 1 });
  expect([1, 2]).toHaveLength(2);
  expect({ a: { b: 1 } }).toHaveProperty("a.b", 1);
  expect(new Map([["k", new Set([1])]])).toEqual(new Map([["k", new Set([1])]]));
});

it("matches without symmetry", () => {
  expect({ id: 7, name: "Mug", tags: ["a", "b"], at: 0.3, x: null }).toEqual({
    id: expect.any(Number),
    name: expect.stringMatching(/^M/),
    tags: expect.arrayContaining(["b"]),
    at: expect.closeTo(0.1 + 0.2),
    x: null,
  });
  expect({ a: 1, b: "text" }).toEqual(expect.objectContaining({ b: expect.stringContaining("ex") }));
  expect([1, 2]).toEqual(expect.not.arrayContaining([3]));
  expect({ a: 1 }).toEqual({ a: expect.anything() });
});

it("catches what is thrown", async () => {
  const fails = () => {
    throw new RangeError("too far");
  };
  expect(fails).toThrow();
  expect(fails).toThrow("far");
  expect(fails).toThrow(/^too/);
  expect(fails).toThrow(RangeError);
  expect(fails).toThrow(expect.objectContaining({ message: "too far" }));
  await expect(Promise.resolve(1)).resolves.toBe(1);
  await expect(Promise.reject(new Error("no"))).rejects.toThrow("no");
});

it("can be extended, softened and counted", () => {
  expect.extend({
    toBeEven(received: number) {
      return { pass: received % 2 === 0, message: () => `${received} is odd` };
    },
  });
  expect.assertions(5);
  const even = expect as unknown as (n: number) => { toBeEven(): void; not: { toBeEven(): void } };
  even(2).toBeEven();
  even(3).not.toBeEven();
  expect.soft(1).toBe(1);
  expect(() => even(3).toBeEven()).toThrow("3 is odd");
});

it("fails when fewer are made than announced", () => {
  expect.hasAssertions();
  expect(() => expect(1).toBe(2)).toThrow("expected 1 to be 2");
  expect(() => expect(1).not.toBe(1)).toThrow("expected 1 not to be 1");
  expect(() => expect.unreachable("here")).toThrow("here");
});
