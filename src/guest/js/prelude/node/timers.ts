// SPDX-License-Identifier: Apache-2.0
// node:timers and node:timers/promises. They go by the globals, which tests may replace.

interface Options {
  signal?: AbortSignal;
}

function wait<T>(start: (done: () => void) => () => void, value: T, { signal }: Options = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal));
    const stop = start(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value);
    });
    const abort = (): void => {
      stop();
      reject(aborted(signal!));
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

function aborted(signal: AbortSignal): Error {
  return Object.assign(new Error("The operation was aborted", { cause: signal.reason }), { name: "AbortError", code: "ABORT_ERR" });
}

const promises = {
  setTimeout: <T>(ms?: number, value?: T, options?: Options) =>
    wait((done) => {
      const timer = globalThis.setTimeout(done, ms);
      return () => globalThis.clearTimeout(timer);
    }, value, options),
  setImmediate: <T>(value?: T, options?: Options) =>
    wait((done) => {
      const timer = globalThis.setImmediate(done);
      return () => globalThis.clearImmediate(timer);
    }, value, options),
  async *setInterval<T>(ms?: number, value?: T, options?: Options): AsyncGenerator<T | undefined> {
    for (;;) yield await promises.setTimeout(ms, value, options);
  },
  scheduler: {
    wait: (ms: number, options?: Options) => promises.setTimeout(ms, undefined, options),
    yield: () => promises.setImmediate(),
  },
};
host.node.modules["timers/promises"] = promises;

const timers: Record<string, unknown> = { promises };
for (const name of ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"])
  timers[name] = (...args: unknown[]): unknown => (globalThis as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!(...args);
host.node.modules["timers"] = timers;
