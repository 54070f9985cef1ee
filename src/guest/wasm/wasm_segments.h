/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that a module starts with, piece by piece, told from its bytes alone. */
#ifndef GUEST_WASM_WASM_SEGMENTS_H
#define GUEST_WASM_WASM_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct wasm_segment {
	uint32_t address;
	struct str bytes; /* borrowed from the module */
};

/*
 * The active data segments of memory 0 whose address is a plain constant, in the order of the module; the
 * list lives in the arena. None when `module` is no module or is damaged: the engine has more to say about
 * that.
 */
size_t wasm_segments(struct str module, const struct wasm_segment **out, struct arena *a);

#endif
