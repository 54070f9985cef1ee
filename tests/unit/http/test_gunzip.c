/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/gunzip.h"

struct fixture {
	struct clock *clock;
	struct loop loop;
	struct body *src, *out;
	struct buf got;
	enum body_state state;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .clock = clock_virtual_new(0) };
	loop_init(&f->loop, f->clock);
	buf_init(&f->got, 64 * 1024 * 1024);
	f->src = body_new(&f->loop);
	f->out = body_gunzip(body_ref(f->src));
}

static void settle(struct fixture *f)
{
	bool never = false;
	do
		loop_run(&f->loop, &never, clock_monotonic(f->clock));
	while (!list_empty(&f->loop.ready));
}

/* Reads until nothing more comes. */
static void read_all(struct fixture *f)
{
	for (;;) {
		struct str bytes;
		settle(f);
		f->state = body_peek(f->out, &bytes);
		if (f->state == BODY_DATA) {
			buf_add(&f->got, bytes);
			body_consume(f->out, bytes.len);
			continue;
		}
		settle(f);
		if (body_peek(f->out, &bytes) == f->state)
			return;
	}
}

static void end(struct fixture *f)
{
	body_unref(&f->out);
	body_unref(&f->src);
	settle(f);
	buf_fini(&f->got);
	loop_fini(&f->loop);
	clock_destroy(&f->clock);
}

static struct buf zipped(struct str text)
{
	struct buf out = BUF_INIT(64 * 1024 * 1024);
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t room = deflateBound(&z, text.len) + 64;
	z.next_in = (unsigned char *)(uintptr_t)text.ptr;
	z.avail_in = (unsigned)text.len;
	z.next_out = (unsigned char *)buf_room(&out, room);
	z.avail_out = (unsigned)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_grew(&out, room - z.avail_out);
	deflateEnd(&z);
	return out;
}

static const char text[] = "to be or not to be, that is to be or not to be the question";

TEST(a_stream_is_decoded_however_it_arrives)
{
	struct buf z = zipped(str_from(text));
	for (size_t step = 1; step <= z.len; step++) {
		struct fixture f;
		begin(&f);
		for (size_t at = 0; at < z.len; at += step) {
			body_write(f.src, str_sub(buf_str(&z), at, step));
			read_all(&f);
			assert_int_equal(f.state, BODY_WAIT);
		}
		body_trailer_add(f.src, STR("T"), STR("1"));
		body_end(f.src);
		read_all(&f);
		assert_int_equal(f.state, BODY_ENDED);
		assert_str(buf_str(&f.got), text);
		assert_int_equal(f.out->trailers.count, 1);
		end(&f);
	}
	buf_fini(&z);
}

TEST(several_members_are_one_stream)
{
	struct buf z = zipped(str_from(text)), empty = zipped(STR(""));
	struct fixture f;
	begin(&f);
	body_write(f.src, buf_str(&z));
	body_write(f.src, buf_str(&empty));
	body_write(f.src, buf_str(&z));
	body_end(f.src);
	read_all(&f);
	assert_int_equal(f.state, BODY_ENDED);
	assert_int_equal(f.got.len, 2 * strlen(text));
	end(&f);
	buf_fini(&empty);
	buf_fini(&z);
}

TEST(nothing_at_all_is_nothing)
{
	struct fixture f;
	begin(&f);
	body_end(f.src);
	read_all(&f);
	assert_int_equal(f.state, BODY_ENDED);
	end(&f);
}

TEST(what_is_no_gzip_fails)
{
	struct buf z = zipped(str_from(text));
	static const size_t flipped[] = { 0, 1, 2, 15, 40 };
	for (size_t i = 0; i <= COUNT_OF(flipped); i++) {
		struct fixture f;
		begin(&f);
		body_write(f.src, buf_str(&z));
		if (i < COUNT_OF(flipped)) {
			struct str bytes;
			assert_int_equal(body_peek(f.src, &bytes), BODY_DATA);
			((char *)(uintptr_t)bytes.ptr)[MIN(flipped[i], z.len - 5)] ^= 0x15;
		} else {
			body_write(f.src, STR("garbage behind it"));
		}
		read_all(&f);
		assert_int_equal(f.state, BODY_FAILED);
		assert_int_equal(body_why(f.out), BODY_FAILURE_PROTOCOL);
		assert_true(body_abandoned(f.src)); /* whoever writes it need not go on */
		end(&f);
	}
	buf_fini(&z);
}

TEST(a_stream_that_breaks_off_is_incomplete)
{
	struct buf z = zipped(str_from(text));
	for (size_t len = 1; len < z.len; len++) {
		struct fixture f;
		begin(&f);
		body_write(f.src, str_sub(buf_str(&z), 0, len));
		body_end(f.src);
		read_all(&f);
		assert_int_equal(f.state, BODY_FAILED);
		assert_int_equal(body_why(f.out), BODY_FAILURE_INCOMPLETE);
		end(&f);
	}
	buf_fini(&z);
}

TEST(a_source_that_fails_passes_its_reason_on)
{
	struct fixture f;
	begin(&f);
	body_fail(f.src, BODY_FAILURE_TIMEOUT);
	read_all(&f);
	assert_int_equal(f.state, BODY_FAILED);
	assert_int_equal(body_why(f.out), BODY_FAILURE_TIMEOUT);
	end(&f);
}

/* 20 MB of zeros are 20 kB: what was not asked for must not be decoded. */
TEST(a_bomb_goes_off_no_faster_than_it_is_read)
{
	enum { BYTES = 20 * 1024 * 1024 };
	char *zeros = mem_zalloc(BYTES);
	struct buf z = zipped((struct str){ zeros, BYTES });
	struct fixture f;
	begin(&f);
	body_write(f.src, buf_str(&z));
	body_end(f.src);
	settle(&f);
	assert_true(f.out->buffered < 2 * BODY_ROOM_BYTES);
	read_all(&f);
	assert_int_equal(f.state, BODY_ENDED);
	assert_int_equal(f.got.len, BYTES);
	assert_memory_equal(f.got.ptr, zeros, BYTES);
	end(&f);
	begin(&f);
	f.out->limit = 1000 * 1000;
	body_write(f.src, buf_str(&z));
	read_all(&f);
	assert_int_equal(f.state, BODY_FAILED);
	assert_int_equal(body_why(f.out), BODY_FAILURE_LIMIT);
	assert_true(body_abandoned(f.src));
	end(&f);
	buf_fini(&z);
	mem_free(zeros);
}

TEST(giving_up_gives_the_source_up)
{
	struct fixture f;
	begin(&f);
	struct buf z = zipped(str_from(text));
	body_write(f.src, str_sub(buf_str(&z), 0, 20));
	settle(&f);
	body_abandon(f.out);
	assert_true(body_abandoned(f.src));
	end(&f);
	begin(&f);
	body_unref(&f.out);
	assert_true(body_abandoned(f.src));
	end(&f);
	buf_fini(&z);
}
