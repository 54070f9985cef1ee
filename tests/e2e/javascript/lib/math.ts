// SPDX-License-Identifier: Apache-2.0
export const add = (a: number, b: number): number => a + b;

export class Counter {
  total = 0;
  plus(n: number): number {
    return (this.total += n);
  }
}

export const nested = { deep: { say: () => "real" }, list: [1, 2] };

export function fail(): never {
  const reason: string = "deep";

  throw new RangeError(`broken ${reason}`);
}

export default (): string => "default";
