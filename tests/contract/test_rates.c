/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of world/rates.h. A subject holds two entries of each kind at most; time begins in mid-second.
 */
#include <stdio.h>
#include <string.h>

#include "contract/contract.h"
#include "loop/clock.h"
#include "world/rates.h"

#define START_NS (1000 * NS_PER_S + 300 * NS_PER_MS)
enum { FAR_AWAY = 1000000000, MINUTE = 60 };

struct subject {
	struct rates *rates, *parent;
	uint64_t now;
};

static struct rates *memory(struct subject *s)
{
	(void)s;
	return rates_memory_new(2);
}

static struct rates *fork_of_memory(struct subject *s)
{
	s->parent = memory(s);
	return rates_fork(s->parent);
}

static struct rates *failing_later(struct subject *s)
{
	return rates_failing_new(memory(s), FAR_AWAY);
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, memory)               \
	X(promise, fork_of_memory)       \
	X(promise, failing_later)

static void begin(struct subject *s, struct rates *(*make)(struct subject *))
{
	*s = (struct subject){ .now = START_NS };
	s->rates = make(s);
}

static void end(struct subject *s)
{
	rates_destroy(&s->rates);
	rates_destroy(&s->parent);
}

static void add(struct subject *s, const char *counter, const char *entry, uint32_t delta)
{
	struct error e;
	assert_true(rates_add(s->rates, s->now, str_from(counter), str_from(entry), delta, &e));
}

static uint64_t count(struct subject *s, const char *counter, const char *entry, uint32_t window_s)
{
	struct error e;
	uint64_t n;
	assert_true(rates_count(s->rates, s->now, str_from(counter), str_from(entry), window_s, &n, &e));
	return n;
}

static uint32_t rate(struct subject *s, const char *entry, uint32_t window_s)
{
	struct error e;
	uint32_t n;
	assert_true(rates_rate(s->rates, s->now, STR("c"), str_from(entry), window_s, &n, &e));
	return n;
}

static void penalize(struct subject *s, const char *box, const char *entry, uint32_t ttl_s)
{
	struct error e;
	assert_true(rates_penalize(s->rates, s->now, str_from(box), str_from(entry), ttl_s, &e));
}

static uint64_t left(struct subject *s, const char *box, const char *entry)
{
	struct error e;
	uint64_t ns;
	assert_true(rates_penalized(s->rates, s->now, str_from(box), str_from(entry), &ns, &e));
	return ns;
}

/* ---- counters ---- */

CONTRACT(what_was_never_incremented_counts_nothing)
{
	assert_int_equal(count(s, "c", "e", 60), 0);
	assert_int_equal(rate(s, "e", 1), 0);
	add(s, "c", "e", 0);
	assert_int_equal(count(s, "c", "e", 60), 0);
}

CONTRACT(increments_add_up_by_counter_and_entry)
{
	add(s, "c", "e", 1);
	add(s, "c", "e", 41);
	assert_int_equal(count(s, "c", "e", 10), 42);
	assert_int_equal(count(s, "c", "e", 1), 42);
	assert_int_equal(count(s, "c", "other", 10), 0);
	assert_int_equal(count(s, "other", "e", 10), 0);
	assert_int_equal(count(s, "ce", "", 10), 0); /* where one name ends is no matter of chance */
}

CONTRACT(a_window_holds_the_current_second_and_those_before_it)
{
	static const uint32_t windows[] = { 1, 10, 20, 30, 40, 50, 60 };
	for (size_t i = 0; i < COUNT_OF(windows); i++) {
		char entry[] = { (char)('a' + i), '\0' };
		uint64_t second = s->now / NS_PER_S * NS_PER_S;
		add(s, "c", entry, 7);
		s->now = second + windows[i] * NS_PER_S - 1;
		assert_int_equal(count(s, "c", entry, windows[i]), 7);
		s->now++;
		assert_int_equal(count(s, "c", entry, windows[i]), 0);
	}
}

