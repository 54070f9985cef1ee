/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_priv.h"

#include <stdio.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/check.h"
#include "base/mem.h"

enum { SESSIONS_MAX = 1024, CHAIN_MAX = 16 };

/* What a server speaks, in the protocol's form. */
static const unsigned char server_alpn[] = "\2h2\10http/1.1";

static void context_destroy(struct rc *r)
{
	struct tls_context *c = (struct tls_context *)r;
	SSL_CTX_free(c->ssl);
	BIO_meth_free(c->bio);
	mem_free(c);
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
	rc_ref(&c->rc);
	return c;
}

void tls_context_unref(struct tls_context **pc)
{
	struct tls_context *c = take(*pc);
	if (c)
		rc_unref(&c->rc);
}

static struct tls_context *context_new(const SSL_METHOD *method)
{
	struct tls_context *c = NEW(struct tls_context);
	rc_init(&c->rc, context_destroy);
	c->ssl = SSL_CTX_new(method);
	CHECK(c->ssl);
	SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION);
	SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return c;
}

/* ---- certificates ---- */

/* OpenSSL's own words; leaves its queue empty. */
static const char *reason(char *out, size_t size)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;
	snprintf(out, size, "%s", text ? text : "no more is known");
	ERR_clear_error();
	return out;
}

static int no_password(char *out, int size, int writing, void *data)
{
	(void)out, (void)size, (void)writing, (void)data;
	return -1;
}

static X509 *read_certificate(BIO *in)
{
	X509 *x = PEM_read_bio_X509(in, NULL, no_password, NULL);
	ERR_clear_error(); /* the end of the file is one */
	return x;
}

static BIO *open_pem(struct str pem)
{
	BIO *in = BIO_new_mem_buf(pem.ptr ? pem.ptr : "", (int)MIN(pem.len, (size_t)INT32_MAX));
	CHECK(in);
	return in;
}

static bool check_time(const char *name, const X509 *x, uint64_t now_s, struct error *e)
{
	time_t now = (time_t)now_s;
	char text[64] = "";
	const ASN1_TIME *limit = X509_get0_notAfter(x);
	bool late = X509_cmp_time(limit, &now) < 0;
	if (!late) {
		limit = X509_get0_notBefore(x);
		if (X509_cmp_time(limit, &now) <= 0)
			return true;
	}
	BIO *out = BIO_new(BIO_s_mem());
	if (out && ASN1_TIME_print(out, limit)) {
		int len = BIO_read(out, text, sizeof text - 1);
		text[MAX(len, 0)] = '\0';
	}
	BIO_free(out);
	return FAIL(e, INVALID,
		    late ? "%s: the certificate expired on %s; get a new one"
			 : "%s: the certificate is not valid before %s; is the clock right?",
		    name, text);
}

static bool use_certificate(SSL_CTX *ssl, const struct tls_server_options *o, struct error *e)
{
	BIO *in = open_pem(o->certificate_pem);
	X509 *x = read_certificate(in);
	char why[256];
	bool ok = x != NULL;
	if (!ok)
		error_set(
			e, ERROR_INVALID, __FILE__, __LINE__,
			"%s: there is no certificate in it; it must be PEM, with -----BEGIN CERTIFICATE-----",
			o->certificate_name);
	else if (!check_time(o->certificate_name, x, o->now_s, e))
		ok = false;
	else if (SSL_CTX_use_certificate(ssl, x) != 1)
		ok = FAIL(e, INVALID, "%s: the certificate cannot be used: %s", o->certificate_name,
			  reason(why, sizeof why));
	X509_free(x);
	for (int i = 0; ok && i < CHAIN_MAX && (x = read_certificate(in)); i++)
		SSL_CTX_add0_chain_cert(ssl, x);
	BIO_free(in);
	return ok;
}

static bool use_key(SSL_CTX *ssl, const struct tls_server_options *o, struct error *e)
{
	BIO *in = open_pem(o->key_pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
	bool locked = str_find(o->key_pem, STR("ENCRYPTED")) != STR_NONE;
	BIO_free(in);
	ERR_clear_error();
	if (!key && locked)
		return FAIL(e, INVALID,
			    "%s: the key is encrypted; write it as it is: openssl pkey -in %s -out NEW",
			    o->key_name, o->key_name);
	if (!key)
		return FAIL(
			e, INVALID,
			"%s: there is no private key in it; it must be PEM, with -----BEGIN PRIVATE KEY-----",
			o->key_name);
	bool ok = SSL_CTX_use_PrivateKey(ssl, key) == 1 && SSL_CTX_check_private_key(ssl) == 1;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ok || FAIL(e, INVALID, "%s: the key does not belong to the certificate in %s", o->key_name,
			  o->certificate_name);
}

static bool trust(SSL_CTX *ssl, const char *name, struct str pem, struct error *e)
{
	BIO *in = open_pem(pem);
	size_t count = 0;
	for (X509 *x; (x = read_certificate(in)); count++) {
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), x);
		SSL_CTX_add_client_CA(ssl, x);
		X509_free(x);
	}
	BIO_free(in);
	ERR_clear_error();
	return count ||
	       FAIL(e, INVALID,
		    "%s: there is no certificate in it; it must be PEM, with -----BEGIN CERTIFICATE-----",
		    name);
}

/* ---- a server's ---- */

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
		       unsigned in_len, void *data)
{
	unsigned char *chosen = NULL;
	(void)ssl, (void)data;
	if (SSL_select_next_proto(&chosen, out_len, server_alpn, sizeof server_alpn - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* Whatever a client shows, it is served; the verdict is kept. */
static int bear(int ok, X509_STORE_CTX *store)
{
	(void)ok, (void)store;
	return 1;
}

bool tls_server_context_new(struct tls_context **out, const struct tls_server_options *o, struct error *e)
{
	static const unsigned char name[] = "backlot";
	scoped(tls_context_unref) struct tls_context *c = context_new(TLS_server_method());
	c->handshake_timeout_ns = o->handshake_timeout_ns;
	c->asks = o->client_ca_pem.len > 0;
	if (!use_certificate(c->ssl, o, e) || !use_key(c->ssl, o, e))
		return false;
	if (c->asks && !trust(c->ssl, o->client_ca_name, o->client_ca_pem, e))
		return false;
	if (c->asks)
		SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, bear);
	SSL_CTX_set_alpn_select_cb(c->ssl, choose_alpn, NULL);
	SSL_CTX_set_session_id_context(c->ssl, name, sizeof name - 1);
	SSL_CTX_sess_set_cache_size(c->ssl, SESSIONS_MAX);
	*out = take(c);
	return true;
}

/* ---- a client's ---- */

bool tls_client_context_new(struct tls_context **out, struct str ca_pem, struct str alpn, struct error *e)
{
	scoped(tls_context_unref) struct tls_context *c = context_new(TLS_client_method());
	if (!trust(c->ssl, "the authorities", ca_pem, e))
		return false;
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
	if (alpn.len)
		CHECK(SSL_CTX_set_alpn_protos(c->ssl, (const unsigned char *)alpn.ptr, (unsigned)alpn.len) ==
		      0);
	*out = take(c);
	return true;
}
