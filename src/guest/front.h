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

/*
 * One exchange that came to its end, the service's and the client's, for an access log. Borrowed for the
 * call.
 */
struct front_record {
	const struct http_request *request;
	struct net_address client;
	uint16_t status; /* 0: it was not answered */
	uint64_t sent;   /* bytes of the response's body */
	bool cut;        /* the client went away, or the response broke off */
	uint64_t ns;     /* from the request's head to the end of both, on the world's clock */
	/* Of the invocation: */
	uint64_t number;
	uint32_t nth; /* request of its instance, from 1 */
	enum outcome outcome;
	uint64_t cpu_ns, memory_bytes, hostcalls, subrequests, cache_lookups, log_bytes, breaches;
};

struct front {
	struct service *service; /* borrowed, as the world is */
	struct world *world;
	bool show_pop; /* responses without X-Served-By get the world's */
	size_t alive, alive_max;
	struct list waiting; /* struct handled */
	struct list under_way;
	/*
	 * The invocation has come to its end; the response may still be on its way. May be NULL, as the next.
	 */
	void (*ended)(void *data, const struct http_request *request, const struct invocation *invocation);
	void (*finished)(void *data, const struct front_record *);
	void *data;
	struct event idle; /* fired when the last one is finished */
};

void front_init(struct front *f, struct service *service, struct world *world, size_t alive_max);
/* Cancels what is still under way. */
void front_fini(struct front *f);

/* Neither waiting nor under way: nothing. */
bool front_idle(const struct front *f);

/* For http_server_options.handle; `data` is the front. */
void front_handle(void *data, struct exchange *x);

#endif
