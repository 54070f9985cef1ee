// SPDX-License-Identifier: Apache-2.0
// What Vitest's `describe`, `it` and hooks do.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

const order: string[] = [];

describe("hooks", () => {
  beforeAll(() => {
    order.push("beforeAll");
    return () => order.push("cleanup");
  });
  beforeEach(() => void order.push("beforeEach"));
  afterEach(() => void order.push("afterEach"));
  afterAll(() => void order.push("afterAll"));
  it("first", () => void order.push("first"));
  it("second", () => void order.push("second"));
});

it("ran them in their order", () => {
  expect(order).toEqual([
    "beforeAll", "beforeEach", "first", "afterEach", "beforeEach", "second", "afterEach", "afterAll", "cleanup",
  ]);
});

describe.each([[1, 2, 3], [2, 3, 5]])("%i and %i", (a, b, sum) => {
  it(`are ${sum}`, () => expect(a + b).toBe(sum));
});

it.each`
  word      | length
  ${"one"}  | ${3}
  ${"three"} | ${5}
`("$length letters", ({ word, length }: { word: string; length: number }) => expect(word).toHaveLength(length));

it.skip("is skipped", () => expect(1).toBe(2));
it.skipIf(true)("is skipped, too", () => expect(1).toBe(2));
it.runIf(true)("is run", () => {});
it.todo("is to be written");
it.fails("fails, as it says", () => expect(1).toBe(2));
it("skips itself", (context) => context.skip("because"));

let tries = 0;
it("is tried again", { retry: 3 }, () => expect(++tries).toBe(3));

let runs = 0;
it("is repeated", { repeats: 2 }, () => void runs++);
it("was repeated", () => expect(runs).toBe(3));

const extended = it.extend<{ answer: number }>({ answer: async ({}, use) => use(42) });
extended("has a fixture", ({ answer }) => expect(answer).toBe(42));
