/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/option_value.h"
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

static bool parse_address(const char *text, struct net_address *out)
{
	struct error e;
	if (address_parse(str_from(text), out, &e))
		return true;
	assert_error(&e, INVALID, "invalid socket address syntax");
	return false;
}

TEST(an_address_is_an_ip_and_a_port)
{
	struct net_address a = { 0 };
	assert_true(parse_address("127.0.0.1:7676", &a));
	assert_int_equal(a.ip_len, 4);
	assert_memory_equal(a.ip, "\x7f\0\0\1", 4);
	assert_int_equal(a.port, 7676);
	assert_true(parse_address("0.0.0.0:0", &a));
	assert_int_equal(a.port, 0);
	assert_true(parse_address("1.2.3.4:65535", &a));
	assert_int_equal(a.port, 65535);
}

TEST(an_ipv6_address_stands_in_brackets)
{
	struct net_address a = { 0 };
	assert_true(parse_address("[::1]:80", &a));
	assert_int_equal(a.ip_len, 16);
	assert_memory_equal(a.ip, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	assert_int_equal(a.port, 80);
	assert_true(parse_address("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:1", &a));
	assert_false(parse_address("::1:80", &a));
	assert_false(parse_address("[::1:80", &a));
	assert_false(parse_address("[127.0.0.1]:80", &a));
	assert_false(parse_address("[::1]", &a));
	assert_false(parse_address("[]:80", &a));
	assert_false(parse_address("[::1%lo]:80", &a));
}

TEST(what_is_no_address_is_refused)
{
	static const char *const bad[] = {
		"",
		":",
		":80",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:65536",
		"999.0.0.1:7676",
		"localhost:80",
		"127.0.0.1:80:",
		"127.0.0.1:-1",
		"127.0.0.1: 80",
		"127.1:80",
		"127.0.0.1:0x50",
		"127.0.0.01:80x",
		"[",
		"]:1",
		"[]:",
		"1111111111111111111111111111111111111111111111111111111111111111:1"
	};
	struct net_address a;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (parse_address(bad[i], &a))
			fail_msg("'%s' is taken for an address", bad[i]);
	}
}
