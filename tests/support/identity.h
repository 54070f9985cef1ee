/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates that are made for a test and stay in memory. */
#ifndef SUPPORT_IDENTITY_H
#define SUPPORT_IDENTITY_H

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "support/test.h"

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
	char certificate_pem[4096], key_pem[4096];
};

static inline void pem_of(struct identity *id)
{
	BIO *out = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(out, id->certificate);
	int n = BIO_read(out, id->certificate_pem, sizeof id->certificate_pem - 1);
	assert_true(n > 0);
	id->certificate_pem[n] = '\0';
	PEM_write_bio_PrivateKey(out, id->key, NULL, NULL, 0, NULL, NULL);
	n = BIO_read(out, id->key_pem, sizeof id->key_pem - 1);
	assert_true(n > 0);
	id->key_pem[n] = '\0';
	BIO_free(out);
}

static inline void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
}

/*
 * Good from `begins_s` to `ends_s` seconds from now. `names` as in "DNS:a.example,IP:127.0.0.1"; an authority
 * has none. `by` NULL: signed by itself.
 */
static inline void identity_make_for(struct identity *id, const char *names, const struct identity *by,
				     long begins_s, long ends_s)
{
	id->key = EVP_EC_gen("P-256");
	id->certificate = X509_new();
	X509 *x = id->certificate, *issuer = by ? by->certificate : x;
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), by ? 2 : 1);
	X509_gmtime_adj(X509_getm_notBefore(x), begins_s);
	X509_gmtime_adj(X509_getm_notAfter(x), ends_s);
	X509_set_pubkey(x, id->key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)(by ? "leaf" : "authority"), -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer));
	add_extension(x, issuer, NID_basic_constraints, by ? "CA:FALSE" : "critical,CA:TRUE");
	if (names)
		add_extension(x, issuer, NID_subject_alt_name, names);
	assert_true(X509_sign(x, by ? by->key : id->key, EVP_sha256()) > 0);
	pem_of(id);
}

static inline void identity_make(struct identity *id, const char *names, const struct identity *by)
{
	identity_make_for(id, names, by, -3600, 3600);
}

static inline void identity_free(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->certificate);
}

#endif
