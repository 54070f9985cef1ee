// SPDX-License-Identifier: Apache-2.0
// Keys of node:crypto: KeyObject, from and to PEM, DER and JSON Web Keys, and making them. What a key is computed with is C's.

import { ec, okp, rsa } from "../subtle_keys";
import type { Algorithm } from "../subtle_algorithms";
import { as, buffers, bytesOf, failed, got, join, type Buffered, type Data } from "./crypto_values";

type Type = "secret" | "public" | "private";
type Jwk = Record<string, unknown>;
export interface KeyOptions {
  key: KeyInput;
  format?: "pem" | "der" | "jwk";
  type?: string;
  passphrase?: unknown;
  encoding?: string;
}
export type KeyInput = KeyObject | KeyOptions | Data | Jwk;

/** OpenSSL's curves by the names that JSON Web Keys have for them. */
const CURVES: Record<string, string> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };
const KINDS: Record<string, string> = { RSA: "rsa", EC: "ec", ED25519: "ed25519", ED448: "ed448", X25519: "x25519", X448: "x448" };
const OKP: Record<string, string> = { ED25519: "Ed25519", ED448: "Ed448", X25519: "X25519", X448: "X448" };

export class KeyObject {
  constructor(readonly type: Type, /** C's key, or the bytes of a secret. */ readonly material: object) {
    Object.defineProperty(this, "material", { enumerable: false });
  }
  get symmetricKeySize(): number | undefined {
    return this.type === "secret" ? (this.material as Uint8Array).length : undefined;
  }
  get asymmetricKeyType(): string | undefined {
    return this.type === "secret" ? undefined : KINDS[host.keys.kind(this.material)[0]];
  }
  get asymmetricKeyDetails(): Jwk | undefined {
    if (this.type === "secret") return undefined;
    const [kind, curve] = host.keys.kind(this.material);
    if (kind === "EC") return { namedCurve: curve };
    if (kind !== "RSA") return {};
    const number = (part: string): Uint8Array => new Uint8Array(host.keys.part(this.material, part, 0)!);
    const n = number("n");
    return { modulusLength: n.length * 8 - Math.clz32(n[0]!) + 24, publicExponent: number("e").reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) };
  }
  equals(other: KeyObject): boolean {
    if (other.type !== this.type) return false;
    const of = (key: KeyObject): Data => (key.type === "secret" ? (key.material as Uint8Array) : host.keys.write(key.material, key.type === "private")!);
    return host.hash.equal(bytesOf(of(this)), bytesOf(of(other)));
  }
  export(options: { format?: string; type?: string; cipher?: string } = {}): Buffered | string | Jwk {
    if (this.type === "secret") {
      const bytes = buffers().from((this.material as Uint8Array).slice());
      return options.format === "jwk" ? { kty: "oct", k: bytes.toString("base64url") } : bytes;
    }
    const secret = this.type === "private", wanted = secret ? "pkcs8" : "spki";
    if (options.format === "jwk") {
      const { row, curve } = rowOf(this.material);
      const { alg: _, ...jwk } = row.export!("jwk", this.material, { namedCurve: curve, hash: { name: "SHA-256" } } as never, this.type) as Jwk;
      return jwk;
    }
    if (options.type !== undefined && options.type !== wanted)
      failed("ERR_INVALID_ARG_VALUE", `a ${this.type} key is written as ${wanted} here, not as ${options.type}`);
    if (options.cipher) failed("ERR_CRYPTO_UNSUPPORTED_OPERATION", "keys are not written encrypted here");
    const der = got(host.keys.write(this.material, secret), "ERR_CRYPTO_OPERATION_FAILED", "the key cannot be written");
    if (options.format !== "pem") return buffers().from(der);
    const label = secret ? "PRIVATE KEY" : "PUBLIC KEY";
    return `-----BEGIN ${label}-----\n${(as(der, "base64") as string).replace(/.{1,64}/g, "$&\n")}-----END ${label}-----\n`;
  }
}
Object.defineProperty(KeyObject.prototype, Symbol.toStringTag, { value: "KeyObject", configurable: true });

