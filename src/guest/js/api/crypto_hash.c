/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, HMAC, and keys derived from secrets: HKDF (RFC 5869) and PBKDF2 (RFC 8018). */
#define OPENSSL_SUPPRESS_DEPRECATED /* HMAC_CTX: OpenSSL 3 has another of the same use that allocates more */

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <string.h>

#include "guest/js/api/crypto_priv.h"
#include "guest/js/api/modules.h"

/* Iterations of PBKDF2 that end within seconds: no time limit of JavaScript's ends C. */
#define ITERATIONS_MAX 10000000.0

/* digest(name, bytes) */
JS_FUNCTION(digest)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned len;
	struct str bytes;
	const EVP_MD *md = crypto_digest(c, 0);
	if (!md || !crypto_bytes(c, 1, &bytes))
		return NULL;
	if (!EVP_Digest(crypto_at(bytes), bytes.len, out, &len, md, NULL))
		return crypto_failed(c);
	return crypto_result(c, out, len);
}

/* hmac(digest, key, bytes) */
JS_FUNCTION(hmac)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned len;
	struct str key, bytes;
	const EVP_MD *md = crypto_digest(c, 0);
	if (!md || !crypto_bytes(c, 1, &key) || !crypto_bytes(c, 2, &bytes))
		return NULL;
	if (key.len > INT_MAX ||
	    !HMAC(md, crypto_at(key), (int)key.len, crypto_at(bytes), bytes.len, out, &len))
		return crypto_failed(c);
	return crypto_result(c, out, len);
}

/* equal(a, b): of the same length; how long it takes does not tell where they differ */
JS_FUNCTION(equal)
{
	struct str a, b;
	if (!crypto_bytes(c, 0, &a) || !crypto_bytes(c, 1, &b))
		return NULL;
	return js_bool(c->ctx, a.len == b.len && CRYPTO_memcmp(crypto_at(a), crypto_at(b), a.len) == 0);
}

/* The last argument but those before it: how many bytes are asked for. 0: too many. */
static size_t wanted(struct js_call *c, size_t i)
{
	double n = js_arg_number(c, i);
	return n >= 0 && n <= CRYPTO_DERIVED_BYTES_MAX ? (size_t)n : 0;
}

/* pbkdf2(digest, password, salt, iterations, length) */
JS_FUNCTION(pbkdf2)
{
	struct str password, salt;
	double iterations = js_arg_number(c, 3);
	size_t len = wanted(c, 4);
	const EVP_MD *md = crypto_digest(c, 0);
	if (!md || !crypto_bytes(c, 1, &password) || !crypto_bytes(c, 2, &salt))
		return NULL;
	unsigned char *out = arena_alloc(&c->arena, len + 1);
	if (!len || !(iterations >= 1 && iterations <= ITERATIONS_MAX) || password.len > INT_MAX ||
	    salt.len > INT_MAX ||
	    !PKCS5_PBKDF2_HMAC((const char *)crypto_at(password), (int)password.len, crypto_at(salt),
			       (int)salt.len, (int)iterations, md, (int)len, out))
		return crypto_failed(c);
	return crypto_result(c, out, len);
}

static bool expand(const EVP_MD *md, struct str key, struct str salt, struct str info, unsigned char *out,
		   size_t len)
{
	/* OpenSSL refuses empty secrets; by RFC 5869 they are one like another: HMAC pads keys with zeros. */
	static const unsigned char zeros[EVP_MAX_MD_SIZE];
	unsigned char prk[EVP_MAX_MD_SIZE], block[EVP_MAX_MD_SIZE];
	unsigned prk_len, block_len = 0;
	size_t digest = (size_t)EVP_MD_get_size(md), done = 0;
	if (len > 255 * digest || salt.len > INT_MAX)
		return false;
	bool ok = HMAC(md, salt.len ? crypto_at(salt) : zeros, salt.len ? (int)salt.len : (int)digest,
		       crypto_at(key), key.len, prk, &prk_len);
	HMAC_CTX *ctx = ok ? HMAC_CTX_new() : NULL;
	ok = ctx != NULL;
	for (unsigned char number = 1; ok && done < len; number++) {
		ok = HMAC_Init_ex(ctx, prk, (int)prk_len, md, NULL) && HMAC_Update(ctx, block, block_len) &&
		     HMAC_Update(ctx, crypto_at(info), info.len) && HMAC_Update(ctx, &number, 1) &&
		     HMAC_Final(ctx, block, &block_len);
		size_t take = MIN(len - done, (size_t)block_len);
		if (ok)
			memcpy(out + done, block, take);
		done += take;
	}
	HMAC_CTX_free(ctx);
	OPENSSL_cleanse(prk, sizeof prk);
	return ok;
}

/* hkdf(digest, key, salt, info, length) */
JS_FUNCTION(hkdf)
{
	struct str key, salt, info;
	size_t len = wanted(c, 4);
	const EVP_MD *md = crypto_digest(c, 0);
	if (!md || !crypto_bytes(c, 1, &key) || !crypto_bytes(c, 2, &salt) || !crypto_bytes(c, 3, &info))
		return NULL;
	unsigned char *out = arena_alloc(&c->arena, len + 1);
	if (!len || !expand(md, key, salt, info, out, len))
		return crypto_failed(c);
	return crypto_result(c, out, len);
}

static const struct js_function functions[] = {
	{ "digest", digest_callback }, { "hmac", hmac_callback }, { "equal", equal_callback },
	{ "pbkdf2", pbkdf2_callback }, { "hkdf", hkdf_callback },
};
const struct js_module js_hash_module = { "hash", functions, COUNT_OF(functions) };
