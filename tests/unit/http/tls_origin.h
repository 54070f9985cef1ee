/* SPDX-License-Identifier: Apache-2.0 */
/* An origin that speaks TLS: it shakes hands, reads a request's head, answers, and notes what it was asked
 * for. */
#ifndef TESTS_TLS_ORIGIN_H
#define TESTS_TLS_ORIGIN_H

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "net/tcp.h"
#include "support/identity.h"
#include "support/test.h"

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
