/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request under way: the promise of a response, whoever answers it (a socket, an in-memory origin, another
 * service). The asker watches `changed`; the answerer calls fetch_respond() or fetch_fail() once.
 */
#ifndef HTTP_FETCH_H
#define HTTP_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "http/message.h"
#include "loop/loop.h"

/* What can go wrong before a response's head is there. Order and numbers are those of the ABI's
 * send_error_detail_tag. */
#define FETCH_ERRORS(X)                                                                                     \
	X(UNINITIALIZED, uninitialized, "no request was made")                                              \
	X(OK, ok, "ok")                                                                                     \
	X(DNS_TIMEOUT, dns_timeout, "the name server did not answer in time")                               \
	X(DNS_ERROR, dns_error, "the host name could not be resolved")                                      \
	X(DESTINATION_NOT_FOUND, destination_not_found, "no such backend or host")                          \
	X(DESTINATION_UNAVAILABLE, destination_unavailable, "the backend is considered unavailable")        \
	X(DESTINATION_IP_UNROUTABLE, destination_ip_unroutable,                                             \
	  "there is no route to the backend's address")                                                     \
	X(CONNECTION_REFUSED, connection_refused, "connection refused")                                     \
	X(CONNECTION_TERMINATED, connection_terminated,                                                     \
	  "the connection ended before the response was complete")                                          \
	X(CONNECTION_TIMEOUT, connection_timeout, "connecting took too long")                               \
	X(CONNECTION_LIMIT_REACHED, connection_limit_reached, "too many connections to the backend")        \
	X(TLS_CERTIFICATE_ERROR, tls_certificate_error, "the backend's certificate was not accepted")       \
	X(TLS_CONFIGURATION_ERROR, tls_configuration_error, "the backend's TLS settings cannot work")       \
	X(HTTP_INCOMPLETE_RESPONSE, http_incomplete_response, "the response was incomplete")                \
	X(HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE, http_response_header_section_too_large,                   \
	  "the response's headers are too large")                                                           \
	X(HTTP_RESPONSE_BODY_TOO_LARGE, http_response_body_too_large, "the response's body is too large")   \
	X(HTTP_RESPONSE_TIMEOUT, http_response_timeout, "the first byte of the response took too long")     \
	X(HTTP_RESPONSE_STATUS_INVALID, http_response_status_invalid, "the response has an invalid status") \
	X(HTTP_UPGRADE_FAILED, http_upgrade_failed, "the backend did not upgrade the connection")           \
	X(HTTP_PROTOCOL_ERROR, http_protocol_error, "the backend broke the HTTP protocol")                  \
	X(HTTP_REQUEST_CACHE_KEY_INVALID, http_request_cache_key_invalid, "the cache key is invalid")       \
	X(HTTP_REQUEST_URI_INVALID, http_request_uri_invalid, "the request's URI is invalid")               \
	X(INTERNAL_ERROR, internal_error, "internal error")                                                 \
	X(TLS_ALERT_RECEIVED, tls_alert_received, "the backend sent a TLS alert")                           \
	X(TLS_PROTOCOL_ERROR, tls_protocol_error, "the backend broke the TLS protocol")                     \
	X(H2_ERROR, h2_error, "the backend sent an HTTP/2 error")

enum fetch_error {
#define X(name, lower, text) FETCH_##name,
	FETCH_ERRORS(X)
#undef X
};

const char *fetch_error_text(enum fetch_error error);
const char *fetch_error_name(enum fetch_error error); /* "connection_refused" */

struct stream; /* net/stream.h */

struct fetch {
	struct rc rc;
	struct loop *loop;
	struct arena arena;     /* the response's head lives here */
	bool settled;           /* `error` says how */
	enum fetch_error error; /* FETCH_OK: `response` is there, its body may still be coming */
	struct str error_text;  /* more words about the error, for people; may be empty */
	struct http_response response;
	/*
	 * Of a 101: the connection, to go on with in whatever it switched to, and what came behind the head.
	 * NULL where there is none, in memory. take() it; else it is closed with the fetch.
	 */
	struct stream *upgraded;
	struct str upgraded_rest;
	struct event changed;   /* fired when settled, and for `informed` */
	struct str remote_host; /* who answered, for reports; may be empty */
	uint8_t remote_ip[16];
	uint8_t remote_ip_len; /* 4, 16 or 0 */
	uint16_t remote_port;
	uint64_t started_ns, settled_ns; /* monotonic */
	/* Stops the answerer, who must not touch the fetch afterwards. Called once, only before it settled.
	 */
	void (*cancel)(struct fetch *);
	void *answerer;   /* for whoever answers */
	struct rc *asked; /* what the answerer keeps of the request, for reports; a reference; often NULL */
};

must_use struct fetch *fetch_new(struct loop *loop);
must_use struct fetch *fetch_ref(struct fetch *f);
/*
 * The last reference cancels what is still under way and abandons the response's body: who wants to read that
 * for longer takes it out, `take(f->response.body)`. Leaves NULL.
 */
void fetch_unref(struct fetch **pf);

/* `response`'s strings must live in f->arena; its body reference is taken over. */
void fetch_respond(struct fetch *f, struct http_response response);
void fetch_fail(struct fetch *f, enum fetch_error error, struct str text);

#endif
