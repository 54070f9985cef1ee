// SPDX-License-Identifier: Apache-2.0
// node:zlib by the C functions of CompressionStream: at the library's own level, in one piece or as streams.

type Data = string | ArrayBuffer | ArrayBufferView;
type Callback = (error: unknown, result?: unknown) => void;
interface BufferClass {
  from(data: unknown): Uint8Array;
}
type TransformClass = new (options: object) => object;

const buffers = (): BufferClass => {
  host.load("node_buffer");
  return host.node.modules["buffer"]!["Buffer"] as BufferClass;
};

function bytesOf(data: Data): Uint8Array {
  if (typeof data === "string") return buffers().from(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError('The "buffer" argument must be of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer');
}

/** As zlib tells of what is wrong. */
function failure(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const early = error.message.includes("too early");
  const [code, errno, words] = early ? ["Z_BUF_ERROR", -5, "unexpected end of file"] : ["Z_DATA_ERROR", -3, error.message];
  return Object.assign(new Error(words as string), { code, errno });
}

const open = (format: string, inflates: boolean): object => host.compression.open(format, inflates)!;

/** By the first bytes, as `unzip` does. */
const kindOf = (bytes: Uint8Array): string => (bytes[0] === 0x1f && bytes[1] === 0x8b ? "gzip" : "deflate");

function atOnce(format: string, inflates: boolean, data: Data): Uint8Array {
  const bytes = bytesOf(data);
  try {
    return buffers().from(host.compression.push(open(format || kindOf(bytes), inflates), bytes, true));
  } catch (error) {
    throw failure(error);
  }
}

function makeStream(format: string, inflates: boolean, options: object = {}): object {
  host.load("node_stream");
  const Transform = (host.node.modules["stream"] as unknown as Record<string, TransformClass>)["Transform"]!;
  let codec = format ? open(format, inflates) : undefined;
  const push = (to: { push(bytes: Uint8Array): void }, bytes: Uint8Array, last: boolean, done: Callback): void => {
    try {
      codec ??= open(kindOf(bytes), inflates);
      const made = host.compression.push(codec, bytes, last);
      if (made.byteLength) to.push(buffers().from(made));
    } catch (error) {
      done(failure(error));
      return;
    }
    done(null);
  };
  return new Transform({
    ...options,
    transform(this: never, piece: Uint8Array, _encoding: string, done: Callback) {
      push(this, piece, false, done);
    },
    flush(this: never, done: Callback) {
      push(this, new Uint8Array(), true, done);
    },
  });
}

const KINDS: [name: string, format: string, inflates: boolean][] = [
  ["deflate", "deflate", false], ["deflateRaw", "deflate-raw", false], ["gzip", "gzip", false],
  ["inflate", "deflate", true], ["inflateRaw", "deflate-raw", true], ["gunzip", "gzip", true], ["unzip", "", true],
];

const exported: Record<string, unknown> = {};
for (const [name, format, inflates] of KINDS) {
  exported[`${name}Sync`] = (data: Data) => atOnce(format, inflates, data);
  exported[name] = (data: Data, ...rest: unknown[]): void => {
    const callback = rest[rest.length - 1] as Callback;
    if (typeof callback !== "function") throw new TypeError('The "callback" argument must be of type function');
    const bytes = bytesOf(data).slice();
    host.timers.start(() => {
      let result: Uint8Array;
      try {
        result = atOnce(format, inflates, bytes);
      } catch (error) {
        callback(error);
        return;
      }
      callback(null, result);
    }, 0, false);
  };
  exported[`create${name[0]!.toUpperCase()}${name.slice(1)}`] = (options?: object) => makeStream(format, inflates, options);
}

let table: Uint32Array | undefined;

/** Of gzip and PNG, going on from another one. */
function crc32(data: Data, value = 0): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let i = 0; i < 8; i++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });
  let sum = ~value;
  for (const byte of bytesOf(data)) sum = table[(sum ^ byte) & 0xff]! ^ (sum >>> 8);
  return ~sum >>> 0;
}

const constants = Object.freeze({
  Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4, Z_BLOCK: 5,
  Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2, Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4, Z_BUF_ERROR: -5,
  Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1,
  Z_FILTERED: 1, Z_HUFFMAN_ONLY: 2, Z_RLE: 3, Z_FIXED: 4, Z_DEFAULT_STRATEGY: 0,
});

host.node.modules["zlib"] = { ...exported, crc32, constants, ...constants };
