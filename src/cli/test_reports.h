/* SPDX-License-Identifier: Apache-2.0 */
/* The reports of `backlot test`: which there are, where each goes. */
#ifndef CLI_TEST_REPORTS_H
#define CLI_TEST_REPORTS_H

#include "cli/cli.h"

struct test_reports {
	struct report_sink sinks[REPORTS_MAX + 2];
	size_t count;
	struct reporter *reporter; /* tells them all */
};

/*
 * False: the options contradict each other, or a file could not be written now. The options outlive it. To be
 * closed either way.
 */
must_use bool test_reports_open(struct test_reports *r, const struct cli_options *o, struct error *e);
/* Writes the files, each whole or not at all; all are tried, the error is the first one's. */
must_use bool test_reports_commit(struct test_reports *r, struct error *e);
void test_reports_close(struct test_reports *r);

#endif
