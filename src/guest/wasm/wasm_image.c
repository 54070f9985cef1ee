/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/wasm_image.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/wasm/wasm_reader.h"

enum {
	SECTION_IMPORT = 2,
	SECTION_TABLE = 4,
	SECTION_MEMORY = 5,
	SECTION_GLOBAL = 6,
	SECTION_DATA = 11,

	IMPORT_FUNC = 0,
	FUNCREF = 0x70,
	LIMITS_MAX = 1,      /* a largest size is given; every other flag is of memories that are not plain */
	ITEMS_MAX = 1000000, /* engines accept no more */

	SEGMENT_ACTIVE = 0, /* in memory 0 */
	SEGMENT_PASSIVE = 1,
	I32_CONST = 0x41,
	I64_CONST = 0x42,
	F32_CONST = 0x43,
	F64_CONST = 0x44,
	I32_TYPE = 0x7f,
	F64_TYPE = 0x7c,
	END = 0x0b,
	LEB_BYTES_MAX = 10,
};

/* What is known of the module after one look at its sections. */
struct module_parts {
	uint64_t memory_bytes; /* initial */
	bool has_memory;
	struct str data; /* the data section's content; without a pointer when there is none */
	struct str before, after;
};

struct segment {
	bool active;
	uint64_t at;
	struct str bytes;
};

static bool only_functions_imported(struct wasm_reader r)
{
	for (size_t n = wasm_get_count(&r, ITEMS_MAX); n > 0 && !r.bad; n--) {
		wasm_get_name(&r);
		wasm_get_name(&r);
		if (wasm_get_byte(&r) != IMPORT_FUNC)
			return false;
		wasm_get_leb(&r);
	}
	return !r.bad && wasm_left(&r) == 0;
}

static bool one_plain_memory(struct wasm_reader r, uint64_t *bytes)
{
	if (wasm_get_leb(&r) != 1)
		return false;
	uint8_t flags = wasm_get_byte(&r);
	uint64_t pages = wasm_get_leb(&r);
	if (flags == LIMITS_MAX)
		wasm_get_leb(&r);
	*bytes = pages * WASM_IMAGE_UNIT;
	return flags <= LIMITS_MAX && pages <= UINT32_MAX / WASM_IMAGE_UNIT && !r.bad && wasm_left(&r) == 0;
}

static bool one_small_table(struct wasm_reader r, uint64_t elements_max)
{
	uint64_t count = wasm_get_leb(&r);
	bool plain =
		count == 0 || (count == 1 && wasm_get_byte(&r) == FUNCREF && wasm_get_byte(&r) <= LIMITS_MAX);
	return plain && (count == 0 || wasm_get_leb(&r) <= elements_max) && !r.bad;
}

/*
 * Numbers that are given as they are. What holds references to what is collected, as an externref, wants a
 * second memory, for those.
 */
static bool only_numbers_global(struct wasm_reader r)
{
	for (size_t n = wasm_get_count(&r, ITEMS_MAX); n > 0 && !r.bad; n--) {
		uint8_t type = wasm_get_byte(&r);
		wasm_get_byte(&r); /* is it mutable? */
		uint8_t given = wasm_get_byte(&r);
		if (type < F64_TYPE || type > I32_TYPE)
			return false;
		if (given == I32_CONST || given == I64_CONST)
			wasm_get_signed_leb(&r);
		else if (given == F32_CONST || given == F64_CONST)
			wasm_get_bytes(&r, given == F32_CONST ? 4 : 8);
		else
			return false;
		if (wasm_get_byte(&r) != END)
			return false;
	}
	return !r.bad && wasm_left(&r) == 0;
}

static bool look_at_sections(struct module_parts *parts, struct str module, uint64_t table_elements_max)
{
	struct wasm_reader r = wasm_reader_of(str_sub(module, 8, module.len));
	*parts = (struct module_parts){ .before = module };
	while (wasm_left(&r)) {
		const char *begin = r.at;
		uint8_t id = wasm_get_byte(&r);
		struct str content = wasm_get_name(&r);
		if (r.bad)
			return false;
		struct wasm_reader section = wasm_reader_of(content);
		if (id == SECTION_IMPORT && !only_functions_imported(section))
			return false;
		if (id == SECTION_TABLE && !one_small_table(section, table_elements_max))
			return false;
		if (id == SECTION_GLOBAL && !only_numbers_global(section))
			return false;
		if (id == SECTION_MEMORY) {
			if (parts->has_memory || !one_plain_memory(section, &parts->memory_bytes))
				return false;
			parts->has_memory = true;
		}
		if (id == SECTION_DATA) {
			if (parts->data.ptr)
				return false;
			parts->data = content;
			parts->before = (struct str){ module.ptr, (size_t)(begin - module.ptr) };
			parts->after = (struct str){ r.at, wasm_left(&r) };
		}
	}
	return parts->has_memory;
}

