/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures, RSA-OAEP, and the secret that two keys agree on. */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/mem.h"
#include "guest/js/api/crypto_priv.h"
#include "guest/js/api/modules.h"

enum { SIGNATURE_BYTES_MAX = 2048, COORDINATE_BYTES_MAX = 66 };

/* What sign() and verify() take: how ("pkcs1", "pss", "ecdsa", "eddsa"), the digest, the key, the data. */
struct signing {
	EVP_MD_CTX *ctx;
	EVP_PKEY *key;
	bool ecdsa;
	size_t coordinate; /* bytes of each half of an ECDSA signature */
	struct str data;
};

static bool set_padding(EVP_PKEY_CTX *ctx, struct str how, double salt)
{
	if (str_eq(how, STR("pkcs1")))
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
	if (str_eq(how, STR("pss")))
		return salt >= 0 && salt <= SIGNATURE_BYTES_MAX &&
		       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)salt) > 0;
	return true;
}

/* Arguments: how, digest, key, data, salt length. False: it threw, or *failed. */
static bool begin(struct js_call *c, struct signing *s, bool verify, bool *failed)
{
	EVP_PKEY_CTX *ctx = NULL;
	struct str how = js_arg_str(c, 0);
	double salt = js_arg_number(c, 4);
	s->key = crypto_key(c, 2);
	*failed = false;
	if (!s->key || *c->exception || !crypto_bytes(c, 3, &s->data))
		return false;
	const EVP_MD *md = str_eq(how, STR("eddsa")) ? NULL : crypto_digest(c, 1);
	if (*c->exception)
		return false;
	s->ecdsa = str_eq(how, STR("ecdsa"));
	s->coordinate = ((size_t)EVP_PKEY_get_bits(s->key) + 7) / 8;
	s->ctx = EVP_MD_CTX_new();
	bool ok = s->ctx && (!s->ecdsa || s->coordinate <= COORDINATE_BYTES_MAX) &&
		  (verify ? EVP_DigestVerifyInit(s->ctx, &ctx, md, NULL, s->key)
			  : EVP_DigestSignInit(s->ctx, &ctx, md, NULL, s->key)) > 0 &&
		  set_padding(ctx, how, salt);
	*failed = !ok;
	return ok;
}

/* From what OpenSSL writes (DER) to r and s beside each other. False: it is no signature. */
static bool to_halves(const struct signing *s, const unsigned char *der, size_t len, unsigned char *out)
{
	const BIGNUM *r, *t;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	if (!sig)
		return false;
	ECDSA_SIG_get0(sig, &r, &t);
	int n = (int)s->coordinate;
	bool ok = BN_bn2binpad(r, out, n) == n && BN_bn2binpad(t, out + n, n) == n;
	ECDSA_SIG_free(sig);
	return ok;
}

/* The other way; to be freed by OPENSSL_free(). NULL: it cannot be one. */
static unsigned char *from_halves(const struct signing *s, struct str halves, size_t *len)
{
	unsigned char *der = NULL;
	if (halves.len != 2 * s->coordinate)
		return NULL;
	int half = (int)s->coordinate, n = -1;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(crypto_at(halves), half, NULL),
	       *t = BN_bin2bn(crypto_at(halves) + half, half, NULL);
	if (sig && r && t && ECDSA_SIG_set0(sig, r, t)) {
		n = i2d_ECDSA_SIG(sig, &der);
	} else {
		BN_free(r);
		BN_free(t);
	}
	ECDSA_SIG_free(sig);
	*len = n > 0 ? (size_t)n : 0;
	return n > 0 ? der : NULL;
}

/* sign(how, digest, key, data, salt length) */
JS_FUNCTION(sign)
{
	unsigned char out[SIGNATURE_BYTES_MAX], halves[2 * COORDINATE_BYTES_MAX];
	size_t len = sizeof out;
	bool failed;
	struct signing s = { 0 };
	if (!begin(c, &s, false, &failed)) {
		EVP_MD_CTX_free(s.ctx);
		return failed ? crypto_failed(c) : NULL;
	}
	crypto_chance_begin(c->realm);
	bool ok = EVP_DigestSign(s.ctx, out, &len, crypto_at(s.data), s.data.len) > 0;
	crypto_chance_end();
	EVP_MD_CTX_free(s.ctx);
	if (!ok)
		return crypto_failed(c);
	if (!s.ecdsa)
		return crypto_result(c, out, len);
	return to_halves(&s, out, len, halves) ? crypto_result(c, halves, 2 * s.coordinate)
					       : crypto_failed(c);
}

