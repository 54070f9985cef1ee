// SPDX-License-Identifier: Apache-2.0
// Headers (Fetch, 5.1): one flat list of names and values, as C has them; names in lower case.

import { idl, iteratorClass, needs } from "./define";

export type Guard = "none" | "immutable";

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const upper = /[A-Z]/;
// eslint-disable-next-line no-control-regex
const badValue = /[\0\r\n\u0100-\uffff]/;
const outerBlank = /^[\t\n\r ]+|[\t\n\r ]+$/g;

function lower(name: unknown): string {
  const text = typeof name === "string" ? name : String(name);
  if (!token.test(text)) throw new TypeError(`${JSON.stringify(text)} is not a name for a header`);
  return upper.test(text) ? text.toLowerCase() : text;
}

function clean(value: unknown, name: string): string {
  let text = typeof value === "string" ? value : String(value);
  const first = text.charCodeAt(0), last = text.charCodeAt(text.length - 1);
  if (first <= 32 || last <= 32) text = text.replace(outerBlank, "");
  if (badValue.test(text)) throw new TypeError(`the header ${name} may not have the value ${JSON.stringify(text)}`);
  return text;
}

let sorted: (headers: Headers) => string[];

/** The list itself: name, value, name, value. Not to be changed. */
export let flatOf: (headers: Headers) => string[];
/** Headers around a flat list, which is theirs now. Its names may be in any case. */
export let headersOf: (flat: string[], guard: Guard) => Headers;
export let isHeaders: (value: unknown) => value is Headers;

class HeadersIterator {
  #headers: Headers;
  #what: number;
  #at = 0;
  constructor(headers: Headers, what: number) {
    this.#headers = headers;
    this.#what = what;
  }
  next(): IteratorResult<unknown> {
    const list = sorted(this.#headers), i = this.#at * 2;
    if (i >= list.length) return { value: undefined, done: true };
    this.#at++;
    return { value: this.#what === 0 ? list[i] : this.#what === 1 ? list[i + 1] : [list[i], list[i + 1]], done: false };
  }
}
iteratorClass(HeadersIterator, "Headers Iterator");

export class Headers {
  #list: string[];
  #immutable = false;
  #lowered = true; /* the names of #list are in lower case */
  #sorted: string[] | undefined;

  constructor(init?: unknown) {
    this.#list = [];
    if (init !== undefined) this.#fill(init);
  }

  #fill(init: unknown): void {
    if ((typeof init !== "object" && typeof init !== "function") || init === null)
      throw new TypeError("headers are made from an object, an array of pairs or other Headers");
    if (#list in init && (init as Headers)[Symbol.iterator] === Headers.prototype.entries) {
      (init as Headers).#lower();
      this.#list = (init as Headers).#list.slice();
      return;
    }
    const iterator = (init as Iterable<unknown>)[Symbol.iterator];
    if (iterator !== undefined && iterator !== null) {
      if (typeof iterator !== "function") throw new TypeError("what headers are made from has no usable iterator");
      for (const pair of init as Iterable<unknown>) {
        if ((typeof pair !== "object" && typeof pair !== "function") || pair === null || !(Symbol.iterator in pair))
          throw new TypeError("headers are made from pairs of a name and a value");
        const [...both] = pair as Iterable<unknown>;
        if (both.length !== 2) throw new TypeError(`a header is a name and a value, not ${both.length} things`);
        this.append(both[0], both[1]);
      }
      return;
    }
    const keys = Reflect.ownKeys(init);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      if (!Object.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
      if (typeof key === "symbol") throw new TypeError("a symbol is not a name for a header");
      this.append(key, (init as Record<string, unknown>)[key]);
    }
  }

  #lower(): void {
    if (this.#lowered) return;
    const list = this.#list;
    for (let i = 0; i < list.length; i += 2) if (upper.test(list[i])) list[i] = list[i].toLowerCase();
    this.#lowered = true;
  }

  #change(): void {
    if (this.#immutable) throw new TypeError("these headers cannot be changed: make new Headers from them, and change those");
    this.#lower();
    this.#sorted = undefined;
  }

  append(name: unknown, value: unknown): void {
    needs(2, arguments.length, "Headers.append()");
    const key = lower(name), text = clean(value, key);
    this.#change();
    this.#list.push(key, text);
  }

  delete(name: unknown): void {
    needs(1, arguments.length, "Headers.delete()");
    const key = lower(name);
    this.#change();
    this.#remove(key, 0);
  }

  #remove(key: string, from: number): void {
    const list = this.#list;
    let to = from;
    for (let i = from; i < list.length; i += 2)
      if (list[i] !== key) {
        list[to++] = list[i];
        list[to++] = list[i + 1];
      }
    list.length = to;
  }

