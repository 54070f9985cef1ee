/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assertions for what only a bug of ours can break; they stay on in release builds. What the world can
 * break (input, files, peers, guests) is an error (error.h), never a CHECK.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include "base/attr.h"

#define CHECK(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__))

/* Prints the expression and its place to stderr, then aborts. */
noreturn_fn void check_failed(const char *expression, const char *file, int line);

#endif
