// SPDX-License-Identifier: Apache-2.0
// node:crypto: digests, HMAC, chance and comparing, and the web's crypto. Chance is the world's.

type Data = string | ArrayBuffer | ArrayBufferView;
type Buffered = Uint8Array & { toString(encoding?: string): string };
interface BufferClass {
  from(data: unknown, encoding?: string): Buffered;
  alloc(size: number): Buffered;
}

const buffers = (): BufferClass => {
  host.load("node_buffer");
  return host.node.modules["buffer"]!["Buffer"] as BufferClass;
};

function bytesOf(data: Data, encoding?: string): Uint8Array {
  if (typeof data === "string") return buffers().from(data, encoding);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError('The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView');
}

const as = (bytes: ArrayBuffer, encoding?: string): Buffered | string =>
  encoding === undefined || encoding === "buffer" ? buffers().from(bytes) : buffers().from(bytes).toString(encoding);

/** Pieces are kept, and digested when all are there. */
class Digest {
  private pieces: Uint8Array[] = [];
  private done = false;
  constructor(private readonly finish: (all: Uint8Array) => ArrayBuffer | null) {}

  update(data: Data, encoding?: string): this {
    if (this.done) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
    this.pieces.push(bytesOf(data, encoding).slice());
    return this;
  }

  digest(encoding?: string): Buffered | string {
    if (this.done) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
    this.done = true;
    const all = new Uint8Array(this.pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    const made = this.finish(all);
    if (!made) throw new Error("Invalid digest");
    return as(made, encoding);
  }
}

/** OpenSSL's name of a digest: "sha256", "RSA-SHA256" and "SHA-256" are one. */
const nameOf = (algorithm: string): string => algorithm.toUpperCase().replace(/^RSA-/, "").replace(/^SHA-(?=\d+$)/, "SHA");

function createHash(algorithm: string): Digest {
  const name = nameOf(algorithm);
  if (!host.hash.digest(name, new Uint8Array())) throw new Error("Digest method not supported");
  return new Digest((all) => host.hash.digest(name, all));
}

function createHmac(algorithm: string, key: Data): Digest {
  const name = nameOf(algorithm), secret = bytesOf(key).slice();
  if (!host.hash.digest(name, new Uint8Array())) throw new Error(`Invalid digest: ${algorithm}`);
  return new Digest((all) => host.hash.hmac(name, secret, all));
}

function randomBytes(size: number, callback?: (error: null, bytes: Buffered) => void): Buffered | undefined {
  const bytes = buffers().alloc(size);
  host.clock.fill(bytes);
  if (!callback) return bytes;
  queueMicrotask(() => callback(null, bytes));
  return undefined;
}

function randomInt(least: number, most?: number): number {
  const [from, to] = most === undefined ? [0, least] : [least, most];
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && to > from)) throw new RangeError(`The value of "max" is out of range. Received ${to}`);
  return from + Math.floor(host.clock.random() * (to - from));
}

function timingSafeEqual(a: Data, b: Data): boolean {
  const [left, right] = [bytesOf(a), bytesOf(b)];
  if (left.length !== right.length) throw new RangeError("Input buffers must have the same byte length");
  return host.hash.equal(left, right);
}

function pbkdf2Sync(password: Data, salt: Data, iterations: number, length: number, algorithm: string): Buffered {
  const made = host.hash.pbkdf2(nameOf(algorithm), bytesOf(password), bytesOf(salt), iterations, length);
  if (!made) throw new Error(`Invalid digest: ${algorithm}`);
  return buffers().from(made);
}

host.node.modules["crypto"] = {
  createHash,
  createHmac,
  getHashes: () => ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"],
  getRandomValues: (view: never) => crypto.getRandomValues(view),
  hash: (algorithm: string, data: Data, encoding = "hex") => createHash(algorithm).update(data).digest(encoding),
  pbkdf2Sync,
  randomBytes,
  randomFillSync: (view: ArrayBufferView) => (host.clock.fill(view), view),
  randomInt,
  randomUUID: () => crypto.randomUUID(),
  get subtle() {
    return crypto.subtle;
  },
  timingSafeEqual,
  get webcrypto() {
    return crypto;
  },
};
