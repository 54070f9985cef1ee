/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decorator that fails one operation: contract suites ask of every store and of every caller what they do
 * then.
 */
#include "base/mem.h"
#include "store/kv.h"
#include "store/kv_priv.h"

struct kv_failing {
	struct kv super;
	struct kv *inner;
	unsigned calls_left;
};

static bool kv_failing_has_store(struct kv *super, struct str store)
{
	return kv_has_store(((struct kv_failing *)super)->inner, store);
}

static void kv_failing_add_store(struct kv *super, struct str store)
{
	kv_add_store(((struct kv_failing *)super)->inner, store);
}

static void kv_failing_start(struct kv *super, struct kv_op *op, struct loop *loop)
{
	struct kv_failing *self = (struct kv_failing *)super;
	if (self->calls_left-- == 0) /* and wraps: the next failure is far away */
		kv_op_finish(op, KV_INTERNAL_ERROR, loop);
	else
		self->inner->ops->start(self->inner, op, loop);
}

static bool kv_failing_next_store(struct kv *super, struct pmap_entry *store)
{
	return kv_next_store(((struct kv_failing *)super)->inner, store);
}

static struct kv *kv_failing_fork(struct kv *super)
{
	const struct kv_failing *self = (const struct kv_failing *)super;
	return kv_failing_new(kv_fork(self->inner), self->calls_left);
}

static void kv_failing_destroy(struct kv *super)
{
	struct kv_failing *self = (struct kv_failing *)super;
	kv_destroy(&self->inner);
	mem_free(self);
}

static const struct kv_ops kv_failing_ops = {
	.name = "failing",
	.has_store = kv_failing_has_store,
	.add_store = kv_failing_add_store,
	.next_store = kv_failing_next_store,
	.start = kv_failing_start,
	.fork = kv_failing_fork,
	.destroy = kv_failing_destroy,
};

struct kv *kv_failing_new(struct kv *inner, unsigned calls_left)
{
	struct kv_failing *self = NEW(struct kv_failing);
	self->super.ops = &kv_failing_ops;
	self->inner = inner;
	self->calls_left = calls_left;
	return &self->super;
}
