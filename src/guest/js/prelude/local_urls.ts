// SPDX-License-Identifier: Apache-2.0
// What data: URLs hold (Fetch, 6), and the blob: URLs of a realm (File API, 8).

import { Blob } from "./blob";

const kept = new Map<string, Blob>();

export function keepUrl(blob: unknown): string {
  if (!(blob instanceof Blob)) throw new TypeError("URL.createObjectURL() takes a Blob");
  const origin = (globalThis as { location?: { origin?: string } }).location?.origin ?? "null";
  const url = `blob:${origin}/${crypto.randomUUID()}`;
  kept.set(url, blob);
  return url;
}

export function revokeUrl(url: string): void {
  kept.delete(url);
}

function percentDecode(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

const MIME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+[\t\n\r ]*(?:;|$)/;

function fromData(url: string): { bytes: Uint8Array; type: string } | null {
  const rest = url.slice("data:".length), comma = rest.indexOf(",");
  if (comma < 0) return null;
  let type = rest.slice(0, comma).trim(), body = percentDecode(rest.slice(comma + 1));
  const base64 = /; *base64$/i.exec(type);
  if (base64) {
    type = type.slice(0, base64.index);
    const bytes = host.encoding.bytes(body);
    if (bytes === null) return null;
    body = bytes;
  }
  if (type.startsWith(";")) type = `text/plain${type}`;
  if (!MIME.test(type)) type = "text/plain;charset=US-ASCII";
  return { bytes: Uint8Array.from(body, (c) => c.charCodeAt(0)), type };
}

export function localUrl(url: string): { bytes: Uint8Array; type: string } | null {
  if (url.startsWith("data:")) return fromData(url);
  const blob = kept.get(url);
  return blob ? { bytes: blob.bytesNow(), type: blob.type } : null;
}
