// SPDX-License-Identifier: Apache-2.0
// The stores of the test's world, to be read and written: KV stores, config stores and dictionaries, secret stores, access
// control lists, geolocation, device detection, rate counters and penalty boxes. What is written is seen by the service from
// then on, and gone with the frame of the test, the hook's group or the file that wrote it.

import { milliseconds } from "./duration";
import { geoRecord } from "./geo_record";
import { test } from "./host";
import { checkMembers } from "./members";

export type Value = string | ArrayBuffer | ArrayBufferView;

/** Text and bytes as they are, anything else as JSON. */
function valueOf(value: unknown): Value {
  if (typeof value === "string" || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value;
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError(`${String(value)} cannot be stored: write text, bytes, or what is JSON`);
  return json;
}

/** Of stores that hold nothing but text: what is one thing in a test, and another in the service, is none. */
function textOf(call: string, key: string, value: unknown): Value {
  if (typeof value === "string" || (typeof value === "object" && value !== null)) return valueOf(value);
  throw new TypeError(`${call}().set(${JSON.stringify(key)}): values are text, not ${String(value)}: write ${JSON.stringify(String(value))}`);
}

function nameOf(what: string, name: unknown): string {
  if (typeof name !== "string" || name === "") throw new TypeError(`${what}() takes the name of a store`);
  return name;
}

/** What came of a store, unless it is not there. */
function found<T>(result: T | undefined, what: string, name: string, names: () => string[]): T {
  if (result !== undefined) return result;
  const there = names();
  throw new Error(
    `there is no ${what} ${JSON.stringify(name)}${there.length ? `; there are: ${there.map((n) => JSON.stringify(n)).join(", ")}` : ""}`,
  );
}

// ---- KV stores ----

export interface KVOptions {
  metadata?: string;
  /** How long it is kept, on the world's clock. */
  ttl?: number | string;
  /** "add" fails where the key is there; "append" and "prepend" join. */
  mode?: "overwrite" | "add" | "append" | "prepend";
  /** Fails unless the key has this generation; 0: unless it is not there. */
  ifGeneration?: bigint | number;
}

export interface KVEntry {
  value: string;
  metadata: string | null;
  generation: bigint;
  /** ms until it expires, on the world's clock; null: never. */
  ttl: number | null;
}

export class KVStore {
  constructor(readonly name: string) {}

  private found<T>(result: T | undefined): T {
    return found(result, "KV store", this.name, test.kv.names);
  }
  /** Makes it, empty, unless it is there; a first set() does so, too. */
  create(): this {
    test.kv.create(this.name);
    return this;
  }
  /** The value as text; null when there is none. */
  get(key: string): string | null {
    return (this.found(test.kv.get(this.name, key, false))?.[0] as string | undefined) ?? null;
  }
  json(key: string): unknown {
    const text = this.get(key);
    return text === null ? null : (JSON.parse(text) as unknown);
  }
  bytes(key: string): Uint8Array | null {
    const entry = this.found(test.kv.get(this.name, key, true));
    return entry && new Uint8Array(entry[0] as ArrayBuffer);
  }
  /** The value and all that is known of it. */
  entry(key: string): KVEntry | null {
    const entry = this.found(test.kv.get(this.name, key, false));
    return entry && { value: entry[0] as string, metadata: entry[1], generation: BigInt(entry[2]), ttl: entry[3] };
  }
  has(key: string): boolean {
    return this.found(test.kv.get(this.name, key, false)) !== null;
  }
  /** Gives back the new generation. */
  set(key: string, value: unknown, options: KVOptions = {}): bigint {
    checkMembers("kv().set()", options, ["metadata", "ttl", "mode", "ifGeneration"]);
    const ttl = options.ttl === undefined ? 0 : milliseconds(options.ttl);
    const mode = options.mode ?? "overwrite";
    if (!["overwrite", "add", "append", "prepend"].includes(mode))
      throw new TypeError(`there is no mode ${JSON.stringify(mode)}: overwrite, add, append, prepend`);
    test.kv.create(this.name);
    const generation = this.found(
      test.kv.set(this.name, key, valueOf(value), options.metadata ?? null, ttl, mode, options.ifGeneration === undefined ? null : String(options.ifGeneration)),
    );
    if (generation === null) {
      const why = mode === "add" ? "it is there already" : `it has not the generation ${options.ifGeneration}`;
      throw new Error(`KV store ${JSON.stringify(this.name)}, key ${JSON.stringify(key)}: ${why}`);
    }
    return BigInt(generation);
  }
  /** Was it there? */
  delete(key: string): boolean {
    return this.found(test.kv.remove(this.name, key));
  }
  /** The keys, in their order. */
  list(prefix = ""): string[] {
    return this.found(test.kv.list(this.name, prefix));
  }
  clear(): void {
    for (const key of this.list()) test.kv.remove(this.name, key);
  }
}

export const kv = Object.assign((name: string) => new KVStore(nameOf("kv", name)), {
  /** The names of all KV stores. */
  names: (): string[] => test.kv.names(),
});

// ---- config stores, dictionaries, secret stores ----

function entriesOf(flat: Flat): Record<string, string> {
  const entries: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) entries[flat[i]!] = flat[i + 1]!;
  return entries;
}

