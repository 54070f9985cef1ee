// SPDX-License-Identifier: Apache-2.0
// crypto: vectors of RFC 4231, 5869, 6070, 3394, 8032, 7515, of NIST (SP 800-38A, GCM), and the rules of the standard.

const { subtle } = crypto;
const importRaw = (bytes, algorithm, ...usages) => subtle.importKey("raw", bytes, algorithm, true, usages);

test("random values and UUIDs are the world's", () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  ok(bytes.some((b) => b !== 0));
  ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()));
  throws(() => crypto.getRandomValues(new Float64Array(1)), "TypeMismatchError");
  throws(() => crypto.getRandomValues(new Uint8Array(65537)), "QuotaExceededError");
});

test("digests", async () => {
  const abc = utf8("abc");
  equal(hex(await subtle.digest("SHA-1", abc)), "a9993e364706816aba3e25717850c26c9cd0d89d");
  equal(hex(await subtle.digest({ name: "sha-256" }, abc)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  equal(hex(await subtle.digest("SHA-384", abc)).slice(0, 32), "cb00753f45a35e8bb5a03d699ac65007");
  equal(hex(await subtle.digest("SHA-512", abc.buffer)).slice(0, 32), "ddaf35a193617abacc417349ae204131");
  equal(hex(await subtle.digest("SHA-256", new Uint8Array())).slice(0, 16), "e3b0c44298fc1c14");
  await rejects(subtle.digest("MD5", abc), "NotSupportedError");
  await rejects(subtle.digest("SHA-256", "abc"), "TypeError");
  await rejects(subtle.digest({}, abc), "TypeError");
});

test("HMAC signs and verifies", async () => {
  const key = await importRaw(utf8("Jefe"), { name: "HMAC", hash: "SHA-256" }, "sign", "verify");
  const data = utf8("what do ya want for nothing?");
  const mac = await subtle.sign("HMAC", key, data);
  equal(hex(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  equal(await subtle.verify("HMAC", key, mac, data), true);
  new Uint8Array(mac)[31] ^= 1;
  equal(await subtle.verify("HMAC", key, mac, data), false);
  equal(await subtle.verify("HMAC", key, new Uint8Array(3), data), false);
  equal(key.algorithm, { name: "HMAC", hash: { name: "SHA-256" }, length: 32 });
  equal(await subtle.exportKey("jwk", key), { kty: "oct", k: "SmVmZQ", alg: "HS256", key_ops: ["sign", "verify"], ext: true });
  const made = await subtle.generateKey({ name: "HMAC", hash: "SHA-512" }, true, ["sign"]);
  equal((await subtle.exportKey("raw", made)).byteLength, 128);
  await rejects(subtle.verify("HMAC", made, mac, data), "InvalidAccessError", "verify");
});

test("AES-GCM", async () => {
  const key = await importRaw(unhex("feffe9928665731c6d6a8f9467308308"), "AES-GCM", "encrypt", "decrypt");
  const iv = unhex("cafebabefacedbaddecaf888");
  const plain = unhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
  const additionalData = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const sealed = await subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, plain);
  equal(hex(sealed), "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47");
  equal(hex(await subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, sealed)), hex(plain));
  await rejects(subtle.decrypt({ name: "AES-GCM", iv }, key, sealed), "OperationError");
  await rejects(subtle.decrypt({ name: "AES-GCM", iv }, key, new Uint8Array(5)), "OperationError");
  await rejects(subtle.encrypt({ name: "AES-GCM", iv, tagLength: 100 }, key, plain), "OperationError");
  equal((await subtle.encrypt({ name: "AES-GCM", iv, tagLength: 96 }, key, plain)).byteLength, plain.length + 12);
  equal(hex(await subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, await importRaw(new Uint8Array(16), "AES-GCM", "encrypt"), new Uint8Array())),
    "58e2fccefa7e3061367f1d57a4e7455a");
});

test("AES-CBC pads and checks its padding", async () => {
  const key = await importRaw(unhex("2b7e151628aed2a6abf7158809cf4f3c"), "AES-CBC", "encrypt", "decrypt");
  const iv = unhex("000102030405060708090a0b0c0d0e0f");
  const plain = unhex("6bc1bee22e409f96e93d7e117393172a");
  const sealed = await subtle.encrypt({ name: "AES-CBC", iv }, key, plain);
  equal(hex(sealed).slice(0, 32), "7649abac8119b246cee98e9b12e9197d");
  equal(sealed.byteLength, 32);
  equal(hex(await subtle.decrypt({ name: "AES-CBC", iv }, key, sealed)), hex(plain));
  await rejects(subtle.decrypt({ name: "AES-CBC", iv }, key, sealed.slice(0, 16)), "OperationError");
  await rejects(subtle.decrypt({ name: "AES-CBC", iv }, key, new Uint8Array(0)), "OperationError");
  await rejects(subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(8) }, key, plain), "OperationError");
  await rejects(subtle.encrypt({ name: "AES-CBC" }, key, plain), "TypeError");
});

