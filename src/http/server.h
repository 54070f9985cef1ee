/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server of HTTP/1.1 and HTTP/2. HTTP/2 is spoken with clients that begin with its preface, over TLS only
 * when that was agreed on (ALPN).
 *
 * HTTP/1.1 (RFC 9112): keep-alive, pipelining in order, chunked and Content-Length bodies as
 * streams with back-pressure, trailers, HEAD, Expect, 1xx, limits and time-outs. It parses, frames and
 * streams; what to answer is the handler's business.
 *
 * What it refuses, with an empty 400 and the connection's end: anything that is no HTTP/1.0 or 1.1 head,
 * names that are no tokens, control characters in values, a bare CR, folded lines, a Content-Length that is
 * no number or comes twice and differs, a Transfer-Encoding that does not end in chunked, a missing, repeated
 * or malformed Host. Too many or too long fields get 431, a too long request line or target 414, a head that
 * takes too long 408. What it bears: bare LF, empty lines
 * before a request, a Content-Length beside chunked (dropped) or repeated with the same value (one is kept).
 * A body with bad chunks fails with BODY_FAILURE_PROTOCOL, and the connection ends after the response.
 * Upgrade is a header like any other, until the handler answers by exchange_upgrade(). Header names keep
 * their case and fields their order.
 *
 * HTTP/2 (RFC 9113): what breaks the protocol ends the stream or the connection, as nghttp2 sees it; a head
 * whose URI is none gets 400, and the limits of heads are those of HTTP/1.1, with the same answers. The
 * pieces of a cookie are joined. A client that only makes work (floods of resets, pings, settings, heads
 * without end) is told to calm down, and its connection ends: see h2_guard.c.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "http/message.h"
#include "loop/loop.h"
#include "net/address.h"

struct stream;      /* net/stream.h */
struct tls_context; /* net/tls.h */
struct tls_peer;

/*
 * One request and its response. The server makes it, the handler answers it: any number of exchange_inform(),
 * then exchange_respond() or exchange_abort() once, then exchange_release() once, in whatever order release
 * and the end of the response come. `request` and its strings live in `arena` until exchange_release().
 */
struct exchange {
	struct arena *arena;
	struct http_request
		request; /* the body is NULL when there is none; take() it to keep it for longer */
	struct net_address client, server;
	struct tls_peer *tls;      /* what is known from the handshake; NULL: it came in the clear */
	struct str h2_fingerprint; /* see http/h2_fingerprint.h; empty: it did not come over HTTP/2 */
	bool responded;
	bool gone;            /* the client went away: nothing that is still written will arrive */
	bool done;            /* the response is out, or `gone` */
	uint64_t sent;        /* bytes of the response's body that are out */
	struct event changed; /* fired when `gone` or `done` becomes true */
};

/*
 * `request.uri` is absolute: scheme and authority, then path and query as they came. The authority is the
 * Host header as it is, even when the target was absolute and names another; where there is none it is the
 * target's (HTTP/2: `:authority`; both must then be the same), and for HTTP/1.0 the server's own address. The
 * path is empty for `OPTIONS *` and for CONNECT.
 */
typedef void exchange_handler_fn(void *data, struct exchange *x);

/* Times are 0 for "no limit". */
struct http_server_options {
	size_t head_bytes_max;     /* request line + headers; over it: 431 (or 414 when the line alone is) */
	size_t headers_max;        /* fields; over it: 431 */
	uint64_t head_timeout_ns;  /* from the first byte of a head to its last: 408 and close */
	uint64_t idle_timeout_ns;  /* a kept-alive connection without a request */
	uint64_t body_timeout_ns;  /* between bytes of a request body that somebody waits for:
				      BODY_FAILURE_TIMEOUT */
	uint64_t write_timeout_ns; /* a client that reads nothing at all for so long is gone */
	size_t connections_max;    /* more wait in the kernel's queue */
	size_t streams_max;        /* open at once on a connection of HTTP/2; more are refused */
	struct tls_context
		*tls;    /* NULL: in the clear; referenced. With it, streams that are attached speak TLS */
	bool half_close; /* a client that has ended its side is still answered; else it counts as gone */
	exchange_handler_fn *handle;
	void *data;
};

extern const struct http_server_options http_server_defaults; /* without a handler */

struct http_server;

/* Listens on `host` (an IP literal) and `port` (0: any). Errors name the address and what to do (port taken
 * …). */
must_use bool http_server_listen(struct http_server **out, struct loop *loop, const char *host, uint16_t port,
				 const struct http_server_options *options, struct error *e);
uint16_t http_server_port(const struct http_server *s);
size_t http_server_connections(const struct http_server *s);

/* Accepts nothing more, lets exchanges under way end, closes idle connections; `*stopped` becomes true when
 * all are gone. */
void http_server_stop(struct http_server *s, bool *stopped);
/*
 * Cuts whatever is left. Leaves NULL; NULL is fine. Handlers' exchanges become `gone` and must still be
 * released. The connections' memory is freed by the loop.
 */
void http_server_destroy(struct http_server **ps);

/* Serves one connection over any byte stream (takes it): for tests, and for what others accept. */
void http_server_attach(struct http_server *s, struct stream *taken);
/* A server that does not listen. */
must_use struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options);

/*
 * An interim response: 100..199 but 101. Others are ignored, and so are those to HTTP/1.0 clients and after
 * the response. Headers may be NULL.
 */
void exchange_inform(struct exchange *x, uint16_t status, const struct headers *headers);

/*
 * Sends the response; a reference to its body is taken over, headers are copied. `Date` is added when absent.
 * What the handler gives cannot break the message: a field whose name is no token or whose value holds
 * control characters is left out, a reason with such is replaced by the usual phrase, and a status below 200
 * or above 999 becomes an empty 500.
 *
 * Framing is the server's: Content-Length and Transfer-Encoding in the headers are dropped; the length is
 * sent when it is known, else the body goes out chunked, or to an HTTP/1.0 client up to the connection's end.
 * With `keep_framing` the handler's Transfer-Encoding: chunked or valid Content-Length is obeyed where HTTP
 * allows it: a longer body is cut off there, a shorter one cuts the connection. `Connection` is dropped too;
 * `close` in it is obeyed.
 *
 * A body that fails cuts the connection, so that the client sees that it is incomplete. HEAD, 204 and 304
 * send no body.
 */
void exchange_respond(struct exchange *x, const struct http_response *response, bool keep_framing);
/*
 * Answers 101 and leaves HTTP: from then on bytes go between the client and `taken` (the server's from then
 * on), both ways and with back-pressure, until both have ended or one breaks, which the other is told. What
 * the client sent behind its request goes first; so does `rest`, which had come from `taken` (copied).
 * `Connection: upgrade` is added. Such a connection does not keep a server that stops.
 *
 * Instead the client gets a 502 where its connection cannot be switched: over HTTP/2 or HTTP/1.0, when it did
 * not ask (Upgrade), while its request's body is not read to the end, when the server is stopping.
 */
void exchange_upgrade(struct exchange *x, const struct http_response *response, struct stream *taken,
		      struct str rest);
void exchange_abort(struct exchange *x); /* cuts the connection without a response */
/* Gives the exchange back, its arena included; without a response it is an abort. Nobody may watch it any
 * more. */
void exchange_release(struct exchange *x);

#endif
