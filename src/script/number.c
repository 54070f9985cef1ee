/* SPDX-License-Identifier: Apache-2.0 */
#include "script/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { DIGITS_MAX = 17 }; /* as many as a double ever needs to be told from its neighbours */

/*
 * The fewest digits that still name this number, and where the decimal point goes: 0.DIGITS × 10^point.
 * printf's exponent form puts exactly one digit before the point, whatever character the locale uses for it.
 */
static int shortest_digits(double number, char digits[DIGITS_MAX + 1], int *point)
{
	char text[48];
	int count = 0;
	do {
		count++;
		snprintf(text, sizeof text, "%.*e", count - 1, number);
	} while (count < DIGITS_MAX && strtod(text, NULL) != number);
	const char *exponent = strrchr(text, 'e');
	*point = atoi(exponent + 1) + 1;
	digits[0] = text[0];
	if (count > 1)
		memcpy(digits + 1, exponent - (count - 1), (size_t)count - 1);
	while (count > 1 && digits[count - 1] == '0')
		count--;
	digits[count] = '\0';
	return count;
}

/* The four layouts of the language's specification: digits and zeros, point inside, point in front, exponent.
 */
static int lay_out(char *out, size_t size, const char *digits, int count, int point)
{
	enum { WHOLE_DIGITS_MAX = 21, LEADING_ZEROS_MAX = 6 };
	if (count <= point && point <= WHOLE_DIGITS_MAX)
		return snprintf(out, size, "%s%.*s", digits, point - count, "000000000000000000000");
	if (0 < point && point <= WHOLE_DIGITS_MAX)
		return snprintf(out, size, "%.*s.%s", point, digits, digits + point);
	if (-LEADING_ZEROS_MAX < point && point <= 0)
		return snprintf(out, size, "0.%.*s%s", -point, "000000", digits);
	return snprintf(out, size, "%c%s%se%+d", digits[0], count > 1 ? "." : "", digits + 1, point - 1);
}

struct str number_text(double number, char room[NUMBER_TEXT_BYTES_MAX])
{
	if (isnan(number))
		return STR("NaN");
	if (isinf(number))
		return number < 0 ? STR("-Infinity") : STR("Infinity");
	if (fabs(number) < 1e15 && number == trunc(number)) {
		int len = snprintf(room, NUMBER_TEXT_BYTES_MAX, "%lld", (long long)number);
		return (struct str){ room, (size_t)len };
	}
	char digits[DIGITS_MAX + 1];
	int point, minus = number < 0;
	int count = shortest_digits(fabs(number), digits, &point);
	room[0] = '-';
	int len = lay_out(room + minus, (size_t)(NUMBER_TEXT_BYTES_MAX - minus), digits, count, point);
	return (struct str){ room, (size_t)(len + minus) };
}

/* JavaScript's white space, line ends included; the longer ones in UTF-8. */
static struct str skip_blank(struct str s, bool at_end)
{
	static const struct str blanks[] = {
		STR_INIT(" "),      STR_INIT("\t"),     STR_INIT("\n"),     STR_INIT("\v"),
		STR_INIT("\f"),     STR_INIT("\r"),     STR_INIT("\u00a0"), STR_INIT("\u1680"),
		STR_INIT("\u2000"), STR_INIT("\u2001"), STR_INIT("\u2002"), STR_INIT("\u2003"),
		STR_INIT("\u2004"), STR_INIT("\u2005"), STR_INIT("\u2006"), STR_INIT("\u2007"),
		STR_INIT("\u2008"), STR_INIT("\u2009"), STR_INIT("\u200a"), STR_INIT("\u2028"),
		STR_INIT("\u2029"), STR_INIT("\u202f"), STR_INIT("\u205f"), STR_INIT("\u3000"),
		STR_INIT("\ufeff"),
	};
	for (size_t i = 0; i < COUNT_OF(blanks); i++) {
		if (at_end && str_ends(s, blanks[i]))
			return (struct str){ s.ptr, s.len - blanks[i].len };
		if (!at_end && str_starts(s, blanks[i]))
			return (struct str){ s.ptr + blanks[i].len, s.len - blanks[i].len };
	}
	return s;
}

static struct str trim(struct str s)
{
	for (int end = 0; end < 2; end++) {
		struct str shorter = s;
		do {
			s = shorter;
			shorter = s.len ? skip_blank(s, end) : s;
		} while (shorter.len != s.len);
	}
	return s;
}

static size_t count_digits(struct str s, size_t from)
{
	size_t at = from;
	while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9')
		at++;
	return at - from;
}

/* strtod() takes more than the language does (hexadecimal floats, "nan"), so the form is checked first. */
static bool is_decimal(struct str s)
{
	size_t at = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
	size_t whole = count_digits(s, at), part = 0;
	at += whole;
	if (at < s.len && s.ptr[at] == '.') {
		part = count_digits(s, at + 1);
		at += 1 + part;
	}
	if (whole + part == 0)
		return false;
	if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
		at++;
		at += at < s.len && (s.ptr[at] == '-' || s.ptr[at] == '+');
		size_t exponent = count_digits(s, at);
		if (exponent == 0)
			return false;
		at += exponent;
	}
	return at == s.len;
}

static double from_decimal(struct str s)
{
	char room[64];
	char *copy = s.len < sizeof room ? room : mem_alloc(s.len + 1);
	memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	double number = strtod(copy, NULL);
	if (copy != room)
		mem_free(copy);
	return number;
}

static double from_radix(struct str digits, int radix)
{
	double number = digits.len ? 0 : NAN;
	for (size_t i = 0; i < digits.len; i++) {
		char c = ascii_lower(digits.ptr[i]);
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : radix;
		if (digit >= radix)
			return NAN;
		number = number * radix + digit;
	}
	return number;
}

double number_from_text(struct str text)
{
	struct str s = trim(text);
	if (s.len == 0)
		return 0;
	if (s.len > 1 && s.ptr[0] == '0') {
		char letter = ascii_lower(s.ptr[1]);
		int radix = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
		if (radix)
			return from_radix(str_sub(s, 2, s.len), radix);
	}
	if (str_eq(s, STR("Infinity")) || str_eq(s, STR("+Infinity")))
		return INFINITY;
	if (str_eq(s, STR("-Infinity")))
		return -INFINITY;
	return is_decimal(s) ? from_decimal(s) : NAN;
}
