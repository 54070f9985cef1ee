/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the ABI assert, on top of abi.h and test.h. */
#ifndef SUPPORT_ABI_CHECK_H
#define SUPPORT_ABI_CHECK_H

#include "support/abi.h"
#include "support/test.h"

/* Shows both names when they differ. */
#define assert_status(actual, expected) check_status((int)(actual), (int)(expected), __FILE__, __LINE__)
void check_status(int actual, int expected, const char *file, int line);

/*
 * The value of a call whose last parameters are a buffer, its size and where to put the length; `args` are
 * those before. Checks the rule for short buffers on the way: every size that is too small answers BUFLEN,
 * says what is needed and leaves the buffer alone; the exact size is enough. `expected` is the status with
 * room enough.
 */
#define check_bytes(h, expected, module, name, ...)                                                   \
	check_bytes_with((h), (expected), (module), (name), (const uint64_t[]){ 0, ##__VA_ARGS__ },   \
			 sizeof((const uint64_t[]){ 0, ##__VA_ARGS__ }) / sizeof(uint64_t), __FILE__, \
			 __LINE__)
struct str check_bytes_with(struct abi_harness *h, int expected, const char *module, const char *name,
			    const uint64_t *args, size_t count, const char *file, int line);

/*
 * All values of a call whose last parameters are a buffer, its size, a cursor, and where to put the next
 * cursor and the length, joined with '|'. Reads them once with room for all, once one by one with room for
 * the longest only, and checks that both agree and that a buffer too small for the first value answers BUFLEN
 * and what is needed.
 */
#define check_values(h, module, name, ...)                                                             \
	check_values_with((h), (module), (name), (const uint64_t[]){ 0, ##__VA_ARGS__ },               \
			  sizeof((const uint64_t[]){ 0, ##__VA_ARGS__ }) / sizeof(uint64_t), __FILE__, \
			  __LINE__)
struct str check_values_with(struct abi_harness *h, const char *module, const char *name,
			     const uint64_t *args, size_t count, const char *file, int line);

/* A body with that content; the content of a body, read to its end. */
uint32_t check_new_body(struct abi_harness *h, const char *content);
struct str check_body(struct abi_harness *h, uint32_t body);

/*
 * For the last test of a file: every DONE function of the module has answered ABI_OK in this process, those
 * in `never` (separated by spaces) at least were called.
 */
#define assert_covered(module, never) check_covered((module), (never), __FILE__, __LINE__)
void check_covered(const char *module, const char *never, const char *file, int line);

/*
 * Every function of the module answers ABI_BADF to a handle that never was, one that is closed and one of
 * another kind, whichever of its handles it is; functions in `except` (separated by spaces) are left out.
 */
#define assert_handles_checked(module, except) check_handles((module), (except), __FILE__, __LINE__)
void check_handles(const char *module, const char *except, const char *file, int line);

#endif
