/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "http/h2_priv.h"

#include "base/check.h"
#include "base/mem.h"

enum {
	OUT_BYTES = 64 * 1024, /* gathered for one write */
	OUT_BYTES_MAX = 2 * 1024 * 1024,
	STREAM_WINDOW_BYTES = 128 * 1024, /* of a request's body that nobody has read yet */
	CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024,
	QUEUE_MAX =
		2000, /* frames in line for a client that does not read; then nothing more is read from it */
	IDLE_BYTES_MAX = 16 * 1024,
	LINGER_BYTES_MAX = 1024 * 1024,
	ERR_TOO_MANY_CONTINUATIONS = -905, /* nghttp2's, which older ones have no name for */
};

#define LINGER_NS (2 * NS_PER_S)
#define STOP_NS NS_PER_S /* for requests that are under way to us when we say that we stop */

uint64_t h2_now(const struct h2_connection *c)
{
	return clock_monotonic(c->super.loop->clock) + 1;
}

/* ---- streams ---- */

struct h2_stream *h2_stream_new(struct h2_connection *c, int32_t id)
{
	struct h2_stream *s = NEW(struct h2_stream);
	s->connection = c;
	s->id = id;
	s->x = server_exchange_new(&c->super, s);
	list_push(&c->streams, &s->link);
	c->stream_count++;
	return s;
}

void h2_stream_free(struct h2_stream *s, bool gone)
{
	struct h2_connection *c = s->connection;
	nghttp2_session_set_stream_user_data(c->session, s->id, NULL);
	list_remove(&s->link);
	if (--c->stream_count == 0) {
		c->quiet_since_ns = h2_now(c);
		if (c->stopping && c->super.stream)
			loop_post(c->super.loop, &c->again);
	}
	h2_request_drop(s, BODY_FAILURE_INCOMPLETE);
	h2_response_drop(s);
	if (s->handed)
		server_exchange_detach(s->x, gone);
	else
		server_exchange_free(s->x);
	mem_free(s);
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *data)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
	(void)data;
	if (!s)
		return 0;
	if (s->head)
		s->connection->head_since_ns = 0;
	bool broken = error_code == NGHTTP2_PROTOCOL_ERROR || error_code == NGHTTP2_FLOW_CONTROL_ERROR;
	if (broken && s->body && s->body->expected == UINT64_MAX)
		h2_request_drop(s, BODY_FAILURE_PROTOCOL);
	if (s->response.ended && s->remote_ended)
		h2_guard_served(s->connection);
	h2_stream_free(s, !s->response.ended);
	return 0;
}

/* ---- the end ---- */

static void free_connection(void *data)
{
	struct h2_connection *c = data;
	nghttp2_session_del(c->session);
	server_connection_closed(&c->super);
	buf_fini(&c->out);
	mem_free(c);
}

static void drop_streams(struct h2_connection *c)
{
	list_each(l, &c->streams)
		h2_stream_free(container_of(l, struct h2_stream, link), true);
}

void h2_close(struct h2_connection *c, bool reset)
{
	if (!c->super.stream)
		return;
	stream_close(&c->super.stream, reset, free_connection, c);
	timer_stop(c->super.loop, &c->timer);
	task_cancel(&c->again);
	drop_streams(c);
	task_cancel(&c->again); /* bodies that were dropped may have asked for it */
}

void h2_fail(struct h2_connection *c, uint32_t error_code)
{
	if (!c->super.stream || c->failed)
		return;
	c->failed = true;
	c->head_since_ns = 0;
	c->ends_since_ns = h2_now(c);
	drop_streams(c);
	nghttp2_session_terminate_session(c->session, error_code);
	h2_flush(c);
}

void h2_go_away(struct h2_connection *c)
{
	if (!c->stopping || c->going_away)
		return;
	c->going_away = true;
	nghttp2_submit_goaway(c->session, NGHTTP2_FLAG_NONE,
			      nghttp2_session_get_last_proc_stream_id(c->session), NGHTTP2_NO_ERROR, NULL, 0);
}

/*
 * A request may be under way to us: the client is told to send no more, and one round trip later which was
 * the last (RFC 9113, 6.8).
 */
