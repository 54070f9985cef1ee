/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot run` of a Rust test program: cargo's runner for wasm32-wasip1. */
#ifndef CLI_TEST_PROGRAM_H
#define CLI_TEST_PROGRAM_H

#include "cli/cli.h"
#include "guest/guest.h"
#include "runner/libtest/tests.h"

struct test_program {
	bool is_one;
	struct arena arena;
	struct libtest_image image;
	struct str bytes; /* mapped */
};

/* Looks into the file whether it is a test program. test_program_close() in any case. */
void test_program_open(struct test_program *p, const char *path);
void test_program_close(struct test_program *p);

/*
 * Runs the tests that the guest's arguments ask for, and yields the exit code. -1, and nothing done: it is to
 * be run as any other program, because it is asked for its help, its list or its benchmarks, or turned out to
 * be no test program; the last is told as a warning.
 */
int test_program_run(const struct cli_options *o, const struct test_program *p, struct service *service);

/*
 * What it is started with as any other program: its arguments, and where they ask for what libtest keeps for
 * nightly compilers, what unlocks it.
 */
struct guest_program test_program_plain(const struct cli_options *o, struct test_program *p);

#endif
