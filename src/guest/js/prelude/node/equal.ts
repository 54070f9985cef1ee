// SPDX-License-Identifier: Apache-2.0
// Are two values equal, all the way down? As node:assert's deepStrictEqual() and deepEqual() mean it.

import { contentsOf } from "../contents";

type Seen = Map<object, Set<object>>;

const toString = (value: unknown): string => Object.prototype.toString.call(value);

function primitivesEqual(a: unknown, b: unknown, strict: boolean): boolean {
  return strict ? Object.is(a, b) : a == b || (a !== a && b !== b); // eslint-disable-line eqeqeq
}

function keysOf(value: object, strict: boolean): (string | symbol)[] {
  const keys: (string | symbol)[] = Object.keys(value);
  if (!strict) return keys;
  return [...keys, ...Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))];
}

function membersEqual(a: object, b: object, strict: boolean, seen: Seen): boolean {
  const keys = keysOf(a, strict);
  if (keys.length !== keysOf(b, strict).length) return false;
  return keys.every((key) => Object.prototype.propertyIsEnumerable.call(b, key) && equal(Reflect.get(a, key), Reflect.get(b, key), strict, seen));
}

function mapsEqual(a: Map<unknown, unknown>, b: Map<unknown, unknown>, strict: boolean, seen: Seen): boolean {
  if (a.size !== b.size) return false;
  const left = [...b];
  for (const [key, value] of a) {
    const same = left.findIndex(([k, v]) => equal(key, k, strict, seen) && equal(value, v, strict, seen));
    if (same < 0) return false;
    left.splice(same, 1);
  }
  return true;
}

function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
}

/** Of built-in kinds: what is in them beside members. */
function insidesEqual(a: object, b: object, strict: boolean, seen: Seen): boolean {
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof RegExp && b instanceof RegExp) return a.source === b.source && a.flags === b.flags && a.lastIndex === b.lastIndex;
  if (a instanceof Error && b instanceof Error)
    return a.message === b.message && a.name === b.name && equal(a.cause, b.cause, strict, seen);
  if (a instanceof Map && b instanceof Map) return mapsEqual(a, b, strict, seen);
  if (a instanceof Set && b instanceof Set) return mapsEqual(new Map([...a].map((v) => [v, 0])), new Map([...b].map((v) => [v, 0])), strict, seen);
  const contents = contentsOf(a);
  if (contents !== undefined) return contents !== null && equal(contents, contentsOf(b), strict, seen);
  if (a instanceof WeakMap || a instanceof WeakSet || a instanceof Promise) return false;
  if (a instanceof ArrayBuffer || ArrayBuffer.isView(a)) {
    const [left, right] = [bytesOf(a), bytesOf(b as ArrayBuffer)];
    return left.length === right.length && left.every((byte, i) => byte === right[i]);
  }
  for (const box of [String, Number, Boolean, Symbol, BigInt])
    if (a instanceof box) return b instanceof box && Object.is(box.prototype.valueOf.call(a), box.prototype.valueOf.call(b));
  return true;
}

function equal(a: unknown, b: unknown, strict: boolean, seen: Seen): boolean {
  const objects = (typeof a === "object" || typeof a === "function") && a !== null && (typeof b === "object" || typeof b === "function") && b !== null;
  if (!objects) return primitivesEqual(a, b, strict);
  if (a === b) return true;
  if (typeof a === "function" || typeof b === "function") return false;
  const [left, right] = [a as object, b as object];
  if (strict && Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  if (toString(left) !== toString(right) || Array.isArray(left) !== Array.isArray(right)) return false;
  if (Array.isArray(left) && left.length !== (right as unknown[]).length) return false;
  // Within itself a value is what it is held to be.
  if (seen.get(left)?.has(right)) return true;
  const with_ = seen.get(left) ?? new Set();
  seen.set(left, with_.add(right));
  const typed = ArrayBuffer.isView(left);
  const same = insidesEqual(left, right, strict, seen) && (typed || membersEqual(left, right, strict, seen));
  if (!same) with_.delete(right);
  return same;
}

export function deepEqual(a: unknown, b: unknown, strict: boolean): boolean {
  return equal(a, b, strict, new Map());
}
