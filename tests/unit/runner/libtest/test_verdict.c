/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/libtest/verdict.h"

#include "support/test.h"

#define PANIC \
	"\nthread 'main' (1) panicked at src/lib.rs:6:46:\ndivision of 1 by nothing\nnote: run with `RUST_BACKTRACE=1` environment\n"
#define TRACE                                                                                         \
	"error while executing at wasm backtrace:\n    0:  0xcdd71 - ct-89.wasm!abort\n"              \
	"    1:  0xc4a09 - ct-89.wasm!std[a88812da5ee6ad9e]::panicking::panic_with_hook\n"            \
	"    2:  0xd7150 - ct-89.wasm!core[9f8d08631ff90aa5]::panicking::panic_fmt\n"                 \
	"    3:   0x2ac9 - ct-89.wasm!ct::tests::<i32>::fails::h89b9ad87994bb237\n"                   \
	"   14:   0x24ab - ct-89.wasm!alloc[9f8d08631ff90aa5]::call::<x[1]>\n"                        \
	"   15:  0x8e871 - ct-89.wasm!test[21b4df1b1919455c]::__rust_begin_short_backtrace::<fn()>\n" \
	"   16:  0xa143f - ct-89.wasm!main\n"                                                         \
	"note: using the `WASMTIME_BACKTRACE_DETAILS=1` environment\n\nCaused by:\n"                  \
	"    wasm trap: wasm `unreachable` instruction executed"

static struct buf why = BUF_INIT(1 << 16), trace = BUF_INIT(1 << 16);

static enum libtest_verdict judge(struct libtest_end end)
{
	buf_reset(&why);
	buf_reset(&trace);
	return libtest_judge(&end, &why, &trace);
}

static const struct libtest_test plain = { .name = STR_INIT("a") },
				 panics = { .name = STR_INIT("b"), .should_panic = true },
				 expects = { .name = STR_INIT("c"),
					     .should_panic = true,
					     .expects = true,
					     .expected = STR_INIT("division of 1") };

TEST(a_result_and_a_good_end_make_it_pass)
{
	assert_int_equal(judge((struct libtest_end){
				 .test = &plain, .outcome = OUTCOME_OK, .says = LIBTEST_SAYS_OK }),
			 LIBTEST_OK);
	assert_int_equal(why.len + trace.len, 0);
	assert_int_equal(judge((struct libtest_end){ .test = &plain,
						     .outcome = OUTCOME_EXIT,
						     .exit_code = 101,
						     .says = LIBTEST_SAYS_FAILED }),
			 LIBTEST_FAILED);
	assert_int_equal(why.len + trace.len, 0);
}

TEST(whoever_ends_the_program_has_failed)
{
	assert_int_equal(judge((struct libtest_end){ .test = &plain, .outcome = OUTCOME_OK }),
			 LIBTEST_FAILED);
	assert_str(buf_str(&why), "the test ended the program (exit code 0) before it was over");
	assert_int_equal(judge((struct libtest_end){
				 .test = &plain, .outcome = OUTCOME_EXIT, .exit_code = 3 }),
			 LIBTEST_FAILED);
	assert_str(buf_str(&why), "the test ended the program (exit code 3) before it was over");
	assert_int_equal(judge((struct libtest_end){ .test = &plain,
						     .outcome = OUTCOME_EXIT,
						     .exit_code = 3,
						     .says = LIBTEST_SAYS_OK }),
			 LIBTEST_FAILED);
	assert_int_equal(judge((struct libtest_end){
				 .test = &plain, .outcome = OUTCOME_OK, .says = LIBTEST_SAYS_NONE }),
			 LIBTEST_FAILED);
	assert_str(buf_str(&why), "the test program lists this test, but has none of that name");
}

