// SPDX-License-Identifier: Apache-2.0
// TextEncoder and TextDecoder (Encoding standard), atob() and btoa().

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
    const source = String(text);
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
  "utf-8": "utf-8", utf8: "utf-8", "unicode-1-1-utf-8": "utf-8",
  "utf-16le": "utf-16le", "utf-16": "utf-16le", "ucs-2": "utf-16le", unicode: "utf-16le", "utf-16be": "utf-16be",
  "iso-8859-1": "windows-1252", latin1: "windows-1252", l1: "windows-1252", ascii: "windows-1252", "us-ascii": "windows-1252",
  "windows-1252": "windows-1252", cp1252: "windows-1252",
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

function bytesOf(input: unknown): Uint8Array {
  if (input === undefined) return new Uint8Array();
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  throw new TypeError("a TextDecoder decodes an ArrayBuffer or a view on one");
}

export class TextDecoder {
  #encoding: string;
  #fatal: boolean;
  #keepBom: boolean;
  #rest: Uint8Array | undefined;
  #begun = false;

  constructor(label: unknown = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    const encoding = LABELS[String(label).trim().toLowerCase()];
    if (!encoding) throw new RangeError(`there is no decoder for ${JSON.stringify(String(label))} here`);
    this.#encoding = encoding;
    this.#fatal = Boolean(options?.fatal);
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
  decode(input?: unknown, options: { stream?: boolean } = {}): string {
    const stream = Boolean(options?.stream);
    let bytes = join(this.#rest, bytesOf(input));
    this.#rest = undefined;
    if (stream) {
      const whole = this.#encoding === "utf-8" ? host.encoding.complete(bytes)
        : this.#encoding === "windows-1252" ? bytes.length : bytes.length & ~1;
      this.#rest = bytes.slice(whole);
      bytes = bytes.subarray(0, whole);
    }
    let text = this.#text(bytes);
    if (!this.#begun && !this.#keepBom && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    this.#begun = stream && (this.#begun || bytes.length > 0);
    return text;
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
    const big = this.#encoding === "utf-16be" ? 1 : 0;
    for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i + 1 - big]! << 8 | bytes[i + big]!);
    if (bytes.length % 2) text += "\ufffd";
    if (this.#fatal && /\ufffd/.test(text)) throw new TypeError(`these bytes are not ${this.#encoding}`);
    return text;
  }
}
idl(TextDecoder);

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function btoa(text: unknown): string {
  needs(1, arguments.length, "btoa()");
  const source = String(text);
  let out = "";
  for (let i = 0; i < source.length; i += 3) {
    const codes = [0, 1, 2].map((n) => (i + n < source.length ? source.charCodeAt(i + n) : 0));
    if (codes.some((code) => code > 255))
      throw new DOMException("btoa() takes text whose characters are bytes", "InvalidCharacterError");
    const bits = codes[0]! << 16 | codes[1]! << 8 | codes[2]!;
    const count = Math.min(source.length - i, 3);
    for (let n = 0; n < 4; n++) out += n <= count ? ALPHABET[bits >> (18 - 6 * n) & 63] : "=";
  }
  return out;
}

export function atob(text: unknown): string {
  needs(1, arguments.length, "atob()");
  let source = String(text).replace(/[\t\n\f\r ]/g, "");
  if (source.length % 4 === 0) source = source.replace(/={1,2}$/, "");
  if (source.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(source))
    throw new DOMException("atob() takes base64", "InvalidCharacterError");
  let out = "";
  let bits = 0;
  let count = 0;
  for (const character of source) {
    bits = (bits << 6 | ALPHABET.indexOf(character)) & 0xffffff;
    count += 6;
    if (count >= 8) out += String.fromCharCode(bits >> (count -= 8) & 255);
  }
  return out;
}

define({ TextDecoder, TextEncoder, atob, btoa });
