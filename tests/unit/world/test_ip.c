/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, prefixes and backends' URLs as text. */
#include "support/test.h"
#include "world/acl.h"
#include "world/backend.h"
#include "world/ip.h"

static void assert_printed(const char *text, const char *expected)
{
	uint8_t ip[16], ip_len;
	char out[IP_TEXT_BYTES];
	assert_true(ip_parse(str_from(text), ip, &ip_len));
	ip_print(ip, ip_len, out);
	assert_string_equal(out, expected);
}

TEST(addresses_are_printed_in_their_shortest_spelling)
{
	assert_printed("192.0.2.1", "192.0.2.1");
	assert_printed("0000:0000:0000:0000:0000:0000:0000:0001", "::1");
	assert_printed("2001:DB8::0:1", "2001:db8::1");
	assert_printed("::ffff:1.2.3.4", "::ffff:1.2.3.4");
}

TEST(what_is_no_address_is_refused)
{
	static const char *const texts[] = {
		"",
		"1.2.3",
		"1.2.3.4.5",
		"256.0.0.1",
		"01.2.3.4",
		"1.2.3.4 ",
		":::",
		"1::2::3",
		"[::1]",
		"fe80::1%eth0",
		"localhost",
		"12345::",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee"
	};
	uint8_t ip[16], ip_len;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_false(ip_parse(str_from(texts[i]), ip, &ip_len));
	assert_false(ip_parse((struct str){ "1.2.3.4\0x", 9 }, ip, &ip_len));
}

TEST(loopback_is_127_and_colon_colon_1)
{
	static const struct {
		const char *text;
		bool loopback;
	} rows[] = { { "127.0.0.1", true },  { "127.255.255.255", true },
		     { "128.0.0.1", false }, { "::1", true },
		     { "::2", false },       { "::ffff:127.0.0.1", false } };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t ip[16], ip_len;
		assert_true(ip_parse(str_from(rows[i].text), ip, &ip_len));
		assert_int_equal(ip_is_loopback(ip, ip_len), rows[i].loopback);
	}
}

TEST(a_prefix_is_an_address_and_a_length)
{
	struct error e = { 0 };
	struct acl_entry entry;
	char out[IP_TEXT_BYTES];
	assert_true(acl_parse_prefix(STR("1.2.3.255/23"), &entry, &e));
	acl_print_prefix(&entry, out);
	assert_string_equal(out, "1.2.2.0/23");
	assert_true(acl_parse_prefix(STR("FACE::ffff/16"), &entry, &e));
	acl_print_prefix(&entry, out);
	assert_string_equal(out, "face::/16");
	assert_true(acl_parse_prefix(STR("1.2.3.4/0"), &entry, &e));
	acl_print_prefix(&entry, out);
	assert_string_equal(out, "0.0.0.0/0");
}

TEST(a_bad_prefix_says_what_is_wrong)
{
	static const struct {
		const char *text, *why;
	} rows[] = { { "1.2.3.4", "has no prefix length" },
		     { "1.2.3/8", "'1.2.3' is not an IP address" },
		     { "1.2.3.4/33", "from 0 to 32" },
		     { "::/129", "from 0 to 128" },
		     { "1.2.3.4/", "'' is not a prefix length" },
		     { "1.2.3.4/-1", "'-1' is not a prefix length" },
		     { "/8", "'' is not an IP address" } };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error e = { 0 };
		struct acl_entry entry;
		assert_false(acl_parse_prefix(str_from(rows[i].text), &entry, &e));
		assert_error(&e, INVALID, rows[i].why);
	}
}

/* ---- backends ---- */

static void assert_url(const char *url, const char *scheme, const char *host, int port, const char *prefix)
{
	struct error e = { 0 };
	struct backend *b = backend_new(STR("b"));
	if (!backend_set_url(b, str_from(url), &e))
		fail_msg("%s: %s", url, e.text);
	assert_str(b->target.scheme, scheme);
	assert_str(b->target.host, host);
	assert_int_equal(b->target.port, port);
	assert_str(b->path_prefix, prefix);
	backend_unref(&b);
}

TEST(a_backends_url_says_where_and_how)
{
	assert_url("http://origin.example", "http", "origin.example", 80, "");
	assert_url("https://origin.example/", "https", "origin.example", 443, "");
	assert_url("HTTPS://Origin.example:8443/a/b/", "https", "Origin.example", 8443, "/a/b");
	assert_url("http://127.0.0.1:7676/dog-mocks", "http", "127.0.0.1", 7676, "/dog-mocks");
	assert_url("http://[::1]:99//", "http", "::1", 99, "");
	assert_url("http://my_host-1:65535", "http", "my_host-1", 65535, "");
}

TEST(a_url_that_a_backend_cannot_have_is_refused)
{
	static const struct {
		const char *url, *why;
	} rows[] = { { "", "does not begin with" },
		     { "example.com", "does not begin with" },
		     { "ftp://a", "does not begin with" },
		     { "http:://[:::1]", "does not begin with" },
		     { "http://", "host" },
		     { "http://a b", "host" },
		     { "http://a:b", "port" },
		     { "http://a:65536", "port" },
		     { "http://a:0", "port 0" },
		     { "http://u@a", "user name" },
		     { "http://a?q", "query" },
		     { "http://a/p?q", "query" },
		     { "http://a#f", "fragment" },
		     { "http://[::1", "bracket" },
		     { "http://[1.2.3.4]", "IPv6" },
		     { "http://[:::1]", "IPv6" },
		     { "http://a/b c", "path" },
		     { "http://a/\n", "path" } };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error e = { 0 };
		struct backend *b = backend_new(STR("b"));
		if (backend_set_url(b, str_from(rows[i].url), &e))
			fail_msg("%s was taken", rows[i].url);
		assert_error(&e, INVALID, rows[i].why);
		backend_unref(&b);
	}
}

TEST(a_new_backend_has_a_manifests_defaults)
{
	struct backend *b = backend_new(STR("name"));
	assert_str(b->name, "name");
	assert_true(b->target.use_sni);
	assert_false(b->dynamic);
	assert_int_equal(b->health, BACKEND_UNKNOWN);
	assert_int_equal(b->first_byte_timeout_ms, -1);
	assert_int_equal(b->target.first_byte_timeout_ns, 0);
	assert_int_equal(b->target.tls_min, TLS_ANY);
	struct backend *again = backend_ref(b);
	backend_unref(&b);
	assert_null(b);
	assert_str(again->name, "name");
	backend_unref(&again);
}
