/* SPDX-License-Identifier: Apache-2.0 */
#include "world/origins_handler.h"

#include "base/check.h"
#include "base/mem.h"

struct origins_handled {
	struct origins super;
	struct origins_handler *handler;
	struct origins *next;
};

static const struct origins_ops origins_handler_ops;

static struct fetch *nobody(const struct backend *backend, const struct http_request *request,
			    struct loop *loop)
{
	struct fetch *f = fetch_new(loop);
	if (request->body)
		body_abandon(request->body);
	fetch_fail(f, FETCH_DESTINATION_NOT_FOUND,
		   arena_printf(&f->arena,
				"no origin answers " STR_FMT " " STR_FMT " of backend '" STR_FMT "'",
				STR_ARG(request->method), STR_ARG(request->uri), STR_ARG(backend->name)));
	return f;
}

static struct fetch *origins_handler_send(struct origins *super, struct backend *backend, struct str path,
					  const struct http_request *request, struct loop *loop)
{
	struct origins_handled *self = (struct origins_handled *)super;
	struct fetch *f = self->handler->ops->send(self->handler, backend, path, request, loop);
	if (f)
		return f;
	return self->next ? origins_send(self->next, backend, path, request, loop)
			  : nobody(backend, request, loop);
}

static struct origins *origins_handler_fork(struct origins *super)
{
	struct origins_handled *self = (struct origins_handled *)super;
	return origins_handler_new(self->handler->ops->fork(self->handler),
				   self->next ? origins_fork(self->next) : NULL);
}

static void origins_handler_destroy(struct origins *super)
{
	struct origins_handled *self = (struct origins_handled *)super;
	self->handler->ops->destroy(self->handler);
	origins_destroy(&self->next);
	mem_free(self);
}

static const struct origins_ops origins_handler_ops = {
	.name = "handler",
	.send = origins_handler_send,
	.fork = origins_handler_fork,
	.destroy = origins_handler_destroy,
};

struct origins *origins_handler_new(struct origins_handler *handler, struct origins *next)
{
	struct origins_handled *self = NEW(struct origins_handled);
	self->super.ops = &origins_handler_ops;
	self->handler = handler;
	self->next = next;
	return &self->super;
}

bool origins_is_handler(const struct origins *o)
{
	return o->ops == &origins_handler_ops;
}

struct origins_handler *origins_handler_of(struct origins *o)
{
	CHECK(origins_is_handler(o));
	return ((struct origins_handled *)o)->handler;
}

struct origins *origins_handler_next(struct origins *o)
{
	CHECK(origins_is_handler(o));
	return ((struct origins_handled *)o)->next;
}
