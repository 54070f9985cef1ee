// SPDX-License-Identifier: Apache-2.0
// What the files of node:crypto share: bytes as Node takes and gives them, and the names of digests.

export type Data = string | ArrayBuffer | ArrayBufferView;
export type Buffered = Uint8Array & { toString(encoding?: string): string };
interface BufferClass {
  from(data: unknown, encoding?: string): Buffered;
  alloc(size: number): Buffered;
}

export const buffers = (): BufferClass => {
  host.load("node_buffer");
  return host.node.modules["buffer"]!["Buffer"] as BufferClass;
};

export function bytesOf(data: Data, encoding?: string): Uint8Array {
  if (typeof data === "string") return buffers().from(data, encoding);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError('The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView');
}

export const as = (bytes: ArrayBuffer | Uint8Array, encoding?: string): Buffered | string =>
  encoding === undefined || encoding === "buffer" ? buffers().from(bytes) : buffers().from(bytes).toString(encoding);

export function join(pieces: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** OpenSSL's name of a digest: "sha256", "RSA-SHA256" and "SHA-256" are one. */
export const nameOf = (algorithm: string): string => algorithm.toUpperCase().replace(/^RSA-/, "").replace(/^SHA-(?=\d+$)/, "SHA");

export function failed(code: string, message: string): never {
  throw Object.assign(new Error(message), { code });
}

/** C's answer, or an error. */
export function got<T>(value: T | null, code: string, message: string): T {
  return value ?? failed(code, message);
}
