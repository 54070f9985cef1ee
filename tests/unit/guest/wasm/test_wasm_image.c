/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <wasmtime.h>

#include "guest/wasm/wasm_image.h"

enum { UNIT = WASM_IMAGE_UNIT, TABLE_MAX = 1000 };

/* Takes the image of a module written as text. */
static bool image_of(struct wasm_image *image, const char *wat)
{
	wasm_byte_vec_t wasm;
	wasmtime_error_t *failed = wasmtime_wat2wasm(wat, strlen(wat), &wasm);
	assert_null(failed);
	bool taken = wasm_image_take(image, (struct str){ wasm.data, wasm.size }, TABLE_MAX);
	wasm_byte_vec_delete(&wasm);
	return taken;
}

static bool is_valid(struct str module)
{
	wasm_engine_t *engine = wasm_engine_new();
	wasmtime_error_t *failed = wasmtime_module_validate(engine, (const uint8_t *)module.ptr, module.len);
	if (failed)
		wasmtime_error_delete(failed);
	wasm_engine_delete(engine);
	return !failed;
}

TEST(segments_become_an_image_in_their_order)
{
	struct wasm_image image;
	assert_true(image_of(&image, "(module (memory 4) (data (i32.const 65534) \"abcd\") (data \"passive\")"
				     " (data (i32.const 65535) \"XY\") (data (i32.const 140000) \"z\")"
				     " (func (export \"_start\") (memory.init 1 (i32.const 0) (i32.const 0)"
				     " (i32.const 7))))"));
	assert_int_equal(image.at, 0);
	assert_int_equal(image.bytes.len, 3 * UNIT);
	assert_str(str_sub(image.bytes, 65534, 4), "aXYd");
	assert_int_equal(image.bytes.ptr[65533], 0);
	assert_int_equal(image.bytes.ptr[140000], 'z');
	assert_int_equal(str_find(image.module, STR("abcd")), STR_NONE);
	assert_int_not_equal(str_find(image.module, STR("passive")), STR_NONE);
	assert_true(is_valid(image.module));
	wasm_image_fini(&image);
}

TEST(an_image_begins_where_the_data_does)
{
	struct wasm_image image;
	assert_true(image_of(&image, "(module (memory 20) (data (i32.const 1048586) \"x\"))"));
	assert_int_equal(image.at, 1048576);
	assert_int_equal(image.bytes.len, UNIT);
	assert_int_equal(image.bytes.ptr[10], 'x');
	wasm_image_fini(&image);
}

TEST(a_module_without_data_has_an_empty_image)
{
	static const char *const none[] = {
		"(module (memory 1))", "(module (memory 0 9))",
		"(module (memory 1) (data (i32.const 65536) \"\"))", "(module (memory 1) (data \"passive\"))",
		"(module (memory 1) (global (mut i32) (i32.const 65536)) (global i64 "
		"(i64.const -1)) (global f32 (f32.const 1)) (global f64 (f64.const 2)))"
	};
	for (size_t i = 0; i < COUNT_OF(none); i++) {
		struct wasm_image image;
		assert_true(image_of(&image, none[i]));
		assert_int_equal(image.bytes.len, 0);
		assert_true(is_valid(image.module));
		wasm_image_fini(&image);
	}
}

TEST(what_is_not_plain_is_left_to_the_engine)
{
	static const char *const others[] = {
		"(module)",
		"(module (memory 1) (memory 1))",
		"(module (memory i64 1))",
		"(module (memory 1 1 shared))",
		"(module (import \"a\" \"b\" (memory 1)))",
		"(module (import \"a\" \"b\" (global i32)) (memory 1))",
		"(module (import \"a\" \"b\" (table 1 funcref)) (memory 1))",
		"(module (memory 1) (data (i32.const 65536) \"x\"))",
		"(module (memory 1) (data (i32.const -1) \"x\"))",
		"(module (memory 1) (data (i32.const 65537) \"\"))",
		"(module (memory 1) (data (offset (i32.add (i32.const 1) (i32.const 1))) \"x\"))",
		"(module (memory 1) (global $g i32 (i32.const 4)) (data (global.get $g) \"x\"))",
		"(module (memory 600) (data (i32.const 0) \"x\") (data (i32.const 33554432) \"x\"))",
		"(module (memory 1) (table 1001 funcref))",
		"(module (memory 1) (table 1 externref))",
		"(module (memory 1) (global externref (ref.null extern)))",
		"(module (memory 1) (global i32 (i32.const 1)) (global i32 (i32.add (i32.const 1) (i32.const 1))))",
		"(module (memory 1) (table 1 funcref) (table 1 funcref))",
	};
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct wasm_image image;
		if (image_of(&image, others[i]))
			fail_msg("%s", others[i]);
	}
}

TEST(a_damaged_module_has_no_image)
{
	wasm_byte_vec_t wasm;
	const char *wat = "(module (import \"a\" \"b\" (func)) (memory 1) (table 2 funcref)"
			  " (func) (data (i32.const 5) \"12345\") (data \"p\"))";
	assert_null(wasmtime_wat2wasm(wat, strlen(wat), &wasm));
	struct wasm_image image;
	for (size_t len = 0; len < wasm.size; len++) {
		/* Cut between two sections it may be whole, and then has no segments. */
		if (wasm_image_take(&image, (struct str){ wasm.data, len }, TABLE_MAX)) {
			assert_int_equal(image.bytes.len, 0);
			wasm_image_fini(&image);
		}
	}
	for (size_t at = 8; at < wasm.size; at++) {
		char was = wasm.data[at];
		for (int value = 0; value < 256; value += 5) {
			wasm.data[at] = (char)value;
			if (wasm_image_take(&image, (struct str){ wasm.data, wasm.size }, TABLE_MAX))
				wasm_image_fini(&image);
		}
		wasm.data[at] = was;
	}
	wasm_byte_vec_delete(&wasm);
}
