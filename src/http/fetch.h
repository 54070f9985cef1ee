/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request under way: the promise of a response, whoever answers it (a socket, an in-memory origin, another service).
 * The asker watches `changed`; the answerer calls fetch_respond() or fetch_fail() once.
 */
#ifndef HTTP_FETCH_H
#define HTTP_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "http/message.h"
#include "loop/loop.h"

/* What can go wrong before a response's head is there. Order and numbers are those of the ABI's send_error_detail_tag. */
#define FETCH_ERRORS(X)                                                                            \
	X(UNINITIALIZED, "no request was made")                                                    \
	X(OK, "ok")                                                                                \
	X(DNS_TIMEOUT, "the name server did not answer in time")                                   \
	X(DNS_ERROR, "the host name could not be resolved")                                        \
	X(DESTINATION_NOT_FOUND, "no such backend or host")                                        \
	X(DESTINATION_UNAVAILABLE, "the backend is considered unavailable")                        \
	X(DESTINATION_IP_UNROUTABLE, "there is no route to the backend's address")                 \
	X(CONNECTION_REFUSED, "connection refused")                                                \
	X(CONNECTION_TERMINATED, "the connection ended before the response was complete")          \
	X(CONNECTION_TIMEOUT, "connecting took too long")                                          \
	X(CONNECTION_LIMIT_REACHED, "too many connections to the backend")                         \
	X(TLS_CERTIFICATE_ERROR, "the backend's certificate was not accepted")                     \
	X(TLS_CONFIGURATION_ERROR, "the backend's TLS settings cannot work")                       \
	X(HTTP_INCOMPLETE_RESPONSE, "the response was incomplete")                                 \
	X(HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE, "the response's headers are too large")          \
	X(HTTP_RESPONSE_BODY_TOO_LARGE, "the response's body is too large")                        \
	X(HTTP_RESPONSE_TIMEOUT, "the first byte of the response took too long")                   \
	X(HTTP_RESPONSE_STATUS_INVALID, "the response has an invalid status")                      \
	X(HTTP_UPGRADE_FAILED, "the backend did not upgrade the connection")                       \
	X(HTTP_PROTOCOL_ERROR, "the backend broke the HTTP protocol")                              \
	X(HTTP_REQUEST_CACHE_KEY_INVALID, "the cache key is invalid")                              \
	X(HTTP_REQUEST_URI_INVALID, "the request's URI is invalid")                                \
	X(INTERNAL_ERROR, "internal error")                                                        \
	X(TLS_ALERT_RECEIVED, "the backend sent a TLS alert")                                      \
	X(TLS_PROTOCOL_ERROR, "the backend broke the TLS protocol")                                \
	X(H2_ERROR, "the backend sent an HTTP/2 error")

enum fetch_error {
#define X(name, text) FETCH_##name,
	FETCH_ERRORS(X)
#undef X
};

const char *fetch_error_text(enum fetch_error error);
const char *fetch_error_name(enum fetch_error error); /* "connection_refused" */

struct fetch {
	struct rc rc;
	struct loop *loop;
	struct arena arena;            /* the response's head lives here */
	bool settled;                  /* `error` says how */
	enum fetch_error error;        /* FETCH_OK: `response` is there, its body may still be coming */
	struct str error_text;         /* more words about the error, for people; may be empty */
	struct http_response response;
	struct event changed;          /* fired when settled, and for `informed` */
	struct str remote_host;        /* who answered, for reports; may be empty */
	uint8_t remote_ip[16];
	uint8_t remote_ip_len;         /* 4, 16 or 0 */
	uint16_t remote_port;
	uint64_t started_ns, settled_ns; /* monotonic */
	/* Stops the answerer, who must not touch the fetch afterwards. Called once, only before it settled. */
	void (*cancel)(struct fetch *);
	void *answerer;                /* for whoever answers */
};

must_use struct fetch *fetch_new(struct loop *loop);
must_use struct fetch *fetch_ref(struct fetch *f);
void fetch_unref(struct fetch **pf); /* the last reference cancels what is still under way; leaves NULL */

/* `response`'s strings must live in f->arena; its body reference is taken over. */
void fetch_respond(struct fetch *f, struct http_response response);
void fetch_fail(struct fetch *f, enum fetch_error error, struct str text);

#endif
