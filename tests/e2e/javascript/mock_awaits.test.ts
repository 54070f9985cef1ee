// SPDX-License-Identifier: Apache-2.0
// A file with top-level await cannot be CommonJS; what it mocks is known before its imports are asked for, all the same.

import { expect, it, vi } from "vitest";
import { next } from "./lib/counter";
import * as math from "./lib/math";
import { sum } from "./lib/user";

const one = await Promise.resolve(1);
vi.mock(import("./lib/counter"), () => ({ next: () => 100 }));

it("mocks", () => expect(next()).toBe(99 + one));

it("spies", () => {
  vi.spyOn(math, "add").mockReturnValue(42);
  expect(sum()).toBe(42);
});
