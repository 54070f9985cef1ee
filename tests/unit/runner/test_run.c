/* SPDX-License-Identifier: Apache-2.0 */
#include "run_setup.h"

#include <stdatomic.h>
#include <sys/mman.h>

const struct fake_test *fake_tests;
_Atomic uint32_t *wavering;

/* A counter that all processes share. */
static void share_wavering(void)
{
	if (!wavering)
		wavering = mmap(NULL, sizeof *wavering, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				-1, 0);
	assert_true(wavering != MAP_FAILED);
	*wavering = 0;
}

static void assert_has(struct str text, const char *part)
{
	if (str_find(text, str_from(part)) == STR_NONE)
		fail_msg("%s\nis not in\n%.*s", part, (int)text.len, text.ptr);
}

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
	struct str text = k.results[3].text;
	assert_str(str_split(&text, '\n'),
		   "a:4: the test took longer than 0.3 s and was stopped (--timeout)");
	assert_true(!text.len || str_starts(text, STR("    backtrace of the process:\n      ")));
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

TEST(snapshots_are_those_of_each_files_first_pass)
{
	static const struct fake_test tests[] = { { "one", passes }, { 0 } };
	struct kept kept;
	struct run_totals t = run_fakes(tests, 2, (struct run_options){ .repeat = 3 }, &kept);
	assert_int_equal(t.snapshots_written, 2);
	assert_int_equal(t.snapshots_updated, 4);
	assert_int_equal(t.snapshots_removed, 6);
	assert_int_equal(t.snapshots_obsolete, 4);
	assert_int_equal(kept.obsolete_count, 4);
	assert_string_equal(kept.obsolete[1], "a: two 1");
	assert_string_equal(kept.obsolete[2], "b: one 1");
	arena_fini(&kept.arena);
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
	test_filter_destroy(&filter);
	assert_false(test_filter_new(&filter, STR("("), &e));
	assert_non_null(strstr(e.text, "--filter ("));
	arena_fini(&k.arena);
}

/* ---- flakes ---- */

static enum test_status leans_on_the_first(const struct fake_run *run)
{
	return run->ran[0] ? TEST_PASSED : TEST_FAILED;
}

static enum test_status is_spoiled_by_the_third(const struct fake_run *run)
{
	return run->ran[2] ? TEST_FAILED : TEST_PASSED;
}

static enum test_status needs_two(const struct fake_run *run)
{
	return run->ran[0] && run->ran[1] ? TEST_PASSED : TEST_FAILED;
}

/* Another outcome each time a process runs it: nothing decides it but how often it was run. */
static enum test_status wavers(const struct fake_run *run)
{
	(void)run;
	return atomic_fetch_add(wavering, 1) % 2 ? TEST_FAILED : TEST_PASSED;
}

TEST(repeated_tests_are_told_apart_by_what_their_outcome_depends_on)
{
	static const struct fake_test tests[] = {
		{ "one", passes }, { "odd", wants_even }, { "wavers", wavers }, { "never", fails }, { 0 }
	};
	struct kept k;
	share_wavering();
	struct run_totals t =
		run_fakes(tests, 1, (struct run_options){ .seed = 4, .repeat = 6, .jobs = 1 }, &k);
	assert_int_equal(t.passed, 1);
	assert_int_equal(t.failed, 3);
	assert_int_equal(t.flaky, 2);
	assert_int_equal(t.requests, 24);
	assert_int_equal(k.results[0].runs, 6);
	assert_int_equal(k.results[1].flake, TEST_SEED_DEPENDS);
	assert_int_equal(k.results[1].runs_failed, 3);
	assert_int_equal(k.results[1].seed, 5);
	assert_has(k.results[1].text, "fails with --seed 5, passes with --seed 4");
	assert_int_equal(k.results[2].flake, TEST_ENGINE_BUG);
	assert_int_equal(k.results[3].flake, TEST_STEADY);
	arena_fini(&k.arena);
}

