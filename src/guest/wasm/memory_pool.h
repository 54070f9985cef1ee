/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linear memories of one module's instances, for wasmtime_config_host_memory_creator_set(). Wasmtime's
 * own pool clears a memory, or gives it back to the kernel, as a whole; an invocation writes to a few pages
 * of it. Here an image of the module's data (wasm_image.h) is mapped copy-on-write, and after an invocation
 * only the pages that are private to the mapping, which is all that was ever written, are made as they were:
 * copied from the image, or cleared. They stay mapped, so the next invocation finds them without a fault, and
 * nothing that other threads would have to be told of changes in the page tables.
 *
 * Which pages are private the kernel tells (PAGEMAP_SCAN, Linux 6.7); it is not asked when no page fault
 * happened since it last was. Where it cannot tell, and for a memory of which too much is resident,
 * everything is mapped anew, which is right everywhere and slower.
 *
 * What an invocation left can never be read by another: a memory whose state is not known for certain is
 * mapped anew, or, when even that fails, is given up. Beyond its present size a memory is not accessible.
 *
 * All functions may be called from any thread. After fork() a child may go on with a pool whose memories are
 * all free.
 */
#ifndef GUEST_WASM_MEMORY_POOL_H
#define GUEST_WASM_MEMORY_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <wasmtime.h>

#include "base/error.h"
#include "base/str.h"

/* The bytes that a memory starts with, in a file; everything else in it is zero. */
struct memory_image {
	int fd; /* -1: there are none */
	uint64_t file_at, len;
	uint64_t at; /* in the memory; all three are multiples of WASM_IMAGE_UNIT */
};

/* Puts bytes into a file in memory. False: the system has none. */
must_use bool memory_image_of(struct memory_image *out, struct str bytes, uint64_t at);
void memory_image_fini(struct memory_image *image); /* closes the file */

enum memory_reset {
	MEMORY_RESET_BEST,   /* pages in place where the kernel tells which, else anew */
	MEMORY_RESET_RESCAN, /* the same, but the kernel is asked every time */
	MEMORY_RESET_REMAP,  /* all anew */
};

struct memory_pool_options {
	uint32_t memories_max;     /* that are in use at the same time */
	uint64_t bytes, bytes_max; /* of one: initial, and how far it may grow */
	uint64_t resident_max;     /* private bytes that one keeps between invocations; 0: a default */
	enum memory_reset reset;
	struct memory_image image; /* borrowed: the pool maps it and needs the file open */
};

struct memory_pool;

/* NULL, and an error, when the image cannot be mapped. */
must_use struct memory_pool *memory_pool_new(const struct memory_pool_options *o, struct error *e);
/* All memories must be free. Leaves NULL; NULL is fine. */
void memory_pool_destroy(struct memory_pool **pp);

/* For the engine's configuration; the pool must outlive the engine. */
wasmtime_memory_creator_t memory_pool_creator(struct memory_pool *pool);

/*
 * How far memories may grow that grow on this thread, where that is less than their pool allows: for whoever
 * runs a guest, and before. What they asked for in vain, the largest number since this was called; 0:
 * nothing.
 */
void memory_pool_allow(uint64_t bytes);
uint64_t memory_pool_refused(void);

struct memory_pool_counts {
	uint64_t in_place, unasked, anew; /* resets: by pages; of these, without asking the kernel; whole */
	uint64_t resident;                /* private bytes that free memories keep */
	uint32_t memories;                /* free and in use */
};
struct memory_pool_counts memory_pool_counts(struct memory_pool *pool);

#endif
