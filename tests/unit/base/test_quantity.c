/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"
#include "support/test.h"

static void assert_duration(const char *text, uint64_t expected)
{
	uint64_t ns = 1;
	struct error e;
	if (!duration_parse(str_from(text), &ns, &e))
		fail_msg("%s: %s", text, e.text);
	assert_int_equal(ns, expected);
}

static void assert_no_duration(const char *text, const char *why)
{
	uint64_t ns;
	struct error e;
	assert_false(duration_parse(str_from(text), &ns, &e));
	assert_error(&e, INVALID, why);
}

TEST(a_duration_has_a_unit_or_counts_seconds)
{
	assert_duration("7ns", 7);
	assert_duration("7us", 7000);
	assert_duration("7µs", 7000);
	assert_duration("7\u03bcs", 7000);
	assert_duration("500ms", 500000000);
	assert_duration("2s", 2000000000);
	assert_duration("2", 2000000000);
	assert_duration("1m", UINT64_C(60000000000));
	assert_duration("1h", UINT64_C(3600000000000));
	assert_duration("0", 0);
}

TEST(a_duration_may_have_a_fraction)
{
	assert_duration("1.5s", 1500000000);
	assert_duration("0.25ms", 250000);
	assert_duration("1.5m", UINT64_C(90000000000));
	assert_duration("1.0000000019s", 1000000001);
	assert_duration("1.99ns", 1);
	assert_duration("2.5", 2500000000);
}

TEST(what_is_no_duration_is_refused)
{
	assert_no_duration("", "a number and a unit");
	assert_no_duration("s", "a number and a unit");
	assert_no_duration("-1s", "a number and a unit");
	assert_no_duration("+1s", "a number and a unit");
	assert_no_duration(".5s", "a number and a unit");
	assert_no_duration("5.s", "a number and a unit");
	assert_no_duration("1.2.3s", "no unit of time");
	assert_no_duration("5 s", "no unit of time");
	assert_no_duration("5S", "no unit of time");
	assert_no_duration("5days", "there are ns, us, ms, s, m and h");
	assert_no_duration("1e3s", "no unit of time");
}

TEST(a_duration_that_overflows_is_refused)
{
	assert_duration("18446744073709551615ns", UINT64_MAX);
	assert_no_duration("18446744073709551616ns", "longer than");
	assert_no_duration("18446744074s", "longer than");
	assert_no_duration("18446744073.9s", "longer than");
	assert_no_duration("99999999999999999999999999h", "longer than");
}

static void assert_size(const char *text, uint64_t expected)
{
	uint64_t bytes = 1;
	struct error e;
	if (!size_parse(str_from(text), &bytes, &e))
		fail_msg("%s: %s", text, e.text);
	assert_int_equal(bytes, expected);
}

TEST(a_size_has_a_unit_or_counts_bytes)
{
	assert_size("0", 0);
	assert_size("8192", 8192);
	assert_size("7B", 7);
	assert_size("64KiB", 65536);
	assert_size("64KB", 64000);
	assert_size("64kB", 64000);
	assert_size("128 MiB", 128 << 20);
	assert_size("1.5MiB", 3 << 19);
	assert_size("2GB", UINT64_C(2000000000));
	assert_size("1GiB", 1 << 30);
}

TEST(what_is_no_size_is_refused)
{
	static const char *const rows[][2] = {
		{ "", "a number and a unit" },       { "MiB", "a number and a unit" },
		{ "-1", "a number and a unit" },     { "1 2 KB", "no unit of size" },
		{ "1kib", "no unit of size" },       { "1s", "'s' is no unit of size" },
		{ "20000000000GiB", "larger than" }, { "18446744073709551616", "larger than" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t bytes;
		struct error e;
		assert_false(size_parse(str_from(rows[i][0]), &bytes, &e));
		assert_error(&e, INVALID, rows[i][1]);
	}
}

TEST(numbers_are_printed_in_the_unit_that_suits_them)
{
	static const struct {
		uint64_t number;
		const char *time, *size;
	} rows[] = {
		{ 0, "0 ms", "0 bytes" },
		{ 1500, "1.5 us", "1500 bytes" },
		{ 50000000, "50 ms", "47.684 MiB" },
		{ 120000000000, "120 s", "111.759 GiB" },
		{ 65536, "65.536 us", "64 KiB" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buf b = BUF_INIT(64);
		duration_print(rows[i].number, &b);
		assert_string_equal(b.ptr, rows[i].time);
		buf_reset(&b);
		size_print(rows[i].number, &b);
		assert_string_equal(b.ptr, rows[i].size);
		buf_fini(&b);
	}
}
