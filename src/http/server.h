/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.1 server (RFC 9112): keep-alive, pipelining in order, chunked and Content-Length bodies as streams with
 * back-pressure, trailers, HEAD, Expect, 1xx, limits and time-outs. It parses, frames and streams; what to answer is
 * the handler's business.
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

struct stream; /* net/stream.h */

struct net_address {
	uint8_t ip[16];
	uint8_t ip_len; /* 4, 16, or 0 when there is none (a memory pipe) */
	uint16_t port;
};

/*
 * One request and its response. The server makes it, the handler answers it: any number of exchange_inform(), then
 * exchange_respond() or exchange_abort() once, then exchange_release() once, in whatever order release and the end of
 * the response come. `request` and its strings live in `arena` until exchange_release().
 */
struct exchange {
	struct arena *arena;
	struct http_request request; /* uri is absolute: http://HOST/path; the body is NULL when there is none */
	struct net_address client, server;
	bool responded;
	bool gone;                   /* the client went away: nothing that is still written will arrive */
	struct event changed;        /* fired when `gone` becomes true */
};

typedef void exchange_handler_fn(void *data, struct exchange *x);

struct http_server_options {
	size_t head_bytes_max;       /* request line + headers; over it: 431 (or 414 when the line alone is) */
	size_t headers_max;          /* fields; over it: 431 */
	uint64_t head_timeout_ns;    /* from the first byte of a head to its last: 408 and close */
	uint64_t idle_timeout_ns;    /* a kept-alive connection without a request */
	uint64_t write_timeout_ns;   /* a client that reads nothing at all for so long is gone */
	size_t connections_max;      /* more wait in the kernel's queue */
	exchange_handler_fn *handle;
	void *data;
};

extern const struct http_server_options http_server_defaults; /* without a handler */

struct http_server;

/* Listens on `host` (an IP literal) and `port` (0: any). Errors name the address and what to do (port taken …). */
must_use bool http_server_listen(struct http_server **out, struct loop *loop, const char *host, uint16_t port,
				 const struct http_server_options *options, struct error *e);
uint16_t http_server_port(const struct http_server *s);
size_t http_server_connections(const struct http_server *s);

/* Accepts nothing more, lets exchanges under way end, closes idle connections; `*stopped` becomes true then. */
void http_server_stop(struct http_server *s, bool *stopped);
/* Cuts whatever is left. Leaves NULL; NULL is fine. Handlers' exchanges become `gone` and must still be released. */
void http_server_destroy(struct http_server **ps);

/* Serves one connection over any byte stream (takes it), without a listener: for tests, and for what others accept. */
void http_server_attach(struct http_server *s, struct stream *taken);
/* A server that does not listen. */
must_use struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options);

/* An interim response: 100..199 but 101. Ignored for HTTP/1.0 clients and after the response. */
void exchange_inform(struct exchange *x, uint16_t status, const struct headers *headers);

/*
 * Sends the response; a reference to its body is taken over, headers are copied. Framing is the server's: any
 * Content-Length, Transfer-Encoding and Connection in the headers are dropped unless `keep_framing`; the length is
 * sent when it is known, else the body goes out chunked. `Date` is added when absent. A body that fails later cuts the
 * connection, so that the client sees that it is incomplete.
 */
void exchange_respond(struct exchange *x, const struct http_response *response, bool keep_framing);
void exchange_abort(struct exchange *x); /* cuts the connection without a response */
void exchange_release(struct exchange *x);

#endif
