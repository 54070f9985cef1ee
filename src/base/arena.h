/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is freed all at once: everything that lives as long as one invocation (or one parse) comes from
 * its arena. Allocation is a pointer bump; nothing is freed singly. An arena that is reset keeps one block,
 * so a reused one settles at no malloc at all. Under AddressSanitizer, use after a reset is found like use
 * after free.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *block; /* newest; older ones are linked behind it */
	char *at, *end;
	size_t used; /* bytes handed out since the last reset, for limits and reports */
};

void arena_init(struct arena *a); /* allocates nothing */
void arena_fini(struct arena *a);
void arena_reset(struct arena *a);

/* Aligned to 16 bytes, not initialised. Never NULL. */
must_use void *arena_alloc(struct arena *a, size_t size);
must_use void *arena_zalloc(struct arena *a, size_t size);
#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))

/* A copy of `s` that lives as long as the arena; NUL-ended behind its length. */
struct str arena_str(struct arena *a, struct str s);
printf_like(2, 3) struct str arena_printf(struct arena *a, const char *format, ...);

#endif
