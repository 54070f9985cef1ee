// SPDX-License-Identifier: Apache-2.0
// Which service is meant by what reads and writes a world: by its number, 0 for the file's own.

import { test } from "./host";

let now = 0;
const names = new Map<number, string>();

export function about(): number {
  return now;
}

/** " of ../catalog"; nothing of the file's own. */
export function nameOf(service: number): string {
  const name = names.get(service);
  return name === undefined ? "" : ` of ${name}`;
}

export function name(service: number, path: string): void {
  names.set(service, path);
}

/** Runs what means that service; what it awaits does not any more. */
export function within<T>(service: number, run: () => T): T {
  const before = now;
  if (service === before) return run();
  test.services.about((now = service));
  try {
    return run();
  } finally {
    test.services.about((now = before));
  }
}
