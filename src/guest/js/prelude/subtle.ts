// SPDX-License-Identifier: Apache-2.0
// crypto.subtle (Web Cryptography API, and Secure Curves in it): the rules; what is computed is C's (api/crypto_….c).

import { idl, needs } from "./define";
import { algorithms, type Algorithm, type Material, type Operation } from "./subtle_algorithms";
import { copyOf, fail, hashName, made, normalize } from "./subtle_values";

const illegal = Symbol("new CryptoKey");
let materialOf: (key: CryptoKey) => Material;

const USAGES = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

export class CryptoKey {
  #type: string;
  #extractable: boolean;
  #algorithm: object;
  #usages: string[];
  #material: Material;
  constructor(...made: [type?: string, extractable?: boolean, algorithm?: object, usages?: string[], material?: Material, by?: symbol]) {
    const [type = "", extractable = false, algorithm = {}, usages = [], material = {}, by] = made;
    if (by !== illegal) throw new TypeError("Illegal constructor: keys come from crypto.subtle");
    this.#type = type;
    this.#extractable = extractable;
    this.#algorithm = algorithm;
    this.#usages = USAGES.filter((usage) => usages.includes(usage));
    this.#material = material;
  }
  get type(): string {
    return this.#type;
  }
  get extractable(): boolean {
    return this.#extractable;
  }
  get algorithm(): object {
    return this.#algorithm;
  }
  get usages(): string[] {
    return this.#usages;
  }
  static {
    materialOf = (key) => key.#material;
  }
}
idl(CryptoKey);

function makeKey(type: string, extractable: boolean, algorithm: object, usages: string[], material: Material): CryptoKey {
  return new CryptoKey(type, extractable, algorithm, usages, material, illegal);
}

function usagesOf(given: Iterable<unknown>): string[] {
  if (typeof given !== "object" || given === null) throw new TypeError("the usages of a key are an array");
  const usages = [...given].map(String);
  for (const usage of usages)
    if (!USAGES.includes(usage)) throw new TypeError(`${JSON.stringify(usage)} is no usage of a key; there are ${USAGES.join(", ")}`);
  return usages;
}

/** Those of `usages` that a key of the type may have; it throws if there are others. */
function allowed(algorithm: Algorithm, type: string, usages: string[]): void {
  const may = type === "secret" ? algorithm.secret : type === "private" ? algorithm.private : algorithm.public;
  for (const usage of usages)
    if (!may?.includes(usage)) fail("SyntaxError", `a ${type} key for ${algorithm.name} cannot be used for ${usage}`);
}

function keyFor(key: unknown, name: string, usage: string): CryptoKey {
  if (!(key instanceof CryptoKey)) throw new TypeError("a CryptoKey is needed");
  if ((key.algorithm as { name: string }).name !== name)
    fail("InvalidAccessError", `the key is one for ${(key.algorithm as { name: string }).name}, not ${name}`);
  if (!key.usages.includes(usage)) fail("InvalidAccessError", `the key may not be used for ${usage}`);
  return key;
}

function bytes(source: unknown, what = "the data"): Uint8Array {
  const copy = copyOf(source);
  if (copy) return copy;
  throw new TypeError(`${what} must be an ArrayBuffer or a view on one`);
}

function find(operation: Operation, given: unknown): { algorithm: Algorithm; params: Record<string, unknown> } {
  const params = normalize(given);
  const name = String(params.name).toLowerCase();
  const algorithm = algorithms.find((one) => one.name.toLowerCase() === name);
  if (!algorithm || !(operation in algorithm)) fail("NotSupportedError", `${String(params.name)} is no algorithm for ${operation}()`);
  // A digest that does not exist is told of before anything else that is wrong.
  if (algorithm.hashed && (operation === "generate" || operation === "import")) hashName(params["hash"]);
  return { algorithm, params: { ...params, name: algorithm.name } };
}

type Pair = { publicKey: CryptoKey; privateKey: CryptoKey };

function generate(given: unknown, extractable: boolean, usages: string[]): CryptoKey | Pair {
  const { algorithm, params } = find("generate", given);
  if (algorithm.secret) {
    allowed(algorithm, "secret", usages);
    const { material, shown } = algorithm.generate!(params);
    if (!usages.length) fail("SyntaxError", "a secret key without usages is of no use");
    return makeKey("secret", extractable, shown, usages, material);
  }
  const both = [...(algorithm.private ?? []), ...(algorithm.public ?? [])];
  for (const usage of usages) if (!both.includes(usage)) fail("SyntaxError", `a key for ${algorithm.name} cannot be used for ${usage}`);
  const forPrivate = usages.filter((usage) => algorithm.private!.includes(usage));
  const { material, shown } = algorithm.generate!(params);
  if (!forPrivate.length) fail("SyntaxError", "a private key without usages is of no use");
  return {
    publicKey: makeKey("public", true, shown, usages.filter((usage) => algorithm.public!.includes(usage)), material),
    privateKey: makeKey("private", extractable, shown, forPrivate, material),
  };
}

