// SPDX-License-Identifier: Apache-2.0
// crypto.subtle's algorithms whose keys have two halves: RSA, elliptic curves, and those of RFC 8410.

import type { Algorithm, MadeKey, Material } from "./subtle_algorithms";
import { buffer, digestOf, fail, fromBase64Url, hashName, integer, made, toBase64Url } from "./subtle_values";

type Params = Record<string, unknown>;

const NO_KEY = "the data is no such key";

function der(format: string, data: Uint8Array | Params, kinds: string[]): { key: object; curve: string } {
  const key = host.keys.read(data as Uint8Array, format === "pkcs8") ?? fail("DataError", NO_KEY);
  const [kind, curve] = host.keys.kind(key);
  if (!kinds.includes(kind)) fail("DataError", `the data is a key of the type ${kind}`);
  return { key, curve };
}

/** The numbers of a JSON Web Key, as C takes them. */
function parts(jwk: Params, names: [member: string, part: string][]): (string | Uint8Array)[] {
  return names.flatMap(([member, part]) => [part, fromBase64Url(jwk[member], member)]);
}

const number = (key: Material, part: string, length = 0): string => toBase64Url(made(host.keys.part(key, part, length)));

function exportDer(format: string, key: Material, type: string): ArrayBuffer {
  if (format !== (type === "private" ? "pkcs8" : "spki")) fail("InvalidAccessError", `a ${type} key has no format ${format}`);
  return made(host.keys.write(key, type === "private"));
}

// ---- RSA ----

const RSA_PUBLIC: [string, string][] = [["n", "n"], ["e", "e"]];
const RSA_PRIVATE: [string, string][] = [
  ...RSA_PUBLIC, ["d", "d"], ["p", "rsa-factor1"], ["q", "rsa-factor2"],
  ["dp", "rsa-exponent1"], ["dq", "rsa-exponent2"], ["qi", "rsa-coefficient1"],
];

function rsaKey(name: string, hash: string, key: object): MadeKey {
  const modulus = new Uint8Array(made(host.keys.part(key, "n", 0), "DataError", NO_KEY));
  const publicExponent = new Uint8Array(made(host.keys.part(key, "e", 0), "DataError", NO_KEY));
  const modulusLength = modulus.length * 8 - Math.clz32(modulus[0]!) + 24;
  return { material: key, shown: { name, modulusLength, publicExponent, hash: { name: hash } } };
}

function rsaRow(name: string, alg: (bits: string) => string, row: Partial<Algorithm>): Algorithm {
  const algOf = (hash: string): string => alg(hash.slice(4));
  return {
    name,
    hashed: true,
    use: "sig",
    private: ["sign"],
    public: ["verify"],
    generate(params) {
      const hash = hashName(params["hash"]);
      const exponent = params["publicExponent"];
      if (!(exponent instanceof Uint8Array)) throw new TypeError("the algorithm's member publicExponent must be a Uint8Array");
      const key = host.keys.makeRsa(integer(params, "modulusLength", 2 ** 32 - 1), exponent);
      return rsaKey(name, hash, key ?? fail("OperationError", "there is no RSA key of that length and exponent"));
    },
    import(format, data, params, type) {
      const hash = hashName(params["hash"]);
      if (format === "raw") fail("NotSupportedError", "RSA keys have no format raw");
      if (format !== "jwk") return rsaKey(name, hash, der(format, data, ["RSA"]).key);
      const jwk = data as Params;
      if (jwk["kty"] !== "RSA") fail("DataError", "the JSON Web Key is not of the type RSA");
      if (jwk["alg"] !== undefined && jwk["alg"] !== algOf(hash)) fail("DataError", `the JSON Web Key is one for ${String(jwk["alg"])}, not ${algOf(hash)}`);
      if (jwk["oth"] !== undefined) fail("NotSupportedError", "RSA keys of more than two primes are not supported");
      const numbers = parts(jwk, type === "private" ? RSA_PRIVATE : RSA_PUBLIC);
      return rsaKey(name, hash, host.keys.fromParts("RSA", numbers, type === "private") ?? fail("DataError", NO_KEY));
    },
    export(format, key, shown, type) {
      if (format === "raw") fail("NotSupportedError", "RSA keys have no format raw");
      if (format !== "jwk") return exportDer(format, key, type);
      const jwk: Params = { kty: "RSA", alg: algOf(shown.hash.name) };
      for (const [member, part] of type === "private" ? RSA_PRIVATE : RSA_PUBLIC) jwk[member] = number(key, part);
      return jwk;
    },
    ...row,
  };
}

