/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/option_value.h"
#include "support/test.h"

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
