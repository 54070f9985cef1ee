/* SPDX-License-Identifier: Apache-2.0 */
#include "http/h1_client.h"

#include <llhttp.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"

enum {
	HEAD_BYTES_MAX = 256 * 1024, /* of a response; as many as the libcurl client takes */
	HEADERS_MAX = 1000,
	OUT_BYTES_MAX = 16 * 1024 * 1024, /* a request's head */
	PIECE_BYTES_MAX = 64 * 1024,      /* of its body, in one write */
};

struct h1_client {
	struct fetch *fetch;   /* not a reference; NULL once it is settled */
	struct stream *stream; /* NULL once it is closing, or handed on */
	struct loop *loop;
	struct h1_client_times times;
	struct timer timer;

	/* going out */
	struct buf out; /* being written */
	struct stream_write write;
	bool writing, chunked, upload_over;
	struct body *upload; /* a reference, or NULL */
	struct watcher upload_ready;

	/* coming in */
	struct stream_reader reader;
	bool reading, head_only, complete;
	llhttp_t parser;
	struct arena arena;     /* of trailers, and of what is not the fetch's */
	struct buf name, value; /* of the field under way */
	size_t head_bytes;
	struct http_response head;
	struct body *download; /* not a reference: it says when it goes */
	struct body_source source;
	struct task read_on;
};

static void read_on(struct h1_client *c);

/* ---- the end ---- */

static void freed(void *data)
{
	struct h1_client *c = data;
	buf_fini(&c->out);
	buf_fini(&c->name);
	buf_fini(&c->value);
	arena_fini(&c->arena);
	mem_free(c);
}

/* Nobody hears of it any more; the memory goes when the stream has let go of it. */
static void let_go(struct h1_client *c, bool reset)
{
	struct body *upload = take(c->upload);
	timer_stop(c->loop, &c->timer);
	watcher_stop(&c->upload_ready);
	task_cancel(&c->read_on);
	c->fetch = NULL;
	c->download = NULL;
	if (upload) {
		body_abandon(upload);
		body_unref(&upload);
	}
	if (c->stream)
		stream_close(&c->stream, reset, freed, c);
}

static void fail(struct h1_client *c, enum fetch_error error, const char *words)
{
	struct fetch *f = take(c->fetch);
	if (f)
		fetch_fail(f, error, str_from(words));
	let_go(c, true);
}

static void fail_body(struct h1_client *c, enum body_failure why)
{
	struct body *download = take(c->download);
	if (download)
		body_fail(download, why);
	let_go(c, true);
}

static void broken(struct h1_client *c, enum fetch_error error, enum body_failure why, const char *words)
{
	if (c->fetch)
		fail(c, error, words);
	else
		fail_body(c, why);
}

static void cancel_fetch(struct fetch *f)
{
	let_go(f->answerer, true);
}

static void cancel_download(struct body_source *source)
{
	let_go(container_of(source, struct h1_client, source), true);
}

/* ---- time ---- */

static void time_over(struct timer *t)
{
	struct h1_client *c = container_of(t, struct h1_client, timer);
	broken(c, FETCH_HTTP_RESPONSE_TIMEOUT, BODY_FAILURE_TIMEOUT, "");
}

static void restart_timer(struct h1_client *c, uint64_t ns)
{
	timer_stop(c->loop, &c->timer);
	if (ns)
		timer_start(c->loop, &c->timer, ns);
}

/* ---- the request ---- */

static void add_field(struct buf *out, struct str name, struct str value)
{
	if (!header_name_valid(name) || !header_value_valid(value))
		return;
	buf_add(out, name);
	buf_add(out, STR(": "));
	buf_add(out, value);
	buf_add(out, STR("\r\n"));
}

static bool is_framing(struct str name)
{
	return str_eq_nocase(name, STR("content-length")) || str_eq_nocase(name, STR("transfer-encoding")) ||
	       str_eq_nocase(name, STR("expect"));
}

static void put_head(struct h1_client *c, const struct http_request *r, struct str path)
{
	uint64_t length;
	struct buf *out = &c->out;
	buf_printf(out, STR_FMT " " STR_FMT " HTTP/1.1\r\n", STR_ARG(r->method), STR_ARG(path));
	for (size_t i = 0; i < r->headers.count; i++) {
		if (!is_framing(r->headers.at[i].name))
			add_field(out, r->headers.at[i].name, r->headers.at[i].value);
	}
	c->chunked = r->body && !body_final_length(r->body, &length);
	if (c->chunked)
		buf_add(out, STR("Transfer-Encoding: chunked\r\n"));
	else if (r->body)
		buf_printf(out, "Content-Length: %llu\r\n", (unsigned long long)length);
	else if (str_eq(r->method, STR("POST")) || str_eq(r->method, STR("PUT")) ||
		 str_eq(r->method, STR("PATCH")))
		buf_add(out, STR("Content-Length: 0\r\n"));
	buf_add(out, STR("\r\n"));
}

