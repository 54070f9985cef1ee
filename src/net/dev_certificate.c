/* SPDX-License-Identifier: Apache-2.0 */
#include "net/dev_certificate.h"

#include <time.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S, SERIAL_BITS = 127 };

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

static void identity_fini(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->certificate);
}

static bool set_serial(X509 *x)
{
	BIGNUM *n = BN_new();
	bool ok = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		  BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

static bool set_time(X509 *x, uint64_t now_s)
{
	time_t now = (time_t)now_s;
	return X509_time_adj_ex(X509_getm_notBefore(x), 0, -HOUR_S, &now) &&
	       X509_time_adj_ex(X509_getm_notAfter(x), DEV_CERTIFICATE_DAYS, 0, &now);
}

static bool set_name(X509 *x, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(x);
	return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"Backlot", -1,
					  -1, 0) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
					  0);
}

static bool extend(X509 *x, X509 *issuer, int kind, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
	bool ok = extension && X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

/* `by` NULL: the authority, which signs itself. */
static bool make(struct identity *id, const struct identity *by, uint64_t now_s)
{
	static const struct {
		int kind;
		const char *authority, *server;
	} extensions[] = {
		{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0", "critical,CA:FALSE" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign", "critical,digitalSignature" },
		{ NID_subject_key_identifier, "hash", "hash" },
		{ NID_authority_key_identifier, NULL, "keyid:always" },
		{ NID_ext_key_usage, NULL, "serverAuth" },
		{ NID_subject_alt_name, NULL, "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1" },
	};
	id->key = EVP_EC_gen("P-256");
	X509 *x = id->certificate = X509_new();
	X509 *issuer = by ? by->certificate : x;
	if (!id->key || !x || !X509_set_version(x, 2) || !set_serial(x) || !set_time(x, now_s) ||
	    !set_name(x, by ? "localhost" : "Backlot development authority") ||
	    !X509_set_issuer_name(x, X509_get_subject_name(issuer)) || !X509_set_pubkey(x, id->key))
		return false;
	for (size_t i = 0; i < COUNT_OF(extensions); i++) {
		const char *value = by ? extensions[i].server : extensions[i].authority;
		if (value && !extend(x, issuer, extensions[i].kind, value))
			return false;
	}
	return X509_sign(x, by ? by->key : id->key, EVP_sha256()) > 0;
}

static bool print(const struct identity *server, const struct identity *authority, struct buf *pem,
		  struct buf *authority_pem)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *bytes;
	bool ok = out && PEM_write_bio_X509(out, authority->certificate);
	if (ok) {
		long len = BIO_get_mem_data(out, &bytes);
		buf_add(authority_pem, (struct str){ bytes, (size_t)len });
	}
	ok = ok && BIO_reset(out) == 1 &&
	     PEM_write_bio_PrivateKey(out, server->key, NULL, NULL, 0, NULL, NULL) &&
	     PEM_write_bio_X509(out, server->certificate);
	if (ok) {
		long len = BIO_get_mem_data(out, &bytes);
		buf_add(pem, (struct str){ bytes, (size_t)len });
		buf_add(pem, buf_str(authority_pem));
	}
	BIO_free(out);
	return ok && !pem->full && !authority_pem->full;
}

bool dev_certificate_make(struct buf *pem, struct buf *authority_pem, uint64_t now_s, struct error *e)
{
	struct identity authority = { NULL, NULL }, server = { NULL, NULL };
	bool ok = make(&authority, NULL, now_s) && make(&server, &authority, now_s) &&
		  print(&server, &authority, pem, authority_pem);
	const char *why = ERR_reason_error_string(ERR_peek_last_error());
	identity_fini(&authority);
	identity_fini(&server);
	if (!ok)
		error_set(e, ERROR_INTERNAL, __FILE__, __LINE__, "cannot make a certificate: %s",
			  why ? why : "no more is known");
	ERR_clear_error();
	return ok;
}
