/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "http/h1_priv.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "http/h2_priv.h"
#include "net/tls.h"

enum {
	REST_BYTES_MAX = 64 * 1024, /* pipelined requests wait here; beyond it, in the kernel */
	REST_BYTES_HARD_MAX = 1024 * 1024,
	DROPPED_BYTES_MAX =
		256 * 1024, /* of a body nobody reads; beyond it the connection is not worth keeping */
	LINGER_BYTES_MAX = 1024 * 1024,
	IDLE_BYTES_MAX = 16 * 1024, /* kept in each buffer between requests */
};

#define LINGER_NS (2 * NS_PER_S)
#define LOOK_NS NS_PER_S /* at a client from whom nothing is read */

enum step { STEP_MORE, STEP_WAIT };

/* ---- the end ---- */

void h1_free(struct h1_connection *c)
{
	h1_drop_response(c);
	server_connection_closed(&c->super);
	buf_fini(&c->section.text);
	buf_fini(&c->rest);
	buf_fini(&c->next);
	buf_fini(&c->head);
	buf_fini(&c->copied);
	buf_fini(&c->tail);
	buf_fini(&c->upgrade_rest);
	mem_free(c);
}

static void free_connection(void *data)
{
	h1_free(data);
}

static void fail_body(struct h1_connection *c, enum body_failure why)
{
	struct body *body = take(c->body);
	if (body)
		body_fail(body, why);
}

void h1_close(struct h1_connection *c, bool reset)
{
	if (!c->super.stream)
		return;
	stream_close(&c->super.stream, reset, free_connection, c);
	timer_stop(c->super.loop, &c->timer);
	if (c->upgrade)
		stream_close(&c->upgrade, true, NULL, NULL);
	fail_body(c, BODY_FAILURE_INCOMPLETE);
	if (c->writing)
		watcher_stop(
			&c->response.readable); /* its bytes must stay until the stream lets go of them */
	else
		h1_drop_response(c);
	task_cancel(&c->again);
	if (c->x)
		server_exchange_detach(take(c->x), true);
}

/* Nothing that comes counts any more. */
static void ignore_input(struct h1_connection *c)
{
	if (c->input != H1_LINGER)
		c->dropped = 0;
	c->input = H1_LINGER;
	c->keep_alive = false;
}

/* The last response is out. Is there something unread? Closing would then take back what is not delivered
 * yet. */
static void finish(struct h1_connection *c, bool unread)
{
	if (c->read_ended || !unread) {
		h1_close(c, false);
		return;
	}
	ignore_input(c);
	if (!c->shut_down)
		stream_shutdown(c->super.stream);
	c->shut_down = true;
}

static void refuse(struct h1_connection *c, uint16_t status)
{
	ignore_input(c);
	h1_refuse(c, status);
	h1_flush(c);
}

/* ---- the next request ---- */

/* What one big message needed is not kept by an idle connection. */
static void shrink(struct buf *b)
{
	if (b->cap > IDLE_BYTES_MAX && b->len == 0)
		buf_fini(b);
}

static void next_request(struct h1_connection *c)
{
	struct buf *const buffers[] = {
		&c->section.text, &c->rest, &c->next, &c->head, &c->copied, &c->tail
	};
	h1_section_reset(&c->section, true);
	for (size_t i = 0; i < COUNT_OF(buffers); i++)
		shrink(buffers[i]);
	c->input = H1_HEAD;
	c->waiting = H1_FOR_NOTHING;
	c->wants_continue = c->asked_continue = c->sent_continue = false;
	c->dropped = 0;
}

void h1_response_done(struct h1_connection *c)
{
	server_exchange_detach(take(c->x), false);
	h1_drop_response(c);
	if (c->advancing)
		return;
	if (c->rest.len || c->input != H1_READ || !c->keep_alive || c->read_ended)
		loop_post(c->super.loop, &c->again);
	else
		next_request(c);
	h1_rearm(c);
}

void h1_all_written(struct h1_connection *c)
{
	struct h1_response *out = &c->response;
	if (c->upgrade)
		h1_hand_over(c);
	else if (out->begun && (out->cut_after || (out->framing == H1_LENGTH && out->left > 0)))
		h1_close(c, out->framing == H1_UNTIL_CLOSE);
	else if (out->begun)
		h1_response_done(c);
	else if (c->input == H1_LINGER && !c->x)
		finish(c, true);
}

static void stop(struct server_connection *super)
{
	struct h1_connection *c = (struct h1_connection *)super;
	c->keep_alive = false;
	if (c->super.stream && c->input == H1_HEAD && c->section.text.len == 0 && c->rest.len == 0)
		h1_close(c, false);
}

