/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server without a network: one connection over a memory pipe, a virtual clock, and a client that writes
 * bytes and keeps what comes back. Time stands still unless a test lets it pass.
 */
#ifndef TESTS_SERVER_FIXTURE_H
#define TESTS_SERVER_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/server.h"
#include "net/fault.h"
#include "net/pipe.h"
#include "support/test.h"

#define DATE "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"

enum { EXCHANGES_MAX = 16 };

struct client {
	struct stream *stream;
	struct stream_reader reader;
	struct stream_write write;
	bool writing, written_badly;
	bool sips; /* reads once, then stops until it is told to go on */
	struct buf got;
	bool ended; /* the server has closed */
	enum stream_error how;
};

/* What a handler under test makes of an exchange; the fixture keeps them for the test to look at. */
struct handled {
	struct fixture *fixture;
	struct exchange *x;
	struct watcher watcher;
	struct buf body;
	enum body_state state;
	enum body_failure why;
};

struct fixture {
	struct clock *clock;
	struct loop loop;
	struct http_server_options options;
	struct http_server *server;
	struct client client;
	struct handled handled[EXCHANGES_MAX];
	size_t exchanges;
	bool never;
};

/* Runs what is ready, and no time passes. */
static inline void settle(struct fixture *f)
{
	do
		loop_run(&f->loop, &f->never, clock_monotonic(f->clock));
	while (!list_empty(&f->loop.ready));
}

static inline void pass_ms(struct fixture *f, uint64_t ms)
{
	uint64_t then = clock_monotonic(f->clock) + ms * NS_PER_MS;
	loop_run(&f->loop, &f->never, then);
	clock_jump(f->clock, then); /* without a timer nothing else moves it */
	settle(f);
}

/* ---- the client ---- */

static inline void client_data(struct stream_reader *r, struct str bytes)
{
	struct client *c = container_of(r, struct client, reader);
	buf_add(&c->got, bytes);
	if (c->sips)
		stream_read_stop(c->stream);
}

static inline void client_ended(struct stream_reader *r, enum stream_error why)
{
	struct client *c = container_of(r, struct client, reader);
	c->ended = true;
	c->how = why;
}

static inline void client_written(struct stream_write *w, enum stream_error error)
{
	struct client *c = container_of(w, struct client, write);
	c->writing = false;
	c->written_badly = error != STREAM_OK;
}

static inline void client_hang_up(struct client *c, bool reset)
{
	if (c->stream)
		stream_close(&c->stream, reset, NULL, NULL);
}

/* Writes and lets the server work. Bytes that the server will not take are given up. */
static inline void say(struct fixture *f, struct str bytes)
{
	struct client *c = &f->client;
	while (bytes.len && !c->written_badly && c->stream) {
		struct str part = str_sub(bytes, 0, 32 * 1024);
		bytes = str_sub(bytes, part.len, bytes.len);
		c->writing = !stream_write(c->stream, &part, 1, &c->write);
		settle(f);
		if (c->writing)
			pass_ms(f, 200); /* for fault filters that take their time */
		if (c->writing)
			return;
	}
}

static inline void say_text(struct fixture *f, const char *text)
{
	say(f, str_from(text));
}

/* What came since the last time, compared as a whole. */
#define expect_got(f, text)                                  \
	do {                                                 \
		assert_str(buf_str(&(f)->client.got), text); \
		buf_reset(&(f)->client.got);                 \
	} while (0)

/* ---- a handler that tells what it was asked ---- */

static inline void dump_headers(struct buf *out, const struct headers *h)
{
	for (size_t i = 0; i < h->count; i++)
		buf_printf(out, STR_FMT "=" STR_FMT ";", STR_ARG(h->at[i].name), STR_ARG(h->at[i].value));
}

static inline void respond_text(struct exchange *x, struct loop *loop, uint16_t status, struct str text)
{
	struct http_response r = { .status = status, .body = body_new(loop) };
	body_write(r.body, text);
	body_end(r.body);
	exchange_respond(x, &r, false);
}

