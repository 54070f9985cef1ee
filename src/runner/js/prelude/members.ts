// SPDX-License-Identifier: Apache-2.0
// Members of objects that tests write: one that does not exist is an error, which names the nearest.

/** In how many letters do two words differ? Two that changed places count once. */
function distance(a: string, b: string): number {
  let before: number[] = [], row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

export function checkMembers(what: string, given: object, known: readonly string[]): void {
  for (const name in given) {
    if (known.includes(name)) continue;
    const nearest = known.map((one) => [distance(name.toLowerCase(), one.toLowerCase()), one] as const).sort((a, b) => a[0] - b[0])[0]!;
    const hint = nearest[0] <= 2 ? `did you mean ${JSON.stringify(nearest[1])}?` : `there are: ${known.join(", ")}`;
    throw new TypeError(`${what} has no ${JSON.stringify(name)}; ${hint}`);
  }
}
