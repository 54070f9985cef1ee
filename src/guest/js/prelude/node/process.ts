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
const stream = (level: string, fd: number) => ({
  fd,
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
  stdout: stream("log", 1),
  stderr: stream("error", 2),
  stdin: { fd: 0, isTTY: false, on: noop, once: noop },
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

const SIGNALS = ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM " +
  "PROF WINCH IO PWR SYS").split(" ");
const ERRNO = {
  E2BIG: 7, EACCES: 13, EADDRINUSE: 98, EADDRNOTAVAIL: 99, EAGAIN: 11, EBADF: 9, EBUSY: 16, ECANCELED: 125, ECONNABORTED: 103,
  ECONNREFUSED: 111, ECONNRESET: 104, EEXIST: 17, EHOSTUNREACH: 113, EINTR: 4, EINVAL: 22, EIO: 5, EISDIR: 21, EMFILE: 24, ENETUNREACH: 101,
  ENOENT: 2, ENOMEM: 12, ENOSPC: 28, ENOSYS: 38, ENOTCONN: 107, ENOTDIR: 20, ENOTEMPTY: 39, ENOTSUP: 95, EPERM: 1, EPIPE: 32, EROFS: 30,
  ETIMEDOUT: 110, EXDEV: 18,
};

host.node.modules["os"] = {
  EOL: "\n",
  arch: () => "x64",
  availableParallelism: () => 1,
  constants: { signals: Object.fromEntries(SIGNALS.map((name, i) => [`SIG${name}`, i + 1])), errno: ERRNO, priority: {} },
  cpus: () => [],
  devNull: "/dev/null",
  endianness: () => "LE",
  freemem: () => 0,
  getPriority: () => 0,
  homedir: () => "/",
  hostname: () => "localhost",
  loadavg: () => [0, 0, 0],
  machine: () => "x86_64",
  networkInterfaces: () => ({}),
  platform: () => "linux",
  release: () => "",
  setPriority: noop,
  tmpdir: () => "/tmp",
  totalmem: () => 0,
  type: () => "Linux",
  uptime: () => (host.clock.monotonic() - begun) / 1000,
  userInfo: () => ({ username: "backlot", uid: 0, gid: 0, shell: null, homedir: "/" }),
  version: () => "",
};

/** Globals, which are looked up when they are used. */
function globals(names: string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of names)
    Object.defineProperty(found, name, { enumerable: true, get: () => (globalThis as Record<string, unknown>)[name] });
  return found;
}
host.node.modules["perf_hooks"] = Object.assign(
  globals(["performance", "PerformanceEntry", "PerformanceMark", "PerformanceMeasure", "PerformanceObserver", "PerformanceObserverEntryList"]),
  {
    constants: {},
    ...Object.fromEntries(["createHistogram", "monitorEventLoopDelay"].map((name) => [name, () => {
      throw new Error(`perf_hooks.${name}() is not there in tests: their time is virtual`);
    }])),
  });
host.node.modules["stream/web"] = globals([
  "ByteLengthQueuingStrategy", "CompressionStream", "CountQueuingStrategy", "DecompressionStream", "ReadableByteStreamController",
  "ReadableStream", "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest", "ReadableStreamDefaultController",
  "ReadableStreamDefaultReader", "TextDecoderStream", "TextEncoderStream", "TransformStream", "TransformStreamDefaultController",
  "WritableStream", "WritableStreamDefaultController", "WritableStreamDefaultWriter",
]);