TEST(a_random_order_finds_the_test_that_another_needs)
{
	static const struct fake_test tests[] = { { "first", passes },
						  { "leans", leans_on_the_first },
						  { "both", needs_two },
						  { "never", fails },
						  { 0 } };
	struct kept k;
	/* A seed with which "leans" runs before "first". */
	uint32_t order[4], seed = 0;
	size_t first = 0, leans = 0;
	do {
		for (uint32_t i = 0; i < 4; i++)
			order[i] = i;
		executor_order(order, 4, ++seed);
		for (size_t i = 0; i < 4; i++) {
			first = order[i] == 0 ? i : first;
			leans = order[i] == 1 ? i : leans;
		}
	} while (leans > first);
	struct run_totals t =
		run_fakes(tests, 1, (struct run_options){ .seed = seed, .shuffle = true, .command = "test" },
			  &k);
	assert_int_equal(t.passed, 1);
	assert_int_equal(k.results[1].flake, TEST_ORDER_DEPENDS);
	assert_has(k.results[1].text, "fails unless \"outer > inner > first\" (a:1) has run before it");
	assert_has(k.results[1].command, " --order random a");
	assert_int_equal(k.results[3].flake, TEST_STEADY);
	arena_fini(&k.arena);
}

TEST(a_random_order_finds_the_test_that_spoils_another)
{
	static const struct fake_test tests[] = { { "first", passes },
						  { "victim", is_spoiled_by_the_third },
						  { "third", passes },
						  { "four", passes },
						  { 0 } };
	struct kept k;
	bool found = false;
	for (uint32_t seed = 0; seed < 20 && !found; seed++) {
		run_fakes(tests, 1, (struct run_options){ .seed = seed, .shuffle = true }, &k);
		if (k.results[1].status == TEST_FAILED) {
			found = true;
			assert_int_equal(k.results[1].flake, TEST_ORDER_DEPENDS);
			assert_has(
				k.results[1].text,
				"passes alone, fails when \"outer > inner > third\" (a:3) has run before it");
		}
		arena_fini(&k.arena);
	}
	assert_true(found);
}

TEST(a_run_that_is_not_deterministic_says_where_it_differs)
{
	static const struct fake_test tests[] = { { "one", passes }, { "traces", passes }, { 0 } };
	struct kept k;
	struct run_totals t =
		run_fakes(tests, 2, (struct run_options){ .check_determinism = true, .repeat = 2 }, &k);
	assert_int_equal(t.passed, 4);
	assert_int_equal(k.results[0].runs, 4);
	arena_fini(&k.arena);
	static const struct fake_test odd[] = { { "one", passes }, { "trace differs", passes }, { 0 } };
	share_wavering();
	t = run_fakes(odd, 1, (struct run_options){ .check_determinism = true }, &k);
	assert_int_equal(t.passed, 1);
	assert_int_equal(t.failed, 1);
	assert_int_equal(k.results[1].flake, TEST_ENGINE_BUG);
	assert_has(k.results[1].text, "two runs with the same seed differ first in event 3:\n");
	arena_fini(&k.arena);
}

TEST(what_takes_longest_is_begun_first_and_remembered)
{
	static const struct fake_test tests[] = { { "one", passes }, { 0 } };
	struct kept k;
	struct timings *timings = timings_new("/");
	timings_put(timings, "b", 5000);
	run_fakes(tests, 2, (struct run_options){ .timings = timings }, &k);
	assert_int_equal(timings_get(timings, "a"), 1000);
	assert_int_equal(timings_get(timings, "b"), 1000);
	arena_fini(&k.arena);
	timings_put(timings, "b", 5000);
	struct test_filter *filter;
	struct error e;
	assert_true(test_filter_new(&filter, STR("one"), &e));
	run_fakes(tests, 2, (struct run_options){ .timings = timings, .filter = filter }, &k);
	assert_int_equal(timings_get(timings, "b"), 5000); /* with a filter it is not all of the file */
	test_filter_destroy(&filter);
	arena_fini(&k.arena);
	timings_destroy(&timings);
}
