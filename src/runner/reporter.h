/* SPDX-License-Identifier: Apache-2.0 */
/* What a run tells while it goes on, and the interface of those who print it (folder report/). */
#ifndef RUNNER_REPORTER_H
#define RUNNER_REPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "runner/plan.h"
#include "runner/result.h"

struct run_totals {
	size_t files, broken;                 /* broken: files that could not be run at all */
	size_t passed, failed, skipped, todo; /* tests; one that passed when it was run again has passed */
	size_t flaky;            /* tests, of whatever status, whose outcome was not always the same */
	size_t requests, checks; /* of all runs */
	size_t snapshots_written, snapshots_updated, snapshots_removed, snapshots_obsolete;
	uint64_t ns;             /* of real time, start-up included */
	uint64_t seed;           /* repeats the run */
	struct shard_plan shard; /* which part of the files they are */
	int interrupted;         /* the signal that ended it before its time; 0: none did */
};

/* How far a run is. */
struct run_progress {
	size_t files, files_done;
	size_t passed, failed; /* test runs so far */
};

struct reporter {
	const struct reporter_ops *ops;
};

/* Results come file by file, in the order of the files' names, and within a file as the tests are written. */
struct reporter_ops {
	const char *name;
	void (*begin)(struct reporter *, size_t files);
	void (*progress)(struct reporter *, const struct run_progress *); /* several times a second */
	void (*broken)(struct reporter *, const char *file,
		       struct str text);                     /* a file that cannot be run: why */
	void (*warning)(struct reporter *, struct str text); /* about a project; each once */
	void (*result)(struct reporter *, const struct test_result *);
	/* A snapshot that is kept for the file, and that no test asks for; behind the file's results. */
	void (*obsolete)(struct reporter *, const char *file, struct str snapshot);
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
