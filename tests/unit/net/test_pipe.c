/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_fixture.h"

#include "net/pipe.h"

static void set_up(struct fixture *f, size_t room)
{
	struct stream *a, *b;
	fixture_begin(f);
	pipe_new(&f->loop, room, &a, &b);
	party_take(&f->a, a);
	party_take(&f->b, b);
}

TEST(what_is_written_at_one_end_arrives_at_the_other)
{
	struct fixture f;
	set_up(&f, 0);
	party_read(&f.a);
	party_read(&f.b);
	assert_true(party_write(&f.a, "one ", "two ", "three"));
	assert_true(party_write(&f.b, "back", "", ""));
	assert_str(buf_str(&f.b.got), ""); /* never before the call has returned */
	settle(&f);
	assert_str(buf_str(&f.b.got), "one two three");
	assert_str(buf_str(&f.a.got), "back");
	fixture_end(&f);
}

TEST(a_full_pipe_makes_the_writer_wait_for_the_reader)
{
	struct fixture f;
	set_up(&f, 10);
	assert_false(party_write(&f.a, "01234", "56789", "abcdefghijklmno"));
	settle(&f);
	assert_false(f.a.written);
	assert_int_equal(stream_unwritten(f.a.stream), 15);
	party_read(&f.b);
	settle(&f);
	assert_true(f.a.written);
	assert_int_equal(f.a.error, STREAM_OK);
	assert_str(buf_str(&f.b.got), "0123456789abcdefghijklmno");
	assert_int_equal(stream_unwritten(f.a.stream), 0);
	fixture_end(&f);
}

TEST(reading_can_stop_and_go_on)
{
	struct fixture f;
	set_up(&f, 0);
	party_read(&f.b);
	assert_true(party_write(&f.a, "one", "", ""));
	stream_read_stop(f.b.stream);
	settle(&f);
	assert_str(buf_str(&f.b.got), "");
	party_read(&f.b);
	settle(&f);
	assert_str(buf_str(&f.b.got), "one");
	fixture_end(&f);
}

TEST(a_side_that_is_shut_down_ends_after_its_last_byte_and_can_still_read)
{
	struct fixture f;
	set_up(&f, 0);
	party_read(&f.a);
	assert_true(party_write(&f.a, "last words", "", ""));
	stream_shutdown(f.a.stream);
	settle(&f);
	party_read(&f.b);
	settle(&f);
	assert_str(buf_str(&f.b.got), "last words");
	assert_int_equal(f.b.ended, 1);
	assert_int_equal(f.b.why, STREAM_OK);
	assert_true(party_write(&f.b, "an answer", "", ""));
	settle(&f);
	assert_str(buf_str(&f.a.got), "an answer");
	fixture_end(&f);
}

TEST(closing_ends_the_other_side_and_fails_its_writes)
{
	struct fixture f;
	set_up(&f, 10);
	assert_true(party_write(&f.b, "unread", "", ""));
	assert_true(party_write(&f.a, "kept", "", ""));
	assert_false(party_write(&f.a, "0123456789", "", ""));
	party_close(&f.b, false);
	settle(&f);
	assert_int_equal(f.b.closed, 1);
	assert_true(f.a.written);
	assert_int_equal(f.a.error, STREAM_RESET);
	party_read(&f.a);
	settle(&f);
	assert_str(buf_str(&f.a.got), "unread");
	assert_int_equal(f.a.ended, 1);
	assert_int_equal(f.a.why, STREAM_OK);
	assert_false(party_write(&f.a, "to nobody", "", ""));
	settle(&f);
	assert_int_equal(f.a.error, STREAM_RESET);
	fixture_end(&f);
}

TEST(a_reset_loses_what_was_not_read)
{
	struct fixture f;
	set_up(&f, 0);
	assert_true(party_write(&f.b, "unread", "", ""));
	party_close(&f.b, true);
	party_read(&f.a);
	settle(&f);
	assert_str(buf_str(&f.a.got), "");
	assert_int_equal(f.a.why, STREAM_RESET);
	fixture_end(&f);
}

TEST(closing_cancels_a_write_before_it_says_closed)
{
	struct fixture f;
	set_up(&f, 10);
	assert_false(party_write(&f.a, "0123456789", "more", ""));
	party_close(&f.a, false);
	assert_false(f.a.written);
	settle(&f);
	assert_true(f.a.written);
	assert_int_equal(f.a.error, STREAM_CANCELLED);
	assert_int_equal(f.a.closed, 1);
	fixture_end(&f);
}

static void close_both(struct stream_reader *r, struct str bytes)
{
	struct party *p = container_of(r, struct party, reader);
	buf_add(&p->got, bytes);
	party_close(p, false);
	party_close(p->other, false);
}

TEST(a_reader_may_close_everything)
{
	struct fixture f;
	set_up(&f, 10);
	f.b.reader.data = close_both;
	stream_read_start(f.b.stream, &f.b.reader);
	assert_false(party_write(&f.a, "0123456789", "more", ""));
	settle(&f);
	assert_str(buf_str(&f.b.got), "0123456789");
	assert_int_equal(f.a.closed + f.b.closed, 2);
	fixture_end(&f);
}

TEST(memory_has_no_address)
{
	struct fixture f;
	struct net_address local, peer;
	set_up(&f, 0);
	stream_addresses(f.a.stream, &local, &peer);
	assert_int_equal(local.ip_len + peer.ip_len, 0);
	fixture_end(&f);
}
