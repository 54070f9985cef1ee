/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a service in memory, from its sending until nothing more can come of it. */
#ifndef RUNNER_EXCHANGE_H
#define RUNNER_EXCHANGE_H

#include "base/buf.h"
#include "guest/guest.h"
#include "runner/document.h"
#include "script/script.h"

struct run_exchange {
	struct invocation *invocation;
	struct client_fetch client; /* what the client saw */
	struct http_request request;
	struct invocation_request asked;
	struct buf body;
	bool done;
	bool stuck;           /* the service waited for what would never come, and was stopped */
	bool responded_first; /* the response was there before the service ended */
	struct watcher on_change, on_body, on_fetch;
};

/*
 * Sends the request and runs the world's loop until the service has ended, its response was read to the end
 * and every fetch is settled. Strings live in `a`.
 */
void run_exchange(struct run_exchange *ex, struct service *service, struct world *w,
		  const struct script_request *r, struct arena *a);
void run_exchange_fini(struct run_exchange *ex);

#endif
