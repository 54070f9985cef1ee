/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "world/origins.h"

struct origins_failing {
	struct origins super;
	struct origins *inner;
	unsigned calls_left;
};

static struct fetch *origins_failing_send(struct origins *super, struct backend *backend, struct str path,
					  const struct http_request *request, struct loop *loop)
{
	struct origins_failing *self = (struct origins_failing *)super;
	if (self->calls_left-- != 0) /* at 0 it wraps: the next failure is far away */
		return origins_send(self->inner, backend, path, request, loop);
	struct fetch *f = fetch_new(loop);
	if (request->body)
		body_abandon(request->body);
	fetch_fail(f, FETCH_INTERNAL_ERROR, STR("fault injected"));
	return f;
}

static struct origins *origins_failing_fork(struct origins *super)
{
	const struct origins_failing *self = (const struct origins_failing *)super;
	return origins_failing_new(origins_fork(self->inner), self->calls_left);
}

static void origins_failing_destroy(struct origins *super)
{
	struct origins_failing *self = (struct origins_failing *)super;
	origins_destroy(&self->inner);
	mem_free(self);
}

static const struct origins_ops origins_failing_ops = {
	.name = "failing",
	.send = origins_failing_send,
	.fork = origins_failing_fork,
	.destroy = origins_failing_destroy,
};

struct origins *origins_failing_new(struct origins *inner, unsigned calls_left)
{
	struct origins_failing *self = NEW(struct origins_failing);
	self->super.ops = &origins_failing_ops;
	self->inner = inner;
	self->calls_left = calls_left;
	return &self->super;
}
