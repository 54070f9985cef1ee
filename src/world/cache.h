/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core cache: objects by key, several variants a key where headers of the request matter, with request
 * collapsing. Nothing here knows HTTP beyond header names: who stores something says how long it is good.
 *
 * Looking something up is an operation that may have to wait for somebody else's answer: start it, and when
 * it is not `done` at once, watch `changed`. Storing it begins with its metadata; others find the object from
 * then on and read its body while it is still being written, each from its start and at its own pace.
 *
 *	struct cache_op op;
 *	cache_op_init(&op, CACHE_TRANSACTION, key, &request_headers);
 *	cache_start(cache, &op, loop);              … wait for op.changed until op.done …
 *	if (op.found) … cache_object_open() …
 *	if (op.obliged) … cache_insert(cache, &op, &write, loop), or cache_update(), or cache_op_cancel() …
 *	cache_op_fini(&op);
 *
 * A frame (cache_fork) begins with all that was complete; what is cached in it is gone with it. What is still
 * being written belongs to the frame that writes it, and no other sees it before its end. Ages go by the wall
 * time of the loop's clock, never below what they began with when that is set back.
 */
#ifndef WORLD_CACHE_H
#define WORLD_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/pmap.h"
#include "base/rc.h"
#include "base/str.h"
#include "http/body.h"
#include "http/headers.h"
#include "loop/loop.h"

enum {
	/*
	 * The Rust and Go SDKs' documentation says 4096. The JavaScript SDK's says 8135, its tests use them
	 * at Fastly.
	 */
	CACHE_KEY_BYTES_MAX = 8135,
	CACHE_VARY_BYTES_MAX = 16 * 1024,
	CACHE_SURROGATE_KEY_BYTES_MAX = 1024,
	CACHE_SURROGATE_KEYS_BYTES_MAX = 16 * 1024,
	CACHE_VARY_RULES_MAX = 32, /* a key; what was stored under an older one is found no more */
};

/*
 * What a memory cache holds when nobody says otherwise. The bytes count metadata and keys, too, and what was
 * evicted, purged or replaced while somebody still holds it.
 */
#define CACHE_BYTES_MAX (UINT64_C(256) << 20)
#define CACHE_OBJECTS_MAX (UINT64_C(1) << 20)

/* ---- objects ---- */

struct cache_content;

/* An object's metadata, fixed when it is stored or updated. Counted; read-only. */
struct cache_object {
	struct rc rc;
	struct cache_content *content;
	uint64_t stored_ns; /* wall time */
	uint64_t initial_age_ns, max_age_ns, swr_ns, sie_ns, edge_max_age_ns;
	bool pass;         /* no object: a mark that what is asked for by this key is not to be stored */
	bool sensitive;    /* a cache that outlives the process must not write it down */
	struct blob *vary; /* the canonical rule: names in lower case, sorted, separated by spaces */
	struct blob *user_metadata;
	struct blob *surrogate_keys; /* each once, separated by spaces */

	/* The implementation's. */
	unsigned entries; /* that have it */
	uint64_t held_bytes;
};

void cache_object_unref(struct cache_object **po); /* leaves NULL; NULL is fine */
uint64_t cache_object_age_ns(const struct cache_object *o, const struct loop *loop);
/* False: it is not known yet, because its end was not written and nobody said how long it would be. */
bool cache_object_length(struct cache_object *o, uint64_t *len);
uint64_t cache_object_bytes(const struct cache_object *o); /* of the body, by now */
bool cache_object_complete(struct cache_object *o);
/* Fires when there is more of the body, at its end, and when it fails. */
struct event *cache_object_changed(struct cache_object *o);

/*
 * Where whoever stores it writes the body: a `streaming` body, a borrowed reference, NULL once it has ended.
 * body_end() makes the object complete. When it fails, is given up, or is not as long as it was said to be,
 * readers are told so and the object is found no more. There is always room soon: readers slow nobody down.
 */
struct body *cache_object_input(const struct cache_object *o);

/* A part of a body, as fastly_cache.get_body has it: both ends count; `to` alone is how many of the last. */
struct cache_range {
	bool has_from, has_to;
	bool always; /* also while the length is unknown; else that gives the whole body */
	uint64_t from, to;
};

enum cache_open {
	CACHE_OPENED,
	CACHE_OPEN_WAIT,  /* for the first byte, or the end: watch cache_object_changed() */
	CACHE_OPEN_FAILED /* what was asked for will never come */
};

/*
 * A body of its own for one reader. A range that the object's known length does not have is the whole body.
 */
must_use enum cache_open cache_object_open(struct cache_object *o, const struct cache_range *range,
					   struct loop *loop, struct body **out);

/* ---- looking up ---- */

enum cache_op_kind {
	CACHE_LOOKUP,      /* what is there, without waiting */
	CACHE_TRANSACTION, /* waits where somebody is at it already; else this op is obliged to provide it */
	/* For replacing: obliged whatever is there. */
	CACHE_REPLACE,       /* at once, in a race with all others */
	CACHE_REPLACE_FORCE, /* at once, and what is there is out of sight for lookups that come later */
	CACHE_REPLACE_WAIT,  /* after those who are obliged already */
};

