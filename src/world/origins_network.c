/* SPDX-License-Identifier: Apache-2.0 */
/* Origins as they really are: the backend says where, the client sends. */
#include "base/mem.h"
#include "world/origins.h"

struct origins_network {
	struct origins super;
	struct http_client *client;
};

static struct fetch *origins_network_send(struct origins *super, struct backend *backend, struct str path,
					  const struct http_request *request, struct loop *loop)
{
	struct http_target target = backend->target;
	(void)loop; /* the client has its own, the same one */
	target.dont_pool = backend->dont_pool || backend->keepalive_time_ms == 0;
	target.keepalive_ns = (uint64_t)MAX(backend->keepalive_time_ms, 0) * NS_PER_MS;
	target.tcp_keepalive = backend->tcp_keepalive_enable > 0;
	target.tcp_keepalive_time_s = (uint32_t)MAX(backend->tcp_keepalive_time_s, 0);
	target.tcp_keepalive_interval_s = (uint32_t)MAX(backend->tcp_keepalive_interval_s, 0);
	target.tcp_keepalive_probes = (uint32_t)MAX(backend->tcp_keepalive_probes, 0);
	return http_client_send(((struct origins_network *)super)->client, &target, path, request);
}

static struct origins *origins_network_fork(struct origins *super)
{
	return origins_network_new(((struct origins_network *)super)->client);
}

static void origins_network_destroy(struct origins *super)
{
	mem_free(super);
}

static const struct origins_ops origins_network_ops = {
	.name = "network",
	.send = origins_network_send,
	.fork = origins_network_fork,
	.destroy = origins_network_destroy,
};

struct origins *origins_network_new(struct http_client *client)
{
	struct origins_network *self = NEW(struct origins_network);
	self->super.ops = &origins_network_ops;
	self->client = client;
	return &self->super;
}
