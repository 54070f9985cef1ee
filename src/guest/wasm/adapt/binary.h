/* SPDX-License-Identifier: Apache-2.0 */
/* What is read and written of Wasm's binary format beside wasm_reader.h: sections, and numbers of 32 bits. */
#ifndef GUEST_WASM_ADAPT_BINARY_H
#define GUEST_WASM_ADAPT_BINARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "guest/wasm/wasm_reader.h"

uint32_t read_u32(struct wasm_reader *r); /* a larger number is bad */
/* The next section of a module or component; false at the end, and when it is damaged. */
bool read_section(struct wasm_reader *r, uint8_t *id, struct str *content);

void write_byte(struct buf *b, uint8_t v);
void write_u32(struct buf *b, uint32_t v);
void write_signed(struct buf *b, int64_t v);
void write_name(struct buf *b, struct str s); /* a length, and so many bytes */
void write_section(struct buf *b, uint8_t id, struct str content);

enum {
	SECTION_CUSTOM,
	SECTION_TYPE,
	SECTION_IMPORT,
	SECTION_FUNCTION,
	SECTION_TABLE,
	SECTION_MEMORY,
	SECTION_GLOBAL,
	SECTION_EXPORT,
	SECTION_START,
	SECTION_ELEMENT,
	SECTION_CODE,
	SECTION_DATA,
};

enum { WASM_HEADER_BYTES = 8 };

#endif