/** What the web's cryptography knows of such keys. */
function rowOf(material: object): { row: Algorithm; curve: string } {
  const [kind, curve] = host.keys.kind(material);
  if (kind === "RSA") return { row: rsa[0]!, curve: "" };
  if (kind === "EC") return { row: ec[0]!, curve: CURVES[curve] ?? failed("ERR_CRYPTO_JWK_UNSUPPORTED_CURVE", `Unsupported JWK EC curve: ${curve}.`) };
  return { row: okp.find((row) => row.name === OKP[kind])!, curve: "" };
}

function fromJwk(jwk: Jwk, type: Type): object {
  const name = jwk["kty"] === "RSA" ? rsa[0]! : jwk["kty"] === "EC" ? ec[0]! : okp.find((row) => row.name === jwk["crv"]);
  if (!name) failed("ERR_CRYPTO_INVALID_JWK", "Invalid JWK data");
  const { alg: _, ...rest } = jwk; // whatever it is to be used for
  return name.import!("jwk", rest, { hash: "SHA-256", namedCurve: jwk["crv"] }, type).material;
}

// ---- DER: the older forms of private keys are put into PKCS #8 ----

function der(tag: number, ...parts: (Uint8Array | number[])[]): Uint8Array {
  const body = join(parts.map((part) => Uint8Array.from(part))), n = body.length;
  const length = n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255];
  return join([Uint8Array.from([tag, ...length]), body]);
}

const RSA_ID = [0x30, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1, 5, 0];
const EC_ID = [6, 7, 42, 134, 72, 206, 61, 2, 1];
const VERSION = [2, 1, 0];

function fromPkcs1(bytes: Uint8Array): Uint8Array {
  return der(0x30, VERSION, RSA_ID, der(4, bytes));
}

/** The curve stands behind the secret number: [0] { OBJECT IDENTIFIER }. */
function fromSec1(bytes: Uint8Array): Uint8Array {
  const start = bytes[1]! < 128 ? 2 : 2 + (bytes[1]! & 127), at = start + 3 + 2 + (bytes[start + 4] ?? 0);
  if (bytes[at] !== 0xa0) failed("ERR_OSSL_UNSUPPORTED", "the EC private key does not name its curve");
  return der(0x30, VERSION, der(0x30, EC_ID, bytes.subarray(at + 2, at + 2 + bytes[at + 1]!)), der(4, bytes));
}

const NO_KEY = "error:1E08010C:DECODER routines::unsupported";

function fromDer(bytes: Uint8Array, label: string): KeyObject {
  const secret = label.includes("PRIVATE");
  const whole = label === "RSA PRIVATE KEY" ? fromPkcs1(bytes) : label === "EC PRIVATE KEY" ? fromSec1(bytes)
    : label === "RSA PUBLIC KEY" ? der(0x30, RSA_ID, der(3, [0], bytes)) : bytes;
  return new KeyObject(secret ? "private" : "public", got(host.keys.read(whole, secret), "ERR_OSSL_UNSUPPORTED", NO_KEY));
}

function fromPem(text: string): KeyObject {
  const [, label, body] = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/.exec(text) ?? failed("ERR_OSSL_UNSUPPORTED", NO_KEY);
  if (label!.includes("ENCRYPTED") || body!.includes("Proc-Type")) failed("ERR_OSSL_UNSUPPORTED", "keys with a passphrase are not read here");
  if (!/^(?:(?:RSA |EC )?PRIVATE|(?:RSA )?PUBLIC) KEY$/.test(label!)) failed("ERR_OSSL_UNSUPPORTED", `a key cannot be read from "${label!}" here`);
  return fromDer(buffers().from(body!.replace(/\s/g, ""), "base64"), label!);
}

const LABELS: Record<string, string> = { pkcs1: "RSA", pkcs8: "", sec1: "EC", spki: "" };

