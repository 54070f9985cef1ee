/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer with a mandatory cap. What would pass the cap is not added and sets `full`; later
 * adds are dropped too, so a writer may add many pieces and ask once. `ptr` is NUL-ended (the NUL is not
 * counted) whenever it is not NULL. Not for data that outlives a request in bulk: see http/body.h.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buf {
	char *ptr;
	size_t len, cap, max;
	bool full;
};

/* clang-format off */
#define BUF_INIT(max_bytes) { .max = (max_bytes) }
/* clang-format on */

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);  /* frees; the buffer is empty and usable again with the same cap */
void buf_reset(struct buf *b); /* empties, keeps the memory, clears `full` */

void buf_add(struct buf *b, struct str s); /* `s` is not from this buffer */
void buf_add_char(struct buf *b, char c);
printf_like(2, 3) void buf_printf(struct buf *b, const char *format, ...);
void buf_add_u64(struct buf *b, unsigned long long value); /* decimal */

/* Adds `s` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD as str_utf8_step() says.
 */
void buf_add_json(struct buf *b, struct str s);

/* Room for `len` more bytes at the end; NULL when it would pass the cap. Whoever fills it calls buf_grew().
 */
must_use char *buf_room(struct buf *b, size_t len);
void buf_grew(struct buf *b, size_t len);

struct str buf_str(const struct buf *b);

#endif
