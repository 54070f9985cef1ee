// SPDX-License-Identifier: Apache-2.0
// Blob and File (File API), and the URLs that stand for them.

import { concat } from "./bytes";
import { idl, needs } from "./define";

type Part = string | ArrayBuffer | ArrayBufferView | Blob;
type Dictionary = Record<string, unknown>;

function bytesOfPart(part: unknown, native: boolean): Uint8Array {
  if (part instanceof Blob) return part.bytesNow();
  const view = ArrayBuffer.isView(part);
  if (view || part instanceof ArrayBuffer) {
    const buffer = (view ? part.buffer : part) as ArrayBuffer & { detached?: boolean };
    if (buffer.detached) return new Uint8Array();
    return view ? new Uint8Array(buffer, part.byteOffset, part.byteLength).slice() : new Uint8Array(buffer.slice(0));
  }
  const text = String(part);
  return new TextEncoder().encode(native ? text.replace(/\r\n?/g, "\n") : text);
}

/** What Web IDL takes for a dictionary. */
function dictionary(value: unknown, what: string): Dictionary {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" && typeof value !== "function") throw new TypeError(`${what}: the options must be an object`);
  return value as Dictionary;
}

export class Blob {
  #bytes: Uint8Array;
  #type: string;
  constructor(parts: Iterable<Part> | undefined = undefined, options: unknown = {}) {
    const what = "a Blob is made from an array of parts";
    if (parts !== undefined && ((typeof parts !== "object" && typeof parts !== "function") || parts === null)) throw new TypeError(what);
    const iterate = parts === undefined ? undefined : parts[Symbol.iterator];
    if (parts !== undefined && typeof iterate !== "function") throw new TypeError(what);
    const list: unknown[] = [];
    for (const part of parts === undefined ? [] : { [Symbol.iterator]: () => iterate!.call(parts) })
      list.push(part instanceof Blob || part instanceof ArrayBuffer || ArrayBuffer.isView(part) ? part : String(part));
    const { endings, type } = dictionary(options, "new Blob()");
    if (endings !== undefined && !["transparent", "native"].includes(String(endings)))
      throw new TypeError(`endings are "transparent" or "native", not ${JSON.stringify(String(endings))}`);
    const whole = list.map((part) => bytesOfPart(part, String(endings) === "native"));
    this.#bytes = concat(whole);
    const text = type === undefined ? "" : String(type);
    this.#type = /^[\x20-\x7e]*$/.test(text) ? text.toLowerCase() : "";
  }
  /** For this bundle and fetch.ts. */
  bytesNow(): Uint8Array {
    return this.#bytes;
  }
  get size(): number {
    return this.#bytes.length;
  }
  get type(): string {
    return this.#type;
  }
  slice(start: unknown = undefined, end: unknown = undefined, type: unknown = ""): Blob {
    const place = (value: unknown, missing: number): number => {
      if (value === undefined) return missing;
      const n = Number(value);
      return Number.isNaN(n) ? 0 : Math.trunc(Math.max(Math.min(n, Number.MAX_SAFE_INTEGER), -Number.MAX_SAFE_INTEGER));
    };
    return new Blob([this.#bytes.subarray(...within(place(start, 0), place(end, this.size), this.size))], { type });
  }
  async text(): Promise<string> {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.#bytes);
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer as ArrayBuffer;
  }
  async bytes(): Promise<Uint8Array> {
    return this.#bytes.slice();
  }
  stream(): ReadableStream {
    const bytes = this.#bytes;
    let at = 0;
    return new ReadableStream({
      type: "bytes",
      pull(to) {
        const piece = bytes.slice(at, at + PIECE_BYTES);
        at += piece.length;
        if (piece.length) to.enqueue(piece);
        if (at < bytes.length) return;
        to.close();
        to.byobRequest?.respond(0);
      },
    });
  }
}
idl(Blob);
Object.defineProperty(Blob.prototype, "bytesNow", { enumerable: false });

const PIECE_BYTES = 65536;

/** Places that may count from the end, as places in so many bytes. */
function within(start: number, end: number, size: number): [number, number] {
  const from = start < 0 ? Math.max(size + start, 0) : Math.min(start, size);
  const to = end < 0 ? Math.max(size + end, 0) : Math.min(end, size);
  return [from, Math.max(from, to)];
}

export class File extends Blob {
  #name: string;
  #modified: number;
  constructor(parts: Iterable<Part>, name: unknown, options: unknown = {}) {
    needs(2, arguments.length, "new File()");
    if (parts === undefined) throw new TypeError("a File is made from an array of parts");
    const shown = String(name).toWellFormed();
    const given = dictionary(options, "new File()");
    super(parts, given);
    const { lastModified } = given;
    this.#name = shown;
    this.#modified = lastModified === undefined ? Date.now() : Math.trunc(Number(lastModified)) || 0;
  }
  get name(): string {
    return this.#name;
  }
  get lastModified(): number {
    return this.#modified;
  }
}
idl(File);
