/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/result.h"

#include "support/test.h"

enum { CAP = 1 << 20 };

static const struct str suites[] = { STR_INIT("one"), STR_INIT("") };

static const struct test_result full = {
	.index = 3,
	.suites = suites,
	.suite_count = 2,
	.name = STR_INIT("name\0with a zero"),
	.line = 7,
	.column = 9,
	.status = TEST_FAILED,
	.message = STR_INIT("message"),
	.text = STR_INIT("text"),
	.failed = { STR_INIT("helper.ts"), 4, 5 },
	.ns = 123,
	.trace = STR_INIT("trace"),
	.command = STR_INIT("command"),
};

TEST(a_result_goes_through_bytes_and_back)
{
	scoped(arena_fini) struct arena a = { 0 };
	scoped(buf_fini) struct buf b = BUF_INIT(CAP);
	struct test_result r;
	test_result_pack(&full, CAP, &b);
	assert_true(test_result_unpack(buf_str(&b), &a, &r));
	assert_int_equal(r.index, 3);
	assert_int_equal(r.suite_count, 2);
	assert_str(r.suites[0], "one");
	assert_int_equal(r.suites[1].len, 0);
	assert_true(str_eq(r.name, full.name));
	assert_int_equal(r.column, 9);
	assert_int_equal(r.status, TEST_FAILED);
	assert_str(r.message, "message");
	assert_str(r.text, "text");
	assert_str(r.failed.file, "helper.ts");
	assert_int_equal(r.failed.column, 5);
	assert_str(r.trace, "trace");
	assert_str(r.command, "command");
}

TEST(bytes_that_are_cut_or_longer_are_no_result)
{
	scoped(arena_fini) struct arena a = { 0 };
	scoped(buf_fini) struct buf b = BUF_INIT(CAP);
	struct test_result r;
	test_result_pack(&full, CAP, &b);
	for (size_t len = 0; len < b.len; len++)
		assert_false(test_result_unpack(str_sub(buf_str(&b), 0, len), &a, &r));
	buf_add_char(&b, 'x');
	assert_false(test_result_unpack(buf_str(&b), &a, &r));
}

TEST(long_texts_are_cut)
{
	scoped(arena_fini) struct arena a = { 0 };
	scoped(buf_fini) struct buf b = BUF_INIT(CAP);
	struct test_result r;
	test_result_pack(&full, 2, &b);
	assert_true(test_result_unpack(buf_str(&b), &a, &r));
	assert_str(r.text, "te");
	assert_str(r.trace, "tr");
}

TEST(a_title_names_the_groups)
{
	scoped(buf_fini) struct buf b = BUF_INIT(CAP);
	test_title_print(&(struct test_result){ .suites = suites, .suite_count = 1, .name = STR("n") }, &b);
	assert_str(buf_str(&b), "one > n");
	buf_reset(&b);
	test_title_print(&(struct test_result){ .name = STR("n") }, &b);
	assert_str(buf_str(&b), "n");
}
