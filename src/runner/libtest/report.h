/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run of a Rust test program tells while it goes on, and the interface of those who print it (folder
 * report/).
 */
#ifndef RUNNER_LIBTEST_REPORT_H
#define RUNNER_LIBTEST_REPORT_H

#include "base/attr.h"
#include "runner/libtest/verdict.h"

/* Of one test. Borrowed for the call. */
struct libtest_result {
	const struct libtest_test *test;
	enum libtest_verdict verdict;
	uint64_t ns;
	struct str output; /* what it printed, and its backtrace; empty when that was printed at once */
	struct str why;    /* what is to be said beside; empty: nothing */
};

struct libtest_totals {
	size_t count; /* planned */
	size_t passed, failed, ignored, filtered_out;
	uint64_t ns;
};

struct libtest_report {
	const struct libtest_report_ops *ops;
};

struct libtest_report_ops {
	const char *name;
	void (*start)(struct libtest_report *, size_t count, const struct libtest_options *);
	void (*begin)(struct libtest_report *, const struct libtest_test *);
	void (*slow)(struct libtest_report *, const struct libtest_test *,
		     unsigned seconds); /* it still runs */
	void (*result)(struct libtest_report *, const struct libtest_result *);
	void (*end)(struct libtest_report *, const struct libtest_totals *);
	void (*destroy)(struct libtest_report *);
};

static inline void libtest_report_destroy(struct libtest_report **pr)
{
	if (*pr)
		(*pr)->ops->destroy(*pr);
	*pr = NULL;
}

#endif
