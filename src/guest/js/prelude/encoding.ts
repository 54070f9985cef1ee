// SPDX-License-Identifier: Apache-2.0
// TextEncoder and TextDecoder (Encoding standard), atob() and btoa().

import { bytesOf } from "./bytes";
import { define, idl, needs } from "./define";
import { DOMException } from "./dom_exception";

export type Bytes = ArrayBufferView | ArrayBuffer;

export function encode(text: string): Uint8Array {
  return new Uint8Array(host.encoding.encode(text));
}

/** With its byte order mark. */
export function decodeRaw(bytes: Bytes): string {
  return host.encoding.decode(bytes);
}

export function decode(bytes: Bytes): string {
  const text = host.encoding.decode(bytes);
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

export class TextEncoder {
  get encoding(): string {
    return "utf-8";
  }
  encode(text: unknown = ""): Uint8Array {
    return encode(String(text));
  }
  encodeInto(text: unknown, into: Uint8Array): { read: number; written: number } {
    needs(2, arguments.length, "TextEncoder.encodeInto()");
    const source = String(text).toWellFormed();
    if (!(into instanceof Uint8Array)) throw new TypeError("TextEncoder.encodeInto() writes into a Uint8Array");
    if (!source || !into.length) return { read: 0, written: 0 };
    if (source.length * 3 <= into.length) {
      const bytes = encode(source);
      into.set(bytes);
      return { read: source.length, written: bytes.length };
    }
    let read = 0;
    let written = 0;
    for (const character of source) {
      const bytes = encode(character);
      if (written + bytes.length > into.length) break;
      into.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}
idl(TextEncoder);

const LABELS: Record<string, string> = {
  "utf-8": "utf-8", utf8: "utf-8", "unicode-1-1-utf-8": "utf-8", unicode11utf8: "utf-8", unicode20utf8: "utf-8", "x-unicode20utf8": "utf-8",
  "utf-16le": "utf-16le", "utf-16": "utf-16le", "ucs-2": "utf-16le", unicode: "utf-16le", csunicode: "utf-16le",
  "iso-10646-ucs-2": "utf-16le", unicodefeff: "utf-16le", "utf-16be": "utf-16be", unicodefffe: "utf-16be",
  "iso-8859-1": "windows-1252", latin1: "windows-1252", l1: "windows-1252", ascii: "windows-1252", "us-ascii": "windows-1252",
  "windows-1252": "windows-1252", cp1252: "windows-1252", "x-user-defined": "x-user-defined",
};

/** Those of windows-1252 from 0x80 to 0x9f that are not Latin-1's. */
const WINDOWS =
  "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f" +
  "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";

function join(a: Uint8Array | undefined, b: Uint8Array): Uint8Array {
  if (!a?.length) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** A decoder of the bundle `legacy`. */
export interface LegacyDecoder {
  readonly encoding: string;
  decode(bytes: Uint8Array, options: { stream: boolean }): string;
}

export class TextDecoder {
  #encoding: string;
  #fatal: boolean;
  #keepBom: boolean;
  #rest: Uint8Array | undefined;
  #begun = false;
  /** For encodings that are not Unicode's. */
  #decoder: LegacyDecoder | undefined;

  constructor(label: unknown = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    const name = String(label).replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "").toLowerCase();
    let encoding = Object.prototype.hasOwnProperty.call(LABELS, name) ? LABELS[name] : undefined;
    this.#fatal = Boolean(options?.fatal);
    if (!encoding) {
      host.load("legacy");
      this.#decoder = host.web.legacy!(name, this.#fatal);
      encoding = this.#decoder?.encoding;
    }
    if (!encoding) throw new RangeError(`there is no decoder for ${JSON.stringify(String(label))}`);
    this.#encoding = encoding;
    this.#keepBom = Boolean(options?.ignoreBOM);
  }
  get encoding(): string {
    return this.#encoding;
  }
  get fatal(): boolean {
    return this.#fatal;
  }
  get ignoreBOM(): boolean {
    return this.#keepBom;
  }
  decode(input: unknown = undefined, options: { stream?: boolean } = {}): string {
    const stream = Boolean(options?.stream);
    const given = input === undefined ? new Uint8Array() : bytesOf(input);
    if (this.#decoder) return this.#decoder.decode(given, { stream });
    let bytes = join(this.#rest, given);
    this.#rest = undefined;
    if (stream) {
      const whole = this.#whole(bytes);
      this.#rest = bytes.slice(whole);
      bytes = bytes.subarray(0, whole);
    }
    let text: string;
    try {
      text = this.#text(bytes);
    } catch (error) {
      this.#rest = undefined;
      this.#begun = false;
      throw error;
    }
    if (!this.#begun && !this.#keepBom && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    this.#begun = stream && (this.#begun || bytes.length > 0);
    return text;
  }
  /** How many bytes end with a whole character. */
  #whole(bytes: Uint8Array): number {
    if (this.#encoding === "utf-8") return host.encoding.complete(bytes);
    if (!this.#encoding.startsWith("utf-16")) return bytes.length;
    const whole = bytes.length & ~1;
    const high = bytes[whole - (this.#encoding === "utf-16be" ? 2 : 1)];
    return whole && high! >= 0xd8 && high! < 0xdc ? whole - 2 : whole;
  }
  #text(bytes: Uint8Array): string {
    if (this.#encoding === "utf-8") {
      if (this.#fatal && !host.encoding.valid(bytes)) throw new TypeError("these bytes are not UTF-8");
      return host.encoding.decode(bytes);
    }
    let text = "";
    if (this.#encoding === "windows-1252") {
      for (const byte of bytes) text += byte >= 0x80 && byte < 0xa0 ? WINDOWS[byte - 0x80] : String.fromCharCode(byte);
      return text;
    }
    if (this.#encoding === "x-user-defined") {
      for (const byte of bytes) text += String.fromCharCode(byte < 0x80 ? byte : 0xf700 + byte);
      return text;
    }
    const big = this.#encoding === "utf-16be" ? 1 : 0;
    for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i + 1 - big]! << 8 | bytes[i + big]!);
    if (this.#fatal && (bytes.length % 2 || !text.isWellFormed())) throw new TypeError(`these bytes are not ${this.#encoding}`);
    return text.toWellFormed() + (bytes.length % 2 ? "\ufffd" : "");
  }
}
idl(TextDecoder);

export function btoa(text: unknown): string {
  needs(1, arguments.length, "btoa()");
  const made = host.encoding.base64(String(text));
  if (made === null) throw new DOMException("btoa() takes text whose characters are bytes", "InvalidCharacterError");
  return made;
}

export function atob(text: unknown): string {
  needs(1, arguments.length, "atob()");
  const made = host.encoding.bytes(String(text));
  if (made === null) throw new DOMException("atob() takes base64", "InvalidCharacterError");
  return made;
}

define({ TextDecoder, TextEncoder, atob, btoa });
