/* SPDX-License-Identifier: Apache-2.0 */
/* The test that `backlot init` writes: its text, and what the service answers to it. */
#ifndef CLI_FIRST_TEST_H
#define CLI_FIRST_TEST_H

#include "base/buf.h"
#include "cli/cli.h"
#include "runner/interrupt.h"
#include "runner/project.h"

enum { FIRST_TEST_BYTES_MAX = 1 << 20 };

struct first_test {
	enum cli_language language;
	const struct project *project; /* has a manifest */
	struct str name;               /* the project's, or empty */
	struct str *backends;          /* names */
	size_t backend_count;
	unsigned status; /* what the service answers; 0: not known */
};

/* Where it goes, by the project's name: "tests/shop.test.ts" in the project's folder. */
const char *first_test_path(const struct first_test *t, struct arena *a);
void first_test_print(const struct first_test *t, struct buf *out);

/*
 * Runs the test, with the project's service, for the status of its answer; 0 when there is none to be had.
 * Prints nothing.
 */
unsigned first_test_ask(const struct first_test *t, const struct cli_options *o, struct interrupt *interrupt);

#endif
