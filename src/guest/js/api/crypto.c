/* SPDX-License-Identifier: Apache-2.0 */
/* What the functions of crypto_….c share: chance, arguments, results. */
#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_set_rand_method(): what came after it takes a provider */

#include <openssl/err.h>
#include <openssl/rand.h>
#include <pthread.h>

#include "guest/js/api/crypto_priv.h"

/* ---- chance ---- */

static _Thread_local struct random *chance;

static int draw(unsigned char *out, int len)
{
	if (!chance)
		return RAND_OpenSSL()->bytes(out, len);
	random_fill(chance, (char *)out, (size_t)len);
	return 1;
}

static int ready(void)
{
	return chance ? 1 : RAND_OpenSSL()->status();
}

static void install(void)
{
	static const RAND_METHOD method = { .bytes = draw, .pseudorand = draw, .status = ready };
	RAND_set_rand_method(&method);
}

void crypto_chance_begin(struct realm *r)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, install);
	chance = r->random;
}

void crypto_chance_end(void)
{
	chance = NULL;
}

/* ---- arguments and results ---- */

bool crypto_bytes(struct js_call *c, size_t i, struct str *out)
{
	if (js_bytes(c->ctx, js_arg(c, i), out))
		return true;
	js_throw(c, "TypeError", "argument %zu has no bytes", i + 1);
	return false;
}

const EVP_MD *crypto_digest(struct js_call *c, size_t i)
{
	struct str name = js_arg_str(c, i);
	const EVP_MD *md = *c->exception ? NULL : EVP_get_digestbyname(name.ptr);
	if (!md && !*c->exception)
		js_throw(c, "TypeError", "there is no digest %s", name.ptr);
	return md;
}

JSValueRef crypto_failed(struct js_call *c)
{
	ERR_clear_error();
	return js_null(c->ctx);
}

JSValueRef crypto_result(struct js_call *c, const void *bytes, size_t len)
{
	return js_array_buffer(c->ctx, (struct str){ bytes, len });
}
