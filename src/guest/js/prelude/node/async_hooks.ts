// SPDX-License-Identifier: Apache-2.0
// node:async_hooks. A store follows what runs at once, callbacks of promises and timers, and code that was compiled without
// native `await` (compile.ts: files with `concurrent` tests). Native `await` in JavaScriptCore tells nobody what it goes on
// with, so a store that is asked for there throws while it may be the one of a run() that has not ended.

type Fn = (...args: never[]) => unknown;
type Stores = ReadonlyMap<AsyncLocalStorage, unknown>;

/** The stores that hold for what runs; undefined: it runs behind native await, or outside of any run(). */
let current: Stores | undefined;

function within<T>(stores: Stores | undefined, run: () => T): T {
  const before = current;
  current = stores;
  try {
    return run();
  } finally {
    current = before;
  }
}

function bound<F>(fn: F): F {
  if (typeof fn !== "function") return fn;
  const stores = current;
  return function (this: unknown, ...args: never[]): unknown {
    return within(stores, () => (fn as unknown as Fn).apply(this, args));
  } as unknown as F;
}

/** From the first run() on, what is called later runs with the stores of where it was handed over. */
let following = false;
function follow(): void {
  if (following) return;
  following = true;
  const then = Promise.prototype.then as (this: unknown, ...all: unknown[]) => unknown;
  Object.defineProperty(Promise.prototype, "then", {
    configurable: true,
    writable: true,
    value: function (this: unknown, resolved: unknown, rejected: unknown) {
      return then.call(this, bound(resolved), bound(rejected));
    },
  });
  const globals = globalThis as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ["queueMicrotask", "setImmediate", "setInterval", "setTimeout"]) {
    const start = globals[name]!;
    const value = Object.defineProperty((run: unknown, ...args: unknown[]) => start(bound(run), ...args), "name", { value: name });
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  }
}

class AsyncLocalStorage {
  private stores = 0;

  run(store: unknown, fn: Fn, ...args: never[]): unknown {
    follow();
    const value = within(new Map(current).set(this, store), () => fn(...args));
    if (value instanceof Promise) {
      this.stores++;
      const done = (): void => void this.stores--;
      value.then(done, done);
    }
    return value;
  }

  exit(fn: Fn, ...args: never[]): unknown {
    return this.run(undefined, fn, ...args);
  }

  getStore(): unknown {
    if (current) return current.get(this);
    if (this.stores === 0) return undefined;
    throw new Error("AsyncLocalStorage.getStore() cannot know its store behind a native await: call it before, or in a test file with " +
      "`concurrent` tests, which is compiled without");
  }

  enterWith(): never {
    throw new Error("AsyncLocalStorage.enterWith() is not there in tests: use run()");
  }

  disable(): void {
    this.stores = 0;
  }

  static bind<F>(fn: F): F {
    return bound(fn);
  }

  static snapshot(): (fn: Fn, ...args: never[]) => unknown {
    return bound((fn: Fn, ...args: never[]) => fn(...args));
  }
}

class AsyncResource {
  private readonly stores = current;
  constructor(readonly type: string) {}
  runInAsyncScope(fn: Fn, self?: unknown, ...args: never[]): unknown {
    return within(this.stores, () => fn.apply(self, args));
  }
  bind<F extends Fn>(fn: F): F {
    return ((...args: never[]) => this.runInAsyncScope(fn, undefined, ...args)) as F;
  }
  emitDestroy(): this {
    return this;
  }
  asyncId(): number {
    return 1;
  }
  triggerAsyncId(): number {
    return 0;
  }
  static bind<F>(fn: F): F {
    return bound(fn);
  }
}

host.node.modules["async_hooks"] = {
  AsyncLocalStorage,
  AsyncResource,
  createHook() {
    throw new Error("async_hooks.createHook() is not there in tests: nothing tells of promises");
  },
  executionAsyncId: () => 1,
  executionAsyncResource: () => ({}),
  triggerAsyncId: () => 0,
};
