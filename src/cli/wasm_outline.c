/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wasm_outline.h"

#include <string.h>

#include "guest/wasm/wasm_reader.h"

enum section {
	SECTION_CUSTOM,
	SECTION_TYPE,
	SECTION_IMPORT,
	SECTION_FUNCTION,
	SECTION_MEMORY = 5,
	SECTION_EXPORT = 7,
	SECTION_START,
	SECTION_CODE = 10,
	SECTION_DATA,

	COMPONENT_CORE_MODULE = 1,
	COMPONENT_IMPORT = 10,
	COMPONENT_EXPORT = 11,
};

enum {
	LIMITS_MAX = 1,
	LIMITS_PAGE_SIZE = 8,
	TYPE_FUNC = 0x60,
	REF = 0x64,
	REF_NULL = 0x63,
	SIGNATURE_MAX = 64
};

static size_t get_count(struct wasm_reader *c)
{
	return wasm_get_count(c, OUTLINE_ITEMS_MAX);
}

/* ---- types ---- */

static char type_letter(uint8_t type)
{
	switch (type) {
	case 0x7f:
		return 'i';
	case 0x7e:
		return 'I';
	case 0x7d:
		return 'f';
	case 0x7c:
		return 'F';
	default:
		return '?';
	}
}

static void get_type(struct wasm_reader *c, char *out, size_t *used)
{
	uint8_t type = wasm_get_byte(c);
	if (type == REF || type == REF_NULL)
		wasm_get_leb(c); /* what it refers to */
	if (*used < SIGNATURE_MAX)
		out[(*used)++] = type_letter(type);
	else
		out[SIGNATURE_MAX - 1] = '?'; /* longer than any of ours */
}

/* The first form that is no plain function type (recursive groups, structs) ends it: those behind have no
 * signature. */
static void read_types(struct wasm_outline *o, struct wasm_reader *c, struct arena *a)
{
	size_t count = get_count(c);
	o->types = arena_zalloc(a, (count + 1) * sizeof *o->types);
	for (size_t i = 0; i < count && !c->bad; i++) {
		char text[SIGNATURE_MAX + 2];
		size_t used = 0;
		if (wasm_get_byte(c) != TYPE_FUNC)
			break;
		for (size_t n = get_count(c); n > 0 && !c->bad; n--)
			get_type(c, text, &used);
		text[used++] = '>';
		for (size_t n = get_count(c); n > 0 && !c->bad; n--)
			get_type(c, text, &used);
		o->types[o->type_count++] = arena_str(a, (struct str){ text, used }).ptr;
	}
	c->bad = false;
}

/* ---- imports, exports, memory ---- */

static void get_limits(struct wasm_reader *c, uint64_t *least, uint64_t *most, bool *has_most)
{
	uint8_t flags = wasm_get_byte(c);
	*least = wasm_get_leb(c);
	*has_most = (flags & LIMITS_MAX) != 0;
	*most = *has_most ? wasm_get_leb(c) : 0;
	if (flags & LIMITS_PAGE_SIZE)
		wasm_get_leb(c);
}

static uint64_t pages_bytes(uint64_t pages)
{
	return pages > UINT64_MAX / WASM_PAGE_BYTES ? UINT64_MAX : pages * WASM_PAGE_BYTES;
}

static void get_memory(struct wasm_outline *o, struct wasm_reader *c)
{
	uint64_t least, most;
	bool has_most;
	get_limits(c, &least, &most, &has_most);
	if (o->has_memory)
		return; /* the first one counts */
	o->has_memory = true;
	o->memory_bytes = pages_bytes(least);
	o->memory_has_max = has_most;
	o->memory_bytes_max = pages_bytes(most);
}

static void get_import(struct wasm_outline *o, struct wasm_reader *c, struct wasm_import *i)
{
	uint64_t least, most, type;
	bool has_most;
	char ignored[SIGNATURE_MAX];
	size_t used = 0;
	i->module = wasm_get_name(c);
	i->name = wasm_get_name(c);
	i->kind = wasm_get_byte(c);
	switch (i->kind) {
	case WASM_KIND_FUNC:
		type = wasm_get_leb(c);
		i->signature = type < o->type_count ? o->types[type] : NULL;
		break;
	case WASM_KIND_TABLE:
		get_type(c, ignored, &used);
		get_limits(c, &least, &most, &has_most);
		break;
	case WASM_KIND_MEMORY:
		get_memory(o, c);
		break;
	case WASM_KIND_GLOBAL:
		get_type(c, ignored, &used);
		wasm_get_byte(c); /* may it change? */
		break;
	case WASM_KIND_TAG:
		wasm_get_byte(c);
		wasm_get_leb(c);
		break;
	default:
		c->bad = true;
	}
}

