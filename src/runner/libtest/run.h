/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a Rust test program (libtest's) test by test: each in an instance and a frame of its own, in worker
 * processes that are forked around one compiled copy. A test that traps, hangs, or takes its worker with it
 * costs that test.
 */
#ifndef RUNNER_LIBTEST_RUN_H
#define RUNNER_LIBTEST_RUN_H

#include <stdio.h>

#include "base/error.h"
#include "guest/guest.h"
#include "runner/libtest/options.h"
#include "runner/libtest/report.h"

struct libtest_run {
	const struct libtest_options *options;
	const struct libtest_image *image; /* of the program's memory, see libtest_recognise() */
	struct service *service;           /* the program, compiled; nothing of it has run in this process */
	/* Makes the world that tests get frames of; called in each worker process, and ended with it. */
	bool (*open_world)(void *data, struct world **out, struct error *e);
	void (*close_world)(void *data);
	void *data;
	uint64_t timeout_ns; /* for one test */
	struct libtest_report *report;
	FILE *out, *err; /* for --nocapture; what the report prints to is `out` */
	FILE *log;       /* of --logfile; NULL: none */
};

enum libtest_ending {
	LIBTEST_ALL_OK,
	LIBTEST_SOME_FAILED,
	LIBTEST_NO_TESTS, /* it is no test program after all: it does not answer as one; the error says how */
	LIBTEST_NO_RUN,   /* nothing, or not all, could be run; the error says why */
	LIBTEST_MEASURES, /* benchmarks are to be measured: that is for the program itself, in one instance */
};

enum libtest_ending libtest_run(const struct libtest_run *run, struct error *e);

#endif
