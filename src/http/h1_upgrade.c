/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that have left HTTP: after a 101 their bytes go to another stream, and what comes from there
 * goes to the client.
 */
#include <uv.h>

#include "http/h1_priv.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/splice.h"

struct upgraded {
	struct server_connection super;
	struct splice splice; /* owns both streams */
};

static void upgraded_freed(void *data)
{
	struct upgraded *u = data;
	server_connection_closed(&u->super);
	mem_free(u);
}

static void close_both(struct upgraded *u, bool reset)
{
	if (!u->splice.closing)
		splice_close(&u->splice, reset, upgraded_freed, u);
}

static void upgraded_over(struct splice *s, bool broken)
{
	close_both(container_of(s, struct upgraded, splice), broken);
}

/* Such a connection may last for days: whoever stops does not wait for it. */
static void upgraded_close(struct server_connection *c)
{
	close_both(container_of(c, struct upgraded, super), false);
}

static const struct server_connection_ops upgraded_ops = {
	.name = "upgraded",
	.stop = upgraded_close,
	.close = upgraded_close,
};

static bool may_switch(const struct h1_connection *c)
{
	const struct http_request *r = &c->x->super.request;
	return c->input == H1_READ && !c->read_ended && !c->response.begun && r->version == HTTP_1_1 &&
	       headers_has(&r->headers, STR("upgrade")) && !c->super.server->stopped;
}

bool h1_upgrade(struct h1_connection *c, const struct http_response *response, struct stream *taken,
		struct str rest)
{
	if (!may_switch(c))
		return false;
	h1_begin_upgrade(c, response);
	c->upgrade = taken;
	buf_init(&c->upgrade_rest, rest.len + 1);
	buf_add(&c->upgrade_rest, rest);
	h1_flush(c);
	return true;
}

static void free_left(struct task *t)
{
	h1_free(container_of(t, struct h1_connection, again));
}

void h1_hand_over(struct h1_connection *c)
{
	struct upgraded *u = NEW(struct upgraded);
	server_exchange_detach(take(c->x), false);
	timer_stop(c->super.loop, &c->timer);
	task_cancel(&c->again);
	server_connection_replace(&u->super, &upgraded_ops, &c->super);
	splice_start(&u->splice, u->super.loop, take(u->super.stream), buf_str(&c->rest), take(c->upgrade),
		     buf_str(&c->upgrade_rest), upgraded_over);
	c->again.run = free_left; /* whoever called us still looks at it */
	loop_post(u->super.loop, &c->again);
}