static void stop(struct server_connection *super)
{
	struct h2_connection *c = (struct h2_connection *)super;
	if (!c->super.stream || c->stopping || c->failed)
		return;
	c->stopping = true;
	c->stop_since_ns = h2_now(c);
	if (c->stream_count)
		nghttp2_submit_shutdown_notice(c->session);
	loop_post(c->super.loop, &c->again);
}

/* All that was to be said is written. */
static void finish_if_done(struct h2_connection *c)
{
	bool over = c->failed || (c->going_away && c->stream_count == 0) ||
		    (!nghttp2_session_want_read(c->session) && !nghttp2_session_want_write(c->session));
	if (!over || c->lingering)
		return;
	if (c->read_ended) {
		h2_close(c, false);
		return;
	}
	/* To close with something unread would take back our last words. */
	c->lingering = true;
	c->ends_since_ns = h2_now(c);
	drop_streams(c);
	if (!c->super.stream)
		return;
	stream_shutdown(c->super.stream);
}

/* ---- bytes out ---- */

static bool gather(struct h2_connection *c)
{
	c->sending = true;
	while (c->super.stream && c->out.len < OUT_BYTES) {
		const uint8_t *bytes;
		ssize_t n = nghttp2_session_mem_send(c->session, &bytes);
		if (n <= 0) {
			c->sending = false;
			if (n < 0)
				h2_close(c, true);
			return n == 0;
		}
		buf_add(&c->out, (struct str){ (const char *)bytes, (size_t)n });
	}
	c->sending = false;
	return c->super.stream != NULL;
}

/* A client that lets frames pile up is not read from until it has taken them. */
static void update_reading(struct h2_connection *c)
{
	bool wanted = !c->read_ended &&
		      !(c->writing && nghttp2_session_get_outbound_queue_size(c->session) > QUEUE_MAX);
	if (wanted == c->reading)
		return;
	c->reading = wanted;
	if (wanted)
		stream_read_start(c->super.stream, &c->reader);
	else
		stream_read_stop(c->super.stream);
}

void h2_flush(struct h2_connection *c)
{
	if (c->receiving || c->sending || c->lingering)
		return;
	while (c->super.stream && !c->writing) {
		if (!gather(c))
			return;
		if (c->out.len == 0)
			break;
		CHECK(!c->out.full);
		struct str part = buf_str(&c->out);
		c->writing = !stream_write(c->super.stream, &part, 1, &c->write);
		if (c->writing) {
			c->write_since_ns = h2_now(c);
			c->unwritten = stream_unwritten(c->super.stream);
			break;
		}
		buf_reset(&c->out);
	}
	if (!c->super.stream)
		return;
	if (!c->writing) {
		if (c->out.cap > IDLE_BYTES_MAX && c->stream_count == 0)
			buf_fini(&c->out);
		finish_if_done(c);
	}
	if (c->super.stream) {
		update_reading(c);
		h2_rearm(c);
	}
}

static void written(struct stream_write *w, enum stream_error error)
{
	struct h2_connection *c = container_of(w, struct h2_connection, write);
	c->writing = false;
	if (!c->super.stream)
		return; /* closing */
	if (error != STREAM_OK) {
		h2_close(c, false);
		return;
	}
	buf_reset(&c->out);
	h2_flush(c);
}

/* The END_STREAM of a response. What the client still sends of the request, nobody may want any more. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
	struct h2_connection *c = data;
	bool has_end = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
	struct h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (frame->hd.type == NGHTTP2_GOAWAY && c->stopping && !c->going_away && !c->failed)
		nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE,
				    NULL); /* its answer comes behind what was under way */
	if (!s || !has_end || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	s->response.ended = true;
	s->resumed = true;
	if (!s->remote_ended)
		loop_post(c->super.loop, &c->again);
	return 0;
}

static int on_frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int error, void *data)
{
	(void)error, (void)data;
	if (frame->hd.type == NGHTTP2_HEADERS)
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
					  NGHTTP2_INTERNAL_ERROR);
	return 0;
}

