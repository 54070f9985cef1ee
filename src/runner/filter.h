/* SPDX-License-Identifier: Apache-2.0 */
/* --filter: which tests are wanted. */
#ifndef RUNNER_FILTER_H
#define RUNNER_FILTER_H

#include "base/error.h"
#include "runner/result.h"

struct test_filter;

/* A pattern as `matches` has it; NULL for the empty one, which wants every test. False: it is no pattern. */
must_use bool test_filter_new(struct test_filter **out, struct str pattern, struct error *e);
void test_filter_destroy(struct test_filter **pf); /* leaves NULL; NULL is fine */

/* Does it match "FILE: SUITE > NAME"? Of the result, who it is: file, suites, name. */
bool test_filter_wants(const struct test_filter *f, const struct test_result *r);

#endif
