/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `backlot test --watch`: runs everything once, and then, whenever a file changes, the tests that it touches:
 * a test file itself; of a manifest, a compiled service, or a file that the manifest names, all tests of
 * their project; of what else a kind of tests says it depends on (executor.h), those.
 */
#ifndef CLI_TEST_WATCH_H
#define CLI_TEST_WATCH_H

#include "cli/cli.h"
#include "loop/clock.h"
#include "runner/interrupt.h"
#include "runner/project.h"

/* Until an interrupt, which has begun; 0 when nothing was running then. */
int test_watch(const struct cli_options *o, const struct test_search *search, struct clock *clock,
	       struct interrupt *interrupt);

#endif