TEST(a_panic_fails_with_the_frames_that_are_the_test_s_own)
{
	const struct libtest_end end = {
		.test = &plain, .outcome = OUTCOME_TRAP, .report = STR(TRACE), .errors = STR(PANIC)
	};
	assert_int_equal(judge(end), LIBTEST_FAILED);
	assert_int_equal(why.len, 0); /* the panic's message was printed */
	assert_str(buf_str(&trace), "backtrace:\n   0: ct::tests::<i32>::fails\n   1: alloc::call::<x[1]>\n");
}

TEST(a_trap_that_is_no_panic_says_which)
{
	const struct libtest_end end = {
		.test = &plain,
		.outcome = OUTCOME_TRAP,
		.report = STR(
			"error while executing at wasm backtrace:\n    0: 0x1 - m.wasm!deeper\n\nCaused by:\n"
			"    wasm trap: call stack exhausted")
	};
	assert_int_equal(judge(end), LIBTEST_FAILED);
	assert_str(buf_str(&why), "the test trapped: call stack exhausted");
	assert_str(buf_str(&trace), "backtrace:\n   0: deeper\n");
}

TEST(should_panic_wants_a_panic)
{
	struct libtest_end end = {
		.test = &panics, .outcome = OUTCOME_TRAP, .report = STR(TRACE), .errors = STR(PANIC)
	};
	assert_int_equal(judge(end), LIBTEST_OK);
	end.errors = STR(""); /* a hook that prints nothing: the frames tell */
	assert_int_equal(judge(end), LIBTEST_OK);
	end.report = STR("wasm trap: out of bounds");
	assert_int_equal(judge(end), LIBTEST_FAILED);
	assert_int_equal(judge((struct libtest_end){
				 .test = &panics, .outcome = OUTCOME_OK, .says = LIBTEST_SAYS_OK }),
			 LIBTEST_FAILED);
	assert_str(buf_str(&why), "test did not panic as expected");
	assert_int_equal(judge((struct libtest_end){
				 .test = &panics, .outcome = OUTCOME_OK, .says = LIBTEST_SAYS_IGNORED }),
			 LIBTEST_IGNORED);
}

TEST(the_last_panic_s_message_must_contain_what_is_expected)
{
	struct libtest_end end = {
		.test = &expects, .outcome = OUTCOME_TRAP, .report = STR(TRACE), .errors = STR(PANIC)
	};
	assert_int_equal(judge(end), LIBTEST_OK);
	end.errors = STR(PANIC "\nthread 'main' panicked at src/x.rs:1:1:\nin \"drop\"\n");
	assert_int_equal(judge(end), LIBTEST_FAILED);
	assert_str(buf_str(&why),
		   "panic did not contain expected string\n      panic message: \"in \\\"drop\\\"\"\n"
		   " expected substring: \"division of 1\"");
	/* Not the place, and not what the test printed before. */
	end.errors = STR("division of 1\nthread 'main' panicked at division of 1:1:1:\nother\n");
	assert_int_equal(judge(end), LIBTEST_FAILED);
}

TEST(a_limit_is_named)
{
	const struct libtest_end end = { .test = &plain,
					 .outcome = OUTCOME_LIMIT,
					 .report = STR("the guest used up its CPU time of 1.000 s\nmore") };
	assert_int_equal(judge(end), LIBTEST_FAILED);
	assert_str(buf_str(&why), "the guest used up its CPU time of 1.000 s");
	const struct libtest_end traced = {
		.test = &plain,
		.outcome = OUTCOME_LIMIT,
		.report = STR(
			"error while executing at wasm backtrace:\n    0: 0x1 - m.wasm!turns\n\nCaused by:\n"
			"    the guest used up its CPU time of 1.000 s")
	};
	assert_int_equal(judge(traced), LIBTEST_FAILED);
	assert_str(buf_str(&why), "the guest used up its CPU time of 1.000 s");
	assert_str(buf_str(&trace), "backtrace:\n   0: turns\n");
	buf_fini(&why);
	buf_fini(&trace);
}
