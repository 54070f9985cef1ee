/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever asks a service in memory, and follows what comes of it until nothing more can: the response to its
 * end, the end of the service, and the settling of all that it had sent.
 *
 *	memory_client_init(&c);
 *	c.asked = …;                                    borrowed as service_invoke() says
 *	memory_client_start(&c, service, world);
 *	memory_client_finish(&c);                       or watch c.changed, and let somebody else run the loop
 *	… c.invocation, c.body …
 *	memory_client_fini(&c);
 */
#ifndef GUEST_MEMORY_CLIENT_H
#define GUEST_MEMORY_CLIENT_H

#include "base/buf.h"
#include "guest/guest.h"

enum { MEMORY_CLIENT_BODY_BYTES_MAX = 256 << 20 };

struct memory_client {
	struct invocation_request asked; /* filled in before the start */
	struct invocation *invocation;
	struct buf body;      /* of the response, what was read by now; what is beyond the bound is dropped */
	uint32_t chunks;      /* in which it came */
	bool read;            /* there will be no more of it */
	bool complete;        /* it ended as it should */
	bool done;            /* the service is over, its response read, what it sent settled */
	bool stuck;           /* the service waited for what would never come, and was stopped */
	struct event changed; /* fired whenever one of these may have changed */
	struct watcher on_change, on_body, on_fetch;
};

/*
 * The request that a client in memory sends. `target`: a URL, or a path of the host that a Host field names,
 * else of localhost. Host and Content-Length are added where they are not among the fields. `body`, NULL for
 * none, is all there; the reference is handed on to `out->body`. Strings are borrowed or live in the arena.
 */
void memory_request(struct http_request *out, struct str method, struct str target,
		    const struct headers *fields, struct body *body, struct arena *a);
/* A body of these bytes, which has ended. */
must_use struct body *memory_body(struct loop *loop, struct str bytes);

void memory_client_init(struct memory_client *c);
/* Both outlive the client. The service may run before this returns. */
void memory_client_start(struct memory_client *c, struct service *service, struct world *w);
/* Runs the world's loop until `done`; a service that waits for what never comes is stopped. */
void memory_client_finish(struct memory_client *c);
/* Stops a service that still runs. */
void memory_client_stop(struct memory_client *c);
void memory_client_fini(struct memory_client *c); /* nobody may watch it any more */

#endif
