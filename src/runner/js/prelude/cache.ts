// SPDX-License-Identifier: Apache-2.0
// cache: what the service has cached, to be looked at, filled, aged and purged.

import { about, within } from "./about";
import { milliseconds } from "./duration";
import { test } from "./host";
import { scope } from "./scope";
import { web } from "./web";

export interface CacheOptions {
  /** How long it is fresh. */
  ttl?: number | string;
  /** How old it is already. */
  age?: number | string;
  staleWhileRevalidate?: number | string;
  staleIfError?: number | string;
  surrogateKeys?: string | string[];
  /** Names of the headers of the request that the object is for. */
  vary?: string | string[];
  /** Headers of that request. */
  headers?: HeadersInit;
  /** The user metadata of an object of the core cache. */
  metadata?: string;
}

/** An object of the cache, as it was when it was looked at. Times are in ms. */
export class CacheEntry {
  /** Of the core cache, what the service stored it by; of a response, the URL of its request. */
  readonly key!: string;
  /** Of a cached response. */
  readonly url: string | undefined;
  readonly status: number | undefined;
  readonly headers: Headers | undefined;
  readonly metadata: string | undefined;
  /** "stale": it may be used while it is renewed, or when that fails, or it was purged softly. */
  readonly state!: "fresh" | "stale" | "expired";
  readonly age!: number;
  readonly ttl!: number;
  readonly staleWhileRevalidate!: number;
  readonly staleIfError!: number;
  readonly hits!: number;
  readonly purged!: boolean;
  /** No object, but a mark that what is asked for is not to be cached. */
  readonly pass!: boolean;
  readonly sensitive!: boolean;
  readonly complete!: boolean;
  readonly length: number | undefined;
  readonly vary: string[];
  readonly surrogateKeys: string[];
  private readonly handle!: HostCached;

  constructor(item: HostCacheItem) {
    const words = (text: string): string[] => (text === "" ? [] : text.split(" "));
    Object.assign(this, item);
    this.headers = item.headers && web.headers(item.headers);
    this.vary = words(item.vary);
    this.surrogateKeys = words(item.surrogateKeys);
    Object.defineProperty(this, "handle", { value: item.handle, enumerable: false });
  }

  bytes(): Uint8Array {
    const body = test.cache.body(this.handle);
    if (body === null) throw new Error(`the body of ${this.key} has not ended yet`);
    return new Uint8Array(body);
  }
  text(): string {
    return new TextDecoder().decode(this.bytes());
  }
  json(): unknown {
    return JSON.parse(this.text()) as unknown;
  }
  /** Makes it older, and whatever else is under its key; what was looked at stays as it was. */
  makeOlder(duration: number | string): void {
    test.cache.age(this.handle, milliseconds(duration));
  }
  delete(): void {
    test.cache.remove(this.handle);
  }
}

function hostOptions(options: CacheOptions) {
  const ms = (d: number | string | undefined): number | undefined => (d === undefined ? undefined : milliseconds(d));
  const words = (w: string | string[] | undefined): string | undefined => (Array.isArray(w) ? w.join(" ") : w);
  return {
    ttl: ms(options.ttl),
    age: ms(options.age),
    staleWhileRevalidate: ms(options.staleWhileRevalidate),
    staleIfError: ms(options.staleIfError),
    vary: words(options.vary)?.toLowerCase(),
    surrogateKeys: words(options.surrogateKeys),
    metadata: options.metadata,
  };
}

async function insert(key: string | URL | Request, content: unknown, options: CacheOptions = {}): Promise<void> {
  if (!(content instanceof Response)) {
    if (options.ttl === undefined) throw new TypeError("cache.insert() needs a ttl for what is not a Response");
    const body = content instanceof ArrayBuffer || ArrayBuffer.isView(content) ? content : String(content);
    test.cache.insert(String(key), web.flat(new Headers(options.headers)), body, hostOptions(options));
    return;
  }
  const url = key instanceof Request ? key.url : String(key);
  const headers = new Headers(options.headers ?? (key instanceof Request ? key.headers : undefined));
  if (!headers.has("host")) headers.set("host", new URL(url).host);
  const here = scope();
  const service = about();
  const body = new Uint8Array(await content.clone().arrayBuffer());
  here.enter();
  const stored = within(service, () =>
    test.cache.store(url, web.flat(headers), content.status, web.flat(content.headers), body, hostOptions(options)));
  if (!stored)
    throw new Error(`the response to ${url} says that it is not to be cached: change its headers, or give a ttl`);
}

function matching(key: string | URL): CacheEntry[] {
  return cache.list().filter((entry) => entry.key === String(key));
}

export const cache = {
  /** All that is cached. */
  list(): CacheEntry[] {
    return test.cache.list().map((item) => new CacheEntry(item));
  },
  /** What is there by a key of the core cache, or by the URL that a backend was asked for. The first of its variants. */
  get(key: string | URL): CacheEntry | undefined {
    return matching(key)[0];
  },
  /**
   * An object of the core cache by its key; with a Response, what a backend answered to a request (a URL of the backend's, as
   * the service asks for it), for as long as its headers or `ttl` say.
   */
  insert,
  /** Makes all objects older, or those of one key or URL. How many? */
  age(duration: number | string, key?: string | URL): number {
    const ms = milliseconds(duration);
    if (key === undefined) return test.cache.age(null, ms);
    const entries = matching(key);
    for (const entry of entries.slice(0, 1)) entry.makeOlder(duration);
    return entries.length;
  },
  /** Takes away all objects with a surrogate key; `soft`: makes them stale. How many? */
  purge(surrogateKey: string, options: { soft?: boolean } = {}): number {
    return test.cache.purge(surrogateKey, options.soft === true);
  },
  /** Takes away what is there by a key or a URL. How many? */
  delete(key: string | URL): number {
    const entries = matching(key);
    for (const entry of entries) entry.delete();
    return entries.length;
  },
  /** Takes away everything; `soft`: makes it stale. How many? */
  clear(options: { soft?: boolean } = {}): number {
    return test.cache.purge(null, options.soft === true);
  },
};
