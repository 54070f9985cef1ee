/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "http/h2_priv.h"

#include <string.h>

#include "http/uri.h"

enum {
	FIELD_BYTES = 32, /* what a field counts beside its text: RFC 9113, 6.5.2 */
	PATIENCE = 4,     /* so many times the limit of a head, and the connection ends */
	TRAILERS_MAX = 100,
	HEAD_BYTES_OF_TRAILERS_MAX = 64 * 1024,
};

/* A head while it is read; lives in the exchange's arena. */
struct h2_head {
	struct str method, scheme, authority, path;
	struct headers crumbs; /* a cookie may come in pieces, which are one field: RFC 9113, 8.2.3 */
	size_t cookie_at;      /* the index of the field that they will be */
	size_t bytes, fields;
	uint16_t status; /* to refuse it with, or 0 */
};

/* ---- a head ---- */

static struct h2_stream *stream_of(struct h2_connection *c, int32_t id)
{
	return nghttp2_session_get_stream_user_data(c->session, id);
}

static struct str keep(struct h2_stream *s, const uint8_t *bytes, size_t len)
{
	return arena_str(&s->x->arena, (struct str){ (const char *)bytes, len });
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
	struct h2_connection *c = data;
	if (!c->super.stream)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	struct h2_stream *s = h2_stream_new(c, frame->hd.stream_id);
	s->head = ARENA_NEW(&s->x->arena, struct h2_head);
	c->head_since_ns = h2_now(c);
	nghttp2_session_set_stream_user_data(session, s->id, s);
	return 0;
}

static void pseudo_came(struct h2_stream *s, struct str name, struct str value)
{
	struct h2_head *h = s->head;
	h2_fingerprint_pseudo(&s->connection->fingerprint, name);
	if (str_eq(name, STR(":method")))
		h->method = value;
	else if (str_eq(name, STR(":scheme")))
		h->scheme = value;
	else if (str_eq(name, STR(":authority")))
		h->authority = value;
	else if (str_eq(name, STR(":path")))
		h->path = value;
}

static void field_came(struct h2_stream *s, struct str name, struct str value)
{
	struct h2_head *h = s->head;
	struct headers *fields = &s->x->super.request.headers;
	if (!header_name_valid(name) || !header_value_valid(value)) {
		h->status = 400;
	} else if (str_eq(name, STR("cookie"))) {
		if (h->crumbs.count == 0) {
			h->cookie_at = fields->count;
			headers_add_borrowed(fields, &s->x->arena, name, value);
		}
		headers_add_borrowed(&h->crumbs, &s->x->arena, name, value);
	} else {
		headers_add_borrowed(fields, &s->x->arena, name, value);
	}
}

/* False: there is no end to it. Beyond the limit nothing is kept. */
static bool count_field(struct h2_stream *s, size_t name_len, size_t value_len, bool path)
{
	const struct http_server_options *o = &s->connection->super.server->options;
	struct h2_head *h = s->head;
	h->bytes += name_len + value_len + FIELD_BYTES;
	if (path && value_len > URI_BYTES_MAX)
		h->status = 414;
	else if (h->status == 0 && (h->bytes > o->head_bytes_max || h->fields > o->headers_max))
		h->status = 431;
	return h->bytes / PATIENCE <= o->head_bytes_max;
}

static void trailer_came(struct h2_stream *s, const uint8_t *name, size_t name_len, const uint8_t *value,
			 size_t value_len)
{
	struct str n = { (const char *)name, name_len }, v = { (const char *)value, value_len };
	s->trailer_bytes += name_len + value_len + FIELD_BYTES;
	if (!s->body || ++s->trailers > TRAILERS_MAX || s->trailer_bytes > HEAD_BYTES_OF_TRAILERS_MAX ||
	    !header_name_valid(n) || !header_value_valid(v))
		return;
	body_trailer_add(s->body, n, v);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *data)
{
	struct h2_connection *c = data;
	struct h2_stream *s = stream_of(c, frame->hd.stream_id);
	(void)session, (void)flags;
	if (!c->super.stream)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (!s)
		return 0;
	if (!s->head) {
		trailer_came(s, name, name_len, value, value_len);
		return 0;
	}
	bool pseudo = name_len && *name == ':';
	bool path = pseudo && name_len == 5 && name[1] == 'p';
	bool crumb =
		s->head->crumbs.count && str_eq((struct str){ (const char *)name, name_len }, STR("cookie"));
	s->head->fields += !pseudo && !crumb;
	if (!count_field(s, name_len, value_len, path))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (s->head->status)
		return 0;
	struct str n = keep(s, name, name_len), v = keep(s, value, value_len);
	if (pseudo)
		pseudo_came(s, n, v);
	else
		field_came(s, n, v);
	return 0;
}

