/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the kernel which pages of a private mapping are its own by now: those that were written to. */
#ifndef GUEST_WASM_DIRTY_PAGES_H
#define GUEST_WASM_DIRTY_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As the kernel fills it in. */
struct page_run {
	uint64_t begin, end; /* addresses */
	uint64_t categories;
};

/* Opens this process's page map; -1: this system cannot tell (it is tried out on a page). Not for use after
 * fork(). */
int dirty_pages_open(void);

/*
 * The private pages of [begin, end), in order, swapped ones included: as many runs as fit, and their number.
 * `*next` is where to go on: `end` when that was all. -1: it failed.
 */
long dirty_pages_find(int fd, uint8_t *begin, uint8_t *end, struct page_run *runs, size_t cap,
		      uint8_t **next);

/*
 * Page faults of this process so far. A page becomes private by a fault, so between two equal counts none
 * did. UINT64_MAX: this system does not count them (dirty_pages_open() tries that out as well).
 */
uint64_t dirty_pages_faults(void);

#endif
