/* SPDX-License-Identifier: Apache-2.0 */
/* A worker process of a run of a test program: asks it for its tests, runs them one after another, tells. */
#ifndef RUNNER_LIBTEST_WORKER_H
#define RUNNER_LIBTEST_WORKER_H

#include "runner/libtest/run.h"
#include "runner/workers.h"

/* Captured output of one test. */
enum { LIBTEST_CAPTURED_BYTES_MAX = 4 << 20, LIBTEST_LISTED_BYTES_MAX = 64 << 20 };

/* A message is this, then `why_len` bytes, then the rest. */
struct libtest_message {
	enum {
		LIBTEST_TOLD_LIST,   /* a piece of the answer to the question `what`; `last`: of all of it */
		LIBTEST_TOLD_ERROR,  /* why it cannot be run; `what`: an enum libtest_ending */
		LIBTEST_TOLD_BEGIN,  /* of test number `test` of the plan */
		LIBTEST_TOLD_OUTPUT, /* of the test under way; `what`: 1 standard output, 2 standard error */
		LIBTEST_TOLD_RESULT, /* `what`: an enum libtest_verdict */
	} kind;
	uint32_t test, what, why_len;
	bool last;
	uint64_t ns;
};

/* What is asked. */
enum libtest_question { LIBTEST_ASK_ALL, LIBTEST_ASK_IGNORED, LIBTEST_ASK_MODES, LIBTEST_QUESTIONS };

/* The tests, as the answers say, and the plan; both sides make the same of them. */
struct libtest_answers {
	struct arena arena;
	struct buf text;
	struct libtest_tests tests;
	struct libtest_plan plan;
	bool complete;
};

void libtest_answers_init(struct libtest_answers *a);
void libtest_answers_fini(struct libtest_answers *a);
/* Takes in the whole answer that is in `text`; after the last one, makes the plan. */
must_use bool libtest_answers_take(struct libtest_answers *a, enum libtest_question question,
				   const struct libtest_run *run, struct error *e);

/* All that a worker does. `answers` is what is known when it is forked. */
void libtest_work(const struct libtest_run *run, struct libtest_answers *answers,
		  struct workers_shared *shared, struct worker *self);

#endif
