/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation for our own structures. Running out of memory for these ends the process with a message: a
 * worker process is replaced, nothing half-made is carried on. Whatever a guest or a peer sizes goes through
 * capped containers (buf.h, body.h) that answer with an error long before.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/attr.h"

must_use void *mem_alloc(size_t size);              /* uninitialised; size 0 is fine */
must_use void *mem_zalloc(size_t size);             /* zeroed */
must_use void *mem_realloc(void *old, size_t size); /* as realloc */
void mem_free(void *ptr);                           /* NULL is fine */

#define NEW(type) ((type *)mem_zalloc(sizeof(type)))

#endif
