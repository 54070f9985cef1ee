/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of loop/clock.h, and of a loop on every clock. */
#include <time.h>

#include "contract/contract.h"
#include "loop/loop.h"

struct subject {
	struct clock *clock;
	struct loop loop;
};

static struct clock *system_(void)
{
	return clock_system_new();
}

static struct clock *virtual_(void)
{
	return clock_virtual_new(UINT64_C(1700000000) * NS_PER_S);
}

static struct clock *virtual_in_real_time(void)
{
	struct clock *c = virtual_();
	clock_virtual_set_real(c, true);
	return c;
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, system_) X(promise, virtual_) X(promise, virtual_in_real_time)

static void begin(struct subject *s, struct clock *(*make)(void))
{
	s->clock = make();
	loop_init(&s->loop, s->clock);
}

static void end(struct subject *s)
{
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
	assert_null(s->clock);
	clock_destroy(&s->clock);
}

struct alarm {
	struct timer timer;
	int *next; /* shared counter */
	int order; /* when it fired */
	bool fired;
};

static void ring(struct timer *t)
{
	struct alarm *a = container_of(t, struct alarm, timer);
	a->fired = true;
	a->order = (*a->next)++;
}

CONTRACT(monotonic_time_never_goes_back)
{
	uint64_t last = clock_monotonic(s->clock);
	assert_true(last > 0);
	for (int i = 0; i < 1000; i++) {
		uint64_t now = clock_monotonic(s->clock);
		assert_true(now >= last);
		last = now;
	}
}

CONTRACT(wall_time_is_of_this_century)
{
	assert_true(clock_wall(s->clock) > UINT64_C(1600000000) * NS_PER_S);
	assert_true(clock_wall(s->clock) < UINT64_C(4100000000) * NS_PER_S);
}

CONTRACT(a_jump_into_the_past_changes_nothing)
{
	uint64_t before = clock_monotonic(s->clock);
	clock_jump(s->clock, before / 2);
	clock_jump(s->clock, 0);
	assert_true(clock_monotonic(s->clock) >= before);
}

CONTRACT(timers_fire_in_the_order_of_their_time_then_of_their_start)
{
	static const uint64_t after[] = { 3 * NS_PER_MS, NS_PER_MS, 0, NS_PER_MS, 2 * NS_PER_MS };
	static const int expected[] = { 4, 1, 0, 2, 3 };
	struct alarm alarms[COUNT_OF(after)] = { 0 };
	int next = 0;
	uint64_t start = clock_monotonic(s->clock);
	for (size_t i = 0; i < COUNT_OF(after); i++) {
		alarms[i].timer.fire = ring;
		alarms[i].next = &next;
		timer_start(&s->loop, &alarms[i].timer, after[i]);
	}
	assert_int_equal(loop_run(&s->loop, &alarms[0].fired, UINT64_MAX), LOOP_DONE);
	assert_true(clock_monotonic(s->clock) - start >= 3 * NS_PER_MS);
	for (size_t i = 0; i < COUNT_OF(after); i++)
		assert_int_equal(alarms[i].order, expected[i]);
}

CONTRACT(a_loop_gives_up_at_its_deadline)
{
	int next = 0;
	struct alarm never = { .timer.fire = ring, .next = &next };
	timer_start(&s->loop, &never.timer, 3600 * NS_PER_S);
	uint64_t deadline = clock_monotonic(s->clock) + NS_PER_MS;
	assert_int_equal(loop_run(&s->loop, &never.fired, deadline), LOOP_LATE);
	assert_true(clock_monotonic(s->clock) >= deadline);
	assert_false(never.fired);
	timer_stop(&s->loop, &never.timer);
}

CONTRACT(a_loop_without_anything_to_wait_for_says_so)
{
	bool never = false;
	assert_int_equal(loop_run(&s->loop, &never, UINT64_MAX), LOOP_STUCK);
}

TEST(the_systems_clock_moves_by_itself_and_cannot_be_moved)
{
	struct subject s;
	begin(&s, system_);
	uint64_t before = clock_monotonic(s.clock);
	assert_false(clock_jump(s.clock, before + 3600 * NS_PER_S));
	assert_true(clock_monotonic(s.clock) < before + 1800 * NS_PER_S);
	while (clock_monotonic(s.clock) == before)
		;
	assert_true(clock_wall(s.clock) / NS_PER_S + 5 > (uint64_t)time(NULL));
	end(&s);
}

TEST(a_virtual_clock_stands_still_until_it_is_moved)
{
	struct subject s;
	begin(&s, virtual_);
	uint64_t monotonic = clock_monotonic(s.clock), wall = clock_wall(s.clock);
	assert_int_equal(wall, UINT64_C(1700000000) * NS_PER_S);
	assert_int_equal(clock_monotonic(s.clock), monotonic);
	assert_true(clock_jump(s.clock, monotonic + 5));
	assert_int_equal(clock_monotonic(s.clock), monotonic + 5);
	assert_int_equal(clock_wall(s.clock), wall + 5);
	end(&s);
}

TEST(setting_the_wall_time_leaves_timers_alone)
{
	struct subject s;
	begin(&s, virtual_);
	uint64_t monotonic = clock_monotonic(s.clock);
	clock_virtual_set_wall(s.clock, 0);
	assert_int_equal(clock_wall(s.clock), 0);
	assert_int_equal(clock_monotonic(s.clock), monotonic);
	clock_jump(s.clock, monotonic + NS_PER_S);
	assert_int_equal(clock_wall(s.clock), NS_PER_S);
	end(&s);
}

TEST(a_day_passes_at_once_when_everybody_waits)
{
	struct subject s;
	int next = 0;
	struct alarm tomorrow = { .timer.fire = ring, .next = &next };
	begin(&s, virtual_);
	uint64_t before = clock_wall(s.clock);
	timer_start(&s.loop, &tomorrow.timer, 86400 * NS_PER_S);
	assert_int_equal(loop_run(&s.loop, &tomorrow.fired, UINT64_MAX), LOOP_DONE);
	assert_int_equal(clock_wall(s.clock) - before, 86400 * NS_PER_S);
	end(&s);
}

TEST(a_virtual_clock_in_real_time_goes_on_from_where_it_is_and_stands_again)
{
	struct subject s;
	begin(&s, virtual_);
	uint64_t wall = clock_wall(s.clock);
	clock_virtual_set_real(s.clock, true);
	assert_true(clock_virtual_is_real(s.clock));
	uint64_t monotonic = clock_monotonic(s.clock);
	assert_false(clock_jump(s.clock, monotonic + 3600 * NS_PER_S));
	while (clock_monotonic(s.clock) == monotonic)
		;
	clock_virtual_skip(s.clock, 3600 * NS_PER_S);
	uint64_t went = clock_wall(s.clock) - wall;
	assert_true(went > 3600 * NS_PER_S && went < 5400 * NS_PER_S);
	clock_virtual_set_real(s.clock, false);
	monotonic = clock_monotonic(s.clock);
	assert_true(clock_wall(s.clock) >= wall + went);
	assert_true(clock_jump(s.clock, monotonic + 5));
	assert_int_equal(clock_monotonic(s.clock), monotonic + 5);
	end(&s);
}