/* ---- what the client sends ---- */

/* The first line of an HTTP/2 client is made so that no server of HTTP/1 can take it for a request. */
static const struct str http2_line = STR_INIT("PRI * HTTP/2.0\r\n"),
			http2_head = STR_INIT("PRI * HTTP/2.0\r\n\r\n");

static bool is_http2_line(const struct h1_connection *c)
{
	return str_eq(buf_str(&c->section.text), http2_line);
}

/* Over TLS that was agreed on; in the clear the client's first line is all there is. */
static bool wants_http2(const struct h1_connection *c)
{
	const struct tls_peer *tls = tls_peer_of(c->super.stream);
	return tls ? str_eq(tls->alpn, STR("h2")) : is_http2_line(c);
}

static void free_replaced(struct task *t)
{
	free_connection(container_of(t, struct h1_connection, again));
}

static void hand_over(struct h1_connection *c, struct str *in)
{
	timer_stop(c->super.loop, &c->timer);
	h2_connection_new(&c->super, http2_head, *in);
	*in = str_sub(*in, in->len, 0);
	c->again.run = free_replaced;
	loop_post(c->super.loop, &c->again);
}

static enum step step_head(struct h1_connection *c, struct str *in)
{
	if (in->len == 0)
		return STEP_WAIT;
	switch (h1_section_feed(&c->section, in, c->super.server->options.headers_max)) {
	case H1_SECTION_MORE:
		return STEP_WAIT;
	case H1_SECTION_BAD:
		refuse(c, 400);
		return STEP_MORE;
	case H1_SECTION_LINE_TOO_LONG:
		refuse(c, 414);
		return STEP_MORE;
	case H1_SECTION_TOO_LARGE:
		refuse(c, 431);
		return STEP_MORE;
	case H1_SECTION_DONE:
		break;
	}
	if (!c->used && wants_http2(c) != is_http2_line(c)) {
		refuse(c, 400);
		return STEP_MORE;
	}
	if (!c->used && is_http2_line(c)) {
		hand_over(c, in);
		return STEP_WAIT;
	}
	c->used = true;
	int status = h1_read_head(c);
	if (status != 0) {
		refuse(c, (uint16_t)status);
	} else {
		c->waiting = H1_FOR_NOTHING;
		c->super.server->options.handle(c->super.server->options.data, &c->x->super);
	}
	return STEP_MORE;
}

static void break_body(struct h1_connection *c, enum body_failure why)
{
	ignore_input(c);
	fail_body(c, why);
}

/* Nobody reads this body, and reading on just to find its end would take long, or for ever. */
static bool not_worth_reading(const struct h1_connection *c)
{
	return !c->body && (c->dropped > DROPPED_BYTES_MAX || (c->wants_continue && !c->sent_continue));
}

static enum step step_body(struct h1_connection *c, struct str *in)
{
	if (not_worth_reading(c))
		c->keep_alive = false;
	if (!c->x && !c->body && !c->keep_alive) {
		finish(c, true);
		return STEP_MORE;
	}
	if (in->len == 0 || not_worth_reading(c))
		return STEP_WAIT;
	if (!h1_read_body(c, in))
		break_body(c, BODY_FAILURE_PROTOCOL);
	return STEP_MORE;
}

static enum step step_trailers(struct h1_connection *c, struct str *in)
{
	enum h1_section_state state = h1_section_feed(&c->section, in, c->super.server->options.headers_max);
	if (state == H1_SECTION_MORE)
		return STEP_WAIT;
	if (state != H1_SECTION_DONE || !h1_read_trailers(c))
		break_body(c, BODY_FAILURE_PROTOCOL);
	return STEP_MORE;
}

static enum step step_read(struct h1_connection *c, const struct str *in)
{
	if (c->x)
		return STEP_WAIT;
	if (c->keep_alive && !(c->read_ended && in->len == 0)) {
		next_request(c);
		return STEP_MORE;
	}
	finish(c, in->len > 0);
	return STEP_MORE;
}

static enum step step_linger(struct h1_connection *c, struct str *in)
{
	c->dropped += in->len;
	*in = str_sub(*in, in->len, 0);
	if (c->x || c->writing)
		return STEP_WAIT;
	if (c->dropped > LINGER_BYTES_MAX)
		h1_close(c, false);
	else
		finish(c, true);
	return STEP_WAIT;
}

