/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and responses: the one message model that servers, clients, guests, origins and tests share. */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include <stdint.h>

#include "http/body.h"
#include "http/headers.h"

enum http_version { HTTP_0_9, HTTP_1_0, HTTP_1_1, HTTP_2, HTTP_3 };

/* Strings and headers live in the arena of whoever made the message; the body is a counted reference (or
 * NULL: none). */
struct http_request {
	struct str method;
	struct str uri; /* absolute: scheme://authority/path?query */
	enum http_version version;
	struct headers headers;
	struct body *body;
	bool upgrade; /* of one that is sent: its answer may be a 101, which hands the connection on */
};

struct http_response {
	uint16_t status;
	struct str reason; /* as the origin gave it; empty: the usual phrase */
	enum http_version version;
	struct headers headers;
	struct body *body;
};

/* "OK" for 200; empty for a status nobody named. */
struct str http_reason(uint16_t status);

/* Can a message with this status have a body at all (RFC 9112, 6.3)? */
bool http_status_has_body(uint16_t status);

#endif
