/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/body.h"

/* ---- a loop, and somebody who notes what happens ---- */

static struct clock *clock_;
static struct loop loop;

static void begin(void)
{
	clock_ = clock_virtual_new(0);
	loop_init(&loop, clock_);
}

static void settle(void)
{
	bool never = false;
	do
		loop_run(&loop, &never, clock_monotonic(clock_));
	while (!list_empty(&loop.ready));
}

static void end(void)
{
	settle();
	loop_fini(&loop);
	clock_destroy(&clock_);
}

struct listener {
	struct watcher watcher;
	unsigned woken;
};

static void woken(struct task *t)
{
	container_of(t, struct listener, watcher.task)->woken++;
}

static unsigned woken_since(struct listener *l, struct event *e)
{
	settle();
	unsigned n = l->woken;
	l->woken = 0;
	watcher_start(&l->watcher, e, woken);
	return n;
}

struct producer {
	struct body_source source;
	unsigned resumed, cancelled;
};

static void on_resume(struct body_source *s)
{
	container_of(s, struct producer, source)->resumed++;
}

static void on_cancel(struct body_source *s)
{
	container_of(s, struct producer, source)->cancelled++;
}

#define PRODUCER                                   \
	{                                          \
		.source = { on_resume, on_cancel } \
	}

static struct body *body_with(const char *text)
{
	struct body *b = body_new(&loop);
	body_write(b, str_from(text));
	return b;
}

static struct body *ended(const char *text)
{
	struct body *b = body_with(text);
	body_end(b);
	return b;
}

/* Reads what there is; then says how it is. */
static enum body_state drain(struct body *b, struct buf *out)
{
	struct str bytes;
	enum body_state state;
	buf_reset(out);
	while ((state = body_peek(b, &bytes)) == BODY_DATA) {
		buf_add(out, bytes);
		body_consume(b, bytes.len);
	}
	return state;
}

#define expect_drained(b, state, text)                    \
	do {                                              \
		struct buf out_ = BUF_INIT(1 << 24);      \
		assert_int_equal(drain(b, &out_), state); \
		assert_str(buf_str(&out_), text);         \
		buf_fini(&out_);                          \
	} while (0)

/* ---- one writer, one reader ---- */

TEST(what_is_written_is_read_in_order)
{
	begin();
	struct body *b = body_with("one ");
	struct blob *blob = blob_new(STR("two "));
	body_write_blob(b, blob);
	blob_unref(&blob);
	body_write(b, STR("three"));
	body_write_front(b, STR("zero "));
	expect_drained(b, BODY_WAIT, "zero one two three");
	body_write(b, STR("four"));
	body_end(b);
	expect_drained(b, BODY_ENDED, "four");
	assert_int_equal(b->total, 22);
	body_unref(&b);
	end();
}

TEST(a_body_can_be_copied_out_in_any_portions)
{
	static char bytes[100 * 1000], copy[sizeof bytes];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 31 + i / 255);
	for (size_t cap = 1; cap < 100000; cap = cap * 3 + 1) {
		begin();
		struct body *b = body_new(&loop);
		size_t len, sum = 0;
		for (size_t at = 0, n = 1; at < sizeof bytes; at += n, n = n * 2 % 7001)
			body_write(b, str_sub((struct str){ bytes, sizeof bytes }, at, n));
		body_end(b);
		while (body_read(b, copy + sum, MIN(cap, sizeof copy - sum), &len) == BODY_DATA && len)
			sum += len;
		assert_int_equal(sum, sizeof bytes);
		assert_memory_equal(copy, bytes, sizeof bytes);
		body_unref(&b);
		end();
	}
}

TEST(a_view_stays_where_it_is_while_more_is_written)
{
	begin();
	struct str view;
	struct body *b = body_with("abc");
	assert_int_equal(body_peek(b, &view), BODY_DATA);
	for (int i = 0; i < 1000; i++)
		body_write(b, STR("0123456789"));
	body_write_front(b, STR("x"));
	assert_memory_equal(view.ptr, "abc", 3);
	body_unref(&b);
	end();
}

TEST(reader_and_writer_wake_each_other)
{
	begin();
	struct listener reader = { 0 }, writer = { 0 };
	struct str bytes;
	static const char big[BODY_ROOM_BYTES];
	struct body *b = body_new(&loop);
	woken_since(&reader, &b->readable);
	woken_since(&writer, &b->writable);
	body_write(b, STR("x"));
	assert_int_equal(woken_since(&reader, &b->readable), 1);
	body_write(b, (struct str){ big, sizeof big });
	assert_false(body_has_room(b));
	assert_int_equal(woken_since(&writer, &b->writable), 0);
	while (!body_has_room(b) || b->buffered > BODY_ROOM_BYTES / 2) {
		assert_int_equal(body_peek(b, &bytes), BODY_DATA);
		body_consume(b, MIN(bytes.len, (size_t)10000));
	}
	assert_int_equal(woken_since(&writer, &b->writable), 1);
	woken_since(&reader, &b->readable);
	body_end(b);
	assert_int_equal(woken_since(&reader, &b->readable), 1);
	watcher_stop(&reader.watcher);
	watcher_stop(&writer.watcher);
	body_unref(&b);
	end();
}

