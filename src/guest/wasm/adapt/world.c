/* SPDX-License-Identifier: Apache-2.0 */
/* Binary.md of the component model is what this reads. */
#include "guest/wasm/adapt/world.h"

#include "guest/wasm/adapt/binary.h"

enum { COMPONENT_TYPE = 0x41, INSTANCE_TYPE = 0x42, FUNC_TYPE = 0x40, RESOURCE_TYPE = 0x3f };
enum { DECL_CORE_TYPE, DECL_TYPE, DECL_ALIAS, DECL_IMPORT, DECL_EXPORT };
enum { SORT_TYPE = 0x03, DESC_TYPE = 0x03, DESC_INSTANCE = 0x05 };
enum { TYPE_DEPTH_MAX = 16 };

/* ---- skipping: to the end of what begins here ---- */

static void skip_type(struct wasm_reader *r, unsigned depth);

static void skip_value(struct wasm_reader *r)
{
	(void)wasm_get_signed_leb(r); /* a primitive type or an index */
}

static void skip_option(struct wasm_reader *r)
{
	if (wasm_get_byte(r))
		skip_value(r);
}

static void skip_fields(struct wasm_reader *r)
{
	for (uint32_t n = read_u32(r); n > 0 && !r->bad; n--) {
		(void)wasm_get_name(r);
		skip_value(r);
	}
}

static void skip_cases(struct wasm_reader *r)
{
	for (uint32_t n = read_u32(r); n > 0 && !r->bad; n--) {
		(void)wasm_get_name(r);
		skip_option(r);
		skip_option(r); /* "refines", of which nothing is left but the place */
	}
}

static void skip_names(struct wasm_reader *r)
{
	for (uint32_t n = read_u32(r); n > 0 && !r->bad; n--)
		(void)wasm_get_name(r);
}

static void skip_func(struct wasm_reader *r)
{
	skip_fields(r);
	if (wasm_get_byte(r) == 0)
		skip_value(r);
	else
		skip_fields(r);
}

static void skip_extern(struct wasm_reader *r)
{
	uint8_t kind = wasm_get_byte(r);
	if (kind == 0x00) /* core module */
		(void)wasm_get_byte(r);
	if (kind == DESC_TYPE) {
		if (wasm_get_byte(r) == 0) /* equal to */
			(void)read_u32(r);
	} else if (kind == 0x02) { /* value */
		if (wasm_get_byte(r) == 0)
			(void)read_u32(r);
		else
			skip_value(r);
	} else {
		(void)read_u32(r);
	}
}

static void skip_extern_name(struct wasm_reader *r)
{
	(void)wasm_get_byte(r);
	(void)wasm_get_name(r);
}

static void skip_alias(struct wasm_reader *r)
{
	if (wasm_get_byte(r) == 0)
		(void)wasm_get_byte(r); /* core: which sort of it */
	uint8_t target = wasm_get_byte(r);
	(void)read_u32(r);
	if (target == 2) /* outer */
		(void)read_u32(r);
	else
		(void)wasm_get_name(r);
}