struct cache_op {
	enum cache_op_kind kind;
	struct str key;                /* borrowed until fini */
	const struct headers *request; /* the same; NULL: none */
	bool past_use;                 /* a CACHE_TRANSACTION that is obliged finds also what is past all
					  use, to be renewed, or chosen in place of an error */

	/* Results, set when `done`. */
	bool done;
	bool failed;                /* the implementation could not do it; nothing is changed */
	struct cache_object *found; /* a reference, freed by fini; for CACHE_LOOKUP it may be past all use */
	bool purged;                /* softly: stale before its time */
	bool has_length;            /* of `found`, as it was known then; … */
	uint64_t length;            /* … whoever found it goes by that, whatever is known later */
	uint64_t hits;              /* of the object in this frame, this one counted */
	bool obliged;               /* until inserted, updated, chosen or cancelled */
	bool pass;                  /* a mark was found: nothing is stored, and nobody waits for anybody */
	bool if_error;        /* `found` was chosen in place of an error, by this op or who was obliged */
	struct event changed; /* fired when done */

	/* The implementation's, while it waits or is obliged. */
	void (*release)(struct cache_op *);
	void *work;
	struct list link;
	struct loop *loop;
	struct blob *variant;
};

void cache_op_init(struct cache_op *op, enum cache_op_kind kind, struct str key,
		   const struct headers *request);
/* Gives up waiting, or the obligation, which the next one in line inherits. Nobody may watch it any more. */
void cache_op_fini(struct cache_op *op);
/* Gives up the obligation; false: there was none. */
bool cache_op_cancel(struct cache_op *op);

/* The ABI's cache_lookup_state. */
enum cache_state {
	CACHE_FOUND = 1 << 0, /* always together with … */
	CACHE_USABLE = 1 << 1,
	CACHE_STALE = 1 << 2,
	CACHE_MUST_INSERT_OR_UPDATE = 1 << 3,
	CACHE_USABLE_IF_ERROR = 1 << 4, /* not otherwise usable, but within its stale-if-error time */
};
/* Of an op that is done, now: time goes on after it was done. What was chosen is usable, too. */
unsigned cache_op_state(const struct cache_op *op, const struct loop *loop);

/* ---- storing ---- */

/*
 * What bounds what is stored, and is told how much there is of it. It belongs to who stores; to be forgotten
 * by the cache it is taken out of its list (list_remove(&link)), which it may be at any time.
 */
struct cache_meter {
	uint64_t bytes_max; /* of the body; more fails with BODY_FAILURE_LIMIT, and is measured before */
	uint64_t rules_max; /* vary rules of the key; of more, the oldest are forgotten */
	void (*measured)(struct cache_meter *, uint64_t bytes,
			 uint64_t rules); /* one of them; the other is 0 */
	struct list link;                 /* the cache's */
};

struct cache_write {
	uint64_t max_age_ns, initial_age_ns, swr_ns, sie_ns, edge_max_age_ns;
	bool pass; /* store a mark, without a body, see cache_object; its end is not awaited */
	bool has_vary;
	struct str vary;           /* header names separated by single spaces; see cache_vary_valid() */
	struct str surrogate_keys; /* separated by spaces; see cache_surrogate_keys_valid() */
	struct str user_metadata;
	bool has_length;
	uint64_t length; /* of the body; when it comes to another end, it fails */
	bool sensitive;
	struct cache_meter *meter; /* NULL: the cache's own bounds alone */
};

bool cache_vary_valid(struct str vary);
bool cache_surrogate_key_valid(struct str key);
bool cache_surrogate_keys_valid(struct str keys);
/* Those that are valid, as many as may be, in the arena: services' other ones do not count. */
struct str cache_surrogate_keys_good(struct str keys, struct arena *a);

/* ---- reports ---- */

struct cache_item {
	struct str key, variant;     /* the variant as its implementation names it */
	struct cache_object *object; /* borrowed */
	uint64_t hits;
	bool purged;
	struct pmap_entry at; /* the implementation's */
};

/* ---- the interface ---- */

struct cache {
	const struct cache_ops *ops;
};

struct cache_ops {
	const char *name;
	/* `op` is as cache_op_init() made it. Ends with cache_op_settle() (cache_priv.h), now or later. */
	void (*start)(struct cache *, struct cache_op *op, struct loop *);
	/* `op` is obliged, or done and not: a plain insert with its key and headers. NULL: it failed. */
	struct cache_object *(*insert)(struct cache *, struct cache_op *op, const struct cache_write *,
				       struct loop *);
	/* `renewed`, when not NULL, gets a reference. */
	bool (*update)(struct cache *, struct cache_op *op, const struct cache_write *, struct loop *,
		       struct cache_object **renewed);
	bool (*choose_stale)(struct cache *, struct cache_op *op);
	bool (*purge)(struct cache *, struct str surrogate_key, bool soft, uint64_t *count);
	bool (*purge_key)(struct cache *, struct str key, bool soft, uint64_t *count);
	bool (*age)(struct cache *, struct str key, uint64_t by_ns, uint64_t *count);
	bool (*next)(struct cache *, struct cache_item *);
	struct cache *(*fork)(struct cache *);
	void (*destroy)(struct cache *);
};

