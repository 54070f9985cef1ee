/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/adapt/shift.h"

#include <stdio.h>

#include "base/mem.h"
#include "guest/wasm/adapt/binary.h"

enum { OP_MEMORY_SIZE = 0x3f, OP_MEMORY_GROW = 0x40, OP_I32_CONST = 0x41, OP_END = 0x0b };
enum { MEMARG_HAS_MEMORY = 0x40 };

struct shifter {
	struct buf *out;  /* of the whole module */
	uint32_t *params; /* of each type: how many, UINT32_MAX for what is no function */
	uint32_t types_count;
	uint32_t *functions; /* types of the module's own functions */
	uint32_t functions_count;
	const char *refused; /* what it has that cannot be moved */
	/* Of the function that is being rewritten: two locals more, used when one is needed. */
	uint32_t first_local;
	bool needs_locals;
};

/* ---- what stands behind an instruction ---- */

static void skip_heap_type(struct wasm_reader *r)
{
	(void)wasm_get_signed_leb(r);
}

static void skip_value_type(struct wasm_reader *r)
{
	uint8_t b = wasm_get_byte(r);
	if (b == 0x63 || b == 0x64) /* (ref null? heap type) */
		skip_heap_type(r);
}

static void skip_block_type(struct wasm_reader *r)
{
	if (r->at < r->end && (*r->at == 0x63 || *r->at == 0x64))
		skip_value_type(r);
	else
		(void)wasm_get_signed_leb(r);
}

static void skip_table(struct wasm_reader *r, unsigned per_entry)
{
	uint32_t count = read_u32(r);
	for (uint32_t i = 0; i < count && !r->bad; i++) {
		for (unsigned j = 0; j < per_entry; j++)
			(void)read_u32(r);
	}
}

static void skip_catches(struct wasm_reader *r)
{
	uint32_t count = read_u32(r);
	for (uint32_t i = 0; i < count && !r->bad; i++) {
		uint8_t kind = wasm_get_byte(r);
		if (kind < 2)
			(void)read_u32(r); /* the tag; the two others catch all */
		(void)read_u32(r);
	}
}

static bool is_one_of(uint8_t op, struct str ops)
{
	return str_find_char(ops, (char)op) != STR_NONE;
}

/* Instructions of one byte that touch no memory, by what stands behind them. */
static bool has_nothing(uint8_t op)
{
	return (op >= 0x45 && op <= 0xc4) ||
	       is_one_of(op, STR("\x00\x01\x05\x0a\x0b\x0f\x19\x1a\x1b\xd1\xd3\xd4"));
}

static bool has_index(uint8_t op)
{
	return (op >= 0x20 && op <= 0x26) ||
	       is_one_of(op, STR("\x07\x08\x09\x0c\x0d\x10\x12\x14\x15\x18\xd2\xd5\xd6"));
}

/* False: it is none of them. */
static bool skip_plain(struct wasm_reader *r, uint8_t op)
{
	if (has_nothing(op))
		return true;
	if (has_index(op)) {
		(void)read_u32(r);
		return true;
	}
	switch (op) {
	case 0x02:
	case 0x03:
	case 0x04:
	case 0x06: /* block, loop, if, try */
		skip_block_type(r);
		return true;
	case 0x11:
	case 0x13: /* call_indirect */
		(void)read_u32(r);
		(void)read_u32(r);
		return true;
	case 0x0e: /* br_table */
		skip_table(r, 1);
		(void)read_u32(r);
		return true;
	case 0x1c: /* select with types */
		for (uint32_t n = read_u32(r); n > 0 && !r->bad; n--)
			skip_value_type(r);
		return true;
	case 0x1f: /* try_table */
		skip_block_type(r);
		skip_catches(r);
		return true;
	case 0x41:
	case 0x42: /* constants */
		(void)wasm_get_signed_leb(r);
		return true;
	case 0x43:
	case 0x44:
		(void)wasm_get_bytes(r, op == 0x43 ? 4 : 8);
		return true;
	case 0xd0: /* ref.null */
		skip_heap_type(r);
		return true;
	default:
		return false;
	}
}

/* ---- what replaces an instruction ---- */

