/* SPDX-License-Identifier: Apache-2.0 */
#include "world/image_options.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES_MAX = 32, PERCENT_MAX = 1000000 };

/* ---- pieces of values; each takes its piece off the front ---- */

/* A decimal number without exponent. */
static bool take_number(struct str *rest, double *out)
{
	char text[NUMBER_BYTES_MAX + 1];
	size_t len = 0;
	bool digits = false, point = false;
	if (rest->len && rest->ptr[0] == '-')
		len++;
	for (; len < rest->len; len++) {
		char c = rest->ptr[len];
		if (c == '.' && !point)
			point = true;
		else if (c >= '0' && c <= '9')
			digits = true;
		else
			break;
	}
	if (!digits || len > NUMBER_BYTES_MAX)
		return false;
	memcpy(text, rest->ptr, len);
	text[len] = '\0';
	*out = strtod(text, NULL);
	*rest = str_sub(*rest, len, rest->len);
	return true;
}

static bool take_word(struct str *rest, struct str word)
{
	if (!str_starts(*rest, word))
		return false;
	*rest = str_sub(*rest, word.len, rest->len);
	return true;
}

static bool take_between(struct str *rest, double min, double max)
{
	double n;
	return take_number(rest, &n) && n >= min && n <= max;
}

static bool is_whole(struct str value, double min, double max)
{
	return str_find_char(value, '.') == STR_NONE && take_between(&value, min, max) && value.len == 0;
}

/* Pixels, or a percentage: not below nothing. */
static bool take_size(struct str *rest)
{
	struct str before = *rest;
	if (!take_between(rest, 0, UINT32_MAX))
		return false;
	struct str number = str_sub(before, 0, before.len - rest->len);
	return take_word(rest, STR("p")) || str_find_char(number, '.') == STR_NONE;
}

/* ---- kinds of values ---- */

static bool is_word(struct str value, struct str words)
{
	while (words.ptr) {
		if (str_eq(str_split(&words, ' '), value))
			return true;
	}
	return false;
}

static bool is_list(struct str value, struct str words)
{
	while (value.ptr) {
		if (!is_word(str_split(&value, ','), words))
			return false;
	}
	return true;
}