/*
 * Starts the operation, once.
 *
 *   CACHE_LOOKUP       done at once
 *   CACHE_TRANSACTION  what is fresh is found; what is stale, but within its stale-while-revalidate time, is
 *                      found, and the first to find it is obliged, too; where a fresh mark (cache_write.pass)
 *                      is, nothing is found and nobody is obliged; else, where nobody is obliged, this op is;
 *                      else it waits, in the order of the starts
 *   CACHE_REPLACE…     what is usable is found, and the op is obliged
 *
 * Who waits is looked at again, in order, whenever something is stored under the key or somebody gives up.
 * Which objects a request has for itself is said by the vary rules of what was stored before, newest first.
 */
static inline void cache_start(struct cache *c, struct cache_op *op, struct loop *loop)
{
	CHECK(!op->done && op->key.len <= CACHE_KEY_BYTES_MAX);
	op->loop = loop;
	c->ops->start(c, op, loop);
}

/*
 * Stores an object: under the op's key, for requests whose headers are like the op's in all that the write's
 * vary rule names. An op that was never started stores without taking part in collapsing. A reference for the
 * caller, whose cache_object_input() awaits the body; NULL: it failed, and the op is as it was.
 */
must_use static inline struct cache_object *cache_insert(struct cache *c, struct cache_op *op,
							 const struct cache_write *w, struct loop *loop)
{
	CHECK(op->obliged || !op->release);
	return c->ops->insert(c, op, w, loop);
}

/*
 * New metadata for what the op has found and is obliged to renew; its body stays. Without a vary rule it
 * keeps its own. `renewed` (may be NULL): a reference to what is stored now. False: it failed, and the op is
 * as it was.
 */
must_use static inline bool cache_update(struct cache *c, struct cache_op *op, const struct cache_write *w,
					 struct loop *loop, struct cache_object **renewed)
{
	CHECK(op->obliged && op->found && !w->pass);
	return c->ops->update(c, op, w, loop, renewed);
}

/*
 * In place of an error: what the op has found, and is obliged to renew, is what it and all who wait for it
 * get (their `if_error` is set). It stays as it is, so the next lookup is obliged again. False: it failed,
 * and the op is as it was.
 */
must_use static inline bool cache_choose_stale(struct cache *c, struct cache_op *op)
{
	CHECK(op->obliged && op->found);
	return c->ops->choose_stale(c, op);
}

/*
 * Takes away all objects with that surrogate key, or, softly, makes them stale. With {NULL, 0}: all objects.
 * `*count`: how many; an object that is still being written counts and is read to its end by whoever reads it
 * already. Obligations stay, so what is under way is stored afterwards. False: it failed, nothing is purged.
 */
must_use static inline bool cache_purge(struct cache *c, struct str surrogate_key, bool soft, uint64_t *count)
{
	*count = 0;
	return c->ops->purge(c, surrogate_key, soft, count);
}

/* The same for all objects under a key, whatever their surrogate keys are. */
must_use static inline bool cache_purge_key(struct cache *c, struct str key, bool soft, uint64_t *count)
{
	*count = 0;
	return c->ops->purge_key(c, key, soft, count);
}

must_use static inline bool cache_remove(struct cache *c, struct str key, uint64_t *count)
{
	return cache_purge_key(c, key, false, count);
}

/*
 * Makes all objects under a key older, as if they had been stored so much earlier; with {NULL, 0}: all
 * objects. `*count`: how many. Whoever has found one already has it as it was. False: it failed, nothing has
 * aged.
 */
must_use static inline bool cache_age(struct cache *c, struct str key, uint64_t by_ns, uint64_t *count)
{
	*count = 0;
	return c->ops->age(c, key, by_ns, count);
}

/* for (struct cache_item i = { 0 }; cache_next(c, &i);) …; nothing may be changed meanwhile. */
static inline bool cache_next(struct cache *c, struct cache_item *item)
{
	return c->ops->next(c, item);
}

/* O(1), whatever it holds. */
must_use static inline struct cache *cache_fork(struct cache *c)
{
	return c->ops->fork(c);
}

/* Operations that are under way or obliged then are let go: they find nothing and owe nothing. */
static inline void cache_destroy(struct cache **pc)
{
	if (*pc)
		(*pc)->ops->destroy(*pc);
	*pc = NULL;
}

/*
 * Over either bound, what was used longest ago goes. Whoever has found it keeps it, whole, and it counts
 * until all have let it go: when nothing is left to evict, what is being written fails with
 * BODY_FAILURE_LIMIT. So does an object larger than `bytes_max`.
 */
must_use struct cache *cache_memory_new(uint64_t bytes_max, uint64_t objects_max);

/*
 * A decorator for tests, takes `inner`: after `calls_left` good calls of start, insert, update, choose_stale,
 * purge, purge_key and age one fails; later ones work.
 */
must_use struct cache *cache_failing_new(struct cache *inner, unsigned calls_left);

#endif
