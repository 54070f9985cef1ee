/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key-value stores by name (Fastly KV Store: values, metadata, generations, expiry, ordered listing). Every access is an
 * operation that may take its time, so that an implementation may ask a server: start it, and when it is not `done` at
 * once, watch `changed`.
 */
#ifndef STORE_KV_H
#define STORE_KV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
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
	struct str store, key;         /* borrowed until done */
	/* KV_INSERT */
	struct blob *value;            /* borrowed until done */
	struct str metadata;
	enum kv_insert_mode mode;
	uint64_t ttl_ns;               /* 0: does not expire */
	bool if_generation;            /* only when the stored generation is `generation` */
	uint64_t generation;
	/* KV_LIST */
	struct str prefix, cursor;     /* cursor: an earlier page's next_cursor, or empty */
	uint32_t limit;                /* 0: KV_LIST_LIMIT_DEFAULT */

	/* Results, set when `done`. */
	bool done;
	enum kv_error error;
	struct blob *found;            /* KV_LOOKUP: the value; a reference, freed by kv_op_fini */
	struct blob *found_metadata;   /* or NULL */
	uint64_t found_generation;     /* KV_LOOKUP, KV_INSERT */
	struct arena memory;           /* holds `keys` and `next_cursor` */
	struct str *keys;
	size_t keys_count;
	struct str next_cursor;        /* empty: that was the last page */
	struct event changed;          /* fired when done */
	void (*cancel)(struct kv_op *); /* set by an implementation whose work is under way */
};

void kv_op_init(struct kv_op *op, enum kv_kind kind, struct str store, struct str key);
void kv_op_fini(struct kv_op *op); /* cancels what is under way */

/* ""  when the key may be used, else what is wrong with it ("is empty", "contains a '#'"), for messages. */
const char *kv_key_fault(struct str key);

struct kv {
	const struct kv_ops *ops;
};

struct kv_ops {
	const char *name;
	bool (*has_store)(struct kv *, struct str store);
	void (*add_store)(struct kv *, struct str store); /* empty; one that exists stays */
	void (*start)(struct kv *, struct kv_op *, struct loop *);
	struct kv *(*fork)(struct kv *);
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
 * Starts the operation. What is wrong with its arguments (key, sizes, store that is not there: KV_BAD_REQUEST,
 * KV_PAYLOAD_TOO_LARGE) is answered here, the same for every implementation. Time (expiry) is the loop's clock.
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

must_use struct kv *kv_memory_new(void);

/* Decorators for tests. Both take `inner`. */
must_use struct kv *kv_failing_new(struct kv *inner, unsigned calls_left); /* the nth start answers KV_INTERNAL_ERROR */
must_use struct kv *kv_slow_new(struct kv *inner, uint64_t delay_ns);      /* every operation takes that long */

#endif
