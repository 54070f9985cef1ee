// SPDX-License-Identifier: Apache-2.0
// Time is virtual but where a test or group asks for the real one.
import { beforeAll, clock, describe, expect, test } from "backlot:test";

describe("real time", () => {
  beforeAll(() => clock.useRealTime());

  test("goes by itself where it is asked for, below it too", async () => {
    const [virtual, begun] = [clock.now(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(performance.now() - begun).toBeGreaterThanOrEqual(30);
    const asked = clock.now();
    while (clock.now() < asked + 2);
    await clock.advance("1h");
    expect(clock.now() - virtual).toBeGreaterThanOrEqual(3_600_032);
    expect(clock.now() - virtual).toBeLessThan(3_660_000);
  });

  test("and stands still again", () => {
    clock.useVirtualTime();
    const now = performance.now();
    for (let i = 0; i < 100_000; i++);
    expect(performance.now()).toBe(now);
  });
});

test("stands still everywhere else", async () => {
  const now = performance.now();
  for (let i = 0; i < 100_000; i++);
  expect(performance.now()).toBe(now);
});
