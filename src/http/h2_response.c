/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "http/h2_priv.h"

#include <stdio.h>

#include "base/check.h"

enum {
	OWN_FIELDS = 3,              /* :status, content-length, date */
	HEAD_BYTES_MAX = 512 * 1024, /* a longer one no client would take */
	INTERIM_QUEUE_MAX = 64,      /* frames in line; then interim responses are dropped */
	NUMBER_BYTES = 24,
};

/* ---- fields ---- */

/* What a message of HTTP/2 has no place for (RFC 9113, 8.2.2), or what is the server's to say. */
static bool is_own(struct str name)
{
	static const struct str names[] = {
		STR_INIT("connection"), STR_INIT("content-length"),   STR_INIT("transfer-encoding"),
		STR_INIT("keep-alive"), STR_INIT("proxy-connection"), STR_INIT("upgrade"),
	};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (str_eq_nocase(name, names[i]))
			return true;
	}
	return false;
}

static struct str lower(struct arena *a, struct str name)
{
	size_t i = 0;
	while (i < name.len && ascii_lower(name.ptr[i]) == name.ptr[i])
		i++;
	if (i == name.len)
		return name;
	char *out = arena_alloc(a, name.len);
	for (i = 0; i < name.len; i++)
		out[i] = ascii_lower(name.ptr[i]);
	return (struct str){ out, name.len };
}

/* nghttp2 copies both. */
static nghttp2_nv pair(struct str name, struct str value)
{
	return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name.ptr,
			     .value = (uint8_t *)(uintptr_t)(value.ptr ? value.ptr : ""),
			     .namelen = name.len,
			     .valuelen = value.len };
}

struct fields {
	nghttp2_nv *at;
	size_t count;
	bool has_date;
};

static void put_headers(struct fields *out, struct arena *a, const struct headers *h)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct header *f = &h->at[i];
		if (is_own(f->name) || !header_name_valid(f->name) || !header_value_valid(f->value))
			continue;
		struct str name = lower(a, f->name);
		out->has_date = out->has_date || str_eq(name, STR("date"));
		out->at[out->count++] = pair(name, f->value);
	}
}

static struct fields begin_fields(struct arena *a, size_t count)
{
	return (struct fields){ .at = arena_alloc(a, (count + OWN_FIELDS) * sizeof(nghttp2_nv)) };
}

static void put_status(struct fields *out, struct arena *a, uint16_t status)
{
	out->at[out->count++] = pair(STR(":status"), arena_printf(a, "%03u", (unsigned)status));
}

/* ---- the body ---- */

static void readable(struct task *t)
{
	struct h2_stream *s = container_of(t, struct h2_stream, response.readable.task);
	struct h2_connection *c = s->connection;
	s->response.deferred = false;
	s->response.moved_ns = h2_now(c);
	nghttp2_session_resume_data(c->session, s->id);
	h2_flush(c);
}

static ssize_t defer(struct h2_stream *s)
{
	s->response.deferred = true;
	watcher_start(&s->response.readable, &s->response.body->readable, readable);
	return NGHTTP2_ERR_DEFERRED;
}

static void submit_trailers(struct h2_stream *s, uint32_t *flags)
{
	const struct headers *h = &s->response.body->trailers;
	struct fields out = begin_fields(&s->x->arena, h->count);
	put_headers(&out, &s->x->arena, h);
	if (out.count == 0 || nghttp2_submit_trailer(s->connection->session, s->id, out.at, out.count) != 0)
		return;
	*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
}

/* All is read; what comes beyond the promised length is dropped. */
static ssize_t end_body(struct h2_stream *s, ssize_t len, uint32_t *flags)
{
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	submit_trailers(s, flags);
	body_abandon(s->response.body);
	body_unref(&s->response.body);
	return len;
}

/*
 * A producer that is about to end by itself gets the time to do so, when all that was promised is sent: an
 * origin's connection can be used again then.
 */
static bool about_to_end(const struct h2_response *out, enum body_state state)
{
	return state == BODY_WAIT &&
	       (!out->bounded || out->left > 0 || out->body->source || out->body->appended);
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t cap, uint32_t *flags,
			 nghttp2_data_source *source, void *data)
{
	struct h2_connection *c = data;
	struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
	size_t len = 0;
	struct str rest;
	(void)source;
	if (!s || !s->response.body)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	struct h2_response *out = &s->response;
	out->moved_ns = h2_now(c);
	if (out->bounded)
		cap = (size_t)MIN((uint64_t)cap, out->left);
	enum body_state state = cap ? body_read(out->body, (char *)buf, cap, &len) : BODY_DATA;
	out->left -= out->bounded ? len : 0;
	s->x->super.sent += len;
	if (state == BODY_DATA) /* what comes behind it? */
		state = body_peek(out->body, &rest);
	bool full = out->bounded && out->left == 0;
	if (len && !full && (state != BODY_ENDED || out->bounded))
		return (ssize_t)len;
	if (about_to_end(out, state))
		return len ? (ssize_t)len : defer(s);
	if (!full && (state == BODY_FAILED || out->bounded))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* the client sees that it is incomplete */
	return end_body(s, (ssize_t)len, flags);
}

