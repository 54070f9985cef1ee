// SPDX-License-Identifier: Apache-2.0
// What the files of this folder use: test(promise, function), and assertions that say what was instead.

const tests = [];
globalThis.test = (name, run) => tests.push([name, run]);

const show = (value) => {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof ArrayBuffer) return `buffer ${hex(value)}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} ${hex(value)}`;
  if (value instanceof Map) return `Map ${show([...value])}`;
  if (value instanceof Set) return `Set ${show([...value])}`;
  if (value instanceof Error || value instanceof RegExp || value instanceof Date) return String(value);
  if (Array.isArray(value)) return `[${Array.from(value, show).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.keys(value).map((key) => `${key}: ${show(value[key])}`).join(", ")}}`;
  return Object.is(value, -0) ? "-0" : String(value);
};

/** The bytes of a buffer or a view. */
globalThis.hex = (of) => {
  const bytes = of instanceof ArrayBuffer ? new Uint8Array(of) : new Uint8Array(of.buffer, of.byteOffset, of.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += bytes[i].toString(16).padStart(2, "0");
  return text;
};
globalThis.unhex = (text) => Uint8Array.from(text.replace(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
globalThis.utf8 = (text) => new TextEncoder().encode(text);

/** Equal by what show() says of both. */
globalThis.equal = (actual, expected, what = "") => {
  if (show(actual) !== show(expected)) throw new Error(`${what && `${what}: `}expected ${show(expected)}, was ${show(actual)}`);
};
globalThis.ok = (value, what = "a true value") => {
  if (!value) throw new Error(`expected ${what}, was ${show(value)}`);
};

const check = (error, name, part) => {
  if (error?.name !== name) throw new Error(`expected a ${name}, but ${show(error)} was thrown: ${error?.stack}`);
  if (part !== undefined && !error.message.includes(part)) throw new Error(`expected ${show(part)} in ${show(error.message)}`);
};
const NOT_THROWN = {};
globalThis.throws = (run, name, part) => {
  let error = NOT_THROWN;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  if (error === NOT_THROWN) throw new Error(`expected a ${name}, but nothing was thrown`);
  check(error, name, part);
};
globalThis.rejects = async (promise, name, part) => {
  let error = NOT_THROWN;
  try {
    await promise;
  } catch (thrown) {
    error = thrown;
  }
  if (error === NOT_THROWN) throw new Error(`expected a ${name}, but the promise was fulfilled`);
  check(error, name, part);
};
globalThis.sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
globalThis.printed = host.test.printed;
globalThis.collectGarbage = host.test.collect;

setTimeout(async () => {
  for (const [name, run] of tests) {
    try {
      await run();
      host.test.report(name, null);
    } catch (error) {
      host.test.report(name, error ?? new Error("undefined was thrown"));
    }
  }
  host.test.end();
});
