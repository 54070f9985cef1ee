/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/wasm_reader.h"

struct wasm_reader wasm_reader_of(struct str s)
{
	return (struct wasm_reader){ .at = s.ptr, .end = s.ptr + s.len };
}

size_t wasm_left(const struct wasm_reader *r)
{
	return (size_t)(r->end - r->at);
}

uint8_t wasm_get_byte(struct wasm_reader *r)
{
	if (r->at == r->end) {
		r->bad = true;
		return 0;
	}
	return (uint8_t)*r->at++;
}

/* `*bits`: how many of the value's bits were there. */
static uint64_t get_leb(struct wasm_reader *r, unsigned *bits, bool *negative)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = wasm_get_byte(r);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		*bits = shift + 7;
		*negative = byte & 0x40;
		return value;
	}
	r->bad = true;
	*bits = 64;
	*negative = false;
	return 0;
}

uint64_t wasm_get_leb(struct wasm_reader *r)
{
	unsigned bits;
	bool negative;
	return get_leb(r, &bits, &negative);
}

int64_t wasm_get_signed_leb(struct wasm_reader *r)
{
	unsigned bits;
	bool negative;
	uint64_t value = get_leb(r, &bits, &negative);
	return (int64_t)(negative && bits < 64 ? value | UINT64_MAX << bits : value);
}

struct str wasm_get_bytes(struct wasm_reader *r, uint64_t len)
{
	if (len > wasm_left(r)) {
		r->bad = true;
		r->at = r->end;
		return STR("");
	}
	struct str s = { r->at, (size_t)len };
	r->at += len;
	return s;
}

struct str wasm_get_name(struct wasm_reader *r)
{
	return wasm_get_bytes(r, wasm_get_leb(r));
}

size_t wasm_get_count(struct wasm_reader *r, size_t max)
{
	uint64_t count = wasm_get_leb(r);
	if (count > max || count > wasm_left(r)) {
		r->bad = true;
		return 0;
	}
	return (size_t)count;
}
