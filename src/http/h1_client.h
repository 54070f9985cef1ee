/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP/1.1 request over a stream of its own, whose answer may switch protocols (RFC 9110, 7.8): a 101
 * hands the stream on. For what the libcurl client cannot do.
 *
 * Headers go out as they are, in order and case, those of one connection too (Connection, Upgrade); those
 * that no message can have are left out, and framing is the client's: Content-Length when the body's length
 * is known, chunked otherwise, nothing without a body. `Host` must be there.
 */
#ifndef HTTP_H1_CLIENT_H
#define HTTP_H1_CLIENT_H

#include "http/fetch.h"
#include "http/message.h"
#include "net/stream.h"

/* Times are 0 for "no limit". */
struct h1_client_times {
	uint64_t first_byte_ns;    /* until the response's head is there */
	uint64_t between_bytes_ns; /* of its body, while somebody reads it */
};

/*
 * Sends the request over `taken`, and settles the fetch, whose `cancel` it becomes; both clocks are the
 * fetch's loop's. The request's strings are borrowed for the call; its body is referenced and read to its
 * end, or abandoned. A 101 settles it with `upgraded`; any other response has a body, never NULL, which
 * streams with back-pressure, trailers included; other 1xx are dropped. The stream is closed behind the body.
 */
void h1_client_start(struct fetch *f, struct stream *taken, const struct http_request *request,
		     struct str path, const struct h1_client_times *times);

#endif
