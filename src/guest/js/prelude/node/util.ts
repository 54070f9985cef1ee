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

// ---- parseArgs ----

interface ArgOption {
  type: "string" | "boolean";
  short?: string;
  multiple?: boolean;
  default?: unknown;
}
interface ArgsConfig {
  args?: string[];
  options?: Record<string, ArgOption>;
  strict?: boolean;
  allowPositionals?: boolean;
  allowNegative?: boolean;
}

function refuse(code: string, message: string): never {
  throw Object.assign(new TypeError(message), { code: `ERR_PARSE_ARGS_${code}` });
}

function parseArgs(config: ArgsConfig = {}): { values: Record<string, unknown>; positionals: string[] } {
  const { args = [], options = {}, strict = true, allowPositionals = !strict, allowNegative = false } = config;
  const values = Object.create(null) as Record<string, unknown>, positionals: string[] = [];
  const rest = [...args];
  const set = (shown: string, name: string, given: string | undefined): void => {
    const negative = allowNegative && name.startsWith("no-") && !Object.hasOwn(options, name);
    if (negative) name = name.slice(3);
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option && strict) refuse("UNKNOWN_OPTION", `Unknown option '${shown}'`);
    let value: unknown = given ?? !negative;
    if (option?.type === "string") {
      value = given ?? (rest.length && (!strict || !/^-./.test(rest[0]!)) ? rest.shift() : undefined);
      if (value === undefined && strict) refuse("INVALID_OPTION_VALUE", `Option '${shown} <value>' argument missing`);
      value ??= true;
    } else if (option && given !== undefined && strict) refuse("INVALID_OPTION_VALUE", `Option '${shown}' does not take an argument`);
    values[name] = option?.multiple ? [...((values[name] as unknown[] | undefined) ?? []), value] : value;
  };
  while (rest.length) {
    const word = rest.shift()!;
    if (word === "--") {
      for (const one of rest.splice(0)) positional(one);
    } else if (word.startsWith("--")) {
      const at = word.indexOf("="), end = at < 0 ? word.length : at;
      set(word.slice(0, end), word.slice(2, end), at < 0 ? undefined : word.slice(at + 1));
    } else if (/^-./.test(word)) short(word);
    else positional(word);
  }
  function positional(one: string): void {
    if (!allowPositionals) refuse("UNEXPECTED_POSITIONAL", `Unexpected argument '${one}'. This command does not take positional arguments`);
    positionals.push(one);
  }
  /** "-a", "-abc", "-ovalue". */
  function short(word: string): void {
    const name = Object.keys(options).find((one) => options[one]!.short === word[1]) ?? word[1]!;
    const more = word.slice(2), takes = options[name]?.type === "string";
    if (more && !takes) rest.unshift(`-${more}`);
    set(`-${word[1]!}`, name, more && takes ? more : undefined);
  }
  for (const [name, option] of Object.entries(options)) if (option.default !== undefined) values[name] ??= option.default;
  return { values, positionals };
}

host.node.modules["util/types"] = types;
host.node.modules["util"] = {
  TextDecoder,
  TextEncoder,
  callbackify,
  debug: () => quiet,
  debuglog: () => quiet,
  deprecate,
  format: (...args: unknown[]) => format(args),
  formatWithOptions: (_options: unknown, ...args: unknown[]) => format(args),
  inherits,
  inspect: inspectAll,
  isArray: Array.isArray,
  isDeepStrictEqual: (a: unknown, b: unknown) => deepEqual(a, b, true),
  parseArgs,
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
