/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where HTTP meets a service: every exchange of a server becomes an invocation in one world, and the
 * invocation's answer the exchange's. Guests beyond `alive_max` wait in line.
 */
#ifndef GUEST_FRONT_H
#define GUEST_FRONT_H

#include <stdbool.h>
#include <stddef.h>

#include "guest/guest.h"

/* One exchange that came to its end, for an access log. Borrowed for the call. */
struct front_record {
	const struct http_request *request;
	const struct invocation *invocation;
	uint64_t ns; /* from the request's head to the service's end, on the world's clock */
};

struct front {
	struct service *service; /* borrowed, as the world is */
	struct world *world;
	size_t alive, alive_max;
	struct list waiting; /* struct handled */
	struct list under_way;
	void (*ended)(void *data, const struct front_record *); /* may be NULL */
	void *data;
	struct event idle; /* fired when the last one ended */
};

void front_init(struct front *f, struct service *service, struct world *world, size_t alive_max);
/* Cancels what is still under way. */
void front_fini(struct front *f);

/* For http_server_options.handle; `data` is the front. */
void front_handle(void *data, struct exchange *x);

#endif
