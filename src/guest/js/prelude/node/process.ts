// SPDX-License-Identifier: Apache-2.0
// node:process, and small modules beside it: node:os, node:perf_hooks, node:stream/web.

const noop = (): void => {};

/** What tests of Vitest find there: texts alone. */
function texts(env: Record<string, unknown>): Record<string, string | undefined> {
  const text = (value: unknown): string | undefined => (value === true ? "1" : value === false ? "" : (value as string | undefined));
  return new Proxy(env, {
    get: (target, name) => text(Reflect.get(target, name)),
    set: (target, name, value) => Reflect.set(target, name, String(value)),
    getOwnPropertyDescriptor(target, name) {
      const d = Reflect.getOwnPropertyDescriptor(target, name);
      return d && { ...d, value: text(d.value) };
    },
  }) as Record<string, string | undefined>;
}

const begun = host.clock.monotonic();
const ns = (): bigint => BigInt(Math.round(host.clock.monotonic() * 1e6));

function hrtime(since?: [number, number]): [number, number] {
  const now = ns() - (since ? BigInt(since[0]) * 1000000000n + BigInt(since[1]) : 0n);
  return [Number(now / 1000000000n), Number(now % 1000000000n)];
}
hrtime.bigint = ns;

const lineOf = (text: unknown): string => String(text).replace(/\n$/, "");
const stream = (level: string) => ({
  isTTY: false,
  columns: 80,
  write(text: unknown): boolean {
    host.console.print(level, lineOf(text));
    return true;
  },
  on: noop,
  once: noop,
  end: noop,
});

const process: Record<string, unknown> = {
  title: "backlot",
  platform: "linux",
  arch: "x64",
  pid: 1,
  ppid: 0,
  argv: ["backlot", "test"],
  argv0: "backlot",
  execArgv: [],
  execPath: "backlot",
  exitCode: undefined,
  version: "v22.0.0",
  versions: { node: "22.0.0", backlot: "1" },
  release: { name: "backlot" },
  features: {},
  config: {},
  env: texts(host.node.env),
  stdout: stream("log"),
  stderr: stream("error"),
  stdin: { isTTY: false, on: noop, once: noop },
  cwd: () => host.node.folder,
  chdir: () => {
    throw new Error("process.chdir(): tests stay in their project's folder");
  },
  exit(code?: unknown) {
    throw new Error(`process.exit unexpectedly called with "${code as string}": a test ends by returning`);
  },
  abort() {
    throw new Error("process.abort unexpectedly called: a test ends by returning");
  },
  kill() {
    throw new Error("process.kill unexpectedly called: there are no processes");
  },
  nextTick: (run: (...args: unknown[]) => void, ...args: unknown[]) => queueMicrotask(() => run(...args)),
  hrtime,
  uptime: () => (host.clock.monotonic() - begun) / 1000,
  memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  umask: () => 0o22,
  getuid: () => 0,
  getgid: () => 0,
  emitWarning: (warning: unknown) => console.warn(warning instanceof Error ? `${warning.name}: ${warning.message}` : `Warning: ${warning as string}`),
  emit: () => false,
  listenerCount: () => 0,
  listeners: () => [],
};
// Nothing is ever emitted: a test's process is not its own, and what nobody catches fails the test.
for (const name of ["on", "once", "off", "addListener", "removeListener", "removeAllListeners", "prependListener", "setMaxListeners"])
  process[name] = () => process;
Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });
host.node.modules["process"] = process;

host.node.modules["os"] = {
  EOL: "\n",
  arch: () => "x64",
  availableParallelism: () => 1,
  cpus: () => [],
  endianness: () => "LE",
  freemem: () => 0,
  homedir: () => "/",
  hostname: () => "localhost",
  platform: () => "linux",
  release: () => "",
  tmpdir: () => "/tmp",
  totalmem: () => 0,
  type: () => "Linux",
};

/** Globals, which are looked up when they are used. */
function globals(names: string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of names)
    Object.defineProperty(found, name, { enumerable: true, get: () => (globalThis as Record<string, unknown>)[name] });
  return found;
}
host.node.modules["perf_hooks"] = globals(["performance", "PerformanceEntry", "PerformanceMark", "PerformanceMeasure"]);
host.node.modules["stream/web"] = globals([
  "ByteLengthQueuingStrategy", "CompressionStream", "CountQueuingStrategy", "DecompressionStream", "ReadableByteStreamController",
  "ReadableStream", "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest", "ReadableStreamDefaultController",
  "ReadableStreamDefaultReader", "TextDecoderStream", "TextEncoderStream", "TransformStream", "TransformStreamDefaultController",
  "WritableStream", "WritableStreamDefaultController", "WritableStreamDefaultWriter",
]);