export class Store {
  constructor(
    private readonly kind: "config" | "secret",
    private readonly what: string,
    readonly name: string,
  ) {}

  private found<T>(result: T | undefined): T {
    return found(result, this.what, this.name, () => test.tables.names(this.kind));
  }
  /** Makes it, empty, unless it is there; a first set() does so, too. */
  create(): this {
    test.tables.create(this.kind, this.name);
    return this;
  }
  get(key: string): string | null {
    return this.found(test.tables.get(this.kind, this.name, key));
  }
  json(key: string): unknown {
    const text = this.get(key);
    return text === null ? null : (JSON.parse(text) as unknown);
  }
  has(key: string): boolean {
    return this.get(key) !== null;
  }
  /** What is neither text nor bytes is kept as JSON. */
  set(key: string, value: string | object): this;
  set(entries: Record<string, string | object>): this;
  set(key: string | Record<string, unknown>, value?: unknown): this {
    test.tables.create(this.kind, this.name);
    const given = typeof key === "string" ? [[key, value] as const] : Object.entries(key);
    for (const [k, v] of given) test.tables.set(this.kind, this.name, k, textOf(this.kind, k, v));
    return this;
  }
  /** Was it there? */
  delete(key: string): boolean {
    return this.found(test.tables.remove(this.kind, this.name, key));
  }
  /** The keys, in their order. */
  list(): string[] {
    return Object.keys(this.entries());
  }
  entries(): Record<string, string> {
    return entriesOf(this.found(test.tables.list(this.kind, this.name)));
  }
  clear(): void {
    for (const key of this.list()) test.tables.remove(this.kind, this.name, key);
  }
}

function stores(kind: "config" | "secret", call: string, what: string) {
  return Object.assign((name: string) => new Store(kind, what, nameOf(call, name)), {
    /** The names of all of them. */
    names: (): string[] => test.tables.names(kind),
  });
}

/** Config stores; dictionaries are the same ones, as they are at Fastly. */
export const config = stores("config", "config", "config store");
export const dictionary = stores("config", "dictionary", "dictionary");
export const secret = stores("secret", "secret", "secret store");

// ---- access control lists ----

export type Action = "allow" | "block";

export interface AclEntry {
  prefix: string;
  action: Action;
}

export class AccessControlList {
  constructor(readonly name: string) {}

  private found<T>(result: T | undefined): T {
    return found(result, "access control list", this.name, test.acl.names);
  }
  create(): this {
    test.acl.create(this.name);
    return this;
  }
  /** An entry for a network, as "192.0.2.0/24", or for one address. */
  set(prefix: string, action: Action): this {
    if (action !== "allow" && action !== "block") throw new TypeError(`an action is "allow" or "block", not ${JSON.stringify(action)}`);
    test.acl.set(this.name, prefix, action === "allow");
    return this;
  }
  /** The entry that holds for an address. */
  get(address: string): AclEntry | null {
    const entry = this.found(test.acl.get(this.name, address));
    return entry && { prefix: entry[0], action: entry[1] as Action };
  }
  /** Was it there? */
  delete(prefix: string): boolean {
    return this.found(test.acl.remove(this.name, prefix));
  }
  list(): AclEntry[] {
    const flat = this.found(test.acl.list(this.name));
    const entries: AclEntry[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) entries.push({ prefix: flat[i]!, action: flat[i + 1] as Action });
    return entries;
  }
  clear(): void {
    for (const { prefix } of this.list()) test.acl.remove(this.name, prefix);
  }
}

