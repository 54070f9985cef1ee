/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes into a server over a memory pipe. The first byte chooses the handler: one reads everything, then
 * tells what it was asked, and must tell the same whatever pieces the bytes come in (the second byte says how
 * big); one sends the request's fields and body back while they come; one hands the connection over to a
 * stream whose far end says what it hears, as a backend that switches protocols would.
 */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "http/server.h"
#include "net/fault.h"
#include "net/pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ANSWER_BYTES_MAX = 4 * 1024 * 1024 };

struct run {
	struct clock *clock;
	struct loop loop;
	struct http_server *server;
	struct stream *client;
	struct stream_reader reader;
	struct stream_write write;
	struct buf answer;
	bool ended;

	/* What the connection is handed over to. */
	struct stream *far;
	struct stream_reader far_reader;
	struct stream_write far_write;
	bool far_writing, far_ended;
	struct buf heard;
	bool handed_over;
};

/* A request whose body is read before it is answered. */
struct reading {
	struct run *run;
	struct exchange *x;
	struct watcher watcher;
	struct buf told;
};

static void settle(struct run *r)
{
	bool never = false;
	do
		loop_run(&r->loop, &never, clock_monotonic(r->clock));
	while (!list_empty(&r->loop.ready));
}

/* ---- handlers ---- */

static void tell_headers(struct buf *out, const struct headers *h)
{
	for (size_t i = 0; i < h->count; i++) {
		CHECK(header_name_valid(h->at[i].name) && header_value_valid(h->at[i].value));
		buf_printf(out, STR_FMT "=" STR_FMT ";", STR_ARG(h->at[i].name), STR_ARG(h->at[i].value));
	}
}

static void answer(struct reading *g)
{
	struct http_response r = { .status = 200, .body = body_new(&g->run->loop) };
	if (g->x->request.body)
		tell_headers(&g->told, &g->x->request.body->trailers);
	body_write(r.body, buf_str(&g->told));
	body_end(r.body);
	exchange_respond(g->x, &r, false);
	exchange_release(g->x);
	buf_fini(&g->told);
	mem_free(g);
}

static void read_on(struct task *t)
{
	struct reading *g = container_of(t, struct reading, watcher.task);
	struct body *body = g->x->request.body;
	struct str bytes;
	enum body_state state;
	while ((state = body_peek(body, &bytes)) == BODY_DATA) {
		buf_add(&g->told, bytes);
		body_consume(body, bytes.len);
	}
	if (state == BODY_WAIT) {
		watcher_start(&g->watcher, &body->readable, read_on);
		return;
	}
	buf_printf(&g->told, "|%d", state == BODY_FAILED ? (int)body_why(body) : -1);
	answer(g);
}

static void handle_by_reading(void *data, struct exchange *x)
{
	struct reading *g = NEW(struct reading);
	const struct http_request *r = &x->request;
	g->run = data;
	g->x = x;
	buf_init(&g->told, ANSWER_BYTES_MAX);
	buf_printf(&g->told, STR_FMT " " STR_FMT " %d|", STR_ARG(r->method), STR_ARG(r->uri),
		   (int)r->version);
	tell_headers(&g->told, &r->headers);
	if (r->body)
		read_on(&g->watcher.task);
	else
		answer(g);
}

static void handle_by_echoing(void *data, struct exchange *x)
{
	struct http_response r = { .status = 200,
				   .headers = x->request.headers,
				   .body = take(x->request.body) };
	bool keep_framing = x->request.headers.count % 2;
	(void)data;
	exchange_inform(x, 103, &x->request.headers);
	exchange_respond(x, &r, keep_framing);
	exchange_release(x);
}

static void far_say(struct run *r)
{
	if (r->far_writing || !r->far)
		return;
	if (r->heard.len) {
		struct str bytes = buf_str(&r->heard);
		r->far_writing = stream_write(r->far, &bytes, 1, &r->far_write);
	} else if (r->far_ended) {
		stream_shutdown(r->far);
	}
}

static void far_said(struct stream_write *w, enum stream_error error)
{
	struct run *r = container_of(w, struct run, far_write);
	r->far_writing = false;
	buf_reset(&r->heard);
	if (error == STREAM_OK)
		far_say(r);
}

static void far_hears(struct stream_reader *reader, struct str bytes)
{
	struct run *r = container_of(reader, struct run, far_reader);
	if (r->far_writing)
		return; /* what is on its way must not move; it is not told again */
	buf_add(&r->heard, bytes);
	far_say(r);
}

