// SPDX-License-Identifier: Apache-2.0
import { expect, it, vi } from "backlot:test";
import { add } from "./lib/math";

vi.mock("./lib/math", { spy: true });

it("a spied module does what it did, and remembers", () => {
  expect(add(1, 2)).toBe(3);
  expect(add).toHaveBeenCalledWith(1, 2);
});
