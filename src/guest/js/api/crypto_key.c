/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of two halves: made, read from and written as DER, and taken apart into numbers for JSON Web Keys. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "guest/js/api/crypto_priv.h"
#include "guest/js/api/modules.h"

enum { NUMBER_BYTES_MAX = 2048, PARTS_MAX = 16, RSA_BITS_MIN = 512, RSA_BITS_MAX = 8192 };

static void release(void *thing)
{
	EVP_PKEY_free(thing);
}

static struct js_kind key_kind = { .name = "Key", .release = release };

EVP_PKEY *crypto_key(struct js_call *c, size_t i)
{
	return js_arg_thing(c, i, &key_kind);
}

static JSValueRef hand_over(struct js_call *c, EVP_PKEY *key)
{
	return key ? js_wrap(c->ctx, &key_kind, key) : crypto_failed(c);
}

/* ---- making ---- */

static EVP_PKEY *make_rsa(double bits, struct str exponent)
{
	EVP_PKEY *key = NULL;
	if (!(bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX) || exponent.len > sizeof(uint64_t))
		return NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *e = BN_bin2bn(crypto_at(exponent), (int)exponent.len, NULL);
	if (!(ctx && e && EVP_PKEY_keygen_init(ctx) > 0 &&
	      EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) > 0 &&
	      EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e) > 0 && EVP_PKEY_generate(ctx, &key) > 0))
		key = NULL;
	BN_free(e);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* makeRsa(bits, exponent) → a key */
JS_FUNCTION(make_rsa_key)
{
	struct str exponent;
	double bits = js_arg_number(c, 0);
	if (!crypto_bytes(c, 1, &exponent))
		return NULL;
	crypto_chance_begin(c->realm);
	EVP_PKEY *key = make_rsa(bits, exponent);
	crypto_chance_end();
	return hand_over(c, key);
}

/* make(type, curve): "EC" with a curve, or "ED25519", "ED448", "X25519", "X448" */
JS_FUNCTION(make)
{
	struct str type = js_arg_str(c, 0), curve = js_arg_str(c, 1);
	if (*c->exception)
		return NULL;
	crypto_chance_begin(c->realm);
	EVP_PKEY *key = str_eq(type, STR("EC")) ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve.ptr)
						: EVP_PKEY_Q_keygen(NULL, NULL, type.ptr);
	crypto_chance_end();
	return hand_over(c, key);
}

/* ---- DER ---- */

/* read(bytes, private): a SubjectPublicKeyInfo, or a PrivateKeyInfo (PKCS #8) */
JS_FUNCTION(read_key)
{
	struct str bytes;
	bool secret = js_arg_bool(c, 1);
	EVP_PKEY *key = NULL;
	if (!crypto_bytes(c, 0, &bytes))
		return NULL;
	const unsigned char *p = crypto_at(bytes), *end = p + bytes.len;
	if (bytes.len > LONG_MAX)
		return crypto_failed(c);
	if (secret) {
		PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)bytes.len);
		key = info && p == end ? EVP_PKCS82PKEY(info) : NULL;
		PKCS8_PRIV_KEY_INFO_free(info);
	} else {
		key = d2i_PUBKEY(NULL, &p, (long)bytes.len);
		if (p != end) {
			EVP_PKEY_free(key);
			key = NULL;
		}
	}
	/* However its point was written, it is written in full. */
	if (key && EVP_PKEY_is_a(key, "EC") &&
	    !EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed"))
		ERR_clear_error();
	return hand_over(c, key);
}

/* write(key, private) → the bytes that read() reads */
JS_FUNCTION(write_key)
{
	EVP_PKEY *key = crypto_key(c, 0);
	unsigned char *der = NULL;
	int len = -1;
	if (!key)
		return NULL;
	if (js_arg_bool(c, 1)) {
		PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
		len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
		PKCS8_PRIV_KEY_INFO_free(info);
	} else {
		len = i2d_PUBKEY(key, &der);
	}
	JSValueRef result = len >= 0 ? crypto_result(c, der, (size_t)len) : crypto_failed(c);
	OPENSSL_free(der);
	return result;
}

/* ---- parts ---- */

/* kind(key) → its type, and its curve if it is on one that OpenSSL has a name for */
JS_FUNCTION(kind_of)
{
	char curve[64] = "";
	size_t len;
	EVP_PKEY *key = crypto_key(c, 0);
	if (!key)
		return NULL;
	const char *type = EVP_PKEY_get0_type_name(key);
	if (!EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve, &len))
		crypto_failed(c);
	const JSValueRef both[] = { js_cstring(c->ctx, type ? type : ""), js_cstring(c->ctx, curve) };
	return js_array(c->ctx, both, COUNT_OF(both));
}

