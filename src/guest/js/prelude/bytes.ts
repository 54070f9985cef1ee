// SPDX-License-Identifier: Apache-2.0

/** The parts as one; a single part is that part itself. */
export function concat(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes of a buffer or a view, in their place where C can read them there; none of a detached one. */
export function bytesOf(input: unknown): Uint8Array {
  const view = ArrayBuffer.isView(input);
  const buffer: unknown = view ? input.buffer : input;
  const shared = typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;
  if (!shared && !(buffer instanceof ArrayBuffer)) throw new TypeError("a TextDecoder decodes an ArrayBuffer or a view on one");
  if ((buffer as { detached?: boolean }).detached) return new Uint8Array();
  const bytes = view ? new Uint8Array(buffer, input.byteOffset, input.byteLength) : new Uint8Array(buffer);
  return shared ? bytes.slice() : bytes;
}
