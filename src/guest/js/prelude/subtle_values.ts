// SPDX-License-Identifier: Apache-2.0
// What crypto.subtle's files share: exceptions, parameters, base64url.

export function fail(name: string, message: string): never {
  throw new DOMException(message, name);
}

/** What C computed: null is that it could not. */
export function made(result: ArrayBuffer | null, name = "OperationError", message = "the operation failed"): ArrayBuffer {
  return result ?? fail(name, message);
}

export function normalize(given: unknown): Record<string, unknown> & { name: unknown } {
  if (typeof given === "string") return { name: given };
  if ((typeof given !== "object" && typeof given !== "function") || given === null || (given as { name?: unknown }).name === undefined)
    throw new TypeError("an algorithm is a name or an object with one");
  const params: Record<string, unknown> = {};
  for (const key in given) params[key] = (given as Record<string, unknown>)[key];
  return { ...params, name: (given as { name: unknown }).name };
}

/** A copy of the bytes of a buffer or a view, none of a detached one; undefined: it is neither. */
export function copyOf(source: unknown): Uint8Array | undefined {
  const view = ArrayBuffer.isView(source);
  if (!view && !(source instanceof ArrayBuffer)) return undefined;
  const buffer = (view ? source.buffer : source) as ArrayBuffer & { detached: boolean };
  if (buffer.detached) return new Uint8Array();
  return view ? new Uint8Array(buffer, source.byteOffset, source.byteLength).slice() : new Uint8Array(buffer.slice(0));
}

/** A member of the parameters that holds bytes; a copy. */
export function buffer(params: Record<string, unknown>, name: string, needed = true): Uint8Array {
  const value = params[name];
  if (value === undefined && !needed) return new Uint8Array();
  const bytes = copyOf(value);
  if (bytes) return bytes;
  throw new TypeError(`the algorithm's member ${name} must be an ArrayBuffer or a view on one`);
}

/** A member that is a whole number; undefined when it may be left out and is. */
export function integer(params: Record<string, unknown>, name: string, max: number): number;
export function integer(params: Record<string, unknown>, name: string, max: number, needed: false): number | undefined;
export function integer(params: Record<string, unknown>, name: string, max: number, needed = true): number | undefined {
  if (params[name] === undefined && !needed) return undefined;
  const value = Math.trunc(Number(params[name]));
  if (!(value >= 0 && value <= max)) throw new TypeError(`the algorithm's member ${name} must be a number from 0 to ${max}`);
  return value;
}

const HASHES = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];

/** The name of a digest, as the standard writes it. */
export function hashName(given: unknown): string {
  if (given === undefined) throw new TypeError("the algorithm's member hash is missing");
  const name = String(normalize(given).name).toUpperCase();
  return HASHES.includes(name) ? name : fail("NotSupportedError", `${name} is no digest; there are ${HASHES.join(", ")}`);
}

/** The same by OpenSSL's name. */
export function digestOf(hash: string): string {
  return hash.replace("-", "");
}

export function toBase64Url(bytes: ArrayBuffer | Uint8Array): string {
  const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  let text = "";
  for (let i = 0; i < view.length; i++) text += String.fromCharCode(view[i]!);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

export function fromBase64Url(value: unknown, member: string): Uint8Array {
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]*$/.test(value) || value.length % 4 === 1)
    fail("DataError", `the JSON Web Key's member ${member} is no base64url`);
  return Uint8Array.from(atob(value.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
}