/** A key of two halves from whatever Node takes as one. */
function read(given: KeyInput, type: Type): KeyObject {
  if (given instanceof KeyObject) return given;
  if (typeof given === "string") return fromPem(given);
  if (given instanceof ArrayBuffer || ArrayBuffer.isView(given)) return fromPem(as(bytesOf(given), "utf8") as string);
  const options = given as KeyOptions;
  if (typeof given !== "object" || given === null || options.key === undefined)
    throw Object.assign(new TypeError('The "key" argument must be of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, or KeyObject'),
      { code: "ERR_INVALID_ARG_TYPE" });
  if (options.format === "jwk") return new KeyObject(type, fromJwk(options.key as Jwk, type));
  if (options.format !== "der") return read(options.key, type);
  const label = LABELS[options.type ?? ""] ?? failed("ERR_INVALID_ARG_VALUE", "The property 'options.type' is one of pkcs1, pkcs8, sec1, spki");
  return fromDer(bytesOf(options.key as Data), `${label} ${type.toUpperCase()} KEY`.trim());
}

export function createPrivateKey(given: KeyInput): KeyObject {
  const key = read(given, "private");
  return key.type === "private" ? key : failed("ERR_INVALID_ARG_VALUE", "the key is not a private one");
}

/** The public half, of a private key too. */
export function createPublicKey(given: KeyInput): KeyObject {
  const jwk = (given as KeyOptions).format === "jwk";
  const key = read(given, !jwk && /^(?:pkcs8|sec1)$/.test((given as KeyOptions).type ?? "") ? "private" : "public");
  return key.type === "private" ? new KeyObject("public", key.material) : key.type === "public" ? key : failed("ERR_INVALID_ARG_VALUE", "the key is a secret one");
}

export function createSecretKey(data: Data, encoding?: string): KeyObject {
  return new KeyObject("secret", bytesOf(data, encoding).slice());
}

/** The bytes of a secret: a KeyObject's, or they themselves. */
export function secretOf(key: KeyObject | Data): Uint8Array {
  if (!(key instanceof KeyObject)) return bytesOf(key);
  return key.type === "secret" ? (key.material as Uint8Array) : failed("ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", `Invalid key object type ${key.type}, expected secret.`);
}

// ---- making ----

interface PairOptions {
  modulusLength?: number;
  publicExponent?: number;
  namedCurve?: string;
  publicKeyEncoding?: { format?: string; type?: string };
  privateKeyEncoding?: { format?: string; type?: string };
}

export function generateKeyPairSync(type: string, options: PairOptions = {}): { publicKey: unknown; privateKey: unknown } {
  let made: object | null;
  if (type === "rsa" || type === "rsa-pss") {
    const exponent = options.publicExponent ?? 65537;
    made = host.keys.makeRsa(options.modulusLength ?? 0, Uint8Array.from([exponent >>> 24, exponent >>> 16, exponent >>> 8, exponent]));
  } else if (type === "ec") {
    const curve = Object.keys(CURVES).find((name) => CURVES[name] === options.namedCurve) ?? options.namedCurve ?? "";
    made = host.keys.make("EC", curve);
  } else if (type.toUpperCase() in OKP) made = host.keys.make(type.toUpperCase(), "");
  else failed("ERR_INVALID_ARG_VALUE", `The argument 'type' must be a supported key type. Received '${type}'`);
  const material = got(made, "ERR_OUT_OF_RANGE", `there is no ${type} key of these options`);
  const give = (key: KeyObject, encoding?: { format?: string; type?: string }): unknown => (encoding ? key.export(encoding) : key);
  return {
    publicKey: give(new KeyObject("public", material), options.publicKeyEncoding),
    privateKey: give(new KeyObject("private", material), options.privateKeyEncoding),
  };
}

export function generateKeySync(type: string, { length }: { length: number }): KeyObject {
  if (type !== "hmac" && type !== "aes") failed("ERR_INVALID_ARG_VALUE", `The argument 'type' must be a supported key type. Received '${type}'`);
  const bytes = new Uint8Array(length >> 3);
  host.clock.fill(bytes);
  return new KeyObject("secret", bytes);
}
