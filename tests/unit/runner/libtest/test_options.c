/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/libtest/options.h"

#include <string.h>

#include "support/test.h"

static const char *const *environment; /* NAME, value, … */

static const char *lookup(void *data, const char *name)
{
	(void)data;
	for (const char *const *at = environment; at && *at; at += 2) {
		if (strcmp(*at, name) == 0)
			return at[1];
	}
	return NULL;
}

static struct arena arena;
static struct libtest_options o;
static struct error e;

static bool parse(const char *const *args)
{
	arena_reset(&arena);
	return libtest_options_parse(&o, args, lookup, NULL, &arena, &e);
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

TEST(nothing_given_runs_everything_that_is_not_ignored)
{
	const char *const none[] = { NULL };
	assert_true(parse(none));
	assert_false(o.list || o.ignored || o.include_ignored || o.nocapture || o.shuffle || o.exact);
	assert_int_equal(o.format, LIBTEST_PRETTY);
	assert_int_equal(o.threads, 0);
	assert_int_equal(o.filters.count, 0);
	arena_fini(&arena);
}

TEST(what_nextest_gives_is_understood)
{
	assert_true(PARSE("tests::adds", "--exact", "--nocapture"));
	assert_true(o.exact && o.nocapture);
	assert_int_equal(o.filters.count, 1);
	assert_str(o.filters.at[0], "tests::adds");
	assert_true(PARSE("--list", "--format", "terse", "--ignored"));
	assert_true(o.list && o.ignored);
	assert_int_equal(o.format, LIBTEST_TERSE);
	arena_fini(&arena);
}

TEST(values_stand_behind_or_inside)
{
	assert_true(PARSE("--skip=a", "--skip", "b", "--test-threads=3", "--format=json", "-Z",
			  "unstable-options", "--color", "never", "--logfile=log"));
	assert_int_equal(o.skips.count, 2);
	assert_str(o.skips.at[1], "b");
	assert_int_equal(o.threads, 3);
	assert_int_equal(o.format, LIBTEST_JSON);
	assert_int_equal(o.color, LIBTEST_COLOR_NEVER);
	assert_string_equal(o.logfile, "log");
	assert_true(PARSE("-qZunstable-options", "--shuffle-seed", "7"));
	assert_int_equal(o.format, LIBTEST_TERSE);
	assert_true(o.shuffle && o.seeded && o.seed == 7);
	arena_fini(&arena);
}

TEST(behind_two_dashes_everything_is_a_filter)
{
	assert_true(PARSE("a", "--", "--list", "-"));
	assert_false(o.list);
	assert_int_equal(o.filters.count, 3);
	arena_fini(&arena);
}

TEST(mistakes_are_told_in_libtest_s_words)
{
	static const struct {
		const char *args[3], *says;
	} mistakes[] = {
		{ { "--foo" }, "Unrecognized option: 'foo'" },
		{ { "-x" }, "Unrecognized option: 'x'" },
		{ { "--list=1" }, "Option 'list' does not take an argument" },
		{ { "--list", "--list" }, "Option 'list' given more than once" },
		{ { "--skip" }, "Argument to option 'skip' missing" },
		{ { "--test-threads=0" }, "argument for --test-threads must not be 0" },
		{ { "--test-threads=many" }, "argument for --test-threads must be a number > 0 (was many)" },
		{ { "--format", "xml" },
		  "argument for --format must be pretty, terse, json or junit (was xml)" },
		{ { "--color", "red" }, "argument for --color must be auto, always, or never (was red)" },
		{ { "--ignored", "--include-ignored" },
		  "the options --include-ignored and --ignored are mutually exclusive" },
		{ { "-Z", "x" }, "Unrecognized option to `Z`" },
		{ { "--shuffle-seed=-1" }, "argument for --shuffle-seed must be a number (was -1)" },
		{ { "--logfile=" }, "Argument to option 'logfile' missing" },
	};
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		const char *const args[] = { mistakes[i].args[0], mistakes[i].args[1], NULL };
		assert_false(parse(args));
		assert_string_equal(e.text, mistakes[i].says);
	}
	arena_fini(&arena);
}

TEST(the_environment_speaks_where_no_option_does)
{
	static const char *const set[] = { "RUST_TEST_THREADS",
					   "2",
					   "RUST_TEST_NOCAPTURE",
					   "1",
					   "RUST_TEST_SHUFFLE_SEED",
					   "5",
					   "RUST_TEST_TIME_UNIT",
					   "1,3",
					   NULL };
	static const char *const wrong[] = { "RUST_TEST_THREADS", "none", NULL };
	environment = set;
	assert_true(PARSE("x"));
	assert_true(o.threads == 2 && o.nocapture && o.shuffle && o.seed == 5 && o.critical_ms == 3);
	assert_true(PARSE("--test-threads", "4"));
	assert_int_equal(o.threads, 4);
	environment = wrong;
	assert_false(PARSE("x"));
	assert_error(&e, INVALID, "RUST_TEST_THREADS is `none`, should be a positive integer.");
	environment = NULL;
	arena_fini(&arena);
}