/* verify(how, digest, key, data, salt length, signature) → is it one? */
JS_FUNCTION(verify)
{
	struct str signature;
	bool failed, good = false;
	struct signing s = { 0 };
	if (!crypto_bytes(c, 5, &signature))
		return NULL;
	if (!begin(c, &s, true, &failed)) {
		EVP_MD_CTX_free(s.ctx);
		return failed ? crypto_failed(c) : NULL;
	}
	if (s.ecdsa) {
		size_t len;
		unsigned char *der = from_halves(&s, signature, &len);
		good = der && EVP_DigestVerify(s.ctx, der, len, crypto_at(s.data), s.data.len) == 1;
		OPENSSL_free(der);
	} else {
		good = EVP_DigestVerify(s.ctx, crypto_at(signature), signature.len, crypto_at(s.data),
					s.data.len) == 1;
	}
	EVP_MD_CTX_free(s.ctx);
	crypto_failed(c); /* one that is none leaves errors behind */
	return js_bool(c->ctx, good);
}

static bool set_oaep(EVP_PKEY_CTX *ctx, const EVP_MD *md, struct str label)
{
	if (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) <= 0 || EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) <= 0)
		return false;
	if (!label.len)
		return true;
	unsigned char *copy = OPENSSL_memdup(label.ptr, label.len);
	if (copy && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, (int)label.len) > 0)
		return true; /* the context frees it */
	OPENSSL_free(copy);
	return false;
}

/* oaep(encrypt, digest, key, label, data) */
JS_FUNCTION(oaep)
{
	unsigned char out[SIGNATURE_BYTES_MAX];
	size_t len = sizeof out;
	struct str label, data;
	bool encrypt = js_arg_bool(c, 0);
	const EVP_MD *md = crypto_digest(c, 1);
	EVP_PKEY *key = md ? crypto_key(c, 2) : NULL;
	if (!key || !crypto_bytes(c, 3, &label) || !crypto_bytes(c, 4, &data))
		return NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	crypto_chance_begin(c->realm);
	bool ok = ctx && label.len <= INT_MAX &&
		  (encrypt ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) > 0 &&
		  set_oaep(ctx, md, label) &&
		  (encrypt ? EVP_PKEY_encrypt(ctx, out, &len, crypto_at(data), data.len)
			   : EVP_PKEY_decrypt(ctx, out, &len, crypto_at(data), data.len)) > 0;
	crypto_chance_end();
	EVP_PKEY_CTX_free(ctx);
	JSValueRef result = ok ? crypto_result(c, out, len) : crypto_failed(c);
	OPENSSL_cleanse(out, sizeof out);
	return result;
}

/* agree(private key, public key) → the secret */
JS_FUNCTION(agree)
{
	unsigned char out[COORDINATE_BYTES_MAX];
	size_t len = sizeof out;
	EVP_PKEY *mine = crypto_key(c, 0), *theirs = mine ? crypto_key(c, 1) : NULL;
	if (!theirs)
		return NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
	bool ok = ctx && EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, theirs) > 0 &&
		  EVP_PKEY_derive(ctx, out, &len) > 0;
	EVP_PKEY_CTX_free(ctx);
	JSValueRef result = ok ? crypto_result(c, out, len) : crypto_failed(c);
	OPENSSL_cleanse(out, sizeof out);
	return result;
}

static const struct js_function functions[] = {
	{ "sign", sign_callback },
	{ "verify", verify_callback },
	{ "oaep", oaep_callback },
	{ "agree", agree_callback },
};
const struct js_module js_signing_module = { "signing", functions, COUNT_OF(functions) };
