/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of .fiddle files: each runs in a frame of its own, so none can lean on another. */
#ifndef RUNNER_FIDDLE_H
#define RUNNER_FIDDLE_H

#include "runner/executor.h"

extern const struct executor_kind fiddle_kind;

#endif
