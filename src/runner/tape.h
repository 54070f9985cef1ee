/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cassette of a test file: FILE.har beside it, read once, played or made test by test. A recording is
 * written after each test that passes, whole and at once, so that a test that fails, or a run that is ended,
 * leaves what was there.
 */
#ifndef RUNNER_TAPE_H
#define RUNNER_TAPE_H

#include "runner/run_net.h"
#include "world/cassette.h"

struct tape {
	enum cassette_mode mode;
	struct arena arena;
	struct str path;   /* of the .har */
	struct str redact; /* borrowed */
	struct cassette cassette;
};

/*
 * Reads what there is. Errors name the file: it cannot be read, or is no cassette; to replay or verify there
 * must be one.
 */
must_use bool tape_open(struct tape *t, enum run_net net, const char *test_file, struct str redact,
			struct error *e);
void tape_close(struct tape *t);

/* The take of one test, which borrows the tape and the name. */
void tape_begin(struct tape *t, struct cassette_take *take, struct str test);
/*
 * The test is over: keeps a recording of one that passed, looks for what was not asked for in a verification
 * of one. The take is still to be ended; its problems may have become more. Errors: the file cannot be
 * written.
 */
must_use bool tape_end(struct tape *t, struct cassette_take *take, bool passed, struct error *e);

#endif
