/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "http/h1_priv.h"

#include <stdio.h>

#include "base/check.h"

enum {
	COPY_BYTES_MAX =
		16 *
		1024, /* pieces of a body up to here are gathered by copying, so that they go out as one */
	GATHER_BYTES_MAX = 64 * 1024, /* in one write */
	HEADS_BYTES_MAX = 4 * 1024 * 1024,
};

static void readable(struct task *t);
static void written(struct stream_write *w, enum stream_error error);

void h1_write_init(struct h1_connection *c)
{
	c->write.done = written;
	c->response.readable.task.run = readable;
	buf_init(&c->next, HEADS_BYTES_MAX);
	buf_init(&c->head, HEADS_BYTES_MAX);
	buf_init(&c->copied, GATHER_BYTES_MAX + COPY_BYTES_MAX);
	buf_init(&c->tail, HEADS_BYTES_MAX);
}

void h1_drop_response(struct h1_connection *c)
{
	struct body *body = c->response.body;
	watcher_stop(&c->response.readable);
	c->response = (struct h1_response){ .readable.task.run = readable };
	if (body) {
		body_abandon(body);
		body_unref(&body);
	}
}

/* ---- gathering ---- */

static void put_trailers(struct h1_connection *c)
{
	const struct headers *h = &c->response.body->trailers;
	buf_add(&c->tail, STR("0\r\n"));
	for (size_t i = 0; i < h->count; i++) {
		if (!header_name_valid(h->at[i].name) || !header_value_valid(h->at[i].value))
			continue;
		buf_add(&c->tail, h->at[i].name);
		buf_add(&c->tail, STR(": "));
		buf_add(&c->tail, h->at[i].value);
		buf_add(&c->tail, STR("\r\n"));
	}
	buf_add(&c->tail, STR("\r\n"));
}

/* Takes small pieces of the body into c->copied, then at most one big one as it is; says what comes behind
 * them. */
static enum body_state gather(struct h1_connection *c, struct str *lent)
{
	struct h1_response *out = &c->response;
	*lent = (struct str){ NULL, 0 };
	for (;;) {
		struct str piece;
		enum body_state state = body_peek(out->body, &piece);
		if (state != BODY_DATA)
			return state;
		if (out->framing == H1_LENGTH && piece.len >= out->left - c->copied.len) {
			/* All that was promised, or more, which is not sent. */
			piece.len = (size_t)(out->left - c->copied.len);
			*lent = piece;
			return BODY_DATA;
		}
		if (piece.len > COPY_BYTES_MAX || c->copied.len > GATHER_BYTES_MAX - COPY_BYTES_MAX) {
			*lent = piece;
			return BODY_DATA;
		}
		buf_add(&c->copied, piece);
		body_consume(out->body, piece.len);
	}
}

/* There is no more to read: the response is complete, or never will be. */
static void end_body(struct h1_connection *c, enum body_state state)
{
	struct h1_response *out = &c->response;
	if (state == BODY_ENDED && out->framing == H1_CHUNKED)
		put_trailers(c);
	if (state == BODY_FAILED || (out->framing == H1_LENGTH && out->left > 0))
		out->cut_after = true;
	body_abandon(out->body);
	body_unref(&out->body);
}

/*
 * The client has all that was promised. A producer that is about to end by itself gets the time to do so: an
 * origin's connection can be used again then. What comes beyond the promise is dropped.
 */
static void end_full_body(struct h1_connection *c)
{
	struct h1_response *out = &c->response;
	struct str excess;
	if (body_peek(out->body, &excess) == BODY_WAIT && (out->body->source || out->body->appended))
		watcher_start(&out->readable, &out->body->readable, readable);
	else
		end_body(c, BODY_ENDED);
}

static size_t gather_body(struct h1_connection *c, struct str *parts)
{
	struct h1_response *out = &c->response;
	struct str lent;
	size_t n = 0;
	if (out->framing == H1_LENGTH && out->left == 0) {
		end_full_body(c);
		return 0;
	}
	enum body_state state = gather(c, &lent);
	size_t size = c->copied.len + lent.len;
	c->lent = lent.len;
	if (size && out->framing == H1_CHUNKED) {
		int len = snprintf(c->chunk_size, sizeof c->chunk_size, "%zx\r\n", size);
		parts[n++] = (struct str){ c->chunk_size, (size_t)len };
		buf_add(&c->tail, STR("\r\n"));
	}
	if (out->framing == H1_LENGTH)
		out->left -= size;
	parts[n++] = buf_str(&c->copied);
	parts[n++] = lent;
	if (state == BODY_ENDED || state == BODY_FAILED)
		end_body(c, state);
	else if (state == BODY_WAIT)
		watcher_start(&out->readable, &out->body->readable, readable);
	parts[n++] = buf_str(&c->tail);
	return size || c->tail.len ? n : 0;
}

/* ---- writing ---- */

/* What was handed to the stream is out. */
static void have_written(struct h1_connection *c)
{
	size_t lent = c->lent;
	c->lent = 0;
	if (c->x)
		c->x->super.sent += c->copied.len + lent;
	buf_reset(&c->head);
	buf_reset(&c->copied);
	buf_reset(&c->tail);
	if (lent)
		body_consume(c->response.body, lent);
}

void h1_flush(struct h1_connection *c)
{
	while (c->super.stream && !c->writing) {
		struct str parts[STREAM_PARTS_MAX];
		size_t n = 0;
		if (c->next.len) {
			struct buf empty = c->head;
			c->head = c->next;
			c->next = empty;
			parts[n++] = buf_str(&c->head);
		}
		if (c->response.body)
			n += gather_body(c, parts + n);
		if (n == 0)
			break;
		CHECK(n <= STREAM_PARTS_MAX);
		c->writing = !stream_write(c->super.stream, parts, n, &c->write);
		if (c->writing) {
			c->waiting = H1_FOR_NOTHING; /* this write has a time of its own */
			h1_rearm(c);
			return;
		}
		have_written(c);
	}
	if (c->super.stream && !c->writing && !c->response.body)
		h1_all_written(c);
}

static void written(struct stream_write *w, enum stream_error error)
{
	struct h1_connection *c = container_of(w, struct h1_connection, write);
	c->writing = false;
	if (!c->super.stream)
		return; /* closing */
	if (error != STREAM_OK) {
		h1_close(c, false);
		return;
	}
	have_written(c);
	h1_flush(c);
	if (c->super.stream)
		h1_rearm(c);
}

static void readable(struct task *t)
{
	h1_flush(container_of(t, struct h1_connection, response.readable.task));
}
