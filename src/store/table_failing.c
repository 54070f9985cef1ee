/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "store/table.h"

struct table_failing {
	struct table super;
	struct table *inner;
	unsigned calls_left;
};

static bool call_fails(struct table_failing *self, struct error *e)
{
	if (self->calls_left-- != 0) /* at 0 it wraps: the next failure is far away */
		return false;
	FAIL(e, IO, "fault injected");
	return true;
}

static bool table_failing_get(struct table *super, struct str key, struct arena *a, struct str *value,
			      struct error *e)
{
	struct table_failing *self = (struct table_failing *)super;
	return !call_fails(self, e) && table_get(self->inner, key, a, value, e);
}

static bool table_failing_put(struct table *super, struct str key, struct str value, struct error *e)
{
	struct table_failing *self = (struct table_failing *)super;
	return !call_fails(self, e) && table_put(self->inner, key, value, e);
}

static bool table_failing_remove(struct table *super, struct str key, struct error *e)
{
	struct table_failing *self = (struct table_failing *)super;
	return !call_fails(self, e) && table_remove(self->inner, key, e);
}

static bool table_failing_next(struct table *super, struct table_item *item)
{
	return table_next(((struct table_failing *)super)->inner, item);
}

static struct table *table_failing_fork(struct table *super)
{
	const struct table_failing *self = (const struct table_failing *)super;
	return table_failing_new(table_fork(self->inner), self->calls_left);
}

static void table_failing_destroy(struct table *super)
{
	struct table_failing *self = (struct table_failing *)super;
	table_unref(&self->inner);
	mem_free(self);
}

static const struct table_ops table_failing_ops = {
	.name = "failing",
	.get = table_failing_get,
	.put = table_failing_put,
	.remove = table_failing_remove,
	.next = table_failing_next,
	.fork = table_failing_fork,
	.destroy = table_failing_destroy,
};

struct table *table_failing_new(struct table *inner, unsigned calls_left)
{
	struct table_failing *self = NEW(struct table_failing);
	table_init(&self->super, &table_failing_ops);
	self->inner = inner;
	self->calls_left = calls_left;
	return &self->super;
}