/* Bodies were read, streams have ended: what does that bring? */
static void go_on(struct task *t)
{
	struct h2_connection *c = container_of(t, struct h2_connection, again);
	c->receiving = true; /* nothing is sent meanwhile: streams may end by that */
	list_each(l, &c->streams) {
		struct h2_stream *s = container_of(l, struct h2_stream, link);
		if (!s->resumed)
			continue;
		h2_request_resumed(s);
		if (s->response.ended && !s->body && !s->remote_ended && !s->reset) {
			s->reset = true;
			nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
		}
	}
	c->receiving = false;
	if (c->stopping && c->stream_count == 0)
		h2_go_away(c);
	h2_flush(c);
}

/* ---- bytes in ---- */

static uint32_t code_of(ssize_t error)
{
	switch (error) {
	case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
		return NGHTTP2_PROTOCOL_ERROR;
	case NGHTTP2_ERR_FLOODED:
	case ERR_TOO_MANY_CONTINUATIONS:
	case NGHTTP2_ERR_CALLBACK_FAILURE: /* ours: it was too much */
		return NGHTTP2_ENHANCE_YOUR_CALM;
	default:
		return NGHTTP2_INTERNAL_ERROR;
	}
}

static void receive(struct h2_connection *c, struct str bytes)
{
	if (!c->super.stream || c->failed)
		return;
	c->receiving = true;
	ssize_t n = nghttp2_session_mem_recv(c->session, (const uint8_t *)bytes.ptr, bytes.len);
	c->receiving = false;
	if (n < 0)
		h2_fail(c, code_of(n));
	else
		h2_flush(c);
}

static void have_data(struct stream_reader *r, struct str bytes)
{
	struct h2_connection *c = container_of(r, struct h2_connection, reader);
	if (!c->lingering) {
		receive(c, bytes);
		return;
	}
	c->dropped += bytes.len;
	if (c->dropped > LINGER_BYTES_MAX)
		h2_close(c, false);
}