static enum step step(struct h1_connection *c, struct str *in)
{
	switch (c->input) {
	case H1_HEAD:
		return step_head(c, in);
	case H1_BODY:
		return step_body(c, in);
	case H1_TRAILERS:
		return step_trailers(c, in);
	case H1_READ:
		return step_read(c, in);
	case H1_LINGER:
		return step_linger(c, in);
	}
	return STEP_WAIT;
}

static bool may_read(const struct h1_connection *c)
{
	if (c->read_ended || c->rest.len >= REST_BYTES_MAX)
		return false;
	if (c->input == H1_BODY && c->body)
		return body_has_room(c->body);
	return !(c->input == H1_BODY && not_worth_reading(c));
}

static void update_reading(struct h1_connection *c)
{
	bool wanted = may_read(c);
	if (wanted == c->reading)
		return;
	c->reading = wanted;
	if (wanted)
		stream_read_start(c->super.stream, &c->reader);
	else
		stream_read_stop(c->super.stream);
}

/* Keeps what was not used. */
static void keep_rest(struct h1_connection *c, struct str in, bool from_rest)
{
	if (!from_rest) {
		buf_reset(&c->rest);
		buf_add(&c->rest, in);
		return;
	}
	if (in.len)
		memmove(c->rest.ptr, in.ptr, in.len);
	c->rest.len = in.len;
}

static void advance(struct h1_connection *c, struct str bytes)
{
	bool from_rest = c->rest.len > 0;
	struct str in = bytes;
	if (from_rest) {
		buf_add(&c->rest, bytes);
		in = buf_str(&c->rest);
	}
	c->advancing = true;
	while (c->super.stream && step(c, &in) == STEP_MORE)
		;
	c->advancing = false;
	if (!c->super.stream)
		return;
	keep_rest(c, in, from_rest);
	if (c->rest.full) {
		h1_close(c, false);
		return;
	}
	update_reading(c);
	h1_rearm(c);
}

static void go_on(struct task *t)
{
	struct h1_connection *c = container_of(t, struct h1_connection, again);
	if (c->asked_continue && !c->sent_continue && c->body && c->x && !c->response.begun) {
		h1_send_continue(c);
		h1_flush(c);
	}
	if (c->super.stream)
		advance(c, (struct str){ NULL, 0 });
}

static void have_data(struct stream_reader *r, struct str bytes)
{
	struct h1_connection *c = container_of(r, struct h1_connection, reader);
	if (c->waiting == H1_FOR_BODY)
		c->waiting = H1_FOR_NOTHING; /* its time starts anew with each byte */
	advance(c, bytes);
}

static void have_end(struct stream_reader *r, enum stream_error why)
{
	struct h1_connection *c = container_of(r, struct h1_connection, reader);
	c->reading = false;
	c->read_ended = true;
	if (why != STREAM_OK || !c->x || c->input != H1_READ || !c->super.server->options.half_close)
		h1_close(c, false);
}

/* The reader of the request's body has found nothing, or made room. */
static void body_resume(struct body_source *source)
{
	struct h1_connection *c = container_of(source, struct h1_connection, source);
	c->asked_continue = c->wants_continue;
	if (!c->reading || (c->asked_continue && !c->sent_continue))
		loop_post(c->super.loop, &c->again);
}

static void body_cancel(struct body_source *source)
{
	struct h1_connection *c = container_of(source, struct h1_connection, source);
	c->body = NULL;
	if (c->super.stream)
		loop_post(c->super.loop, &c->again);
}

/* ---- time ---- */

static uint64_t time_for(const struct h1_connection *c, enum h1_waiting what)
{
	const struct http_server_options *o = &c->super.server->options;
	switch (what) {
	case H1_FOR_REQUEST:
		return o->idle_timeout_ns;
	case H1_FOR_HEAD:
		return o->head_timeout_ns;
	case H1_FOR_BODY:
		return o->body_timeout_ns;
	case H1_FOR_ROOM:
		return LOOK_NS;
	case H1_FOR_WRITE:
		return o->write_timeout_ns;
	case H1_FOR_CLOSE:
		return LINGER_NS;
	case H1_FOR_NOTHING:
		break;
	}
	return 0;
}

/* Nothing of the client's body can make it whole any more, or nobody is there to be answered. */
static bool client_is_gone(const struct h1_connection *c)
{
	uint64_t wanted = 0;
	if (c->body)
		wanted = c->body->expected == UINT64_MAX ? 1 : c->body->expected;
	return stream_lacks(c->super.stream, wanted - MIN(wanted, c->rest.len));
}

