/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of a Rust test program (libtest's), as far as it concerns how tests are chosen, run and
 * shown.
 */
#ifndef RUNNER_LIBTEST_OPTIONS_H
#define RUNNER_LIBTEST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum libtest_format { LIBTEST_PRETTY, LIBTEST_TERSE, LIBTEST_JSON, LIBTEST_JUNIT };
enum libtest_color { LIBTEST_COLOR_AUTO, LIBTEST_COLOR_ALWAYS, LIBTEST_COLOR_NEVER };

struct libtest_words {
	struct str *at;
	size_t count;
};

struct libtest_options {
	bool help, list;
	bool bench, test; /* --bench: benchmarks instead of tests; with --test: beside them */
	bool ignored, include_ignored;
	bool exact, exclude_should_panic, fail_fast;
	bool nocapture, show_output, report_time, ensure_time;
	bool shuffle; /* in the order of `seed` */
	uint64_t seed;
	bool seeded;          /* the seed was given */
	uint64_t threads;     /* 0: one a core */
	uint64_t critical_ms; /* a test that takes longer fails with --ensure-time */
	enum libtest_format format;
	enum libtest_color color;
	const char *logfile;
	struct libtest_words filters, skips;
};

/*
 * Reads what stands behind the program's name; `args` is NULL-ended. As libtest does it, but that what it
 * keeps for nightly compilers needs no -Z unstable-options. RUST_TEST_THREADS, RUST_TEST_NOCAPTURE,
 * RUST_TEST_SHUFFLE, RUST_TEST_SHUFFLE_SEED and RUST_TEST_TIME_UNIT are looked up where no option says
 * otherwise. Strings are borrowed from `args`, lists live in the arena. Errors in libtest's own words.
 */
must_use bool libtest_options_parse(struct libtest_options *o, const char *const *args,
				    const char *(*lookup)(void *data, const char *name), void *data,
				    struct arena *a, struct error *e);

#endif
