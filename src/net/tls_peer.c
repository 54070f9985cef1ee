/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_priv.h"

#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "base/mem.h"

static void peer_destroy(struct rc *r)
{
	struct tls_peer *p = (struct tls_peer *)r;
	arena_fini(&p->arena);
	mem_free(p);
}

struct tls_peer *tls_peer_ref(struct tls_peer *p)
{
	rc_ref(&p->rc);
	return p;
}

void tls_peer_unref(struct tls_peer **pp)
{
	struct tls_peer *p = take(*pp);
	if (p)
		rc_unref(&p->rc);
}

static enum tls_verdict verdict_of(long error)
{
	switch (error) {
	case X509_V_OK:
		return TLS_VERDICT_OK;
	case X509_V_ERR_CERT_REVOKED:
		return TLS_VERDICT_REVOKED;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return TLS_VERDICT_EXPIRED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return TLS_VERDICT_UNKNOWN_CA;
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
	case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		return TLS_VERDICT_BAD;
	default:
		return TLS_VERDICT_UNKNOWN;
	}
}

static void note_certificate(struct tls_peer *p, SSL *ssl)
{
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	p->verdict = TLS_VERDICT_MISSING;
	if (!certificate)
		return;
	BIO *out = BIO_new(BIO_s_mem());
	char *bytes;
	if (out && PEM_write_bio_X509(out, certificate)) {
		long len = BIO_get_mem_data(out, &bytes);
		p->certificate_pem = arena_str(&p->arena, (struct str){ bytes, (size_t)len });
	}
	BIO_free(out);
	X509_free(certificate);
	p->verdict = verdict_of(SSL_get_verify_result(ssl));
}

struct tls_peer *tls_peer_new(SSL *ssl, struct str hello, bool asks)
{
	struct tls_peer *p = NEW(struct tls_peer);
	const unsigned char *alpn;
	unsigned alpn_len;
	struct client_hello parsed;
	rc_init(&p->rc, peer_destroy);
	arena_init(&p->arena);
	SSL_get0_alpn_selected(ssl, &alpn, &alpn_len);
	p->alpn = arena_str(&p->arena, (struct str){ (const char *)alpn, alpn_len });
	p->protocol = arena_str(&p->arena, str_from(SSL_get_version(ssl)));
	p->cipher = arena_str(&p->arena, str_from(SSL_get_cipher_name(ssl)));
	p->server_name = arena_str(&p->arena, str_from(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)));
	p->resumed = SSL_session_reused(ssl);
	p->client_hello = arena_str(&p->arena, hello);
	p->has_ja = client_hello_parse(&parsed, hello);
	if (p->has_ja) {
		client_hello_ja3(&parsed, p->ja3);
		client_hello_ja4(&parsed, p->ja4);
	}
	p->verdict = TLS_VERDICT_MISSING;
	p->asked = asks;
	if (asks)
		note_certificate(p, ssl);
	return p;
}