/* A name or value that no message can have: nghttp2 would leave it out, we want no part of it. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
			     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
			     void *data)
{
	struct h2_stream *s = stream_of(data, frame->hd.stream_id);
	(void)name, (void)name_len, (void)value, (void)value_len, (void)flags;
	if (s && !s->refused) {
		s->refused = true;
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_PROTOCOL_ERROR);
	}
	return 0;
}

/* ---- a request ---- */

static void join_crumbs(struct h2_stream *s)
{
	struct h2_head *h = s->head;
	struct arena *a = &s->x->arena;
	size_t len = 0;
	if (h->crumbs.count < 2)
		return;
	for (size_t i = 0; i < h->crumbs.count; i++)
		len += h->crumbs.at[i].value.len + 2;
	char *joined = arena_alloc(a, len), *at = joined;
	for (size_t i = 0; i < h->crumbs.count; i++) {
		struct str crumb = h->crumbs.at[i].value;
		if (i)
			at = mempcpy(at, "; ", 2);
		at = mempcpy(at, crumb.ptr, crumb.len);
	}
	s->x->super.request.headers.at[h->cookie_at].value = (struct str){ joined, (size_t)(at - joined) };
}

/* The authority of the request's URI; ptr NULL when the request does not say it in one way. */
static struct str choose_authority(const struct h2_head *h, const struct headers *fields)
{
	static const struct str name = STR_INIT("host"), none = { NULL, 0 };
	size_t from = 0;
	const struct header *host = headers_next(fields, name, &from);
	struct str authority = host ? host->value : h->authority;
	if (host && (headers_next(fields, name, &from) ||
		     (h->authority.len && !str_eq_nocase(h->authority, authority))))
		return none;
	return uri_authority_valid(authority) ? authority : none;
}

static uint16_t make_uri(struct h2_stream *s)
{
	struct h2_head *h = s->head;
	struct http_request *r = &s->x->super.request;
	struct uri u;
	struct error ignored;
	struct str authority = choose_authority(h, &r->headers), path = h->path, scheme = h->scheme;
	if (!authority.ptr)
		return 400;
	if (path.len && !str_eq(path, STR("*")) && (!uri_parse(&u, path, &ignored) || *path.ptr != '/'))
		return 400;
	if (str_eq(path, STR("*")))
		path.len = 0; /* the server as a whole: RFC 9110, 7.1 */
	if (s->connection->super.secure)
		scheme = STR("https");
	else if (!str_eq(scheme, STR("https"))) /* something before us may have ended TLS */
		scheme = STR("http");
	r->uri = arena_printf(&s->x->arena, STR_FMT "://" STR_FMT STR_FMT, STR_ARG(scheme),
			      STR_ARG(authority), STR_ARG(path));
	return 0;
}

static uint16_t make_request(struct h2_stream *s)
{
	struct h2_head *h = s->head;
	struct http_request *r = &s->x->super.request;
	if (h->status)
		return h->status;
	if (!header_name_valid(h->method))
		return 400;
	join_crumbs(s);
	r->method = h->method;
	r->version = HTTP_2;
	s->x->head_only = str_eq(r->method, STR("HEAD"));
	s->x->connect = str_eq(r->method, STR("CONNECT"));
	return make_uri(s);
}

static void body_resume(struct body_source *source)
{
	struct h2_stream *s = container_of(source, struct h2_stream, source);
	s->resumed = true;
	s->asked_continue = s->wants_continue;
	if (s->waits_since_ns == 0 && s->body->buffered == 0)
		s->waits_since_ns = h2_now(s->connection);
	loop_post(s->connection->super.loop, &s->connection->again);
}

static void body_cancel(struct body_source *source)
{
	struct h2_stream *s = container_of(source, struct h2_stream, source);
	s->body = NULL;
	s->resumed = true;
	s->waits_since_ns = 0;
	loop_post(s->connection->super.loop, &s->connection->again);
}

