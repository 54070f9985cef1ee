/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"
#include "support/test.h"

TEST(pieces_are_added_one_behind_the_other)
{
	struct buf b = BUF_INIT(1000);
	buf_add(&b, STR("one"));
	buf_add_char(&b, ' ');
	buf_printf(&b, "%d-%s", 2, "two");
	buf_add_u64(&b, 0);
	buf_add_u64(&b, UINT64_MAX);
	assert_str(buf_str(&b), "one 2-two018446744073709551615");
	assert_int_equal(b.ptr[b.len], '\0');
	buf_fini(&b);
}

TEST(an_empty_buffer_has_allocated_nothing)
{
	struct buf b;
	buf_init(&b, 10);
	assert_null(b.ptr);
	assert_str(buf_str(&b), "");
	buf_reset(&b);
	buf_fini(&b);
	buf_fini(&b);
}

TEST(it_can_be_filled_to_the_cap_and_not_a_byte_further)
{
	struct buf b = BUF_INIT(4);
	buf_add(&b, STR("abcd"));
	assert_false(b.full);
	buf_add_char(&b, 'e');
	assert_true(b.full);
	assert_str(buf_str(&b), "abcd");
	buf_fini(&b);
}

TEST(what_would_pass_the_cap_is_left_out_whole_and_so_is_what_follows)
{
	struct buf b = BUF_INIT(8);
	buf_add(&b, STR("abcde"));
	buf_printf(&b, "%s", "fghi");
	assert_true(b.full);
	buf_add_char(&b, 'x'); /* it would fit, but the writer believes that more came before it */
	assert_str(buf_str(&b), "abcde");
	assert_null(buf_room(&b, 0));
	buf_reset(&b);
	assert_false(b.full);
	buf_add_char(&b, 'x');
	assert_str(buf_str(&b), "x");
	buf_fini(&b);
}

TEST(a_small_cap_takes_little_memory)
{
	struct buf b = BUF_INIT(20);
	buf_add_char(&b, 'x');
	assert_true(b.cap <= 21);
	buf_fini(&b);
}

TEST(a_cap_without_end_still_grows_by_doubling)
{
	struct buf b = BUF_INIT(SIZE_MAX);
	size_t moves = 0, cap = 0;
	for (int i = 0; i < 100000; i++) {
		buf_add_char(&b, 'x');
		moves += b.cap != cap;
		cap = b.cap;
	}
	assert_true(moves < 20);
	assert_int_equal(b.len, 100000);
	buf_fini(&b);
}

TEST(room_may_be_filled_in_part_or_not_at_all)
{
	struct buf b = BUF_INIT(1000);
	char *at = buf_room(&b, 500);
	assert_non_null(at);
	assert_int_equal(b.ptr[0], '\0');
	memcpy(at, "abc", 3);
	buf_grew(&b, 3);
	assert_str(buf_str(&b), "abc");
	assert_int_equal(b.ptr[3], '\0');
	assert_null(buf_room(&b, 998));
	buf_fini(&b);
}

TEST(bytes_of_any_value_are_kept)
{
	struct buf b = BUF_INIT(100);
	buf_add(&b, STR("a\0b"));
	buf_add(&b, (struct str){ NULL, 0 });
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.ptr, "a\0b", 4);
	buf_fini(&b);
}

static void assert_json(struct str s, const char *expected, const char *file, int line)
{
	struct buf b = BUF_INIT(1000);
	buf_add_json(&b, s);
	test_assert_str(buf_str(&b), expected, file, line);
	buf_fini(&b);
}
#define assert_json(s, expected) assert_json((s), (expected), __FILE__, __LINE__)

TEST(json_escapes_what_it_must_and_nothing_else)
{
	assert_json(STR(""), "\"\"");
	assert_json(STR("plain /text/ \x7f"), "\"plain /text/ \x7f\"");
	assert_json(STR("\"\\\n\r\t"), "\"\\\"\\\\\\n\\r\\t\"");
	assert_json(STR("\0\x01\x1f"), "\"\\u0000\\u0001\\u001f\"");
	assert_json(STR("a\nb\nc"), "\"a\\nb\\nc\"");
}

TEST(json_keeps_characters_of_every_length)
{
	assert_json(STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!"),
		    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!\"");
	assert_json(STR("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"");
	assert_json(STR("\xf4\x8f\xbf\xbf\xf0\x90\x80\x80"), "\"\xf4\x8f\xbf\xbf\xf0\x90\x80\x80\"");
}

TEST(json_replaces_what_is_no_utf8_as_browsers_do)
{
	assert_json(STR("a\xff"
			"b"),
		    "\"a\xef\xbf\xbd"
		    "b\"");
	assert_json(STR("\xf0\x9f\x98"), "\"\xef\xbf\xbd\""); /* broken off: one for all of it */
	assert_json(STR("\xf0\x9f\x98\n"), "\"\xef\xbf\xbd\\n\"");
	assert_json(STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_json(STR("\xc3\xc3\xa9"), "\"\xef\xbf\xbd\xc3\xa9\"");
	assert_json(STR("\x80\xf0\x9f\x98\x80"), "\"\xef\xbf\xbd\xf0\x9f\x98\x80\"");
}

TEST(json_of_random_bytes_is_always_utf8_without_control_characters)
{
	uint32_t seed = 1;
	for (int round = 0; round < 2000; round++) {
		char text[24];
		struct buf b = BUF_INIT(1000);
		for (size_t i = 0; i < sizeof text; i++) {
			seed = seed * 1664525u + 1013904223u;
			text[i] = (char)(seed >> 24);
		}
		buf_add_json(&b, (struct str){ text, sizeof text });
		assert_true(str_is_utf8(buf_str(&b)));
		for (size_t i = 0; i < b.len; i++)
			assert_true((unsigned char)b.ptr[i] >= 0x20);
		assert_false(b.full);
		buf_fini(&b);
	}
}
