/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/wasm_segments.h"

#include "guest/wasm/wasm_file.h"
#include "guest/wasm/wasm_reader.h"

enum { SECTION_DATA = 11, SEGMENTS_MAX = 100000, I32_CONST = 0x41, END = 0x0b, HEADER_BYTES = 8 };
enum { SEGMENT_ACTIVE, SEGMENT_PASSIVE };

/* False: of this segment and those behind it nothing can be told. */
static bool get_segment(struct wasm_reader *r, struct wasm_segment *out, bool *placed)
{
	uint64_t flags = wasm_get_leb(r);
	*placed = flags == SEGMENT_ACTIVE;
	if (flags > SEGMENT_PASSIVE)
		return false;
	if (*placed) {
		if (wasm_get_byte(r) != I32_CONST)
			return false;
		out->address = (uint32_t)wasm_get_signed_leb(r);
		if (wasm_get_byte(r) != END)
			return false;
	}
	out->bytes = wasm_get_name(r);
	return !r->bad;
}

static size_t get_segments(struct wasm_reader r, const struct wasm_segment **out, struct arena *a)
{
	size_t count = wasm_get_count(&r, SEGMENTS_MAX), found = 0;
	struct wasm_segment *at = arena_alloc(a, (count + 1) * sizeof *at);
	bool placed;
	for (; count > 0 && get_segment(&r, &at[found], &placed); count--)
		found += placed;
	*out = at;
	return found;
}

size_t wasm_segments(struct str module, const struct wasm_segment **out, struct arena *a)
{
	*out = NULL;
	if (wasm_format(module) != WASM_MODULE)
		return 0;
	struct wasm_reader r = wasm_reader_of(str_sub(module, HEADER_BYTES, module.len));
	while (wasm_left(&r) && !r.bad) {
		uint8_t id = wasm_get_byte(&r);
		struct str content = wasm_get_name(&r);
		if (id == SECTION_DATA && !r.bad)
			return get_segments(wasm_reader_of(content), out, a);
	}
	return 0;
}
