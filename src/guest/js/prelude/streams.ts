// SPDX-License-Identifier: Apache-2.0
// Streams (Streams standard), loaded when one is touched.

import * as streams from "web-streams-polyfill";

class TextEncoderStream {
  readonly readable: ReadableStream;
  readonly writable: WritableStream;
  constructor() {
    const encoder = new TextEncoder();
    const pair = new streams.TransformStream({ transform: (text, to) => to.enqueue(encoder.encode(String(text))) });
    this.readable = pair.readable as never;
    this.writable = pair.writable as never;
  }
  get encoding(): string {
    return "utf-8";
  }
}

class TextDecoderStream {
  readonly readable: ReadableStream;
  readonly writable: WritableStream;
  constructor(label?: string, options?: TextDecoderOptions) {
    const decoder = new TextDecoder(label, options);
    const give = (text: string, to: { enqueue(text: string): void }): void => {
      if (text) to.enqueue(text);
    };
    const pair = new streams.TransformStream<ArrayBuffer, string>({
      transform: (bytes, to) => give(decoder.decode(bytes, { stream: true }), to),
      flush: (to) => give(decoder.decode(), to),
    });
    this.readable = pair.readable as never;
    this.writable = pair.writable as never;
  }
}

host.web.provide({ ...streams, TextDecoderStream, TextEncoderStream });