  get(name: unknown): string | null {
    needs(1, arguments.length, "Headers.get()");
    const key = lower(name);
    this.#lower();
    const list = this.#list;
    let found: string | null = null;
    for (let i = 0; i < list.length; i += 2)
      if (list[i] === key) found = found === null ? list[i + 1] : found + ", " + list[i + 1];
    return found;
  }

  getSetCookie(): string[] {
    this.#lower();
    const list = this.#list, found: string[] = [];
    for (let i = 0; i < list.length; i += 2) if (list[i] === "set-cookie") found.push(list[i + 1]);
    return found;
  }

  has(name: unknown): boolean {
    needs(1, arguments.length, "Headers.has()");
    const key = lower(name);
    this.#lower();
    const list = this.#list;
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) return true;
    return false;
  }

  set(name: unknown, value: unknown): void {
    needs(2, arguments.length, "Headers.set()");
    const key = lower(name), text = clean(value, key);
    this.#change();
    const list = this.#list;
    for (let i = 0; i < list.length; i += 2)
      if (list[i] === key) {
        list[i + 1] = text;
        return this.#remove(key, i + 2);
      }
    list.push(key, text);
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    needs(1, arguments.length, "Headers.forEach()");
    if (typeof callback !== "function") throw new TypeError("Headers.forEach() takes a function");
    for (let i = 0; ; i += 2) {
      const list = sorted(this);
      if (i >= list.length) break;
      callback.call(self, list[i + 1], list[i], this);
    }
  }
  keys(): HeadersIterator {
    return new HeadersIterator((void this.#list, this), 0);
  }
  values(): HeadersIterator {
    return new HeadersIterator((void this.#list, this), 1);
  }
  entries(): HeadersIterator {
    return new HeadersIterator((void this.#list, this), 2);
  }
  declare [Symbol.iterator]: () => HeadersIterator;

  static {
    flatOf = (headers) => (headers.#lower(), headers.#list);
    isHeaders = (value): value is Headers => typeof value === "object" && value !== null && #list in value;
    headersOf = (flat, guard) => {
      const headers = new Headers();
      headers.#list = flat;
      headers.#lowered = false;
      headers.#immutable = guard === "immutable";
      return headers;
    };
    sorted = (headers) => {
      if (headers.#sorted) return headers.#sorted;
      headers.#lower();
      const list = headers.#list, byName = new Map<string, string>(), names: string[] = [], out: string[] = [];
      for (let i = 0; i < list.length; i += 2) {
        const now = byName.get(list[i]);
        if (now === undefined) names.push(list[i]);
        byName.set(list[i], now === undefined ? list[i + 1] : now + ", " + list[i + 1]);
      }
      names.sort();
      for (let n = 0; n < names.length; n++) {
        if (names[n] === "set-cookie") {
          for (let i = 0; i < list.length; i += 2) if (list[i] === "set-cookie") out.push("set-cookie", list[i + 1]);
        } else out.push(names[n], byName.get(names[n])!);
      }
      return (headers.#sorted = out);
    };
  }
}
idl(Headers);
Object.defineProperty(Headers.prototype, Symbol.iterator, { value: Headers.prototype.entries, writable: true, configurable: true });
