// SPDX-License-Identifier: Apache-2.0
// What files can be, and what they can import.

import { expect, it } from "vitest";
import twice, { half } from "old-package";
import seven, { kind } from "new-package";
import { sub } from "new-package/sub/one";
import type { Shape } from "@lib/types";
import { square } from "@lib/types";
import Thing, { answer, back } from "./lib/awaits";
import * as awaits from "./lib/awaits";
import { both } from "./lib/cycle_a";
import { other } from "./lib/cycle_b";
import data from "./lib/data.json";
import note from "./lib/note.txt";

it("modules that import each other", () => expect([both(), other()]).toEqual(["ab", "ab"]));

it("top-level await, and a cycle through it", () => {
  expect([answer, back(), new Thing().name, awaits.answer]).toEqual([42, 42, "thing", 42]);
});

it("dynamic import", async () => {
  const name = "./lib/cycle_a";
  expect((await import("./lib/cycle_b")).b).toBe("b");
  expect(((await import(name)) as { a: string }).a).toBe("a");
  await expect(import(`${name}_nowhere`)).rejects.toThrow("cycle_a_nowhere");
});

it("JSON and text", () => {
  expect(data.prices).toEqual([1250, 14900]);
  expect(note).toBe("some text\n");
});

it("CommonJS packages", () => expect([twice(4), half(4)]).toEqual([8, 2]));
it("maps of exports", () => expect([seven, kind, sub]).toEqual([7, "esm", "one"]));

it("paths of tsconfig.json, and imports of types alone", () => {
  const shape: Shape = square;
  expect(shape.corners).toBe(4);
});

enum Color {
  Red,
  Green = "g",
}
const enum Size {
  Big = 3,
}
namespace Space {
  export const value = 5;
}

it("enums and namespaces", () => {
  expect([Color.Red, Color[0], Color.Green, Size.Big, Space.value]).toEqual([0, "Red", "g", 3, 5]);
});

const decorated: string[] = [];
function remember(_target: object, key: string): void {
  decorated.push(key);
}

class Example {
  #secret = 3;
  constructor(private readonly given = 1) {}
  @remember
  sum(): number {
    return this.#secret! + this.given;
  }
}

it("decorators, private fields and parameter properties", () => {
  expect([decorated, new Example(2).sum()]).toEqual([["sum"], 5]);
});

const Fragment = "fragment";
const h = (tag: unknown, props: object | null, ...children: unknown[]) => ({ tag, props, children });

it("JSX", () => {
  expect(<><p id="a">hi</p></>).toEqual(h(Fragment, null, h("p", { id: "a" }, "hi")));
});

it("import.meta", () => {
  expect(import.meta.url).toMatch(/^file:\/\/\/.*\/modules\.test\.tsx$/);
  expect(import.meta.env.MODE).toBe("test");
});

it("Größe, 大きさ, 🦊: names and texts in any script", () => {
  const größe = "大きさ 🦊";
  expect(größe).toHaveLength(6);
  expect([...größe].at(-1)).toBe("🦊");
});
