// SPDX-License-Identifier: Apache-2.0
// FormData (XMLHttpRequest standard) with multipart/form-data both ways (RFC 7578); its bundle has Blob, File and FileReader, too.

import { Blob, File } from "./blob";
import { concat } from "./bytes";
import { idl, needs } from "./define";
import { keepUrl, localUrl, revokeUrl } from "./local_urls";
import { FileReader, ProgressEvent } from "./file_reader";

type Value = string | File;

export class FormData {
  #list: [string, Value][] = [];
  #entry(name: unknown, value: unknown, fileName?: unknown): [string, Value] {
    if (!(value instanceof Blob)) return [String(name), String(value)];
    if (value instanceof File && fileName === undefined) return [String(name), value];
    const shown = fileName === undefined ? "blob" : String(fileName);
    return [String(name), new File([value], shown, { type: value.type })];
  }
  append(name: unknown, value: unknown, fileName?: unknown): void {
    this.#list.push(this.#entry(name, value, fileName));
  }
  delete(name: unknown): void {
    this.#list = this.#list.filter(([key]) => key !== String(name));
  }
  get(name: unknown): Value | null {
    return this.#list.find(([key]) => key === String(name))?.[1] ?? null;
  }
  getAll(name: unknown): Value[] {
    return this.#list.filter(([key]) => key === String(name)).map(([, value]) => value);
  }
  has(name: unknown): boolean {
    return this.#list.some(([key]) => key === String(name));
  }
  set(name: unknown, value: unknown, fileName?: unknown): void {
    const entry = this.#entry(name, value, fileName);
    const at = this.#list.findIndex(([key]) => key === entry[0]);
    this.delete(name);
    this.#list.splice(at < 0 ? this.#list.length : Math.min(at, this.#list.length), 0, entry);
  }
  forEach(callback: (value: Value, name: string, form: FormData) => void, self?: unknown): void {
    for (const [name, value] of [...this.#list]) callback.call(self, value, name, this);
  }
  keys(): IterableIterator<string> {
    return this.#list.map(([key]) => key)[Symbol.iterator]();
  }
  values(): IterableIterator<Value> {
    return this.#list.map(([, value]) => value)[Symbol.iterator]();
  }
  entries(): IterableIterator<[string, Value]> {
    return this.#list.map((entry) => [...entry] as [string, Value])[Symbol.iterator]();
  }
  [Symbol.iterator](): IterableIterator<[string, Value]> {
    return this.entries();
  }
}
idl(FormData);

const lines = (text: string): string => text.replace(/\r\n?|\n/g, "\r\n");
const quoted = (text: string): string => text.replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/"/g, "%22");

/** The bytes of a form, and their type. */
function encodeForm(form: FormData): { bytes: Uint8Array; type: string } {
  const boundary = `----backlot${Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 8)).join("")}`;
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  for (const [name, value] of form) {
    let head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(lines(name))}"`;
    if (typeof value === "string") {
      parts.push(encoder.encode(`${head}\r\n\r\n${lines(value)}\r\n`));
      continue;
    }
    head += `; filename="${quoted(value.name)}"\r\nContent-Type: ${value.type || "application/octet-stream"}\r\n\r\n`;
    parts.push(encoder.encode(head), value.bytesNow(), encoder.encode("\r\n"));
  }
  parts.push(encoder.encode(`--${boundary}--\r\n`));
  return { bytes: concat(parts), type: `multipart/form-data; boundary=${boundary}` };
}

function decodeMultipart(bytes: Uint8Array, boundary: string): FormData {
  const form = new FormData();
  // One character a byte, so that places in the text are places in the bytes.
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  const utf8 = (raw: string): string => new TextDecoder().decode(Uint8Array.from(raw, (c) => c.charCodeAt(0)));
  const pieces = text.split(new RegExp(`(?:^|\\r\\n)--${boundary.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?:--)?[ \\t]*(?:\\r\\n|$)`));
  if (pieces.length < 2) throw new TypeError("the body is no multipart/form-data with the boundary that its type names");
  for (const piece of pieces.slice(1, -1)) {
    const end = piece.indexOf("\r\n\r\n");
    const head = utf8(piece.slice(0, end));
    const name = /content-disposition:[^\r\n]*;\s*name="([^"]*)"/i.exec(head)?.[1];
    if (end < 0 || name === undefined) throw new TypeError("a part of the form has no name");
    const unquoted = (s: string): string => s.replace(/%0D/gi, "\r").replace(/%0A/gi, "\n").replace(/%22/g, '"');
    const file = /;\s*filename="([^"]*)"/i.exec(head)?.[1];
    const body = piece.slice(end + 4);
    if (file === undefined) form.append(unquoted(name), utf8(body));
    else
      form.append(unquoted(name), new File([Uint8Array.from(body, (c) => c.charCodeAt(0))], unquoted(file), {
        type: /content-type:\s*([^\r\n]+)/i.exec(head)?.[1] ?? "text/plain",
      }));
  }
  return form;
}

function decodeForm(bytes: Uint8Array, type: string): FormData {
  const boundary = /^multipart\/form-data\s*;.*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type);
  if (boundary) return decodeMultipart(bytes, boundary[1] ?? boundary[2]!);
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type))
    throw new TypeError(`a body of the type ${JSON.stringify(type)} is no form`);
  const form = new FormData();
  for (const [name, value] of new URLSearchParams(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes))) form.append(name, value);
  return form;
}

host.web.forms = { encode: encodeForm as never, decode: decodeForm as never, local: localUrl, keep: keepUrl, revoke: revokeUrl };
host.web.provide({ Blob, File, FileReader, FormData, ProgressEvent });
