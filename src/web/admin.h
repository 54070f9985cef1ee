/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin endpoint of `serve`: health, statistics, what is cached, purging. An HTTP server of its own, for
 * tools on this machine: it listens on loopback only, every request needs the token, and one whose Host is
 * not this very endpoint, or that a web page sends (it has an Origin), is refused, so that no page in a
 * browser can reach it.
 *
 *	GET  /health                   {"status":"ok", …}
 *	GET  /stats                    numbers, for each POP
 *	GET  /cache[?pop=X&limit=N]    what is cached
 *	POST /purge/KEY[?pop=X&soft=1] purges by a surrogate key; /purge, header Surrogate-Key: several
 *	POST /purge_all[?pop=X&soft=1] purges everything
 *
 * Purges may also be written as for Fastly's API: /service/ID/purge/KEY, with Fastly-Key and
 * Fastly-Soft-Purge: 1.
 */
#ifndef WEB_ADMIN_H
#define WEB_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/address.h"
#include "world/world.h"

enum { ADMIN_TOKEN_BYTES_MAX = 256, ADMIN_LISTED_MAX = 10000 };

/* What has been handled at one POP since the start. */
struct admin_numbers {
	uint64_t requests, failed, cut, over_limit; /* `failed`: outcomes other than ok */
	uint64_t by_class[6];                       /* statuses by their first digit; [0]: not answered */
	uint64_t sent_bytes, cpu_ns, wall_ns, subrequests, cache_lookups, log_bytes;
};

struct admin_pop {
	struct str name;
	struct world *world;
	const struct admin_numbers *numbers;
	size_t under_way; /* guests alive */
	size_t in_line;   /* requests that wait for one */
};

/* Who knows all of that. Called while a request is answered. */
struct admin_source {
	bool (*pop)(void *data, size_t i, struct admin_pop *out); /* false: there are no more */
	uint64_t (*reloads)(void *data); /* how often guest or manifest were replaced */
	void *data;
};

struct admin;

/* The token is copied; at least one byte. Errors name the address and what to do. */
must_use bool admin_listen(struct admin **out, struct loop *loop, const struct net_address *address,
			   struct str token, const struct admin_source *source, struct error *e);
uint16_t admin_port(const struct admin *a);
void admin_close(struct admin **pa); /* leaves NULL; NULL is fine */

#endif
