/* SPDX-License-Identifier: Apache-2.0 */
/* What a run tells while it goes on, and the interface of those who print it (folder report/). */
#ifndef RUNNER_REPORTER_H
#define RUNNER_REPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

/* One test that was run. Strings are borrowed for the call. */
struct test_result {
	const char *file;
	struct str name; /* empty: the only test of its file */
	uint32_t line;
	bool passed;
	uint64_t ns; /* of real time */
	uint32_t requests, checks, checks_failed;
	struct str text; /* what failed, in full, for people; of a test that passed: its warnings, or empty */
};

struct run_totals {
	size_t files, passed, failed, broken; /* broken: files that could not be run at all */
	size_t requests, checks;
	uint64_t ns;   /* of real time, start-up included */
	uint64_t seed; /* repeats the run */
};

struct reporter {
	const struct reporter_ops *ops;
};

struct reporter_ops {
	const char *name;
	void (*begin)(struct reporter *, size_t files);
	void (*broken)(struct reporter *, const char *file,
		       struct str text);                     /* a file that cannot be run: why */
	void (*warning)(struct reporter *, struct str text); /* about a project; each once */
	void (*result)(struct reporter *, const struct test_result *);
	void (*end)(struct reporter *, const struct run_totals *);
	void (*destroy)(struct reporter *);
};

static inline void reporter_destroy(struct reporter **pr)
{
	if (*pr)
		(*pr)->ops->destroy(*pr);
	*pr = NULL;
}

#endif