static void begin_body(struct h2_stream *s)
{
	struct http_request *r = &s->x->super.request;
	uint64_t length;
	r->body = s->body = body_new(s->connection->super.loop);
	s->source = (struct body_source){ body_resume, body_cancel };
	body_set_source(s->body, &s->source);
	if (str_to_u64(headers_get(&r->headers, STR("content-length")), INT64_MAX, &length))
		s->body->expected = length;
	s->wants_continue = str_eq_nocase(headers_get(&r->headers, STR("expect")), STR("100-continue"));
}

static void end_body(struct h2_stream *s)
{
	struct body *body = take(s->body);
	s->remote_ended = true;
	s->waits_since_ns = 0;
	if (body)
		body_end(body);
}

static void head_complete(struct h2_stream *s, bool ended)
{
	struct h2_connection *c = s->connection;
	uint16_t status = s->refused ? 0 : make_request(s);
	c->head_since_ns = 0;
	s->head = NULL;
	s->remote_ended = ended;
	if (s->refused)
		return;
	if (status) {
		h2_refuse(s, status);
		return;
	}
	if (!ended)
		begin_body(s);
	s->handed = true;
	s->x->super.h2_fingerprint = arena_str(&s->x->arena, h2_fingerprint_text(&c->fingerprint));
	c->super.server->options.handle(c->super.server->options.data, &s->x->super);
}

/* ---- what comes behind the head ---- */

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t len,
		   void *data)
{
	struct h2_connection *c = data;
	struct h2_stream *s = stream_of(c, id);
	(void)flags;
	if (!c->super.stream)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	/*
	 * A connection's window is never what a client waits for: one whose requests are read in another
	 * order than they were sent could else wait for ever.
	 */
	nghttp2_session_consume_connection(session, len);
	if (!s || !s->body) {
		nghttp2_session_consume_stream(session, id, len);
		return 0;
	}
	s->received += len;
	s->waits_since_ns = 0;
	body_write(s->body, (struct str){ (const char *)bytes, len });
	return 0;
}

static void note_settings(struct h2_connection *c, const nghttp2_settings *settings)
{
	for (size_t i = 0; !c->fingerprint.has_settings && i < settings->niv; i++)
		h2_fingerprint_setting(&c->fingerprint, settings->iv[i].settings_id, settings->iv[i].value);
	c->fingerprint.has_settings = true;
}

static void note_priority(struct h2_connection *c, int32_t id, const nghttp2_priority_spec *p)
{
	h2_fingerprint_priority(&c->fingerprint, id, p->exclusive, p->stream_id, p->weight);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
	struct h2_connection *c = data;
	struct h2_stream *s = stream_of(c, frame->hd.stream_id);
	bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	(void)session;
	if (!c->super.stream)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		if (s && s->head)
			head_complete(s, ends);
		else if (s && ends)
			end_body(s);
		break;
	case NGHTTP2_DATA:
		if (s && ends)
			end_body(s);
		break;
	case NGHTTP2_SETTINGS:
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK)) {
			note_settings(c, &frame->settings);
			c->head_since_ns = 0; /* the preface is whole */
		}
		break;
	case NGHTTP2_WINDOW_UPDATE:
		if (frame->hd.stream_id == 0)
			h2_fingerprint_window(&c->fingerprint,
					      (uint32_t)frame->window_update.window_size_increment);
		break;
	case NGHTTP2_PRIORITY:
		note_priority(c, frame->hd.stream_id, &frame->priority.pri_spec);
		break;
	case NGHTTP2_PING:
		if (frame->hd.flags & NGHTTP2_FLAG_ACK)
			h2_go_away(c);
		break;
	default:
		break;
	}
	return 0;
}

/* ---- the end of it ---- */

void h2_request_drop(struct h2_stream *s, enum body_failure why)
{
	struct body *body = take(s->body);
	s->waits_since_ns = 0;
	if (body)
		body_fail(body, why);
}

void h2_request_resumed(struct h2_stream *s)
{
	uint64_t held = s->body ? s->body->buffered : 0;
	uint64_t taken = s->received - MIN(s->received, held);
	s->resumed = false;
	if (taken > s->consumed && !s->remote_ended)
		nghttp2_session_consume_stream(s->connection->session, s->id, (size_t)(taken - s->consumed));
	s->consumed = MAX(taken, s->consumed);
	if (s->asked_continue && !s->sent_continue && s->body && !s->response.begun)
		h2_send_continue(s);
}

void h2_request_callbacks(nghttp2_session_callbacks *callbacks)
{
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
}
