/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "http/server.h"

#include "base/check.h"
#include "base/mem.h"
#include "http/h1_priv.h"

enum { IDLE_EXCHANGES_MAX = 64 };

const struct http_server_options http_server_defaults = {
	.head_bytes_max = 128 * 1024,
	.headers_max = 100,
	.head_timeout_ns = 30 * NS_PER_S,
	.idle_timeout_ns = 75 * NS_PER_S,
	.body_timeout_ns = 60 * NS_PER_S,
	.write_timeout_ns = 60 * NS_PER_S,
	.connections_max = 10000,
};

/* ---- exchanges ---- */

struct h1_exchange *h1_exchange_new(struct h1_connection *c)
{
	struct http_server *s = c->server;
	struct list *used = list_pop(&s->idle);
	struct h1_exchange *x = used ? container_of(used, struct h1_exchange, link) : mem_alloc(sizeof *x);
	struct arena arena = { 0 };
	if (used) {
		arena = x->arena;
		s->idle_count--;
	}
	*x = (struct h1_exchange){ .server = s, .connection = c, .arena = arena };
	x->super.arena = &x->arena;
	x->super.client = c->peer;
	x->super.server = c->local;
	event_init(&x->super.changed);
	list_push(&s->busy, &x->link);
	return x;
}

void h1_exchange_free(struct h1_exchange *x)
{
	struct http_server *s = x->server;
	CHECK(list_empty(&x->super.changed.watchers));
	list_remove(&x->link);
	if (s && s->idle_count < IDLE_EXCHANGES_MAX) {
		arena_reset(&x->arena);
		list_push(&s->idle, &x->link);
		s->idle_count++;
		return;
	}
	arena_fini(&x->arena);
	mem_free(x);
}

/* Free as soon as neither the handler nor the connection needs it. */
static void free_if_done(struct h1_exchange *x, bool released)
{
	if (released && !x->connection)
		h1_exchange_free(x);
}

void h1_exchange_detach(struct h1_exchange *x, bool gone)
{
	struct loop *loop = x->connection->loop;
	x->connection = NULL;
	if (gone && !x->released) {
		x->super.gone = true;
		event_fire(&x->super.changed, loop);
	}
	free_if_done(x, x->released);
}

void exchange_inform(struct exchange *super, uint16_t status, const struct headers *headers)
{
	struct h1_exchange *x = (struct h1_exchange *)super;
	struct h1_connection *c = x->connection;
	bool interim = status >= 100 && status < 200 && status != 101;
	if (!c || !interim || super->responded || super->request.version == HTTP_1_0)
		return;
	h1_write_interim(c, status, headers);
	h1_flush(c);
}

void exchange_respond(struct exchange *super, const struct http_response *response, bool keep_framing)
{
	struct h1_exchange *x = (struct h1_exchange *)super;
	struct h1_connection *c = x->connection;
	CHECK(!super->responded);
	super->responded = true;
	if (c) {
		h1_begin_response(c, response, keep_framing);
		h1_flush(c);
	} else if (response->body) {
		struct body *body = response->body;
		body_abandon(body);
		body_unref(&body);
	}
}

void exchange_abort(struct exchange *super)
{
	struct h1_exchange *x = (struct h1_exchange *)super;
	super->responded = true;
	if (x->connection)
		h1_close(x->connection, true);
}

void exchange_release(struct exchange *super)
{
	struct h1_exchange *x = (struct h1_exchange *)super;
	CHECK(!x->released && list_empty(&super->changed.watchers));
	if (!super->responded)
		exchange_abort(super);
	x->released = true;
	body_unref(&super->request.body);
	free_if_done(x, true);
}

/* ---- connections ---- */

void h1_connection_closed(struct h1_connection *c)
{
	struct http_server *s = c->server;
	if (!s)
		return;
	list_remove(&c->link);
	s->connection_count--;
	if (s->listener && s->connection_count < s->options.connections_max)
		tcp_listener_resume(s->listener);
	if (s->stopped && s->connection_count == 0)
		*s->stopped = true;
}

void http_server_attach(struct http_server *s, struct stream *taken)
{
	CHECK(!s->stopped);
	h1_connection_new(s, taken);
}

static void accepted(struct tcp_acceptor *a, struct stream *taken)
{
	struct http_server *s = container_of(a, struct http_server, acceptor);
	h1_connection_new(s, taken);
	if (s->connection_count >= s->options.connections_max)
		tcp_listener_pause(s->listener);
}

/* ---- the server ---- */

struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options)
{
	struct http_server *s = NEW(struct http_server);
	CHECK(options->handle && options->head_bytes_max > 0 && options->connections_max > 0);
	s->loop = loop;
	s->options = *options;
	s->acceptor.accepted = accepted;
	s->date_second = UINT64_MAX;
	list_init(&s->connections);
	list_init(&s->busy);
	list_init(&s->idle);
	return s;
}

bool http_server_listen(struct http_server **out, struct loop *loop, const char *host, uint16_t port,
			const struct http_server_options *options, struct error *e)
{
	struct http_server *s = http_server_new(loop, options);
	if (!tcp_listen(&s->listener, loop, host, port, &s->acceptor, e)) {
		http_server_destroy(&s);
		return false;
	}
	*out = s;
	return true;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->listener ? tcp_listener_port(s->listener) : 0;
}

size_t http_server_connections(const struct http_server *s)
{
	return s->connection_count;
}

void http_server_stop(struct http_server *s, bool *stopped)
{
	CHECK(!s->stopped);
	s->stopped = stopped;
	*stopped = s->connection_count == 0;
	tcp_listener_close(&s->listener);
	list_each(l, &s->connections)
		h1_stop_when_idle(container_of(l, struct h1_connection, link));
}

void http_server_destroy(struct http_server **ps)
{
	struct http_server *s = take(*ps);
	if (!s)
		return;
	tcp_listener_close(&s->listener);
	for (struct list *l; (l = list_pop(&s->connections));) {
		struct h1_connection *c = container_of(l, struct h1_connection, link);
		h1_close(c, false);
		c->server = NULL;
	}
	for (struct list *l; (l = list_pop(&s->idle));) {
		struct h1_exchange *x = container_of(l, struct h1_exchange, link);
		arena_fini(&x->arena);
		mem_free(x);
	}
	for (struct list *l; (l = list_pop(&s->busy));)
		container_of(l, struct h1_exchange, link)->server = NULL;
	mem_free(s);
}