function signature(how: string): Partial<Algorithm> {
  const salt = (params: Params): number => (how === "pss" ? integer(params, "saltLength", 2 ** 32 - 1) : 0);
  return {
    sign: (params, key, data, shown) => host.signing.sign(how, digestOf(shown.hash.name), key, data, salt(params)),
    verify: (params, key, data, sealed, shown) =>
      host.signing.verify(how, digestOf(shown.hash.name), key, data, salt(params), sealed) === true,
  };
}

export const rsa: Algorithm[] = [
  rsaRow("RSASSA-PKCS1-v1_5", (bits) => `RS${bits}`, signature("pkcs1")),
  rsaRow("RSA-PSS", (bits) => `PS${bits}`, signature("pss")),
  rsaRow("RSA-OAEP", (bits) => (bits === "1" ? "RSA-OAEP" : `RSA-OAEP-${bits}`), {
    use: "enc",
    private: ["decrypt", "unwrapKey"],
    public: ["encrypt", "wrapKey"],
    encrypt: (params, key, data, shown) => host.signing.oaep(true, digestOf(shown.hash.name), key, buffer(params, "label", false), data),
    decrypt: (params, key, data, shown) => host.signing.oaep(false, digestOf(shown.hash.name), key, buffer(params, "label", false), data),
  }),
];

// ---- elliptic curves ----

const CURVES: Record<string, { openssl: string; bytes: number; bits: number }> = {
  "P-256": { openssl: "prime256v1", bytes: 32, bits: 256 },
  "P-384": { openssl: "secp384r1", bytes: 48, bits: 384 },
  "P-521": { openssl: "secp521r1", bytes: 66, bits: 521 },
};

function curveOf(params: Params): string {
  if (params["namedCurve"] === undefined) throw new TypeError("the algorithm's member namedCurve is missing");
  const name = String(params["namedCurve"]);
  return name in CURVES ? name : fail("NotSupportedError", `${name} is no curve; there are ${Object.keys(CURVES).join(", ")}`);
}

function point(x: Uint8Array, y: Uint8Array): Uint8Array {
  const whole = new Uint8Array(1 + x.length + y.length);
  whole[0] = 4;
  whole.set(x, 1);
  whole.set(y, 1 + x.length);
  return whole;
}

function ecFromJwk(name: string, namedCurve: string, jwk: Params, type: string): object {
  const { openssl, bytes } = CURVES[namedCurve]!;
  if (jwk["kty"] !== "EC") fail("DataError", "the JSON Web Key is not of the type EC");
  if (jwk["crv"] !== namedCurve) fail("DataError", `the JSON Web Key is on the curve ${String(jwk["crv"])}`);
  const alg = `ES${namedCurve.slice(2).replace("521", "512")}`;
  if (name === "ECDSA" && jwk["alg"] !== undefined && jwk["alg"] !== alg) fail("DataError", `the JSON Web Key is one for ${String(jwk["alg"])}, not ${alg}`);
  const x = fromBase64Url(jwk["x"], "x"), y = fromBase64Url(jwk["y"], "y");
  const d = type === "private" ? fromBase64Url(jwk["d"], "d") : undefined;
  if (x.length !== bytes || y.length !== bytes || (d && d.length !== bytes)) fail("DataError", `numbers on the curve ${namedCurve} have ${bytes} bytes`);
  const numbers = ["group", openssl, "pub", point(x, y), ...(d ? ["priv", d] : [])];
  return host.keys.fromParts("EC", numbers, type === "private") ?? fail("DataError", NO_KEY);
}

function ecRow(name: string, row: Partial<Algorithm>): Algorithm {
  return {
    name,
    generate(params) {
      const namedCurve = curveOf(params);
      const key = host.keys.make("EC", CURVES[namedCurve]!.openssl) ?? fail("OperationError", "the operation failed");
      return { material: key, shown: { name, namedCurve } };
    },
    import(format, data, params, type) {
      const namedCurve = curveOf(params);
      const { openssl } = CURVES[namedCurve]!;
      let key: object;
      if (format === "jwk") key = ecFromJwk(name, namedCurve, data as Params, type);
      else if (format === "raw") key = host.keys.fromParts("EC", ["group", openssl, "pub", data as Uint8Array], false) ?? fail("DataError", NO_KEY);
      else {
        const read = der(format, data, ["EC"]);
        if (read.curve !== openssl) fail("DataError", "the key is on another curve");
        key = read.key;
      }
      return { material: key, shown: { name, namedCurve } };
    },
    export(format, key, shown, type) {
      const { bytes } = CURVES[shown.namedCurve]!;
      if (format === "raw" && type !== "public") fail("InvalidAccessError", "a private key has no format raw");
      if (format === "raw")
        return point(new Uint8Array(made(host.keys.part(key, "qx", bytes))), new Uint8Array(made(host.keys.part(key, "qy", bytes)))).buffer;
      if (format !== "jwk") return exportDer(format, key, type);
      const jwk: Params = { kty: "EC", crv: shown.namedCurve, x: number(key, "qx", bytes), y: number(key, "qy", bytes) };
      if (type === "private") jwk["d"] = number(key, "priv", bytes);
      return jwk;
    },
    ...row,
  };
}