TEST(a_reader_that_gives_up_frees_everything_and_tells_the_writer)
{
	begin();
	struct listener writer = { 0 };
	struct body *b = body_with("unread");
	woken_since(&writer, &b->writable);
	body_abandon(b);
	assert_int_equal(woken_since(&writer, &b->writable), 1);
	assert_true(body_abandoned(b));
	assert_true(body_has_room(b)); /* nobody should wait for a reader who is gone */
	body_write(b, STR("more"));
	assert_int_equal(b->buffered, 0);
	expect_drained(b, BODY_FAILED, "");
	assert_int_equal(body_why(b), BODY_FAILURE_ABANDONED);
	watcher_stop(&writer.watcher);
	body_unref(&b);
	end();
}

TEST(a_failure_comes_after_what_was_written)
{
	begin();
	struct body *b = body_with("abc");
	body_fail(b, BODY_FAILURE_TIMEOUT);
	body_write(b, STR("late"));
	body_end(b);
	body_fail(b, BODY_FAILURE_PROTOCOL);
	expect_drained(b, BODY_FAILED, "abc");
	assert_int_equal(body_why(b), BODY_FAILURE_TIMEOUT); /* the first one counts */
	assert_true(body_has_room(b));
	body_unref(&b);
	end();
}

TEST(trailers_follow)
{
	begin();
	struct body *b = body_with("x");
	body_trailer_add(b, STR("A"), STR("1"));
	body_trailer_add(b, STR("a"), STR("2"));
	body_end(b);
	expect_drained(b, BODY_ENDED, "x");
	assert_int_equal(b->trailers.count, 2);
	assert_str(b->trailers.at[1].value, "2");
	body_unref(&b);
	end();
}

TEST(a_limit_fails_the_body_and_stops_its_producer)
{
	begin();
	struct producer p = PRODUCER;
	struct body *b = body_new(&loop);
	body_set_source(b, &p.source);
	b->limit = 5;
	body_write(b, STR("abc"));
	assert_int_equal(p.cancelled, 0);
	body_write(b, STR("def"));
	assert_int_equal(p.cancelled, 1);
	expect_drained(b, BODY_FAILED, "abc");
	assert_int_equal(body_why(b), BODY_FAILURE_LIMIT);
	body_unref(&b);
	assert_int_equal(p.cancelled, 1);
	end();
}

/* ---- producers ---- */

TEST(a_producer_hears_when_it_is_wanted)
{
	begin();
	struct producer p = PRODUCER;
	struct str bytes;
	struct body *b = body_new(&loop);
	body_set_source(b, &p.source);
	assert_int_equal(p.resumed, 0);
	assert_int_equal(body_peek(b, &bytes), BODY_WAIT);
	assert_int_equal(p.resumed, 1);
	body_write(b, STR("abc"));
	assert_int_equal(body_peek(b, &bytes), BODY_DATA);
	assert_int_equal(p.resumed, 1);
	body_consume(b, 3);
	assert_int_equal(p.resumed, 2);
	body_end(b);
	assert_int_equal(body_peek(b, &bytes), BODY_ENDED);
	assert_int_equal(p.resumed, 2);
	body_unref(&b);
	assert_int_equal(p.cancelled, 0); /* it had ended */
	end();
}

TEST(a_producer_is_stopped_once_when_nobody_reads_any_more)
{
	for (int how = 0; how < 3; how++) {
		begin();
		struct producer p = PRODUCER;
		struct body *b = body_new(&loop);
		body_set_source(b, &p.source);
		if (how == 1)
			body_abandon(b);
		if (how == 2)
			body_fail(b, BODY_FAILURE_TIMEOUT);
		body_unref(&b);
		assert_int_equal(p.cancelled, how == 2 ? 0 : 1);
		end();
	}
}