test("AES-CTR counts in the last bits of its block alone", async () => {
  const key = await importRaw(unhex("2b7e151628aed2a6abf7158809cf4f3c"), "AES-CTR", "encrypt", "decrypt");
  const counter = unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  const plain = unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  equal(hex(await subtle.encrypt({ name: "AES-CTR", counter, length: 64 }, key, plain)),
    "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff");
  const wrapping = await subtle.encrypt({ name: "AES-CTR", counter, length: 8 }, key, plain);
  const zero = counter.slice();
  zero[15] = 0;
  const second = await subtle.encrypt({ name: "AES-CTR", counter: zero, length: 128 }, key, plain.subarray(16));
  equal(hex(wrapping).slice(32), hex(second));
  equal(hex(await subtle.decrypt({ name: "AES-CTR", counter, length: 8 }, key, wrapping)), hex(plain));
  await rejects(subtle.encrypt({ name: "AES-CTR", counter, length: 1 }, key, new Uint8Array(33)), "OperationError");
});

test("AES-KW wraps keys", async () => {
  const kek = await importRaw(unhex("000102030405060708090a0b0c0d0e0f"), "AES-KW", "wrapKey", "unwrapKey");
  const key = await importRaw(unhex("00112233445566778899aabbccddeeff"), "AES-GCM", "encrypt");
  const wrapped = await subtle.wrapKey("raw", key, kek, "AES-KW");
  equal(hex(wrapped), "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
  const back = await subtle.unwrapKey("raw", wrapped, kek, "AES-KW", "AES-GCM", true, ["encrypt"]);
  equal(hex(await subtle.exportKey("raw", back)), "00112233445566778899aabbccddeeff");
  new Uint8Array(wrapped)[0] ^= 1;
  await rejects(subtle.unwrapKey("raw", wrapped, kek, "AES-KW", "AES-GCM", true, ["encrypt"]), "OperationError");
});

test("keys are wrapped as JSON Web Keys, too", async () => {
  const wrapping = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
  const { privateKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  const iv = new Uint8Array(12);
  const wrapped = await subtle.wrapKey("jwk", privateKey, wrapping, { name: "AES-GCM", iv });
  const back = await subtle.unwrapKey("jwk", wrapped, wrapping, { name: "AES-GCM", iv }, { name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  equal(await subtle.exportKey("jwk", back), await subtle.exportKey("jwk", privateKey));
  await rejects(subtle.exportKey("raw", wrapping), "InvalidAccessError");
});

test("PBKDF2 and HKDF", async () => {
  const password = await subtle.importKey("raw", utf8("password"), "PBKDF2", false, ["deriveBits", "deriveKey"]);
  const pbkdf2 = (iterations, bits, key = password) => subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: utf8("salt"), iterations }, key, bits);
  equal(hex(await pbkdf2(4096, 160)), "4b007901b765489abead49d926f721d065a429c1");
  await rejects(pbkdf2(0, 160), "OperationError");
  await rejects(pbkdf2(1, 7), "OperationError");
  await rejects(pbkdf2(1e10, 8), "TypeError");
  const ikm = await subtle.importKey("raw", unhex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), "HKDF", false, ["deriveBits", "deriveKey"]);
  const params = { name: "HKDF", hash: "SHA-256", salt: unhex("000102030405060708090a0b0c"), info: unhex("f0f1f2f3f4f5f6f7f8f9") };
  equal(hex(await subtle.deriveBits(params, ikm, 336)),
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  await rejects(subtle.deriveBits(params, ikm, 8 * 256 * 32), "OperationError");
  const key = await subtle.deriveKey(params, ikm, { name: "AES-GCM", length: 256 }, true, ["encrypt"]);
  equal(hex(await subtle.exportKey("raw", key)).slice(0, 16), "3cb25f25faacd57a");
  const empty = await subtle.importKey("raw", new Uint8Array(), "HKDF", false, ["deriveBits"]);
  equal((await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: new Uint8Array() }, empty, 256)).byteLength, 32);
  await rejects(subtle.importKey("raw", utf8("x"), "PBKDF2", false, []), "SyntaxError");
});

