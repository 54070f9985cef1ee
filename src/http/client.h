/* SPDX-License-Identifier: Apache-2.0 */
/* Real HTTP requests to real hosts. An interface, so that whoever sends need not know of sockets. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "http/fetch.h"

enum tls_version { TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, TLS_ANY };

/* Where and how to connect. Strings are borrowed for the call. Times are 0 for "no limit". */
struct http_target {
	struct str scheme; /* "http" or "https" */
	struct str host;   /* name or IP literal (IPv6 without brackets) to connect to */
	uint16_t port;
	uint64_t connect_timeout_ns, first_byte_timeout_ns, between_bytes_timeout_ns;
	bool http2;       /* HTTP/2 only: prior knowledge, or ALPN h2 (gRPC backends); without it, HTTP/2 is
			     spoken with those that offer it over TLS */
	bool prefer_ipv4; /* IPv6 only where there is no IPv4 address */
	bool dont_pool;   /* a connection of its own for each request */
	uint64_t keepalive_ns; /* so long an unused connection is worth to be used again; 0: two minutes */
	bool tcp_keepalive;
	uint32_t tcp_keepalive_time_s, tcp_keepalive_interval_s, tcp_keepalive_probes; /* 0: the system's */
	/* TLS */
	struct str sni; /* empty with `use_sni`: host */
	bool use_sni;
	struct str certificate_host; /* name the certificate must have; empty: host */
	struct str ca_pem;           /* trusted instead of the system's; empty: the system's */
	struct str client_cert_pem, client_key_pem;
	struct str ciphers; /* OpenSSL list; empty: default */
	enum tls_version tls_min, tls_max;
};

struct http_client {
	const struct http_client_ops *ops;
};

struct http_client_ops {
	const char *name;
	struct fetch *(*send)(struct http_client *, const struct http_target *, struct str path,
			      const struct http_request *request);
	void (*destroy)(struct http_client *);
};

/*
 * Starts a request; never fails here, the fetch does. `path` is the path and query on the wire. Headers go
 * out in order and case as they are (but `Host`, which must be there, is always first). Fields that no
 * message can have (see header_name_valid) are left out, and so is what concerns one connection only:
 * Connection, Keep-Alive, Upgrade, Expect, Proxy-Connection, Transfer-Encoding and Content-Length; framing is
 * the client's: Content-Length when the body's length is known, chunked otherwise; body-less POST, PUT and
 * PATCH get `Content-Length: 0`. The request's strings are borrowed for the call; its body is referenced and
 * read to its end, or abandoned; a HEAD's is always.
 *
 * Response bodies stream with back-pressure, undecoded, trailers included; 1xx are dropped, 101 is an error;
 * no redirects, no proxies from the environment, no cookies, no netrc. Only http and https. The body of a
 * response is never NULL. A body that failed says why: INCOMPLETE, TIMEOUT or PROTOCOL.
 *
 * A request with `upgrade` goes over HTTP/1.1 on a connection of its own, its headers as they are (Connection
 * and Upgrade too) but for framing; a 101 is then an answer, with the connection in `upgraded`. The time-out
 * for the first byte runs from the connection on.
 *
 * Names are resolved, and connections made, without blocking the loop. The connect time-out covers both and
 * TLS; that for the first byte runs from the call to the end of the response's head; the one between bytes
 * does not count while the reader is the slow one. A certificate is always checked. Where its name is neither
 * the SNI's nor, without SNI, the host's address, connections are not pooled.
 */
must_use static inline struct fetch *http_client_send(struct http_client *c, const struct http_target *target,
						      struct str path, const struct http_request *request)
{
	return c->ops->send(c, target, path, request);
}

static inline void http_client_destroy(struct http_client **pc)
{
	if (*pc)
		(*pc)->ops->destroy(*pc);
	*pc = NULL;
}

/* Whom to trust where a target names no authorities: a file of PEM, and a folder of such files that are named
 * by their hashes. What is NULL adds nothing; both NULL: the system's. Borrowed for the client's life. */
struct http_trust {
	const char *file, *folder;
};

/*
 * Over libcurl's multi interface on the loop's libuv. Connections are pooled. libcurl is loaded by the first
 * request, which fails where there is none; until then this costs next to nothing. `trust` may be NULL. `e`
 * is for whatever else may go wrong: nothing does today.
 */
must_use struct http_client *http_client_curl_new(struct loop *loop, const struct http_trust *trust,
						  struct error *e);

#endif
