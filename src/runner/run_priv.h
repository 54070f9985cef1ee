/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor and its workers have in common: the work, and the messages about it. */
#ifndef RUNNER_RUN_PRIV_H
#define RUNNER_RUN_PRIV_H

#include "runner/executor.h"
#include "runner/run.h"
#include "runner/workers.h"

/*
 * One piece of work: a pass over a file. The list of it is made before workers are forked, which thus know
 * it.
 */
struct work {
	uint32_t file;
	struct test_pass pass;
};

/* ---- messages: this, then a result's bytes, or a text ---- */

enum message_kind {
	MESSAGE_RESULT,
	MESSAGE_BROKEN,
	MESSAGE_WARNING,
	MESSAGE_DEPENDS,
	MESSAGE_WORK_DONE,
};

struct message {
	uint32_t kind, work;
};

/*
 * What a worker is at: a piece of work, and a test of it by position; position 0: the service is being
 * loaded, which takes as long as it takes.
 */
static inline uint64_t item_of(uint32_t work, uint32_t position)
{
	return (uint64_t)(work + 1) << 32 | position;
}

/*
 * Where a worker that is started begins: in a piece of work, at a test that failed so often; else with the
 * next.
 */
struct begin {
	bool given;
	uint32_t work, position, failed;
};

struct run_worker {
	const struct run_options *options;
	const struct test_files *files;
	const struct work *work;
	const uint32_t *queue; /* the order in which the work is taken */
	size_t queued;
	struct workers_shared *shared;
	struct worker *self;
	struct begin begin;
};

/* Takes work until there is none, and ends the process. */
noreturn_fn void run_worker(const struct run_worker *given);

/* The seed of a test's n-th repetition in a pass, from 0. */
static inline uint64_t run_seed(const struct work *w, uint32_t n)
{
	return w->pass.seed + n;
}

/* ---- what is kept of the results, until they are reported ---- */

/* All that is known of one test. */
struct record {
	bool known;               /* there was a result */
	bool failed, flaky;       /* a pass ended with its failure; it passed when it was run again */
	struct test_result shown; /* the first that failed, else the last */
};

struct file_record {
	struct record *tests; /* by index */
	size_t count, cap;
	size_t pending; /* pieces of work that are not done */
	struct str broken;
};

/* Takes one result; `last`: the pass does not run the test again. The arena keeps what is shown. */
void record_take(struct file_record *file, const struct test_result *r, bool last, struct arena *a);
/* What is to be reported of it. */
struct test_result record_result(const struct record *r);
void file_record_fini(struct file_record *file);

enum { COMMAND_BYTES_MAX = 1 << 20 };

/* The command that repeats one test: `prefix`, its seed, a filter, its file. */
void run_command_print(const char *prefix, const struct test_result *r, struct buf *out);

#endif
