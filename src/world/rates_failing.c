/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decorator that fails one call: the contract suite asks of every store, and tests of every caller, what
 * they do then.
 */
#include "base/mem.h"
#include "world/rates.h"

struct rates_failing {
	struct rates super;
	struct rates *inner;
	unsigned calls_left;
};

static bool fails(struct rates *super, struct error *e)
{
	struct rates_failing *self = (struct rates_failing *)super;
	if (self->calls_left-- != 0) /* and wraps: the next failure is far away */
		return false;
	FAIL(e, IO, "fault injected");
	return true;
}

static struct rates *inner(struct rates *super)
{
	return ((struct rates_failing *)super)->inner;
}

static bool rates_failing_add(struct rates *super, uint64_t now_ns, struct str counter, struct str entry,
			      uint32_t delta, struct error *e)
{
	return !fails(super, e) && inner(super)->ops->add(inner(super), now_ns, counter, entry, delta, e);
}

static bool rates_failing_count(struct rates *super, uint64_t now_ns, struct str counter, struct str entry,
				uint32_t window_s, uint64_t *count, struct error *e)
{
	return !fails(super, e) &&
	       inner(super)->ops->count(inner(super), now_ns, counter, entry, window_s, count, e);
}

static bool rates_failing_penalize(struct rates *super, uint64_t now_ns, struct str box, struct str entry,
				   uint64_t ns, struct error *e)
{
	return !fails(super, e) && inner(super)->ops->penalize(inner(super), now_ns, box, entry, ns, e);
}

static bool rates_failing_penalized(struct rates *super, uint64_t now_ns, struct str box, struct str entry,
				    uint64_t *left_ns, struct error *e)
{
	return !fails(super, e) && inner(super)->ops->penalized(inner(super), now_ns, box, entry, left_ns, e);
}

static bool rates_failing_forget(struct rates *super, bool box, struct str name, struct str entry)
{
	return rates_forget(inner(super), box, name, entry);
}

static bool rates_failing_next(struct rates *super, bool boxes, struct rates_item *item)
{
	return rates_next(inner(super), boxes, item);
}

static struct rates *rates_failing_fork(struct rates *super)
{
	const struct rates_failing *self = (const struct rates_failing *)super;
	return rates_failing_new(rates_fork(self->inner), self->calls_left);
}

static void rates_failing_destroy(struct rates *super)
{
	struct rates_failing *self = (struct rates_failing *)super;
	rates_destroy(&self->inner);
	mem_free(self);
}

static const struct rates_ops rates_failing_ops = {
	.name = "failing",
	.add = rates_failing_add,
	.count = rates_failing_count,
	.penalize = rates_failing_penalize,
	.penalized = rates_failing_penalized,
	.forget = rates_failing_forget,
	.next = rates_failing_next,
	.fork = rates_failing_fork,
	.destroy = rates_failing_destroy,
};

struct rates *rates_failing_new(struct rates *inner, unsigned nth)
{
	struct rates_failing *self = NEW(struct rates_failing);
	self->super.ops = &rates_failing_ops;
	self->inner = inner;
	self->calls_left = nth;
	return &self->super;
}
