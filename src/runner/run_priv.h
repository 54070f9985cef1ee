/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor and its workers have in common: the work, and the messages about it. */
#ifndef RUNNER_RUN_PRIV_H
#define RUNNER_RUN_PRIV_H

#include "base/pmap.h"
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
	uint32_t probe; /* from 1: it is run for that probe only; 0: it is an ordinary one */
};

/* ---- messages: this, then a result's bytes, or a text ---- */

enum message_kind {
	MESSAGE_RESULT,
	MESSAGE_BROKEN,
	MESSAGE_WARNING,
	MESSAGE_DEPENDS,
	MESSAGE_SNAPSHOTS,
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

/* How often a test of that work is run again when it fails. */
static inline uint32_t run_retries(const struct run_options *options, const struct work *w)
{
	return w->probe ? 0 : options->retry;
}

/* ---- what is kept of the results, until they are reported ---- */

/* How a test ended in one pass. */
struct ending {
	struct ending *next;
	uint32_t work, sequence; /* of all results of the run, as they came: within a pass, its order */
	bool failed;
	struct str trace;
};

/* All that is known of one test. */
struct record {
	bool known;               /* there was a result */
	bool failed, flaky;       /* a pass ended with its failure; it passed when it was run again */
	struct test_result shown; /* the first that failed, else the last */
	uint32_t shown_work;
	struct ending *endings; /* the newest first */
};

struct file_record {
	struct record *tests; /* by index */
	size_t count, cap;
	size_t pending; /* pieces of work that are not done */
	uint64_t ns;    /* of its first pass */
	struct str broken;
	struct str obsolete; /* of struct test_snapshots */
};

/* Takes one result of a pass; `last`: the pass does not run the test again. The arena keeps what is shown. */
struct ending *record_take(struct file_record *file, const struct test_result *r, uint32_t work, bool last,
			   struct arena *a);
/* What is to be reported of it. */
struct test_result record_result(const struct record *r);
/* Adds a line to what is shown. */
void record_note(struct record *r, enum test_flake flake, struct str note, struct arena *a);
void file_record_fini(struct file_record *file);

/* ---- the supervisor ---- */

/* A run of one test that is to tell why its outcome is not always the same. */
struct probe {
	uint32_t file, index;
	bool known, failed;
};

struct supervisor {
	const struct test_files *files;
	const struct run_options *options;
	struct reporter *reporter;
	struct run_totals *totals;
	struct run_progress progress;
	struct clock *clock;
	uint64_t progress_ns; /* when it was last told */
	struct arena arena;
	struct workers *workers;
	struct workers_shared *shared;
	struct pmap warned; /* warnings that were passed on */

	struct work *work;
	size_t work_count, work_cap;
	uint32_t *queue; /* of the round under way: what is done in which order */
	size_t queued;
	struct begin begin[WORKERS_MAX];

	struct file_record *records; /* by file */
	uint32_t sequence;
	size_t reported; /* files */
	bool stopped;    /* --bail: not everything was run */

	struct probe *probes;
	size_t probe_count, probe_cap;
};

/* Adds a piece of work for the next round. */
uint32_t supervisor_add_work(struct supervisor *s, struct work w);
/* Does what was added since the last round, in the order of `queue`. */
must_use bool supervisor_round(struct supervisor *s, struct error *e);

/* Tells the tests apart whose outcomes differ: runs them again, alone, in another order, in pairs. */
must_use bool flakes_explain(struct supervisor *s, struct error *e);

enum { COMMAND_BYTES_MAX = 1 << 20 };

/*
 * The command that repeats one test: `prefix`, its seed, a filter, its file. Of one that leans on others: all
 * of its file, in the order that the seed decides when they were `shuffled`.
 */
void run_command_print(const char *prefix, const struct test_result *r, bool shuffled, struct buf *out);

#endif