CONTRACT(seconds_are_kept_apart)
{
	for (uint32_t i = 0; i < 100; i++) { /* one in the first second, two in the second … */
		add(s, "c", "e", i + 1);
		s->now += NS_PER_S;
	}
	s->now -= NS_PER_S;
	assert_int_equal(count(s, "c", "e", 1), 100);
	assert_int_equal(count(s, "c", "e", 10), 955);
	assert_int_equal(count(s, "c", "e", 60), 4230);
}

CONTRACT(time_set_backwards_loses_no_increment_of_now)
{
	add(s, "c", "e", 5);
	penalize(s, "box", "e", MINUTE);
	s->now -= 30 * NS_PER_S;
	add(s, "c", "e", 7);
	assert_true(count(s, "c", "e", 1) == 7 || count(s, "c", "e", 1) == 12);
	assert_true(count(s, "c", "e", 60) >= 7 && count(s, "c", "e", 60) <= 12);
	assert_true(left(s, "box", "e") >= MINUTE * NS_PER_S);
	s->now += 10 * MINUTE * NS_PER_S;
	assert_int_equal(count(s, "c", "e", 60), 0);
	assert_int_equal(left(s, "box", "e"), 0);
}

CONTRACT(a_rate_is_the_average_cut_to_a_whole_number)
{
	add(s, "c", "e", 119);
	assert_int_equal(rate(s, "e", 1), 119);
	assert_int_equal(rate(s, "e", 10), 11);
	assert_int_equal(rate(s, "e", 60), 1);
}

CONTRACT(a_full_counter_forgets_what_was_incremented_longest_ago)
{
	add(s, "c", "a", 1);
	s->now += NS_PER_S;
	add(s, "c", "b", 2);
	s->now += NS_PER_S;
	add(s, "c", "a", 4);
	add(s, "other", "c", 8);
	assert_int_equal(count(s, "c", "a", 60), 5);
	assert_int_equal(count(s, "c", "b", 60), 0);
	assert_int_equal(count(s, "other", "c", 60), 8);
	assert_int_equal(left(s, "box", "a"), 0);
}

CONTRACT(a_count_stops_at_what_can_be_said)
{
	for (int i = 0; i < 50000; i++)
		add(s, "c", "e", RATES_DELTA_MAX);
	assert_int_equal(count(s, "c", "e", 60), UINT32_MAX);
}

/* ---- boxes ---- */

CONTRACT(a_penalty_lasts_for_whole_minutes)
{
	assert_int_equal(left(s, "box", "e"), 0);
	penalize(s, "box", "e", 2 * MINUTE + 59);
	assert_int_equal(left(s, "box", "e"), 2 * MINUTE * NS_PER_S);
	assert_int_equal(left(s, "box", "other"), 0);
	assert_int_equal(left(s, "other", "e"), 0);
	s->now += 2 * MINUTE * NS_PER_S - 1;
	assert_int_equal(left(s, "box", "e"), 1);
	s->now++;
	assert_int_equal(left(s, "box", "e"), 0);
}

CONTRACT(the_last_penalty_counts)
{
	penalize(s, "box", "e", 60 * MINUTE);
	s->now += NS_PER_S;
	penalize(s, "box", "e", MINUTE);
	assert_int_equal(left(s, "box", "e"), MINUTE * NS_PER_S);
	penalize(s, "box", "e", 3 * MINUTE);
	assert_int_equal(left(s, "box", "e"), 3 * MINUTE * NS_PER_S);
}

CONTRACT(a_full_box_frees_who_has_the_least_left)
{
	penalize(s, "box", "long", 10 * MINUTE);
	penalize(s, "box", "short", MINUTE);
	penalize(s, "box", "new", 5 * MINUTE);
	assert_true(left(s, "box", "long") > 0);
	assert_int_equal(left(s, "box", "short"), 0);
	assert_true(left(s, "box", "new") > 0);
}

