// SPDX-License-Identifier: Apache-2.0
// node:assert and node:assert/strict.

import { inspect } from "../inspect";
import { deepEqual } from "./equal";

type Expected = RegExp | (new (...args: never[]) => unknown) | ((error: unknown) => boolean) | Record<string, unknown> | Error;

interface About {
  message?: string;
  actual?: unknown;
  expected?: unknown;
  operator?: string;
}

export class AssertionError extends Error {
  readonly code = "ERR_ASSERTION";
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string | undefined;
  readonly generatedMessage: boolean;
  constructor({ message, actual, expected, operator }: About, generated = message === undefined) {
    super(message ?? `${inspect(actual)} ${operator} ${inspect(expected)}`);
    this.name = "AssertionError";
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
    this.generatedMessage = generated;
  }
}

function fail(about: About & { message: string }, own: string | Error | undefined): never {
  if (own instanceof Error) throw own;
  throw new AssertionError({ ...about, message: own ?? about.message }, own === undefined);
}

type Message = string | Error;

function ok(value: unknown, message?: Message): asserts value {
  if (!value)
    fail({ message: `The expression evaluated to a falsy value: ${inspect(value)}`, actual: value, expected: true, operator: "==" }, message);
}

/** An assertion about two values: `holds` is what it says of them. */
function about(operator: string, heading: string, holds: (a: unknown, b: unknown) => boolean, sign?: string) {
  return (actual: unknown, expected: unknown, message?: Message): void => {
    if (holds(actual, expected)) return;
    const [a, b] = [inspect(actual), inspect(expected)];
    const short = sign !== undefined && !a.includes("\n") && !b.includes("\n") && a.length + b.length < 100;
    fail({ message: short ? `${heading}:\n\n${a} ${sign} ${b}\n` : heading, actual, expected, operator }, message);
  };
}

const loosely = (a: unknown, b: unknown): boolean => a == b || (a !== a && b !== b); // eslint-disable-line eqeqeq
const equal = about("==", "Expected values to be loosely equal", loosely, "!=");
const notEqual = about("!=", 'Expected "actual" to be loosely unequal to', (a, b) => !loosely(a, b), "==");
const strictEqual = about("strictEqual", "Expected values to be strictly equal", Object.is, "!==");
const notStrictEqual = about("notStrictEqual", 'Expected "actual" to be strictly unequal to', (a, b) => !Object.is(a, b), "===");
const looseDeepEqual = about("deepEqual", "Expected values to be loosely deep-equal", (a, b) => deepEqual(a, b, false));
const notDeepEqual = about("notDeepEqual", 'Expected "actual" not to be loosely deep-equal to', (a, b) => !deepEqual(a, b, false));
const deepStrictEqual = about("deepStrictEqual", "Expected values to be strictly deep-equal", (a, b) => deepEqual(a, b, true));
const notDeepStrictEqual = about("notDeepStrictEqual", 'Expected "actual" not to be strictly deep-equal to', (a, b) => !deepEqual(a, b, true));

function partialDeepStrictEqual(actual: unknown, expected: unknown, message?: Message): void {
  const within = (a: unknown, b: unknown): boolean => {
    if (typeof b !== "object" || b === null || typeof a !== "object" || a === null || Array.isArray(b) !== Array.isArray(a)) return deepEqual(a, b, true);
    if (Object.getPrototypeOf(b) !== Object.prototype && !Array.isArray(b)) return deepEqual(a, b, true);
    return Reflect.ownKeys(b).every((key) => Reflect.has(a, key) && within(Reflect.get(a, key), Reflect.get(b, key)));
  };
  if (!within(actual, expected))
    fail({ message: "Expected values to be partially and strictly deep-equal", actual, expected, operator: "partialDeepStrictEqual" }, message);
}

// ---- what is thrown ----

function isClass(value: Expected): value is new (...args: never[]) => unknown {
  return typeof value === "function" && value.prototype !== undefined && (value === Error || value.prototype instanceof Error || /^class\b/.test(Function.prototype.toString.call(value)));
}

