/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wasm_outline.h"
#include "wasm_setup.h"

static struct arena arena;

static struct wasm_outline read_ok(struct str wasm)
{
	struct wasm_outline o;
	struct error e;
	arena_fini(&arena);
	if (!wasm_outline_read(&o, wasm, &arena, &e))
		fail_msg("%s", e.text);
	return o;
}

static void assert_damaged(struct str wasm, const char *part)
{
	struct wasm_outline o;
	struct error e;
	assert_false(wasm_outline_read(&o, wasm, &arena, &e));
	assert_error(&e, INVALID, part);
	arena_fini(&arena);
}

static const char whole[] =
	"(module"
	" (type $long (func (param i32 i64 f32 f64 funcref) (result i32 i64)))"
	" (import \"m\" \"f\" (func (type $long)))"
	" (import \"m\" \"t\" (table 1 2 funcref))"
	" (import \"m\" \"g\" (global (mut i64)))"
	" (import \"n\" \"mem\" (memory 2 5))"
	" (func $s) (func (export \"_start\"))"
	" (start $s)"
	" (export \"memory\" (memory 0)) (export \"t\" (table 0)) (export \"g\" (global 0))"
	" (data (i32.const 0) \"0123456789\")"
	" (@producers (language \"Rust\" \"2021\") (processed-by \"rustc\" \"1.90.0\") (sdk \"x\" \"\")))";

TEST(imports_are_read_with_their_kinds_and_types)
{
	scoped(wasm_free) struct str wasm = wasm_from(whole);
	struct wasm_outline o = read_ok(wasm);
	assert_int_equal(o.format, WASM_MODULE);
	assert_int_equal(o.bytes, wasm.len);
	assert_int_equal(o.import_count, 4);
	assert_str(o.imports[0].module, "m");
	assert_str(o.imports[0].name, "f");
	assert_int_equal(o.imports[0].kind, WASM_KIND_FUNC);
	assert_string_equal(o.imports[0].signature, "iIfF?>iI");
	assert_int_equal(o.imports[1].kind, WASM_KIND_TABLE);
	assert_int_equal(o.imports[2].kind, WASM_KIND_GLOBAL);
	assert_int_equal(o.imports[3].kind, WASM_KIND_MEMORY);
	arena_fini(&arena);
}

TEST(memory_exports_and_sizes_are_read)
{
	scoped(wasm_free) struct str wasm = wasm_from(whole);
	struct wasm_outline o = read_ok(wasm);
	assert_true(o.has_memory && o.memory_has_max);
	assert_int_equal(o.memory_bytes, 2 * WASM_PAGE_BYTES);
	assert_int_equal(o.memory_bytes_max, 5 * WASM_PAGE_BYTES);
	assert_true(o.start_section);
	assert_int_equal(o.functions, 2);
	assert_int_equal(o.export_count, 4);
	assert_str(o.exports[0].name, "_start");
	assert_int_equal(o.exports[0].kind, WASM_KIND_FUNC);
	assert_int_equal(o.exports[3].kind, WASM_KIND_GLOBAL);
	assert_true(o.code_bytes > 0 && o.data_bytes > 10 && o.debug_bytes > 0);
	arena_fini(&arena);
}

TEST(producers_are_read)
{
	scoped(wasm_free) struct str wasm = wasm_from(whole);
	struct wasm_outline o = read_ok(wasm);
	size_t at = 0;
	assert_int_equal(o.producer_count, 3);
	while (at < 2 && !str_eq(o.producers[at].field, STR("processed-by")))
		at++;
	assert_str(o.producers[at].name, "rustc");
	assert_str(o.producers[at].version, "1.90.0");
	arena_fini(&arena);
}

TEST(an_empty_module_has_nothing)
{
	struct wasm_outline o = read_ok(STR("\0asm\1\0\0\0"));
	assert_int_equal(o.import_count + o.export_count + o.producer_count, 0);
	assert_false(o.has_memory);
	arena_fini(&arena);
}

TEST(types_that_are_not_plain_have_no_signature)
{
	scoped(wasm_free) struct str wasm =
		wasm_from("(module (type (struct (field i32))) (type $f (func (param i32)))"
			  " (import \"m\" \"f\" (func (type $f))))");
	struct wasm_outline o = read_ok(wasm);
	assert_int_equal(o.import_count, 1);
	assert_null(o.imports[0].signature);
	arena_fini(&arena);
}