static bool get_segment(struct segment *s, struct wasm_reader *r)
{
	uint64_t flags = wasm_get_leb(r);
	*s = (struct segment){ .active = flags == SEGMENT_ACTIVE };
	if (flags > SEGMENT_PASSIVE)
		return false;
	if (s->active) {
		if (wasm_get_byte(r) != I32_CONST)
			return false;
		int64_t at = wasm_get_signed_leb(r);
		if (at < INT32_MIN || at > INT32_MAX || wasm_get_byte(r) != END)
			return false;
		s->at = (uint32_t)at;
	}
	s->bytes = wasm_get_name(r);
	return !r->bad;
}

/* Checks every segment and finds where the bytes of the active ones begin and end. */
static bool measure(const struct module_parts *parts, uint64_t *begin, uint64_t *end)
{
	struct wasm_reader r = wasm_reader_of(parts->data);
	struct segment s;
	*begin = UINT64_MAX;
	*end = 0;
	for (size_t n = wasm_get_count(&r, ITEMS_MAX); n > 0; n--) {
		if (!get_segment(&s, &r))
			return false;
		if (s.active && s.at + s.bytes.len > parts->memory_bytes)
			return false;
		if (s.active && s.bytes.len) {
			*begin = MIN(*begin, s.at);
			*end = MAX(*end, s.at + s.bytes.len);
		}
	}
	if (r.bad || wasm_left(&r))
		return false;
	if (*end == 0)
		*begin = 0;
	*begin -= *begin % WASM_IMAGE_UNIT;
	*end = (*end + WASM_IMAGE_UNIT - 1) / WASM_IMAGE_UNIT * WASM_IMAGE_UNIT;
	return *end - *begin <= WASM_IMAGE_BYTES_MAX;
}

static char *put(char *to, struct str s)
{
	if (s.len)
		memcpy(to, s.ptr, s.len);
	return to + s.len;
}

static char *put_leb(char *to, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		*to++ = (char)(value | 0x80);
	*to++ = (char)value;
	return to;
}

/* The data section's new content; what the active segments had goes into the image. Yields its end. */
static char *put_segments(char *to, const struct wasm_image *image, struct str data)
{
	struct wasm_reader r = wasm_reader_of(data);
	size_t count = wasm_get_count(&r, ITEMS_MAX);
	to = put_leb(to, count);
	for (; count > 0; count--) {
		struct segment s;
		CHECK(get_segment(&s, &r));
		*to++ = SEGMENT_PASSIVE;
		if (s.active && s.bytes.len)
			put((char *)image->bytes.ptr + (s.at - image->at), s.bytes);
		to = put_leb(to, s.active ? 0 : s.bytes.len);
		if (!s.active)
			to = put(to, s.bytes);
	}
	return to;
}

bool wasm_image_take(struct wasm_image *out, struct str module, uint64_t table_elements_max)
{
	struct module_parts parts;
	uint64_t begin = 0, end = 0;
	if (!look_at_sections(&parts, module, table_elements_max) ||
	    (parts.data.ptr && !measure(&parts, &begin, &end)))
		return false;
	*out = (struct wasm_image){ .at = begin };
	out->bytes = (struct str){ end > begin ? mem_zalloc(end - begin) : NULL, end - begin };
	/* No segment gets longer, so neither does the module, but for how the section's length is written. */
	char *bytes = mem_alloc(module.len + (size_t)LEB_BYTES_MAX), *at = put(bytes, parts.before);
	if (parts.data.ptr) {
		char *content = mem_alloc(parts.data.len + (size_t)LEB_BYTES_MAX);
		char *content_end = put_segments(content, out, parts.data);
		struct str section = { content, (size_t)(content_end - content) };
		*at++ = SECTION_DATA;
		at = put_leb(at, section.len);
		at = put(at, section);
		mem_free(content);
		at = put(at, parts.after);
	}
	out->module = (struct str){ bytes, (size_t)(at - bytes) };
	return true;
}

void wasm_image_fini(struct wasm_image *image)
{
	mem_free((char *)image->module.ptr);
	mem_free((char *)image->bytes.ptr);
	*image = (struct wasm_image){ 0 };
}