test("RSA: made, exported in all formats, imported again", async () => {
  const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) };
  const { publicKey, privateKey } = await subtle.generateKey(rsa, true, ["sign", "verify"]);
  equal([publicKey.type, privateKey.type, publicKey.usages, privateKey.usages], ["public", "private", ["verify"], ["sign"]]);
  equal(publicKey.algorithm.modulusLength, 1024);
  equal(hex(publicKey.algorithm.publicExponent), "010001");
  const data = utf8("data");
  const signature = await subtle.sign("RSASSA-PKCS1-v1_5", privateKey, data);
  for (const format of ["jwk", "spki"]) {
    const copy = await subtle.importKey(format, await subtle.exportKey(format, publicKey), rsa, true, ["verify"]);
    equal(await subtle.verify("RSASSA-PKCS1-v1_5", copy, signature, data), true, format);
    equal(await subtle.verify("RSASSA-PKCS1-v1_5", copy, signature, utf8("other")), false, format);
  }
  for (const format of ["jwk", "pkcs8"]) {
    const copy = await subtle.importKey(format, await subtle.exportKey(format, privateKey), rsa, true, ["sign"]);
    equal(hex(await subtle.sign("RSASSA-PKCS1-v1_5", copy, data)), hex(signature), format);
  }
  const jwk = await subtle.exportKey("jwk", publicKey);
  equal([jwk.kty, jwk.alg, jwk.e, jwk.ext, jwk.key_ops], ["RSA", "RS256", "AQAB", true, ["verify"]]);
  await rejects(subtle.importKey("jwk", { ...jwk, alg: "RS512" }, rsa, true, ["verify"]), "DataError");
  await rejects(subtle.importKey("jwk", { ...jwk, n: "!" }, rsa, true, ["verify"]), "DataError");
  await rejects(subtle.importKey("jwk", jwk, rsa, true, ["sign"]), "SyntaxError");
  await rejects(subtle.importKey("spki", new Uint8Array([48, 3, 1, 1, 0]), rsa, true, ["verify"]), "DataError");
  await rejects(subtle.exportKey("pkcs8", publicKey), "InvalidAccessError");
  await rejects(subtle.generateKey({ ...rsa, publicExponent: new Uint8Array([0]) }, true, ["sign"]), "OperationError");
  await rejects(subtle.generateKey({ ...rsa, modulusLength: 1e9 }, true, ["sign"]), "OperationError");
});

test("RSA-PSS and RSA-OAEP", async () => {
  const make = (name, ...usages) => subtle.generateKey({ name, hash: "SHA-256", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) }, false, usages);
  const pss = await make("RSA-PSS", "sign", "verify");
  const data = utf8("data"), algorithm = { name: "RSA-PSS", saltLength: 32 };
  const signature = await subtle.sign(algorithm, pss.privateKey, data);
  equal(await subtle.verify(algorithm, pss.publicKey, signature, data), true);
  equal(await subtle.verify({ name: "RSA-PSS", saltLength: 20 }, pss.publicKey, signature, data), false);
  await rejects(subtle.sign({ name: "RSA-PSS", saltLength: 1000 }, pss.privateKey, data), "OperationError");
  await rejects(subtle.exportKey("pkcs8", pss.privateKey), "InvalidAccessError", "extractable");
  const oaep = await make("RSA-OAEP", "encrypt", "decrypt");
  const label = utf8("label");
  const sealed = await subtle.encrypt({ name: "RSA-OAEP", label }, oaep.publicKey, data);
  equal(hex(await subtle.decrypt({ name: "RSA-OAEP", label }, oaep.privateKey, sealed)), hex(data));
  await rejects(subtle.decrypt({ name: "RSA-OAEP" }, oaep.privateKey, sealed), "OperationError");
  await rejects(subtle.encrypt({ name: "RSA-OAEP" }, oaep.publicKey, new Uint8Array(500)), "OperationError");
});

