/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decorator that makes every operation wait, as a store behind a network does. Timers of one delay keep
 * their order.
 */
#include "base/attr.h"
#include "base/mem.h"
#include "store/kv.h"
#include "store/kv_priv.h"

struct kv_slow {
	struct kv super;
	struct kv *inner;
	uint64_t delay_ns;
};

/* One operation that has not been handed on yet. */
struct waiting {
	struct timer timer;
	struct kv *inner;
	struct kv_op *op;
	struct loop *loop;
};

static void waiting_cancel(struct kv_op *op)
{
	struct waiting *w = take(op->work);
	timer_stop(w->loop, &w->timer);
	mem_free(w);
}

static void waiting_over(struct timer *t)
{
	struct waiting *w = container_of(t, struct waiting, timer);
	struct kv_op *op = w->op;
	struct kv *inner = w->inner;
	struct loop *loop = w->loop;
	op->cancel = NULL;
	op->work = NULL;
	mem_free(w);
	inner->ops->start(inner, op, loop);
}

static void kv_slow_start(struct kv *super, struct kv_op *op, struct loop *loop)
{
	const struct kv_slow *self = (const struct kv_slow *)super;
	struct waiting *w = NEW(struct waiting);
	w->timer.fire = waiting_over;
	w->inner = self->inner;
	w->op = op;
	w->loop = loop;
	op->work = w;
	op->cancel = waiting_cancel;
	timer_start(loop, &w->timer, self->delay_ns);
}

static bool kv_slow_has_store(struct kv *super, struct str store)
{
	return kv_has_store(((struct kv_slow *)super)->inner, store);
}

static void kv_slow_add_store(struct kv *super, struct str store)
{
	kv_add_store(((struct kv_slow *)super)->inner, store);
}

static bool kv_slow_next_store(struct kv *super, struct pmap_entry *store)
{
	return kv_next_store(((struct kv_slow *)super)->inner, store);
}

static struct kv *kv_slow_fork(struct kv *super)
{
	const struct kv_slow *self = (const struct kv_slow *)super;
	return kv_slow_new(kv_fork(self->inner), self->delay_ns);
}

static void kv_slow_destroy(struct kv *super)
{
	struct kv_slow *self = (struct kv_slow *)super;
	kv_destroy(&self->inner);
	mem_free(self);
}

static const struct kv_ops kv_slow_ops = {
	.name = "slow",
	.has_store = kv_slow_has_store,
	.add_store = kv_slow_add_store,
	.next_store = kv_slow_next_store,
	.start = kv_slow_start,
	.fork = kv_slow_fork,
	.destroy = kv_slow_destroy,
};

struct kv *kv_slow_new(struct kv *inner, uint64_t delay_ns)
{
	struct kv_slow *self = NEW(struct kv_slow);
	self->super.ops = &kv_slow_ops;
	self->inner = inner;
	self->delay_ns = delay_ns;
	return &self->super;
}