interface Jwk {
  [member: string]: unknown;
  key_ops?: unknown;
  ext?: unknown;
  use?: unknown;
}

function checkJwk(jwk: Jwk, algorithm: Algorithm, extractable: boolean, usages: string[]): void {
  if (jwk.use !== undefined && usages.length && algorithm.use && jwk.use !== algorithm.use)
    fail("DataError", `the JSON Web Key is for the use ${JSON.stringify(jwk.use)}`);
  if (jwk.key_ops !== undefined) {
    const ops = jwk.key_ops as string[];
    if (!Array.isArray(ops) || new Set(ops).size !== ops.length || usages.some((usage) => !ops.includes(usage)))
      fail("DataError", "the JSON Web Key's key_ops do not have all of the usages");
  }
  if (jwk.ext === false && extractable) fail("DataError", "the JSON Web Key is not to be extracted");
}

const FORMATS = ["raw", "pkcs8", "spki", "jwk"];

function importKey(format: string, data: unknown, given: unknown, extractable: boolean, usages: string[]): CryptoKey {
  if (!FORMATS.includes(format)) throw new TypeError(`${JSON.stringify(format)} is no format of a key; there are ${FORMATS.join(", ")}`);
  const { algorithm, params } = find("import", given);
  let source: Uint8Array | Jwk;
  if (format === "jwk") {
    if (typeof data !== "object" || data === null || data instanceof ArrayBuffer || ArrayBuffer.isView(data))
      throw new TypeError("a key in the format jwk is an object");
    source = data as Jwk;
  } else source = bytes(data, `a key in the format ${format}`);
  const type = algorithm.secret ? "secret"
    : format === "pkcs8" || (format === "jwk" && (source as Jwk)["d"] !== undefined) ? "private" : "public";
  allowed(algorithm, type, usages);
  if (format === "jwk") checkJwk(source as Jwk, algorithm, extractable, usages);
  const { material, shown } = algorithm.import!(format, source, params, type);
  if (type !== "public" && !usages.length) fail("SyntaxError", `a ${type} key without usages is of no use`);
  return makeKey(type, extractable && !algorithm.noExport, shown, usages, material);
}

function exportKey(format: string, key: unknown): ArrayBuffer | object {
  if (!(key instanceof CryptoKey)) throw new TypeError("a CryptoKey is needed");
  if (!FORMATS.includes(format)) throw new TypeError(`${JSON.stringify(format)} is no format of a key; there are ${FORMATS.join(", ")}`);
  const algorithm = algorithms.find((one) => one.name === (key.algorithm as { name: string }).name)!;
  if (!algorithm.export) fail("NotSupportedError", `keys for ${algorithm.name} are not exported`);
  if (!key.extractable) fail("InvalidAccessError", "the key is not extractable");
  const out = algorithm.export(format, materialOf(key), key.algorithm as never, key.type);
  if (format === "jwk") Object.assign(out, { key_ops: [...key.usages], ext: key.extractable });
  return out;
}

function deriveBits(given: unknown, key: unknown, length: unknown, usage: string): ArrayBuffer {
  const { algorithm, params } = find("derive", given);
  const base = keyFor(key, algorithm.name, usage);
  if (algorithm.private && base.type !== "private") fail("InvalidAccessError", "secrets are derived from a private key");
  const peer = params["public"];
  if (peer instanceof CryptoKey) {
    if (peer.type !== "public") fail("InvalidAccessError", "the other's key must be a public one");
    if ((peer.algorithm as { name: string }).name !== algorithm.name) fail("InvalidAccessError", "the other's key is one of another algorithm");
    const curves = [base, peer].map((one) => (one.algorithm as { namedCurve?: string }).namedCurve);
    if (curves[0] !== curves[1]) fail("InvalidAccessError", "the other's key is on another curve");
    params["public"] = materialOf(peer);
  } else if (algorithm.private) throw new TypeError("the algorithm's member public must be a CryptoKey");
  const bits = length === null || length === undefined ? null : Number(length);
  return algorithm.derive!(params, materialOf(base), bits);
}

function keyLength(given: unknown): number | null {
  const { algorithm, params } = find("length", given);
  return algorithm.length!(params);
}

function crypt(operation: "encrypt" | "decrypt", given: unknown, key: unknown, data: unknown, usage: string): ArrayBuffer {
  const { algorithm, params } = find(operation, given);
  const source = bytes(data);
  const used = keyFor(key, algorithm.name, usage);
  if (algorithm.private && used.type !== (operation === "encrypt" ? "public" : "private"))
    fail("InvalidAccessError", `the key cannot ${operation}`);
  return made(algorithm[operation]!(params, materialOf(used), source, used.algorithm as never));
}