/* "METHOD URI VERSION|headers|body|trailers|failure" */
static inline void dump(struct handled *h)
{
	struct http_request *r = &h->x->request;
	struct buf out = BUF_INIT(1024 * 1024);
	buf_printf(&out, STR_FMT " " STR_FMT " %s|", STR_ARG(r->method), STR_ARG(r->uri),
		   r->version == HTTP_2     ? "2"
		   : r->version == HTTP_1_0 ? "1.0"
					    : "1.1");
	dump_headers(&out, &r->headers);
	buf_printf(&out, "|" STR_FMT "|", STR_ARG(buf_str(&h->body)));
	if (r->body)
		dump_headers(&out, &r->body->trailers);
	if (h->state == BODY_FAILED)
		buf_printf(&out, "|failed %d", (int)h->why);
	respond_text(h->x, &h->fixture->loop, 200, buf_str(&out));
	buf_fini(&out);
	exchange_release(h->x);
	h->x = NULL;
}

static inline void read_all(struct task *t)
{
	struct handled *h = container_of(t, struct handled, watcher.task);
	struct str bytes;
	while ((h->state = body_peek(h->x->request.body, &bytes)) == BODY_DATA) {
		buf_add(&h->body, bytes);
		body_consume(h->x->request.body, bytes.len);
	}
	if (h->state == BODY_WAIT) {
		watcher_start(&h->watcher, &h->x->request.body->readable, read_all);
		return;
	}
	h->why = body_why(h->x->request.body);
	dump(h);
}

static inline struct handled *note(struct fixture *f, struct exchange *x)
{
	assert_true(f->exchanges < EXCHANGES_MAX);
	struct handled *h = &f->handled[f->exchanges++];
	buf_fini(&h->body);
	*h = (struct handled){ .fixture = f, .x = x, .state = BODY_ENDED };
	buf_init(&h->body, 16 * 1024 * 1024);
	return h;
}

static inline void handle_dump(void *data, struct exchange *x)
{
	struct handled *h = note(data, x);
	if (x->request.body)
		read_all(&h->watcher.task);
	else
		dump(h);
}

/* Leaves everything to the test: f->handled[n].x. */
static inline void handle_later(void *data, struct exchange *x)
{
	note(data, x);
}

/* ---- life ---- */

/* `fault` may be NULL; it is on the server's side of the connection. */
static inline void connect_client(struct fixture *f, const struct fault_options *fault, size_t room)
{
	struct stream *theirs;
	f->client = (struct client){ .reader = { client_data, client_ended }, .write.done = client_written };
	buf_init(&f->client.got, 64 * 1024 * 1024);
	pipe_new(&f->loop, room, &f->client.stream, &theirs);
	if (fault)
		theirs = fault_new(&f->loop, theirs, fault);
	stream_read_start(f->client.stream, &f->client.reader);
	http_server_attach(f->server, theirs);
}

static inline void disconnect_client(struct fixture *f)
{
	client_hang_up(&f->client, false);
	settle(f);
	buf_fini(&f->client.got);
}

static inline void set_up_with(struct fixture *f, exchange_handler_fn *handle,
			       const struct fault_options *fault)
{
	f->clock = clock_virtual_new(0);
	loop_init(&f->loop, f->clock);
	f->options.handle = handle;
	f->options.data = f;
	f->server = http_server_new(&f->loop, &f->options);
	connect_client(f, fault, 0);
}

static inline void set_up(struct fixture *f, exchange_handler_fn *handle)
{
	*f = (struct fixture){ .options = http_server_defaults };
	set_up_with(f, handle, NULL);
}

static inline void tear_down(struct fixture *f)
{
	disconnect_client(f);
	http_server_destroy(&f->server);
	for (size_t i = 0; i < f->exchanges; i++) {
		struct handled *h = &f->handled[i];
		watcher_stop(&h->watcher);
		if (h->x)
			exchange_release(h->x);
		buf_fini(&h->body);
	}
	settle(f);
	loop_fini(&f->loop);
	clock_destroy(&f->clock);
}

/* One connection, one input: what comes back, NUL-ended, for the caller to free. */
static inline char *answer_to(struct str input, const struct fault_options *fault, size_t split_at,
			      size_t *exchanges)
{
	struct fixture f = { .options = http_server_defaults };
	set_up_with(&f, handle_dump, fault);
	say(&f, str_sub(input, 0, split_at));
	say(&f, str_sub(input, split_at, input.len));
	pass_ms(&f, 100);
	char *out = NULL;
	int len = asprintf(&out, STR_FMT "%s", STR_ARG(buf_str(&f.client.got)),
			   f.client.ended ? "<closed>" : "");
	assert_true(len >= 0);
	*exchanges = f.exchanges;
	tear_down(&f);
	return out;
}

#endif
