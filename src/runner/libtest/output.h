/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test program prints while it runs one test (`NAME --exact --nocapture`), told apart: what libtest
 * says before and behind, and in between what the test prints. As it comes, so that a test that hangs is seen
 * to have printed.
 */
#ifndef RUNNER_LIBTEST_OUTPUT_H
#define RUNNER_LIBTEST_OUTPUT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

enum libtest_says {
	LIBTEST_SAYS_NOTHING, /* the program ended without a result */
	LIBTEST_SAYS_OK,
	LIBTEST_SAYS_FAILED,
	LIBTEST_SAYS_NONE,    /* there is no test of that name */
	LIBTEST_SAYS_IGNORED, /* it does not run the test */
};

struct libtest_output {
	struct buf held;                             /* what may turn out to be libtest's own */
	struct buf head;                             /* what is expected first */
	bool headed;                                 /* it has come, or something else has */
	bool mode;                                   /* a mode stood in it: libtest will not run the test */
	bool none;                                   /* there is none of that name */
	void (*print)(void *data, struct str bytes); /* what the test itself prints to standard output */
	void *data;
};

void libtest_output_init(struct libtest_output *o, struct str test, void (*print)(void *, struct str),
			 void *data);
/* Bytes of standard output. */
void libtest_output_add(struct libtest_output *o, struct str bytes);
/* There is no more. Frees what was held. */
enum libtest_says libtest_output_end(struct libtest_output *o);

#endif