/* An address' alignment and offset, the offset moved; what would pass the end of memory stays beyond it. */
static void move_memarg(struct shifter *s, struct wasm_reader *r, struct buf *out)
{
	uint32_t align = read_u32(r), offset = read_u32(r);
	if (align & MEMARG_HAS_MEMORY)
		s->refused = "several memories";
	write_u32(out, align);
	write_u32(out, offset > UINT32_MAX - SHIFT_BYTES ? UINT32_MAX : offset + SHIFT_BYTES);
}

static void put_const(struct buf *out, int32_t v)
{
	write_byte(out, OP_I32_CONST);
	write_signed(out, v);
}

static void put_local(struct shifter *s, struct buf *out, uint8_t op, unsigned which)
{
	s->needs_locals = true;
	write_byte(out, op);
	write_u32(out, s->first_local + which);
}

enum { LOCAL_GET = 0x20, LOCAL_SET, LOCAL_TEE };
enum { I32_NE = 0x47, I32_ADD = 0x6a, I32_SUB = 0x6b, SELECT = 0x1b };

static void check_memory(struct shifter *s, struct wasm_reader *r)
{
	if (read_u32(r) != 0)
		s->refused = "several memories";
}

static void move_size(struct shifter *s, struct wasm_reader *r, struct buf *out)
{
	check_memory(s, r);
	write_byte(out, OP_MEMORY_SIZE);
	write_u32(out, 0);
	put_const(out, SHIFT_PAGES);
	write_byte(out, I32_SUB);
}

/* The size before it grew, moved; or -1 as it is: select (size - 2) -1 (size != -1). */
static void move_grow(struct shifter *s, struct wasm_reader *r, struct buf *out)
{
	check_memory(s, r);
	write_byte(out, OP_MEMORY_GROW);
	write_u32(out, 0);
	put_local(s, out, LOCAL_TEE, 0);
	put_const(out, SHIFT_PAGES);
	write_byte(out, I32_SUB);
	put_const(out, -1);
	put_local(s, out, LOCAL_GET, 0);
	put_const(out, -1);
	write_byte(out, I32_NE);
	write_byte(out, SELECT);
}

/* Three operands, of which the first is an address, and perhaps the second. */
static void move_bulk(struct shifter *s, struct buf *out, bool second_too)
{
	put_local(s, out, LOCAL_SET, 0);
	put_local(s, out, LOCAL_SET, 1);
	put_const(out, SHIFT_BYTES);
	write_byte(out, I32_ADD);
	put_local(s, out, LOCAL_GET, 1);
	if (second_too) {
		put_const(out, SHIFT_BYTES);
		write_byte(out, I32_ADD);
	}
	put_local(s, out, LOCAL_GET, 0);
}

/* 0xfc: bulk memory, tables, saturating conversions. */
static void rewrite_misc(struct shifter *s, struct wasm_reader *r, struct buf *out, const char *start)
{
	enum {
		INIT = 8,
		DATA_DROP,
		COPY,
		FILL,
		TABLE_INIT,
		ELEM_DROP,
		TABLE_COPY,
		TABLE_FILL = 17,
		WIDE_LAST = 22
	};
	uint32_t op = read_u32(r);
	if (op == INIT)
		(void)read_u32(r);
	if (op == INIT || op == FILL)
		check_memory(s, r);
	if (op == COPY) {
		check_memory(s, r);
		check_memory(s, r);
	}
	if (op == INIT || op == COPY || op == FILL)
		move_bulk(s, out, op == COPY);
	if (op == TABLE_INIT || op == TABLE_COPY)
		(void)read_u32(r);
	if (op == DATA_DROP || (op >= TABLE_INIT && op <= TABLE_FILL))
		(void)read_u32(r);
	if (op > WIDE_LAST)
		s->refused = "instructions that are not known";
	buf_add(out, (struct str){ start, (size_t)(r->at - start) });
}

