/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/libtest/output.h"

#include "support/test.h"

#define HEAD "\nrunning 1 test\ntest a::b ... "
#define OK \
	"ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s\n\n"
#define FAILED                                                                                    \
	"FAILED\n\nfailures:\n\nfailures:\n    a::b\n\ntest result: FAILED. 0 passed; 1 failed; " \
	"0 ignored; 0 measured; 3 filtered out\n\n"

static struct buf printed;

static void print(void *data, struct str bytes)
{
	(void)data;
	buf_add(&printed, bytes);
}

static enum libtest_says hear(struct str text, size_t step)
{
	struct libtest_output o;
	buf_fini(&printed);
	buf_init(&printed, 1 << 20);
	libtest_output_init(&o, STR("a::b"), print, NULL);
	for (size_t at = 0; at < text.len; at += step)
		libtest_output_add(&o, str_sub(text, at, step));
	return libtest_output_end(&o);
}

/* Whatever the pieces it comes in. */
static void check(const char *text, enum libtest_says says, const char *prints)
{
	for (size_t step = 1; step < 300; step = step * 2 + 1) {
		assert_int_equal(hear(str_from(text), step), says);
		assert_str(buf_str(&printed), prints);
	}
	buf_fini(&printed);
}

TEST(what_libtest_says_is_told_from_what_the_test_prints)
{
	check(HEAD OK, LIBTEST_SAYS_OK, "");
	check(HEAD "hello\n" OK, LIBTEST_SAYS_OK, "hello\n");
	check(HEAD "no end of line" OK, LIBTEST_SAYS_OK, "no end of line");
	check(HEAD FAILED, LIBTEST_SAYS_FAILED, "");
	check(HEAD "x\n" FAILED, LIBTEST_SAYS_FAILED, "x\n");
	check(HEAD "before it died", LIBTEST_SAYS_NOTHING, "before it died");
	check(HEAD "o", LIBTEST_SAYS_NOTHING, "o");
}

TEST(what_looks_like_a_result_is_output_when_more_follows)
{
	check(HEAD OK "more\n" OK, LIBTEST_SAYS_OK, OK "more\n");
	check(HEAD FAILED OK, LIBTEST_SAYS_OK, FAILED);
	check(HEAD "FAILED\n\nfailures:\n" OK, LIBTEST_SAYS_OK, "FAILED\n\nfailures:\n");
	check(HEAD "ok\n\nok\n", LIBTEST_SAYS_NOTHING, "ok\n\nok\n");
	check(HEAD "ook\n" OK, LIBTEST_SAYS_OK, "ook\n");
}

TEST(a_test_that_is_not_run_or_not_there_is_no_result)
{
	check("\nrunning 1 test\ntest a::b - should panic ... ignored, why\n\ntest result: ok. 0 passed\n\n",
	      LIBTEST_SAYS_IGNORED, "");
	check("\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed\n\n", LIBTEST_SAYS_NONE, "");
}

TEST(another_heading_is_output)
{
	check("\nrunning 2 tests\n", LIBTEST_SAYS_NOTHING, "\nrunning 2 tests\n");
	check("hello\n", LIBTEST_SAYS_NOTHING, "hello\n");
	check("", LIBTEST_SAYS_NOTHING, "");
}

TEST(a_result_that_never_ends_is_not_held_for_ever)
{
	struct libtest_output o;
	buf_init(&printed, 8 << 20);
	libtest_output_init(&o, STR("a::b"), print, NULL);
	libtest_output_add(&o, STR(HEAD "FAILED\n\nfailures:\n"));
	for (int i = 0; i < 100000; i++)
		libtest_output_add(&o, STR("0123456789\n"));
	assert_true(printed.len > 1000000);
	assert_int_equal(libtest_output_end(&o), LIBTEST_SAYS_NOTHING);
	assert_int_equal(printed.len, 100000 * 11 + 18);
	buf_fini(&printed);
}