static bool is_hex_color(struct str value)
{
	if (value.len != 3 && value.len != 6)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		char c = ascii_lower(value.ptr[i]);
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

/* "r,g,b" or "r,g,b,a"; what stands behind it is left. */
static bool take_rgb(struct str *rest)
{
	for (int i = 0; i < 3; i++) {
		if ((i && !take_word(rest, STR(","))) || !take_between(rest, 0, 255))
			return false;
	}
	struct str alpha = *rest;
	if (take_word(&alpha, STR(",")) && take_between(&alpha, 0, 1))
		*rest = alpha;
	return true;
}

static bool is_color(struct str value)
{
	return is_hex_color(value) || (take_rgb(&value) && value.len == 0);
}

static bool is_trim_color(struct str value)
{
	size_t threshold = str_find(value, STR(",t"));
	struct str color = str_sub(value, 0, threshold), rest;
	if (str_eq(value, STR("auto")))
		return true;
	if (threshold == STR_NONE)
		return is_color(value);
	rest = str_sub(value, threshold + 2, value.len);
	return is_color(color) && take_between(&rest, 0, 1) && rest.len == 0;
}

static bool is_blur(struct str value)
{
	struct str rest = value;
	double n;
	if (!take_number(&rest, &n))
		return false;
	return str_eq(rest, STR("p")) ? n >= 0 && n <= PERCENT_MAX : rest.len == 0 && n >= 0.5 && n <= 1000;
}

static bool is_black_white(struct str value)
{
	if (str_eq(value, STR("atkinson")) || str_eq(value, STR("threshold")))
		return true;
	return take_word(&value, STR("threshold,")) && is_whole(value, 0, 100);
}

static bool is_size(struct str value)
{
	return take_size(&value) && value.len == 0;
}

static bool is_sides(struct str value)
{
	int sides = 0;
	for (; value.ptr; sides++) {
		if (!is_size(str_split(&value, ',')))
			return false;
	}
	return sides <= 4;
}

/* "x10", "y5p", "offset-x30": `axis` is the letter. */
static bool is_place(struct str value, struct str axis)
{
	if (take_word(&value, STR("offset-")))
		return take_word(&value, axis) && take_between(&value, 0, 100) &&
		       (value.len == 0 || str_eq(value, STR("p")));
	return take_word(&value, axis) && is_size(value);
}

/* A size "w,h" or a ratio "w:h", then where; `modes` are words that may stand behind all that. */
static bool is_area(struct str value, struct str modes)
{
	struct str ratio = value;
	double w, h;
	bool placed_x = false, placed_y = false;
	if (take_number(&ratio, &w) && take_word(&ratio, STR(":"))) {
		if (!take_number(&ratio, &h) || w <= 0 || h <= 0)
			return false;
		value = ratio;
	} else if (!take_size(&value) || !take_word(&value, STR(",")) || !take_size(&value)) {
		return false;
	}
	if (value.len == 0)
		return true;
	if (!take_word(&value, STR(",")))
		return false;
	while (value.ptr) {
		struct str part = str_split(&value, ',');
		if (!placed_x && !placed_y && is_place(part, STR("x")))
			placed_x = true;
		else if (!placed_y && is_place(part, STR("y")))
			placed_y = true;
		else if (value.ptr || !modes.len || !is_word(part, modes))
			return false;
	}
	return true;
}

static bool is_quality(struct str value)
{
	struct str second = value, first = str_split(&second, ',');
	return is_whole(first, 0, 100) && (!second.ptr || is_whole(second, 0, 100));
}

static bool is_sharpen(struct str value)
{
	return take_word(&value, STR("a")) && take_between(&value, 0, 10) && take_word(&value, STR(",r")) &&
	       take_between(&value, 0.5, 1000) && take_word(&value, STR(",t")) &&
	       take_between(&value, 0, 255) && value.len == 0;
}

/* ---- the table ---- */

enum kind {
	WORDS,
	LIST,
	NUMBER,
	WHOLE,
	SIZE,
	SIDES,
	COLOR,
	TRIM_COLOR,
	BLUR,
	BLACK_WHITE,
	AREA,
	CROP,
	QUALITY,
	SHARPEN,
};

static const struct row {
	struct str name;
	enum kind kind;
	struct str argument;
	const char *values; /* empty: the argument says it */
} rows[] = {
#define OPTION(name, kind, argument, values) { STR_INIT(name), kind, STR_INIT(argument), values },
#include "world/image_options.def"
};

static bool value_fits(const struct row *row, struct str value)
{
	struct str max = row->argument, min = str_split(&max, ' '), rest = value;
	double low = 0, high = 0;
	if (row->kind == NUMBER || row->kind == WHOLE) {
		bool bounds = take_number(&min, &low) && take_number(&max, &high);
		return bounds && (row->kind == WHOLE ? is_whole(value, low, high)
						     : take_between(&rest, low, high) && rest.len == 0);
	}
	switch (row->kind) {
	case WORDS:
		return is_word(value, row->argument);
	case LIST:
		return is_list(value, row->argument);
	case SIZE:
		return is_size(value);
	case SIDES:
		return is_sides(value);
	case COLOR:
		return is_color(value);
	case TRIM_COLOR:
		return is_trim_color(value);
	case BLUR:
		return is_blur(value);
	case BLACK_WHITE:
		return is_black_white(value);
	case AREA:
		return is_area(value, STR(""));
	case CROP:
		return is_area(value, STR("safe smart"));
	case QUALITY:
		return is_quality(value);
	case SHARPEN:
		return is_sharpen(value);
	default:
		return false;
	}
}

static const struct row *find_row(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (str_eq(rows[i].name, name))
			return &rows[i];
	}
	return NULL;
}

