// SPDX-License-Identifier: Apache-2.0
// What belongs to a frame on JavaScript's side: the origins that were described in it, the requests that were sent. It comes
// and goes with the frame.

import type { Handler, Rule } from "./origins";
import type { Exchange } from "./service";
import { test } from "./host";

export class Scope {
  readonly id: number;
  readonly rules: Rule[] = [];
  readonly exchanges: Exchange[] = [];
  /** Functions that answer, by the numbers that C knows them by. */
  readonly handlers = new Map<number, { rule: Rule; run: Handler }>();
  /** What of the service's inside was asked for, and is not to be had: see inside.ts. */
  needs: string | undefined;
  /** What the console got. */
  printed = "";
  /** What nobody caught. */
  readonly late: unknown[] = [];
  constructor(readonly outer: Scope | undefined, name: string) {
    this.id = test.frames.open(outer?.id ?? 0, name);
    all.set(this.id, this);
  }

  enter(): void {
    test.frames.enter(this.id);
  }

  close(): void {
    all.delete(this.id);
    test.frames.close(this.id);
  }
}

const all = new Map<number, Scope>();

/** The frame that JavaScript is in: C knows, whatever awaited what. */
export function scope(): Scope {
  const found = all.get(test.frames.current());
  if (!found) throw new Error("this is called outside of a test, a hook or a group of tests");
  return found;
}

export function scopeIfAny(): Scope | undefined {
  return all.get(test.frames.current());
}

export function* scopes(): Generator<Scope> {
  for (let s = all.get(test.frames.current()); s; s = s.outer) yield s;
}

/**
 * Makes promises remember the frame that asked for their value, so that tests which run at the same time do not mix up
 * theirs. Native `await` does not ask `then`, so files with such tests are compiled without it (compile.ts).
 */
export function followFrames(): void {
  const then = Promise.prototype.then;
  const within = <F>(id: number, callback: F): F =>
    typeof callback === "function"
      ? (((value: unknown) => {
          if (id === 0 || all.has(id)) test.frames.enter(id);
          return (callback as unknown as (value: unknown) => unknown)(value);
        }) as unknown as F)
      : callback;
  Object.defineProperty(Promise.prototype, "then", {
    configurable: true,
    writable: true,
    value: function (this: Promise<unknown>, resolved: never, rejected: never) {
      const id = test.frames.current();
      return then.call(this, within(id, resolved), within(id, rejected));
    },
  });
}