static void read_imports(struct wasm_outline *o, struct wasm_reader *c, struct arena *a)
{
	size_t count = get_count(c);
	o->imports = arena_zalloc(a, (count + 1) * sizeof *o->imports);
	for (size_t i = 0; i < count && !c->bad; i++)
		get_import(o, c, &o->imports[o->import_count++]);
}

static void read_exports(struct wasm_outline *o, struct wasm_reader *c, struct arena *a)
{
	size_t count = get_count(c);
	o->exports = arena_zalloc(a, (count + 1) * sizeof *o->exports);
	for (size_t i = 0; i < count && !c->bad; i++) {
		struct wasm_export *x = &o->exports[o->export_count++];
		x->name = wasm_get_name(c);
		x->kind = wasm_get_byte(c);
		wasm_get_leb(c);
		c->bad = c->bad || x->kind >= WASM_KINDS;
	}
}

/* ---- custom sections: what they hold is a courtesy, so a damaged one is passed over ---- */

static void read_producers(struct wasm_outline *o, struct wasm_reader *c, struct arena *a)
{
	enum { PRODUCERS_MAX = 64 };
	o->producers = arena_zalloc(a, PRODUCERS_MAX * sizeof *o->producers);
	for (size_t fields = get_count(c); fields > 0 && !c->bad; fields--) {
		struct str field = wasm_get_name(c);
		for (size_t values = get_count(c); values > 0 && !c->bad; values--) {
			struct wasm_producer p = { .field = field };
			p.name = wasm_get_name(c);
			p.version = wasm_get_name(c);
			if (!c->bad && o->producer_count < PRODUCERS_MAX)
				o->producers[o->producer_count++] = p;
		}
	}
}

static void read_custom(struct wasm_outline *o, struct wasm_reader c, struct arena *a)
{
	size_t bytes = wasm_left(&c);
	struct str name = wasm_get_name(&c);
	if (str_eq(name, STR("producers")) && !o->producers)
		read_producers(o, &c, a);
	if (str_eq(name, STR("name")) && memmem(c.at, wasm_left(&c), "~lib/", 5))
		o->assemblyscript = true;
	if (str_eq(name, STR("name")) || str_starts(name, STR(".debug_")))
		o->debug_bytes += bytes;
}

/* ---- components ---- */

/* What an import or export of a component is: read over. Forms that are not known end the section, quietly.
 */
static bool pass_extern(struct wasm_reader *c)
{
	uint8_t sort = wasm_get_byte(c);
	if (sort == 0 && wasm_get_byte(c) != 0x11)
		return false;
	if ((sort == 2 || sort == 3) && wasm_get_byte(c) != 0)
		return sort == 3; /* a type of its own: nothing follows */
	wasm_get_leb(c);
	return sort <= 5 && !c->bad;
}

/* A component has many import sections, of one import each as a rule. */
static void add_component_import(struct wasm_outline *o, struct str name, struct arena *a)
{
	size_t n = o->import_count;
	if ((n & (n - 1)) == 0) { /* full: it holds a power of two */
		struct wasm_import *more = arena_zalloc(a, (n ? 2 * n : 1) * sizeof *more);
		if (n)
			memcpy(more, o->imports, n * sizeof *more);
		o->imports = more;
	}
	o->imports[o->import_count++].name = name;
}

static void read_component_imports(struct wasm_outline *o, struct wasm_reader c, struct arena *a)
{
	for (size_t count = get_count(&c); count > 0; count--) {
		wasm_get_byte(&c); /* the form of the name */
		struct str name = wasm_get_name(&c);
		bool known = !c.bad && pass_extern(&c);
		if (!c.bad && o->import_count < OUTLINE_ITEMS_MAX)
			add_component_import(o, name, a);
		if (!known)
			return;
	}
}

