// SPDX-License-Identifier: Apache-2.0
// node:util and node:util/types.

import { format, inspect } from "../inspect";
import { deepEqual } from "./equal";

type Fn = (...args: unknown[]) => unknown;

const custom = Symbol.for("nodejs.util.promisify.custom");

function promisify(original: Fn): Fn {
  if (typeof original !== "function") throw new TypeError('The "original" argument must be of type function');
  const own = (original as unknown as Record<symbol, Fn>)[custom];
  if (own) return own;
  const promised = function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      original.call(this, ...args, (error: unknown, value: unknown) => (error ? reject(error as Error) : resolve(value)));
    });
  };
  return Object.defineProperties(Object.setPrototypeOf(promised, Object.getPrototypeOf(original) as object) as Fn,
    Object.getOwnPropertyDescriptors(original));
}
promisify.custom = custom;

function callbackify(original: (...args: unknown[]) => Promise<unknown>): Fn {
  return function (this: unknown, ...args: unknown[]): void {
    const callback = args.pop() as (error: unknown, value?: unknown) => void;
    original.apply(this, args).then(
      (value) => queueMicrotask(() => callback(null, value)),
      (error: unknown) => queueMicrotask(() => callback(error ?? new Error("Promise was rejected with a falsy value"))),
    );
  };
}

function inherits(to: { prototype: object; super_?: unknown }, from: { prototype: object }): void {
  Object.defineProperty(to, "super_", { value: from, writable: true, configurable: true });
  Object.setPrototypeOf(to.prototype, from.prototype);
}

const warned = new Set<unknown>();

function deprecate(fn: Fn, message: string, code?: string): Fn {
  return function (this: unknown, ...args: unknown[]): unknown {
    if (!warned.has(code ?? fn)) console.warn(`DeprecationWarning: ${message}`);
    warned.add(code ?? fn);
    return new.target ? (Reflect.construct(fn, args, new.target) as unknown) : fn.apply(this, args);
  };
}

const quiet = Object.assign((..._: unknown[]) => {}, { enabled: false });

// ---- types ----

const tag = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);
const is = (...classes: (abstract new (...args: never[]) => unknown)[]) => (value: unknown): boolean => classes.some((one) => value instanceof one);
const tagged = (...names: string[]) => (value: unknown): boolean => typeof value !== "string" && names.includes(tag(value));

const types: Record<string, (value: unknown) => boolean> = {
  isAnyArrayBuffer: tagged("ArrayBuffer", "SharedArrayBuffer"),
  isArrayBuffer: is(ArrayBuffer),
  isArrayBufferView: (value) => ArrayBuffer.isView(value),
  isAsyncFunction: tagged("AsyncFunction", "AsyncGeneratorFunction"),
  isBoxedPrimitive: is(String, Number, Boolean, Symbol as never, BigInt as never),
  isDataView: is(DataView),
  isDate: is(Date),
  isExternal: () => false,
  isGeneratorFunction: tagged("GeneratorFunction", "AsyncGeneratorFunction"),
  isGeneratorObject: tagged("Generator"),
  isMap: is(Map),
  isMapIterator: tagged("Map Iterator"),
  isModuleNamespaceObject: tagged("Module"),
  isNativeError: is(Error),
  isNumberObject: is(Number),
  isPromise: is(Promise),
  isProxy: () => false, // nobody can tell
  isRegExp: is(RegExp),
  isSet: is(Set),
  isSetIterator: tagged("Set Iterator"),
  isSharedArrayBuffer: tagged("SharedArrayBuffer"),
  isStringObject: is(String),
  isSymbolObject: is(Symbol as never),
  isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
  isWeakMap: is(WeakMap),
  isWeakSet: is(WeakSet),
};
for (const one of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array])
  types[`is${one.name}`] = (value) => value instanceof one;

const STYLES: Record<string, [number, number]> = {
  reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], inverse: [7, 27], strikethrough: [9, 29],
  black: [30, 39], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39], magenta: [35, 39], cyan: [36, 39], white: [37, 39],
  gray: [90, 39], grey: [90, 39],
};

const inspectAll = Object.assign(
  (value: unknown, options?: Parameters<typeof inspect>[1] | boolean) => inspect(value, typeof options === "object" ? options : {}),
  { custom: Symbol.for("nodejs.util.inspect.custom"), defaultOptions: { depth: 2 }, styles: {}, colors: STYLES },
);

host.node.modules["util/types"] = types;
host.node.modules["util"] = {
  TextDecoder,
  TextEncoder,
  callbackify,
  debug: () => quiet,
  debuglog: () => quiet,
  deprecate,
  format: (...args: unknown[]) => format(args),
  inherits,
  inspect: inspectAll,
  isArray: Array.isArray,
  isDeepStrictEqual: (a: unknown, b: unknown) => deepEqual(a, b, true),
  promisify,
  stripVTControlCharacters: (text: string) => text.replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, ""),
  styleText(styles: string | string[], text: string): string {
    const pairs = [styles].flat().map((name) => {
      const pair = STYLES[name];
      if (!pair) throw new TypeError(`The argument 'format' must be one of: ${Object.keys(STYLES).join(", ")}. Received '${name}'`);
      return pair;
    });
    return pairs.map(([on]) => `\x1b[${on}m`).join("") + text + pairs.reverse().map(([, off]) => `\x1b[${off}m`).join("");
  },
  toUSVString: (text: unknown) => String(text).replace(/[\ud800-\udfff]/gu, "\ufffd"),
  types,
};
