/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"

#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t worth;
};

static const struct unit times[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "µs", 1000 }, /* both of Unicode's signs for micro */
	{ "μs", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", UINT64_C(60000000000) },
	{ "h", UINT64_C(3600000000000) },
	{ "", 1000000000 },
};

static const struct unit sizes[] = {
	{ "", 1 },          { "B", 1 },         { "KB", 1000 },
	{ "kB", 1000 },     { "MB", 1000000 },  { "GB", 1000000000 },
	{ "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 },
};

static size_t digits(struct str s)
{
	size_t n = 0;
	while (n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9')
		n++;
	return n;
}

/* What stands behind the point, as a part of a unit; what is less than the smallest part is dropped. */
static uint64_t fraction(struct str text, uint64_t worth_of_one)
{
	uint64_t sum = 0;
	double worth = (double)worth_of_one;
	for (size_t i = 0; i < text.len && worth >= 1; i++) {
		worth /= 10;
		sum += (uint64_t)((double)(text.ptr[i] - '0') * worth);
	}
	return sum;
}

enum parsed { PARSED, NO_NUMBER, NO_UNIT, TOO_LARGE };

/* `*unit` is what stands behind the number. */
static enum parsed parse(struct str text, const struct unit *units, size_t count, uint64_t *out,
			 struct str *unit)
{
	size_t whole = digits(text);
	struct str rest = str_sub(text, whole, text.len), part = { 0 };
	uint64_t number, result;
	if (rest.len && *rest.ptr == '.') {
		part = str_sub(rest, 1, digits(str_sub(rest, 1, rest.len)));
		rest = str_sub(rest, 1 + part.len, rest.len);
		if (part.len == 0)
			whole = 0;
	}
	*unit = rest;
	if (whole == 0)
		return NO_NUMBER;
	for (size_t i = 0; i < count; i++) {
		if (!str_eq(rest, str_from(units[i].name)))
			continue;
		if (!str_to_u64(str_sub(text, 0, whole), UINT64_MAX, &number) ||
		    __builtin_mul_overflow(number, units[i].worth, &result) ||
		    __builtin_add_overflow(result, fraction(part, units[i].worth), &result))
			return TOO_LARGE;
		*out = result;
		return PARSED;
	}
	return NO_UNIT;
}

bool duration_parse(struct str text, uint64_t *ns, struct error *e)
{
	struct str unit;
	switch (parse(text, times, COUNT_OF(times), ns, &unit)) {
	case PARSED:
		return true;
	case NO_NUMBER:
		return FAIL(e, INVALID,
			    "a duration is a number and a unit (ns, us, ms, s, m, h), as in 500ms or 1.5s");
	case NO_UNIT:
		return FAIL(e, INVALID, "'" STR_FMT "' is no unit of time; there are ns, us, ms, s, m and h",
			    STR_ARG(unit));
	case TOO_LARGE:
		break;
	}
	return FAIL(e, INVALID, "it is longer than 584 years");
}

bool size_parse(struct str text, uint64_t *bytes, struct error *e)
{
	struct str unit;
	size_t blank = str_find_char(text, ' ');
	char joined[64];
	if (blank != STR_NONE && text.len < sizeof joined) { /* "128 MiB" is "128MiB" */
		memcpy(joined, text.ptr, blank);
		memcpy(joined + blank, text.ptr + blank + 1, text.len - blank - 1);
		text = (struct str){ joined, text.len - 1 };
	}
	switch (parse(text, sizes, COUNT_OF(sizes), bytes, &unit)) {
	case PARSED:
		return true;
	case NO_NUMBER:
		return FAIL(e, INVALID, "a size is a number and a unit, as in 64KiB, 128MiB or 8192 (bytes)");
	case NO_UNIT:
		return FAIL(e, INVALID,
			    "'" STR_FMT "' is no unit of size; there are B, KB, MB, GB, KiB, MiB and GiB",
			    STR_ARG(unit));
	case TOO_LARGE:
		break;
	}
	return FAIL(e, INVALID, "it is larger than 16 EiB");
}

/* ---- printing ---- */

/* Without zeros at the end. */
static void print(uint64_t number, uint64_t worth, const char *unit, struct buf *out)
{
	char text[64];
	int len = snprintf(text, sizeof text, "%.3f", (double)number / (double)worth);
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	buf_printf(out, "%.*s %s", len, text, unit);
}

void duration_print(uint64_t ns, struct buf *out)
{
	if (ns >= 1000000000)
		print(ns, 1000000000, "s", out);
	else if (ns >= 1000000 || ns == 0)
		print(ns, 1000000, "ms", out);
	else
		print(ns, 1000, "us", out);
}

void size_print(uint64_t bytes, struct buf *out)
{
	if (bytes >= 1 << 30)
		print(bytes, 1 << 30, "GiB", out);
	else if (bytes >= 1 << 20)
		print(bytes, 1 << 20, "MiB", out);
	else if (bytes >= 1 << 14)
		print(bytes, 1 << 10, "KiB", out);
	else
		buf_printf(out, "%llu bytes", (unsigned long long)bytes);
}
