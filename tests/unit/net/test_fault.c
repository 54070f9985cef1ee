/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_fixture.h"

#include "net/fault.h"
#include "net/pipe.h"

/* Party a sits behind the filter. */
static void set_up(struct fixture *f, const struct fault_options *options)
{
	struct stream *a, *b;
	fixture_begin(f);
	pipe_new(&f->loop, 0, &a, &b);
	party_take(&f->a, fault_new(&f->loop, a, options));
	party_take(&f->b, b);
	party_read(&f->a);
	party_read(&f->b);
}

TEST(without_faults_it_is_not_there)
{
	struct fault_options o = FAULT_OPTIONS_INIT;
	struct fixture f;
	set_up(&f, &o);
	party_write(&f.a, "one ", "two", "");
	party_write(&f.b, "three ", "four", "");
	settle(&f);
	assert_true(f.a.written);
	assert_str(buf_str(&f.b.got), "one two");
	assert_str(buf_str(&f.a.got), "three four");
	stream_shutdown(f.b.stream);
	settle(&f);
	assert_int_equal(f.a.ended, 1);
	assert_int_equal(f.a.why, STREAM_OK);
	fixture_end(&f);
}

TEST(bytes_come_and_go_in_pieces)
{
	struct fault_options o = FAULT_OPTIONS_INIT;
	struct fixture f;
	o.read.piece_bytes = 2;
	o.write.piece_bytes = 3;
	set_up(&f, &o);
	assert_false(party_write(&f.a, "0123456", "", "789"));
	party_write(&f.b, "abcde", "", "");
	stream_shutdown(f.b.stream);
	settle(&f);
	assert_str(buf_str(&f.b.got), "0123456789");
	assert_str(buf_str(&f.a.got), "abcde");
	assert_int_equal(f.a.pieces, 3);
	assert_int_equal(f.b.pieces, 4); /* 012 345 6 789 */
	assert_int_equal(f.a.ended, 1);
	fixture_end(&f);
}

TEST(bytes_take_their_time)
{
	struct fault_options o = FAULT_OPTIONS_INIT;
	struct fixture f;
	o.read.piece_bytes = 1;
	o.read.delay_ns = 10 * NS_PER_MS;
	o.write.delay_ns = 100 * NS_PER_MS;
	set_up(&f, &o);
	party_write(&f.b, "abc", "", "");
	settle(&f);
	assert_str(buf_str(&f.a.got), "");
	pass_ms(&f, 10);
	assert_str(buf_str(&f.a.got), "a");
	pass_ms(&f, 20);
	assert_str(buf_str(&f.a.got), "abc");
	party_write(&f.a, "xyz", "", "");
	pass_ms(&f, 99);
	assert_str(buf_str(&f.b.got), "");
	pass_ms(&f, 1);
	assert_str(buf_str(&f.b.got), "xyz");
	fixture_end(&f);
}

TEST(a_cut_breaks_both_sides)
{
	for (int writing = 0; writing < 2; writing++) {
		struct fault_options o = FAULT_OPTIONS_INIT;
		struct fixture f;
		*(writing ? &o.write.cut_after : &o.read.cut_after) = 3;
		set_up(&f, &o);
		party_write(writing ? &f.a : &f.b, "abcdef", "", "");
		settle(&f);
		assert_str(buf_str(writing ? &f.b.got : &f.a.got), "abc");
		assert_int_equal(f.a.ended + f.b.ended, 2);
		assert_int_equal(f.a.why, STREAM_RESET);
		assert_int_equal(f.b.why, STREAM_RESET);
		party_write(&f.a, "more", "", "");
		settle(&f);
		assert_int_equal(f.a.error, STREAM_RESET);
		fixture_end(&f);
	}
}

TEST(a_stall_tells_nobody)
{
	struct fault_options o = FAULT_OPTIONS_INIT;
	struct fixture f;
	o.read.stall_after = 2;
	o.write.stall_after = 4;
	set_up(&f, &o);
	party_write(&f.b, "abcdef", "", "");
	party_write(&f.a, "012345", "", "");
	pass_ms(&f, 1000000);
	assert_str(buf_str(&f.a.got), "ab");
	assert_str(buf_str(&f.b.got), "0123");
	assert_int_equal(f.a.ended + f.b.ended, 0);
	assert_false(f.a.written);
	assert_int_equal(stream_unwritten(f.a.stream), 2);
	fixture_end(&f); /* which cancels the write */
	assert_true(f.a.written);
	assert_int_equal(f.a.error, STREAM_CANCELLED);
}

TEST(it_can_be_closed_at_any_time)
{
	for (unsigned steps = 0; steps < 30; steps++) {
		struct fault_options o = FAULT_OPTIONS_INIT;
		struct fixture f;
		o.read.piece_bytes = o.write.piece_bytes = 1;
		o.read.delay_ns = steps % 2;
		o.write.cut_after = steps % 5 + 1;
		set_up(&f, &o);
		party_write(&f.a, "abcdef", "", "");
		party_write(&f.b, "abcdef", "", "");
		for (unsigned i = 0; i < steps && !list_empty(&f.loop.ready); i++) {
			struct task *t = container_of(list_pop(&f.loop.ready), struct task, link);
			t->run(t);
		}
		fixture_end(&f);
		assert_int_equal(f.a.closed + f.b.closed, 2);
	}
}

TEST(filters_stack)
{
	struct fault_options o = FAULT_OPTIONS_INIT;
	struct fixture f;
	o.read.piece_bytes = 2;
	o.write.piece_bytes = 3;
	set_up(&f, &o);
	struct stream *below = f.a.stream;
	stream_read_stop(below);
	o.read.piece_bytes = 3;
	party_take(&f.a, fault_new(&f.loop, below, &o));
	party_read(&f.a);
	party_write(&f.a, "0123456789", "", "");
	party_write(&f.b, "abcdefg", "", "");
	settle(&f);
	assert_str(buf_str(&f.b.got), "0123456789");
	assert_str(buf_str(&f.a.got), "abcdefg");
	assert_int_equal(f.a.pieces, 4);
	fixture_end(&f);
}
