// SPDX-License-Identifier: Apache-2.0
// How Vitest's packages compare and show the platform's own objects, whose state is private: by what can be observed of them.

import { JEST_MATCHERS_OBJECT, typeEquality } from "@vitest/expect";
import { plugins } from "@vitest/pretty-format";
import { expect } from "vitest";
import { contentsOf } from "../../../guest/js/prelude/contents";

type Equals = (a: unknown, b: unknown, testers: unknown[]) => boolean;

/** Those that a test has added are asked after ours, which asks them first. */
const added = (): (typeof tester)[] =>
  (globalThis as unknown as Record<symbol, { customEqualityTesters: (typeof tester)[] }>)[JEST_MATCHERS_OBJECT]!.customEqualityTesters;

/** Pairs that are being compared: within itself a value is what it is held to be. */
const open: [object, object][] = [];

/** Is asked of every pair of values: ordinary ones must cost nothing. */
function tester(this: { equals: Equals }, a: unknown, b: unknown, testers: unknown[]): boolean | undefined {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null || a === b) return undefined;
  const kind = (a as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  if (typeof kind !== "string" || kind !== (b as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]) return undefined;
  const left = contentsOf(a), right = left === undefined ? undefined : contentsOf(b);
  if (left === undefined || right === undefined) return undefined;
  for (const theirs of added()) {
    const same = theirs === tester ? undefined : theirs.call(this, a, b, testers);
    if (same !== undefined) return same;
  }
  if (left === null || right === null) return false;
  if (testers.includes(typeEquality) && a.constructor !== b.constructor) return false;
  if (open.some((pair) => pair[0] === a && pair[1] === b)) return true;
  open.push([a, b]);
  try {
    return this.equals(left, right, testers);
  } finally {
    open.pop();
  }
}

type Printer = (value: unknown, config: unknown, indentation: string, depth: number, refs: unknown[]) => string;

const nothingOf = (value: object): object => Object.defineProperty({}, "constructor", { value: value.constructor });

export function installPlatform(): void {
  expect.addEqualityTesters([tester as never]);
  // Differences have a fixed list of plugins; the place of the one for lists of a DOM is free, as there is none.
  Object.assign(plugins.DOMCollection, {
    test: (value: unknown) => typeof value === "object" && value !== null && contentsOf(value) !== undefined,
    serialize: (value: object, config: unknown, indentation: string, depth: number, refs: unknown[], print: Printer) =>
      refs.includes(value) ? "[Circular]" : print(contentsOf(value) ?? nothingOf(value), config, indentation, depth, [...refs, value]),
  });
}
