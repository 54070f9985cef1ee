/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the tests of files one after another, in this process. */
#ifndef RUNNER_EXECUTOR_H
#define RUNNER_EXECUTOR_H

#include "runner/run.h"
#include "script/script.h"

/* Told of what happens; strings are borrowed for the call. */
struct executor_listener {
	void (*starts)(struct executor_listener *, size_t test);
	void (*ended)(struct executor_listener *, const struct test_result *);
	void (*broken)(struct executor_listener *, struct str text);
	void (*warning)(struct executor_listener *, struct str text); /* about a project's manifest */
	bool (*stop)(struct executor_listener *);                     /* asked before each test */
};

struct executor;

must_use struct executor *executor_new(const struct run_options *options, struct error *e);
void executor_destroy(struct executor **px);

/* Runs the file's tests from index `first` on. */
void executor_run(struct executor *x, const struct test_file *file, size_t first,
		  struct executor_listener *l);

/* Reads and checks a file without running it; false: `text` (in the arena) says what is wrong. Warnings go to
 * `text` too. */
bool executor_parse(const struct test_file *file, struct arena *a, struct script *out, struct str *text);

/* Does the filter want this test? */
bool executor_wants(const struct executor *x, const char *file, struct str test);

#endif