TEST(a_producer_that_says_less_than_it_promised_makes_the_body_incomplete)
{
	begin();
	struct producer p = PRODUCER;
	uint64_t length;
	struct body *b = body_new(&loop);
	body_set_source(b, &p.source);
	assert_false(body_known_length(b, &length));
	b->expected = 5;
	assert_true(body_known_length(b, &length));
	assert_int_equal(length, 5);
	body_write(b, STR("abc"));
	body_write_front(b, STR("12")); /* not the producer's: it promised nothing of these */
	assert_true(body_known_length(b, &length));
	assert_int_equal(length, 7);
	body_end(b);
	expect_drained(b, BODY_FAILED, "12abc");
	assert_int_equal(body_why(b), BODY_FAILURE_INCOMPLETE);
	body_unref(&b);
	end();
}

/* ---- bodies within bodies ---- */

TEST(an_appended_body_is_read_where_it_was_appended)
{
	begin();
	struct listener reader = { 0 };
	struct body *outer = body_with("a"), *inner = body_with("b");
	body_append(outer, body_ref(inner));
	body_write(outer, STR("e"));
	body_end(outer);
	expect_drained(outer, BODY_WAIT, "ab");
	woken_since(&reader, &outer->readable);
	body_write(inner, STR("c"));
	assert_int_equal(woken_since(&reader, &outer->readable), 1);
	body_trailer_add(inner, STR("T"), STR("inner"));
	body_end(inner);
	expect_drained(outer, BODY_ENDED, "ce");
	assert_int_equal(outer->trailers.count, 1);
	watcher_stop(&reader.watcher);
	body_unref(&inner);
	body_unref(&outer);
	end();
}

TEST(a_body_that_has_ended_is_appended_by_moving)
{
	begin();
	uint64_t length;
	struct body *outer = body_with("a"), *middle = body_with("b"), *inner = body_with("c");
	body_append(middle, body_ref(inner)); /* still open */
	body_write(middle, STR("d"));
	body_trailer_add(middle, STR("T"), STR("1"));
	body_end(middle);
	body_append(outer, middle);
	body_write(outer, STR("e"));
	body_end(outer);
	assert_false(body_known_length(outer, &length));
	expect_drained(outer, BODY_WAIT, "abc");
	body_end(inner);
	assert_true(body_known_length(outer, &length));
	assert_int_equal(length, 2);
	expect_drained(outer, BODY_ENDED, "de");
	assert_int_equal(outer->trailers.count, 1);
	body_unref(&inner);
	body_unref(&outer);
	end();
}

TEST(appending_for_ever_is_never_deep)
{
	enum { TIMES = 200 * 1000 };
	begin();
	struct body *open = body_new(&loop);
	struct body *b = body_new(&loop);
	body_append(b, body_ref(open));
	body_end(b);
	for (int i = 0; i < TIMES; i++) {
		struct body *outer = body_new(&loop);
		body_append(outer, b);
		if (i % 10000 == 0)
			body_write(outer, STR("x"));
		body_end(outer);
		b = outer;
	}
	body_write(open, STR("y"));
	body_end(open);
	expect_drained(b, BODY_ENDED, "yxxxxxxxxxxxxxxxxxxxx");
	body_unref(&open);
	body_unref(&b);
	end();
}

TEST(an_appended_body_that_fails_fails_the_whole)
{
	begin();
	struct listener writer = { 0 };
	struct producer p = PRODUCER;
	struct body *outer = body_with("a"), *inner = body_with("b");
	body_set_source(outer, &p.source);
	body_append(outer, body_ref(inner));
	woken_since(&writer, &outer->writable);
	body_fail(inner, BODY_FAILURE_TIMEOUT);
	expect_drained(outer, BODY_FAILED, "ab");
	assert_int_equal(body_why(outer), BODY_FAILURE_TIMEOUT);
	assert_int_equal(p.cancelled, 1);
	assert_int_equal(woken_since(&writer, &outer->writable), 1);
	assert_false(body_open(outer));
	expect_drained(outer, BODY_FAILED, "");
	watcher_stop(&writer.watcher);
	body_unref(&inner);
	body_unref(&outer);
	end();
}

TEST(a_body_appended_after_it_failed_fails_the_whole_even_when_that_has_ended)
{
	begin();
	struct body *outer = body_with("a"), *inner = body_with("b");
	body_fail(inner, BODY_FAILURE_PROTOCOL);
	body_append(outer, inner);
	body_end(outer);
	expect_drained(outer, BODY_FAILED, "ab");
	assert_int_equal(body_why(outer), BODY_FAILURE_PROTOCOL);
	body_unref(&outer);
	end();
}

TEST(appended_bodies_are_given_up_with_the_whole)
{
	for (int how = 0; how < 3; how++) {
		begin();
		struct producer p = PRODUCER;
		struct body *outer = body_new(&loop), *inner = body_new(&loop);
		body_set_source(inner, &p.source);
		if (how == 2)
			body_end(outer); /* too late: nobody will read it */
		body_append(outer, body_ref(inner));
		if (how == 1)
			body_abandon(outer);
		body_unref(&outer);
		assert_int_equal(p.cancelled, 1);
		assert_true(body_abandoned(inner));
		assert_null(inner->parent);
		body_write(inner, STR("to nobody"));
		body_unref(&inner);
		end();
	}
}

