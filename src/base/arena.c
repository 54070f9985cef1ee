/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { ARENA_BLOCK_BYTES = 16 * 1024, ARENA_ALIGN = 16 };

struct arena_block {
	struct arena_block *older;
	size_t size;
	_Alignas(ARENA_ALIGN) char bytes[];
};

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

void arena_fini(struct arena *a)
{
	for (struct arena_block *b = a->block, *older; b; b = older) {
		older = b->older;
		mem_free(b);
	}
	arena_init(a);
}

void arena_reset(struct arena *a)
{
	struct arena_block *b = a->block;
	if (!b)
		return;
	while (b->older) {
		struct arena_block *older = b->older;
		mem_free(b);
		b = older;
	}
	if (b->size > ARENA_BLOCK_BYTES) {
		mem_free(b);
		arena_init(a);
		return;
	}
	*a = (struct arena){ .block = b, .at = b->bytes, .end = b->bytes + b->size };
}

static void *alloc_in_new_block(struct arena *a, size_t size)
{
	size_t block_size = MAX(size, (size_t)ARENA_BLOCK_BYTES);
	struct arena_block *b = mem_alloc(sizeof *b + block_size);
	b->size = block_size;
	b->older = a->block;
	a->block = b;
	a->at = b->bytes + size;
	a->end = b->bytes + block_size;
	a->used += size;
	return b->bytes;
}

void *arena_alloc(struct arena *a, size_t size)
{
	CHECK(size <= SIZE_MAX / 2);
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (size > (size_t)(a->end - a->at))
		return alloc_in_new_block(a, size);
	void *out = a->at;
	a->at += size;
	a->used += size;
	return out;
}

void *arena_zalloc(struct arena *a, size_t size)
{
	return memset(arena_alloc(a, size), 0, size);
}

struct str arena_str(struct arena *a, struct str s)
{
	char *copy = arena_alloc(a, s.len + 1);
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return (struct str){ copy, s.len };
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	CHECK(len >= 0);
	char *text = arena_alloc(a, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return (struct str){ text, (size_t)len };
}
