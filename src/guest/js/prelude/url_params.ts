// SPDX-License-Identifier: Apache-2.0
// URLSearchParams (URL standard, 6): one flat list of names and values.

import { idl, iteratorClass, needs } from "./define";
import { decodeRaw, encode } from "./encoding";

const PLAIN = /^[\w*.-]*$/;

function decodeOne(text: string): string {
  const spaced = text.includes("+") ? text.replace(/\+/g, " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    const bytes: number[] = [];
    const source = encode(spaced);
    for (let i = 0; i < source.length; i++) {
      const pair = source[i] === 37 ? String.fromCharCode(source[i + 1] ?? 0, source[i + 2] ?? 0) : "";
      if (/^[0-9a-fA-F]{2}$/.test(pair)) {
        bytes.push(parseInt(pair, 16));
        i += 2;
      } else bytes.push(source[i]!);
    }
    return decodeRaw(Uint8Array.from(bytes));
  }
}

function encodeOne(text: string): string {
  if (PLAIN.test(text)) return text;
  return encodeURIComponent(text).replace(/[!'()~]|%20/g, (c) => (c === "%20" ? "+" : `%${c.charCodeAt(0).toString(16).toUpperCase()}`));
}

function parse(text: string): string[] {
  const list: string[] = [];
  if (text === "") return list;
  for (const piece of text.split("&")) {
    if (piece === "") continue;
    const at = piece.indexOf("=");
    list.push(decodeOne(at < 0 ? piece : piece.slice(0, at)), at < 0 ? "" : decodeOne(piece.slice(at + 1)));
  }
  return list;
}

const wellFormed = (value: unknown): string => String(value).toWellFormed();

/** Those of a URL's query; `changed` is told of the query that they make. */
export let paramsOf: (query: string, changed: (query: string) => void) => URLSearchParams;
export let setParams: (params: URLSearchParams, query: string) => void;
let listOf: (params: URLSearchParams) => string[];

class ParamsIterator {
  #params: URLSearchParams;
  #what: number;
  #at = 0;
  constructor(params: URLSearchParams, what: number) {
    this.#params = params;
    this.#what = what;
  }
  next(): IteratorResult<unknown> {
    const list = listOf(this.#params), i = this.#at;
    if (i >= list.length) return { value: undefined, done: true };
    this.#at += 2;
    return { value: this.#what === 0 ? list[i] : this.#what === 1 ? list[i + 1] : [list[i], list[i + 1]], done: false };
  }
}
iteratorClass(ParamsIterator, "URLSearchParams Iterator");

export class URLSearchParams {
  #list: string[] = [];
  #changed: ((query: string) => void) | undefined;

  constructor(init: unknown = "") {
    if ((typeof init === "object" && init !== null) || typeof init === "function") {
      if (#list in init && (init as URLSearchParams)[Symbol.iterator] === URLSearchParams.prototype.entries)
        this.#list = (init as URLSearchParams).#list.slice();
      else this.#fill(init);
    } else {
      const text = wellFormed(init);
      this.#list = parse(text[0] === "?" ? text.slice(1) : text);
    }
  }
  #fill(init: object): void {
    const iterator = (init as Iterable<unknown>)[Symbol.iterator];
    if (iterator !== undefined && iterator !== null) {
      if (typeof iterator !== "function") throw new TypeError("what parameters are made from has no usable iterator");
      for (const pair of init as Iterable<unknown>) {
        if ((typeof pair !== "object" && typeof pair !== "function") || pair === null || !(Symbol.iterator in pair))
          throw new TypeError("parameters are made from pairs of a name and a value");
        const [...both] = pair as Iterable<unknown>;
        if (both.length !== 2) throw new TypeError(`a parameter is a name and a value, not ${both.length} things`);
        this.#list.push(wellFormed(both[0]), wellFormed(both[1]));
      }
      return;
    }
    const seen = new Map<string, number>();
    for (const key of Reflect.ownKeys(init)) {
      if (!Object.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
      if (typeof key === "symbol") throw new TypeError("a symbol is not a name for a parameter");
      const name = wellFormed(key), value = wellFormed((init as Record<string, unknown>)[key]);
      const at = seen.get(name);
      if (at === undefined) seen.set(name, this.#list.push(name, value) - 1);
      else this.#list[at] = value;
    }
  }
  #change(): void {
    this.#changed?.(this.toString());
  }
  #remove(name: string, value: string | undefined, from: number): void {
    const list = this.#list;
    let to = from;
    for (let i = from; i < list.length; i += 2)
      if (list[i] !== name || (value !== undefined && list[i + 1] !== value)) {
        list[to++] = list[i]!;
        list[to++] = list[i + 1]!;
      }
    list.length = to;
  }
  get size(): number {
    return this.#list.length / 2;
  }
  append(name: unknown, value: unknown): void {
    needs(2, arguments.length, "URLSearchParams.append()");
    this.#list.push(wellFormed(name), wellFormed(value));
    this.#change();
  }
  delete(name: unknown, value: unknown = undefined): void {
    needs(1, arguments.length, "URLSearchParams.delete()");
    this.#remove(wellFormed(name), value === undefined ? undefined : wellFormed(value), 0);
    this.#change();
  }
  get(name: unknown): string | null {
    needs(1, arguments.length, "URLSearchParams.get()");
    const key = wellFormed(name), list = this.#list;
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) return list[i + 1]!;
    return null;
  }
  getAll(name: unknown): string[] {
    needs(1, arguments.length, "URLSearchParams.getAll()");
    const key = wellFormed(name), list = this.#list, found: string[] = [];
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) found.push(list[i + 1]!);
    return found;
  }
  has(name: unknown, value: unknown = undefined): boolean {
    needs(1, arguments.length, "URLSearchParams.has()");
    const key = wellFormed(name), wanted = value === undefined ? undefined : wellFormed(value), list = this.#list;
    for (let i = 0; i < list.length; i += 2)
      if (list[i] === key && (wanted === undefined || list[i + 1] === wanted)) return true;
    return false;
  }
  set(name: unknown, value: unknown): void {
    needs(2, arguments.length, "URLSearchParams.set()");
    const key = wellFormed(name), text = wellFormed(value), list = this.#list;
    let i = 0;
    while (i < list.length && list[i] !== key) i += 2;
    if (i < list.length) {
      list[i + 1] = text;
      this.#remove(key, undefined, i + 2);
    } else list.push(key, text);
    this.#change();
  }
  sort(): void {
    const pairs: [string, string][] = [];
    for (let i = 0; i < this.#list.length; i += 2) pairs.push([this.#list[i]!, this.#list[i + 1]!]);
    pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#list = pairs.flat();
    this.#change();
  }
  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, self: unknown = undefined): void {
    needs(1, arguments.length, "URLSearchParams.forEach()");
    if (typeof callback !== "function") throw new TypeError("URLSearchParams.forEach() takes a function");
    for (let i = 0; i < this.#list.length; i += 2) callback.call(self, this.#list[i + 1]!, this.#list[i]!, this);
  }
  keys(): ParamsIterator {
    return new ParamsIterator((void this.#list, this), 0);
  }
  values(): ParamsIterator {
    return new ParamsIterator((void this.#list, this), 1);
  }
  entries(): ParamsIterator {
    return new ParamsIterator((void this.#list, this), 2);
  }
  declare [Symbol.iterator]: () => ParamsIterator;
  toString(): string {
    const list = this.#list;
    let text = "";
    for (let i = 0; i < list.length; i += 2) text += `${i ? "&" : ""}${encodeOne(list[i]!)}=${encodeOne(list[i + 1]!)}`;
    return text;
  }
  static {
    listOf = (params) => params.#list;
    setParams = (params, query) => void (params.#list = parse(query));
    paramsOf = (query, changed) => {
      const params = new URLSearchParams();
      params.#list = parse(query);
      params.#changed = changed;
      return params;
    };
  }
}
idl(URLSearchParams);
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, { value: URLSearchParams.prototype.entries, writable: true, configurable: true });
