// SPDX-License-Identifier: Apache-2.0
// AbortController and AbortSignal (DOM, 3).

import { idl, needs } from "./define";
import { DOMException } from "./dom_exception";
import { Event, EventTarget, fire, handler } from "./events";

const key = Symbol("new AbortSignal");
let abort: (signal: AbortSignal, reason: unknown) => void;

/** Calls `then` when the signal aborts; what comes back takes that off again. */
export let whenAborted: (signal: AbortSignal, then: (reason: unknown) => void) => () => void;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown = undefined;
  #then: Set<(reason: unknown) => void> | undefined;
  /** Those it follows, and those that follow it: none of them is itself one that follows others. */
  #sources: AbortSignal[] | undefined;
  #followers: Set<AbortSignal> | undefined;
  constructor(by?: symbol) {
    super();
    if (by !== key) throw new TypeError("Illegal constructor: an AbortSignal comes from an AbortController");
  }
  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(key);
    abort(signal, reason);
    return signal;
  }
  static timeout(ms: unknown): AbortSignal {
    needs(1, arguments.length, "AbortSignal.timeout()");
    const n = Number(ms);
    if (!(n >= 0 && n <= Number.MAX_SAFE_INTEGER)) throw new TypeError("AbortSignal.timeout() takes milliseconds, 0 or more");
    const signal = new AbortSignal(key);
    host.timers.start(() => abort(signal, new DOMException("The operation timed out.", "TimeoutError")), Math.trunc(n), false);
    return signal;
  }
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    needs(1, arguments.length, "AbortSignal.any()");
    const signal = new AbortSignal(key);
    const all = [...signals];
    for (const one of all) if (!isSignal(one)) throw new TypeError("AbortSignal.any() takes AbortSignals");
    const over = all.find((one) => one.#aborted);
    if (over) {
      signal.#aborted = true;
      signal.#reason = over.#reason;
      return signal;
    }
    signal.#sources = [...new Set(all.flatMap((one) => one.#sources ?? [one]))];
    for (const one of signal.#sources) (one.#followers ??= new Set()).add(signal);
    return signal;
  }
  get aborted(): boolean {
    return this.#aborted;
  }
  get reason(): unknown {
    return this.#reason;
  }
  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }
  static {
    abort = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? new DOMException("The operation was aborted.", "AbortError") : reason;
      const followers = [...(signal.#followers ?? [])].filter((one) => !one.#aborted);
      signal.#followers = undefined;
      for (const one of followers) {
        one.#aborted = true;
        one.#reason = signal.#reason;
        for (const source of one.#sources!) source.#followers?.delete(one);
      }
      for (const one of [signal, ...followers]) {
        const then = one.#then;
        one.#then = undefined;
        then?.forEach((f) => f(one.#reason));
        fire(one, new Event("abort"));
      }
    };
    whenAborted = (signal, then) => {
      (signal.#then ??= new Set()).add(then);
      return () => void signal.#then?.delete(then);
    };
  }
}
idl(AbortSignal);
handler(AbortSignal, "abort");

export function isSignal(value: unknown): value is AbortSignal {
  return value instanceof AbortSignal;
}

export class AbortController {
  #signal = new AbortSignal(key);
  get signal(): AbortSignal {
    return this.#signal;
  }
  abort(reason?: unknown): void {
    abort(this.#signal, reason);
  }
}
idl(AbortController);

/** A signal of its own that aborts with another; never, without one. */
export function dependentSignal(other?: AbortSignal | null): AbortSignal {
  return other ? AbortSignal.any([other]) : new AbortSignal(key);
}
