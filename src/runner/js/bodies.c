/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/js/bodies.h"

#include "base/mem.h"
#include "guest/memory_client.h"
#include "runner/js/session.h"

/* Nobody reads more than that at once. */
enum { WHOLE_BYTES_MAX = 256 << 20 };

/* ---- reading ---- */

struct reader {
	struct list link; /* of the session's readers; in none: its frame was closed */
	struct realm *realm;
	struct body *body; /* NULL: its frame was closed */
	struct watcher on_readable;
	struct js_promise waiting;
};

static void reader_close(struct reader *rd)
{
	watcher_stop(&rd->on_readable);
	list_remove(&rd->link);
	js_promise_drop(&rd->waiting);
	if (rd->body) {
		body_abandon(rd->body);
		body_unref(&rd->body);
	}
}

static void reader_release(void *thing)
{
	struct reader *rd = thing;
	reader_close(rd);
	mem_free(rd);
}

void js_bodies_close(struct js_session *s, const struct loop *loop)
{
	list_each(it, &s->readers) {
		struct reader *rd = container_of(it, struct reader, link);
		if (rd->body->loop == loop)
			reader_close(rd);
	}
}

static struct js_kind reader_kind = { .name = "Body", .release = reader_release };

/* All that is left of a body that has ended; false: there may be more to come. */
static bool whole(struct body *b, struct buf *out, bool *failed)
{
	uint64_t len;
	struct str bytes;
	*failed = false;
	if (body_open(b) || !body_known_length(b, &len) || len > WHOLE_BYTES_MAX)
		return false;
	for (;;) {
		switch (body_peek(b, &bytes)) {
		case BODY_DATA:
			buf_add(out, bytes);
			body_consume(b, bytes.len);
			break;
		case BODY_WAIT:
			return false;
		case BODY_FAILED:
			*failed = true;
			return false;
		case BODY_ENDED:
			return true;
		}
	}
}

JSValueRef js_body_value(struct realm *r, struct body *taken)
{
	bool failed;
	struct buf b = BUF_INIT(WHOLE_BYTES_MAX);
	if (!taken)
		return js_null(r->ctx);
	if (whole(taken, &b, &failed)) {
		JSValueRef v = js_array_buffer(r->ctx, buf_str(&b));
		buf_fini(&b);
		body_unref(&taken);
		return v;
	}
	struct reader *rd = NEW(struct reader);
	list_push(&((struct js_session *)r->data)->readers, &rd->link);
	rd->realm = r;
	rd->body = taken;
	if (b.len)
		body_write_front(taken, buf_str(&b));
	buf_fini(&b);
	return js_wrap(r->ctx, &reader_kind, rd);
}

static const char *failure_text(enum body_failure why)
{
	switch (why) {
	case BODY_FAILURE_INCOMPLETE:
		return "the body ended too early";
	case BODY_FAILURE_TIMEOUT:
		return "the body took too long";
	case BODY_FAILURE_PROTOCOL:
		return "the body broke the protocol";
	case BODY_FAILURE_LIMIT:
		return "the body is too large: the cache holds 256 MiB, or what the limit cache-object says, and no "
		       "body may have more than the limit body-held unread";
	case BODY_FAILURE_ABANDONED:
	case BODY_FAILURE_NONE:
		break;
	}
	return "the body was given up by whoever wrote it";
}

/* Settles what waits, when there is something to tell; false: it goes on waiting. */
static bool tell(struct reader *rd, struct js_promise *p)
{
	JSContextRef ctx = rd->realm->ctx;
	struct str bytes;
	switch (body_peek(rd->body, &bytes)) {
	case BODY_WAIT:
		return false;
	case BODY_DATA: {
		JSValueRef v = js_array_buffer(ctx, bytes);
		body_consume(rd->body, bytes.len);
		js_promise_resolve(p, v);
		return true;
	}
	case BODY_ENDED:
		js_promise_resolve(p, js_null(ctx));
		return true;
	case BODY_FAILED:
		js_promise_reject(p, js_error(ctx, str_from(failure_text(body_why(rd->body)))));
		return true;
	}
	return false;
}

static void readable(struct task *t)
{
	struct reader *rd = container_of(t, struct reader, on_readable.task);
	struct js_promise p = rd->waiting;
	session_enter_loop(rd->realm->data, rd->body->loop);
	rd->waiting = (struct js_promise){ 0 };
	if (!tell(rd, &p)) {
		rd->waiting = p;
		watcher_start(&rd->on_readable, &rd->body->readable, readable);
	}
}

/* read(body) → a promise of its next piece, null at its end */
JS_FUNCTION(read_piece)
{
	struct reader *rd = js_arg_thing(c, 0, &reader_kind);
	struct js_promise p;
	if (!rd)
		return NULL;
	if (!rd->body)
		return js_throw(c, "TypeError", "the test that this body belongs to has ended");
	if (rd->waiting.resolve.value)
		return js_throw(c, "TypeError", "the body is being read already");
	JSValueRef promise = js_promise_new(c->realm, &p);
	if (!tell(rd, &p)) {
		rd->waiting = p;
		watcher_start(&rd->on_readable, &rd->body->readable, readable);
	}
	return promise;
}

/* cancel(body) */
JS_FUNCTION(cancel)
{
	struct reader *rd = js_arg_thing(c, 0, &reader_kind);
	if (rd && rd->body)
		body_abandon(rd->body);
	return NULL;
}

/* ---- writing ---- */

struct body *js_body_from(struct js_call *c, JSValueRef v, struct loop *loop)
{
	struct str bytes;
	if (js_is_nullish(c->ctx, v))
		return NULL;
	if (!js_bytes(c->ctx, v, &bytes))
		bytes = js_str(c->ctx, v, &c->arena);
	return memory_body(loop, bytes);
}

/* ---- headers ---- */

JSValueRef js_headers_value(JSContextRef ctx, const struct headers *h)
{
	JSValueRef values[2 * 256];
	size_t count = 0;
	for (size_t i = 0; i < h->count && count + 2 <= COUNT_OF(values); i++) {
		values[count++] = js_string(ctx, h->at[i].name);
		values[count++] = js_string(ctx, h->at[i].value);
	}
	return js_array(ctx, values, count);
}

void js_headers_from(JSContextRef ctx, JSValueRef v, struct headers *out, struct arena *a)
{
	if (jsc.ValueGetType(ctx, v) != kJSTypeObject)
		return;
	JSObjectRef array = (JSObjectRef)v;
	size_t count = js_length(ctx, array);
	for (size_t i = 0; i + 1 < count; i += 2)
		headers_add_borrowed(out, a, js_str(ctx, js_at(ctx, array, i), a),
				     js_str(ctx, js_at(ctx, array, i + 1), a));
}

static const struct js_function functions[] = { { "read", read_piece_callback },
						{ "cancel", cancel_callback } };
const struct js_module js_bodies_module = { "bodies", functions, COUNT_OF(functions) };