static void add_component_export(struct wasm_outline *o, struct str name, struct arena *a)
{
	size_t n = o->export_count;
	if ((n & (n - 1)) == 0) { /* full: it holds a power of two */
		struct wasm_export *more = arena_zalloc(a, (n ? 2 * n : 1) * sizeof *more);
		if (n)
			memcpy(more, o->exports, n * sizeof *more);
		o->exports = more;
	}
	o->exports[o->export_count++].name = name;
}

static void read_component_exports(struct wasm_outline *o, struct wasm_reader c, struct arena *a)
{
	for (size_t count = get_count(&c); count > 0 && !c.bad; count--) {
		wasm_get_byte(&c); /* the form of the name */
		struct str name = wasm_get_name(&c);
		if (!c.bad && o->export_count < OUTLINE_ITEMS_MAX)
			add_component_export(o, name, a);
		if (wasm_get_byte(&c) == 0) /* the sort; a core item's has a second byte */
			wasm_get_byte(&c);
		wasm_get_leb(&c);
		if (wasm_get_byte(&c) != 0 && !pass_extern(&c))
			return;
	}
}

static void read_component_section(struct wasm_outline *o, uint8_t id, struct wasm_reader c, struct arena *a)
{
	if (id == COMPONENT_CORE_MODULE)
		o->core_modules++;
	if (id == COMPONENT_IMPORT)
		read_component_imports(o, c, a);
	if (id == COMPONENT_EXPORT)
		read_component_exports(o, c, a);
	if (id == SECTION_CUSTOM)
		read_custom(o, c, a);
}

/* ---- the whole ---- */

static bool read_section(struct wasm_outline *o, uint8_t id, struct wasm_reader c, struct arena *a)
{
	switch (id) {
	case SECTION_CUSTOM:
		read_custom(o, c, a);
		return true;
	case SECTION_TYPE:
		if (!o->types)
			read_types(o, &c, a);
		break;
	case SECTION_IMPORT:
		if (!o->imports)
			read_imports(o, &c, a);
		break;
	case SECTION_FUNCTION:
		o->functions = wasm_get_leb(&c);
		break;
	case SECTION_MEMORY:
		if (wasm_get_leb(&c) > 0)
			get_memory(o, &c);
		break;
	case SECTION_EXPORT:
		if (!o->exports)
			read_exports(o, &c, a);
		break;
	case SECTION_START:
		o->start_section = true;
		break;
	case SECTION_CODE:
		o->code_bytes += wasm_left(&c);
		break;
	case SECTION_DATA:
		o->data_bytes += wasm_left(&c);
		break;
	}
	return !c.bad;
}

bool wasm_outline_read(struct wasm_outline *out, struct str bytes, struct arena *a, struct error *e)
{
	struct wasm_reader c = wasm_reader_of(str_sub(bytes, 8, bytes.len));
	*out = (struct wasm_outline){ .format = wasm_format(bytes), .bytes = bytes.len };
	if (out->format != WASM_MODULE && out->format != WASM_COMPONENT)
		return FAIL(e, INVALID, "this is no Wasm binary");
	if (out->format == WASM_COMPONENT && (bytes.ptr[6] != 1 || bytes.ptr[7] != 0))
		return FAIL(e, INVALID, "a Wasm file of a version that is not known (%d)", bytes.ptr[4]);
	while (c.at < c.end) {
		size_t at = bytes.len - wasm_left(&c);
		uint8_t id = wasm_get_byte(&c);
		uint64_t size = wasm_get_leb(&c);
		struct str section = wasm_get_bytes(&c, size);
		if (c.bad)
			return FAIL(e, INVALID,
				    "damaged: the section that begins at byte %zu ends behind the file's end",
				    at);
		if (out->format == WASM_COMPONENT)
			read_component_section(out, id, wasm_reader_of(section), a);
		else if (!read_section(out, id, wasm_reader_of(section), a))
			return FAIL(e, INVALID,
				    "damaged: the section that begins at byte %zu (number %d) does not make "
				    "sense",
				    at, id);
	}
	return true;
}

const char *wasm_kind_name(enum wasm_kind kind)
{
	static const char *const names[WASM_KINDS] = { "func", "table", "memory", "global", "tag" };
	return kind < WASM_KINDS ? names[kind] : "";
}