test("ECDSA on each curve, in all formats", async () => {
  for (const [namedCurve, bytes] of [["P-256", 32], ["P-384", 48], ["P-521", 66]]) {
    const curve = { name: "ECDSA", namedCurve }, algorithm = { name: "ECDSA", hash: "SHA-256" };
    const { publicKey, privateKey } = await subtle.generateKey(curve, true, ["sign", "verify"]);
    const data = utf8("data");
    const signature = await subtle.sign(algorithm, privateKey, data);
    equal(signature.byteLength, 2 * bytes);
    for (const format of ["raw", "jwk", "spki"]) {
      const copy = await subtle.importKey(format, await subtle.exportKey(format, publicKey), curve, true, ["verify"]);
      equal(await subtle.verify(algorithm, copy, signature, data), true, `${namedCurve} ${format}`);
    }
    for (const format of ["jwk", "pkcs8"]) {
      const copy = await subtle.importKey(format, await subtle.exportKey(format, privateKey), curve, true, ["sign"]);
      equal(await subtle.verify(algorithm, publicKey, await subtle.sign(algorithm, copy, data), data), true, `${namedCurve} ${format}`);
    }
    equal(await subtle.verify(algorithm, publicKey, new Uint8Array(2 * bytes), data), false);
    equal(await subtle.verify(algorithm, publicKey, new Uint8Array(1), data), false);
  }
});

