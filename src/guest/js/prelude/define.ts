// SPDX-License-Identifier: Apache-2.0

/** Makes globals as Web IDL has them: writable and configurable; functions enumerable, classes not. */
export function define(values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    const isClass = typeof value === "function" && /^[A-Z]/.test(name);
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: !isClass });
  }
}
