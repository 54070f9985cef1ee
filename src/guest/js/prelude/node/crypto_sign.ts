// SPDX-License-Identifier: Apache-2.0
// Signatures, RSA-OAEP and what two keys agree on, of node:crypto.

import { createPrivateKey, createPublicKey, KeyObject, type KeyInput } from "./crypto_keys";
import { as, buffers, bytesOf, failed, got, join, nameOf, type Buffered, type Data } from "./crypto_values";

export const constants = {
  RSA_PKCS1_PADDING: 1, RSA_NO_PADDING: 3, RSA_PKCS1_OAEP_PADDING: 4, RSA_PKCS1_PSS_PADDING: 6,
  RSA_PSS_SALTLEN_DIGEST: -1, RSA_PSS_SALTLEN_MAX_SIGN: -2, RSA_PSS_SALTLEN_AUTO: -2,
};

interface Options {
  padding?: number;
  saltLength?: number;
  dsaEncoding?: "der" | "ieee-p1363";
  oaepHash?: string;
  oaepLabel?: Data;
}

const optionsOf = (given: KeyInput): Options => (given instanceof KeyObject || typeof given !== "object" || ArrayBuffer.isView(given) ? {} : (given as Options));

function howOf(key: KeyObject, options: Options): string {
  const type = key.asymmetricKeyType;
  if (type === "ec") return "ecdsa";
  if (type === "ed25519" || type === "ed448") return "eddsa";
  if (type !== "rsa") failed("ERR_CRYPTO_INVALID_KEYTYPE", `a key of the type ${type} signs nothing`);
  if (options.padding !== undefined && options.padding !== constants.RSA_PKCS1_PADDING && options.padding !== constants.RSA_PKCS1_PSS_PADDING)
    failed("ERR_CRYPTO_OPERATION_FAILED", "signatures of RSA have RSA_PKCS1_PADDING or RSA_PKCS1_PSS_PADDING here");
  return options.padding === constants.RSA_PKCS1_PSS_PADDING ? "pss" : "pkcs1";
}

/** Lengths of a salt that may be meant, the likely ones first; one that is signed with is the first. */
function saltsOf(key: KeyObject, digest: string, given = constants.RSA_PSS_SALTLEN_AUTO): number[] {
  const own = host.hash.digest(digest, new Uint8Array())?.byteLength ?? 0;
  if (given === constants.RSA_PSS_SALTLEN_DIGEST) return [own];
  if (given >= 0) return [given];
  const most = Math.ceil(((key.asymmetricKeyDetails!["modulusLength"] as number) - 1) / 8) - 2 - own;
  return [most, own, ...Array.from({ length: Math.max(most, 0) }, (_, i) => i).filter((n) => n !== own)];
}

// ---- ECDSA's two numbers, as DER and beside each other ----

function toDer(halves: Uint8Array): Uint8Array {
  const number = (half: Uint8Array): Uint8Array => {
    const start = half.findIndex((byte) => byte !== 0), bytes = start < 0 ? half.subarray(-1) : half.subarray(start);
    const sign = bytes[0]! > 127 ? [0] : [];
    return Uint8Array.from([2, bytes.length + sign.length, ...sign, ...bytes]);
  };
  const body = join([number(halves.subarray(0, halves.length / 2)), number(halves.subarray(halves.length / 2))]);
  return Uint8Array.from([0x30, ...(body.length > 127 ? [0x81] : []), body.length, ...body]);
}

/** Nothing: it is no signature of such a key. */
function fromDer(der: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(2 * size);
  let at = der[1] === 0x81 ? 3 : 2;
  for (const end of [size, 2 * size]) {
    const length = der[at + 1] ?? 0, bytes = der.subarray(at + 2, at + 2 + length), from = bytes.findIndex((byte) => byte !== 0);
    const number = from < 0 ? bytes.subarray(0, 0) : bytes.subarray(from);
    if (der[at] !== 2 || bytes.length !== length || number.length > size) return new Uint8Array();
    out.set(number, end - number.length);
    at += 2 + length;
  }
  return at === der.length && der[0] === 0x30 ? out : new Uint8Array();
}

