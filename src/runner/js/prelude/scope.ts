// SPDX-License-Identifier: Apache-2.0
// What belongs to a frame on JavaScript's side: the origins that were described in it, the requests that were sent. It comes
// and goes with the frame.

import type { Rule } from "./origins";
import type { Exchange } from "./service";
import { test } from "./host";

export class Scope {
  readonly rules: Rule[] = [];
  readonly exchanges: Exchange[] = [];
  /** Requests to origins that nobody answered. */
  readonly unmatched: Error[] = [];
  constructor(readonly outer: Scope | undefined) {}
}

let innermost: Scope | undefined;

export function scope(): Scope {
  if (!innermost) throw new Error("this is called outside of a test, a hook or a group of tests");
  return innermost;
}

export function* scopes(): Generator<Scope> {
  for (let s = innermost; s; s = s.outer) yield s;
}

export function openFrame(): void {
  test.frames.open();
  innermost = new Scope(innermost);
}

export function closeFrame(): void {
  innermost = innermost?.outer;
  test.frames.close();
}
