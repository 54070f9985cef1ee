/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files crypto_….c share (Web Cryptography API, over OpenSSL's libcrypto). The rules of the
 * standard, its names and its exceptions are prelude/subtle.ts's; here is what is computed. What cannot be
 * done with the bytes given answers null.
 */
#ifndef GUEST_JS_API_CRYPTO_PRIV_H
#define GUEST_JS_API_CRYPTO_PRIV_H

#include <openssl/evp.h>

#include "guest/js/value.h"

/* Results are never longer: ciphertexts are no longer than what JavaScript holds, and a tag. */
enum { CRYPTO_DERIVED_BYTES_MAX = 1 << 20 };

/*
 * While one is open on this thread, all that OpenSSL draws at random comes from the realm's world: keys,
 * nonces, salts. Other threads, and TLS, keep OpenSSL's own.
 */
void crypto_chance_begin(struct realm *r);
void crypto_chance_end(void);

/* The bytes of argument `i`; false: it is no buffer and has thrown. */
bool crypto_bytes(struct js_call *c, size_t i, struct str *out);
/* A digest by OpenSSL's name; NULL: it has thrown. */
const EVP_MD *crypto_digest(struct js_call *c, size_t i);
/* The key of argument `i`; NULL: it has thrown. */
EVP_PKEY *crypto_key(struct js_call *c, size_t i);
/* null, and OpenSSL's own errors of this thread forgotten: others look at them after calls of theirs. */
JSValueRef crypto_failed(struct js_call *c);
/* An ArrayBuffer with a copy. */
JSValueRef crypto_result(struct js_call *c, const void *bytes, size_t len);

static inline const unsigned char *crypto_at(struct str s)
{
	return (const unsigned char *)(s.ptr ? s.ptr : "");
}

#endif
