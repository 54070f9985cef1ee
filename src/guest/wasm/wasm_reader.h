/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the pieces that Wasm binaries are made of. Reading never passes the end: what is not there reads as
 * zero and leaves `bad`. */
#ifndef GUEST_WASM_WASM_READER_H
#define GUEST_WASM_WASM_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct wasm_reader {
	const char *at, *end;
	bool bad;
};

struct wasm_reader wasm_reader_of(struct str s);
size_t wasm_left(const struct wasm_reader *r);
uint8_t wasm_get_byte(struct wasm_reader *r);
uint64_t wasm_get_leb(struct wasm_reader *r); /* unsigned */
int64_t wasm_get_signed_leb(struct wasm_reader *r);
struct str wasm_get_bytes(struct wasm_reader *r, uint64_t len); /* borrowed */
struct str wasm_get_name(struct wasm_reader *r);
/* How many items follow, `max` at most; each takes at least a byte, so a count that lies costs nothing. */
size_t wasm_get_count(struct wasm_reader *r, size_t max);

#endif