/** The first bits of a secret. */
function bitsOf(secret: ArrayBuffer | null, bits: number | null, most: number): ArrayBuffer {
  const all = made(secret);
  if (bits === null) return all;
  if (bits > most) fail("OperationError", `the secret has ${most} bits, not ${bits}`);
  const cut = all.slice(0, Math.ceil(bits / 8));
  if (bits % 8) new Uint8Array(cut)[cut.byteLength - 1]! &= 0xff << (8 - (bits % 8));
  return cut;
}

export const ec: Algorithm[] = [
  ecRow("ECDSA", {
    use: "sig",
    private: ["sign"],
    public: ["verify"],
    sign: (params, key, data) => host.signing.sign("ecdsa", digestOf(hashName(params["hash"])), key, data, 0),
    verify: (params, key, data, sealed) =>
      host.signing.verify("ecdsa", digestOf(hashName(params["hash"])), key, data, 0, sealed) === true,
  }),
  ecRow("ECDH", {
    use: "enc",
    private: ["deriveKey", "deriveBits"],
    public: [],
    derive(params, key, bits) {
      const secret = host.signing.agree(key, params["public"] as object);
      return bitsOf(secret, bits, (secret?.byteLength ?? 0) * 8);
    },
  }),
];

// ---- Ed25519, Ed448, X25519 and X448 ----

function okpRow(name: string, row: Partial<Algorithm>): Algorithm {
  const openssl = name.toUpperCase();
  return {
    name,
    generate: () => ({ material: host.keys.make(openssl, "") ?? fail("OperationError", "the operation failed"), shown: { name } }),
    import(format, data, _params, type) {
      const secret = type === "private";
      let key: object | null;
      if (format === "jwk") {
        const jwk = data as Params;
        if (jwk["kty"] !== "OKP" || jwk["crv"] !== name) fail("DataError", `the JSON Web Key is not of the type OKP, with the curve ${name}`);
        if (name.startsWith("Ed") && jwk["alg"] !== undefined && jwk["alg"] !== "EdDSA" && jwk["alg"] !== name) fail("DataError", "the JSON Web Key is one for another algorithm");
        const x = fromBase64Url(jwk["x"], "x");
        key = host.keys.fromRaw(openssl, secret ? fromBase64Url(jwk["d"], "d") : x, secret);
        if (key && secret && !host.hash.equal(made(host.keys.raw(key, false)), x)) fail("DataError", "the halves of the key do not belong together");
      } else if (format === "raw") key = host.keys.fromRaw(openssl, data as Uint8Array, false);
      else key = der(format, data, [openssl]).key;
      return { material: key ?? fail("DataError", NO_KEY), shown: { name } };
    },
    export(format, key, _shown, type) {
      if (format === "raw") return type === "public" ? made(host.keys.raw(key, false)) : fail("InvalidAccessError", "a private key has no format raw");
      if (format !== "jwk") return exportDer(format, key, type);
      const jwk: Params = { kty: "OKP", crv: name, x: toBase64Url(made(host.keys.raw(key, false))) };
      if (type === "private") jwk["d"] = toBase64Url(made(host.keys.raw(key, true)));
      return jwk;
    },
    ...row,
  };
}

const SIGNS: Partial<Algorithm> = {
  use: "sig",
  private: ["sign"],
  public: ["verify"],
  sign: (_, key, data) => host.signing.sign("eddsa", "", key, data, 0),
  verify: (_, key, data, sealed) => host.signing.verify("eddsa", "", key, data, 0, sealed) === true,
};

const agrees = (most: number): Partial<Algorithm> => ({
  use: "enc",
  private: ["deriveKey", "deriveBits"],
  public: [],
  derive: (params, key, bits) => bitsOf(host.signing.agree(key, params["public"] as object), bits, most),
});

export const okp: Algorithm[] = [
  okpRow("Ed25519", SIGNS), okpRow("Ed448", SIGNS), okpRow("X25519", agrees(256)), okpRow("X448", agrees(448)),
];
