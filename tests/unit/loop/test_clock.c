/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/clock.h"
#include "support/test.h"

enum { START_S = 1700000000 };

TEST(a_virtual_clock_stands_still)
{
	scoped(clock_destroy) struct clock *c = clock_virtual_new(START_S * NS_PER_S);
	uint64_t before = clock_monotonic(c);
	for (volatile int i = 0; i < 1000000; i++)
		;
	assert_true(clock_monotonic(c) == before);
	assert_true(clock_wall(c) == START_S * NS_PER_S);
	assert_true(before > 0);
}

TEST(a_jump_moves_both_times_and_never_back)
{
	scoped(clock_destroy) struct clock *c = clock_virtual_new(START_S * NS_PER_S);
	uint64_t before = clock_monotonic(c);
	assert_true(clock_jump(c, before + 90 * NS_PER_S));
	assert_true(clock_monotonic(c) == before + 90 * NS_PER_S);
	assert_true(clock_wall(c) == (START_S + 90) * NS_PER_S);
	assert_true(clock_jump(c, before));
	assert_true(clock_monotonic(c) == before + 90 * NS_PER_S);
}

TEST(the_wall_may_be_set_back_and_timers_do_not_notice)
{
	scoped(clock_destroy) struct clock *c = clock_virtual_new(START_S * NS_PER_S);
	uint64_t monotonic = clock_monotonic(c);
	clock_virtual_set_wall(c, 0);
	assert_true(clock_wall(c) == 0);
	assert_true(clock_monotonic(c) == monotonic);
	clock_jump(c, monotonic + 5);
	assert_true(clock_wall(c) == 5);
}

TEST(the_system_clock_moves_by_itself_and_by_nothing_else)
{
	scoped(clock_destroy) struct clock *c = clock_system_new();
	uint64_t before = clock_monotonic(c);
	assert_false(clock_jump(c, before + 1000 * NS_PER_S));
	assert_true(clock_monotonic(c) >= before);
	assert_true(clock_monotonic(c) < before + 1000 * NS_PER_S);
	assert_true(clock_wall(c) > START_S * NS_PER_S);
}

TEST(cpu_time_counts_work)
{
	uint64_t before = cpu_time_ns();
	for (volatile int i = 0; i < 3000000; i++)
		;
	assert_true(cpu_time_ns() > before);
}

TEST(destroying_nothing_is_fine)
{
	struct clock *c = NULL;
	clock_destroy(&c);
	c = clock_system_new();
	clock_destroy(&c);
	assert_null(c);
}