test("ECDSA verifies what others signed (RFC 7515, A.3)", async () => {
  const key = await subtle.importKey("jwk", {
    kty: "EC", crv: "P-256", x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  }, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
  const token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  const signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
  const bytes = Uint8Array.from(atob(signature.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  equal(await subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytes, utf8(token)), true);
  equal(await subtle.verify({ name: "ECDSA", hash: "SHA-384" }, key, bytes, utf8(token)), false);
});

test("points off the curve and halves that do not belong together are refused", async () => {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const a = await subtle.generateKey(curve, true, ["sign"]), b = await subtle.generateKey(curve, true, ["sign"]);
  const [x, y] = [await subtle.exportKey("jwk", a.privateKey), await subtle.exportKey("jwk", b.privateKey)];
  await rejects(subtle.importKey("jwk", { ...x, d: y.d }, curve, true, ["sign"]), "DataError");
  await rejects(subtle.importKey("jwk", { kty: "EC", crv: "P-256", x: x.x, y: y.y }, curve, true, ["verify"]), "DataError");
  await rejects(subtle.importKey("raw", new Uint8Array(65).fill(4), curve, true, ["verify"]), "DataError");
  await rejects(subtle.importKey("raw", new Uint8Array(0), curve, true, ["verify"]), "DataError");
  await rejects(subtle.generateKey({ name: "ECDSA", namedCurve: "P-1" }, true, ["sign"]), "NotSupportedError");
  await rejects(subtle.importKey("spki", await subtle.exportKey("spki", a.publicKey), { ...curve, namedCurve: "P-384" }, true, ["verify"]), "DataError");
});

test("Ed25519 (RFC 8032, 7.1, test 2)", async () => {
  const jwk = { kty: "OKP", crv: "Ed25519", x: "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw", d: "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs" };
  const key = await subtle.importKey("jwk", jwk, "Ed25519", true, ["sign"]);
  const signature = await subtle.sign("Ed25519", key, unhex("72"));
  equal(hex(signature), "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  const open = await subtle.importKey("raw", unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), "Ed25519", true, ["verify"]);
  equal(await subtle.verify("Ed25519", open, signature, unhex("72")), true);
  equal(await subtle.verify("Ed25519", open, signature, unhex("73")), false);
  const again = await subtle.importKey("pkcs8", await subtle.exportKey("pkcs8", key), "Ed25519", true, ["sign"]);
  equal((await subtle.exportKey("jwk", again)).d, jwk.d);
  await rejects(subtle.importKey("jwk", { ...jwk, x: jwk.d }, "Ed25519", true, ["sign"]), "DataError");
  await rejects(subtle.importKey("raw", new Uint8Array(31), "Ed25519", true, ["verify"]), "DataError");
});

test("X25519 and ECDH agree on secrets", async () => {
  const a = await subtle.importKey("pkcs8", unhex(`302e020100300506032b656e04220420${"77".repeat(32)}`), "X25519", true, ["deriveBits"]);
  const b = await subtle.generateKey("X25519", true, ["deriveBits"]);
  const open = await subtle.importKey("jwk", (({ kty, crv, x }) => ({ kty, crv, x }))(await subtle.exportKey("jwk", a)), "X25519", true, []);
  equal(hex(await subtle.deriveBits({ name: "X25519", public: b.publicKey }, a, 256)), hex(await subtle.deriveBits({ name: "X25519", public: open }, b.privateKey, 256)));
  for (const namedCurve of ["P-256", "P-384", "P-521"]) {
    const [x, y] = await Promise.all([0, 1].map(() => subtle.generateKey({ name: "ECDH", namedCurve }, true, ["deriveBits", "deriveKey"])));
    const one = await subtle.deriveBits({ name: "ECDH", public: y.publicKey }, x.privateKey, null);
    equal(hex(one), hex(await subtle.deriveBits({ name: "ECDH", public: x.publicKey }, y.privateKey, null)));
    const key = await subtle.deriveKey({ name: "ECDH", public: y.publicKey }, x.privateKey, { name: "AES-GCM", length: 128 }, true, ["encrypt"]);
    equal(hex(await subtle.exportKey("raw", key)), hex(one).slice(0, 32));
    equal(hex(await subtle.deriveBits({ name: "ECDH", public: y.publicKey }, x.privateKey, 12)).length, 4);
    await rejects(subtle.deriveBits({ name: "ECDH", public: x.privateKey }, x.privateKey, 8), "InvalidAccessError");
    await rejects(subtle.deriveBits({ name: "ECDH", public: y.publicKey }, x.privateKey, 1024), "OperationError");
    await rejects(subtle.deriveBits({ name: "ECDH" }, x.privateKey, 8), "TypeError");
  }
});

test("what keys are: a class that nobody makes, usages in order", async () => {
  throws(() => new CryptoKey(), "TypeError");
  throws(() => new SubtleCrypto(), "TypeError");
  ok(crypto.subtle instanceof SubtleCrypto && crypto.subtle === crypto.subtle);
  const key = await importRaw(new Uint8Array(16), "AES-GCM", "unwrapKey", "encrypt", "encrypt");
  equal(key.usages, ["encrypt", "unwrapKey"]);
  equal(Object.prototype.toString.call(key), "[object CryptoKey]");
  await rejects(importRaw(new Uint8Array(16), "AES-GCM", "sign"), "SyntaxError");
  await rejects(importRaw(new Uint8Array(16), "AES-GCM", "fly"), "TypeError");
  await rejects(importRaw(new Uint8Array(15), "AES-GCM", "encrypt"), "DataError");
  await rejects(subtle.importKey("png", new Uint8Array(16), "AES-GCM", true, ["encrypt"]), "TypeError");
  await rejects(subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(16) }, key, new Uint8Array(1)), "InvalidAccessError");
  await rejects(subtle.encrypt("AES-GCM", {}, new Uint8Array(1)), "TypeError");
  equal(subtle.timingSafeEqual(utf8("a"), utf8("a")), true);
  equal(subtle.timingSafeEqual(utf8("a"), utf8("b")), false);
  throws(() => subtle.timingSafeEqual(utf8("a"), utf8("ab")), "TypeError");
});

test("detached buffers and patched prototypes do no harm", async () => {
  const gone = new Uint8Array(8);
  gone.buffer.transfer();
  equal(hex(await subtle.digest("SHA-256", gone)).slice(0, 8), "e3b0c442");
  Object.prototype.hash = "SHA-1";
  Object.prototype.then = undefined;
  try {
    equal(hex(await subtle.digest("SHA-1", utf8("abc"))).slice(0, 8), "a9993e36");
  } finally {
    delete Object.prototype.hash;
    delete Object.prototype.then;
  }
});
