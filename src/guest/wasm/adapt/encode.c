/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The component's shape. Main module and adapter need each other, the host's functions need the memory of the
 * one and the allocator of the other, and core instances are made one after another; so there is a third
 * module of nothing but functions that call through a table ("shim"), and a fourth that fills that table when
 * all is there ("fixup"):
 *
 *   shim       exports a function for each import of main and adapter, and their table
 *   main       imports from the shim; has the memory
 *   adapter    imports main's memory and `_start`, and from the shim
 *   lowered    the world's functions, with main's memory and the adapter's cabi_import_realloc
 *   fixup      writes the adapter's exports and the lowered functions into the shim's table
 */
#include <stdio.h>

#include "base/mem.h"
#include "guest/wasm/adapt/adapt.h"
#include "guest/wasm/adapt/binary.h"
#include "guest/wasm/adapt/shift.h"
#include "guest/wasm/adapt/world.h"

/* Sections, sorts and canonical options of a component. */
enum { C_CORE_MODULE = 1, C_CORE_INSTANCE, C_INSTANCE = 5, C_ALIAS, C_TYPES, C_CANON, C_EXPORT = 11 };
enum { CORE_FUNC, CORE_TABLE, CORE_MEMORY };
enum { SORT_CORE, SORT_FUNC, SORT_TYPE = 3, SORT_INSTANCE = 5 };
enum { MODULE_MAIN, MODULE_ADAPTER, MODULE_SHIM, MODULE_FIXUP };
enum { FUNCTIONS_MAX = 4096 };

struct import {
	struct str module, name;
	uint32_t type;
	uint32_t slot; /* in the shim's table; UINT32_MAX: it is none of its functions */
	uint32_t core; /* index of a core function of the component, when it has no slot */
};

struct module {
	struct str bytes, types; /* content of the type section */
	struct import *imports;  /* functions */
	uint32_t imports_count;
	struct str exports; /* content of the export section */
	bool other_imports; /* of something else than functions */
};

struct encoder {
	struct module main, adapter;
	struct adapter_world world;
	struct buf *out;
	uint32_t slots;          /* of the shim */
	uint32_t core_functions; /* how many the component has by now */
	uint32_t core_instances, functions;
};

/* ---- reading a module ---- */

static void skip_limits(struct wasm_reader *r)
{
	uint8_t flags = wasm_get_byte(r);
	(void)read_u32(r);
	if (flags & 1)
		(void)read_u32(r);
}

static bool read_imports(struct module *m, struct str content)
{
	struct wasm_reader r = wasm_reader_of(content);
	uint32_t count = read_u32(&r);
	if (count > FUNCTIONS_MAX || m->imports) /* there is one such section */
		return false;
	m->imports = mem_zalloc((count + 1) * sizeof *m->imports);
	for (uint32_t i = 0; i < count && !r.bad; i++) {
		struct import import = { .module = wasm_get_name(&r),
					 .name = wasm_get_name(&r),
					 .slot = UINT32_MAX };
		uint8_t kind = wasm_get_byte(&r);
		if (kind == CORE_FUNC) {
			import.type = read_u32(&r);
			m->imports[m->imports_count++] = import;
		} else if (kind == CORE_MEMORY) {
			skip_limits(&r);
			m->other_imports = true;
		} else { /* tables, globals, tags: no guest of the ABI has one */
			return false;
		}
	}
	return !r.bad;
}

static bool read_module(struct module *m, struct str bytes)
{
	struct wasm_reader r = wasm_reader_of(bytes);
	struct str content;
	uint8_t id;
	bool ok = true;
	m->bytes = bytes;
	m->types = m->exports = STR("");
	(void)wasm_get_bytes(&r, WASM_HEADER_BYTES);
	while (ok && read_section(&r, &id, &content)) {
		if (id == SECTION_TYPE)
			m->types = content;
		else if (id == SECTION_IMPORT)
			ok = read_imports(m, content);
		else if (id == SECTION_EXPORT)
			m->exports = content;
	}
	return ok && !r.bad;
}

static bool has_export(const struct module *m, struct str name, uint8_t kind)
{
	struct wasm_reader r = wasm_reader_of(m->exports);
	for (uint32_t n = m->exports.len ? read_u32(&r) : 0; n > 0 && !r.bad; n--) {
		struct str have = wasm_get_name(&r);
		bool of_kind = wasm_get_byte(&r) == kind;
		(void)read_u32(&r);
		if (of_kind && str_eq(have, name))
			return true;
	}
	return false;
}

