/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "http/server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/tls.h"
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
	.streams_max = 100,
};

/* ---- exchanges ---- */

struct server_exchange *server_exchange_new(struct server_connection *c, void *carrier)
{
	struct http_server *s = c->server;
	struct list *used = list_pop(&s->idle);
	struct server_exchange *x =
		used ? container_of(used, struct server_exchange, link) : mem_alloc(sizeof *x);
	struct arena arena = { 0 };
	if (used) {
		arena = x->arena;
		s->idle_count--;
	}
	*x = (struct server_exchange){
		.server = s, .loop = c->loop, .ops = c->ops, .carrier = carrier, .arena = arena
	};
	x->super.arena = &x->arena;
	x->super.client = c->peer;
	x->super.server = c->local;
	if (c->secure && tls_peer_of(c->stream))
		x->super.tls = tls_peer_ref(tls_peer_of(c->stream));
	event_init(&x->super.changed);
	list_push(&s->busy, &x->link);
	return x;
}

void server_exchange_free(struct server_exchange *x)
{
	struct http_server *s = x->server;
	CHECK(list_empty(&x->super.changed.watchers));
	tls_peer_unref(&x->super.tls);
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
static void free_if_done(struct server_exchange *x, bool released)
{
	if (released && !x->carrier)
		server_exchange_free(x);
}

void server_exchange_detach(struct server_exchange *x, bool gone)
{
	x->carrier = NULL;
	x->super.done = true;
	if (!x->released) {
		x->super.gone = gone;
		event_fire(&x->super.changed, x->loop);
	}
	free_if_done(x, x->released);
}

void exchange_inform(struct exchange *super, uint16_t status, const struct headers *headers)
{
	struct server_exchange *x = (struct server_exchange *)super;
	bool interim = status >= 100 && status < 200 && status != 101;
	if (x->carrier && interim && !super->responded)
		x->ops->inform(x, status, headers);
}

void exchange_respond(struct exchange *super, const struct http_response *response, bool keep_framing)
{
	struct server_exchange *x = (struct server_exchange *)super;
	CHECK(!super->responded);
	super->responded = true;
	if (x->carrier) {
		x->ops->respond(x, response, keep_framing);
	} else if (response->body) {
		struct body *body = response->body;
		body_abandon(body);
		body_unref(&body);
	}
}

static void cannot_upgrade(struct exchange *super)
{
	struct body *body = body_new(((struct server_exchange *)super)->loop);
	body_write(body, STR("Error: the client's connection cannot switch protocols."));
	body_end(body);
	exchange_respond(super, &(struct http_response){ .status = 502, .body = body }, false);
}

void exchange_upgrade(struct exchange *super, const struct http_response *response, struct stream *taken,
		      struct str rest)
{
	struct server_exchange *x = (struct server_exchange *)super;
	CHECK(!super->responded);
	if (x->carrier && x->ops->upgrade && x->ops->upgrade(x, response, taken, rest)) {
		super->responded = true;
		return;
	}
	stream_close(&taken, true, NULL, NULL);
	cannot_upgrade(super);
}

void exchange_abort(struct exchange *super)
{
	struct server_exchange *x = (struct server_exchange *)super;
	super->responded = true;
	if (x->carrier)
		x->ops->abort(x);
}

void exchange_release(struct exchange *super)
{
	struct server_exchange *x = (struct server_exchange *)super;
	CHECK(!x->released && list_empty(&super->changed.watchers));
	if (!super->responded)
		exchange_abort(super);
	x->released = true;
	body_unref(&super->request.body);
	free_if_done(x, true);
}

/* ---- what messages have from the server ---- */

struct str server_date(struct http_server *s)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint64_t second = clock_wall(s->loop->clock) / NS_PER_S;
	if (second != s->date_second) {
		char text[128];
		struct tm t;
		time_t now = (time_t)second;
		gmtime_r(&now, &t);
		int len = snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
				   days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon,
				   (t.tm_year + 1900) % 10000, t.tm_hour, t.tm_min, t.tm_sec);
		CHECK(len == SERVER_DATE_BYTES);
		memcpy(s->date, text, SERVER_DATE_BYTES);
		s->date_second = second;
	}
	return (struct str){ s->date, SERVER_DATE_BYTES };
}

struct str server_own_authority(const struct server_connection *c, struct arena *a)
{
	char ip[64] = "";
	if (c->local.ip_len == 0)
		return STR("localhost");
	uv_inet_ntop(c->local.ip_len == 4 ? AF_INET : AF_INET6, c->local.ip, ip, sizeof ip);
	return arena_printf(a, c->local.ip_len == 4 ? "%s:%u" : "[%s]:%u", ip, (unsigned)c->local.port);
}

/* ---- connections ---- */

void server_connection_init(struct server_connection *c, const struct server_connection_ops *ops,
			    struct http_server *s, struct stream *taken)
{
	c->ops = ops;
	c->server = s;
	c->loop = s->loop;
	stream_addresses(taken, &c->local, &c->peer);
	c->secure = s->options.tls != NULL;
	c->stream = c->secure ? tls_server_new(s->loop, taken, s->options.tls) : taken;
	list_push(&s->connections, &c->link);
	s->connection_count++;
}

void server_connection_replace(struct server_connection *c, const struct server_connection_ops *ops,
			       struct server_connection *old)
{
	c->ops = ops;
	c->server = take(old->server);
	c->loop = old->loop;
	c->stream = take(old->stream);
	c->local = old->local;
	c->peer = old->peer;
	c->secure = old->secure;
	list_remove(&old->link);
	list_push(&c->server->connections, &c->link);
}

void server_connection_closed(struct server_connection *c)
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
	if (s->options.tls)
		tls_context_ref(s->options.tls);
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
	list_each(l, &s->connections) {
		struct server_connection *c = container_of(l, struct server_connection, link);
		c->ops->stop(c);
	}
}

void http_server_destroy(struct http_server **ps)
{
	struct http_server *s = take(*ps);
	if (!s)
		return;
	tcp_listener_close(&s->listener);
	for (struct list *l; (l = list_pop(&s->connections));) {
		struct server_connection *c = container_of(l, struct server_connection, link);
		c->ops->close(c);
		c->server = NULL;
	}
	for (struct list *l; (l = list_pop(&s->idle));) {
		struct server_exchange *x = container_of(l, struct server_exchange, link);
		arena_fini(&x->arena);
		mem_free(x);
	}
	for (struct list *l; (l = list_pop(&s->busy));)
		container_of(l, struct server_exchange, link)->server = NULL;
	tls_context_unref(&s->options.tls);
	mem_free(s);
}
