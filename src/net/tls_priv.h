/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of TLS share. */
#ifndef NET_TLS_PRIV_H
#define NET_TLS_PRIV_H

#include <openssl/ssl.h>

#include "net/tls.h"

enum { TLS_PLAIN_BYTES = 16 * 1024 }; /* a record */

struct tls_context {
	struct rc rc;
	SSL_CTX *ssl;
	BIO_METHOD *bio; /* made by tls.c on first use */
	bool asks;       /* clients for a certificate */
	uint64_t handshake_timeout_ns;
	char plain[TLS_PLAIN_BYTES]; /* what is read goes up at once, so one is enough for all */
};

/* ---- tls_peer.c ---- */

/* Once the handshake is done. `hello` is the client's, or empty. */
struct tls_peer *tls_peer_new(SSL *ssl, struct str hello, bool asks);

#endif
