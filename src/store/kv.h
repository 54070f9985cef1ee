/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key-value stores by name (Fastly KV Store: values, metadata, generations, expiry, ordered listing). Every
 * access is an operation that may take its time, so that an implementation may ask a server: start it, and
 * when it is not `done` at once, watch `changed`.
 *
 * Operations on the same key take effect in the order in which they were started. A kv must not be destroyed
 * while one of its operations is under way; ending an operation early (kv_op_fini) is always allowed, and
 * whether it took effect is then open.
 */
#ifndef STORE_KV_H
#define STORE_KV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/pmap.h"
#include "base/rc.h"
#include "base/str.h"
#include "loop/loop.h"

/* Numbers are the ABI's kv_error. */
enum kv_error {
	KV_UNINITIALIZED,
	KV_OK,
	KV_BAD_REQUEST,
	KV_NOT_FOUND,
	KV_PRECONDITION_FAILED,
	KV_PAYLOAD_TOO_LARGE,
	KV_INTERNAL_ERROR,
	KV_TOO_MANY_REQUESTS,
};

enum kv_kind { KV_LOOKUP, KV_INSERT, KV_DELETE, KV_LIST };
enum kv_insert_mode { KV_OVERWRITE, KV_ADD, KV_APPEND, KV_PREPEND }; /* the ABI's kv_insert_mode */

enum {
	KV_KEY_BYTES_MAX = 1024,
	KV_VALUE_BYTES_MAX = 25 * 1024 * 1024,
	KV_METADATA_BYTES_MAX = 2000,
	KV_LIST_LIMIT_DEFAULT = 100,
	KV_LIST_LIMIT_MAX = 1000,
};

struct kv_op {
	enum kv_kind kind;
	struct str store, key; /* borrowed until done */
	/* KV_INSERT */
	struct blob *value; /* borrowed until done */
	struct str metadata;
	enum kv_insert_mode mode;
	uint64_t ttl_ns;    /* 0: does not expire */
	bool if_generation; /* insert only over `generation`; 0: where there is no such key */
	uint64_t generation;
	/* KV_LIST */
	struct str prefix, cursor; /* cursor: an earlier page's next_cursor, or empty */
	uint32_t limit;            /* 0: KV_LIST_LIMIT_DEFAULT */

	/* Results, set when `done`. */
	bool done;
	enum kv_error error;
	struct blob *found;          /* KV_LOOKUP: the value; a reference, freed by kv_op_fini */
	struct blob *found_metadata; /* or NULL; the same */
	uint64_t found_generation;   /* KV_LOOKUP, KV_INSERT: never 0, larger with each write */
	uint64_t found_ttl_ns;       /* KV_LOOKUP: for so long it is still there; 0: does not expire */
	struct arena memory;         /* holds `keys` and `next_cursor` */
	struct str *keys;
	size_t keys_count;
	struct str next_cursor; /* empty: that was the last page */
	struct event changed;   /* fired when done */

	/* The implementation's, while it works: forgets the operation and never touches it again. */
	void (*cancel)(struct kv_op *);
	void *work;
};

void kv_op_init(struct kv_op *op, enum kv_kind kind, struct str store, struct str key);
void kv_op_fini(struct kv_op *op); /* cancels what is under way; nobody may watch it any more */

/* "" when the key may be used, else what is wrong with it ("is empty", "contains a '#'"), for messages. */
const char *kv_key_fault(struct str key);

struct kv {
	const struct kv_ops *ops;
};

struct kv_ops {
	const char *name;
	bool (*has_store)(struct kv *, struct str store);
	void (*add_store)(struct kv *, struct str store); /* empty; one that exists stays */
	bool (*next_store)(struct kv *, struct pmap_entry *);
	/* Arguments are checked, the store exists. Ends with kv_op_finish() (kv_priv.h), at once or later. */
	void (*start)(struct kv *, struct kv_op *, struct loop *);
	struct kv *(*fork)(struct kv *); /* O(1); neither sees what is later done to the other */
	void (*destroy)(struct kv *);
};

static inline bool kv_has_store(struct kv *kv, struct str store)
{
	return kv->ops->has_store(kv, store);
}

static inline void kv_add_store(struct kv *kv, struct str store)
{
	kv->ops->add_store(kv, store);
}

/*
 * for (struct pmap_entry store = { 0 }; kv_next_store(kv, &store);) … store.key …, by name; only the key is
 * the caller's to look at, and no store may be added meanwhile.
 */
static inline bool kv_next_store(struct kv *kv, struct pmap_entry *store)
{
	return kv->ops->next_store(kv, store);
}

/*
 * Starts the operation, once. What is wrong with its arguments is answered here, the same for every
 * implementation: a key that may not be used, a store that is not there, a list limit above
 * KV_LIST_LIMIT_MAX: KV_BAD_REQUEST; a value or metadata over its limit: KV_PAYLOAD_TOO_LARGE. What comes of
 * the rest:
 *
 *   lookup   KV_NOT_FOUND when the key is not there or has expired
 *   insert   KV_PRECONDITION_FAILED when `if_generation` does not hold, or KV_ADD finds the key;
 *            KV_PAYLOAD_TOO_LARGE when KV_APPEND or KV_PREPEND would make too long a value; both make the
 *            key when it is not there. Metadata and expiry are those of this insert in every mode.
 *   delete   KV_NOT_FOUND when there was nothing to delete
 *   list     keys in byte order; a cursor that no page gave: KV_BAD_REQUEST
 *
 * KV_INTERNAL_ERROR: the implementation failed; nothing was changed. Time (expiry) is the wall time of the
 * loop's clock.
 */
void kv_start(struct kv *kv, struct kv_op *op, struct loop *loop);

must_use static inline struct kv *kv_fork(struct kv *kv)
{
	return kv->ops->fork(kv);
}

static inline void kv_destroy(struct kv **pkv)
{
	if (*pkv)
		(*pkv)->ops->destroy(*pkv);
	*pkv = NULL;
}

/*
 * In memory. Every operation is done at once. Generations are the wall time in ns, or one more than the last
 * when time stands still: unique in the store and its forks, and the same in every run with a virtual clock.
 */
must_use struct kv *kv_memory_new(void);

/*
 * Decorators for tests. Both take `inner`. After `calls_left` good starts one answers KV_INTERNAL_ERROR;
 * later ones work.
 */
must_use struct kv *kv_failing_new(struct kv *inner, unsigned calls_left);
/* Every operation takes effect `delay_ns` after its start. */
must_use struct kv *kv_slow_new(struct kv *inner, uint64_t delay_ns);

#endif
