// SPDX-License-Identifier: Apache-2.0

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time in ms: a number, or "250ms", "1.5s", "2m", "1h", "30d". */
export function milliseconds(duration: number | string): number {
  if (typeof duration === "number" && duration >= 0) return duration;
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(String(duration));
  if (!match) throw new TypeError(`${JSON.stringify(duration)} is no duration: write a number of ms, or "250ms", "2s", "1d"`);
  return Number(match[1]) * UNITS[match[2]!]!;
}
