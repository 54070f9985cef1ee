// SPDX-License-Identifier: Apache-2.0
import { expect, kv, test } from "backlot:test";

test("a file knows nothing of another one", () => expect(kv.names()).toEqual([]));

let caught = "";
try {
  kv("s").set("a", "b");
} catch (error) {
  caught = (error as Error).message;
}
test("outside of a test there is nothing to write to", () => expect(caught).toContain("outside of a test"));