CONTRACT(who_is_free_takes_nobodys_place)
{
	penalize(s, "box", "a", MINUTE);
	penalize(s, "box", "b", 10 * MINUTE);
	s->now += MINUTE * NS_PER_S;
	penalize(s, "box", "c", 2 * MINUTE);
	assert_true(left(s, "box", "b") > 0);
	assert_true(left(s, "box", "c") > 0);
}

/* ---- both ---- */

static struct rates_check check(struct subject *s, uint32_t delta, uint32_t window_s, uint32_t limit)
{
	struct error e;
	struct rates_check c = { .counter = STR("c"),
				 .entry = STR("e"),
				 .box = STR("box"),
				 .delta = delta,
				 .window_s = window_s,
				 .limit = limit,
				 .ttl_s = MINUTE };
	assert_true(rates_check(s->rates, s->now, &c, &e));
	return c;
}

CONTRACT(what_exceeds_the_limit_is_penalised)
{
	struct rates_check c = check(s, 100, 10, 10);
	assert_int_equal(c.count, 100);
	assert_false(c.over);
	assert_false(c.blocked);
	c = check(s, 1, 10, 10);
	assert_int_equal(c.count, 101);
	assert_true(c.over);
	assert_true(c.blocked);
	assert_int_equal(left(s, "box", "e"), MINUTE * NS_PER_S);
}

CONTRACT(who_is_in_the_box_is_blocked_until_the_penalty_ends)
{
	check(s, 11, 1, 10);
	s->now += 30 * NS_PER_S;
	struct rates_check c = check(s, 1, 1, 10);
	assert_false(c.over);
	assert_true(c.blocked);
	s->now += 30 * NS_PER_S;
	c = check(s, 1, 1, 10);
	assert_false(c.blocked);
}

CONTRACT(bounds_are_checked_and_nothing_is_done_then)
{
	char long_name[RATES_NAME_BYTES_MAX + 2] = { 0 };
	struct error e;
	uint64_t n;
	uint32_t r;
	memset(long_name, 'x', RATES_NAME_BYTES_MAX + 1);
	struct str too_long = str_from(long_name), fits = str_sub(too_long, 1, too_long.len);
	assert_false(rates_add(s->rates, s->now, too_long, STR("e"), 1, &e));
	assert_error(&e, INVALID, "the name of the rate counter has 257 bytes, more than 256");
	assert_false(rates_add(s->rates, s->now, STR("c"), too_long, 1, &e));
	assert_error(&e, INVALID, "the entry has 257 bytes");
	assert_true(rates_add(s->rates, s->now, fits, fits, 1, &e));
	assert_true(rates_count(s->rates, s->now, fits, fits, 60, &n, &e));
	assert_int_equal(n, 1);
	assert_false(rates_add(s->rates, s->now, STR("c"), STR("e"), RATES_DELTA_MAX + 1, &e));
	assert_error(&e, INVALID, "100001 is no increment");
	for (uint32_t i = 0; i < 100; i++) {
		bool window = i == 1 || (i && i % 10 == 0 && i <= 60);
		assert_int_equal(rates_count(s->rates, s->now, STR("c"), STR("e"), i, &n, &e), window);
		assert_int_equal(rates_rate(s->rates, s->now, STR("c"), STR("e"), i, &r, &e),
				 i == 1 || i == 10 || i == 60);
	}
	assert_false(rates_penalize(s->rates, s->now, STR("box"), STR("e"), MINUTE - 1, &e));
	assert_error(&e, INVALID, "59 seconds is no penalty: it is from 60 to 3600");
	assert_false(rates_penalize(s->rates, s->now, STR("box"), STR("e"), 60 * MINUTE + 1, &e));
	assert_false(rates_penalize(s->rates, s->now, too_long, STR("e"), MINUTE, &e));
	assert_error(&e, INVALID, "penalty box");
	struct rates_check c = { STR("c"), STR("e"), STR("box"), 1, 10, 10, MINUTE - 1, 0, false, false };
	assert_false(rates_check(s->rates, s->now, &c, &e));
	c.ttl_s = MINUTE;
	c.limit = RATES_LIMIT_MAX + 1;
	assert_false(rates_check(s->rates, s->now, &c, &e));
	c.limit = 10;
	c.window_s = 20;
	assert_false(rates_check(s->rates, s->now, &c, &e));
	assert_int_equal(count(s, "c", "e", 60), 0);
	assert_int_equal(left(s, "box", "e"), 0);
}

