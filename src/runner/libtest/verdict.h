/* SPDX-License-Identifier: Apache-2.0 */
/* From how a program that ran one test has ended to what that means for the test. */
#ifndef RUNNER_LIBTEST_VERDICT_H
#define RUNNER_LIBTEST_VERDICT_H

#include "base/buf.h"
#include "guest/guest.h"
#include "runner/libtest/output.h"
#include "runner/libtest/tests.h"

enum libtest_verdict { LIBTEST_OK, LIBTEST_FAILED, LIBTEST_IGNORED, LIBTEST_LATE };

/* How it ended. */
struct libtest_end {
	const struct libtest_test *test;
	enum outcome outcome;
	int exit_code;
	enum libtest_says says;
	struct str report; /* of the invocation: what went wrong, with the backtrace */
	struct str errors; /* what the test printed to standard error, at least its end */
};

/*
 * `why` gets what is to be said beside the test's output, in libtest's words where it has some; empty when
 * there is nothing. `trace` gets the backtrace of a test that failed by a trap, without the frames of Rust's
 * panicking and of libtest.
 */
enum libtest_verdict libtest_judge(const struct libtest_end *end, struct buf *why, struct buf *trace);

#endif
