// SPDX-License-Identifier: Apache-2.0
// What a test says of its world as a whole, for every request of its frame from then on: what is known of clients, the
// firewall's verdict, products, API keys, limits.

import { geoRecord } from "./geo_record";
import { test } from "./host";

export type Setting = string | number | boolean | readonly string[];
/** `{ tls: { ja3: "…" } }` and `{ "tls.ja3": "…" }` are the same. */
export interface Settings {
  [name: string]: Setting | Settings | undefined;
}

/** Names and values, one after the other, as the tables of C have them. */
export function flatSettings(settings: Settings, prefix = ""): Flat {
  if (settings === null || typeof settings !== "object") throw new TypeError("settings are an object, as { ip: \"192.0.2.1\" }");
  return Object.entries(settings).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (Array.isArray(value)) return [prefix + name, value.join(" ")];
    if (value !== null && typeof value === "object") return flatSettings(value as Settings, `${prefix}${name}.`);
    return [prefix + name, String(value)];
  });
}

/** What `geo` and `device` are is said as JSON. */
export function clientSettings({ geo, device, ...others }: Settings): Flat {
  const isRecord = (value: unknown) => value !== null && typeof value === "object";
  const place = isRecord(geo) ? JSON.stringify(geoRecord(geo as object)) : geo;
  return flatSettings({ ...others, geo: place, device: isRecord(device) ? JSON.stringify(device) : device });
}

export class Facts {
  constructor(private readonly block: string) {}

  /** From now on, for every request of this frame. */
  set(settings: Settings): this {
    const flat = this.block === "client" ? clientSettings(settings) : flatSettings(settings);
    for (let i = 0; i + 1 < flat.length; i += 2) test.facts.set(this.block, flat[i]!, flat[i + 1]!);
    return this;
  }

  /** All that is set, by name, as text: { "tls.ja3": "…" } */
  all(): Record<string, string> {
    const flat = test.facts.get(this.block);
    const all: Record<string, string> = {};
    for (let i = 0; i + 1 < flat.length; i += 2) all[flat[i]!] = flat[i + 1]!;
    return all;
  }
}

export const client = new Facts("client");
export const inspect = new Facts("inspect");
export const products = new Facts("products");

export const fastlyKeys = {
  add(...keys: string[]): void {
    for (const key of keys) test.facts.addKey(key);
  },
  has(key: string): boolean {
    return test.facts.keys().includes(key);
  },
  /** Was it valid? */
  delete(key: string): boolean {
    return test.facts.removeKey(key);
  },
  list(): string[] {
    return test.facts.keys();
  },
  clear(): void {
    for (const key of test.facts.keys()) test.facts.removeKey(key);
  },
};

export const limits = {
  set(bounds: Record<string, number | string>, { warn = false } = {}): void {
    for (const [name, bound] of Object.entries(bounds)) test.facts.limit(name, bound, warn);
  },
  use(profile: string, { warn = false } = {}): void {
    test.facts.useLimits(profile, warn);
  },
  get(name: string): number {
    return test.facts.getLimit(name);
  },
};

/** Limits that an invocation exceeded. */
export interface Breach {
  name: string;
  bound: number;
  reached: number;
  enforced: boolean;
}

export function breachesOf(exchange: HostExchange): Breach[] {
  const flat = test.exchange.breaches(exchange);
  const breaches = [];
  for (let i = 0; i + 3 < flat.length; i += 4) {
    const [name, bound, reached, enforced] = flat.slice(i, i + 4) as [string, number, number, boolean];
    breaches.push({ name, bound, reached, enforced });
  }
  return breaches;
}