static void put_trailers(struct h1_client *c)
{
	buf_add(&c->out, STR("0\r\n"));
	for (size_t i = 0; i < c->upload->trailers.count; i++)
		add_field(&c->out, c->upload->trailers.at[i].name, c->upload->trailers.at[i].value);
	buf_add(&c->out, STR("\r\n"));
}

static void send_on(struct h1_client *c);

static void upload_came(struct task *t)
{
	send_on(container_of(t, struct h1_client, upload_ready.task));
}

/* The next piece of the request's body into `out`; false: it must be waited for, or there is no more. */
static bool take_piece(struct h1_client *c)
{
	struct str piece;
	switch (body_peek(c->upload, &piece)) {
	case BODY_DATA:
		piece.len = MIN(piece.len, (size_t)PIECE_BYTES_MAX);
		if (c->chunked)
			buf_printf(&c->out, "%zx\r\n", piece.len);
		buf_add(&c->out, piece);
		if (c->chunked)
			buf_add(&c->out, STR("\r\n"));
		body_consume(c->upload, piece.len);
		return true;
	case BODY_WAIT:
		watcher_start(&c->upload_ready, &c->upload->readable, upload_came);
		return false;
	case BODY_ENDED:
		if (c->chunked)
			put_trailers(c);
		break;
	case BODY_FAILED:
		broken(c, FETCH_CONNECTION_TERMINATED, BODY_FAILURE_INCOMPLETE,
		       "the request's body was not complete");
		return false;
	}
	body_unref(&c->upload);
	return c->out.len > 0;
}

static void send_on(struct h1_client *c)
{
	while (c->stream && !c->writing && (c->out.len || (c->upload && take_piece(c)))) {
		struct str bytes = buf_str(&c->out);
		c->writing = !stream_write(c->stream, &bytes, 1, &c->write);
		if (!c->writing)
			buf_reset(&c->out);
	}
}

static void written(struct stream_write *w, enum stream_error error)
{
	struct h1_client *c = container_of(w, struct h1_client, write);
	c->writing = false;
	buf_reset(&c->out);
	/* An answer may have been sent before the connection broke: reading tells. */
	if (c->stream && error == STREAM_OK)
		send_on(c);
}

/* ---- the response's head ---- */

static struct h1_client *client_of(llhttp_t *p)
{
	return p->data;
}

static int add_bytes(struct h1_client *c, struct buf *to, const char *at, size_t len)
{
	c->head_bytes += len;
	if (c->head_bytes > HEAD_BYTES_MAX)
		return -1;
	buf_add(to, (struct str){ at, len });
	return 0;
}

static int on_field(llhttp_t *p, const char *at, size_t len)
{
	return add_bytes(client_of(p), &client_of(p)->name, at, len);
}

static int on_value(llhttp_t *p, const char *at, size_t len)
{
	return add_bytes(client_of(p), &client_of(p)->value, at, len);
}

static int on_value_complete(llhttp_t *p)
{
	struct h1_client *c = client_of(p);
	struct str name = buf_str(&c->name), value = str_trim(buf_str(&c->value));
	bool good = header_name_valid(name) && header_value_valid(value);
	if (good && c->download)
		body_trailer_add(c->download, name, value);
	else if (good && c->fetch)
		headers_add(&c->head.headers, &c->fetch->arena, name, value);
	buf_reset(&c->name);
	buf_reset(&c->value);
	return c->head.headers.count > HEADERS_MAX ? -1 : 0;
}

static int on_reason(llhttp_t *p, const char *at, size_t len)
{
	struct h1_client *c = client_of(p);
	if (c->fetch && c->head.reason.len == 0) /* split in two it is cut there, which hurts nobody */
		c->head.reason = arena_str(&c->fetch->arena, (struct str){ at, len });
	return 0;
}

static void resume_download(struct body_source *source)
{
	struct h1_client *c = container_of(source, struct h1_client, source);
	if (!c->reading)
		loop_post(c->loop, &c->read_on);
}

/* `expected`: how long the body will be; UINT64_MAX: not said. */
static void respond(struct h1_client *c, uint64_t expected)
{
	struct fetch *f = take(c->fetch);
	c->download = body_new(c->loop);
	c->source = (struct body_source){ .resume = resume_download, .cancel = cancel_download };
	body_set_source(c->download, &c->source);
	c->download->expected = expected;
	c->head.body = c->download; /* the only reference */
	restart_timer(c, c->times.between_bytes_ns);
	fetch_respond(f, c->head);
}

enum { NO_BODY = 1, SWITCHED = 2 }; /* what on_headers_complete says to llhttp */

static int on_headers_complete(llhttp_t *p)
{
	struct h1_client *c = client_of(p);
	if (!c->fetch)
		return -1;
	c->head.status = (uint16_t)p->status_code;
	c->head.version = p->http_minor == 0 ? HTTP_1_0 : HTTP_1_1;
	if (c->head.status == 101)
		return SWITCHED;
	if (c->head.status < 200) {
		c->head = (struct http_response){ 0 };
		return NO_BODY;
	}
	bool bodyless = c->head_only || !http_status_has_body(c->head.status);
	respond(c, bodyless ? 0 : p->flags & F_CONTENT_LENGTH ? p->content_length : UINT64_MAX);
	return c->head_only ? NO_BODY : 0;
}

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	struct h1_client *c = client_of(p);
	if (c->download)
		body_write(c->download, (struct str){ at, len });
	return 0;
}