/* The bytes of a module's function type: parameters, results. */
static struct str type_bytes(const struct module *m, uint32_t index)
{
	struct wasm_reader r = wasm_reader_of(m->types);
	uint32_t count = read_u32(&r);
	for (uint32_t i = 0; i < count && !r.bad; i++) {
		const char *start = r.at;
		if (wasm_get_byte(&r) != 0x60)
			break;
		(void)wasm_get_name(&r); /* a byte for each parameter */
		(void)wasm_get_name(&r);
		if (i == index && !r.bad)
			return (struct str){ start, (size_t)(r.at - start) };
	}
	return STR("");
}

/* What the adapter calls a function of the ABI: those of WASI by their names, others with their module's. */
static struct str adapter_name(const struct import *i, char *room, size_t cap)
{
	size_t mark = str_find_char(i->name, SHIFT_COPY_MARK);
	struct str name = mark == STR_NONE ? i->name : str_sub(i->name, 0, mark);
	if (str_eq(i->module, STR("wasi_snapshot_preview1")))
		return name;
	snprintf(room, cap, STR_FMT "#" STR_FMT, STR_ARG(i->module), STR_ARG(name));
	return str_from(room);
}

enum { NAME_BYTES_MAX = 512 };

static bool check_main(struct encoder *c, struct error *e)
{
	scoped(buf_fini) struct buf missing = BUF_INIT(ERROR_TEXT_BYTES_MAX);
	char room[NAME_BYTES_MAX];
	if (!has_export(&c->main, STR("_start"), CORE_FUNC))
		return FAIL(e, INVALID,
			    "the module exports no function `_start`, so there is nothing to adapt");
	if (c->main.other_imports || !has_export(&c->main, STR("memory"), CORE_MEMORY))
		return FAIL(e, INVALID, "the module exports no memory of its own, so it cannot be adapted");
	for (uint32_t i = 0; i < c->main.imports_count; i++) {
		const struct import *import = &c->main.imports[i];
		if (!has_export(&c->adapter, adapter_name(import, room, sizeof room), CORE_FUNC))
			buf_printf(&missing, "%s" STR_FMT "." STR_FMT, missing.len ? ", " : "",
				   STR_ARG(import->module), STR_ARG(import->name));
	}
	if (missing.len == 0)
		return true;
	return FAIL(e, UNSUPPORTED, "the module imports what the adapter does not have: " STR_FMT,
		    STR_ARG(buf_str(&missing)));
}

/* ---- shim and fixup ---- */

static void give_slots(struct encoder *c, struct module *m)
{
	for (uint32_t i = 0; i < m->imports_count; i++) {
		struct import *import = &m->imports[i];
		bool drop = str_starts(import->name, STR("[resource-drop]"));
		if (m == &c->adapter && (drop || str_eq(import->module, STR("__main_module__"))))
			continue;
		import->slot = c->slots++;
	}
}

static struct str slot_name(uint32_t slot, char room[16])
{
	snprintf(room, 16, "%u", slot);
	return str_from(room);
}

/* The types of all slots, one each: the index of a slot's type is the slot's. */
static void put_slot_types(const struct encoder *c, struct buf *module)
{
	scoped(buf_fini) struct buf types = BUF_INIT(SIZE_MAX);
	const struct module *const of[] = { &c->main, &c->adapter };
	write_u32(&types, c->slots);
	for (size_t m = 0; m < COUNT_OF(of); m++) {
		for (uint32_t i = 0; i < of[m]->imports_count; i++) {
			if (of[m]->imports[i].slot != UINT32_MAX)
				buf_add(&types, type_bytes(of[m], of[m]->imports[i].type));
		}
	}
	write_section(module, SECTION_TYPE, buf_str(&types));
}

static void put_table_type(const struct encoder *c, struct buf *b)
{
	write_byte(b, 0x70); /* funcref */
	write_byte(b, 1);
	write_u32(b, c->slots);
	write_u32(b, c->slots);
}

static uint32_t params_of(const struct module *m, uint32_t type)
{
	struct wasm_reader r = wasm_reader_of(type_bytes(m, type));
	(void)wasm_get_byte(&r);
	return (uint32_t)wasm_get_name(&r).len;
}

