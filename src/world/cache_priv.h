/* SPDX-License-Identifier: Apache-2.0 */
/* For implementations of cache.h: objects and their contents, names of variants, ends of operations. */
#ifndef WORLD_CACHE_PRIV_H
#define WORLD_CACHE_PRIV_H

#include "base/buf.h"
#include "world/cache.h"

/*
 * What nobody can find any more, and is kept because somebody holds it: by a cache and all its frames
 * together.
 */
struct cache_ledger {
	struct rc rc;
	uint64_t held_bytes, bytes_max; /* the latter for what is held and what can be found together */
};

must_use struct cache_ledger *cache_ledger_new(uint64_t bytes_max);

/*
 * The bytes of an object, shared by its updates. While they are written it reads the writer's body itself, in
 * tasks and whenever somebody looks.
 */
struct cache_content {
	struct rc rc;
	enum { CACHE_MAKING, CACHE_COMPLETE, CACHE_FAILED } state;
	enum body_failure why;
	struct loop *loop;
	struct body *input; /* a reference while MAKING */
	struct watcher watcher;
	struct cache_chunk {
		struct blob *blob;
		uint64_t begin; /* where its bytes stand in the whole */
	} * chunks;
	size_t chunks_count, chunks_cap;
	struct blob *tail; /* being filled; nobody else holds it */
	size_t tail_cap;
	uint64_t bytes, bytes_max;
	struct cache_ledger *ledger; /* a reference */
	unsigned objects;            /* that can be found */
	bool held;                   /* by none, any more, and … */
	uint64_t held_bytes;         /* … so many of its bytes are in the ledger */
	struct list meters;          /* struct cache_meter, of who began it: one or none */
	bool has_length;
	uint64_t length; /* as the writer said beforehand */
	struct headers trailers;
	struct arena trailer_memory;
	struct event changed;

	/* The cache that makes it, NULL when it is gone. */
	void *owner;
	void (*grew)(struct cache_content *, uint64_t by); /* may drop entries, this one's too */
	void (*ended)(struct cache_content *);             /* complete or failed */
	struct list making;                                /* the owner's list */
	unsigned stored;                                   /* the owner's entries that have it */
	struct blob *entry;                                /* the owner's name for the newest of them */
};

/* A reference for the caller; begins reading its input. */
must_use struct cache_content *cache_content_new(const struct cache_write *w, struct cache_ledger *ledger,
						 struct loop *loop);
/* Takes what was written by now. May end the content and so call its owner. */
void cache_content_pull(struct cache_content *c);
/* Its owner goes: what is not complete fails. */
void cache_content_disown(struct cache_content *c);

/* Takes the content. `vary` and `surrogate_keys` are canonical already; both are taken. */
must_use struct cache_object *cache_object_new(struct cache_content *taken, const struct cache_write *w,
					       struct blob *vary, struct blob *surrogate_keys,
					       const struct loop *loop);
/* The same object, a new reference, as if it had been stored so much earlier. */
must_use struct cache_object *cache_object_aged(const struct cache_object *o, uint64_t by_ns);
/* One place more where it can be found, or one less: the caller's entry has, or loses, its reference. */
void cache_object_enter(struct cache_object *o);
void cache_object_leave(struct cache_object *o);
bool cache_object_fresh(const struct cache_object *o, bool purged, const struct loop *loop);
bool cache_object_usable(const struct cache_object *o, const struct loop *loop);
bool cache_object_usable_if_error(const struct cache_object *o, const struct loop *loop);

/* Lower case, sorted, each once. */
must_use struct blob *cache_vary_canonical(struct str vary);
must_use struct blob *cache_surrogate_keys_canonical(struct str keys);
/* Adds the name of the variant that a request asks for by a canonical rule: two requests have the same when
 * all headers in the rule are the same. */
void cache_variant_name(struct buf *out, struct str key, struct str vary, const struct headers *request);

/* The op is done: it finds `found` (a new reference is made; NULL: nothing). */
void cache_op_settle(struct cache_op *op, struct cache_object *found);

#endif