static void have_end(struct stream_reader *r, enum stream_error why)
{
	struct h2_connection *c = container_of(r, struct h2_connection, reader);
	(void)why;
	c->reading = false;
	c->read_ended = true;
	h2_close(c, false);
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *data)
{
	(void)session;
	return h2_guard_frame(data, hd) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* ---- time ---- */

static void sooner(uint64_t *at, uint64_t since, uint64_t after)
{
	if (since && after)
		*at = MIN(*at, since + after);
}

static bool stalls(const struct h2_stream *s)
{
	return s->response.begun && !s->response.ended && !s->response.deferred;
}

/* When the next time-out is. */
static uint64_t next_deadline(const struct h2_connection *c)
{
	const struct http_server_options *o = &c->super.server->options;
	uint64_t at = UINT64_MAX;
	if (c->failed || c->lingering) {
		sooner(&at, c->ends_since_ns, LINGER_NS);
		return at;
	}
	if (c->stopping && !c->going_away)
		sooner(&at, c->stop_since_ns, STOP_NS);
	if (c->writing)
		sooner(&at, c->write_since_ns, o->write_timeout_ns);
	sooner(&at, c->head_since_ns, o->head_timeout_ns);
	if (c->stream_count == 0 && !c->going_away)
		sooner(&at, c->quiet_since_ns, o->idle_timeout_ns);
	list_each(l, &c->streams) {
		const struct h2_stream *s = container_of(l, struct h2_stream, link);
		sooner(&at, s->waits_since_ns, o->body_timeout_ns);
		if (stalls(s) && !c->writing)
			sooner(&at, s->response.moved_ns, o->write_timeout_ns);
	}
	return at;
}

/*
 * The timer may fire too early, never too late: it is not moved when a time-out begins anew, which is
 * found out when it fires.
 */
void h2_rearm(struct h2_connection *c)
{
	const struct http_server_options *o = &c->super.server->options;
	const uint64_t times[] = { o->write_timeout_ns, o->head_timeout_ns, o->idle_timeout_ns,
				   o->body_timeout_ns, STOP_NS };
	uint64_t now = h2_now(c), shortest = UINT64_MAX;
	for (size_t i = 0; i < COUNT_OF(times); i++)
		shortest = times[i] ? MIN(shortest, times[i]) : shortest;
	if (timer_running(&c->timer) && c->timer.at_ns <= now + shortest)
		return;
	uint64_t at = next_deadline(c);
	if (at != UINT64_MAX)
		timer_start(c->super.loop, &c->timer, at > now ? at - now : 0);
}

static bool is_over(uint64_t since, uint64_t after, uint64_t now)
{
	return since && after && now >= since + after;
}

static void check_streams(struct h2_connection *c, uint64_t now)
{
	const struct http_server_options *o = &c->super.server->options;
	list_each(l, &c->streams) {
		struct h2_stream *s = container_of(l, struct h2_stream, link);
		if (is_over(s->waits_since_ns, o->body_timeout_ns, now))
			h2_request_drop(s, BODY_FAILURE_TIMEOUT);
		if (stalls(s) && !c->writing && !s->reset &&
		    is_over(s->response.moved_ns, o->write_timeout_ns, now)) {
			s->reset = true;
			nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
		}
	}
}

static void timer_fired(struct timer *t)
{
	struct h2_connection *c = container_of(t, struct h2_connection, timer);
	const struct http_server_options *o = &c->super.server->options;
	uint64_t now = h2_now(c);
	if (c->failed || c->lingering) {
		if (is_over(c->ends_since_ns, LINGER_NS, now))
			h2_close(c, false);
		else
			h2_rearm(c);
		return;
	}
	if (c->writing && is_over(c->write_since_ns, o->write_timeout_ns, now)) {
		if (stream_unwritten(c->super.stream) >= c->unwritten) {
			h2_close(c, true);
			return;
		}
		c->write_since_ns = now; /* slow, but alive */
		c->unwritten = stream_unwritten(c->super.stream);
	}
	if (is_over(c->head_since_ns, o->head_timeout_ns, now)) {
		h2_fail(c, NGHTTP2_ENHANCE_YOUR_CALM);
	} else if (c->stream_count == 0 && is_over(c->quiet_since_ns, o->idle_timeout_ns, now)) {
		c->stopping = true;
		h2_go_away(c);
	} else if (c->stopping && is_over(c->stop_since_ns, STOP_NS, now)) {
		h2_go_away(c);
	}
	check_streams(c, now);
	h2_flush(c);
	if (c->super.stream)
		h2_rearm(c);
}

/* ---- the beginning ---- */

static void abort_exchange(struct server_exchange *x)
{
	struct h2_stream *s = x->carrier;
	struct h2_connection *c = s->connection;
	nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
	s->reset = true;
	h2_flush(c);
}

static void close_now(struct server_connection *c)
{
	h2_close((struct h2_connection *)c, false);
}

static const struct server_connection_ops h2_ops = {
	.name = "HTTP/2",
	.inform = h2_inform,
	.respond = h2_respond,
	.abort = abort_exchange,
	.stop = stop,
	.close = close_now,
};

static void set_options(nghttp2_option *option)
{
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_max_send_header_block_length(option, OUT_BYTES_MAX / 2);
#ifdef NGHTTP2_BOUNDS_RESETS
	nghttp2_option_set_stream_reset_rate_limit(option, UINT32_MAX, UINT32_MAX);
#endif
}

static void make_session(struct h2_connection *c)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)c->super.server->options.streams_max },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)c->super.server->options.head_bytes_max },
	};
	CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
	h2_request_callbacks(callbacks);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
	set_options(option);
	CHECK(nghttp2_session_server_new2(&c->session, callbacks, c, option) == 0);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	CHECK(nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, COUNT_OF(settings)) == 0);
	CHECK(nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0,
						    CONNECTION_WINDOW_BYTES) == 0);
}

void h2_connection_new(struct server_connection *old, struct str preface, struct str bytes)
{
	struct h2_connection *c = NEW(struct h2_connection);
	server_connection_replace(&c->super, &h2_ops, old);
	c->reader = (struct stream_reader){ have_data, have_end };
	c->write.done = written;
	c->again.run = go_on;
	c->timer.fire = timer_fired;
	list_init(&c->streams);
	buf_init(&c->out, OUT_BYTES_MAX);
	h2_guard_init(c);
	make_session(c);
	c->quiet_since_ns = c->head_since_ns = h2_now(c);
	c->reading = true;
	stream_read_start(c->super.stream, &c->reader);
	receive(c, preface);
	receive(c, bytes);
	if (c->super.server && c->super.server->stopped)
		stop(&c->super);
}
