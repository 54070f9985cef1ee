/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an origin may answer to a request that asks to switch protocols: any bytes, in pieces whose size the
 * first byte says, and then the end. What is made of them must not depend on the pieces.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "http/h1_client.h"
#include "net/pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TOLD_BYTES_MAX = 4 << 20 };

struct origin {
	struct stream *stream;
	struct stream_reader reader;
	struct stream_write write;
	bool gone;
};

static void settle(struct loop *l)
{
	bool never = false;
	do
		loop_run(l, &never, clock_monotonic(l->clock));
	while (!list_empty(&l->ready));
}

static void ignore_data(struct stream_reader *r, struct str bytes)
{
	(void)r, (void)bytes;
}

static void note_end(struct stream_reader *r, enum stream_error why)
{
	(void)why;
	container_of(r, struct origin, reader)->gone = true;
}

static void written(struct stream_write *w, enum stream_error error)
{
	if (error != STREAM_OK)
		container_of(w, struct origin, write)->gone = true;
}

static void tell_fields(struct buf *told, const struct headers *h)
{
	for (size_t i = 0; i < h->count; i++) {
		CHECK(header_name_valid(h->at[i].name) && header_value_valid(h->at[i].value));
		buf_printf(told, STR_FMT "=" STR_FMT ";", STR_ARG(h->at[i].name), STR_ARG(h->at[i].value));
	}
}

/* Reads what there is of the response; returns where its body stands. */
static enum body_state read_on(struct fetch *f, struct buf *body)
{
	struct str bytes;
	enum body_state state;
	if (!f->settled || f->error != FETCH_OK || !f->response.body)
		return BODY_WAIT;
	while ((state = body_peek(f->response.body, &bytes)) == BODY_DATA) {
		buf_add(body, bytes);
		body_consume(f->response.body, bytes.len);
	}
	return state;
}

static void tell(const struct fetch *f, enum body_state state, struct str body, struct buf *told)
{
	CHECK(f->settled);
	buf_printf(told, "%s|", fetch_error_name(f->error));
	if (f->error != FETCH_OK)
		return;
	buf_printf(told, "%d|", f->response.status);
	tell_fields(told, &f->response.headers);
	CHECK((f->response.status == 101) == (f->upgraded != NULL));
	if (f->upgraded)
		return; /* how much came along with the head is a matter of pieces */
	CHECK(state == BODY_ENDED || state == BODY_FAILED);
	buf_printf(told, "|" STR_FMT "|%d|", STR_ARG(body), (int)body_why(f->response.body));
	tell_fields(told, &f->response.body->trailers);
}

static void converse(struct str answer, size_t piece_bytes, struct buf *told)
{
	struct clock *clock = clock_virtual_new(0);
	struct loop loop;
	struct origin o = { .reader = { ignore_data, note_end }, .write = { written } };
	struct http_request request = { .method = STR("GET"), .version = HTTP_1_1 };
	struct stream *ours;
	scoped(buf_fini) struct buf body = BUF_INIT(TOLD_BYTES_MAX);
	loop_init(&loop, clock);
	pipe_new(&loop, 1 << 20, &ours, &o.stream);
	stream_read_start(o.stream, &o.reader);
	struct fetch *f = fetch_new(&loop);
	h1_client_start(f, ours, &request, STR("/"), &(struct h1_client_times){ 0 });
	settle(&loop);
	for (size_t at = 0; at < answer.len && !o.gone; at += piece_bytes) {
		struct str piece = str_sub(answer, at, piece_bytes);
		bool taken = stream_write(o.stream, &piece, 1, &o.write);
		CHECK(taken || o.gone || f->settled);
		settle(&loop);
		(void)read_on(f, &body);
		settle(&loop);
	}
	stream_close(&o.stream, false, NULL, NULL);
	settle(&loop);
	enum body_state state = read_on(f, &body);
	settle(&loop);
	tell(f, state, buf_str(&body), told);
	fetch_unref(&f);
	settle(&loop);
	loop_fini(&loop);
	clock_destroy(&clock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 64 * 1024)
		return 0;
	struct str answer = { (const char *)data + 1, size - 1 };
	scoped(buf_fini) struct buf whole = BUF_INIT(TOLD_BYTES_MAX), pieces = BUF_INIT(TOLD_BYTES_MAX);
	converse(answer, size, &whole);
	converse(answer, 1u + data[0], &pieces);
	CHECK(str_eq(buf_str(&whole), buf_str(&pieces)));
	return 0;
}