export const acl = Object.assign((name: string) => new AccessControlList(nameOf("acl", name)), {
  names: (): string[] => test.acl.names(),
});

// ---- what is known of addresses and of devices ----

export class Records {
  constructor(private readonly kind: "geo" | "device") {}

  /** What is known; null: nothing. */
  get(of: string): Record<string, unknown> | null {
    const json = test.tables.get(this.kind, "", of);
    return json == null ? null : (JSON.parse(json) as Record<string, unknown>);
  }
  set(of: string, record: Record<string, unknown>): this {
    if (record === null || typeof record !== "object" || Array.isArray(record))
      throw new TypeError(`${this.kind}.set() takes an object, such as ${this.kind === "geo" ? '{ country_code: "FR" }' : '{ device: { is_mobile: true } }'}`);
    test.tables.set(this.kind, "", of, JSON.stringify(this.kind === "geo" ? geoRecord(record) : record));
    return this;
  }
  /** Was it there? */
  delete(of: string): boolean {
    return test.tables.remove(this.kind, "", of) ?? false;
  }
  /** Whom something is known of. */
  list(): string[] {
    return Object.keys(entriesOf(test.tables.list(this.kind, "") ?? []));
  }
  clear(): void {
    for (const of of this.list()) test.tables.remove(this.kind, "", of);
  }
}

/** By IP address, as Fastly's geolocation has it. */
export const geo = new Records("geo");
/** By User-Agent, as Fastly's device detection has it. */
export const device = new Records("device");

// ---- rates ----

function seconds(duration: number | string): number {
  return typeof duration === "number" ? duration : milliseconds(duration) / 1000;
}

export class RateCounter {
  constructor(readonly name: string) {}

  add(entry: string, delta = 1): this {
    test.rates.add(this.name, entry, delta);
    return this;
  }
  /** What came within a window of 1, 10, 20, 30, 40, 50 or 60 seconds. */
  count(entry: string, window: number | string = 60): number {
    return test.rates.count(this.name, entry, seconds(window));
  }
  /** The average per second over a window of 1, 10 or 60 seconds. */
  rate(entry: string, window: number | string = 60): number {
    return test.rates.rate(this.name, entry, seconds(window));
  }
  delete(entry: string): boolean {
    return test.rates.forget(false, this.name, entry);
  }
  /** Entries that were counted within the last minute. */
  list(): string[] {
    return test.rates.list(false, this.name).filter((entry) => this.count(entry) > 0);
  }
  clear(): void {
    for (const entry of test.rates.list(false, this.name)) this.delete(entry);
  }
}

export class PenaltyBox {
  constructor(readonly name: string) {}

  /** For whole minutes, from 1 to 60. */
  add(entry: string, ttl: number | string): this {
    test.rates.penalize(this.name, entry, seconds(ttl));
    return this;
  }
  has(entry: string): boolean {
    return this.left(entry) > 0;
  }
  /** For how many ms it still is in the box. */
  left(entry: string): number {
    return test.rates.left(this.name, entry);
  }
  delete(entry: string): boolean {
    return test.rates.forget(true, this.name, entry);
  }
  list(): string[] {
    return test.rates.list(true, this.name).filter((entry) => this.has(entry));
  }
  clear(): void {
    for (const entry of test.rates.list(true, this.name)) this.delete(entry);
  }
}

export const rate = (name: string): RateCounter => new RateCounter(nameOf("rate", name));
export const penalty = (name: string): PenaltyBox => new PenaltyBox(nameOf("penalty", name));