function wrapBytes(given: unknown, key: unknown, source: Uint8Array, way: "wrap" | "unwrap"): ArrayBuffer {
  const name = String(normalize(given).name).toLowerCase();
  const usage = `${way}Key`;
  if (name !== "aes-kw") return crypt(way === "wrap" ? "encrypt" : "decrypt", given, key, source, usage);
  const { algorithm, params } = find("wrap", given);
  return made(algorithm[way]!(params, materialOf(keyFor(key, algorithm.name, usage)), source));
}

export class SubtleCrypto {
  constructor(...by: symbol[]) {
    if (by[0] !== illegal) throw new TypeError("Illegal constructor: it is crypto.subtle");
  }
  async digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    needs(2, arguments.length, "digest()");
    const { algorithm: found } = find("digest", algorithm);
    return found.digest!(bytes(data));
  }
  async generateKey(algorithm: unknown, extractable: unknown, usages: Iterable<unknown>): Promise<CryptoKey | Pair> {
    needs(3, arguments.length, "generateKey()");
    return generate(algorithm, Boolean(extractable), usagesOf(usages));
  }
  async importKey(format: unknown, data: unknown, algorithm: unknown, extractable: unknown, usages: Iterable<unknown>): Promise<CryptoKey> {
    needs(5, arguments.length, "importKey()");
    return importKey(String(format), data, algorithm, Boolean(extractable), usagesOf(usages));
  }
  async exportKey(format: unknown, key: unknown): Promise<ArrayBuffer | object> {
    needs(2, arguments.length, "exportKey()");
    return exportKey(String(format), key);
  }
  async encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    needs(3, arguments.length, "encrypt()");
    return crypt("encrypt", algorithm, key, data, "encrypt");
  }
  async decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    needs(3, arguments.length, "decrypt()");
    return crypt("decrypt", algorithm, key, data, "decrypt");
  }
  async sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    needs(3, arguments.length, "sign()");
    const { algorithm: found, params } = find("sign", algorithm);
    const source = bytes(data);
    const used = keyFor(key, found.name, "sign");
    return made(found.sign!(params, materialOf(used), source, used.algorithm as never));
  }
  async verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    needs(4, arguments.length, "verify()");
    const { algorithm: found, params } = find("verify", algorithm);
    const sealed = bytes(signature, "the signature"), source = bytes(data);
    const used = keyFor(key, found.name, "verify");
    return found.verify!(params, materialOf(used), source, sealed, used.algorithm as never);
  }
  async deriveBits(algorithm: unknown, key: unknown, length: unknown = null): Promise<ArrayBuffer> {
    needs(2, arguments.length, "deriveBits()");
    return deriveBits(algorithm, key, length, "deriveBits");
  }
  async deriveKey(algorithm: unknown, key: unknown, type: unknown, extractable: unknown, usages: Iterable<unknown>): Promise<CryptoKey> {
    needs(5, arguments.length, "deriveKey()");
    const wanted = usagesOf(usages);
    find("import", type);
    const secret = deriveBits(algorithm, key, keyLength(type), "deriveKey");
    return importKey("raw", secret, type, Boolean(extractable), wanted);
  }
  async wrapKey(format: unknown, key: unknown, wrapping: unknown, algorithm: unknown): Promise<ArrayBuffer> {
    needs(4, arguments.length, "wrapKey()");
    const plain = exportKey(String(format), key);
    const source = plain instanceof ArrayBuffer ? new Uint8Array(plain) : new TextEncoder().encode(JSON.stringify(plain));
    return wrapBytes(algorithm, wrapping, source, "wrap");
  }
  async unwrapKey(
    format: unknown, wrapped: unknown, unwrapping: unknown, algorithm: unknown,
    type: unknown, extractable: unknown, usages: Iterable<unknown>,
  ): Promise<CryptoKey> {
    needs(7, arguments.length, "unwrapKey()");
    const wanted = usagesOf(usages);
    const plain = wrapBytes(algorithm, unwrapping, bytes(wrapped, "the wrapped key"), "unwrap");
    let source: unknown = plain;
    if (String(format) === "jwk") {
      try {
        source = JSON.parse(new TextDecoder().decode(plain));
      } catch {
        fail("DataError", "what was unwrapped is no JSON Web Key");
      }
    }
    return importKey(String(format), source, type, Boolean(extractable), wanted);
  }
  /** Whether two buffers of one length are equal, in a time that does not tell where they differ; as Workers have it. */
  timingSafeEqual(a: unknown, b: unknown): boolean {
    needs(2, arguments.length, "timingSafeEqual()");
    const x = bytes(a), y = bytes(b);
    if (x.length !== y.length) throw new TypeError("timingSafeEqual() compares buffers of the same length");
    return host.hash.equal(x, y);
  }
}
idl(SubtleCrypto);

host.web.subtle = new SubtleCrypto(illegal);
host.web.provide({ CryptoKey, SubtleCrypto });