static bool bad_value(const struct row *row, struct str value, struct error *e)
{
	struct str max = row->argument, min = str_split(&max, ' ');
	if (row->values[0])
		return FAIL(e, INVALID, "'" STR_FMT "' is no value of " STR_FMT "; write %s", STR_ARG(value),
			    STR_ARG(row->name), row->values);
	if (row->kind == NUMBER || row->kind == WHOLE)
		return FAIL(e, INVALID,
			    "'" STR_FMT "' is no value of " STR_FMT "; write a %snumber from " STR_FMT
			    " to " STR_FMT,
			    STR_ARG(value), STR_ARG(row->name), row->kind == WHOLE ? "whole " : "",
			    STR_ARG(min), STR_ARG(max));
	return FAIL(e, INVALID, "'" STR_FMT "' is no value of " STR_FMT "; write one of: " STR_FMT,
		    STR_ARG(value), STR_ARG(row->name), STR_ARG(row->argument));
}

/* ---- query strings ---- */

static int hex_digit(char c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct str decode(struct arena *a, struct str text)
{
	char *out = arena_alloc(a, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1,
		    low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;
		bool escape = text.ptr[i] == '%' && high >= 0 && low >= 0;
		out[len++] = escape ? (char)(high << 4 | low) : text.ptr[i] == '+' ? ' ' : text.ptr[i];
		i += escape ? 2 : 0;
	}
	return (struct str){ out, len };
}

static const struct image_option *find_option(const struct image_options *o, struct str name)
{
	for (const struct image_option *i = o->first; i; i = i->next) {
		if (str_eq(i->name, name))
			return i;
	}
	return NULL;
}

static bool add_option(struct image_options *o, struct arena *a, const struct row *row, struct str value,
		       struct error *e)
{
	if (find_option(o, row->name))
		return FAIL(e, INVALID, STR_FMT " stands twice; write it once", STR_ARG(row->name));
	if (!value_fits(row, value))
		return bad_value(row, value, e);
	struct image_option *option = ARENA_NEW(a, struct image_option);
	option->name = row->name;
	option->value = value;
	*o->last = option;
	o->last = &option->next;
	return true;
}

static bool says_true(const struct image_options *o, struct str name)
{
	const struct image_option *option = find_option(o, name);
	return option && str_eq(option->value, STR("true"));
}

bool image_options_read(struct image_options *o, struct arena *a, struct str query, struct error *e)
{
	*o = (struct image_options){ 0 };
	o->last = &o->first;
	while (query.ptr && query.len) {
		struct str value = str_split(&query, '&'), name = str_split(&value, '=');
		const struct row *row = find_row(decode(a, name));
		if (!row)
			return FAIL(e, INVALID, "the Image Optimizer has no parameter '" STR_FMT "'",
				    STR_ARG(name));
		if (!add_option(o, a, row, decode(a, value), e))
			return false;
	}
	if (!find_option(o, STR("region")))
		return FAIL(e, INVALID, "the region is missing; write region=us_east");
	o->keep_others = says_true(o, STR("preserve_query_string_on_origin_request"));
	o->forgiving = says_true(o, STR("allow_malformed_query_params"));
	return true;
}

bool image_options_read_url(struct image_options *o, struct arena *a, struct str query, struct buf *warnings,
			    struct error *e)
{
	struct image_options own = { 0 };
	own.last = &own.first;
	while (query.ptr && query.len) {
		struct error why;
		struct str pair = str_split(&query, '&'), value = pair, name = str_split(&value, '=');
		const struct row *row = find_row(decode(a, name));
		bool switches = row && row < &rows[3]; /* where and how, which only a service says */
		if (!row || switches) {
			o->others = o->others.len ? arena_printf(a, STR_FMT "&" STR_FMT, STR_ARG(o->others),
								 STR_ARG(pair))
						  : pair;
		} else if (!add_option(&own, a, row, decode(a, value), &why)) {
			if (!warnings) {
				*e = why;
				return false;
			}
			buf_printf(warnings, "%s%s", warnings->len ? ", " : "", why.text);
		}
	}
	for (struct image_option *i = own.first, *next; i; i = next) { /* the service's own ones win */
		next = i->next;
		i->next = NULL;
		if (find_option(o, i->name))
			continue;
		*o->last = i;
		o->last = &i->next;
	}
	return true;
}
