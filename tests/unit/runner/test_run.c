/* SPDX-License-Identifier: Apache-2.0 */
#include "run_setup.h"

const struct fake_test *fake_tests;

static enum test_status passes(const struct fake_run *run)
{
	(void)run;
	return TEST_PASSED;
}

static enum test_status fails(const struct fake_run *run)
{
	(void)run;
	return TEST_FAILED;
}

static enum test_status skips(const struct fake_run *run)
{
	(void)run;
	return TEST_SKIPPED;
}

static enum test_status is_planned(const struct fake_run *run)
{
	(void)run;
	return TEST_TODO;
}

static enum test_status crashes(const struct fake_run *run)
{
	(void)run;
	_exit(7);
	return TEST_PASSED;
}

static enum test_status hangs(const struct fake_run *run)
{
	(void)run;
	pause();
	return TEST_PASSED;
}

/* Passes with even seeds alone. */
static enum test_status wants_even(const struct fake_run *run)
{
	return run->seed % 2 ? TEST_FAILED : TEST_PASSED;
}

static enum test_status crashes_when_odd(const struct fake_run *run)
{
	if (run->seed % 2)
		_exit(7);
	return TEST_PASSED;
}

TEST(each_status_is_counted_and_reported_in_order)
{
	static const struct fake_test tests[] = {
		{ "one", passes }, { "two", fails }, { "three", skips }, { "four", is_planned }, { 0 }
	};
	struct kept k;
	struct run_totals t = run_fakes(tests, 2, (struct run_options){ .seed = 5 }, &k);
	assert_int_equal(t.passed, 2);
	assert_int_equal(t.failed, 2);
	assert_int_equal(t.skipped, 2);
	assert_int_equal(t.todo, 2);
	assert_int_equal(t.requests, 8);
	assert_int_equal(k.count, 8);
	for (size_t i = 0; i < k.count; i++) {
		assert_string_equal(k.results[i].file, i < 4 ? "a" : "b");
		assert_int_equal(k.results[i].index, i % 4);
		assert_int_equal(k.results[i].suite_count, 2);
		assert_str(k.results[i].suites[1], "inner");
		assert_int_equal(k.results[i].runs, 1);
	}
	assert_str(k.results[1].text, "it failed\n");
	assert_int_equal(k.results[1].seed, 5);
	arena_fini(&k.arena);
}

TEST(a_test_that_crashes_or_hangs_costs_itself_and_is_named)
{
	static const struct fake_test tests[] = { { "one", passes },  { "dies", crashes }, { "two", passes },
						  { "waits", hangs }, { "three", passes }, { 0 } };
	struct kept k;
	struct run_totals t = run_fakes(tests, 1, (struct run_options){ .timeout_ns = 300000000 }, &k);
	assert_int_equal(t.passed, 3);
	assert_int_equal(t.failed, 2);
	assert_str(k.results[1].name, "dies");
	assert_str(k.results[1].suites[0], "outer");
	assert_str(k.results[1].message, "the test made its worker process crash (exit code 7)");
	assert_str(k.results[3].text, "a:4: the test took longer than 0.3 s and was stopped (--timeout)\n");
	arena_fini(&k.arena);
}

TEST(a_test_that_passes_when_it_is_run_again_is_flaky)
{
	static const struct fake_test tests[] = {
		{ "one", passes },  { "odd", wants_even }, { "dies", crashes_when_odd },
		{ "never", fails }, { "two", passes },     { 0 }
	};
	struct kept k;
	struct run_totals t = run_fakes(tests, 1, (struct run_options){ .seed = 7, .retry = 2 }, &k);
	assert_int_equal(t.passed, 4);
	assert_int_equal(t.failed, 1);
	assert_int_equal(t.flaky, 2);
	for (size_t i = 1; i <= 2; i++) {
		assert_int_equal(k.results[i].status, TEST_PASSED);
		assert_int_equal(k.results[i].flake, TEST_FLAKY);
		assert_int_equal(k.results[i].runs, 2);
		assert_int_equal(k.results[i].runs_failed, 1);
		assert_int_equal(k.results[i].seed, 7);
		assert_true(k.results[i].text.len > 0); /* why it failed is not hidden */
	}
	assert_int_equal(k.results[3].runs, 3);
	assert_int_equal(k.results[3].flake, TEST_STEADY);
	assert_int_equal(k.results[4].runs, 1);
	arena_fini(&k.arena);
}

TEST(bail_counts_a_failure_only_when_it_is_not_run_again)
{
	static const struct fake_test tests[] = {
		{ "odd", wants_even }, { "never", fails }, { "two", passes }, { 0 }
	};
	struct kept k;
	struct run_options options = { .seed = 1, .retry = 1, .bail = true, .jobs = 1 };
	struct run_totals t = run_fakes(tests, 2, options, &k);
	assert_int_equal(t.passed, 1);
	assert_int_equal(t.failed, 1);
	assert_int_equal(k.count, 2);
	arena_fini(&k.arena);
}

TEST(a_filter_sees_file_and_name)
{
	static const struct fake_test tests[] = { { "one", passes }, { "two", fails }, { 0 } };
	struct kept k;
	struct error e;
	struct test_filter *filter;
	assert_true(test_filter_new(&filter, STR("^fake: one$"), &e));
	struct run_totals t = run_fakes(tests, 1, (struct run_options){ .filter = filter }, &k);
	assert_int_equal(t.passed, 1);
	assert_int_equal(t.failed, 0);
	assert_false(test_filter_new(&filter, STR("("), &e));
	assert_non_null(strstr(e.text, "--filter ("));
	test_filter_destroy(&filter);
	arena_fini(&k.arena);
}