static int on_message_complete(llhttp_t *p)
{
	struct h1_client *c = client_of(p);
	c->complete = !c->fetch; /* else it was interim */
	return c->complete ? HPE_PAUSED : 0;
}

static const llhttp_settings_t settings = {
	.on_status = on_reason,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

/* ---- bytes in ---- */

/* The stream, and what came behind the head, go to whoever asked. False: there is no client any more. */
must_use static bool hand_on(struct h1_client *c, struct str rest)
{
	struct fetch *f = take(c->fetch);
	struct stream *stream = take(c->stream);
	if (c->writing || c->upload) { /* it switched before it had the whole request: nobody can go on */
		c->stream = stream;
		c->fetch = f;
		fail(c, FETCH_HTTP_UPGRADE_FAILED, "it switched protocols before the request was complete");
		return true;
	}
	stream_read_stop(stream);
	f->upgraded = stream;
	f->upgraded_rest = arena_str(&f->arena, rest);
	let_go(c, false);
	fetch_respond(f, c->head);
	freed(c);
	return false;
}

static void done(struct h1_client *c)
{
	struct body *download = take(c->download);
	if (download)
		body_end(download);
	let_go(c, false);
}

/* False as hand_on(). */
must_use static bool parse(struct h1_client *c, struct str bytes)
{
	enum llhttp_errno code = llhttp_execute(&c->parser, bytes.ptr, bytes.len);
	if (code == HPE_PAUSED_UPGRADE && c->fetch) {
		size_t used = (size_t)(llhttp_get_error_pos(&c->parser) - bytes.ptr);
		return hand_on(c, str_sub(bytes, used, bytes.len));
	} else if (c->complete) {
		done(c);
	} else if (code != HPE_OK) {
		bool large = c->head_bytes > HEAD_BYTES_MAX || c->head.headers.count > HEADERS_MAX;
		broken(c, large ? FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE : FETCH_HTTP_PROTOCOL_ERROR,
		       BODY_FAILURE_PROTOCOL, large ? "" : llhttp_get_error_reason(&c->parser));
	}
	return true;
}

static void have_data(struct stream_reader *r, struct str bytes)
{
	struct h1_client *c = container_of(r, struct h1_client, reader);
	if (c->download)
		restart_timer(c, c->times.between_bytes_ns);
	if (!parse(c, bytes))
		return;
	if (c->stream && c->download && !body_has_room(c->download)) {
		stream_read_stop(c->stream);
		c->reading = false;
		restart_timer(c, 0); /* it is the reader who is slow */
	}
}

static void have_end(struct stream_reader *r, enum stream_error why)
{
	struct h1_client *c = container_of(r, struct h1_client, reader);
	c->reading = false;
	if (why == STREAM_OK && llhttp_finish(&c->parser) == HPE_OK && c->complete)
		done(c);
	else if (c->complete)
		done(c);
	else
		broken(c, c->head_bytes ? FETCH_HTTP_INCOMPLETE_RESPONSE : FETCH_CONNECTION_TERMINATED,
		       BODY_FAILURE_INCOMPLETE, "");
}

static void read_on(struct h1_client *c)
{
	if (c->reading || !c->stream)
		return;
	c->reading = true;
	if (c->download)
		restart_timer(c, c->times.between_bytes_ns);
	stream_read_start(c->stream, &c->reader);
}

static void run_read_on(struct task *t)
{
	struct h1_client *c = container_of(t, struct h1_client, read_on);
	if (!c->download || body_has_room(c->download))
		read_on(c);
}

void h1_client_start(struct fetch *f, struct stream *taken, const struct http_request *request,
		     struct str path, const struct h1_client_times *times)
{
	struct h1_client *c = NEW(struct h1_client);
	c->fetch = f;
	c->stream = taken;
	c->loop = f->loop;
	c->times = *times;
	c->timer.fire = time_over;
	c->write.done = written;
	c->reader = (struct stream_reader){ have_data, have_end };
	c->read_on.run = run_read_on;
	c->head_only = str_eq(request->method, STR("HEAD"));
	c->upload = request->body ? body_ref(request->body) : NULL;
	buf_init(&c->out, OUT_BYTES_MAX);
	buf_init(&c->name, HEAD_BYTES_MAX);
	buf_init(&c->value, HEAD_BYTES_MAX);
	llhttp_init(&c->parser, HTTP_RESPONSE, &settings);
	c->parser.data = c;
	f->answerer = c;
	f->cancel = cancel_fetch;
	put_head(c, request, path);
	restart_timer(c, times->first_byte_ns);
	read_on(c);
	send_on(c);
}
