/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module's memory as it is before its first instruction runs, taken out of the module: what its active data
 * segments hold becomes one run of bytes, and empty passive segments stand in for them. An instance of the
 * module that is left, in a memory that holds those bytes already, cannot be told from one of the module that
 * was given: an active segment is dropped when it has been copied, and a dropped segment is an empty one.
 *
 * With the bytes in hand a memory can be mapped copy-on-write and put back cheaply (memory_pool.h).
 */
#ifndef GUEST_WASM_WASM_IMAGE_H
#define GUEST_WASM_WASM_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { WASM_IMAGE_UNIT = 64 * 1024 };             /* `at` and the length of `bytes` are multiples of it */
enum { WASM_IMAGE_BYTES_MAX = 32 * 1024 * 1024 }; /* from the first segment to the end of the last */

/* Of code that was compiled from what wasm_image_take() left; part of its key in the code cache. */
#define WASM_IMAGE_VERSION "image2"

struct wasm_image {
	struct str module; /* without its bytes; owned */
	struct str bytes;  /* owned; empty when no segment had any */
	uint64_t at;       /* of the bytes in the guest's memory; all of them are within the initial memory */
};

/*
 * False, and nothing to free, when it does not apply: the module has not exactly one memory, or it is
 * imported, shared or of 64 bits or odd pages; a segment's place is not a plain constant, or is outside of
 * the memory, or the segments lie too far apart; there is more than one table, or one that starts with more
 * elements than are allowed; a global is no plain number; or the module is damaged. Of the last two Wasmtime
 * has more to say.
 */
must_use bool wasm_image_take(struct wasm_image *out, struct str module, uint64_t table_elements_max);
void wasm_image_fini(struct wasm_image *image);

#endif
