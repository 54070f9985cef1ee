/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "world/trace.h"

struct setup {
	struct arena arena;
	struct clock *clock;
	struct trace trace;
};

static void begin(struct setup *s)
{
	arena_init(&s->arena);
	s->clock = clock_virtual_new(7);
	trace_on(&s->trace, &s->arena, s->clock);
}

static void end(struct setup *s)
{
	arena_fini(&s->arena);
	clock_destroy(&s->clock);
}

TEST(a_trace_that_is_off_records_nothing)
{
	struct trace t;
	trace_off(&t);
	struct trace_event *ev = trace_add(&t, "fetch");
	assert_null(ev);
	trace_str(&t, ev, "url", STR("http://a/"));
	trace_number(&t, ev, "status", 200);
	trace_bool(&t, ev, "hit", true);
	assert_null(t.first);
	assert_int_equal(t.count, 0);
}

TEST(events_and_attributes_keep_their_order)
{
	struct setup s;
	begin(&s);
	char text[] = "abc";
	struct trace_event *first = trace_add(&s.trace, "first");
	trace_str(&s.trace, first, "text", str_from(text));
	trace_number(&s.trace, first, "number", 1.5);
	trace_bool(&s.trace, first, "truth", true);
	text[0] = 'x'; /* it was copied */
	clock_jump(s.clock, clock_monotonic(s.clock) + 3);
	trace_add(&s.trace, "second");
	const struct trace_event *ev = s.trace.first;
	assert_string_equal(ev->type, "first");
	assert_int_equal(ev->wall_ns, 7);
	assert_int_equal(ev->seq, 0);
	assert_str(ev->first->text, "abc");
	assert_int_equal(ev->first->next->kind, TRACE_NUMBER);
	assert_true(ev->first->next->number > 1.4);
	assert_true(ev->first->next->next->truth);
	assert_null(ev->first->next->next->next);
	assert_string_equal(ev->next->type, "second");
	assert_int_equal(ev->next->seq, 1);
	assert_int_equal(ev->next->wall_ns, 10);
	assert_null(ev->next->next);
	end(&s);
}

TEST(beyond_the_limit_events_are_only_counted)
{
	struct setup s;
	begin(&s);
	for (int i = 0; i < TRACE_EVENTS_MAX; i++)
		assert_non_null(trace_add(&s.trace, "e"));
	assert_null(trace_add(&s.trace, "e"));
	assert_null(trace_add(&s.trace, "e"));
	assert_int_equal(s.trace.count, TRACE_EVENTS_MAX);
	assert_int_equal(s.trace.dropped, 2);
	end(&s);
}

TEST(a_trace_can_be_printed_as_json)
{
	struct arena arena;
	struct trace t;
	scoped(buf_fini) struct buf out = BUF_INIT(4096);
	struct clock *clock = clock_virtual_new(12345678901234567890u);
	arena_init(&arena);
	trace_off(&t);
	trace_print_json(&t, &out);
	assert_str(buf_str(&out), "[]");
	trace_on(&t, &arena, clock);
	struct trace_event *ev = trace_add(&t, "fetch");
	trace_str(&t, ev, "url", STR("a\"b"));
	trace_number(&t, ev, "bytes", 12.5);
	trace_number(&t, ev, "nothing", 0.0 / 0.0);
	trace_bool(&t, ev, "done", true);
	trace_add(&t, "log");
	buf_reset(&out);
	trace_print_json(&t, &out);
	assert_str(buf_str(&out),
		   "[{\"seq\": 0, \"wallNs\": \"12345678901234567890\", \"type\": \"fetch\", "
		   "\"url\": \"a\\\"b\", \"bytes\": 12.5, \"nothing\": null, \"done\": true},\n "
		   "{\"seq\": 1, \"wallNs\": \"12345678901234567890\", \"type\": \"log\"}]");
	clock_destroy(&clock);
	arena_fini(&arena);
}
