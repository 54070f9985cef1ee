/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters and boxes in memory: persistent maps, so that a frame costs four references. What a map holds is
 * never changed in place: an increment puts a new entry in the old one's place.
 */
#include <string.h>

#include "base/mem.h"
#include "base/pmap.h"
#include "loop/clock.h"
#include "world/rates.h"

enum { BYTES_MAX = 64 << 20, NODE_BYTES = 128 };

/* ---- entries by key, and in the order in which they go ---- */

/* The struct of an entry's kind begins with it. */
struct held {
	struct rc rc;
	uint64_t order; /* the least goes first */
	size_t bytes;   /* of it and of its nodes, about */
};

struct held_map {
	struct pmap by_key, by_order;
	size_t max, bytes;
};

/* A name's length, the name and an entry, so that no two pairs are the same key. */
struct held_key {
	char bytes[sizeof(uint16_t) + RATES_NAME_BYTES_MAX + RATES_ENTRY_BYTES_MAX];
	struct str text;
};

static void held_key_init(struct held_key *k, struct str name, struct str entry)
{
	uint16_t len = (uint16_t)name.len;
	memcpy(k->bytes, &len, sizeof len);
	memcpy(k->bytes + sizeof len, name.ptr ? name.ptr : "", name.len);
	memcpy(k->bytes + sizeof len + name.len, entry.ptr ? entry.ptr : "", entry.len);
	k->text = (struct str){ k->bytes, sizeof len + name.len + entry.len };
}

/* The order, its highest byte first, and the key. */
struct order_key {
	char bytes[sizeof(uint64_t) + sizeof((struct held_key *)NULL)->bytes];
	struct str text;
};

static void order_key_init(struct order_key *k, uint64_t order, struct str key)
{
	uint64_t big_endian = __builtin_bswap64(order);
	memcpy(k->bytes, &big_endian, sizeof big_endian);
	memcpy(k->bytes + sizeof big_endian, key.ptr, key.len);
	k->text = (struct str){ k->bytes, sizeof big_endian + key.len };
}

static struct held *held_get(const struct held_map *m, struct str key)
{
	return (struct held *)pmap_get(&m->by_key, key);
}

static void held_remove(struct held_map *m, struct str key)
{
	struct order_key order;
	struct held *h = held_get(m, key);
	if (!h)
		return;
	order_key_init(&order, h->order, key);
	m->bytes -= h->bytes;
	pmap_remove(&m->by_order, order.text);
	pmap_remove(&m->by_key, key);
}

/* Lets the first one go if its order is below `limit`. */
static bool held_evict(struct held_map *m, uint64_t limit)
{
	struct str order_key;
	struct rc *value;
	struct held_key key;
	if (!pmap_next(&m->by_order, STR(""), true, &order_key, &value) ||
	    ((struct held *)value)->order >= limit)
		return false;
	struct str text = str_sub(order_key, sizeof(uint64_t), order_key.len);
	memcpy(key.bytes, text.ptr, text.len); /* what is borrowed goes with the first change */
	held_remove(m, (struct str){ key.bytes, text.len });
	return true;
}

static void held_put(struct held_map *m, struct str key, struct held *taken, size_t size)
{
	struct order_key order;
	taken->bytes = size + 2 * (key.len + NODE_BYTES);
	held_remove(m, key);
	while (pmap_count(&m->by_key) >= m->max || m->bytes + taken->bytes > BYTES_MAX)
		held_evict(m, UINT64_MAX);
	order_key_init(&order, taken->order, key);
	m->bytes += taken->bytes;
	pmap_put(&m->by_key, key, rc_ref(&taken->rc));
	pmap_put(&m->by_order, order.text, &taken->rc);
}

static void held_free(struct rc *r)
{
	mem_free(r);
}

static struct held_map held_copy(const struct held_map *m)
{
	struct held_map copy = *m;
	copy.by_key = pmap_copy(&m->by_key);
	copy.by_order = pmap_copy(&m->by_order);
	return copy;
}

static void held_fini(struct held_map *m)
{
	pmap_fini(&m->by_key);
	pmap_fini(&m->by_order);
}

/* ---- counters ---- */

struct bucket {
	uint32_t second, count;
};

/* Ordered by the second of its last increment, and by when it came within that. */
struct counted {
	struct held held;
	uint32_t buckets;
	struct bucket at[]; /* of the last minute, the newest last */
};

struct rates_memory {
	struct rates super;
	struct held_map counted, penalized;
	uint32_t sequence;
};

static uint32_t second_of(uint64_t now_ns)
{
	return (uint32_t)(now_ns / NS_PER_S);
}

/* Is the second one of the last N, of which `now` is the newest? */
static bool within(uint32_t second, uint32_t now, uint32_t window_s)
{
	return second <= now && now - second < window_s;
}