static void skip_decl(struct wasm_reader *r, unsigned depth)
{
	switch (wasm_get_byte(r)) {
	case DECL_TYPE:
		skip_type(r, depth);
		break;
	case DECL_ALIAS:
		skip_alias(r);
		break;
	case DECL_IMPORT:
	case DECL_EXPORT:
		skip_extern_name(r);
		skip_extern(r);
		break;
	default: /* core types: no WIT world has one */
		r->bad = true;
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): TYPE_DEPTH_MAX bounds it */
static void skip_type(struct wasm_reader *r, unsigned depth)
{
	uint8_t form = wasm_get_byte(r);
	if (depth > TYPE_DEPTH_MAX) {
		r->bad = true;
		return;
	}
	switch (form) {
	case COMPONENT_TYPE:
	case INSTANCE_TYPE:
		for (uint32_t n = read_u32(r); n > 0 && !r->bad; n--)
			skip_decl(r, depth + 1);
		break;
	case FUNC_TYPE:
		skip_func(r);
		break;
	case RESOURCE_TYPE:
		(void)wasm_get_byte(r);
		skip_option(r);
		break;
	case 0x72: /* record */
		skip_fields(r);
		break;
	case 0x71: /* variant */
		skip_cases(r);
		break;
	case 0x6f: /* tuple */
		for (uint32_t n = read_u32(r); n > 0 && !r->bad; n--)
			skip_value(r);
		break;
	case 0x6e: /* flags */
	case 0x6d: /* enum */
		skip_names(r);
		break;
	case 0x6a: /* result */
		skip_option(r);
		skip_option(r);
		break;
	case 0x70: /* list */
	case 0x6b: /* option */
		skip_value(r);
		break;
	case 0x69: /* own */
	case 0x68: /* borrow */
		(void)read_u32(r);
		break;
	default: /* a primitive type by itself */
		if (form < 0x73 || form > 0x7f)
			r->bad = true;
	}
}

/* ---- finding the world ---- */

static bool find_custom(struct str module, struct str prefix, struct str *found)
{
	struct wasm_reader r = wasm_reader_of(module);
	struct str content;
	uint8_t id;
	(void)wasm_get_bytes(&r, WASM_HEADER_BYTES);
	while (read_section(&r, &id, &content)) {
		struct wasm_reader custom = wasm_reader_of(content);
		if (id != SECTION_CUSTOM || !str_starts(wasm_get_name(&custom), prefix))
			continue;
		*found = (struct str){ custom.at, (size_t)(custom.end - custom.at) };
		return true;
	}
	return false;
}

/* Goes into the first component type that is declared in this one; `r` is behind its form. */
static bool enter_component(struct wasm_reader *r)
{
	for (uint32_t n = read_u32(r); n > 0 && !r->bad; n--) {
		const char *start = r->at;
		if (wasm_get_byte(r) == DECL_TYPE && wasm_get_byte(r) == COMPONENT_TYPE)
			return true;
		r->at = start;
		skip_decl(r, 0);
	}
	return false;
}

/* ---- copying it ---- */

enum { COMPONENT_ALIAS = 6, COMPONENT_TYPES = 7, COMPONENT_IMPORT = 10 };

static void put_one(struct buf *out, uint8_t section, const char *from, const char *to)
{
	scoped(buf_fini) struct buf one = BUF_INIT(SIZE_MAX);
	write_u32(&one, 1);
	buf_add(&one, (struct str){ from, (size_t)(to - from) });
	write_section(out, section, buf_str(&one));
}

static void note_import(struct adapter_world *w, struct wasm_reader r)
{
	(void)wasm_get_byte(&r);
	struct str name = wasm_get_name(&r);
	uint8_t kind = wasm_get_byte(&r);
	if (kind == DESC_TYPE)
		w->types++;
	if (kind == DESC_INSTANCE && w->imports_count < WORLD_IMPORTS_MAX)
		w->imports[w->imports_count++] = (struct world_import){ name, w->instances };
	w->instances += kind == DESC_INSTANCE;
}

static void copy_decl(struct wasm_reader *r, struct buf *out, struct adapter_world *w)
{
	const char *start = r->at;
	struct wasm_reader inner = { start + 1, r->end, false };
	skip_decl(r, 0);
	if (r->bad)
		return;
	switch (*start) {
	case DECL_TYPE:
		put_one(out, COMPONENT_TYPES, start + 1, r->at);
		w->types++;
		break;
	case DECL_ALIAS:
		put_one(out, COMPONENT_ALIAS, start + 1, r->at);
		w->types += wasm_get_byte(&inner) == SORT_TYPE;
		break;
	case DECL_IMPORT:
		put_one(out, COMPONENT_IMPORT, start + 1, r->at);
		note_import(w, inner);
		break;
	default: /* an export: what it is of is made in encode.c */
		break;
	}
}

bool world_encode(struct str adapter, struct buf *out, struct adapter_world *world, struct error *e)
{
	struct str encoded, content;
	uint8_t id;
	*world = (struct adapter_world){ 0 };
	if (!find_custom(adapter, STR("component-type"), &encoded))
		return FAIL(e, INVALID, "the adapter has no section component-type");
	struct wasm_reader sections = wasm_reader_of(encoded);
	(void)wasm_get_bytes(&sections, WASM_HEADER_BYTES);
	while (read_section(&sections, &id, &content)) {
		if (id != COMPONENT_TYPES)
			continue;
		struct wasm_reader r = wasm_reader_of(content);
		if (read_u32(&r) != 1 || wasm_get_byte(&r) != COMPONENT_TYPE || !enter_component(&r))
			continue;
		for (uint32_t n = read_u32(&r); n > 0 && !r.bad; n--)
			copy_decl(&r, out, world);
		if (!r.bad && world->imports_count < WORLD_IMPORTS_MAX)
			return true;
		break;
	}
	return FAIL(e, INVALID, "the adapter's section component-type cannot be read");
}
