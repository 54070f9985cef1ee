/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decorator that fails one call: contract suites ask of every cache and of every caller what they do then.
 */
#include "base/mem.h"
#include "world/cache_priv.h"

struct cache_failing {
	struct cache super;
	struct cache *inner;
	unsigned calls_left;
};

static bool fails(struct cache *super)
{
	struct cache_failing *self = (struct cache_failing *)super;
	return self->calls_left-- == 0; /* and wraps: the next failure is far away */
}

static struct cache *inner(struct cache *super)
{
	return ((struct cache_failing *)super)->inner;
}

static void cache_failing_start(struct cache *super, struct cache_op *op, struct loop *loop)
{
	if (!fails(super)) {
		inner(super)->ops->start(inner(super), op, loop);
		return;
	}
	op->failed = true;
	cache_op_settle(op, NULL);
}

static struct cache_object *cache_failing_insert(struct cache *super, struct cache_op *op,
						 const struct cache_write *w, struct loop *loop)
{
	return fails(super) ? NULL : inner(super)->ops->insert(inner(super), op, w, loop);
}

static bool cache_failing_update(struct cache *super, struct cache_op *op, const struct cache_write *w,
				 struct loop *loop, struct cache_object **renewed)
{
	return !fails(super) && inner(super)->ops->update(inner(super), op, w, loop, renewed);
}

static bool cache_failing_choose_stale(struct cache *super, struct cache_op *op)
{
	return !fails(super) && inner(super)->ops->choose_stale(inner(super), op);
}

static bool cache_failing_purge(struct cache *super, struct str surrogate_key, bool soft, uint64_t *count)
{
	return !fails(super) && inner(super)->ops->purge(inner(super), surrogate_key, soft, count);
}

static bool cache_failing_purge_key(struct cache *super, struct str key, bool soft, uint64_t *count)
{
	return !fails(super) && inner(super)->ops->purge_key(inner(super), key, soft, count);
}

static bool cache_failing_age(struct cache *super, struct str key, uint64_t by_ns, uint64_t *count)
{
	return !fails(super) && inner(super)->ops->age(inner(super), key, by_ns, count);
}

static bool cache_failing_next(struct cache *super, struct cache_item *item)
{
	return cache_next(inner(super), item);
}

static struct cache *cache_failing_fork(struct cache *super)
{
	const struct cache_failing *self = (const struct cache_failing *)super;
	return cache_failing_new(cache_fork(self->inner), self->calls_left);
}

static void cache_failing_destroy(struct cache *super)
{
	struct cache_failing *self = (struct cache_failing *)super;
	cache_destroy(&self->inner);
	mem_free(self);
}

static const struct cache_ops cache_failing_ops = {
	.name = "failing",
	.start = cache_failing_start,
	.insert = cache_failing_insert,
	.update = cache_failing_update,
	.choose_stale = cache_failing_choose_stale,
	.purge = cache_failing_purge,
	.purge_key = cache_failing_purge_key,
	.age = cache_failing_age,
	.next = cache_failing_next,
	.fork = cache_failing_fork,
	.destroy = cache_failing_destroy,
};

struct cache *cache_failing_new(struct cache *taken, unsigned calls_left)
{
	struct cache_failing *self = NEW(struct cache_failing);
	self->super.ops = &cache_failing_ops;
	self->inner = taken;
	self->calls_left = calls_left;
	return &self->super;
}
