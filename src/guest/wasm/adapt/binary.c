/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/adapt/binary.h"

uint32_t read_u32(struct wasm_reader *r)
{
	uint64_t v = wasm_get_leb(r);
	r->bad |= v > UINT32_MAX;
	return (uint32_t)v;
}

bool read_section(struct wasm_reader *r, uint8_t *id, struct str *content)
{
	if (r->bad || wasm_left(r) == 0)
		return false;
	*id = wasm_get_byte(r);
	*content = wasm_get_name(r);
	return !r->bad;
}

void write_byte(struct buf *b, uint8_t v)
{
	buf_add_char(b, (char)v);
}

void write_u32(struct buf *b, uint32_t v)
{
	for (; v > 0x7f; v >>= 7)
		write_byte(b, (uint8_t)(v | 0x80));
	write_byte(b, (uint8_t)v);
}

void write_signed(struct buf *b, int64_t v)
{
	for (;;) {
		uint8_t low = v & 0x7f;
		v >>= 7; /* arithmetic, as gcc and clang have it */
		if ((v == 0 && !(low & 0x40)) || (v == -1 && low & 0x40)) {
			write_byte(b, low);
			return;
		}
		write_byte(b, low | 0x80);
	}
}

void write_name(struct buf *b, struct str s)
{
	write_u32(b, (uint32_t)s.len);
	buf_add(b, s);
}

void write_section(struct buf *b, uint8_t id, struct str content)
{
	write_byte(b, id);
	write_name(b, content);
}
