/* SPDX-License-Identifier: Apache-2.0 */
/* AES in the modes of the Web Cryptography API: GCM, CBC, CTR and key wrap (RFC 3394). */
#include <string.h>

#include "base/mem.h"
#include "guest/js/api/crypto_priv.h"
#include "guest/js/api/modules.h"

enum { BLOCK = 16, TAG_BYTES_MAX = 16 };

struct job {
	bool encrypt, gcm;
	struct str key, iv, data, more; /* more: authenticated, and not encrypted */
	size_t tag_len;
	unsigned char *out;
	size_t len; /* of what came out */
};

static bool begin(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, struct job *j)
{
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (!EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, j->encrypt, NULL) ||
	    (size_t)EVP_CIPHER_CTX_get_key_length(ctx) != j->key.len)
		return false;
	if (j->gcm) {
		if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)j->iv.len, NULL) <= 0)
			return false;
	} else if (j->iv.len && (size_t)EVP_CIPHER_CTX_get_iv_length(ctx) != j->iv.len) {
		return false;
	}
	return EVP_CipherInit_ex2(ctx, NULL, crypto_at(j->key), j->iv.len ? crypto_at(j->iv) : NULL,
				  j->encrypt, NULL);
}

static bool run(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, struct job *j)
{
	int n = 0, end = 0;
	if (!begin(ctx, cipher, j))
		return false;
	struct str data = j->data;
	if (j->gcm && !j->encrypt) {
		if (data.len < j->tag_len)
			return false;
		data.len -= j->tag_len;
		if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)j->tag_len,
					(char *)data.ptr + data.len) <= 0)
			return false;
	}
	if (j->more.len && !EVP_CipherUpdate(ctx, NULL, &n, crypto_at(j->more), (int)j->more.len))
		return false;
	n = 0;
	if ((data.len || !j->gcm) && !EVP_CipherUpdate(ctx, j->out, &n, crypto_at(data), (int)data.len))
		return false;
	if (EVP_CipherFinal_ex(ctx, j->out + n, &end) <= 0)
		return false;
	j->len = (size_t)n + (size_t)end;
	if (!j->gcm || !j->encrypt)
		return true;
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)j->tag_len, j->out + j->len) <= 0)
		return false;
	j->len += j->tag_len;
	return true;
}

/*
 * cipher(name, encrypt, key, iv, bytes, more, tag bytes): by OpenSSL's name; the last two are GCM's, which
 * puts its tag at the end
 */
JS_FUNCTION(cipher)
{
	struct job j = { .encrypt = js_arg_bool(c, 1) };
	struct str name = js_arg_str(c, 0);
	double tag = js_arg_number(c, 6);
	if (*c->exception || !crypto_bytes(c, 2, &j.key) || !crypto_bytes(c, 3, &j.iv) ||
	    !crypto_bytes(c, 4, &j.data) || !crypto_bytes(c, 5, &j.more))
		return NULL;
	j.gcm = str_ends(name, STR("GCM"));
	j.tag_len = tag >= 4 && tag <= TAG_BYTES_MAX ? (size_t)tag : TAG_BYTES_MAX;
	if (j.data.len > INT_MAX - 4 * BLOCK || j.more.len > INT_MAX || j.iv.len > 128)
		return crypto_failed(c);
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name.ptr, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	j.out = mem_alloc(j.data.len + 4 * (size_t)BLOCK);
	bool ok = cipher && ctx && run(ctx, cipher, &j);
	JSValueRef result = ok ? crypto_result(c, j.out, j.len) : crypto_failed(c);
	mem_free(j.out);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return result;
}

static const struct js_function functions[] = { { "cipher", cipher_callback } };
const struct js_module js_ciphers_module = { "ciphers", functions, COUNT_OF(functions) };
