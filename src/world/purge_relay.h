/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a purge travels between POPs: at once where it is made, and in the others' caches after a delay. Worlds
 * that have no relay purge their own cache only.
 */
#ifndef WORLD_PURGE_RELAY_H
#define WORLD_PURGE_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "loop/loop.h"
#include "world/cache.h"

enum {
	PURGES_ON_THEIR_WAY_MAX = 100000, /* beyond it the oldest arrives before its time */
	PURGE_RELAY_CACHES_MAX = 64,
};

struct purge_relay;

/* The loop outlives it. */
must_use struct purge_relay *purge_relay_new(struct loop *loop, uint64_t delay_ns);
struct purge_relay *purge_relay_ref(struct purge_relay *r);
void purge_relay_unref(struct purge_relay **pr); /* leaves NULL; NULL is fine */

/* Caches are borrowed, and leave before they go. */
void purge_relay_join(struct purge_relay *r, struct cache *cache);
void purge_relay_leave(struct purge_relay *r, struct cache *cache);

size_t purge_relay_waiting(const struct purge_relay *r); /* purges on their way */

/* cache_purge() of `cache`, and, `r` not being NULL, the same for the others' later. */
must_use bool purge_relay_purge(struct purge_relay *r, struct cache *cache, struct str surrogate_key,
				bool soft, uint64_t *count);
/* The same of cache_purge_key(). */
must_use bool purge_relay_purge_key(struct purge_relay *r, struct cache *cache, struct str key, bool soft,
				    uint64_t *count);

#endif