void h2_response_drop(struct h2_stream *s)
{
	struct body *body = take(s->response.body);
	watcher_stop(&s->response.readable);
	if (body) {
		body_abandon(body);
		body_unref(&body);
	}
}

/* ---- the head ---- */

static bool wished_length(struct h2_response *out, const struct http_response *r)
{
	struct str length = headers_get(&r->headers, STR("content-length"));
	out->bounded = str_to_u64(str_trim(length), INT64_MAX, &out->left);
	return out->bounded;
}

static bool is_empty(const struct body *b)
{
	uint64_t length;
	return !b || (b->ended && body_final_length(b, &length) && length == 0 && b->trailers.count == 0);
}

/* Whether a length is said, and which; as with HTTP/1, but that nothing stands for "chunked". */
static void choose_length(struct server_exchange *x, struct h2_response *out, const struct http_response *r,
			  bool keep_framing)
{
	out->bounded = false;
	if (r->status == 204 || (x->connect && r->status < 300))
		return;
	if (x->head_only && is_empty(r->body)) {
		wished_length(out, r); /* only an origin can know it */
		return;
	}
	if (keep_framing && (headers_list_has(&r->headers, STR("transfer-encoding"), STR("chunked")) ||
			     wished_length(out, r)))
		return;
	out->bounded = r->status != 304 && (!r->body || r->body->trailers.count == 0) &&
		       body_final_length(r->body, &out->left);
}

static int submit(struct h2_stream *s, const struct http_response *r, bool sent)
{
	struct h2_response *out = &s->response;
	struct arena *a = &s->x->arena;
	nghttp2_data_provider provider = { .read_callback = read_body };
	struct fields fields = begin_fields(a, r->headers.count);
	put_status(&fields, a, r->status);
	put_headers(&fields, a, &r->headers);
	if (out->bounded)
		fields.at[fields.count++] =
			pair(STR("content-length"), arena_printf(a, "%llu", (unsigned long long)out->left));
	if (!fields.has_date)
		fields.at[fields.count++] = pair(STR("date"), server_date(s->connection->super.server));
	out->begun = true;
	out->moved_ns = h2_now(s->connection);
	return nghttp2_submit_response(s->connection->session, s->id, fields.at, fields.count,
				       sent ? &provider : NULL);
}

void h2_respond(struct server_exchange *x, const struct http_response *response, bool keep_framing)
{
	static const struct http_response refused = { .status = 500 };
	struct h2_stream *s = x->carrier;
	struct h2_connection *c = s->connection;
	struct body *body = response->body;
	bool usable = response->status >= 200 && response->status <= 999 &&
		      headers_bytes(&response->headers) <= HEAD_BYTES_MAX;
	const struct http_response *r = usable ? response : &refused;
	choose_length(x, &s->response, r, keep_framing);
	bool sent = usable && http_status_has_body(r->status) && !x->head_only &&
		    !(x->connect && r->status < 300) && !is_empty(body);
	if (s->response.bounded && !sent && !x->head_only && s->response.left > 0)
		sent = true; /* of a length that was promised nothing will come: read_body() says so */
	if (sent && !body)
		body = body_new(c->super.loop), body_end(body);
	if (s->wants_continue && !s->sent_continue && s->body && body && !body->ended)
		h2_send_continue(s); /* a response that goes on may well be made from the request's body */
	if (submit(s, r, sent) != 0)
		nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
	if (sent) {
		s->response.body = body;
	} else if (body) {
		body_abandon(body);
		body_unref(&body);
	}
	h2_flush(c);
}

void h2_inform(struct server_exchange *x, uint16_t status, const struct headers *headers)
{
	static const struct headers none;
	struct h2_stream *s = x->carrier;
	struct h2_connection *c = s->connection;
	headers = headers ? headers : &none;
	if (nghttp2_session_get_outbound_queue_size(c->session) > INTERIM_QUEUE_MAX ||
	    headers_bytes(headers) > HEAD_BYTES_MAX)
		return;
	struct fields fields = begin_fields(&x->arena, headers->count);
	put_status(&fields, &x->arena, status);
	put_headers(&fields, &x->arena, headers);
	(void)nghttp2_submit_headers(c->session, NGHTTP2_FLAG_NONE, s->id, NULL, fields.at, fields.count,
				     NULL);
	h2_flush(c);
}

void h2_send_continue(struct h2_stream *s)
{
	s->sent_continue = true;
	h2_inform(s->x, 100, NULL);
}

void h2_refuse(struct h2_stream *s, uint16_t status)
{
	s->refused = true;
	choose_length(s->x, &s->response, &(struct http_response){ .status = status }, false);
	if (submit(s, &(struct http_response){ .status = status }, false) != 0)
		nghttp2_submit_rst_stream(s->connection->session, NGHTTP2_FLAG_NONE, s->id,
					  NGHTTP2_PROTOCOL_ERROR);
}
