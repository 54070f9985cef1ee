// SPDX-License-Identifier: Apache-2.0
// vi.mock(import("…")), the form that Vitest's documentation recommends, and spies on whole modules.

import * as fs from "node:fs";
import { afterEach, expect, it, vi } from "vitest";
import half from "old-package";
import { next } from "./lib/counter";
import * as math from "./lib/math";
import { where } from "./lib/place";
import { static as reserved, yield as other } from "./lib/reserved";
import { sum } from "./lib/user";

vi.mock(import("./lib/counter"), async (importOriginal) => ({
  ...(await importOriginal()),
  next: () => 100 + vi.mocked(vi.fn(() => 1))(),
}));
vi.mock(import("./lib/place"));
vi.mock(import("old-package"), async () => {
  const { next } = await vi.importActual<typeof import("./lib/counter")>("./lib/counter");
  return { default: () => next() * 1000 } as never;
});
const early = await0(vi.hoisted(() => import("./lib/math")));

function await0<T>(promise: Promise<T>): Promise<T> {
  return promise;
}

afterEach(() => void vi.restoreAllMocks());

it("mocks with and without a factory, packages too", async () => {
  expect(next()).toBe(101);
  expect(where).toBe("__mocks__");
  expect(half(4)).toBe(1000);
  expect((await early).add(1, 2)).toBe(3);
});

it("doMock and doUnmock", async () => {
  vi.doMock(import("./lib/counter"), () => ({ next: () => 7 }));
  expect((await import("./lib/counter")).next()).toBe(7);
  vi.doUnmock(import("./lib/counter"));
  expect((await import("./lib/counter")).next()).not.toBe(7);
});

it("spies on what a module exports, for all who import it", () => {
  vi.spyOn(math, "add").mockReturnValue(42);
  expect([math.add(1, 2), sum()]).toEqual([42, 42]);
  vi.restoreAllMocks();
  expect([math.add(1, 2), sum()]).toEqual([3, 3]);
});

it("says why a module of Node.js cannot be spied on so", () => {
  expect(() => vi.spyOn(fs, "readFileSync")).toThrow('Cannot spy on export "readFileSync": what "import * as" gives');
});

it("exports by words that are reserved", () => expect([reserved, other]).toEqual([1, 2]));
