/* SPDX-License-Identifier: Apache-2.0 */
/* The document tree: building, looking, comparing, printing. */
#include <math.h>

#include "unit/script/fixture.h"

#include "script/number.h"

TEST(numbers_print_as_in_javascript)
{
	static const struct {
		double number;
		const char *text;
	} numbers[] = {
		{ 0, "0" },
		{ -0.0, "0" },
		{ 200, "200" },
		{ -42, "-42" },
		{ 0.1, "0.1" },
		{ 5.7, "5.7" },
		{ 12.5, "12.5" },
		{ 1e21, "1e+21" },
		{ 1e20, "100000000000000000000" },
		{ 123456789012345680000.0, "123456789012345680000" },
		{ 9007199254740993.0, "9007199254740992" },
		{ 1e15, "1000000000000000" },
		{ 1.5e300, "1.5e+300" },
		{ 1e-6, "0.000001" },
		{ 1e-7, "1e-7" },
		{ -1.25e-9, "-1.25e-9" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ 5e-324, "5e-324" },
		{ INFINITY, "Infinity" },
		{ -INFINITY, "-Infinity" },
		{ NAN, "NaN" },
	};
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		char room[NUMBER_TEXT_BYTES_MAX];
		assert_str(number_text(numbers[i].number, room), numbers[i].text);
	}
}

TEST(texts_become_numbers_as_in_javascript)
{
	static const struct {
		const char *text;
		double number;
	} texts[] = {
		{ "", 0 },
		{ " \n\t ", 0 },
		{ "200", 200 },
		{ " 200\n", 200 },
		{ "\u00a0200\ufeff", 200 },
		{ "+5", 5 },
		{ "-5", -5 },
		{ ".5", 0.5 },
		{ "5.", 5 },
		{ "5e3", 5000 },
		{ "5E-1", 0.5 },
		{ "0x1F", 31 },
		{ "0b101", 5 },
		{ "0o17", 15 },
		{ "007", 7 },
		{ "Infinity", INFINITY },
		{ "-Infinity", -INFINITY },
		{ "1e999", INFINITY },
		{ "0000000000000000000000000000000000000000000000000000000000000000000000000000000012", 12 },
		{ "infinity", NAN },
		{ "nan", NAN },
		{ "0x", NAN },
		{ "-0x1", NAN },
		{ "0x1p3", NAN },
		{ "1e", NAN },
		{ ".", NAN },
		{ "-", NAN },
		{ "1 2", NAN },
		{ "1_000", NAN },
		{ "5px", NAN },
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		double number = number_from_text(str_from(texts[i].text));
		if (number != texts[i].number && !(isnan(number) && isnan(texts[i].number)))
			fail_msg("%s became %g", texts[i].text, number);
	}
}

TEST(objects_keep_their_order_and_replace_in_place)
{
	struct value *object = value_object(&arena), *list = value_array(&arena);
	value_set(&arena, object, STR("z"), value_number(&arena, 1));
	value_set(&arena, object, STR("a"), list);
	value_set(&arena, object, STR("z"), value_bool(&arena, true));
	value_push(&arena, list, value_null(&arena));
	value_push(&arena, list, value_string(&arena, STR("x\"\n\xff\u00e9")));
	assert_str(value_json(object, 1000, &arena), "{\"z\":true,\"a\":[null,\"x\\\"\\n\ufffd\u00e9\"]}");
	assert_ptr_equal(value_get(object, STR("a")), list);
	assert_ptr_equal(value_get(list, STR("a")), &value_undefined);
	assert_ptr_equal(value_at(list, 2), &value_undefined);
	assert_ptr_equal(value_at(object, 0), &value_undefined);
}

TEST(arrays_grow_to_any_length)
{
	struct value *list = value_array(&arena);
	for (int i = 0; i < 1000; i++)
		value_push(&arena, list, value_number(&arena, i));
	assert_int_equal(list->array.count, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_true(value_at(list, i)->number == (double)i);
}

TEST(json_is_read_whole_and_written_back)
{
	static const char *const texts[] = {
		"null",
		"true",
		"[]",
		"{}",
		"-1.5e-7",
		"\"\\u0000\\n\u00e9\"",
		"[1,[2,{\"b\":null,\"a\":[]}],\"x\"]",
		"123456789012345680000",
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_str(value_json(from_json(texts[i]), 1000, &arena), texts[i]);
	static const char *const bad[] = { "",    " ",    "nul",         "[1", "{\"a\"}", "1 2",
					   "'a'", "[1,]", "\"\\ud800\"", "+1", "01" };
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (value_from_json(&arena, str_from(bad[i]), NULL, NULL, NULL))
			fail_msg("%s", bad[i]);
	}
}

TEST(json_nested_without_end_is_refused)
{
	char *text = arena_alloc(&arena, 100000);
	memset(text, '[', 100000);
	size_t at;
	struct str why;
	assert_false(value_from_json(&arena, (struct str){ text, 100000 }, NULL, &at, &why));
	assert_has(why, "depth");
}

TEST(json_is_cut_between_characters)
{
	struct value *text = value_string(&arena, STR("\u00e9\u00e9\u00e9\n"));
	assert_str(value_json(text, 8, &arena), "\"\u00e9\u00e9\u00e9\u2026");
	assert_str(value_json(text, 6, &arena), "\"\u00e9\u00e9\u2026");
	assert_str(value_json(text, 9, &arena), "\"\u00e9\u00e9\u00e9\\n\u2026");
	assert_str(value_json(text, 10, &arena), "\"\u00e9\u00e9\u00e9\\n\"");
	assert_str(value_json(from_json("[1,2,3,4]"), 5, &arena), "[1,2,\u2026");
}

TEST(text_forms_are_those_of_javascript)
{
	assert_str(value_text(from_json("[1,[2,null],\"x\",{},true]"), &arena),
		   "1,2,,x,[object Object],true");
	assert_str(value_text(&value_undefined, &arena), "undefined");
	assert_str(value_text(from_json("null"), &arena), "null");
}

TEST(loose_equality_is_that_of_javascript)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} pairs[] = {
		{ "1", "true", true },
		{ "1", "\"1\"", true },
		{ "\"\"", "0", true },
		{ "\"\"", "false", true },
		{ "null", "0", false },
		{ "null", "false", false },
		{ "null", "null", true },
		{ "\"true\"", "true", false },
		{ "[5]", "5", true },
		{ "[]", "0", true },
		{ "[]", "\"\"", true },
		{ "[\"a\"]", "\"a\"", true },
		{ "[1,2]", "\"1,2\"", true },
		{ "{}", "\"[object Object]\"", true },
		{ "{}", "[]", false },
		{ "{}", "{}", true },
		{ "[1,[2]]", "[1,[2]]", true },
		{ "[1]", "[1,2]", false },
		{ "{\"a\":1}", "{\"b\":1}", false },
		{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true },
		{ "\"a\"", "0", false },
		{ "[true]", "true", false },
	};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct value *a = from_json(pairs[i].a), *b = from_json(pairs[i].b);
		if (value_equal_loose(a, b, &arena) != pairs[i].equal ||
		    value_equal_loose(b, a, &arena) != pairs[i].equal)
			fail_msg("%s == %s", pairs[i].a, pairs[i].b);
	}
	assert_true(value_equal_loose(&value_undefined, from_json("null"), &arena));
	assert_false(value_same(&value_undefined, from_json("null")));
}
