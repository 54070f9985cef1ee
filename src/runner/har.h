/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cassettes as HAR 1.2, the format of browsers' and proxies' recordings: one text, which other tools show.
 * What HAR has no place for stands in members that begin with '_': `_test`, `_backend`, `_error`, `_ending`,
 * `_trailers`. A recording of another tool can be read too; its entries answer any test.
 */
#ifndef RUNNER_HAR_H
#define RUNNER_HAR_H

#include "world/cassette.h"

enum { HAR_BYTES_MAX = 256 << 20 };

/* Adds the text. Bodies that are no text are in base64; the same cassette is always the same text. */
void har_write(const struct cassette *c, struct buf *out);

/*
 * Adds the entries of a text. Errors begin with a place, "LINE: " or "LINE:COLUMN: ", and say which member of
 * which entry is wrong; nothing was added then.
 */
must_use bool har_read(struct cassette *c, struct str text, struct error *e);

#endif
