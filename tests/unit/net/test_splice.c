/* SPDX-License-Identifier: Apache-2.0 */
#include "net/splice.h"

#include "net/pipe.h"
#include "unit/net/stream_fixture.h"

/* a — left · right — b: the two in the middle are joined. */
struct joined {
	struct fixture f;
	struct splice splice;
	int over, broken;
	bool closed;
};

static void splice_over(struct splice *s, bool broken)
{
	struct joined *j = container_of(s, struct joined, splice);
	j->over++;
	j->broken = broken;
}

static void splice_closed(void *data)
{
	((struct joined *)data)->closed = true;
}

static void join(struct joined *j, size_t room, const char *from_a, const char *from_b)
{
	struct stream *left, *right, *a, *b;
	*j = (struct joined){ 0 };
	fixture_begin(&j->f);
	pipe_new(&j->f.loop, room, &a, &left);
	pipe_new(&j->f.loop, room, &b, &right);
	party_take(&j->f.a, a);
	party_take(&j->f.b, b);
	splice_start(&j->splice, &j->f.loop, left, str_from(from_a), right, str_from(from_b), splice_over);
}

static void part(struct joined *j, bool reset)
{
	splice_close(&j->splice, reset, splice_closed, j);
	settle(&j->f);
	assert_true(j->closed);
	fixture_end(&j->f);
}

TEST(bytes_go_both_ways_with_what_was_there_first)
{
	struct joined j;
	join(&j, 0, "early ", "greeting ");
	party_read(&j.f.a);
	party_read(&j.f.b);
	assert_true(party_write(&j.f.a, "one ", "two ", "three"));
	assert_true(party_write(&j.f.b, "four", "", ""));
	settle(&j.f);
	assert_str(buf_str(&j.f.b.got), "early one two three");
	assert_str(buf_str(&j.f.a.got), "greeting four");
	assert_int_equal(j.splice.sides[0].received, 19);
	part(&j, false);
}

TEST(who_does_not_read_stops_who_writes)
{
	struct joined j;
	join(&j, 8, "", "");
	party_read(&j.f.a);
	assert_false(party_write(&j.f.a, "0123456789", "abcdefghij", "klmnopqrst"));
	settle(&j.f);
	assert_false(j.f.a.written); /* eight are on each pipe, and some in the middle */
	party_read(&j.f.b);
	settle(&j.f);
	assert_true(j.f.a.written);
	assert_str(buf_str(&j.f.b.got), "0123456789abcdefghijklmnopqrst");
	part(&j, false);
}

TEST(an_end_is_passed_on_and_the_other_way_goes_on)
{
	struct joined j;
	join(&j, 0, "", "");
	party_read(&j.f.a);
	party_read(&j.f.b);
	assert_true(party_write(&j.f.a, "last", "", ""));
	stream_shutdown(j.f.a.stream);
	settle(&j.f);
	assert_str(buf_str(&j.f.b.got), "last");
	assert_int_equal(j.f.b.ended, 1);
	assert_int_equal(j.over, 0);
	assert_true(party_write(&j.f.b, "answer", "", ""));
	stream_shutdown(j.f.b.stream);
	settle(&j.f);
	assert_str(buf_str(&j.f.a.got), "answer");
	assert_int_equal(j.f.a.ended, 1);
	assert_int_equal(j.over, 1);
	assert_false(j.broken);
	part(&j, false);
}

TEST(an_end_waits_for_what_is_not_written_yet)
{
	struct joined j;
	join(&j, 4, "", "");
	(void)party_write(&j.f.a, "0123456789", "", "");
	settle(&j.f);
	party_read(&j.f.b);
	settle(&j.f);
	stream_shutdown(j.f.a.stream);
	settle(&j.f);
	assert_str(buf_str(&j.f.b.got), "0123456789");
	assert_int_equal(j.f.b.ended, 1);
	part(&j, false);
}

TEST(a_broken_side_is_over_and_breaks_the_other)
{
	struct joined j;
	join(&j, 0, "", "");
	party_read(&j.f.b);
	party_close(&j.f.a, true);
	settle(&j.f);
	assert_int_equal(j.over, 1);
	assert_true(j.broken);
	splice_close(&j.splice, true, splice_closed, &j);
	settle(&j.f);
	assert_int_equal(j.f.b.ended, 1);
	assert_int_equal(j.f.b.why, STREAM_RESET);
	fixture_end(&j.f);
}

TEST(closing_in_the_middle_of_a_write_tells_nobody_anything)
{
	struct joined j;
	join(&j, 4, "too much for the pipe", "");
	settle(&j.f);
	assert_true(j.splice.sides[1].writing);
	part(&j, true);
	assert_int_equal(j.over, 0);
}