TEST(the_producer_of_an_appended_body_hears_the_reader_of_the_whole)
{
	begin();
	struct producer p = PRODUCER;
	struct body *outer = body_new(&loop), *inner = body_new(&loop);
	body_set_source(inner, &p.source);
	body_append(outer, body_ref(inner));
	expect_drained(outer, BODY_WAIT, "");
	assert_int_equal(p.resumed, 1);
	body_write(inner, STR("abc"));
	expect_drained(outer, BODY_WAIT, "abc");
	assert_true(p.resumed > 1);
	body_unref(&inner);
	body_unref(&outer);
	end();
}

/* ---- adding to what somebody else produces ---- */

TEST(a_received_body_can_be_added_to_on_both_ends)
{
	for (int arrived = 0; arrived < 2; arrived++) {
		begin();
		struct producer p = PRODUCER;
		struct body *received = body_new(&loop), *b = received;
		body_set_source(received, &p.source);
		body_write(received, STR("one "));
		if (arrived) {
			body_write(received, STR("two "));
			body_end(received);
		}
		body_reopen(&b);
		body_write(b, STR("three"));
		body_write_front(b, STR("zero "));
		body_end(b);
		if (!arrived) {
			body_write(received, STR("two "));
			body_end(received);
		}
		expect_drained(b, BODY_ENDED, "zero one two three");
		body_unref(&b);
		assert_int_equal(p.cancelled, 0);
		end();
	}
}

TEST(reopening_an_open_body_changes_nothing)
{
	begin();
	struct body *b = body_with("a"), *same = b;
	body_reopen(&b);
	assert_ptr_equal(b, same);
	body_unref(&b);
	end();
}

/* ---- promised lengths ---- */

TEST(a_promised_length_is_known_before_anything_is_written)
{
	begin();
	uint64_t length;
	struct body *b = body_new(&loop);
	b->streaming = b->length_untold = true;
	assert_false(body_final_length(b, &length));
	body_promise(b, 7);
	assert_true(body_final_length(b, &length));
	assert_int_equal(length, 7);
	body_write(b, STR("abc"));
	expect_drained(b, BODY_WAIT, "abc");
	assert_true(body_final_length(b, &length));
	assert_int_equal(length, 4);
	body_unref(&b);
	end();
}

TEST(what_is_longer_than_promised_ends_where_it_should)
{
	begin();
	struct body *b = body_new(&loop), *inner = body_with("de");
	b->streaming = true;
	body_promise(b, 6);
	body_write(b, STR("abc"));
	assert_int_equal(body_fitting(b, 10), 3);
	body_append(b, body_ref(inner)); /* nobody knows how long this will be */
	expect_drained(b, BODY_WAIT, "abcde");
	body_write(inner, STR("fgh"));
	expect_drained(b, BODY_ENDED, "f");
	expect_drained(b, BODY_ENDED, "");
	assert_int_equal(body_fitting(b, 10), 10);
	body_end(inner);
	assert_int_equal(body_fitting(b, 10), 0);
	body_unref(&inner);
	body_unref(&b);
	end();
}

TEST(what_is_shorter_than_promised_is_incomplete)
{
	begin();
	struct body *b = body_with("abc"), *outer = body_new(&loop);
	body_promise(b, 4);
	body_end(b);
	body_append(outer, b); /* which keeps the promise */
	body_end(outer);
	expect_drained(outer, BODY_FAILED, "abc");
	assert_int_equal(body_why(outer), BODY_FAILURE_INCOMPLETE);
	body_unref(&outer);
	end();
}

TEST(lengths_are_known_when_nothing_can_change_them)
{
	begin();
	uint64_t length;
	struct body *b = body_with("abc");
	assert_true(body_known_length(b, &length)); /* its writer knows that it is done */
	b->streaming = true;
	assert_false(body_known_length(b, &length));
	struct body *inner = body_with("de");
	body_append(b, body_ref(inner));
	body_end(b);
	assert_false(body_known_length(b, &length)); /* the appended one may go on */
	body_end(inner);
	assert_true(body_known_length(b, &length));
	assert_int_equal(length, 5);
	body_append(b, ended("not any more"));
	expect_drained(b, BODY_ENDED, "abcde");
	body_unref(&inner);
	body_unref(&b);
	b = body_with("abc");
	body_fail(b, BODY_FAILURE_TIMEOUT);
	assert_false(body_known_length(b, &length));
	body_unref(&b);
	end();
}
