/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a service in memory, from its sending until nothing more can come of it. */
#ifndef RUNNER_EXCHANGE_H
#define RUNNER_EXCHANGE_H

#include "guest/memory_client.h"
#include "runner/document.h"
#include "script/script.h"

struct run_exchange {
	struct memory_client asks;
	struct invocation *invocation;
	struct client_fetch client; /* what the client saw */
	struct http_request request;
};

/*
 * Sends the request and runs the world's loop until the service has ended, its response was read to the end
 * and every fetch is settled. Strings live in `a`.
 */
void run_exchange(struct run_exchange *ex, struct service *service, struct world *w,
		  const struct script_request *r, struct arena *a);
void run_exchange_fini(struct run_exchange *ex);

#endif
