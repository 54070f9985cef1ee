/* SPDX-License-Identifier: Apache-2.0 */
#include "world/purge_relay.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/rc.h"

/* cache_purge() or cache_purge_key() */
typedef bool purge_fn(struct cache *, struct str key, bool soft, uint64_t *count);

struct on_its_way {
	struct list link;
	purge_fn *purge;
	const struct cache *from; /* only compared */
	struct blob *key;         /* NULL: everything */
	bool soft;
	uint64_t due_ns;
};

struct purge_relay {
	struct rc rc;
	struct loop *loop;
	uint64_t delay_ns;
	struct cache *caches[PURGE_RELAY_CACHES_MAX];
	size_t count;
	struct list purges; /* oldest first */
	size_t waiting;
	struct timer timer;
};

static void purge_free(struct purge_relay *r, struct on_its_way *p)
{
	list_remove(&p->link);
	r->waiting--;
	blob_unref(&p->key);
	mem_free(p);
}

static struct on_its_way *oldest(const struct purge_relay *r)
{
	return list_empty(&r->purges) ? NULL : container_of(r->purges.next, struct on_its_way, link);
}

static void purge_others(struct purge_relay *r, purge_fn *purge, const struct cache *from, struct str key,
			 bool soft)
{
	uint64_t count;
	for (size_t i = 0; i < r->count; i++) {
		/*
		 * One that fails has failed to be told, as it may at the edge: nobody is there to hear of it.
		 */
		bool done = r->caches[i] == from || purge(r->caches[i], key, soft, &count);
		(void)done;
	}
}

static void arrive(struct purge_relay *r, struct on_its_way *p)
{
	purge_others(r, p->purge, p->from, p->key ? blob_str(p->key) : (struct str){ 0 }, p->soft);
	purge_free(r, p);
}

static void arrive_those_due(struct timer *t)
{
	struct purge_relay *r = container_of(t, struct purge_relay, timer);
	uint64_t now = clock_monotonic(r->loop->clock);
	struct on_its_way *p;
	while ((p = oldest(r)) && p->due_ns <= now)
		arrive(r, p);
	if (p)
		timer_start(r->loop, &r->timer, p->due_ns - now);
}

static void send(struct purge_relay *r, purge_fn *purge, const struct cache *from, struct str key, bool soft)
{
	struct on_its_way *p = NEW(struct on_its_way);
	if (r->waiting >= PURGES_ON_THEIR_WAY_MAX)
		arrive(r, oldest(r));
	p->purge = purge;
	p->from = from;
	p->key = key.ptr ? blob_new(key) : NULL;
	p->soft = soft;
	p->due_ns = clock_monotonic(r->loop->clock) + r->delay_ns;
	list_push(&r->purges, &p->link);
	r->waiting++;
	if (!timer_running(&r->timer))
		timer_start(r->loop, &r->timer, r->delay_ns);
}

static bool relay(struct purge_relay *r, purge_fn *purge, struct cache *cache, struct str key, bool soft,
		  uint64_t *count)
{
	if (!purge(cache, key, soft, count))
		return false;
	if (r && r->delay_ns && r->count > 1)
		send(r, purge, cache, key, soft);
	else if (r)
		purge_others(r, purge, cache, key, soft);
	return true;
}

bool purge_relay_purge(struct purge_relay *r, struct cache *cache, struct str surrogate_key, bool soft,
		       uint64_t *count)
{
	return relay(r, cache_purge, cache, surrogate_key, soft, count);
}

bool purge_relay_purge_key(struct purge_relay *r, struct cache *cache, struct str key, bool soft,
			   uint64_t *count)
{
	return relay(r, cache_purge_key, cache, key, soft, count);
}

/* ---- life ---- */

static void relay_destroy(struct rc *rc)
{
	struct purge_relay *r = (struct purge_relay *)rc;
	timer_stop(r->loop, &r->timer);
	while (oldest(r))
		purge_free(r, oldest(r));
	mem_free(r);
}

struct purge_relay *purge_relay_new(struct loop *loop, uint64_t delay_ns)
{
	struct purge_relay *r = NEW(struct purge_relay);
	rc_init(&r->rc, relay_destroy);
	r->loop = loop;
	r->delay_ns = delay_ns;
	r->timer.fire = arrive_those_due;
	list_init(&r->purges);
	return r;
}

struct purge_relay *purge_relay_ref(struct purge_relay *r)
{
	rc_ref(&r->rc);
	return r;
}

void purge_relay_unref(struct purge_relay **pr)
{
	struct purge_relay *r = take(*pr);
	if (r)
		rc_unref(&r->rc);
}

void purge_relay_join(struct purge_relay *r, struct cache *cache)
{
	CHECK(r->count < PURGE_RELAY_CACHES_MAX);
	r->caches[r->count++] = cache;
}

void purge_relay_leave(struct purge_relay *r, struct cache *cache)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->caches[i] == cache) {
			r->caches[i] = r->caches[--r->count];
			return;
		}
	}
}

size_t purge_relay_waiting(const struct purge_relay *r)
{
	return r->waiting;
}