/* local.get each parameter, i32.const slot, call_indirect. */
static void put_shim_code(const struct module *m, struct buf *code)
{
	for (uint32_t i = 0; i < m->imports_count; i++) {
		scoped(buf_fini) struct buf body = BUF_INIT(SIZE_MAX);
		const struct import *import = &m->imports[i];
		if (import->slot == UINT32_MAX)
			continue;
		write_u32(&body, 0); /* no locals */
		for (uint32_t p = 0; p < params_of(m, import->type); p++) {
			write_byte(&body, 0x20);
			write_u32(&body, p);
		}
		write_byte(&body, 0x41);
		write_signed(&body, import->slot);
		write_byte(&body, 0x11);
		write_u32(&body, import->slot); /* the type */
		write_u32(&body, 0);            /* the table */
		write_byte(&body, 0x0b);
		write_name(code, buf_str(&body));
	}
}

static const struct str module_header = STR_INIT("\0asm\1\0\0\0");

static void put_shim(const struct encoder *c)
{
	scoped(buf_fini) struct buf module = BUF_INIT(SIZE_MAX), s = BUF_INIT(SIZE_MAX);
	char room[16];
	buf_add(&module, module_header);
	put_slot_types(c, &module);
	write_u32(&s, c->slots);
	for (uint32_t i = 0; i < c->slots; i++)
		write_u32(&s, i);
	write_section(&module, SECTION_FUNCTION, buf_str(&s));
	buf_reset(&s);
	write_u32(&s, 1);
	put_table_type(c, &s);
	write_section(&module, SECTION_TABLE, buf_str(&s));
	buf_reset(&s);
	write_u32(&s, c->slots + 1);
	for (uint32_t i = 0; i < c->slots; i++) {
		write_name(&s, slot_name(i, room));
		write_byte(&s, CORE_FUNC);
		write_u32(&s, i);
	}
	write_name(&s, STR("$imports"));
	write_byte(&s, CORE_TABLE);
	write_u32(&s, 0);
	write_section(&module, SECTION_EXPORT, buf_str(&s));
	buf_reset(&s);
	write_u32(&s, c->slots);
	put_shim_code(&c->main, &s);
	put_shim_code(&c->adapter, &s);
	write_section(&module, SECTION_CODE, buf_str(&s));
	write_section(c->out, C_CORE_MODULE, buf_str(&module));
}

static void put_fixup(const struct encoder *c)
{
	scoped(buf_fini) struct buf module = BUF_INIT(SIZE_MAX), s = BUF_INIT(SIZE_MAX);
	char room[16];
	buf_add(&module, module_header);
	put_slot_types(c, &module);
	write_u32(&s, c->slots + 1);
	for (uint32_t i = 0; i < c->slots; i++) {
		write_name(&s, STR(""));
		write_name(&s, slot_name(i, room));
		write_byte(&s, CORE_FUNC);
		write_u32(&s, i);
	}
	write_name(&s, STR(""));
	write_name(&s, STR("$imports"));
	write_byte(&s, CORE_TABLE);
	put_table_type(c, &s);
	write_section(&module, SECTION_IMPORT, buf_str(&s));
	buf_reset(&s);
	write_u32(&s, 1);
	write_byte(&s, 0); /* active, of table 0, at … */
	write_byte(&s, 0x41);
	write_signed(&s, 0);
	write_byte(&s, 0x0b);
	write_u32(&s, c->slots);
	for (uint32_t i = 0; i < c->slots; i++)
		write_u32(&s, i);
	write_section(&module, SECTION_ELEMENT, buf_str(&s));
	write_section(c->out, C_CORE_MODULE, buf_str(&module));
}

/* ---- the component's own definitions, one a section ---- */

static void put_definition(const struct encoder *c, uint8_t section, const struct buf *one)
{
	scoped(buf_fini) struct buf s = BUF_INIT(SIZE_MAX);
	write_u32(&s, 1);
	buf_add(&s, buf_str(one));
	write_section(c->out, section, buf_str(&s));
}

/*
 * Makes a core instance's export a core function (memory, table) of the component; yields the function's
 * index.
 */
