/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS as a filter over any stream (OpenSSL). It is a stream like others: the handshake begins by itself, what
 * is written waits for it, and one that fails or takes too long is a connection that broke. An end that the
 * peer has not announced (close_notify) is told as STREAM_RESET.
 *
 * Versions 1.2 and 1.3. A server offers h2 and http/1.1 (ALPN) and lets clients resume sessions.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/rc.h"
#include "loop/loop.h"
#include "net/client_hello.h"
#include "net/stream.h"

/* Keys and settings, shared by the connections of a server. */
struct tls_context;

struct tls_server_options {
	/* What errors call the three: files' names. */
	const char *certificate_name, *key_name, *client_ca_name;
	struct str certificate_pem; /* the certificate, then those between it and its authority */
	struct str key_pem;
	/* Clients are asked for a certificate that one of these has signed, and served whatever they have;
	 * empty: they are not asked. */
	struct str client_ca_pem;
	uint64_t handshake_timeout_ns; /* 0: none */
	uint64_t now_s;                /* since 1970: a certificate is checked against it */
};

/*
 * Errors begin with the name of what is wrong: it is no PEM, the key belongs to another certificate, the
 * certificate is not good any more or not yet.
 */
must_use bool tls_server_context_new(struct tls_context **out, const struct tls_server_options *options,
				     struct error *e);
/* `ca_pem`: who is trusted; `alpn`: a list in the protocol's form, "\2h2\10http/1.1", or empty. */
must_use bool tls_client_context_new(struct tls_context **out, struct str ca_pem, struct str alpn,
				     struct error *e);
struct tls_context *tls_context_ref(struct tls_context *c);
void tls_context_unref(struct tls_context **pc); /* leaves NULL; NULL is fine */

/* Both take the stream below; `server_name` is asked for (SNI) and must be in the certificate. */
must_use struct stream *tls_server_new(struct loop *loop, struct stream *taken, struct tls_context *c);
must_use struct stream *tls_client_new(struct loop *loop, struct stream *taken, struct tls_context *c,
				       const char *server_name);

/* What a client's certificate came to; the numbers are the ABI's client_cert_verify_result. */
enum tls_verdict {
	TLS_VERDICT_OK,
	TLS_VERDICT_BAD,
	TLS_VERDICT_REVOKED,
	TLS_VERDICT_EXPIRED,
	TLS_VERDICT_UNKNOWN_CA,
	TLS_VERDICT_MISSING,
	TLS_VERDICT_UNKNOWN,
};

/*
 * What is known of the other end since the handshake. Strings live as long as it does; those of a client
 * alone are empty for a server.
 */
struct tls_peer {
	struct rc rc;
	struct arena arena;
	struct str protocol; /* "TLSv1.3" */
	struct str cipher;   /* OpenSSL's name */
	struct str alpn;     /* what was agreed on; empty: nothing */
	bool resumed;
	struct str server_name;  /* SNI */
	struct str client_hello; /* the message as it came, type and length included */
	bool has_ja;             /* the next two are known */
	uint8_t ja3[JA3_BYTES];
	char ja4[JA4_BYTES];
	bool asked;                 /* the client, for a certificate; else the next two say nothing */
	struct str certificate_pem; /* empty: it showed none */
	enum tls_verdict verdict;   /* MISSING when it showed none */
};

/*
 * NULL while the handshake goes on, and for streams without TLS. Lives as long as the stream, or a reference.
 */
struct tls_peer *tls_peer_of(const struct stream *s);
struct tls_peer *tls_peer_ref(struct tls_peer *p);
void tls_peer_unref(struct tls_peer **pp); /* leaves NULL; NULL is fine */

#endif
