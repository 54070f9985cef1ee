/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with a unit, as people write them in options and settings. */
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/* "500ms", "1.5s", "2m", "1h", "7us"; without a unit: seconds. */
must_use bool duration_parse(struct str text, uint64_t *ns, struct error *e);

/*
 * "128MiB", "1.5KiB", "64KB", "10 MB", "8192": bytes. KB, MB and GB are powers of 1000, KiB, MiB and GiB of
 * 1024.
 */
must_use bool size_parse(struct str text, uint64_t *bytes, struct error *e);

/* "1.5 s", "250 ms", "7 us"; "128 MiB", "8192 bytes": for messages. Three digits behind the point at most. */
void duration_print(uint64_t ns, struct buf *out);
void size_print(uint64_t bytes, struct buf *out);

#endif
