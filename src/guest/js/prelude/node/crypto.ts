// SPDX-License-Identifier: Apache-2.0
// node:crypto: digests, HMAC, chance and comparing, and the web's crypto; keys, signatures and ciphers are in the files
// beside it. Chance is the world's.

import { createCipheriv, createDecipheriv, getCiphers } from "./crypto_cipher";
import * as keys from "./crypto_keys";
import { constants, diffieHellman, privateDecrypt, publicEncrypt, Sign, sign, Verify, verify } from "./crypto_sign";
import { as, buffers, bytesOf, failed, got, join, nameOf, type Buffered, type Data } from "./crypto_values";

type Callback = (error: unknown, ...results: unknown[]) => void;

/** Pieces are kept, and digested when all are there. */
class Digest {
  private pieces: Uint8Array[] = [];
  private done = false;
  constructor(private readonly finish: (all: Uint8Array) => ArrayBuffer | null) {}

  copy(): Digest {
    const copy = new Digest(this.finish);
    copy.pieces = [...this.pieces];
    return copy;
  }

  write(data: Data, encoding?: string): boolean {
    this.update(data, encoding);
    return true;
  }

  end(): void {}

  update(data: Data, encoding?: string): this {
    if (this.done) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
    this.pieces.push(bytesOf(data, encoding).slice());
    return this;
  }

  digest(encoding?: string): Buffered | string {
    if (this.done) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
    this.done = true;
    const made = this.finish(join(this.pieces));
    if (!made) throw new Error("Invalid digest");
    return as(made, encoding);
  }
}

function createHash(algorithm: string): Digest {
  const name = nameOf(algorithm);
  if (!host.hash.digest(name, new Uint8Array())) throw new Error("Digest method not supported");
  return new Digest((all) => host.hash.digest(name, all));
}

function createHmac(algorithm: string, key: keys.KeyObject | Data): Digest {
  const name = nameOf(algorithm), secret = keys.secretOf(key).slice();
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

function hkdfSync(algorithm: string, key: keys.KeyObject | Data, salt: Data, info: Data, length: number): ArrayBuffer {
  const made = host.hash.hkdf(nameOf(algorithm), keys.secretOf(key), bytesOf(salt), bytesOf(info), length);
  return got(made, "ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${algorithm}`);
}

/** The same with a callback behind its arguments. */
function later(run: (...args: never[]) => unknown, results = (made: unknown): unknown[] => [made]) {
  return (...args: unknown[]): void => {
    const callback = args.pop() as Callback;
    const made = (run as (...all: unknown[]) => unknown)(...args);
    queueMicrotask(() => callback(null, ...results(made)));
  };
}

const generateKeyPair = later(keys.generateKeyPairSync, (made) => [(made as { publicKey: unknown }).publicKey, (made as { privateKey: unknown }).privateKey]);
Object.defineProperty(generateKeyPair, Symbol.for("nodejs.util.promisify.custom"), {
  value: async (type: string, options?: object) => keys.generateKeyPairSync(type, options),
});

/** What Node has and nothing here computes. */
const MISSING = ("argon2 argon2Sync checkPrime checkPrimeSync createDiffieHellman createDiffieHellmanGroup createECDH generatePrime generatePrimeSync " +
  "getDiffieHellman privateEncrypt publicDecrypt scrypt scryptSync").split(" ");
const missing = (name: string) => (): never => failed("ERR_METHOD_NOT_IMPLEMENTED", `node:crypto has no ${name}() in tests`);

host.node.modules["crypto"] = {
  ...Object.fromEntries(MISSING.map((name) => [name, missing(name)])),
  KeyObject: keys.KeyObject,
  Sign,
  Verify,
  X509Certificate: class X509Certificate {
    constructor() {
      missing("X509Certificate")();
    }
  },
  constants,
  createCipheriv,
  createDecipheriv,
  createPrivateKey: keys.createPrivateKey,
  createPublicKey: keys.createPublicKey,
  createSecretKey: keys.createSecretKey,
  createSign: (algorithm: string) => new Sign(algorithm),
  createVerify: (algorithm: string) => new Verify(algorithm),
  diffieHellman,
  generateKeyPair,
  generateKeyPairSync: keys.generateKeyPairSync,
  generateKeySync: keys.generateKeySync,
  getCiphers,
  getCurves: () => ["prime256v1", "secp384r1", "secp521r1"],
  hkdf: later(hkdfSync),
  hkdfSync,
  pbkdf2: later(pbkdf2Sync),
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
  createHash,
  createHmac,
  getHashes: () => ["RSA-SHA1", "RSA-SHA224", "RSA-SHA256", "RSA-SHA384", "RSA-SHA512", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"],
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
