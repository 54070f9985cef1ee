/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as gzip, in pieces whose size the first byte says; what comes out must not depend on them. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "http/gunzip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_BYTES_MAX = 1024 * 1024 };

struct outcome {
	struct buf bytes;
	enum body_state state;
	enum body_failure why;
};

static void settle(struct loop *l)
{
	bool never = false;
	do
		loop_run(l, &never, clock_monotonic(l->clock));
	while (!list_empty(&l->ready));
}

static void read_all(struct outcome *o, struct body *b, struct loop *l)
{
	struct str bytes;
	for (;;) {
		settle(l);
		o->state = body_peek(b, &bytes);
		if (o->state == BODY_WAIT) { /* which has woken the decoder, if it slept */
			settle(l);
			o->state = body_peek(b, &bytes);
		}
		if (o->state != BODY_DATA)
			return;
		buf_add(&o->bytes, bytes);
		body_consume(b, bytes.len);
	}
}

static void decode(struct outcome *o, struct str input, size_t piece_bytes)
{
	struct clock *clock = clock_virtual_new(0);
	struct loop l;
	loop_init(&l, clock);
	*o = (struct outcome){ .bytes = BUF_INIT(2 * OUT_BYTES_MAX) };
	struct body *src = body_new(&l), *out = body_gunzip(body_ref(src));
	out->limit = OUT_BYTES_MAX;
	for (size_t at = 0; at < input.len; at += piece_bytes) {
		body_write(src, str_sub(input, at, piece_bytes));
		read_all(o, out, &l);
	}
	body_end(src);
	read_all(o, out, &l);
	CHECK(o->state == BODY_ENDED || o->state == BODY_FAILED);
	o->why = body_why(out);
	body_unref(&src);
	body_unref(&out);
	settle(&l);
	loop_fini(&l);
	clock_destroy(&clock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct str input = { (const char *)data + 1, size - 1 };
	struct outcome whole, pieces;
	decode(&whole, input, SIZE_MAX / 2);
	decode(&pieces, input, data[0] + 1u);
	CHECK(whole.state == pieces.state && whole.why == pieces.why);
	if (whole.state == BODY_ENDED)
		CHECK(str_eq(buf_str(&whole.bytes), buf_str(&pieces.bytes)));
	buf_fini(&whole.bytes);
	buf_fini(&pieces.bytes);
	return 0;
}
