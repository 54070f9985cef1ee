/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An origin that speaks TLS: it shakes hands, reads a request's head, answers, and notes what it was asked
 * for. Keys and certificates are made for the test and stay in memory.
 */
#ifndef TESTS_TLS_ORIGIN_H
#define TESTS_TLS_ORIGIN_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "net/tcp.h"
#include "support/test.h"

/* ---- certificates ---- */

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

/* `names` as in "DNS:a.example,IP:127.0.0.1"; an authority has none. `by` NULL: signed by itself. */
static inline void identity_make(struct identity *id, const char *names, const struct identity *by)
{
	id->key = EVP_EC_gen("P-256");
	id->certificate = X509_new();
	X509 *x = id->certificate, *issuer = by ? by->certificate : x;
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), by ? 2 : 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
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

static inline void identity_free(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->certificate);
}

/* ---- the origin ---- */

struct tls_origin {
	struct loop *loop;
	struct tcp_listener *listener;
	struct tcp_acceptor acceptor;
	struct stream *stream; /* the newest */
	struct stream_reader reader;
	struct stream_write write;
	SSL_CTX *context;
	SSL *ssl;
	BIO *in, *out;
	struct buf received;
	char sni[256]; /* of the newest handshake; "" for none */
	bool client_certificate;
	unsigned connections;
};

static inline void tls_flush(struct tls_origin *o)
{
	char bytes[16 * 1024];
	for (int n; o->stream && (n = BIO_read(o->out, bytes, sizeof bytes)) > 0;)
		(void)!stream_write(o->stream, &(struct str){ bytes, (size_t)n }, 1, &o->write);
}

static inline void tls_data(struct stream_reader *r, struct str bytes)
{
	struct tls_origin *o = container_of(r, struct tls_origin, reader);
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
	char plain[16 * 1024];
	BIO_write(o->in, bytes.ptr, (int)bytes.len);
	int n = SSL_read(o->ssl, plain, sizeof plain);
	if (n > 0) {
		buf_add(&o->received, (struct str){ plain, (size_t)n });
		if (str_ends(buf_str(&o->received), STR("\r\n\r\n")))
			SSL_write(o->ssl, answer, (int)strlen(answer));
	}
	if (SSL_is_init_finished(o->ssl)) {
		X509 *peer = SSL_get1_peer_certificate(o->ssl);
		o->client_certificate = peer != NULL;
		X509_free(peer);
	}
	bool broken = n <= 0 && SSL_get_error(o->ssl, n) == SSL_ERROR_SSL;
	ERR_clear_error();
	tls_flush(o);
	if (broken && o->stream)
		stream_close(&o->stream, false, NULL, NULL); /* behind the alert */
}

static inline void tls_ended(struct stream_reader *r, enum stream_error why)
{
	struct tls_origin *o = container_of(r, struct tls_origin, reader);
	(void)why;
	stream_close(&o->stream, false, NULL, NULL);
}

static inline void tls_written(struct stream_write *w, enum stream_error error)
{
	(void)w, (void)error;
}

static inline int note_sni(SSL *ssl, int *alert, void *data)
{
	struct tls_origin *o = data;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	(void)alert;
	snprintf(o->sni, sizeof o->sni, "%s", name ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

static inline void tls_accepted(struct tcp_acceptor *a, struct stream *taken)
{
	struct tls_origin *o = container_of(a, struct tls_origin, acceptor);
	if (o->stream)
		stream_close(&o->stream, false, NULL, NULL);
	SSL_free(o->ssl);
	o->connections++;
	o->stream = taken;
	o->ssl = SSL_new(o->context);
	o->in = BIO_new(BIO_s_mem());
	o->out = BIO_new(BIO_s_mem());
	SSL_set_bio(o->ssl, o->in, o->out);
	SSL_set_accept_state(o->ssl);
	snprintf(o->sni, sizeof o->sni, "?");
	stream_read_start(taken, &o->reader);
}

/* Returns the port. */
static inline uint16_t tls_origin_start(struct tls_origin *o, struct loop *loop, const struct identity *id)
{
	struct error e;
	*o = (struct tls_origin){ .loop = loop };
	o->acceptor.accepted = tls_accepted;
	o->reader = (struct stream_reader){ tls_data, tls_ended };
	o->write.done = tls_written;
	buf_init(&o->received, 1024 * 1024);
	o->context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(o->context, id->certificate);
	SSL_CTX_use_PrivateKey(o->context, id->key);
	SSL_CTX_set_tlsext_servername_callback(o->context, note_sni);
	SSL_CTX_set_tlsext_servername_arg(o->context, o);
	if (!tcp_listen(&o->listener, loop, "127.0.0.1", 0, &o->acceptor, &e))
		fail_msg("%s", e.text);
	return tcp_listener_port(o->listener);
}

static inline void tls_origin_demand_certificate(struct tls_origin *o, const struct identity *authority)
{
	SSL_CTX_set_verify(o->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(o->context), authority->certificate);
}

static inline void tls_origin_stop(struct tls_origin *o)
{
	if (o->stream)
		stream_close(&o->stream, false, NULL, NULL);
	SSL_free(o->ssl);
	SSL_CTX_free(o->context);
	tcp_listener_close(&o->listener);
	buf_fini(&o->received);
}

#endif
