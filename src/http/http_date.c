/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_date.h"

static const struct str months[] = { STR_INIT("jan"), STR_INIT("feb"), STR_INIT("mar"), STR_INIT("apr"),
				     STR_INIT("may"), STR_INIT("jun"), STR_INIT("jul"), STR_INIT("aug"),
				     STR_INIT("sep"), STR_INIT("oct"), STR_INIT("nov"), STR_INIT("dec") };
static const struct str days[] = { STR_INIT("sunday"),    STR_INIT("monday"),   STR_INIT("tuesday"),
				   STR_INIT("wednesday"), STR_INIT("thursday"), STR_INIT("friday"),
				   STR_INIT("saturday") };

struct date {
	unsigned year, month, day, hour, minute, second; /* month from 0 */
};

/* Each takes what it reads off the front of the text; false: something else stands there. */

static bool read_number(struct str *s, size_t digits, unsigned *out)
{
	uint64_t n;
	if (s->len < digits || !str_to_u64(str_sub(*s, 0, digits), UINT32_MAX, &n))
		return false;
	*out = (unsigned)n;
	*s = str_sub(*s, digits, s->len);
	return true;
}

static bool read_text(struct str *s, struct str text)
{
	if (!str_eq_nocase(str_sub(*s, 0, text.len), text))
		return false;
	*s = str_sub(*s, text.len, s->len);
	return true;
}

static bool read_month(struct str *s, unsigned *out)
{
	for (unsigned i = 0; i < COUNT_OF(months); i++) {
		if (read_text(s, months[i])) {
			*out = i;
			return true;
		}
	}
	return false;
}

static bool read_day_name(struct str *s, bool whole)
{
	for (unsigned i = 0; i < COUNT_OF(days); i++) {
		if (read_text(s, whole ? days[i] : str_sub(days[i], 0, 3)))
			return true;
	}
	return false;
}

static bool read_time(struct str *s, struct date *d)
{
	return read_number(s, 2, &d->hour) && read_text(s, STR(":")) && read_number(s, 2, &d->minute) &&
	       read_text(s, STR(":")) && read_number(s, 2, &d->second);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool read_fixed(struct str s, struct date *d)
{
	return read_day_name(&s, false) && read_text(&s, STR(", ")) && read_number(&s, 2, &d->day) &&
	       read_text(&s, STR(" ")) && read_month(&s, &d->month) && read_text(&s, STR(" ")) &&
	       read_number(&s, 4, &d->year) && read_text(&s, STR(" ")) && read_time(&s, d) &&
	       read_text(&s, STR(" GMT")) && s.len == 0;
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static bool read_rfc850(struct str s, unsigned this_year, struct date *d)
{
	if (!read_day_name(&s, true) || !read_text(&s, STR(", ")) || !read_number(&s, 2, &d->day) ||
	    !read_text(&s, STR("-")) || !read_month(&s, &d->month) || !read_text(&s, STR("-")) ||
	    !read_number(&s, 2, &d->year) || !read_text(&s, STR(" ")) || !read_time(&s, d) ||
	    !read_text(&s, STR(" GMT")) || s.len)
		return false;
	d->year += this_year / 100 * 100;
	if (d->year > this_year + 50)
		d->year -= 100;
	return true;
}

/* Sun Nov  6 08:49:37 1994 */
static bool read_asctime(struct str s, struct date *d)
{
	if (!read_day_name(&s, false) || !read_text(&s, STR(" ")) || !read_month(&s, &d->month) ||
	    !read_text(&s, STR(" ")))
		return false;
	size_t digits = read_text(&s, STR(" ")) ? 1 : 2;
	return read_number(&s, digits, &d->day) && read_text(&s, STR(" ")) && read_time(&s, d) &&
	       read_text(&s, STR(" ")) && read_number(&s, 4, &d->year) && s.len == 0;
}

/* Days since 1970-01-01 in the Gregorian calendar; March begins a year, so that February is at its end. */
static int64_t days_since_1970(const struct date *d)
{
	int64_t year = (int64_t)d->year - (d->month < 2);
	unsigned month = (d->month + 10) % 12;
	int64_t leap_days = year / 4 - year / 100 + year / 400;
	return year * 365 + leap_days + (153 * month + 2) / 5 + d->day - 1 - 719468;
}

static unsigned days_in_month(const struct date *d)
{
	static const uint8_t in[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0);
	return in[d->month] + (d->month == 1 && leap ? 1u : 0u);
}

bool http_date_parse(struct str text, int64_t now_s, int64_t *out)
{
	struct date d;
	unsigned this_year = 1970 + (unsigned)(MAX(now_s, (int64_t)0) / 31556952);
	if (!read_fixed(text, &d) && !read_rfc850(text, this_year, &d) && !read_asctime(text, &d))
		return false;
	if (d.day < 1 || d.day > days_in_month(&d) || d.hour > 23 || d.minute > 59 || d.second > 60)
		return false;
	*out = ((days_since_1970(&d) * 24 + d.hour) * 60 + d.minute) * 60 + d.second;
	return true;
}
