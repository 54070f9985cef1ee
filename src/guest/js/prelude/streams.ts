// SPDX-License-Identifier: Apache-2.0
// Streams (Streams standard), loaded when one is touched.

import * as streams from "web-streams-polyfill";

import { bytesOf } from "./bytes";
import { idl, needs } from "./define";

interface Pair {
  readonly readable: ReadableStream;
  readonly writable: WritableStream;
}

class TextEncoderStream {
  #pair: Pair;
  constructor() {
    const encoder = new TextEncoder();
    let high = ""; // half of a character: the other may come with the next piece
    this.#pair = new streams.TransformStream({
      transform(piece, to) {
        const text = high + String(piece);
        high = /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : "";
        const whole = high ? text.slice(0, -1) : text;
        if (whole) to.enqueue(encoder.encode(whole));
      },
      flush: (to) => void (high && to.enqueue(encoder.encode(high))),
    }) as never;
  }
  get encoding(): string {
    void this.#pair;
    return "utf-8";
  }
  get readable(): ReadableStream {
    return this.#pair.readable;
  }
  get writable(): WritableStream {
    return this.#pair.writable;
  }
}

class TextDecoderStream {
  #decoder: TextDecoder;
  #pair: Pair;
  constructor(label: string | undefined = undefined, options: TextDecoderOptions | undefined = undefined) {
    const decoder = (this.#decoder = new TextDecoder(label, options));
    const give = (text: string, to: { enqueue(text: string): void }): void => {
      if (text) to.enqueue(text);
    };
    this.#pair = new streams.TransformStream<ArrayBuffer, string>({
      transform: (bytes, to) => give(decoder.decode(bytesOf(bytes), { stream: true }), to),
      flush: (to) => give(decoder.decode(), to),
    }) as never;
  }
  get encoding(): string {
    return this.#decoder.encoding;
  }
  get fatal(): boolean {
    return this.#decoder.fatal;
  }
  get ignoreBOM(): boolean {
    return this.#decoder.ignoreBOM;
  }
  get readable(): ReadableStream {
    return this.#pair.readable;
  }
  get writable(): WritableStream {
    return this.#pair.writable;
  }
}

const FORMATS = ["gzip", "deflate", "deflate-raw"];

/** Bytes through zlib (Compression standard). */
function codec(given: unknown, inflates: boolean): [ReadableStream, WritableStream] {
  const format = String(given);
  const handle = host.compression.open(format, inflates);
  if (!handle) throw new TypeError(`${JSON.stringify(format)} is no format of compression; there are ${FORMATS.join(", ")}`);
  const push = (bytes: unknown, last: boolean, to: { enqueue(bytes: Uint8Array): void }): void => {
    const made = host.compression.push(handle, bytes as Uint8Array, last);
    if (made.byteLength) to.enqueue(new Uint8Array(made));
  };
  const pair = new streams.TransformStream<unknown, Uint8Array>({
    transform: (bytes, to) => push(bytes, false, to),
    flush: (to) => push(new Uint8Array(), true, to),
  });
  return [pair.readable as never, pair.writable as never];
}

class CompressionStream {
  #pair: [ReadableStream, WritableStream];
  constructor(format: unknown) {
    needs(1, arguments.length, "new CompressionStream()");
    this.#pair = codec(format, false);
  }
  get readable(): ReadableStream {
    return this.#pair[0];
  }
  get writable(): WritableStream {
    return this.#pair[1];
  }
}

class DecompressionStream {
  #pair: [ReadableStream, WritableStream];
  constructor(format: unknown) {
    needs(1, arguments.length, "new DecompressionStream()");
    this.#pair = codec(format, true);
  }
  get readable(): ReadableStream {
    return this.#pair[0];
  }
  get writable(): WritableStream {
    return this.#pair[1];
  }
}
// The package has an object of its own where the language has %AsyncIteratorPrototype%.
Object.setPrototypeOf(Object.getPrototypeOf(new streams.ReadableStream().values()) as object,
  Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype) as object);

idl(CompressionStream, DecompressionStream, TextDecoderStream, TextEncoderStream);

host.web.provide({ ...streams, CompressionStream, DecompressionStream, TextDecoderStream, TextEncoderStream });
