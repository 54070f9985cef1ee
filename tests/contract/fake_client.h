/* SPDX-License-Identifier: Apache-2.0 */
/* An http_client without a network: it passes requests on to origins in memory and remembers the last. */
#ifndef CONTRACT_FAKE_CLIENT_H
#define CONTRACT_FAKE_CLIENT_H

#include "base/mem.h"
#include "world/origins.h"

struct fake_client {
	struct http_client super;
	struct loop *loop;
	struct origins *origins; /* borrowed */
	struct backend *backend; /* "b" */
	struct http_target last_target;
	struct arena arena;
	const char *last_path;
};

static inline struct fetch *fake_client_send(struct http_client *super, const struct http_target *target,
					     struct str path, const struct http_request *request)
{
	struct fake_client *self = (struct fake_client *)super;
	self->last_target = *target;
	self->last_path = arena_str(&self->arena, path).ptr;
	return origins_send(self->origins, self->backend, path, request, self->loop);
}

static inline void fake_client_destroy(struct http_client *super)
{
	struct fake_client *self = (struct fake_client *)super;
	backend_unref(&self->backend);
	arena_fini(&self->arena);
	mem_free(self);
}

static inline const struct http_target *fake_client_last_target(const struct http_client *client)
{
	return &((const struct fake_client *)client)->last_target;
}

static inline const char *fake_client_last_path(const struct http_client *client)
{
	return ((const struct fake_client *)client)->last_path;
}

static inline struct http_client *fake_client_new(struct loop *loop, struct origins *origins)
{
	static const struct http_client_ops ops = {
		.name = "fake",
		.send = fake_client_send,
		.destroy = fake_client_destroy,
	};
	struct fake_client *self = NEW(struct fake_client);
	self->super.ops = &ops;
	self->loop = loop;
	self->origins = origins;
	self->backend = backend_new(STR("b"));
	arena_init(&self->arena);
	return &self->super;
}

#endif
