/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames into a server, behind the preface. The first byte chooses the handler: one reads the body before it
 * answers, the other sends the request's fields and body back while they come, with trailers. The second says
 * how big the pieces are that bytes come in, and whether the client reads what it gets. Whatever comes: all
 * that was begun ends, and what is kept for the connection is bounded.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "http/server.h"
#include "net/fault.h"
#include "net/pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD_BYTES = 4096, STREAMS = 8 };

struct run {
	struct clock *clock;
	struct loop loop;
	struct http_server *server;
	struct stream *client;
	struct stream_reader reader;
	struct stream_write write;
	bool sips;
	size_t held; /* exchanges whose body is read */
};

struct reading {
	struct run *run;
	struct exchange *x;
	struct watcher watcher;
};

static void pass(struct run *r, uint64_t ns)
{
	bool never = false;
	uint64_t then = clock_monotonic(r->clock) + ns;
	do
		loop_run(&r->loop, &never, then);
	while (!list_empty(&r->loop.ready));
	clock_jump(r->clock, then);
}

/* ---- handlers ---- */

static void check_request(const struct http_request *r)
{
	CHECK(r->version == HTTP_2 && header_name_valid(r->method));
	CHECK(headers_bytes(&r->headers) <= 2 * HEAD_BYTES);
	for (size_t i = 0; i < r->headers.count; i++) {
		const struct header *h = &r->headers.at[i];
		CHECK(header_name_valid(h->name) && header_value_valid(h->value));
		for (size_t k = 0; k < h->name.len; k++)
			CHECK(h->name.ptr[k] < 'A' || h->name.ptr[k] > 'Z');
	}
}

static void answer(struct reading *g, bool good)
{
	struct http_response r = { .status = good ? 200 : 400, .body = body_new(&g->run->loop) };
	body_write(r.body, STR("read"));
	body_trailer_add(r.body, STR("x-end"), STR("1"));
	body_end(r.body);
	exchange_respond(g->x, &r, false);
	exchange_release(g->x);
	g->run->held--;
	mem_free(g);
}

static void read_on(struct task *t)
{
	struct reading *g = container_of(t, struct reading, watcher.task);
	struct body *body = g->x->request.body;
	struct str bytes;
	enum body_state state;
	while ((state = body_peek(body, &bytes)) == BODY_DATA)
		body_consume(body, bytes.len);
	if (state == BODY_WAIT)
		watcher_start(&g->watcher, &body->readable, read_on);
	else
		answer(g, state == BODY_ENDED);
}

static void handle_by_reading(void *data, struct exchange *x)
{
	struct reading *g = NEW(struct reading);
	check_request(&x->request);
	g->run = data;
	g->x = x;
	g->run->held++;
	if (x->request.body)
		read_on(&g->watcher.task);
	else
		answer(g, true);
}

static void handle_by_echoing(void *data, struct exchange *x)
{
	struct http_response r = { .status = 200,
				   .headers = x->request.headers,
				   .body = take(x->request.body) };
	(void)data;
	check_request(&x->request);
	exchange_inform(x, 103, &x->request.headers);
	exchange_respond(x, &r, x->request.headers.count % 2);
	exchange_release(x);
}

/* ---- the client ---- */

static void on_data(struct stream_reader *reader, struct str bytes)
{
	struct run *r = container_of(reader, struct run, reader);
	(void)bytes;
	if (r->sips)
		stream_read_stop(r->client);
}

static void on_ended(struct stream_reader *reader, enum stream_error why)
{
	(void)reader, (void)why;
}

static void on_written(struct stream_write *w, enum stream_error error)
{
	(void)w, (void)error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	struct http_server_options options = http_server_defaults;
	struct fault_options fault = FAULT_OPTIONS_INIT;
	struct stream *theirs;
	if (size < 2 || size > 100 * 1000)
		return 0;
	struct run r = { .clock = clock_virtual_new(0),
			 .reader = { on_data, on_ended },
			 .write = { on_written },
			 .sips = data[1] & 128 };
	loop_init(&r.loop, r.clock);
	options.handle = data[0] % 2 ? handle_by_echoing : handle_by_reading;
	options.data = &r;
	options.head_bytes_max = HEAD_BYTES;
	options.streams_max = STREAMS;
	r.server = http_server_new(&r.loop, &options);
	pipe_new(&r.loop, 1024 * 1024, &r.client, &theirs);
	fault.read.piece_bytes = fault.write.piece_bytes = (data[1] & 127) * 8;
	http_server_attach(r.server, fault_new(&r.loop, theirs, &fault));
	stream_read_start(r.client, &r.reader);
	struct str parts[] = { { preface, sizeof preface - 1 }, { (const char *)data + 2, size - 2 } };
	(void)!stream_write(r.client, parts, 2, &r.write);
	pass(&r, NS_PER_S);
	CHECK(r.held <= STREAMS || !r.client);
	pass(&r, 200 * NS_PER_S); /* every time-out there is */
	stream_close(&r.client, false, NULL, NULL);
	pass(&r, NS_PER_S);
	CHECK(http_server_connections(r.server) == 0 && r.held == 0);
	http_server_destroy(&r.server);
	pass(&r, NS_PER_S);
	loop_fini(&r.loop);
	clock_destroy(&r.clock);
	return 0;
}
