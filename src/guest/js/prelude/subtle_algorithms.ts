// SPDX-License-Identifier: Apache-2.0
// The algorithms of crypto.subtle, a row each: what its keys may be used for, and what each operation does.

import { ec, okp, rsa } from "./subtle_keys";
import { buffer, digestOf, fail, fromBase64Url, hashName, integer, made, toBase64Url } from "./subtle_values";

/** The bytes of a secret key, or C's key. */
export type Material = Uint8Array | object;
type Params = Record<string, unknown>;
type Shown = Record<string, never> & { name: string; hash: { name: string }; length: number; namedCurve: string };
export interface MadeKey {
  material: Material;
  shown: object;
}

export interface Algorithm {
  name: string;
  secret?: string[];
  private?: string[];
  public?: string[];
  /** Of a JSON Web Key. */
  use?: string;
  noExport?: boolean;
  /** Its keys are for one digest. */
  hashed?: boolean;
  digest?(data: Uint8Array): ArrayBuffer;
  generate?(params: Params): MadeKey;
  import?(format: string, data: Uint8Array | Params, params: Params, type: string): MadeKey;
  export?(format: string, material: Material, shown: Shown, type: string): ArrayBuffer | object;
  encrypt?(params: Params, material: Material, data: Uint8Array, shown: Shown): ArrayBuffer | null;
  decrypt?(params: Params, material: Material, data: Uint8Array, shown: Shown): ArrayBuffer | null;
  wrap?(params: Params, material: Material, data: Uint8Array): ArrayBuffer | null;
  unwrap?(params: Params, material: Material, data: Uint8Array): ArrayBuffer | null;
  sign?(params: Params, material: Material, data: Uint8Array, shown: Shown): ArrayBuffer | null;
  verify?(params: Params, material: Material, data: Uint8Array, signature: Uint8Array, shown: Shown): boolean;
  derive?(params: Params, material: Material, bits: number | null): ArrayBuffer;
  length?(params: Params): number | null;
}
export type Operation = Exclude<keyof Algorithm, "name" | "secret" | "private" | "public" | "use" | "noExport" | "hashed">;

const NOTHING = new Uint8Array();

function random(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  host.clock.fill(bytes);
  return bytes;
}

/** The bytes of a secret key from what is imported; `alg` is what a JSON Web Key may say it is for. */
function secretOf(format: string, data: Uint8Array | Params, alg: (bits: number) => string | undefined): Uint8Array {
  if (format === "raw") return data as Uint8Array;
  if (format !== "jwk") fail("NotSupportedError", `secret keys have no format ${format}`);
  const jwk = data as Params;
  if (jwk["kty"] !== "oct") fail("DataError", "the JSON Web Key is not of the type oct");
  const bytes = fromBase64Url(jwk["k"], "k");
  const wanted = alg(bytes.length * 8);
  if (jwk["alg"] !== undefined && wanted !== undefined && jwk["alg"] !== wanted)
    fail("DataError", `the JSON Web Key is one for ${String(jwk["alg"])}, not ${wanted}`);
  return bytes;
}

function showSecret(format: string, material: Material, alg: string): ArrayBuffer | object {
  if (format === "raw") return (material as Uint8Array).slice().buffer;
  if (format === "jwk") return { kty: "oct", k: toBase64Url(material as Uint8Array), alg };
  return fail("NotSupportedError", `secret keys have no format ${format}`);
}

// ---- AES ----

const aesBits = (bits: number): number => ([128, 192, 256].includes(bits) ? bits : fail("OperationError", "an AES key has 128, 192 or 256 bits"));

function aes(name: string, usages: string[], operations: Partial<Algorithm>): Algorithm {
  const alg = (bits: number): string => `A${bits}${name.slice(4)}`;
  return {
    name,
    secret: usages,
    use: "enc",
    generate(params) {
      const length = aesBits(integer(params, "length", 65535));
      return { material: random(length / 8), shown: { name, length } };
    },
    import(format, data) {
      const material = secretOf(format, data, alg);
      if (![16, 24, 32].includes(material.length)) fail("DataError", "an AES key has 128, 192 or 256 bits");
      return { material, shown: { name, length: material.length * 8 } };
    },
    export: (format, material, shown) => showSecret(format, material, alg(shown.length)),
    length: (params) => aesBits(integer(params, "length", 65535)),
    ...operations,
  };
}

function cipher(mode: string, encrypt: boolean, key: Material, iv: Uint8Array, data: Uint8Array, more = NOTHING, tag = 0): ArrayBuffer | null {
  const bits = (key as Uint8Array).length * 8;
  return host.ciphers.cipher(`AES-${bits}-${mode}`, encrypt, key as Uint8Array, iv, data, more, tag);
}

const CRYPT = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
const TAGS = [32, 64, 96, 104, 112, 120, 128];

function gcm(encrypt: boolean) {
  return (params: Params, key: Material, data: Uint8Array): ArrayBuffer | null => {
    const iv = buffer(params, "iv"), more = buffer(params, "additionalData", false);
    const tag = integer(params, "tagLength", 255, false) ?? 128;
    if (!TAGS.includes(tag)) fail("OperationError", `GCM's tagLength is one of ${TAGS.join(", ")}`);
    if (!iv.length) fail("OperationError", "GCM's iv is empty");
    return cipher("GCM", encrypt, key, iv, data, more, tag / 8);
  };
}

function cbc(encrypt: boolean) {
  return (params: Params, key: Material, data: Uint8Array): ArrayBuffer | null => {
    const iv = buffer(params, "iv");
    if (iv.length !== 16) fail("OperationError", "CBC's iv has 16 bytes");
    return cipher("CBC", encrypt, key, iv, data);
  };
}

