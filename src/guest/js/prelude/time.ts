// SPDX-License-Identifier: Apache-2.0
// Time and chance, which are the world's: Date, performance, timers, Math.random().

import { define, idl, needs } from "./define";
import { EventTarget } from "./events";

type Callback = (...args: unknown[]) => void;

function timer(repeat: boolean) {
  return (callback: Callback, ms?: unknown, ...args: unknown[]): number => {
    if (typeof callback !== "function") throw new TypeError("a timer's callback must be a function");
    return host.timers.start(args.length ? () => callback(...args) : () => callback(), Number(ms) || 0, repeat);
  };
}

const stop = (id?: unknown): void => host.timers.stop(Number(id));

const RealDate = Date;

function VirtualDate(this: unknown, ...args: [number]): unknown {
  if (!new.target) return new RealDate(host.clock.wall()).toString();
  return Reflect.construct(RealDate, args.length ? args : [host.clock.wall()], new.target);
}
Object.defineProperties(VirtualDate, {
  ...Object.getOwnPropertyDescriptors(RealDate),
  name: { value: "Date", configurable: true },
  now: { value: () => host.clock.wall(), writable: true, configurable: true },
});
RealDate.prototype.constructor = VirtualDate;

/** Of the bundle `performance`. */
export interface Timing {
  mark(name: unknown, options?: unknown): object;
  measure(name: unknown, options?: unknown, end?: unknown): object;
  entries(name?: string, type?: string): object[];
  clear(type: string, name?: string): void;
}

function timing(): Timing {
  host.load("performance");
  return host.web.timing!;
}

const textOrNone = (value: unknown): string | undefined => (value === undefined ? undefined : String(value));

const illegal = Symbol("new Performance");

class Performance extends EventTarget {
  constructor(...by: symbol[]) {
    if (by[0] !== illegal) throw new TypeError("Illegal constructor: it is performance");
    super();
  }
  #origin = host.clock.wall() - host.clock.monotonic();
  get timeOrigin(): number {
    return this.#origin;
  }
  now(): number {
    return host.clock.monotonic();
  }
  mark(name: unknown, options: unknown = undefined): object {
    needs(1, arguments.length, "performance.mark()");
    return timing().mark(name, options);
  }
  measure(name: unknown, options: unknown = undefined, end: unknown = undefined): object {
    needs(1, arguments.length, "performance.measure()");
    return timing().measure(name, options, end);
  }
  getEntries(): object[] {
    return timing().entries();
  }
  getEntriesByType(type: unknown): object[] {
    needs(1, arguments.length, "performance.getEntriesByType()");
    return timing().entries(undefined, String(type));
  }
  getEntriesByName(name: unknown, type: unknown = undefined): object[] {
    needs(1, arguments.length, "performance.getEntriesByName()");
    return timing().entries(String(name), textOrNone(type));
  }
  clearMarks(name: unknown = undefined): void {
    timing().clear("mark", textOrNone(name));
  }
  clearMeasures(name: unknown = undefined): void {
    timing().clear("measure", textOrNone(name));
  }
  toJSON(): object {
    return { timeOrigin: this.#origin };
  }
}

idl(Performance);

export function installTime(): void {
  define({
    Date: VirtualDate,
    Performance,
    performance: new Performance(illegal),
    setTimeout: timer(false),
    setInterval: timer(true),
    clearTimeout: stop,
    clearInterval: stop,
    setImmediate: (callback: Callback, ...args: unknown[]) =>
      host.timers.start(() => callback(...args), 0, false),
    clearImmediate: stop,
    queueMicrotask: (callback: Callback): void => {
      if (typeof callback !== "function") throw new TypeError("queueMicrotask: the callback must be a function");
      Promise.resolve().then(() => {
        try {
          callback();
        } catch (error) {
          host.console.uncaught(error);
        }
      });
    },
  });
  Object.defineProperty(Math, "random", { value: () => host.clock.random(), writable: true, configurable: true });
}