/* 0xfd: vectors. */
static void rewrite_simd(struct shifter *s, struct wasm_reader *r, struct buf *out, const char *start)
{
	enum {
		STORE = 11,
		CONST,
		SHUFFLE,
		LANE_FIRST = 21,
		LANE_LAST = 34,
		LOAD_LANE = 84,
		STORE_LANE = 91,
		LOAD_ZERO = 92,
		LOAD_ZERO_LAST = 93
	};
	uint32_t op = read_u32(r);
	if (op > STORE && !(op >= LOAD_LANE && op <= LOAD_ZERO_LAST)) {
		if (op == CONST || op == SHUFFLE)
			(void)wasm_get_bytes(r, 16);
		else if (op >= LANE_FIRST && op <= LANE_LAST)
			(void)wasm_get_byte(r);
		buf_add(out, (struct str){ start, (size_t)(r->at - start) });
		return;
	}
	buf_add(out, (struct str){ start, (size_t)(r->at - start) });
	move_memarg(s, r, out);
	if (op >= LOAD_LANE && op <= STORE_LANE)
		write_byte(out, wasm_get_byte(r));
}

/* 0xfe: atomics. */
static void rewrite_atomic(struct shifter *s, struct wasm_reader *r, struct buf *out, const char *start)
{
	enum { FENCE = 3 };
	uint32_t op = read_u32(r);
	buf_add(out, (struct str){ start, (size_t)(r->at - start) });
	if (op == FENCE)
		write_byte(out, wasm_get_byte(r));
	else
		move_memarg(s, r, out);
}

static void rewrite_instruction(struct shifter *s, struct wasm_reader *r, struct buf *out)
{
	const char *start = r->at;
	uint8_t op = wasm_get_byte(r);
	if (op >= 0x28 && op <= 0x3e) {
		write_byte(out, op);
		move_memarg(s, r, out);
	} else if (op == OP_MEMORY_SIZE) {
		move_size(s, r, out);
	} else if (op == OP_MEMORY_GROW) {
		move_grow(s, r, out);
	} else if (op == 0xfc) {
		rewrite_misc(s, r, out, start);
	} else if (op == 0xfd) {
		rewrite_simd(s, r, out, start);
	} else if (op == 0xfe) {
		rewrite_atomic(s, r, out, start);
	} else if (skip_plain(r, op)) {
		buf_add(out, (struct str){ start, (size_t)(r->at - start) });
	} else {
		s->refused = op == 0xfb ? "garbage-collected objects" : "instructions that are not known";
	}
}

static void rewrite_function(struct shifter *s, struct str body, uint32_t params, struct buf *out)
{
	struct wasm_reader r = wasm_reader_of(body);
	scoped(buf_fini) struct buf code = BUF_INIT(SIZE_MAX), whole = BUF_INIT(SIZE_MAX);
	uint32_t groups = read_u32(&r);
	uint64_t locals = params;
	const char *start = r.at;
	for (uint32_t i = 0; i < groups && !r.bad; i++) {
		locals += read_u32(&r);
		skip_value_type(&r);
	}
	struct str declared = { start, (size_t)(r.at - start) };
	if (locals > UINT32_MAX - 2)
		r.bad = true;
	s->first_local = (uint32_t)locals;
	s->needs_locals = false;
	while (!r.bad && !s->refused && r.at < r.end)
		rewrite_instruction(s, &r, &code);
	if (r.bad && !s->refused)
		s->refused = "code that cannot be read";
	write_u32(&whole, groups + s->needs_locals);
	buf_add(&whole, declared);
	if (s->needs_locals) {
		write_u32(&whole, 2);
		write_byte(&whole, 0x7f); /* i32 */
	}
	buf_add(&whole, buf_str(&code));
	write_name(out, buf_str(&whole));
}

/* ---- sections ---- */

static void skip_limits(struct wasm_reader *r)
{
	uint8_t flags = wasm_get_byte(r);
	(void)read_u32(r);
	if (flags & 1)
		(void)read_u32(r);
	if (flags > 3) /* 64 bits, or pages of another size */
		r->bad = true;
}

static void skip_import_type(struct wasm_reader *r, uint8_t kind)
{
	enum { FUNC, TABLE, MEMORY, GLOBAL, TAG };
	switch (kind) {
	case FUNC:
		(void)read_u32(r);
		break;
	case TABLE:
		skip_value_type(r);
		skip_limits(r);
		break;
	case MEMORY:
		skip_limits(r);
		break;
	case GLOBAL:
		skip_value_type(r);
		(void)wasm_get_byte(r);
		break;
	case TAG:
		(void)wasm_get_byte(r);
		(void)read_u32(r);
		break;
	default:
		r->bad = true;
	}
}