static uint32_t add_up(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* What follows the old entry (NULL: none). */
static struct counted *counted_next(struct rates_memory *self, const struct counted *old, uint32_t now,
				    uint32_t delta, size_t *size)
{
	uint32_t from = 0, count = old ? old->buckets : 0;
	while (from < count && !within(old->at[from].second, now, RATES_WINDOW_S_MAX))
		from++;
	uint32_t kept = count - from;
	bool same = kept && old->at[count - 1].second == now;
	uint32_t buckets = kept + !same;
	*size = sizeof *old + buckets * sizeof *old->at;
	struct counted *next = mem_alloc(*size);
	rc_init(&next->held.rc, held_free);
	next->held.order = same ? old->held.order : (uint64_t)now << 32 | self->sequence++;
	next->buckets = buckets;
	if (kept)
		memcpy(next->at, old->at + from, kept * sizeof *next->at);
	if (!same)
		next->at[buckets - 1] = (struct bucket){ .second = now };
	next->at[buckets - 1].count = add_up(next->at[buckets - 1].count, delta);
	return next;
}

static bool rates_memory_add(struct rates *super, uint64_t now_ns, struct str counter, struct str entry,
			     uint32_t delta, struct error *e)
{
	struct rates_memory *self = (struct rates_memory *)super;
	uint32_t now = second_of(now_ns);
	struct held_key key;
	size_t size;
	(void)e;
	if (now >= RATES_WINDOW_S_MAX) {
		while (held_evict(&self->counted, (uint64_t)(now - RATES_WINDOW_S_MAX + 1) << 32))
			continue;
	}
	if (delta == 0)
		return true;
	held_key_init(&key, counter, entry);
	struct counted *next =
		counted_next(self, (struct counted *)held_get(&self->counted, key.text), now, delta, &size);
	held_put(&self->counted, key.text, &next->held, size);
	return true;
}

static bool rates_memory_count(struct rates *super, uint64_t now_ns, struct str counter, struct str entry,
			       uint32_t window_s, uint64_t *count, struct error *e)
{
	struct rates_memory *self = (struct rates_memory *)super;
	struct held_key key;
	(void)e;
	held_key_init(&key, counter, entry);
	const struct counted *c = (const struct counted *)held_get(&self->counted, key.text);
	*count = 0;
	for (uint32_t i = 0; c && i < c->buckets; i++) {
		if (within(c->at[i].second, second_of(now_ns), window_s))
			*count += c->at[i].count;
	}
	return true;
}

/* ---- boxes: an entry's order is the time when it is free ---- */

static bool rates_memory_penalize(struct rates *super, uint64_t now_ns, struct str box, struct str entry,
				  uint64_t ns, struct error *e)
{
	struct rates_memory *self = (struct rates_memory *)super;
	struct held *h = mem_alloc(sizeof *h);
	struct held_key key;
	(void)e;
	while (held_evict(&self->penalized, now_ns + 1))
		continue;
	rc_init(&h->rc, held_free);
	h->order = now_ns + ns;
	held_key_init(&key, box, entry);
	held_put(&self->penalized, key.text, h, sizeof *h);
	return true;
}

static bool rates_memory_penalized(struct rates *super, uint64_t now_ns, struct str box, struct str entry,
				   uint64_t *left_ns, struct error *e)
{
	struct rates_memory *self = (struct rates_memory *)super;
	struct held_key key;
	(void)e;
	held_key_init(&key, box, entry);
	const struct held *h = held_get(&self->penalized, key.text);
	*left_ns = h && h->order > now_ns ? h->order - now_ns : 0;
	return true;
}

/* ---- both ---- */

static struct held_map *map_of(struct rates *super, bool boxes)
{
	struct rates_memory *self = (struct rates_memory *)super;
	return boxes ? &self->penalized : &self->counted;
}

static bool rates_memory_forget(struct rates *super, bool box, struct str name, struct str entry)
{
	struct held_map *m = map_of(super, box);
	struct held_key key;
	if (name.len > RATES_NAME_BYTES_MAX || entry.len > RATES_ENTRY_BYTES_MAX)
		return false;
	held_key_init(&key, name, entry);
	bool there = held_get(m, key.text) != NULL;
	held_remove(m, key.text);
	return there;
}

static bool rates_memory_next(struct rates *super, bool boxes, struct rates_item *item)
{
	uint16_t len;
	if (!pmap_each(&map_of(super, boxes)->by_key, &item->at))
		return false;
	struct str key = item->at.key;
	memcpy(&len, key.ptr, sizeof len);
	item->name = str_sub(key, sizeof len, len);
	item->entry = str_sub(key, sizeof len + len, key.len);
	return true;
}

/* ---- life ---- */

static struct rates *rates_memory_fork(struct rates *super)
{
	const struct rates_memory *self = (const struct rates_memory *)super;
	struct rates_memory *fork = mem_alloc(sizeof *fork);
	*fork = *self;
	fork->counted = held_copy(&self->counted);
	fork->penalized = held_copy(&self->penalized);
	return &fork->super;
}

static void rates_memory_destroy(struct rates *super)
{
	struct rates_memory *self = (struct rates_memory *)super;
	held_fini(&self->counted);
	held_fini(&self->penalized);
	mem_free(self);
}

static const struct rates_ops rates_memory_ops = {
	.name = "memory",
	.add = rates_memory_add,
	.count = rates_memory_count,
	.penalize = rates_memory_penalize,
	.penalized = rates_memory_penalized,
	.forget = rates_memory_forget,
	.next = rates_memory_next,
	.fork = rates_memory_fork,
	.destroy = rates_memory_destroy,
};

struct rates *rates_memory_new(size_t entries_max)
{
	struct rates_memory *self = NEW(struct rates_memory);
	self->super.ops = &rates_memory_ops;
	self->counted.max = self->penalized.max = MAX(entries_max, (size_t)1);
	return &self->super;
}
