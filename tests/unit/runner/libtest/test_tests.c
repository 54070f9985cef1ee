/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/libtest/tests.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

#define LIST "a::one: test\na::two: test\nb: benchmark\nfile.rs - f<T> (line 3): test\n"
#define MODES                                                     \
	"\nrunning 3 tests\ntest a::one ... ignored\n"            \
	"test a::two - should panic ... ignored, why\nand more\n" \
	"test file.rs - f<T> (line 3) - should panic ... ignored\n\ntest result: ok. 0 passed\n\n"

static struct arena arena;
static struct libtest_tests tests;
static struct error e;

static bool read_all(const char *list, const char *ignored, const char *modes)
{
	return libtest_tests_read(&tests, str_from(list), &arena, &e) &&
	       libtest_tests_read_ignored(&tests, str_from(ignored), &e) &&
	       libtest_tests_read_modes(&tests, str_from(modes), &arena, &e);
}

TEST(the_answers_become_tests)
{
	assert_true(read_all(LIST, "a::two: test\n", MODES));
	assert_int_equal(tests.count, 4);
	assert_int_equal(tests.benches, 1);
	assert_str(tests.at[0].name, "a::one");
	assert_false(tests.at[0].ignored || tests.at[0].should_panic);
	assert_true(tests.at[1].ignored && tests.at[1].should_panic);
	assert_str(tests.at[1].ignored_why, "why");
	assert_true(tests.at[2].bench);
	assert_str(tests.at[3].name, "file.rs - f<T> (line 3)");
	assert_true(tests.at[3].should_panic && !tests.at[3].ignored);
	arena_fini(&arena);
}

TEST(benchmarks_are_left_out_by_name_when_modes_are_asked_for)
{
	assert_true(libtest_tests_read(&tests, STR(LIST), &arena, &e));
	const char *const *args = libtest_modes_args(&tests, &arena);
	size_t count = 0;
	while (args[count])
		count++;
	assert_string_equal(args[count - 2], "--skip");
	assert_string_equal(args[count - 1], "b");
	arena_fini(&arena);
}

TEST(a_program_without_tests_has_an_empty_list)
{
	assert_true(read_all("", "", "\nrunning 0 tests\n\ntest result: ok. 0 passed\n\n"));
	assert_int_equal(tests.count, 0);
	arena_fini(&arena);
}

TEST(answers_that_are_none_are_errors)
{
	assert_false(read_all("hello\n", "", ""));
	assert_error(&e, INVALID, "it answers --list with the line 'hello'");
	assert_false(read_all(": test\n", "", ""));
	assert_false(read_all(LIST, "c: test\n", MODES));
	assert_error(&e, INVALID, "it answers --list --ignored with the line 'c: test'");
	assert_false(read_all(LIST, "", "test a::one ... ok\n"));
	assert_error(&e, INVALID, "it does not say whether the test 'a::one' should panic");
	arena_fini(&arena);
}

static size_t planned(const struct libtest_options *o, struct libtest_plan *plan)
{
	libtest_plan(plan, &tests, o, &arena);
	assert_int_equal(plan->count + plan->filtered_out, tests.count);
	return plan->count;
}

TEST(filters_skips_and_exactness_choose)
{
	struct str one[] = { STR_INIT("a::"), STR_INIT("b") }, two[] = { STR_INIT("two") };
	struct libtest_plan plan;
	assert_true(read_all(LIST, "a::two: test\n", MODES));
	assert_int_equal(planned(&(struct libtest_options){ .filters = { one, 2 } }, &plan), 3);
	assert_int_equal(planned(&(struct libtest_options){ .filters = { one, 2 }, .exact = true }, &plan),
			 1);
	assert_int_equal(planned(&(struct libtest_options){ .filters = { one, 1 }, .skips = { two, 1 } },
				 &plan),
			 1);
	assert_int_equal(planned(&(struct libtest_options){ .ignored = true }, &plan), 1);
	assert_str(plan.at[0]->name, "a::two");
	assert_int_equal(planned(&(struct libtest_options){ .exclude_should_panic = true }, &plan), 2);
	arena_fini(&arena);
}

TEST(a_seed_gives_an_order_and_gives_it_again)
{
	struct libtest_plan first, again, other;
	char text[2000] = "";
	for (int i = 10; i < 60; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "t%d: test\n", i);
	assert_true(libtest_tests_read(&tests, str_from(text), &arena, &e));
	planned(&(struct libtest_options){ .shuffle = true, .seed = 1 }, &first);
	planned(&(struct libtest_options){ .shuffle = true, .seed = 1 }, &again);
	planned(&(struct libtest_options){ .shuffle = true, .seed = 2 }, &other);
	bool same = true, sorted = true;
	for (size_t i = 0; i < first.count; i++) {
		assert_ptr_equal(first.at[i], again.at[i]);
		same = same && first.at[i] == other.at[i];
		sorted = sorted && first.at[i] == &tests.at[i];
	}
	assert_false(same || sorted);
	arena_fini(&arena);
}