/** Is it what was expected? Throws when not. */
function check(error: unknown, expected: Expected | undefined, message: Message | undefined, operator: string): void {
  if (expected === undefined) return;
  const no = (why: string): never => fail({ message: why, actual: error, expected, operator }, message);
  if (expected instanceof RegExp) {
    if (!expected.test(String(error))) no(`The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(String(error))}\n`);
  } else if (isClass(expected)) {
    if (!(error instanceof expected)) no(`The error is expected to be an instance of "${expected.name}". Received ${inspect(error)}`);
  } else if (typeof expected === "function") {
    if (expected.call({}, error) !== true) no(`The ${expected.name ? `"${expected.name}" ` : ""}validation function is expected to return "true". Caught error:\n\n${inspect(error)}`);
  } else {
    const names = Object.keys(expected);
    if (expected instanceof Error) names.push("name", "message");
    const found = error as Record<string, unknown>;
    for (const name of names) {
      const want = (expected as Record<string, unknown>)[name];
      const is = found?.[name];
      if (want instanceof RegExp && typeof is === "string" ? !want.test(is) : !deepEqual(is, want, true))
        no(`Expected the error's "${name}" to be ${inspect(want)}. Received ${inspect(is)}`);
    }
  }
}

/** throws(fn, expected?, message?), where the message may come in place of what is expected. */
function expectations(expected: Expected | string | undefined, message: Message | undefined): [Expected | undefined, Message | undefined] {
  return typeof expected === "string" ? [undefined, expected] : [expected, message];
}

function missing(what: string, operator: string, expected: Expected | undefined, message: Message | undefined): never {
  const name = typeof expected === "function" && isClass(expected) ? ` (${expected.name})` : "";
  return fail({ message: `Missing expected ${what}${name}.`, expected, operator }, message);
}

function throws(fn: () => unknown, expected?: Expected | string, message?: Message): void {
  const [want, own] = expectations(expected, message);
  let thrown: { error: unknown } | undefined;
  try {
    fn();
  } catch (error) {
    thrown = { error };
  }
  if (!thrown) missing("exception", "throws", want, own);
  else check(thrown.error, want, own, "throws");
}

const promiseOf = (from: Promise<unknown> | (() => Promise<unknown>)): Promise<unknown> => (typeof from === "function" ? from() : from);

async function rejects(from: Promise<unknown> | (() => Promise<unknown>), expected?: Expected | string, message?: Message): Promise<void> {
  const [want, own] = expectations(expected, message);
  let thrown: { error: unknown } | undefined;
  const promise = promiseOf(from);
  try {
    await promise;
  } catch (error) {
    thrown = { error };
  }
  if (!thrown) missing("rejection", "rejects", want, own);
  else check(thrown.error, want, own, "rejects");
}

function unwanted(what: string, operator: string, error: unknown, message: Message | undefined): never {
  return fail({ message: `Got unwanted ${what}.\nActual message: "${(error as Error | undefined)?.message}"`, actual: error, operator }, message);
}

function doesNotThrow(fn: () => unknown, expected?: Expected | string, message?: Message): void {
  try {
    fn();
  } catch (error) {
    unwanted("exception", "doesNotThrow", error, expectations(expected, message)[1]);
  }
}

async function doesNotReject(from: Promise<unknown> | (() => Promise<unknown>), expected?: Expected | string, message?: Message): Promise<void> {
  const promise = promiseOf(from);
  try {
    await promise;
  } catch (error) {
    unwanted("rejection", "doesNotReject", error, expectations(expected, message)[1]);
  }
}

// ---- the modules ----

const others = {
  AssertionError,
  doesNotMatch(text: string, pattern: RegExp, message?: Message): void {
    if (typeof text !== "string" || pattern.test(text))
      fail({ message: `The input was expected to not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`, actual: text, expected: pattern, operator: "doesNotMatch" }, message);
  },
  doesNotReject,
  doesNotThrow,
  fail(message?: Message): never {
    return fail({ message: "Failed", operator: "fail" }, message);
  },
  ifError(value: unknown): void {
    if (value === null || value === undefined) return;
    const words = value instanceof Error ? value.message : inspect(value);
    fail({ message: `ifError got unwanted exception: ${words}`, actual: value, expected: null, operator: "ifError" }, undefined);
  },
  match(text: string, pattern: RegExp, message?: Message): void {
    if (typeof text !== "string" || !pattern.test(text))
      fail({ message: `The input did not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`, actual: text, expected: pattern, operator: "match" }, message);
  },
  ok,
  partialDeepStrictEqual,
  rejects,
  throws,
  deepStrictEqual,
  notDeepStrictEqual,
  strictEqual,
  notStrictEqual,
};

const made = (name: string) => Object.defineProperty((value: unknown, message?: Message) => ok(value, message), "name", { value: name });
const strict: Record<string, unknown> = Object.assign(made("strict"), others, {
  deepEqual: deepStrictEqual, notDeepEqual: notDeepStrictEqual, equal: strictEqual, notEqual: notStrictEqual,
});
strict["strict"] = strict;
host.node.modules["assert/strict"] = strict;
host.node.modules["assert"] = Object.assign(made("assert"), others, { deepEqual: looseDeepEqual, notDeepEqual, equal, notEqual, strict });