const SIZES: Record<string, number> = { prime256v1: 32, secp384r1: 48, secp521r1: 66, secp256k1: 32, secp224r1: 28 };

function digestFor(algorithm: string | null | undefined, how: string): string {
  if (how === "eddsa") return "";
  const name = nameOf(algorithm ?? "sha256");
  return host.hash.digest(name, new Uint8Array()) ? name : failed("ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${algorithm!}`);
}

export function sign(algorithm: string | null | undefined, data: Data, given: KeyInput): Buffered {
  const key = createPrivateKey(given), options = optionsOf(given), how = howOf(key, options), digest = digestFor(algorithm, how);
  const salt = how === "pss" ? saltsOf(key, digest, options.saltLength)[0]! : 0;
  const made = got(host.signing.sign(how, digest, key.material, bytesOf(data), salt), "ERR_CRYPTO_OPERATION_FAILED", "the key cannot sign this");
  return buffers().from(how === "ecdsa" && options.dsaEncoding !== "ieee-p1363" ? toDer(new Uint8Array(made)) : made);
}

export function verify(algorithm: string | null | undefined, data: Data, given: KeyInput, signature: Data): boolean {
  const key = createPublicKey(given), options = optionsOf(given), how = howOf(key, options), digest = digestFor(algorithm, how);
  const bytes = bytesOf(data), salts = how === "pss" ? saltsOf(key, digest, options.saltLength) : [0];
  let sealed = bytesOf(signature);
  if (how === "ecdsa" && options.dsaEncoding !== "ieee-p1363") sealed = fromDer(sealed, SIZES[host.keys.kind(key.material)[1]] ?? 0);
  return salts.some((salt) => salt >= 0 && host.signing.verify(how, digest, key.material, bytes, salt, sealed) === true);
}

/** What is signed comes in pieces. */
class Pieces {
  protected readonly pieces: Uint8Array[] = [];
  constructor(protected readonly algorithm: string) {
    digestFor(algorithm, "");
  }
  update(data: Data, encoding?: string): this {
    this.pieces.push(bytesOf(data, encoding).slice());
    return this;
  }
  write(data: Data, encoding?: string): boolean {
    this.update(data, encoding);
    return true;
  }
  end(data?: Data, encoding?: string): this {
    return data === undefined ? this : this.update(data, encoding);
  }
}

export class Sign extends Pieces {
  sign(key: KeyInput, encoding?: string): Buffered | string {
    return as(sign(this.algorithm, join(this.pieces), key), encoding);
  }
}

export class Verify extends Pieces {
  verify(key: KeyInput, signature: Data, encoding?: string): boolean {
    return verify(this.algorithm, join(this.pieces), key, bytesOf(signature, encoding));
  }
}

function oaep(encrypt: boolean, key: KeyObject, { padding = constants.RSA_PKCS1_OAEP_PADDING, oaepHash = "sha1", oaepLabel }: Options, data: Data): Buffered {
  if (padding !== constants.RSA_PKCS1_OAEP_PADDING) failed("ERR_CRYPTO_OPERATION_FAILED", "RSA encrypts with RSA_PKCS1_OAEP_PADDING alone here");
  const label = oaepLabel === undefined ? new Uint8Array() : bytesOf(oaepLabel);
  const made = host.signing.oaep(encrypt, nameOf(oaepHash), key.material, label, bytesOf(data));
  return buffers().from(got(made, "ERR_OSSL_RSA_OAEP_DECODING_ERROR", "the data cannot be " + (encrypt ? "encrypted" : "decrypted")));
}

export const publicEncrypt = (given: KeyInput, data: Data): Buffered => oaep(true, createPublicKey(given), optionsOf(given), data);
export const privateDecrypt = (given: KeyInput, data: Data): Buffered => oaep(false, createPrivateKey(given), optionsOf(given), data);

export function diffieHellman({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): Buffered {
  return buffers().from(got(host.signing.agree(privateKey.material, publicKey.material), "ERR_CRYPTO_INCOMPATIBLE_KEY", "the keys do not agree on a secret"));
}
