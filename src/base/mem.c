/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

static void *or_die(void *ptr, size_t size)
{
	if (ptr || size == 0)
		return ptr;
	fprintf(stderr, "backlot: out of memory: no %zu bytes to be had\n", size);
	abort();
}

void *mem_alloc(size_t size)
{
	return or_die(malloc(size), size);
}

void *mem_zalloc(size_t size)
{
	return or_die(calloc(1, size), size);
}

void *mem_realloc(void *old, size_t size)
{
	return or_die(realloc(old, size ? size : 1), size);
}

void mem_free(void *ptr)
{
	free(ptr);
}
