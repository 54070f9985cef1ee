/* SPDX-License-Identifier: Apache-2.0 */
/* One run of tests: from the options to the reports and the exit code. */
#ifndef CLI_TEST_RUN_H
#define CLI_TEST_RUN_H

#include "cli/cli.h"
#include "loop/clock.h"
#include "runner/executor.h"
#include "runner/interrupt.h"
#include "runner/project.h"
#include "runner/reporter.h"

/* All borrowed. */
struct test_run {
	const struct cli_options *o;
	struct test_files *files; /* with --shard, only the shard's are left in it */
	struct clock *clock;
	uint64_t start_ns;           /* when the command, or the change that brought it about, came */
	struct interrupt *interrupt; /* has begun */
	struct reporter *reporter;   /* is told instead of the reports that the options ask for; else NULL */
	/* Told which paths a file's results depend on; NULL: nobody asks. */
	void (*depends)(void *data, const struct test_file *file, struct str path);
	void *data;
};

/* Who runs which files; NULL-ended. */
extern const struct executor_kind *const test_kinds[];

int test_run(const struct test_run *run);

#endif
