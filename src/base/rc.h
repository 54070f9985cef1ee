/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference counts, for the few things that several owners share: body chunks, values in stores, frames'
 * contents. Counts are not atomic: a process runs one loop on one thread (docs/design.md, "Processes, not
 * threads").
 */
#ifndef BASE_RC_H
#define BASE_RC_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct rc {
	uint32_t refs;
	void (*destroy)(struct rc *); /* called with refs 0 */
};

void rc_init(struct rc *r, void (*destroy)(struct rc *)); /* one reference, the caller's */
struct rc *rc_ref(struct rc *r);                          /* NULL is fine */
void rc_unref(struct rc *r);                              /* NULL is fine */

/* Bytes with a count. */
struct blob {
	struct rc rc;
	size_t len;
	char bytes[];
};

must_use struct blob *blob_new(struct str s); /* a copy */
struct str blob_str(const struct blob *b);    /* NULL gives the empty string */
void blob_unref(struct blob **pb);            /* for scoped(); leaves NULL */

#endif
