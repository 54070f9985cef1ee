/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "support/test.h"

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

TEST(equality_looks_at_bytes_and_length_only)
{
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("ab"), STR("abc")));
	assert_true(str_eq((struct str){ NULL, 0 }, STR("")));
	assert_true(str_eq(str_from(NULL), STR("")));
}

TEST(letters_compare_without_case_and_nothing_else_does)
{
	assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
	assert_false(str_eq_nocase(STR("@"), STR("`"))); /* 0x20 apart, as letters are */
	assert_false(str_eq_nocase(STR("[x"), STR("{x")));
	assert_false(str_eq_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
	assert_false(str_eq_nocase(STR("a"), STR("ab")));
}

TEST(order_is_that_of_unsigned_bytes_with_the_shorter_first)
{
	assert_int_equal(sign(str_cmp(STR("a"), STR("b"))), -1);
	assert_int_equal(sign(str_cmp(STR("b"), STR("a"))), 1);
	assert_int_equal(str_cmp(STR("a"), STR("a")), 0);
	assert_int_equal(sign(str_cmp(STR("a"), STR("aa"))), -1);
	assert_int_equal(sign(str_cmp(STR("\x7f"), STR("\x80"))), -1);
	assert_int_equal(sign(str_cmp((struct str){ NULL, 0 }, STR("a"))), -1);
}

TEST(starts_and_ends_are_found)
{
	assert_true(str_starts(STR("/shop/cart"), STR("/shop")));
	assert_false(str_starts(STR("/sh"), STR("/shop")));
	assert_true(str_starts(STR("x"), STR("")));
	assert_true(str_ends(STR("test.fiddle"), STR(".fiddle")));
	assert_false(str_ends(STR("iddle"), STR("fiddle")));
	assert_true(str_ends((struct str){ NULL, 0 }, STR("")));
}

TEST(searches_tell_where_or_none)
{
	assert_int_equal(str_find(STR("a needle, a needle"), STR("needle")), 2);
	assert_int_equal(str_find(STR("hay"), STR("needle")), STR_NONE);
	assert_int_equal(str_find(STR("hay"), STR("")), 0);
	assert_int_equal(str_find((struct str){ NULL, 0 }, STR("x")), STR_NONE);
	assert_int_equal(str_find_char(STR("k=v=w"), '='), 1);
	assert_int_equal(str_find_char((struct str){ NULL, 0 }, 'x'), STR_NONE);
	assert_int_equal(str_find(STR("a\0b"), STR("\0b")), 1);
}

TEST(a_part_is_cut_to_what_is_there)
{
	assert_str(str_sub(STR("abcdef"), 2, 3), "cde");
	assert_str(str_sub(STR("abcdef"), 4, 100), "ef");
	assert_str(str_sub(STR("abcdef"), 6, 1), "");
	assert_str(str_sub(STR("abcdef"), SIZE_MAX, SIZE_MAX), "");
	assert_str(str_sub(STR("abcdef"), 1, SIZE_MAX), "bcdef");
	assert_null(str_sub((struct str){ NULL, 0 }, 3, 1).ptr);
}

TEST(blanks_go_at_both_ends_only)
{
	assert_str(str_trim(STR(" \t\r\n a b \n")), "a b");
	assert_str(str_trim(STR(" \t ")), "");
	assert_str(str_trim(STR("\v")), "\v");
}

TEST(a_split_walks_all_parts_the_empty_ones_too)
{
	struct str rest = STR("a,,b,");
	assert_str(str_split(&rest, ','), "a");
	assert_str(str_split(&rest, ','), "");
	assert_str(str_split(&rest, ','), "b");
	assert_non_null(rest.ptr); /* there is one more, and it is empty */
	assert_str(str_split(&rest, ','), "");
	assert_null(rest.ptr);
}

TEST(a_split_without_separator_is_the_whole)
{
	struct str rest = STR("whole");
	assert_str(str_split(&rest, ','), "whole");
	assert_null(rest.ptr);
}

TEST(numbers_are_whole_decimal_and_within_their_maximum)
{
	uint64_t n = 7;
	assert_true(str_to_u64(STR("0"), 10, &n));
	assert_int_equal(n, 0);
	assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_true(str_to_u64(STR("007"), 7, &n));
	assert_int_equal(n, 7);
}

TEST(what_is_no_number_leaves_the_result_alone)
{
	static const struct {
		struct str text;
		uint64_t max;
	} cases[] = {
		{ STR_INIT(""), 10 },
		{ STR_INIT("-1"), 10 },
		{ STR_INIT("+1"), 10 },
		{ STR_INIT(" 1"), 10 },
		{ STR_INIT("1 "), 10 },
		{ STR_INIT("0x1"), 10 },
		{ STR_INIT("1\0"), 10 },
		{ STR_INIT("11"), 10 },
		{ STR_INIT("9"), 8 },
		{ STR_INIT("100"), 99 },
		{ STR_INIT("1"), 0 },
		{ STR_INIT("18446744073709551616"), UINT64_MAX },
		{ STR_INIT("99999999999999999999999"), UINT64_MAX },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t n = 42;
		if (str_to_u64(cases[i].text, cases[i].max, &n) || n != 42)
			fail_msg("'" STR_FMT "' was taken for %llu", STR_ARG(cases[i].text),
				 (unsigned long long)n);
	}
}

TEST(every_maximum_is_exact)
{
	for (uint64_t max = 0; max < 120; max++) {
		for (uint64_t value = 0; value < 130; value++) {
			char text[8];
			uint64_t n;
			int len = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
			assert_int_equal(str_to_u64((struct str){ text, (size_t)len }, max, &n),
					 value <= max);
		}
	}
}

TEST(utf8_is_told_from_what_is_not)
{
	assert_true(str_is_utf8(STR("")));
	assert_true(str_is_utf8(STR("plain \0 ascii")));
	assert_true(str_is_utf8(STR("\xc2\x80\xdf\xbf")));
	assert_true(str_is_utf8(STR("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")));
	assert_true(str_is_utf8(STR("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
	static const struct str bad[] = {
		STR_INIT("\x80"),             /* continues nothing */
		STR_INIT("\xc0\xaf"),         /* overlong */
		STR_INIT("\xc1\xbf"),         /* overlong */
		STR_INIT("\xe0\x9f\xbf"),     /* overlong */
		STR_INIT("\xf0\x8f\xbf\xbf"), /* overlong */
		STR_INIT("\xed\xa0\x80"),     /* surrogate */
		STR_INIT("\xf4\x90\x80\x80"), /* past U+10FFFF */
		STR_INIT("\xf5\x80\x80\x80"),
		STR_INIT("\xff"),
		STR_INIT("\xc3"),
		STR_INIT("\xe2\x82"),
		STR_INIT("\xf0\x9f\x98"),
		STR_INIT("a\xc3"
			 "b"),
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(str_is_utf8(bad[i]));
}

/* Decodes as a reader of RFC 3629 would, without the tables of str.c. */
static bool is_character(uint32_t first, const unsigned char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point = len == 1 ? first : first & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return false;
		point = point << 6 | (s[i] & 0x3fu);
	}
	return point >= least[len] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

TEST(every_first_pair_of_bytes_is_judged_as_by_the_definition)
{
	for (unsigned first = 0; first < 256; first++) {
		for (unsigned second = 0; second < 256; second++) {
			unsigned char s[4] = { (unsigned char)first, (unsigned char)second, 0x80, 0x80 };
			size_t len = first < 0x80   ? 1
				     : first < 0xc0 ? 0
				     : first < 0xe0 ? 2
				     : first < 0xf0 ? 3
				     : first < 0xf8 ? 4
						    : 0;
			bool valid, expected = len && is_character(first, s, len);
			size_t step = str_utf8_step((struct str){ (const char *)s, 4 }, &valid);
			assert_int_equal(valid, expected);
			assert_true(expected ? step == len : step >= 1);
		}
	}
}

TEST(a_character_that_breaks_off_is_one_step)
{
	bool valid;
	assert_int_equal(str_utf8_step(STR("\xf0\x9f\x98"), &valid), 3);
	assert_false(valid);
	assert_int_equal(str_utf8_step(STR("\xf0\x9f\x98x"), &valid), 3);
	assert_int_equal(str_utf8_step(STR("\xe2x"), &valid), 1);
	assert_int_equal(str_utf8_step(STR("\xed\xa0\x80"), &valid), 1); /* no character starts with ED A0 */
	assert_int_equal(str_utf8_step(STR("\x80\x80"), &valid), 1);
	assert_int_equal(str_utf8_step(STR(""), &valid), 0);
	assert_false(valid);
}

TEST(distance_counts_changes_and_not_case)
{
	assert_int_equal(str_distance(STR("status"), STR("status")), 0);
	assert_int_equal(str_distance(STR("Status"), STR("sTATUS")), 0);
	assert_int_equal(str_distance(STR("stauts"), STR("status")), 2);
	assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
	assert_int_equal(str_distance(STR(""), STR("abc")), 3);
	assert_int_equal(str_distance(STR("abc"), STR("")), 3);
}

TEST(distance_of_long_names_looks_at_their_start_only)
{
	char a[200], b[100];
	for (size_t i = 0; i < sizeof a; i++)
		a[i] = 'a';
	for (size_t i = 0; i < sizeof b; i++)
		b[i] = 'b';
	assert_int_equal(str_distance((struct str){ a, sizeof a }, (struct str){ b, sizeof b }), 64);
}

TEST(an_empty_string_without_address_can_be_printed)
{
	char out[16];
	snprintf(out, sizeof out, "[" STR_FMT "]", STR_ARG(((struct str){ NULL, 0 })));
	assert_string_equal(out, "[]");
}
