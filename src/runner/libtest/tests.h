/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tests of a Rust test program: what it says of them itself, and what its memory says of those that
 * should panic.
 *
 * A program for wasm32-wasip1 cannot catch a panic (it aborts), so its libtest reports every #[should_panic]
 * test as ignored. We run it all the same: the word of its descriptor that says "should panic" is set to "no"
 * in the instance that runs the test, and what came of it is judged by us. Where the word stands is not
 * guessed from a layout, which is the compiler's business, but found: at the same distance from every test's
 * name there is a word that is not zero for exactly those tests of which the program says "should panic".
 * Where there is none, such a test stays ignored.
 */
#ifndef RUNNER_LIBTEST_TESTS_H
#define RUNNER_LIBTEST_TESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "runner/libtest/options.h"

struct libtest_test {
	struct str name;
	bool bench, ignored, should_panic;
	struct str ignored_why; /* empty: no reason is given */
	uint32_t word;          /* should_panic: address of the word that says so; 0: not found */
	bool expects;           /* it should panic with a message that contains `expected` */
	struct str expected;
};

struct libtest_tests {
	struct libtest_test *at;
	size_t count, benches;
};

/* A piece of the memory that the program starts with. */
struct libtest_segment {
	uint32_t address;
	struct str bytes;
};

struct libtest_image {
	const struct libtest_segment *at;
	size_t count;
};

/*
 * Does the memory of this program hold the names of libtest's options? Nothing but a program with libtest's
 * `main` in it does.
 */
bool libtest_recognise(const struct libtest_image *image);

/*
 * Reads what the program printed when it was run with `--list --format terse`, with the same and `--ignored`,
 * and (see libtest_modes_args) for the modes. An error: it does not answer as libtest does. Strings are
 * copied to the arena.
 */
must_use bool libtest_tests_read(struct libtest_tests *out, struct str list, struct arena *a,
				 struct error *e);
must_use bool libtest_tests_read_ignored(struct libtest_tests *t, struct str list, struct error *e);
must_use bool libtest_tests_read_modes(struct libtest_tests *t, struct str modes, struct arena *a,
				       struct error *e);

/*
 * The arguments, NULL-ended, that make the program tell the modes of its tests without running any: with
 * --bench it passes over tests; benchmarks are left out by name.
 */
const char *const *libtest_modes_args(const struct libtest_tests *t, struct arena *a);

/* Finds the words and the expectations of the tests that should panic. */
void libtest_find_words(struct libtest_tests *t, const struct libtest_image *image);

/* ---- which of them are run ---- */

struct libtest_plan {
	const struct libtest_test **at;
	size_t count, filtered_out;
};

/* The tests that the options ask for, in their order. */
void libtest_plan(struct libtest_plan *out, const struct libtest_tests *t, const struct libtest_options *o,
		  struct arena *a);

/* Is it reported as ignored instead of being run? */
bool libtest_is_ignored(const struct libtest_test *test, const struct libtest_options *o);

#endif
