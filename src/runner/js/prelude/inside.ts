// SPDX-License-Identifier: Apache-2.0
// With --target a test sees its service from outside, where it is deployed. What it asks for beside that marks it, and it is
// skipped for that reason, whatever it makes of the error.

import { test } from "./host";
import { type Scope, scopeIfAny } from "./scope";

type Native = (...args: unknown[]) => unknown;

/** What of the runner's modules has nothing to do with the service's world. */
const OPEN: Record<string, readonly string[] | true> = {
  bodies: true,
  files: true,
  net: true,
  programs: true,
  results: true,
  backends: ["listen"],
  exchange: ["listen", "fetch", "timeline"],
  frames: ["open", "enter", "close", "current", "now", "patient", "real"],
  origins: ["listen", "unanswered", "unmet"],
};

/** How users call it: by module and function, or by module; else it is as the module is called. */
const NAMES: Record<string, string | ((args: unknown[]) => string)> = {
  "exchange.logs": "response.logs()",
  "exchange.trace": "response.trace",
  "exchange.timing": "response.timing",
  "exchange.hints": "response.hints",
  "exchange.breaches": "response.limits",
  "frames.advance": "clock.advance()",
  "frames.set": "clock.set()",
  "frames.virtual": "clock.useVirtualTime()",
  "facts.set": (args) => String(args[0]),
  "facts.get": (args) => String(args[0]),
  "facts.limit": "limits",
  "facts.useLimits": "limits",
  "facts.getLimit": "limits",
  facts: "fastlyKeys",
  origins: "origin()",
  rates: "rate",
  tables: (args) => String(args[0]),
};

function needs(what: string): never {
  const at = scopeIfAny();
  if (at) at.needs ??= what;
  throw new Error(`${what} needs the inside of the service, which one that is deployed (--target) does not show`);
}

/** Closes all but what is open of these modules. */
export function closeInside(modules: string[]): void {
  const host = test as unknown as Record<string, Record<string, Native>>;
  for (const module of modules) {
    const open = OPEN[module] ?? [];
    for (const name of Object.keys(host[module]!)) {
      if (open === true || open.includes(name)) continue;
      const known = NAMES[`${module}.${name}`] ?? NAMES[module] ?? module;
      host[module]![name] = (...args) => needs(typeof known === "string" ? known : known(args));
    }
  }
  const { fetch } = test.exchange;
  test.exchange.fetch = (exchange, method, url, headers, body, client) =>
    client ? needs("client") : fetch(exchange, method, url, headers, body, client);
}

/** What of the inside was asked for in a frame, or in one around it. */
export function neededInside(of: Scope | undefined): string | undefined {
  for (let s = of; s; s = s.outer) if (s.needs) return s.needs;
  return undefined;
}

export const reason = (what: string): string => `needs the inside: ${what}`;
