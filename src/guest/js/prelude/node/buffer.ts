// SPDX-License-Identifier: Apache-2.0
// node:buffer (buffer), with what the library lacks: base64url, and text by the C functions.

import { Buffer, INSPECT_MAX_BYTES, kMaxLength, kStringMaxLength, SlowBuffer } from "buffer";

type Encoding = Parameters<Buffer["toString"]>[0];

const isUrl = (encoding: unknown): boolean => typeof encoding === "string" && encoding.toLowerCase() === "base64url";
const isText = (encoding: unknown): boolean => encoding === undefined || (typeof encoding === "string" && /^utf-?8$/i.test(encoding));
/** The library reads both alphabets. */
const read = (encoding: unknown): unknown => (isUrl(encoding) ? "base64" : encoding);

const { toString, write, fill, indexOf, lastIndexOf, includes } = Buffer.prototype;
const { from, byteLength, alloc, isEncoding } = Buffer;
const fromAny = from as (...args: unknown[]) => Buffer;

Buffer.isEncoding = (encoding: string): encoding is never => isUrl(encoding) || isEncoding(encoding);
Buffer.from = ((value: unknown, encoding: unknown, length: unknown) => {
  if (typeof value === "string" && isText(encoding)) return fromAny(host.encoding.encode(value));
  return fromAny(value, read(encoding), length);
}) as never;
Buffer.byteLength = (value: never, encoding?: never) => byteLength(value, read(encoding) as never);
Buffer.alloc = function (size, value, encoding) { // packages write "new Buffer.alloc(1)", too
  return alloc(size, value, read(encoding) as never);
};

Buffer.prototype.toString = function (this: Buffer, encoding?: Encoding, start = 0, end = this.length): string {
  if (isText(encoding)) return host.encoding.decode(this.subarray(Math.max(start, 0), Math.max(end, 0)));
  if (!isUrl(encoding)) return toString.call(this, encoding, start, end);
  return toString.call(this, "base64", start, end).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};
for (const [name, method] of Object.entries({ write, fill, indexOf, lastIndexOf, includes }) as [string, (...args: unknown[]) => unknown][])
  Object.defineProperty(Buffer.prototype, name, {
    configurable: true,
    writable: true,
    value(this: Buffer, ...args: unknown[]) {
      const last = args.length - 1;
      if (last > 0) args[last] = read(args[last]);
      return method.apply(this, args);
    },
  });

const bytesOf = (value: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);

host.node.modules["buffer"] = {
  Buffer,
  SlowBuffer,
  INSPECT_MAX_BYTES,
  kMaxLength,
  kStringMaxLength,
  constants: { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength },
  atob,
  btoa,
  isAscii: (value: ArrayBuffer | ArrayBufferView) => bytesOf(value).every((byte) => byte < 0x80),
  isUtf8: (value: ArrayBuffer | ArrayBufferView) => host.encoding.valid(value),
  get Blob() {
    return Blob;
  },
  get File() {
    return File;
  },
};
