/* SPDX-License-Identifier: Apache-2.0 */
#include "script/token.h"

#include <stddef.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

/* Takes `len` bytes off the front. */
static struct str cut(struct str *rest, size_t len)
{
	struct str word = str_sub(*rest, 0, len);
	*rest = str_sub(*rest, len, rest->len);
	return word;
}

struct str token_blanks(struct str *rest)
{
	size_t len = 0;
	while (len < rest->len && is_blank(rest->ptr[len]))
		len++;
	return cut(rest, len);
}

struct str token_word(struct str *rest)
{
	size_t len = 0;
	while (len < rest->len && !is_blank(rest->ptr[len]))
		len++;
	struct str word = cut(rest, len);
	token_blanks(rest);
	return word;
}

struct str token_target(struct str *rest)
{
	size_t len = 0;
	bool inside = false;
	for (; len < rest->len && (inside || !is_blank(rest->ptr[len])); len++) {
		if (rest->ptr[len] == '(')
			inside = true;
		else if (rest->ptr[len] == ')')
			inside = false;
	}
	struct str word = token_trim_end(cut(rest, len));
	token_blanks(rest);
	return word;
}

struct str token_name(struct str *rest)
{
	size_t len = 0;
	for (; len < rest->len; len++) {
		char c = rest->ptr[len];
		if (!is_letter(c) && c != '_' && (len == 0 || (!is_digit(c) && c != '-')))
			break;
	}
	return cut(rest, len);
}

struct str token_string(struct str *rest)
{
	for (size_t i = 1; i < rest->len; i++) {
		if (rest->ptr[i] == '\\')
			i++;
		else if (rest->ptr[i] == '"')
			return cut(rest, i + 1);
	}
	return (struct str){ rest->ptr, 0 };
}

struct str token_media_type(struct str *rest)
{
	struct str type = token_word(rest);
	while (str_ends(type, STR(";")) && rest->len) {
		struct str parameter = token_word(rest);
		type.len = (size_t)(parameter.ptr + parameter.len - type.ptr);
	}
	return type;
}

bool token_is_http(struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i];
		if (!is_letter(c) && !is_digit(c) && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return word.len > 0;
}

struct str token_trim_end(struct str s)
{
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}
