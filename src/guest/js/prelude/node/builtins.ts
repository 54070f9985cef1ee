// SPDX-License-Identifier: Apache-2.0
// Modules of Node.js: which bundle has them, and what to use instead of those that are not there. A bundle is loaded when the
// first of its modules is imported. The same modules are those of Workers with `nodejs_compat`.

type Exports = Record<string, unknown>;

/** Module → bundle, which puts it into `host.node.modules` under the same name. */
const BUNDLES: Record<string, string> = {
  assert: "node_assert",
  "assert/strict": "node_assert",
  async_hooks: "node_async",
  buffer: "node_buffer",
  child_process: "node_absent",
  cluster: "node_absent",
  console: "node_small",
  constants: "node_small",
  crypto: "node_crypto",
  dgram: "node_absent",
  diagnostics_channel: "node_small",
  dns: "node_absent",
  "dns/promises": "node_absent",
  events: "node_events",
  fs: "node_fs",
  "fs/promises": "node_fs",
  http: "node_absent",
  http2: "node_absent",
  https: "node_absent",
  inspector: "node_absent",
  module: "node_module",
  net: "node_absent",
  os: "node_process",
  path: "node_path",
  "path/posix": "node_path",
  perf_hooks: "node_process",
  process: "node_process",
  punycode: "node_small",
  querystring: "node_url",
  readline: "node_absent",
  "readline/promises": "node_absent",
  repl: "node_absent",
  stream: "node_stream",
  "stream/promises": "node_stream",
  "stream/web": "node_process",
  string_decoder: "node_stream",
  timers: "node_timers",
  "timers/promises": "node_timers",
  tls: "node_absent",
  tty: "node_small",
  url: "node_url",
  util: "node_util",
  "util/types": "node_util",
  v8: "node_absent",
  vm: "node_small",
  worker_threads: "node_absent",
  zlib: "node_zlib",
};

const INSTEAD: Record<string, string> = { test: 'import { test } from "vitest"' };

const plain = (name: string): string => name.replace(/^node:/, "");

/** Without "node:", so that both spellings are one module; other names as they are. */
export function builtinName(name: string): string {
  return name.startsWith("node:") && plain(name) in BUNDLES ? plain(name) : name;
}

export const builtinModules = Object.keys(BUNDLES);

export function isNodeModule(name: string): boolean {
  return plain(name) in BUNDLES;
}

export function nodeModule(name: string): Exports | undefined {
  const bundle = BUNDLES[plain(name)];
  if (!bundle) return undefined;
  host.load(bundle);
  return host.node.modules[plain(name)] as Exports;
}

/** What to say when there is no such module. */
export function insteadOf(name: string): string {
  const instead = INSTEAD[plain(name)];
  return instead ? `; ${instead}` : "";
}

interface CallSite {
  getFileName(): string;
  getLineNumber(): number;
  getColumnNumber(): number;
  [more: string]: () => unknown;
}

/** A stack as V8 hands it to Error.prepareStackTrace(), as far as the engine's text tells. */
function callSites(stack: string): CallSite[] {
  return stack.split("\n").filter(Boolean).map((line) => {
    const [, name = "", file = "", row = "0", column = "0"] = /^(?:(.*?)@)?(.*?)(?::(\d+))?(?::(\d+))?$/.exec(line)!;
    const no = (): boolean => false, nothing = (): undefined => undefined;
    return {
      getFileName: () => file, getLineNumber: () => Number(row), getColumnNumber: () => Number(column),
      getFunctionName: () => name || null, getMethodName: () => null, getTypeName: () => null, getThis: nothing, getFunction: nothing,
      getEvalOrigin: nothing, getScriptNameOrSourceURL: () => file, isNative: no, isEval: no, isConstructor: no, isToplevel: no, isAsync: no,
      toString: () => `${name ? `${name} (` : ""}${file}:${row}:${column}${name ? ")" : ""}`,
    };
  });
}

/** Packages ask V8 for the files of their callers this way. */
function installCallSites(): void {
  type Capture = (target: { stack?: unknown }, above?: unknown) => void;
  const errors = Error as unknown as { captureStackTrace: Capture; prepareStackTrace?: (error: unknown, sites: CallSite[]) => unknown };
  const native = errors.captureStackTrace;
  errors.captureStackTrace = function captureStackTrace(target, above = captureStackTrace) {
    native(target, above);
    if (typeof errors.prepareStackTrace === "function" && typeof target.stack === "string")
      Object.defineProperty(target, "stack", {
        value: errors.prepareStackTrace(target, callSites(target.stack)), writable: true, configurable: true, enumerable: false,
      });
  };
}

/** Globals that Node has and the web has not; each is made when it is touched. */
export function installNodeGlobals(): void {
  installCallSites();
  const globals: Record<string, () => unknown> = {
    process: () => nodeModule("process"),
    Buffer: () => nodeModule("buffer")!["Buffer"],
    global: () => globalThis,
  };
  for (const [name, make] of Object.entries(globals)) {
    const become = (value: unknown): unknown => {
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
      return value;
    };
    Object.defineProperty(globalThis, name, { get: () => become(make()), set: become, configurable: true, enumerable: false });
  }
}

/** The environment, as `import.meta.env` has it: the process's own is read when something else is asked for. */
export function makeEnvironment(values: Record<string, unknown>): Record<string, unknown> {
  let whole = false;
  const load = (): void => {
    if (whole) return;
    whole = true;
    const names = host.files.environment();
    for (let i = 0; i + 1 < names.length; i += 2) if (!(names[i]! in values)) values[names[i]!] = names[i + 1];
  };
  return new Proxy(values, {
    get(target, name) {
      if (!(name in target)) load();
      return Reflect.get(target, name) as unknown;
    },
    has(target, name) {
      if (!(name in target)) load();
      return Reflect.has(target, name);
    },
    deleteProperty(target, name) {
      load(); // else it would come back
      return Reflect.deleteProperty(target, name);
    },
    ownKeys(target) {
      load();
      return Reflect.ownKeys(target);
    },
  });
}

/** A path as a file: URL. */
export function fileUrl(path: string): string {
  return `file://${/^[\w\-./~@+]*$/.test(path) ? path : encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`;
}