TEST(a_very_long_type_is_read_over)
{
	char text[4096] = "(module (type $f (func (param";
	for (int i = 0; i < 200; i++)
		strcat(text, " i32");
	strcat(text, "))) (type $g (func (param i64))) (import \"m\" \"f\" (func (type $f)))"
		     " (import \"m\" \"g\" (func (type $g))))");
	scoped(wasm_free) struct str wasm = wasm_from(text);
	struct wasm_outline o = read_ok(wasm);
	assert_non_null(strchr(o.imports[0].signature, '?'));
	assert_string_equal(o.imports[1].signature, "I>");
	arena_fini(&arena);
}

TEST(assemblyscript_is_known_by_its_functions_names)
{
	scoped(wasm_free) struct str wasm = wasm_from("(module (func $~lib/rt/itcms/__new))");
	assert_true(read_ok(wasm).assemblyscript);
	arena_fini(&arena);
}

TEST(a_component_shows_what_it_asks_for)
{
	scoped(wasm_free) struct str wasm =
		wasm_from("(component (import \"a:b/c@1.0.0\" (instance)) (import \"f\" (func))"
			  " (import \"t\" (type (sub resource))) (core module) (core module))");
	struct wasm_outline o = read_ok(wasm);
	assert_int_equal(o.format, WASM_COMPONENT);
	assert_int_equal(o.core_modules, 2);
	assert_int_equal(o.import_count, 3);
	assert_str(o.imports[0].name, "a:b/c@1.0.0");
	assert_str(o.imports[1].name, "f");
	assert_str(o.imports[2].name, "t");
	arena_fini(&arena);
}

TEST(what_is_no_wasm_is_refused)
{
	assert_damaged(STR(""), "no Wasm binary");
	assert_damaged(STR("\0asm"), "no Wasm binary");
	assert_damaged(STR("(module)"), "no Wasm binary");
	assert_damaged(STR("\0asm\2\0\0\0"), "a version that is not known");
}

TEST(damaged_sections_are_named)
{
	assert_damaged(STR("\0asm\1\0\0\0\2"), "begins at byte 8 ends behind");
	assert_damaged(STR("\0asm\1\0\0\0\2\5\1"), "begins at byte 8 ends behind");
	/* A length that goes on for ever, and one beyond 64 bits. */
	assert_damaged(STR("\0asm\1\0\0\0\2\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), "ends behind");
	/* A count of imports that nobody has written. */
	assert_damaged(STR("\0asm\1\0\0\0\2\5\xff\xff\xff\xff\xf"), "number 2");
	/* An import of a kind that does not exist. */
	assert_damaged(STR("\0asm\1\0\0\0\2\6\1\1m\1f\7"), "number 2");
	/* A name that is longer than the section. */
	assert_damaged(STR("\0asm\1\0\0\0\2\3\1\x70m"), "number 2");
	/* An export of a kind that does not exist. */
	assert_damaged(STR("\0asm\1\0\0\0\7\5\1\1f\x9\0"), "number 7");
}

TEST(a_damaged_custom_section_harms_nothing)
{
	struct wasm_outline o = read_ok(STR("\0asm\1\0\0\0\0\xc\11producers\x9\x9"));
	assert_int_equal(o.producer_count, 0);
	read_ok(STR("\0asm\1\0\0\0\0\0"));
	read_ok(STR("\0asm\1\0\0\0\0\1\x70"));
	arena_fini(&arena);
}

/* ---- anything at all ---- */

static uint64_t random_state = 1;

static size_t next_random(size_t below)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(random_state >> 33) % below;
}

static void read_bent(struct str wasm)
{
	struct wasm_outline o;
	struct error e;
	size_t len = next_random(4) ? wasm.len : next_random(wasm.len + 1);
	char *copy = malloc(len ? len : 1);
	memcpy(copy, wasm.ptr, len);
	for (size_t n = next_random(4); n > 0 && len > 8; n--)
		copy[8 + next_random(len - 8)] = (char)next_random(256);
	if (!wasm_outline_read(&o, (struct str){ copy, len }, &arena, &e))
		assert_true(e.kind == ERROR_INVALID && strlen(e.text) > 0);
	arena_reset(&arena);
	free(copy);
}

TEST(any_bytes_are_read_or_refused)
{
	scoped(wasm_free) struct str module = wasm_from(whole);
	scoped(wasm_free) struct str component =
		wasm_from("(component (import \"a:b/c\" (instance)) (import \"f\" (func)) (core module))");
	for (int round = 0; round < 50000; round++) {
		read_bent(module);
		read_bent(component);
	}
	arena_fini(&arena);
}