/** The counter is the last `length` bits of its block alone: where they come to their end, they begin at zero again. */
function ctr(params: Params, key: Material, data: Uint8Array): ArrayBuffer | null {
  const counter = buffer(params, "counter");
  const length = integer(params, "length", 255);
  if (counter.length !== 16) fail("OperationError", "CTR's counter has 16 bytes");
  if (length < 1 || length > 128) fail("OperationError", "CTR's length is from 1 to 128");
  let value = 0n;
  for (const byte of counter) value = (value << 8n) | BigInt(byte);
  const size = 1n << BigInt(length);
  const blocks = BigInt(Math.ceil(data.length / 16));
  const left = size - (value & (size - 1n));
  if (blocks > size) fail("OperationError", "there is more data than CTR's counter can count");
  if (blocks <= left) return cipher("CTR", true, key, counter, data);
  const split = Number(left) * 16;
  const start = counter.slice();
  for (let i = 15, rest = value & ~(size - 1n); i >= 0; i--, rest >>= 8n) start[i] = Number(rest & 255n);
  const first = made(cipher("CTR", true, key, counter, data.subarray(0, split)));
  const second = made(cipher("CTR", true, key, start, data.subarray(split)));
  const whole = new Uint8Array(data.length);
  whole.set(new Uint8Array(first));
  whole.set(new Uint8Array(second), split);
  return whole.buffer;
}

const wrap = (encrypt: boolean) => (_: Params, key: Material, data: Uint8Array) => cipher("WRAP", encrypt, key, NOTHING, data);

// ---- HMAC ----

const BLOCK_BITS: Record<string, number> = { "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };

const hmac: Algorithm = {
  name: "HMAC",
  hashed: true,
  secret: ["sign", "verify"],
  use: "sig",
  generate(params) {
    const hash = hashName(params["hash"]);
    const length = integer(params, "length", 2 ** 24, false) ?? BLOCK_BITS[hash]!;
    if (!length) fail("OperationError", "an HMAC key of 0 bits is of no use");
    return { material: random(Math.ceil(length / 8)), shown: { name: "HMAC", hash: { name: hash }, length } };
  },
  import(format, data, params) {
    const hash = hashName(params["hash"]);
    const material = secretOf(format, data, () => `HS${hash.slice(4)}`);
    if (!material.length) fail("DataError", "an HMAC key of 0 bits is of no use");
    const length = integer(params, "length", 2 ** 32 - 1, false) ?? material.length * 8;
    if (length > material.length * 8 || length <= material.length * 8 - 8) fail("DataError", "the HMAC key has another length");
    return { material, shown: { name: "HMAC", hash: { name: hash }, length } };
  },
  export: (format, material, shown) => showSecret(format, material, `HS${shown.hash.name.slice(4)}`),
  sign: (_, key, data, shown) => host.hash.hmac(digestOf(shown.hash.name), key as Uint8Array, data),
  verify(_, key, data, signature, shown) {
    return host.hash.equal(made(host.hash.hmac(digestOf(shown.hash.name), key as Uint8Array, data)), signature);
  },
  length(params) {
    const hash = hashName(params["hash"]);
    const length = integer(params, "length", 2 ** 24, false);
    if (length === 0) throw new TypeError("an HMAC key of 0 bits is of no use");
    return length ?? BLOCK_BITS[hash]!;
  },
};

// ---- secrets that others are derived from ----

function wholeBytes(bits: number | null): number {
  if (bits === null || bits % 8) fail("OperationError", "the length must be a number of bits that 8 divides");
  return bits / 8;
}

function kdf(name: string, derive: (params: Params, key: Uint8Array, length: number) => ArrayBuffer | null): Algorithm {
  return {
    name,
    secret: ["deriveKey", "deriveBits"],
    noExport: true,
    import(format, data, _params) {
      if (format !== "raw") fail("NotSupportedError", `secrets for ${name} are imported raw`);
      return { material: data as Uint8Array, shown: { name } };
    },
    derive(params, material, bits) {
      const length = wholeBytes(bits);
      const secret = derive(params, material as Uint8Array, length || 1);
      return length ? made(secret) : new ArrayBuffer(0);
    },
    length: () => null,
  };
}

const hkdf = kdf("HKDF", (params, key, length) =>
  host.hash.hkdf(digestOf(hashName(params["hash"])), key, buffer(params, "salt"), buffer(params, "info"), length));

const pbkdf2 = kdf("PBKDF2", (params, key, length) => {
  const salt = buffer(params, "salt");
  const iterations = integer(params, "iterations", 2 ** 32 - 1);
  if (!iterations) fail("OperationError", "PBKDF2 takes 1 iteration or more");
  return host.hash.pbkdf2(digestOf(hashName(params["hash"])), key, salt, iterations, length);
});

const digests = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"].map(
  (name): Algorithm => ({ name, digest: (data) => made(host.hash.digest(digestOf(name), data)) }),
);

export const algorithms: Algorithm[] = [
  ...digests,
  aes("AES-GCM", CRYPT, { encrypt: gcm(true), decrypt: gcm(false) }),
  aes("AES-CBC", CRYPT, { encrypt: cbc(true), decrypt: cbc(false) }),
  aes("AES-CTR", CRYPT, { encrypt: ctr, decrypt: ctr }),
  aes("AES-KW", ["wrapKey", "unwrapKey"], { wrap: wrap(true), unwrap: wrap(false) }),
  hmac,
  hkdf,
  pbkdf2,
  ...rsa,
  ...ec,
  ...okp,
];