static void far_ends(struct stream_reader *reader, enum stream_error why)
{
	struct run *r = container_of(reader, struct run, far_reader);
	(void)why;
	r->far_ended = true;
	far_say(r);
}

static void handle_by_upgrading(void *data, struct exchange *x)
{
	struct run *r = data;
	struct http_response switching = { .status = 101, .headers = x->request.headers };
	struct stream *near;
	if (r->handed_over) {
		exchange_respond(x, &(struct http_response){ .status = 204 }, false);
	} else {
		r->handed_over = true;
		r->far_reader = (struct stream_reader){ far_hears, far_ends };
		r->far_write.done = far_said;
		buf_init(&r->heard, ANSWER_BYTES_MAX);
		pipe_new(&r->loop, 4096, &r->far, &near);
		stream_read_start(r->far, &r->far_reader);
		exchange_upgrade(x, &switching, near, STR("at once"));
	}
	exchange_release(x);
}

/* ---- the client ---- */

static void on_data(struct stream_reader *reader, struct str bytes)
{
	buf_add(&container_of(reader, struct run, reader)->answer, bytes);
}

static void on_ended(struct stream_reader *reader, enum stream_error why)
{
	(void)why;
	container_of(reader, struct run, reader)->ended = true;
}

static void on_written(struct stream_write *w, enum stream_error error)
{
	(void)w, (void)error;
}

static void run(struct run *r, exchange_handler_fn *handle, struct str input, size_t piece_bytes)
{
	struct http_server_options options = http_server_defaults;
	struct fault_options fault = FAULT_OPTIONS_INIT;
	struct stream *theirs;
	*r = (struct run){ .clock = clock_virtual_new(0),
			   .reader = { on_data, on_ended },
			   .write = { on_written } };
	buf_init(&r->answer, ANSWER_BYTES_MAX);
	loop_init(&r->loop, r->clock);
	options.handle = handle;
	options.data = r;
	options.head_bytes_max = 4096;
	r->server = http_server_new(&r->loop, &options);
	pipe_new(&r->loop, 1024 * 1024, &r->client, &theirs);
	fault.read.piece_bytes = fault.write.piece_bytes = piece_bytes;
	http_server_attach(r->server, fault_new(&r->loop, theirs, &fault));
	stream_read_start(r->client, &r->reader);
	bool written = stream_write(r->client, &input, 1, &r->write);
	settle(r);
	if (written)
		stream_shutdown(r->client);
	settle(r);
	stream_close(&r->client, false, NULL, NULL);
	settle(r);
	if (r->far)
		stream_close(&r->far, false, NULL, NULL);
	settle(r);
	if (r->handed_over)
		buf_fini(&r->heard);
	CHECK(http_server_connections(r->server) == 0);
	http_server_destroy(&r->server);
	settle(r);
	loop_fini(&r->loop);
	clock_destroy(&r->clock);
}

/*
 * Whether an interim response is still worth sending depends on what has come of the body: it is left out
 * here.
 */
static void drop_continue(struct buf *b)
{
	static const struct str interim = STR_INIT("HTTP/1.1 100 Continue\r\n\r\n");
	for (size_t at; (at = str_find(buf_str(b), interim)) != STR_NONE;) {
		memmove(b->ptr + at, b->ptr + at + interim.len, b->len - at - interim.len);
		b->len -= interim.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 100 * 1000)
		return 0;
	struct str input = { (const char *)data + 2, size - 2 };
	if (str_starts(input, STR("PRI ")))
		return 0; /* fuzz_h2_server.c */
	size_t piece_bytes = data[1] % 16;
	struct run whole, pieces;
	if (data[0] % 3) {
		run(&whole, data[0] % 3 == 1 ? handle_by_echoing : handle_by_upgrading, input, piece_bytes);
	} else {
		run(&whole, handle_by_reading, input, 0);
		run(&pieces, handle_by_reading, input, piece_bytes + 1);
		drop_continue(&whole.answer);
		drop_continue(&pieces.answer);
		/* What was answered when the client ended its side may differ at the end, never before. */
		size_t common = MIN(whole.answer.len, pieces.answer.len);
		CHECK(common == 0 || memcmp(whole.answer.ptr, pieces.answer.ptr, common) == 0);
		buf_fini(&pieces.answer);
	}
	buf_fini(&whole.answer);
	return 0;
}
