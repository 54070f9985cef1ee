// SPDX-License-Identifier: Apache-2.0
// console (https://console.spec.whatwg.org). Plain text is printed at once; for the rest there is the bundle `inspect`.

type Inspect = typeof import("./inspect");

function inspection(): Pick<Inspect, "format" | "inspect" | "table"> {
  host.load("inspect");
  return host.web.inspect!;
}

function format(args: unknown[]): string {
  const first = args[0];
  if (args.length === 1 && typeof first === "string") return first;
  const plain = args.every((value) => typeof value === "string" || typeof value === "number" || typeof value === "boolean");
  if (plain && !(typeof first === "string" && first.includes("%"))) return args.map((v) => (Object.is(v, -0) ? "-0" : String(v))).join(" ");
  return inspection().format(args);
}

/** JavaScriptCore's "function@file:line:column", as others write it. */
function stack(): string {
  const lines = (new Error().stack ?? "").split("\n").filter((line) => !line.includes("@backlot:web:"));
  return lines.map((line) => `\n    at ${line}`).join("");
}

export function installConsole(): void {
  const counts = new Map<string, number>(), timers = new Map<string, number>();
  let indent = "";
  const print = (level: string, text: string): void =>
    host.console.print(level, indent ? indent + text.replace(/\n/g, `\n${indent}`) : text);
  const say = (level: string) => (...args: unknown[]): void => print(level, args.length ? format(args) : "");
  const labelOf = (label: unknown): string => (label === undefined ? "default" : String(label));
  const took = (label: string): string | undefined => {
    const since = timers.get(label);
    if (since === undefined) return void print("warn", `There is no timer "${label}"`);
    const ms = host.clock.monotonic() - since;
    return `${label}: ${ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${ms.toFixed(3)}ms`}`;
  };
  const group = (...args: unknown[]): void => {
    if (args.length) print("log", format(args));
    indent += "  ";
  };
  const functions: Record<string, (...args: unknown[]) => void> = {
    assert(condition, ...args) {
      if (condition) return;
      if (typeof args[0] === "string") args[0] = `Assertion failed: ${args[0]}`;
      else args.unshift(args.length ? "Assertion failed:" : "Assertion failed");
      print("error", format(args));
    },
    clear() {},
    count(label) {
      const name = labelOf(label), n = (counts.get(name) ?? 0) + 1;
      counts.set(name, n);
      print("log", `${name}: ${n}`);
    },
    countReset(label) {
      if (!counts.delete(labelOf(label))) print("warn", `There is no counter "${labelOf(label)}"`);
    },
    debug: say("debug"),
    dir: (value, options) => print("log", inspection().inspect(value, (options ?? {}) as { depth?: number })),
    dirxml: say("log"),
    error: say("error"),
    group,
    groupCollapsed: group,
    groupEnd: () => void (indent = indent.slice(2)),
    info: say("info"),
    log: say("log"),
    table(data, only) {
      const shown = inspection().table(data, only);
      print("log", shown ?? format([data]));
    },
    time(label) {
      const name = labelOf(label);
      if (timers.has(name)) print("warn", `The timer "${name}" runs already`);
      else timers.set(name, host.clock.monotonic());
    },
    timeEnd(label) {
      const text = took(labelOf(label));
      timers.delete(labelOf(label));
      if (text !== undefined) print("log", text);
    },
    timeLog(label, ...args) {
      const text = took(labelOf(label));
      if (text !== undefined) print("log", args.length ? `${text} ${format(args)}` : text);
    },
    timeStamp() {},
    trace: (...args) => print("trace", `Trace${args.length ? `: ${format(args)}` : ""}${stack()}`),
    warn: say("warn"),
  };
  // A namespace of Web IDL: nothing is needed, and behind it is an object without anything.
  for (const one of Object.values(functions)) Object.defineProperty(one, "length", { value: 0, configurable: true });
  Object.setPrototypeOf(functions, {});
  Object.defineProperty(functions, Symbol.toStringTag, { value: "console", configurable: true });
  Object.defineProperty(globalThis, "console", { value: functions, writable: true, configurable: true, enumerable: false });
}