static void read_types(struct shifter *s, struct str content)
{
	struct wasm_reader r = wasm_reader_of(content);
	uint32_t count = read_u32(&r);
	if (count > content.len || s->params) { /* there is one such section */
		s->refused = "types that cannot be read";
		return;
	}
	s->params = mem_zalloc((count + 1) * sizeof *s->params);
	for (uint32_t i = 0; i < count && !r.bad; i++) {
		uint8_t form = wasm_get_byte(&r);
		if (form != 0x60) {
			s->refused = "garbage-collected objects";
			return;
		}
		s->params[i] = read_u32(&r);
		for (uint32_t p = 0; p < s->params[i] && !r.bad; p++)
			skip_value_type(&r);
		for (uint32_t p = read_u32(&r); p > 0 && !r.bad; p--)
			skip_value_type(&r);
	}
	s->types_count = count;
	if (r.bad)
		s->refused = "types that cannot be read";
}

static void read_functions(struct shifter *s, struct str content)
{
	struct wasm_reader r = wasm_reader_of(content);
	uint32_t count = read_u32(&r);
	if (count > content.len || s->functions) {
		s->refused = "functions that cannot be read";
		return;
	}
	s->functions = mem_zalloc((count + 1) * sizeof *s->functions);
	s->functions_count = count;
	for (uint32_t i = 0; i < count; i++)
		s->functions[i] = read_u32(&r);
}

static void move_memory(struct shifter *s, struct str content)
{
	struct wasm_reader r = wasm_reader_of(content);
	scoped(buf_fini) struct buf out = BUF_INIT(SIZE_MAX);
	uint32_t count = read_u32(&r);
	uint8_t flags = wasm_get_byte(&r);
	uint32_t initial = read_u32(&r), maximum = flags & 1 ? read_u32(&r) : 0;
	if (count != 1 || flags > 3 || r.bad || initial > 65536 - SHIFT_PAGES) {
		s->refused = count == 1 ? "a 64-bit memory, or one that leaves no room" : "several memories";
		return;
	}
	write_u32(&out, 1);
	write_byte(&out, flags);
	write_u32(&out, initial + SHIFT_PAGES);
	if (flags & 1)
		write_u32(&out, MIN(maximum, UINT32_C(65536) - SHIFT_PAGES) + SHIFT_PAGES);
	write_section(s->out, SECTION_MEMORY, buf_str(&out));
}

static void move_data(struct shifter *s, struct str content)
{
	struct wasm_reader r = wasm_reader_of(content);
	scoped(buf_fini) struct buf out = BUF_INIT(SIZE_MAX);
	uint32_t count = read_u32(&r);
	write_u32(&out, count);
	for (uint32_t i = 0; i < count && !r.bad; i++) {
		uint32_t kind = read_u32(&r);
		bool passive = kind == 1;
		if (kind == 2 && read_u32(&r) != 0)
			s->refused = "several memories";
		write_u32(&out, passive ? 1 : 0);
		if (!passive) {
			bool constant = wasm_get_byte(&r) == OP_I32_CONST;
			uint32_t offset = (uint32_t)wasm_get_signed_leb(&r);
			constant = wasm_get_byte(&r) == OP_END && constant;
			if (!constant || offset > UINT32_MAX - SHIFT_BYTES)
				s->refused = "data at an address that is not a constant";
			put_const(&out, (int32_t)(offset + SHIFT_BYTES));
			write_byte(&out, OP_END);
		}
		write_name(&out, wasm_get_name(&r));
	}
	if (r.bad && !s->refused)
		s->refused = "data that cannot be read";
	write_section(s->out, SECTION_DATA, buf_str(&out));
}

