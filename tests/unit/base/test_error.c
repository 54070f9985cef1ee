/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "support/test.h"

static bool fails(struct error *e)
{
	return FAIL(e, NOT_FOUND, "there is no store '%s'", "prices");
}

TEST(an_error_has_a_kind_words_and_a_place)
{
	struct error e = { 0 };
	assert_false(fails(&e));
	assert_error(&e, NOT_FOUND, "there is no store 'prices'");
	assert_non_null(strstr(e.file, "test_error.c"));
	assert_true(e.line > 0);
}

TEST(each_layer_puts_its_words_in_front)
{
	struct error e = { 0 };
	fails(&e);
	int line = e.line;
	assert_false(error_wrap(&e, "reading key %d", 7));
	assert_false(error_wrap(&e, "seeding"));
	assert_string_equal(e.text, "seeding: reading key 7: there is no store 'prices'");
	assert_error(&e, NOT_FOUND, "");
	assert_int_equal(e.line, line);
}

TEST(words_may_quote_the_error_they_replace)
{
	struct error e = { 0 };
	FAIL(&e, IO, "inner");
	FAIL(&e, INVALID, "outer because of [%s]", e.text);
	assert_error(&e, INVALID, "outer because of [inner]");
	error_wrap(&e, "again [%s]", e.text);
	assert_string_equal(e.text, "again [outer because of [inner]]: outer because of [inner]");
}

TEST(a_text_that_is_too_long_ends_with_a_sign_of_it)
{
	struct error e = { 0 };
	FAIL(&e, LIMIT, "%02000d", 0);
	assert_int_equal(strlen(e.text), ERROR_TEXT_BYTES_MAX - 1);
	assert_string_equal(e.text + ERROR_TEXT_BYTES_MAX - 5, "0...");
	error_wrap(&e, "%s", "front");
	assert_memory_equal(e.text, "front: 000", 10);
	assert_int_equal(strlen(e.text), ERROR_TEXT_BYTES_MAX - 1);
	error_wrap(&e, "%02000d", 1);
	assert_int_equal(strlen(e.text), ERROR_TEXT_BYTES_MAX - 1);
	assert_string_equal(e.text + ERROR_TEXT_BYTES_MAX - 4, "...");
}

TEST(a_text_is_never_cut_inside_a_character)
{
	for (int front = 0; front < 8; front++) {
		struct error e = { 0 };
		char text[4 * 600 + 1];
		for (int i = 0; i < 600; i++)
			memcpy(text + 4 * i, "\xf0\x9f\x98\x80", 5);
		FAIL(&e, LIMIT, "%.*s%s", front, "xxxxxxxx", text);
		assert_true(str_is_utf8(str_from(e.text)));
		assert_string_equal(e.text + strlen(e.text) - 3, "...");
	}
}

TEST(every_kind_has_its_words)
{
#define X(name, text) assert_string_equal(error_kind_text(ERROR_##name), text);
	ERROR_KINDS(X)
#undef X
	assert_string_equal(error_kind_text((enum error_kind)999), "?");
}