TEST(ignored_is_what_is_marked_or_what_cannot_be_run)
{
	const struct libtest_test plain = { .name = STR("a") },
				  marked = { .name = STR("b"), .ignored = true },
				  panics = { .name = STR("c"), .should_panic = true },
				  found = { .name = STR("d"), .should_panic = true, .word = 8 };
	const struct libtest_options none = { 0 }, all = { .include_ignored = true },
				     bench = { .bench = true };
	assert_false(libtest_is_ignored(&plain, &none));
	assert_true(libtest_is_ignored(&marked, &none));
	assert_false(libtest_is_ignored(&marked, &all));
	assert_true(libtest_is_ignored(&panics, &none));
	assert_true(libtest_is_ignored(&panics, &all));
	assert_false(libtest_is_ignored(&found, &none));
	assert_true(libtest_is_ignored(&plain, &bench));
}

/* ---- the program's memory ---- */

enum { BASE = 0x1000, DESCRIPTORS = 0x1100, DESCRIPTOR_WORDS = 12, IMAGE_BYTES = 0x400 };
static const char *const names[] = { "one", "three", "two" };
static uint32_t memory[IMAGE_BYTES / 4];

static void put_text(uint32_t address, const char *text)
{
	memcpy((char *)memory + (address - BASE), text, strlen(text));
}

/* A descriptor: the mode with its message, and `gap` words further its name. */
static void put_descriptor(size_t test, uint32_t mode, const char *message, size_t gap)
{
	uint32_t *at = memory + (DESCRIPTORS - BASE) / 4 + test * DESCRIPTOR_WORDS;
	uint32_t name = BASE + (uint32_t)test * 16, text = BASE + 0x80 + (uint32_t)test * 32;
	put_text(name, names[test]);
	put_text(text, message);
	at[0] = mode;
	at[1] = mode == 2 ? text : 0;
	at[2] = mode == 2 ? (uint32_t)strlen(message) : 0;
	at[gap] = name;
	at[gap + 1] = (uint32_t)strlen(names[test]);
	at[gap + 2] = 77 + (uint32_t)test; /* a line number */
}

static struct libtest_image make_image(size_t gap)
{
	static struct libtest_segment segment;
	memset(memory, 0, sizeof memory);
	put_descriptor(0, 0, "", gap);
	put_descriptor(1, 1, "", gap);
	put_descriptor(2, 2, "out of range", gap);
	segment = (struct libtest_segment){ BASE, { (const char *)memory, sizeof memory } };
	assert_true(libtest_tests_read(&tests, STR("one: test\nthree: test\ntwo: test\n"), &arena, &e));
	tests.at[1].should_panic = tests.at[2].should_panic = true;
	return (struct libtest_image){ &segment, 1 };
}

TEST(the_words_that_say_should_panic_are_found)
{
	for (size_t gap = 3; gap < 8; gap++) {
		struct libtest_image image = make_image(gap);
		libtest_find_words(&tests, &image);
		assert_int_equal(tests.at[0].word, 0);
		assert_int_equal(tests.at[1].word, DESCRIPTORS + DESCRIPTOR_WORDS * 4);
		assert_false(tests.at[1].expects);
		assert_int_equal(tests.at[2].word, DESCRIPTORS + 2 * DESCRIPTOR_WORDS * 4);
		assert_true(tests.at[2].expects);
		assert_str(tests.at[2].expected, "out of range");
	}
	arena_fini(&arena);
}

TEST(words_that_say_something_else_are_not_taken)
{
	struct libtest_image image = make_image(4);
	tests.at[0].should_panic = true; /* the program says so, and its memory does not */
	libtest_find_words(&tests, &image);
	assert_int_equal(tests.at[1].word, 0);
	make_image(4);
	memory[(DESCRIPTORS - BASE) / 4 + 2 * DESCRIPTOR_WORDS + 1] =
		0xfffffff0; /* a message outside of memory */
	libtest_find_words(&tests, &image);
	assert_int_equal(tests.at[1].word, 0);
	make_image(4);
	put_text(BASE + 16, "xxx"); /* a test whose name is nowhere */
	libtest_find_words(&tests, &image);
	assert_int_equal(tests.at[1].word, 0);
	arena_fini(&arena);
}

TEST(a_test_program_is_recognised_by_the_names_of_its_options)
{
	const struct libtest_segment all[] = { { 0,
						 STR_INIT("xx exclude-should-panic force-run-in-process") },
					       { 99, STR_INIT("RUST_TEST_THREADS") } };
	assert_true(libtest_recognise(&(struct libtest_image){ all, 2 }));
	assert_false(libtest_recognise(&(struct libtest_image){ all, 1 }));
	assert_false(libtest_recognise(&(struct libtest_image){ NULL, 0 }));
}