static enum h1_waiting what_for(const struct h1_connection *c)
{
	if (c->writing)
		return H1_FOR_WRITE;
	switch (c->input) {
	case H1_HEAD:
		return c->section.text.len ? H1_FOR_HEAD : H1_FOR_REQUEST;
	case H1_BODY:
	case H1_TRAILERS:
		if (c->reading && !(c->wants_continue && !c->sent_continue))
			return H1_FOR_BODY;
		break;
	case H1_LINGER:
		if (!c->x)
			return H1_FOR_CLOSE;
		break;
	case H1_READ:
		break;
	}
	return c->reading || c->read_ended ? H1_FOR_NOTHING : H1_FOR_ROOM;
}

/*
 * Sets the time for what the connection waits for now. The timer itself is not moved when it fires too early,
 * which is found out when it fires: so a busy connection touches it once in many requests.
 */
void h1_rearm(struct h1_connection *c)
{
	enum h1_waiting what = what_for(c);
	if (what == c->waiting)
		return;
	uint64_t after = time_for(c, what);
	c->waiting = what;
	c->deadline_ns = UINT64_MAX;
	if (after == 0)
		return;
	c->deadline_ns = clock_monotonic(c->super.loop->clock) + after;
	c->unwritten = stream_unwritten(c->super.stream);
	if (!timer_running(&c->timer) || c->timer.at_ns > c->deadline_ns)
		timer_start(c->super.loop, &c->timer, after);
}

static void time_is_up(struct h1_connection *c)
{
	enum h1_waiting what = c->waiting;
	c->waiting = H1_FOR_NOTHING;
	if (what == H1_FOR_WRITE && stream_unwritten(c->super.stream) < c->unwritten) {
		h1_rearm(c); /* slow, but alive */
	} else if (what == H1_FOR_ROOM && !client_is_gone(c)) {
		h1_rearm(c);
	} else if (what == H1_FOR_HEAD) {
		refuse(c, 408);
	} else if (what == H1_FOR_BODY && c->x) {
		break_body(c, BODY_FAILURE_TIMEOUT);
	} else {
		h1_close(c, what == H1_FOR_WRITE);
	}
	if (c->super.stream)
		h1_rearm(c);
}

static void timer_fired(struct timer *t)
{
	struct h1_connection *c = container_of(t, struct h1_connection, timer);
	uint64_t now = clock_monotonic(c->super.loop->clock);
	if (c->waiting == H1_FOR_NOTHING || c->deadline_ns == UINT64_MAX)
		return;
	if (now < c->deadline_ns)
		timer_start(c->super.loop, &c->timer, c->deadline_ns - now);
	else
		time_is_up(c);
}

/* ---- the exchange's wishes ---- */

static void inform(struct server_exchange *x, uint16_t status, const struct headers *headers)
{
	struct h1_connection *c = x->carrier;
	if (x->super.request.version == HTTP_1_0)
		return;
	h1_write_interim(c, status, headers);
	h1_flush(c);
}

static void respond(struct server_exchange *x, const struct http_response *response, bool keep_framing)
{
	struct h1_connection *c = x->carrier;
	h1_begin_response(c, response, keep_framing);
	h1_flush(c);
}

static void abort_exchange(struct server_exchange *x)
{
	h1_close(x->carrier, true);
}

static void close_now(struct server_connection *c)
{
	h1_close((struct h1_connection *)c, false);
}

static bool upgrade(struct server_exchange *x, const struct http_response *response, struct stream *taken,
		    struct str rest)
{
	return h1_upgrade(x->carrier, response, taken, rest);
}

static const struct server_connection_ops h1_ops = {
	.name = "HTTP/1",
	.inform = inform,
	.respond = respond,
	.abort = abort_exchange,
	.upgrade = upgrade,
	.stop = stop,
	.close = close_now,
};

/* ---- the beginning ---- */

void h1_connection_new(struct http_server *s, struct stream *taken)
{
	struct h1_connection *c = NEW(struct h1_connection);
	server_connection_init(&c->super, &h1_ops, s, taken);
	c->keep_alive = true;
	c->reader = (struct stream_reader){ have_data, have_end };
	c->source = (struct body_source){ body_resume, body_cancel };
	c->again.run = go_on;
	c->timer.fire = timer_fired;
	buf_init(&c->section.text, s->options.head_bytes_max);
	buf_init(&c->rest, REST_BYTES_HARD_MAX);
	h1_write_init(c);
	h1_parser_init(c);
	next_request(c);
	update_reading(c);
	h1_rearm(c);
}
