// SPDX-License-Identifier: Apache-2.0
// node:stream and node:stream/promises (readable-stream, which is Node's own), node:string_decoder (string_decoder), and the
// ways between Node's streams and the web's, which the library lacks. Buffer and EventEmitter are those of the other modules.

import Stream from "readable-stream/lib/stream.js";
import promises from "readable-stream/lib/stream/promises.js";
import { StringDecoder } from "string_decoder/";

interface Reading extends AsyncIterable<unknown> {
  destroy(error?: unknown): void;
}
interface Writing {
  write(chunk: unknown, then: (error?: unknown) => void): void;
  end(then: () => void): void;
  destroy(error?: unknown): void;
  once(event: string, then: (error: unknown) => void): void;
}

function readableToWeb(from: Reading): ReadableStream {
  const pieces = from[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(to) {
      const { value, done } = await pieces.next();
      if (done) to.close();
      else to.enqueue(value instanceof Uint8Array ? new Uint8Array(value) : value);
    },
    cancel: (reason) => from.destroy(reason instanceof Error ? reason : undefined),
  }, { highWaterMark: 0 });
}

function writableToWeb(to: Writing): WritableStream {
  return new WritableStream({
    start: (controller) => to.once("error", (error) => controller.error(error)),
    write: (piece) => new Promise((resolve, reject) => to.write(piece, (error) => (error ? reject(error as Error) : resolve()))),
    close: () => new Promise((resolve) => to.end(resolve)),
    abort: (reason) => to.destroy(reason instanceof Error ? reason : undefined),
  });
}

function writableFromWeb(to: WritableStream, options: object = {}): unknown {
  const writer = to.getWriter();
  const then = (promise: Promise<unknown>, done: (error?: unknown) => void): void => void promise.then(() => done(), done);
  return new Stream.Writable({
    ...options,
    write: (piece: unknown, _encoding: string, done: (error?: unknown) => void) => then(writer.write(piece), done),
    final: (done: (error?: unknown) => void) => then(writer.close(), done),
    destroy: (error: unknown, done: (error?: unknown) => void) =>
      error ? then(writer.abort(error), () => done(error)) : done(),
  });
}

Object.assign(Stream.Readable, {
  fromWeb: (from: ReadableStream, options: object = {}) => Stream.Readable.from(from, { objectMode: false, ...options }),
  toWeb: readableToWeb,
});
Object.assign(Stream.Writable, { fromWeb: writableFromWeb, toWeb: writableToWeb });

Object.assign(host.node.modules, { stream: Stream, "stream/promises": promises, string_decoder: { StringDecoder } });
