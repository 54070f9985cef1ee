/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the files' tests took when they were run last: what takes longest is begun first, and shards are
 * balanced by it. The file is text, a line a file, sorted, so that it can be looked at, committed and merged:
 *
 *     backlot timings 1
 *     1203400 tests/cart.fiddle
 *
 * Nanoseconds, and the path from the project's folder. It only ever saves time: one that is not as it should
 * be is told of and ignored as a whole.
 */
#ifndef RUNNER_TIMINGS_H
#define RUNNER_TIMINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum { TIMINGS_BYTES_MAX = 16 << 20 };

struct timings;

/* Of the files below `root`, a folder. Knows none yet. */
must_use struct timings *timings_new(const char *root);
void timings_destroy(struct timings **pt); /* leaves NULL; NULL is fine */

/* False, and knows none: the error says the line. */
must_use bool timings_parse(struct timings *t, struct str text, struct error *e);
void timings_print(const struct timings *t, struct buf *out);

/* A file that is not there is fine, and knows none. */
must_use bool timings_read(struct timings *t, const char *path, struct error *e);
/* Makes the folders above it. Leaves out the files that are not there any more. */
must_use bool timings_write(struct timings *t, const char *path, struct error *e);

/* `path` is a test file's as it was named. 0: not known. */
uint64_t timings_get(const struct timings *t, const char *path);
void timings_put(struct timings *t, const char *path, uint64_t ns);

#endif