static uint32_t alias_core(struct encoder *c, uint8_t sort, uint32_t instance, struct str name)
{
	scoped(buf_fini) struct buf s = BUF_INIT(SIZE_MAX);
	write_byte(&s, SORT_CORE);
	write_byte(&s, sort);
	write_byte(&s, 1);
	write_u32(&s, instance);
	write_name(&s, name);
	put_definition(c, C_ALIAS, &s);
	return sort == CORE_FUNC ? c->core_functions++ : 0;
}

static void alias_world(struct encoder *c, uint8_t sort, uint32_t instance, struct str name)
{
	scoped(buf_fini) struct buf s = BUF_INIT(SIZE_MAX);
	write_byte(&s, sort);
	write_byte(&s, 0);
	write_u32(&s, instance);
	write_name(&s, name);
	put_definition(c, C_ALIAS, &s);
}

struct argument {
	struct str name;
	uint32_t instance;
};

static uint32_t instantiate(struct encoder *c, uint32_t module, const struct argument *arguments,
			    uint32_t count)
{
	scoped(buf_fini) struct buf s = BUF_INIT(SIZE_MAX);
	write_byte(&s, 0);
	write_u32(&s, module);
	write_u32(&s, count);
	for (uint32_t i = 0; i < count; i++) {
		write_name(&s, arguments[i].name);
		write_byte(&s, 0x12);
		write_u32(&s, arguments[i].instance);
	}
	put_definition(c, C_CORE_INSTANCE, &s);
	return c->core_instances++;
}

static void put_export(struct buf *s, struct str name, uint8_t sort, uint32_t index)
{
	write_name(s, name);
	write_byte(s, sort);
	write_u32(s, index);
}

/* An instance of exports that are there already; `exports` holds `count` of put_export(). */
static uint32_t bundle(struct encoder *c, const struct buf *exports, uint32_t count)
{
	scoped(buf_fini) struct buf s = BUF_INIT(SIZE_MAX);
	write_byte(&s, 1);
	write_u32(&s, count);
	buf_add(&s, buf_str(exports));
	put_definition(c, C_CORE_INSTANCE, &s);
	return c->core_instances++;
}

static const struct world_import *find_interface(const struct encoder *c, struct str name)
{
	for (uint32_t i = 0; i < c->world.imports_count; i++) {
		if (str_eq(c->world.imports[i].name, name))
			return &c->world.imports[i];
	}
	return NULL;
}

static bool first_of_its_module(const struct module *m, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++) {
		if (str_eq(m->imports[i].module, m->imports[index].module))
			return false;
	}
	return true;
}

/* Instances for all modules that `m` imports functions from, as arguments; yields how many. */
static uint32_t bundle_imports(struct encoder *c, const struct module *m, struct argument *arguments)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < m->imports_count; i++) {
		scoped(buf_fini) struct buf exports = BUF_INIT(SIZE_MAX);
		uint32_t functions = 0;
		if (!first_of_its_module(m, i))
			continue;
		for (uint32_t j = i; j < m->imports_count; j++) {
			const struct import *import = &m->imports[j];
			if (!str_eq(import->module, m->imports[i].module))
				continue;
			put_export(&exports, import->name, CORE_FUNC, import->core);
			functions++;
		}
		arguments[count++] =
			(struct argument){ m->imports[i].module, bundle(c, &exports, functions) };
	}
	return count;
}

/* The shim's functions by their places: what modules import until the fixup. */
static void alias_slots(struct encoder *c, struct module *m, uint32_t shim)
{
	char room[16];
	for (uint32_t i = 0; i < m->imports_count; i++) {
		if (m->imports[i].slot != UINT32_MAX)
			m->imports[i].core =
				alias_core(c, CORE_FUNC, shim, slot_name(m->imports[i].slot, room));
	}
}

/* The adapter's imports that drop a resource: these need no memory. */
static bool define_drops(struct encoder *c, struct error *e)
{
	for (uint32_t i = 0; i < c->adapter.imports_count; i++) {
		scoped(buf_fini) struct buf s = BUF_INIT(SIZE_MAX);
		struct import *import = &c->adapter.imports[i];
		const struct str drop = STR_INIT("[resource-drop]");
		if (!str_starts(import->name, drop))
			continue;
		const struct world_import *interface = find_interface(c, import->module);
		if (!interface)
			return FAIL(e, INVALID, "the adapter imports " STR_FMT ", which its world has not",
				    STR_ARG(import->module));
		alias_world(c, SORT_TYPE, interface->instance, str_sub(import->name, drop.len, SIZE_MAX));
		write_byte(&s, 3);
		write_u32(&s, c->world.types++);
		put_definition(c, C_CANON, &s);
		import->core = c->core_functions++;
	}
	return true;
}

