/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests in JavaScript and TypeScript: Vitest's own packages run them, in a realm a file, over a world a test.
 */
#ifndef RUNNER_JS_JAVASCRIPT_H
#define RUNNER_JS_JAVASCRIPT_H

#include "runner/executor.h"

extern const struct executor_kind javascript_kind;

#endif