static void move_code(struct shifter *s, struct str content)
{
	struct wasm_reader r = wasm_reader_of(content);
	scoped(buf_fini) struct buf out = BUF_INIT(SIZE_MAX);
	uint32_t count = read_u32(&r);
	write_u32(&out, count);
	if (count != s->functions_count)
		s->refused = "functions without code";
	for (uint32_t i = 0; i < count && !r.bad && !s->refused; i++) {
		struct str body = wasm_get_name(&r);
		uint32_t type = s->functions[i];
		if (type >= s->types_count)
			s->refused = "functions without a type";
		else
			rewrite_function(s, body, s->params[type], &out);
	}
	if (r.bad && !s->refused)
		s->refused = "code that cannot be read";
	write_section(s->out, SECTION_CODE, buf_str(&out));
}

/* Is the import that ends at `end` of the same name as one before? */
static bool imported_before(const char *first, const char *start, struct str module, struct str name)
{
	struct wasm_reader r = { first, start, false };
	while (r.at < r.end && !r.bad) {
		struct str m = wasm_get_name(&r), n = wasm_get_name(&r);
		uint8_t kind = wasm_get_byte(&r);
		if (str_eq(m, module) && str_eq(n, name))
			return true;
		skip_import_type(&r, kind);
	}
	return false;
}

/*
 * A core module may import a function twice; one in a component may not, so a copy gets another name, which
 * encode.c takes for the first again.
 */
static void move_imports(struct shifter *s, struct str content)
{
	struct wasm_reader r = wasm_reader_of(content);
	scoped(buf_fini) struct buf out = BUF_INIT(SIZE_MAX);
	uint32_t count = read_u32(&r);
	const char *first = r.at;
	write_u32(&out, count);
	for (uint32_t i = 0; i < count && i < SHIFT_IMPORTS_MAX && !r.bad; i++) {
		char room[512];
		const char *start = r.at;
		struct str module = wasm_get_name(&r), name = wasm_get_name(&r);
		if (imported_before(first, start, module, name)) {
			snprintf(room, sizeof room, STR_FMT "%c%u", STR_ARG(name), SHIFT_COPY_MARK, i);
			name = str_from(room);
		}
		const char *type = r.at;
		uint8_t kind = wasm_get_byte(&r);
		skip_import_type(&r, kind);
		write_name(&out, module);
		write_name(&out, name);
		buf_add(&out, (struct str){ type, (size_t)(r.at - type) });
	}
	if (r.bad || count > SHIFT_IMPORTS_MAX)
		s->refused = "imports that cannot be read";
	write_section(s->out, SECTION_IMPORT, buf_str(&out));
}

/* What speaks of places in the code is not true any more. */
static bool custom_stays(struct str content)
{
	struct wasm_reader r = wasm_reader_of(content);
	struct str name = wasm_get_name(&r);
	return !str_starts(name, STR(".debug")) && !str_starts(name, STR("reloc.")) &&
	       !str_starts(name, STR("metadata.code")) && !str_starts(name, STR("component-type")) &&
	       !str_eq(name, STR("sourceMappingURL"));
}

static void move_section(struct shifter *s, uint8_t id, struct str content)
{
	switch (id) {
	case SECTION_IMPORT:
		move_imports(s, content);
		return;
	case SECTION_MEMORY:
		move_memory(s, content);
		return;
	case SECTION_CODE:
		move_code(s, content);
		return;
	case SECTION_DATA:
		move_data(s, content);
		return;
	case SECTION_TYPE:
		read_types(s, content);
		break;
	case SECTION_FUNCTION:
		read_functions(s, content);
		break;
	case SECTION_CUSTOM:
		if (!custom_stays(content))
			return;
		break;
	default:
		break;
	}
	write_section(s->out, id, content);
}

bool shift_module(struct str module, struct buf *out, struct error *e)
{
	struct shifter s = { .out = out };
	struct wasm_reader r = wasm_reader_of(module);
	struct str content;
	uint8_t id;
	buf_add(out, wasm_get_bytes(&r, WASM_HEADER_BYTES));
	while (!s.refused && read_section(&r, &id, &content))
		move_section(&s, id, content);
	mem_free(s.params);
	mem_free(s.functions);
	if (s.refused)
		return FAIL(e, UNSUPPORTED, "the module has %s, so it cannot be adapted", s.refused);
	if (r.bad)
		return FAIL(e, INVALID, "the module is damaged");
	return true;
}
