/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one test came to, whatever language it is written in, and the bytes that carry that between processes.
 */
#ifndef RUNNER_RESULT_H
#define RUNNER_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

enum test_status {
	TEST_PASSED,
	TEST_FAILED,
	TEST_SKIPPED, /* it was not run: `message` says why */
	TEST_TODO,    /* it is not written yet */
	TEST_STATUSES,
};

/* What is known of a test whose outcome was not always the same. */
enum test_flake {
	TEST_STEADY,
	TEST_FLAKY,         /* it failed, and passed when it was run again */
	TEST_SEED_DEPENDS,  /* one seed passes, another fails, and either does so every time */
	TEST_ORDER_DEPENDS, /* it leans on the tests that ran before it */
	TEST_ENGINE_BUG,    /* the same seed and order gave another outcome */
	TEST_FLAKES,
};

/* A place in a source file; line 0: not known. Columns count from 1; 0: not known. */
struct test_place {
	struct str file; /* empty: the test's own file */
	uint32_t line, column;
};

/* Strings and lists are borrowed for the call that hands a result over. */
struct test_result {
	const char *file;
	uint32_t index;           /* of the test in its file, as it is written: the n-th, from 0 */
	const struct str *suites; /* the names of the groups it stands in, the outermost first */
	size_t suite_count;
	struct str name;       /* empty: the only test of its file */
	uint32_t line, column; /* where it begins; 0: not known */

	enum test_status status;
	struct str message;       /* in a line: what failed first, or why it was skipped; may be empty */
	struct str text;          /* what failed, in full, for people; of one that passed: its warnings */
	struct test_place failed; /* where */
	uint64_t ns;              /* of real time, the last run's */
	uint32_t requests, checks, checks_failed;
	struct str trace; /* when it was asked for: what happened, an event a line, the same every time */

	/* Filled in by run_tests(), which may run a test several times. */
	uint32_t runs, runs_failed; /* an executor leaves 0 */
	uint64_t seed;              /* of the run that is shown: the first that failed, else the last */
	enum test_flake flake;
	struct str command; /* of one that failed: what repeats it, for a shell; else empty */
};

/* What a run of a file's tests came to with the snapshots that are kept in files. */
struct test_snapshots {
	uint32_t written, updated, removed;
	struct str obsolete; /* names of those that no test asks for any more, each ended by a NUL */
};

/* "passed", "failed", "skipped", "todo"; "steady", "flaky", "seed-dependent", …. */
const char *test_status_name(enum test_status status);
const char *test_flake_name(enum test_flake flake);

/* "SUITE > SUITE > NAME"; nothing for the only test of its file. */
void test_title_print(const struct test_result *r, struct buf *out);

/* A copy whose strings live in the arena; `file` is borrowed. */
struct test_result test_result_copy(const struct test_result *r, struct arena *a);

/*
 * All but `file`, as bytes for another process of the same program. Long texts are cut to `text_bytes_max`.
 */
void test_result_pack(const struct test_result *r, size_t text_bytes_max, struct buf *out);
/*
 * Strings are borrowed from the bytes, the list of suites lives in the arena. False: these are no such bytes.
 */
must_use bool test_result_unpack(struct str bytes, struct arena *a, struct test_result *out);

#endif
