// SPDX-License-Identifier: Apache-2.0
// clock: the time of the test's world. It stands still while anything happens, and jumps when everything waits.

import { milliseconds } from "./duration";
import { test } from "./host";

export const clock = {
  /** ms since 1970. */
  now(): number {
    return test.frames.now()[0];
  },
  /** Moves time on; what becomes due on the way happens. Caches, stores, rates, timers and the guest's clock all see it. */
  async advance(duration: number | string): Promise<void> {
    const ms = test.frames.advance(milliseconds(duration));
    await new Promise<void>((resolve) => void host.timers.start(resolve, ms, false));
  },
  /** Sets the wall clock, backwards too. Timers keep their distance. */
  set(time: number | string | Date): void {
    const ms = time instanceof Date ? time.getTime() : typeof time === "number" ? time : Date.parse(time);
    if (Number.isNaN(ms)) throw new TypeError(`${JSON.stringify(time)} is no time: write a Date, ms since 1970, or "2025-01-31T12:00:00Z"`);
    test.frames.set(ms);
  },
  /** Time goes by itself from now on, as fast as everywhere, until the frame ends. */
  useRealTime(): void {
    test.frames.real();
  },
  /** Time stands still again while anything happens. */
  useVirtualTime(): void {
    test.frames.virtual();
  },
};
