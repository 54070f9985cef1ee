/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays that grow in an arena while something is read. */
#ifndef SCRIPT_GROW_H
#define SCRIPT_GROW_H

#include <stddef.h>
#include <string.h>

#include "base/arena.h"

enum { GROW_FIRST_COUNT = 4 };

/*
 * Makes room for one more item behind `count`, which the caller then counts itself; the new room is zeroed.
 * The capacity is not kept anywhere: it is the power of two that holds `count`, so an array must only grow by
 * this. Pointers into the old array go stale in meaning (the arena keeps the bytes).
 */
must_use static inline void *grow(struct arena *a, void *items, size_t count, size_t item_size)
{
	if (count != 0 && (count < GROW_FIRST_COUNT || (count & (count - 1)) != 0))
		return items;
	char *bigger = arena_zalloc(a, (count ? count * 2 : GROW_FIRST_COUNT) * item_size);
	if (count)
		memcpy(bigger, items, count * item_size);
	return bigger;
}

/* `struct thing *t = GROW(a, things->items, things->count);` */
#define GROW(a, items, count) ((items) = grow((a), (items), (count), sizeof *(items)), &(items)[(count)++])

#endif
