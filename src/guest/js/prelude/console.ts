// SPDX-License-Identifier: Apache-2.0
// console (https://console.spec.whatwg.org).

import { define } from "./define";

function show(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ? `${value}\n${value.stack}` : String(value);
  if (typeof value === "object" && value !== null) {
    try {
      return JSON.stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  }
  return String(value);
}

const say =
  (level: string) =>
  (...args: unknown[]): void =>
    host.console.print(level, args.map(show).join(" "));

export function installConsole(): void {
  const levels = ["log", "info", "warn", "error", "debug", "trace"];
  define({ console: Object.fromEntries(levels.map((level) => [level, say(level)])) });
}
