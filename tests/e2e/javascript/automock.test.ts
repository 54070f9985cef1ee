// SPDX-License-Identifier: Apache-2.0
import { expect, it, vi } from "backlot:test";
import { add, Counter, nested } from "./lib/math";

vi.mock("./lib/math");

it("a mock without a factory has functions that do nothing", () => {
  expect(vi.isMockFunction(add)).toBe(true);
  expect([add(1, 2), new Counter().plus(2), nested.deep.say()]).toEqual([undefined, undefined, undefined]);
  expect(nested.list).toEqual([]);
});