CONTRACT(a_fork_and_its_origin_do_not_see_each_others_increments)
{
	struct error e;
	uint64_t n;
	add(s, "c", "e", 1);
	penalize(s, "box", "e", MINUTE);
	struct rates *child = rates_fork(s->rates);
	add(s, "c", "e", 2);
	assert_true(rates_add(child, s->now, STR("c"), STR("e"), 4, &e));
	assert_true(rates_penalize(child, s->now, STR("box"), STR("e"), 2 * MINUTE, &e));
	assert_int_equal(count(s, "c", "e", 60), 3);
	assert_int_equal(left(s, "box", "e"), MINUTE * NS_PER_S);
	assert_true(rates_count(child, s->now, STR("c"), STR("e"), 60, &n, &e));
	assert_int_equal(n, 5);
	rates_destroy(&child);
	assert_int_equal(count(s, "c", "e", 60), 3);
}

/* ---- faults and masses ---- */

TEST(a_failure_is_told_and_the_next_call_works)
{
	for (unsigned nth = 0; nth < 4; nth++) { /* add, count, penalize, penalized */
		struct error e;
		struct rates *r = rates_failing_new(rates_memory_new(10), nth);
		struct rates_check c = { STR("c"), STR("e"), STR("box"), 11, 1, 10, MINUTE, 0, false, false };
		assert_false(rates_check(r, START_NS, &c, &e));
		assert_error(&e, IO, "fault injected");
		assert_true(rates_check(r, START_NS, &c, &e));
		assert_true(c.blocked);
		rates_destroy(&r);
	}
}

TEST(a_million_entries_do_not_take_more_room_than_the_bound)
{
	enum { ENTRIES = 1000000, BOUND = 1000 };
	struct subject s = { .rates = rates_memory_new(BOUND), .now = START_NS };
	char entry[32];
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(entry, sizeof entry, "%d", i);
		add(&s, "c", entry, 1);
		s.now += NS_PER_MS;
	}
	snprintf(entry, sizeof entry, "%d", ENTRIES - BOUND);
	assert_int_equal(count(&s, "c", entry, 60), 1);
	snprintf(entry, sizeof entry, "%d", ENTRIES - BOUND - 1);
	assert_int_equal(count(&s, "c", entry, 60), 0);
	end(&s);
}

CONTRACT(an_entry_that_is_forgotten_was_never_there)
{
	add(s, "c", "e", 5);
	penalize(s, "c", "e", MINUTE);
	assert_true(rates_forget(s->rates, false, STR("c"), STR("e")));
	assert_int_equal(count(s, "c", "e", 60), 0);
	assert_true(left(s, "c", "e") > 0);
	assert_true(rates_forget(s->rates, true, STR("c"), STR("e")));
	assert_int_equal(left(s, "c", "e"), 0);
	assert_false(rates_forget(s->rates, true, STR("c"), STR("e")));
	assert_false(rates_forget(s->rates, false, STR("d"), STR("e")));
}

CONTRACT(entries_can_be_gone_through)
{
	struct rates_item i = { 0 }, boxed = { 0 };
	add(s, "counter", "one", 1);
	add(s, "counter", "two", 1);
	penalize(s, "box", "three", MINUTE);
	assert_true(rates_next(s->rates, false, &i));
	assert_str(i.name, "counter");
	assert_str(i.entry, "one");
	assert_true(rates_next(s->rates, false, &i));
	assert_str(i.entry, "two");
	assert_false(rates_next(s->rates, false, &i));
	assert_true(rates_next(s->rates, true, &boxed));
	assert_str(boxed.name, "box");
	assert_str(boxed.entry, "three");
	assert_false(rates_next(s->rates, true, &boxed));
}
