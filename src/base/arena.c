/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/mem.h"

/* Under AddressSanitizer, what an arena has not handed out or has taken back is as forbidden as freed memory.
 */
#if UNDER_ASAN
#include <sanitizer/asan_interface.h>
#define WATCHED_CLOSE(ptr, size) ASAN_POISON_MEMORY_REGION(ptr, size)
#define WATCHED_OPEN(ptr, size) ASAN_UNPOISON_MEMORY_REGION(ptr, size)
#else
#define WATCHED_CLOSE(ptr, size) ((void)0)
#define WATCHED_OPEN(ptr, size) ((void)0)
#endif

enum { ARENA_BLOCK_BYTES = 16 * 1024, ARENA_ALIGN = 16 };

struct arena_block {
	struct arena_block *older;
	size_t size;
	_Alignas(ARENA_ALIGN) char bytes[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *b = mem_alloc(sizeof *b + size);
	b->older = NULL;
	b->size = size;
	WATCHED_CLOSE(b->bytes, size);
	return b;
}

static void block_free(struct arena_block *b)
{
	WATCHED_OPEN(b->bytes, b->size);
	mem_free(b);
}

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

void arena_fini(struct arena *a)
{
	for (struct arena_block *b = a->block, *older; b; b = older) {
		older = b->older;
		block_free(b);
	}
	arena_init(a);
}

void arena_reset(struct arena *a)
{
	struct arena_block *kept = NULL;
	for (struct arena_block *b = a->block, *older; b; b = older) {
		older = b->older;
		if (!kept && b->size == ARENA_BLOCK_BYTES)
			kept = b;
		else
			block_free(b);
	}
	arena_init(a);
	if (!kept)
		return;
	WATCHED_CLOSE(kept->bytes, kept->size);
	kept->older = NULL;
	*a = (struct arena){ .block = kept, .at = kept->bytes, .end = kept->bytes + kept->size };
}

/* There is no room for `size` in the current block. */
static void *alloc_in_new_block(struct arena *a, size_t size)
{
	if (a->block && size > ARENA_BLOCK_BYTES / 4) {
		/* A block of its own, behind the current one, whose room is left for what is small. */
		struct arena_block *own = block_new(size);
		own->older = a->block->older;
		a->block->older = own;
		return own->bytes;
	}
	struct arena_block *b = block_new(MAX(size, (size_t)ARENA_BLOCK_BYTES));
	b->older = a->block;
	a->block = b;
	a->at = b->bytes + size;
	a->end = b->bytes + b->size;
	return b->bytes;
}

void *arena_alloc(struct arena *a, size_t size)
{
	CHECK(size <= SIZE_MAX / 2);
	/* Nothing is something too: every allocation has an address of its own. */
	size_t taken = (MAX(size, (size_t)1) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	void *out = a->at;
	if (taken > (size_t)(a->end - a->at))
		out = alloc_in_new_block(a, taken);
	else
		a->at += taken;
	a->used += taken;
	WATCHED_OPEN(out, size);
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
