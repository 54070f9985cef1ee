/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are certificates and keys in PEM what they should be? Asked of OpenSSL when a manifest is read, not at the
 * first request.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "manifest/pem.h"

#include "base/attr.h"

static void free_bio(BIO **b)
{
	BIO_free(*b);
}

static void free_certificate(X509 **x)
{
	X509_free(*x);
}

static void free_key(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static BIO *reader_of(struct str pem)
{
	return BIO_new_mem_buf(pem.ptr ? pem.ptr : "", pem.len > INT32_MAX ? INT32_MAX : (int)pem.len);
}

/* Is this the end of the text, or something that is wrong with it? */
static bool ended_well(void)
{
	unsigned long why = ERR_peek_last_error();
	return ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
}

static bool openssl_failed(struct error *e, const char *what)
{
	char why[160];
	ERR_error_string_n(ERR_peek_last_error(), why, sizeof why);
	ERR_clear_error();
	return FAIL(e, INVALID, "%s (%s)", what, why);
}

bool pem_check_certificates(struct str pem, struct error *e)
{
	scoped(free_bio) BIO *text = reader_of(pem);
	size_t count = 0;
	ERR_clear_error();
	for (;; count++) {
		scoped(free_certificate) X509 *x = PEM_read_bio_X509(text, NULL, NULL, NULL);
		if (!x)
			break;
	}
	if (!ended_well())
		return openssl_failed(e, "a certificate in it cannot be read");
	ERR_clear_error();
	return count ||
	       FAIL(e, INVALID, "no certificate found in it; write PEM, -----BEGIN CERTIFICATE-----");
}

/* Encrypted keys cannot be used: nobody is there to type a password. */
static int no_password(char *out, int size, int writing, void *data)
{
	(void)out, (void)size, (void)writing, (void)data;
	return -1;
}

static bool is_private_key(const char *name)
{
	size_t len = strlen(name), tail = strlen("PRIVATE KEY");
	return len >= tail && strcmp(name + len - tail, "PRIVATE KEY") == 0;
}

static unsigned count_keys(struct str pem)
{
	scoped(free_bio) BIO *text = reader_of(pem);
	unsigned count = 0;
	char *name, *header;
	unsigned char *data;
	long len;
	while (PEM_read_bio(text, &name, &header, &data, &len) == 1) {
		count += is_private_key(name);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	ERR_clear_error();
	return count;
}

bool pem_check_pair(struct str chain, struct str key, struct error *e)
{
	unsigned keys = count_keys(key);
	scoped(free_bio) BIO *chain_text = reader_of(chain);
	scoped(free_bio) BIO *key_text = reader_of(key);
	if (keys == 0)
		return FAIL(e, INVALID, "no key found for the certificate; write key_file = \"client.key\"");
	if (keys > 1)
		return FAIL(e, INVALID, "%u keys found for the certificate; leave one", keys);
	scoped(free_certificate) X509 *x = PEM_read_bio_X509(chain_text, NULL, NULL, NULL);
	scoped(free_key) EVP_PKEY *k = PEM_read_bio_PrivateKey(key_text, NULL, no_password, NULL);
	if (!k)
		return openssl_failed(e, "the key cannot be read; an encrypted one cannot be used");
	if (!x || X509_check_private_key(x, k) != 1)
		return openssl_failed(e, "the key does not belong to the certificate");
	return true;
}
