/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thin layer over cmocka. A test is a promise, and registers itself:
 *
 *	#include "support/test.h"
 *
 *	TEST(get_after_remove_finds_nothing)
 *	{
 *		assert_str(value, "expected");
 *	}
 *
 * One file is one program: `main` is linked in. It runs the tests in the order of the file, or only those
 * whose name contains the word given as its first argument, and exits with 0 when all of them passed.
 */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/str.h"

struct test_case {
	const char *name;
	void (*run)(void **state);
	int line;
};

/* Pointers, not the structs themselves, so that no padding between them can matter. */
#define TEST(promise)                                                                                        \
	static void promise_##promise(void **test_state_);                                                   \
	static const struct test_case case_##promise = { #promise, promise_##promise, __LINE__ };            \
	__attribute__((                                                                                      \
		used, section("backlot_tests"))) static const struct test_case *const case_##promise##_ptr = \
		&case_##promise;                                                                             \
	static void promise_##promise(__attribute__((unused)) void **test_state_)

/* A struct str, and the C string it must equal. Both are shown when they differ, bytes that cannot be printed
 * escaped. */
#define assert_str(actual, expected) test_assert_str((actual), (expected), __FILE__, __LINE__)

/* An error that was set, of the kind (its name without ERROR_), whose text contains `part`. */
#define assert_error(e, kind_name, part) test_assert_error((e), ERROR_##kind_name, (part), __FILE__, __LINE__)

void test_assert_str(struct str actual, const char *expected, const char *file, int line);
void test_assert_error(const struct error *e, enum error_kind kind, const char *part, const char *file,
		       int line);

/*
 * A folder of this test's own, empty, made on first use and removed with all it holds when the test ends. The
 * paths stay valid until then. test_path() is a path in it; test_write() makes a file there and says where.
 */
const char *test_dir(void);
const char *test_path(const char *name);
const char *test_write(const char *name, struct str content);

#endif