static uint32_t lower(struct encoder *c, uint32_t function, uint32_t realloc_function)
{
	scoped(buf_fini) struct buf s = BUF_INIT(SIZE_MAX);
	write_byte(&s, 1);
	write_byte(&s, 0);
	write_u32(&s, function);
	write_u32(&s, 3);     /* options */
	write_byte(&s, 0x00); /* UTF-8 */
	write_byte(&s, 0x03);
	write_u32(&s, 0); /* the memory: the only one that is aliased */
	write_byte(&s, 0x04);
	write_u32(&s, realloc_function);
	put_definition(c, C_CANON, &s);
	return c->core_functions++;
}

/* What the shim's functions really are, put in its table. */
static bool fix_up(struct encoder *c, uint32_t shim, uint32_t adapter, struct error *e)
{
	scoped(buf_fini) struct buf exports = BUF_INIT(SIZE_MAX);
	char room[16], name[NAME_BYTES_MAX];
	for (uint32_t i = 0; i < c->main.imports_count; i++) {
		const struct import *import = &c->main.imports[i];
		uint32_t core = alias_core(c, CORE_FUNC, adapter, adapter_name(import, name, sizeof name));
		put_export(&exports, slot_name(import->slot, room), CORE_FUNC, core);
	}
	uint32_t realloc_function = alias_core(c, CORE_FUNC, adapter, STR("cabi_import_realloc"));
	for (uint32_t i = 0; i < c->adapter.imports_count; i++) {
		const struct import *import = &c->adapter.imports[i];
		if (import->slot == UINT32_MAX)
			continue;
		const struct world_import *interface = find_interface(c, import->module);
		if (!interface)
			return FAIL(e, INVALID, "the adapter imports " STR_FMT ", which its world has not",
				    STR_ARG(import->module));
		alias_world(c, SORT_FUNC, interface->instance, import->name);
		uint32_t core = lower(c, c->functions++, realloc_function);
		put_export(&exports, slot_name(import->slot, room), CORE_FUNC, core);
	}
	alias_core(c, CORE_TABLE, shim, STR("$imports"));
	put_export(&exports, STR("$imports"), CORE_TABLE, 0);
	const struct argument argument = { STR(""), bundle(c, &exports, c->slots + 1) };
	instantiate(c, MODULE_FIXUP, &argument, 1);
	return true;
}

/* ---- the export ---- */

#define INCOMING "fastly:compute/http-incoming@0.1.0"

/* The resource of an interface, as a type; then `own` of it: yields the latter's index. */
static bool own_type(struct encoder *c, const char *interface_name, struct str resource, uint32_t *own,
		     struct error *e)
{
	scoped(buf_fini) struct buf s = BUF_INIT(SIZE_MAX);
	const struct world_import *interface = find_interface(c, str_from(interface_name));
	if (!interface)
		return FAIL(e, INVALID, "the adapter's world has no %s", interface_name);
	alias_world(c, SORT_TYPE, interface->instance, resource);
	write_byte(&s, 0x69);
	write_u32(&s, c->world.types++);
	put_definition(c, C_TYPES, &s);
	*own = c->world.types++;
	return true;
}

