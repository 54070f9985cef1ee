/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys in a manifest, made here with OpenSSL. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "manifest_setup.h"

enum { PEM_MAX = 8192 };

/* A certificate and its key as PEM. */
struct pair {
	char certificate[PEM_MAX], key[PEM_MAX];
};

static void print_bio(BIO *bio, char *out)
{
	int len = BIO_read(bio, out, PEM_MAX - 1);
	assert_true(len > 0);
	out[len] = '\0';
	BIO_free(bio);
}

static void make_pair(struct pair *p)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *certificate = BIO_new(BIO_s_mem()), *private = BIO_new(BIO_s_mem());
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(certificate, x), 1);
	assert_int_equal(PEM_write_bio_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL), 1);
	print_bio(certificate, p->certificate);
	print_bio(private, p->key);
	X509_free(x);
	EVP_PKEY_free(key);
}

/* A backend "b" with these settings. */
static bool try_backend(struct setup *s, const char *format, const char *one, const char *two)
{
	struct buf text = BUF_INIT(1 << 20);
	buf_add(&text, STR("[local_server.backends.b]\nurl = \"https://a\"\n"));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buf_printf(&text, format, one, two);
#pragma GCC diagnostic pop
	bool taken = try_parse(s, text.ptr);
	buf_fini(&text);
	return taken;
}

TEST(authorities_come_in_every_form)
{
	struct setup s;
	struct pair p;
	begin(&s);
	make_pair(&p);
	test_write("ca.pem", str_from(p.certificate));
	assert_true(try_backend(&s, "ca_certificate = '''%s''' # %.0s", p.certificate, ""));
	struct str once = world_backend(s.world, STR("b"))->target.ca_pem;
	assert_true(str_find(once, str_from(p.certificate)) != STR_NONE);
	assert_true(try_backend(&s,
				"ca_certificate = [ { file = \"ca.pem\" }, { value = '''%s''' }, '''%s''' ]",
				p.certificate, p.certificate));
	struct str thrice = world_backend(s.world, STR("b"))->target.ca_pem;
	assert_true(thrice.len > 3 * strlen(p.certificate));
	end(&s);
}

TEST(a_client_certificate_comes_with_its_key)
{
	struct setup s;
	struct pair p;
	begin(&s);
	make_pair(&p);
	assert_true(try_backend(&s, "client_certificate = { certificate = '''%s''', key = '''%s''' }",
				p.certificate, p.key));
	const struct backend *b = world_backend(s.world, STR("b"));
	assert_str(b->target.client_cert_pem, p.certificate);
	assert_str(b->target.client_key_pem, p.key);
	test_write("c.crt", str_from(p.certificate));
	test_write("c.key", str_from(p.key));
	assert_true(try_backend(
		&s, "client_certificate = { certificate_file = \"c.crt\", key_file = \"c.key\" } # %.0s%.0s",
		"", ""));
	assert_str(world_backend(s.world, STR("b"))->target.client_key_pem, p.key);
	end(&s);
}

TEST(one_file_may_hold_certificate_and_key)
{
	struct setup s;
	struct pair p;
	begin(&s);
	make_pair(&p);
	assert_true(try_backend(&s, "client_certificate.certificate = '''%s%s'''", p.key, p.certificate));
	end(&s);
}

TEST(a_key_must_be_there_be_one_and_belong)
{
	struct setup s;
	struct pair p, other;
	begin(&s);
	make_pair(&p);
	make_pair(&other);
	assert_false(try_backend(&s, "client_certificate.certificate = '''%s''' # %.0s", p.certificate, ""));
	assert_error(&s.error, INVALID, "backends.b: 'client_certificate': no key found for the certificate");
	assert_false(try_backend(&s, "client_certificate = { certificate = '''%s''', key = '''%s''' }",
				 p.certificate, other.key));
	assert_error(&s.error, INVALID, "the key does not belong to the certificate");
	char both[2 * PEM_MAX];
	snprintf(both, sizeof both, "%s%s", p.key, other.key);
	assert_false(try_backend(&s, "client_certificate = { certificate = '''%s''', key = '''%s''' }",
				 p.certificate, both));
	assert_error(&s.error, INVALID, "2 keys found for the certificate; leave one");
	end(&s);
}

TEST(an_encrypted_key_cannot_be_used_and_nobody_is_asked_for_its_password)
{
	struct setup s;
	struct pair p;
	begin(&s);
	make_pair(&p);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), (const unsigned char *)"pass",
						  4, NULL, NULL),
			 1);
	print_bio(bio, p.key);
	EVP_PKEY_free(key);
	assert_false(try_backend(&s, "client_certificate = { certificate = '''%s''', key = '''%s''' }",
				 p.certificate, p.key));
	assert_error(&s.error, INVALID, "an encrypted one cannot be used");
	end(&s);
}