/* part(key, name, length): a number of the key by OpenSSL's name, in so many bytes; 0: as many as it takes */
JS_FUNCTION(part)
{
	unsigned char out[NUMBER_BYTES_MAX];
	BIGNUM *n = NULL;
	EVP_PKEY *key = crypto_key(c, 0);
	struct str name = js_arg_str(c, 1);
	double want = js_arg_number(c, 2);
	if (!key || *c->exception)
		return NULL;
	JSValueRef result = NULL;
	if (EVP_PKEY_get_bn_param(key, name.ptr, &n)) {
		int least = BN_num_bytes(n),
		    len = MAX(want > 0 && want <= NUMBER_BYTES_MAX ? (int)want : 1, least);
		if (len <= NUMBER_BYTES_MAX && BN_bn2binpad(n, out, len) == len)
			result = crypto_result(c, out, (size_t)len);
	}
	BN_clear_free(n);
	OPENSSL_cleanse(out, sizeof out);
	return result ? result : crypto_failed(c);
}

/* raw(key, private): of Ed25519, Ed448, X25519 and X448 */
JS_FUNCTION(raw)
{
	unsigned char out[64];
	size_t len = sizeof out;
	EVP_PKEY *key = crypto_key(c, 0);
	if (!key)
		return NULL;
	int ok = js_arg_bool(c, 1) ? EVP_PKEY_get_raw_private_key(key, out, &len)
				   : EVP_PKEY_get_raw_public_key(key, out, &len);
	JSValueRef result = ok > 0 ? crypto_result(c, out, len) : crypto_failed(c);
	OPENSSL_cleanse(out, sizeof out);
	return result;
}

/* fromRaw(type, bytes, private) → a key */
JS_FUNCTION(from_raw)
{
	struct str bytes, type = js_arg_str(c, 0);
	if (*c->exception || !crypto_bytes(c, 1, &bytes))
		return NULL;
	return hand_over(c, js_arg_bool(c, 2) ? EVP_PKEY_new_raw_private_key_ex(NULL, type.ptr, NULL,
										crypto_at(bytes), bytes.len)
					      : EVP_PKEY_new_raw_public_key_ex(NULL, type.ptr, NULL,
									       crypto_at(bytes), bytes.len));
}

struct parts {
	OSSL_PARAM_BLD *build;
	BIGNUM *numbers[PARTS_MAX];
	size_t count;
};

/* One part: "group" is text, "pub" bytes, the others are numbers. */
static bool add_part(struct js_call *c, struct parts *p, struct str name, JSValueRef value)
{
	struct str bytes;
	if (str_eq(name, STR("group"))) {
		struct str group = js_str(c->ctx, value, &c->arena);
		return OSSL_PARAM_BLD_push_utf8_string(p->build, "group", group.ptr, group.len);
	}
	if (!js_bytes(c->ctx, value, &bytes) || bytes.len > NUMBER_BYTES_MAX)
		return false;
	if (str_eq(name, STR("pub"))) {
		struct str copy = arena_str(&c->arena, bytes); /* the builder keeps the pointer */
		return OSSL_PARAM_BLD_push_octet_string(p->build, "pub", copy.ptr, copy.len);
	}
	BIGNUM *n = p->numbers[p->count++] = BN_bin2bn(crypto_at(bytes), (int)bytes.len, NULL);
	return n && OSSL_PARAM_BLD_push_BN(p->build, name.ptr, n);
}

static EVP_PKEY *build_key(struct parts *p, const char *type, bool secret)
{
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(p->build);
	EVP_PKEY_CTX *ctx = params ? EVP_PKEY_CTX_new_from_name(NULL, type, NULL) : NULL;
	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	/*
	 * A point is on its curve, and the halves belong together; RSA's check would look for primes, slowly.
	 */
	if (key && EVP_PKEY_is_a(key, "EC")) {
		ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
		if (!ctx || (secret ? EVP_PKEY_pairwise_check(ctx) : EVP_PKEY_public_check(ctx)) <= 0) {
			EVP_PKEY_free(key);
			key = NULL;
		}
		EVP_PKEY_CTX_free(ctx);
	}
	return key;
}

/* fromParts(type, [name, value, …], private) → a key of these numbers, by OpenSSL's names */
JS_FUNCTION(from_parts)
{
	struct str type = js_arg_str(c, 0);
	bool secret = js_arg_bool(c, 2);
	JSObjectRef list = *c->exception ? NULL : jsc.ValueToObject(c->ctx, js_arg(c, 1), c->exception);
	if (!list)
		return NULL;
	size_t count = js_length(c->ctx, list);
	struct parts p = { .build = OSSL_PARAM_BLD_new() };
	bool ok = p.build && count <= PARTS_MAX;
	for (size_t i = 0; ok && i + 1 < count; i += 2)
		ok = add_part(c, &p, js_str(c->ctx, js_at(c->ctx, list, i), &c->arena),
			      js_at(c->ctx, list, i + 1));
	EVP_PKEY *key = ok ? build_key(&p, type.ptr, secret) : NULL;
	OSSL_PARAM_BLD_free(p.build);
	for (size_t i = 0; i < p.count; i++)
		BN_clear_free(p.numbers[i]);
	return hand_over(c, key);
}

static const struct js_function functions[] = {
	{ "makeRsa", make_rsa_key_callback },
	{ "make", make_callback },
	{ "read", read_key_callback },
	{ "write", write_key_callback },
	{ "kind", kind_of_callback },
	{ "part", part_callback },
	{ "raw", raw_callback },
	{ "fromRaw", from_raw_callback },
	{ "fromParts", from_parts_callback },
};
const struct js_module js_keys_module = { "keys", functions, COUNT_OF(functions) };