static bool export_handler(struct encoder *c, uint32_t adapter, struct error *e)
{
	scoped(buf_fini) struct buf s = BUF_INIT(SIZE_MAX);
	uint32_t request, body;
	if (!own_type(c, "fastly:compute/http-req@0.1.0", STR("request"), &request, e) ||
	    !own_type(c, "fastly:compute/http-body@0.1.0", STR("body"), &body, e))
		return false;
	buf_add(&s, STR("\x6a\0\0")); /* result, of nothing or nothing */
	put_definition(c, C_TYPES, &s);
	uint32_t result = c->world.types++;
	buf_reset(&s);
	write_byte(&s, 0x40);
	write_u32(&s, 2);
	write_name(&s, STR("request"));
	write_signed(&s, request);
	write_name(&s, STR("body"));
	write_signed(&s, body);
	write_byte(&s, 0);
	write_signed(&s, result);
	put_definition(c, C_TYPES, &s);
	uint32_t type = c->world.types++;
	uint32_t core = alias_core(c, CORE_FUNC, adapter, STR(INCOMING "#handle"));
	buf_reset(&s);
	write_byte(&s, 0); /* lift */
	write_byte(&s, 0);
	write_u32(&s, core);
	write_u32(&s, 0); /* no options: everything fits into numbers */
	write_u32(&s, type);
	put_definition(c, C_CANON, &s);
	uint32_t function = c->functions++;
	buf_reset(&s);
	write_byte(&s, 1);
	write_u32(&s, 1);
	write_byte(&s, 0);
	put_export(&s, STR("handle"), SORT_FUNC, function);
	put_definition(c, C_INSTANCE, &s);
	buf_reset(&s);
	write_byte(&s, 0);
	put_export(&s, STR(INCOMING), SORT_INSTANCE, c->world.instances++);
	write_byte(&s, 0); /* its type is what it is */
	put_definition(c, C_EXPORT, &s);
	return true;
}

/* ---- all of it ---- */

static bool encode(struct encoder *c, struct error *e)
{
	struct argument arguments[WORLD_IMPORTS_MAX];
	buf_add(c->out, (struct str){ "\0asm\x0d\0\1\0", WASM_HEADER_BYTES });
	if (!world_encode(c->adapter.bytes, c->out, &c->world, e))
		return false;
	write_section(c->out, C_CORE_MODULE, c->main.bytes);
	write_section(c->out, C_CORE_MODULE, c->adapter.bytes);
	put_shim(c);
	put_fixup(c);
	uint32_t shim = instantiate(c, MODULE_SHIM, NULL, 0);
	alias_slots(c, &c->main, shim);
	alias_slots(c, &c->adapter, shim);
	uint32_t main = instantiate(c, MODULE_MAIN, arguments, bundle_imports(c, &c->main, arguments));
	alias_core(c, CORE_MEMORY, main, STR("memory"));
	if (!define_drops(c, e))
		return false;
	for (uint32_t i = 0; i < c->adapter.imports_count; i++) {
		struct import *import = &c->adapter.imports[i];
		if (str_eq(import->module, STR("__main_module__")))
			import->core = alias_core(c, CORE_FUNC, main, import->name);
	}
	uint32_t count = bundle_imports(c, &c->adapter, arguments);
	scoped(buf_fini) struct buf memory = BUF_INIT(SIZE_MAX);
	put_export(&memory, STR("memory"), CORE_MEMORY, 0);
	arguments[count++] = (struct argument){ STR("env"), bundle(c, &memory, 1) };
	uint32_t adapter = instantiate(c, MODULE_ADAPTER, arguments, count);
	return fix_up(c, shim, adapter, e) && export_handler(c, adapter, e);
}

/*
 * How many modules are imported from is bounded by WORLD_IMPORTS_MAX: an argument each, and one for the
 * memory.
 */
static bool few_modules(const struct module *m)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < m->imports_count; i++)
		count += first_of_its_module(m, i);
	return count < WORLD_IMPORTS_MAX - 1;
}

bool adapt_module(struct str module, struct str adapter, struct buf *out, struct error *e)
{
	scoped(buf_fini) struct buf shifted = BUF_INIT(SIZE_MAX);
	struct encoder c = { .out = out };
	if (adapter.len == 0)
		return FAIL(e, UNSUPPORTED,
			    "this Backlot was built without Fastly's adapter (tools/get-adapter), so it "
			    "cannot adapt; build it again where cargo can fetch the crate viceroy-lib");
	if (!shift_module(module, &shifted, e))
		return false;
	bool ok = read_module(&c.main, buf_str(&shifted)) && read_module(&c.adapter, adapter) &&
		  few_modules(&c.main) && few_modules(&c.adapter);
	if (!ok)
		FAIL(e, INVALID, "the module's imports cannot be read, or are not all functions");
	if (ok && check_main(&c, e)) {
		give_slots(&c, &c.main);
		give_slots(&c, &c.adapter);
		ok = encode(&c, e);
	} else {
		ok = false;
	}
	mem_free(c.main.imports);
	mem_free(c.adapter.imports);
	return ok;
}
