/* SPDX-License-Identifier: Apache-2.0 */
/* What a request brought about, as the document that Fiddle test lines look at. */
#ifndef RUNNER_DOCUMENT_H
#define RUNNER_DOCUMENT_H

#include "guest/guest.h"
#include "script/check.h"
#include "script/path.h"
#include "script/schema.h"
#include "script/value.h"

/* The roots and fields that lines may name. */
extern const struct schema document_schema;

/* The client's side of one invocation that has come to its end. */
struct client_fetch {
	struct invocation *invocation;
	const struct http_request *request;
	struct str request_body;
	struct str body; /* of the response, all of it */
	uint32_t chunks;
	bool complete; /* the response ended as it should */
};

/*
 * The roots that these checks look at: most look at one, and the rest would be made for nothing. Everything
 * lives in `a`, and borrows from the invocation.
 */
const struct value *document_new(const struct client_fetch *fetch, const struct check *checks, size_t count,
				 struct arena *a);

/* Does it lead to what only the inside of a service shows, and no response? */
bool document_is_inside(const struct path *target);

#endif
