// SPDX-License-Identifier: Apache-2.0
// Vitest measures how long tests take by the timers and the clock that it finds when it is loaded. It finds patient ones:
// they are on the world's clock, but what a test skips by clock.advance() does not count, so that nobody's time-out runs
// out because a day was skipped. patient_end.ts gives the others back.

import { test } from "./host";

/** Could nothing happen any more when such a timer came last? */
export const last = { idle: false };

const names = ["performance", "setTimeout", "clearTimeout"] as const;
const globals = globalThis as unknown as Record<string, unknown>;

export const impatient = Object.fromEntries(names.map((name) => [name, globals[name]]));

Object.assign(globalThis, {
  performance: { now: () => test.frames.patient(), timeOrigin: 0 },
  setTimeout: (callback: (...args: unknown[]) => void, ms: number, ...args: unknown[]) =>
    host.timers.start(() => {
      last.idle = test.frames.idle();
      callback(...args);
    }, Number(ms) || 0, false, true),
  clearTimeout: (id: number) => host.timers.stop(Number(id)),
});
