/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "http/uri.h"

TEST(parts_are_found)
{
	static const struct {
		const char *text, *scheme, *authority, *host;
		uint32_t port;
		const char *path, *query, *on_wire;
	} cases[] = {
		{ "http://a.example", "http", "a.example", "a.example", 0, "", NULL, "" },
		{ "https://a.example:8443/p/q?x=1&y#frag", "https", "a.example:8443", "a.example", 8443,
		  "/p/q", "x=1&y", "/p/q?x=1&y" },
		{ "HTTP://[::1]:80/", "HTTP", "[::1]:80", "::1", 80, "/", NULL, "/" },
		{ "http://[fe80::1%25eth0]/", "http", "[fe80::1%25eth0]", "fe80::1%25eth0", 0, "/", NULL,
		  "/" },
		{ "http://a:/", "http", "a:", "a", 0, "/", NULL, "/" },
		{ "http://a?q", "http", "a", "a", 0, "", "q", "?q" },
		{ "http://a#f", "http", "a", "a", 0, "", NULL, "" },
		{ "http://a/#f?g", "http", "a", "a", 0, "/", NULL, "/" },
		{ "x+y-1.z://a_b~!$&'()*+,;=-._~", "x+y-1.z", "a_b~!$&'()*+,;=-._~", "a_b~!$&'()*+,;=-._~", 0,
		  "", NULL, "" },
		{ "/", "", "", "", 0, "/", NULL, "/" },
		{ "/p?", "", "", "", 0, "/p", "", "/p?" },
		{ "/p?q?r", "", "", "", 0, "/p", "q?r", "/p?q?r" },
		{ "//a/b", "", "", "", 0, "//a/b", NULL, "//a/b" },
		{ "/http://a/", "", "", "", 0, "/http://a/", NULL, "/http://a/" },
		{ "/?u=http://a/", "", "", "", 0, "/", "u=http://a/", "/?u=http://a/" },
		{ "http://a/http://b", "http", "a", "a", 0, "/http://b", NULL, "/http://b" },
		{ "http://a?u=http://b", "http", "a", "a", 0, "", "u=http://b", "?u=http://b" },
		{ "*", "", "", "", 0, "*", NULL, "*" },
		{ "a.example:80", "", "a.example:80", "a.example", 80, "", NULL, "" },
		{ "/\xc3\xa4?\xe2\x82\xac", "", "", "", 0, "/\xc3\xa4", "\xe2\x82\xac",
		  "/\xc3\xa4?\xe2\x82\xac" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct uri u;
		struct error e;
		struct str text = str_from(cases[i].text);
		if (!uri_parse(&u, text, &e))
			fail_msg("%s: %s", cases[i].text, e.text);
		assert_str(u.scheme, cases[i].scheme);
		assert_str(u.authority, cases[i].authority);
		assert_str(u.host, cases[i].host);
		assert_int_equal(u.port, cases[i].port);
		assert_str(u.path, cases[i].path);
		assert_int_equal(u.has_query, cases[i].query != NULL);
		assert_str(u.query, cases[i].query ? cases[i].query : "");
		assert_str(uri_path_and_query(text), cases[i].on_wire);
		struct uri again = uri_split(text);
		assert_true(str_eq(again.host, u.host) && again.port == u.port && str_eq(again.path, u.path));
	}
}

TEST(what_is_no_uri_is_refused_with_the_part_that_is_wrong)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "the URI is empty" },
		{ "p/q", "starts with a scheme" },
		{ "?q", "" },
		{ "#f", "" },
		{ "*x", "starts with a scheme" },
		{ "http://", "the host ''" },
		{ "http:///p", "the host ''" },
		{ "http://:80/", "the host ''" },
		{ "http://u@a/", "user name" },
		{ "http://u:p@a/", "user name" },
		{ "http://a b/", "the host 'a b'" },
		{ "http://a%20b/", "the host 'a%20b'" },
		{ "http://a\\b/", "the host" },
		{ "http://\xc3\xa4/", "the host" },
		{ "http://a:b/", "the port 'b'" },
		{ "http://a:65536/", "the port '65536'" },
		{ "http://a:-1/", "the port '-1'" },
		{ "http://a:1:2/", "the port" },
		{ "http://[::1/", "no closing bracket" },
		{ "http://[::1]x/", "behind the host's bracket" },
		{ "http://[]/", "the host ''" },
		{ "http://[a b]/", "the host 'a b'" },
		{ "ht tp://a/", "" },
		{ "/a b", "the path" },
		{ "/a\tb", "the path" },
		{ "/a\nb", "the path" },
		{ "/a\x7f", "the path" },
		{ "/a<b", "the path" },
		{ "/a>b", "the path" },
		{ "/a`b", "the path" },
		{ "/a\xff", "the path" },
		{ "/a?b c", "the query" },
		{ "/a?\"", "the query" },
		{ "/a?<", "the query" },
		{ "/a?\xc3", "the query" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct uri u;
		struct error e;
		if (uri_parse(&u, str_from(cases[i].text), &e) || !strstr(e.text, cases[i].words))
			fail_msg("'%s': %s", cases[i].text, e.text);
	}
}

TEST(each_byte_stands_where_it_may)
{
	for (int c = 1; c < 0x80; c++) {
		char path[] = { '/', (char)c, 'x' }, query[] = { '/', '?', (char)c, 'x' };
		struct uri u;
		struct error e;
		bool in_path = c == 0x21 || (c >= 0x23 && c <= 0x3b) || c == 0x3d ||
			       (c >= 0x3f && c <= 0x5f) || (c >= 0x61 && c <= 0x7e) || c == '"';
		bool in_query =
			c == 0x21 || (c >= 0x23 && c <= 0x3b) || c == 0x3d || (c >= 0x3f && c <= 0x7e);
		assert_int_equal(uri_parse(&u, (struct str){ path, 3 }, &e), in_path);
		assert_int_equal(uri_parse(&u, (struct str){ query, 4 }, &e), in_query);
	}
	struct uri u;
	struct error e;
	assert_false(uri_parse(&u, (struct str){ "/\0", 2 }, &e));
}

TEST(a_uri_has_a_length_at_most)
{
	char *long_one = malloc(URI_BYTES_MAX + 1);
	struct uri u;
	struct error e;
	assert_non_null(long_one);
	memset(long_one, '/', URI_BYTES_MAX + 1);
	assert_true(uri_parse(&u, (struct str){ long_one, URI_BYTES_MAX }, &e));
	assert_false(uri_parse(&u, (struct str){ long_one, URI_BYTES_MAX + 1 }, &e));
	assert_error(&e, LIMIT, "longer than 65534");
	free(long_one);
}

TEST(an_authority_is_a_host_and_perhaps_a_port)
{
	assert_true(uri_authority_valid(STR("a")));
	assert_true(uri_authority_valid(STR("a.b-c:1")));
	assert_true(uri_authority_valid(STR("[::1]")));
	assert_false(uri_authority_valid(STR("")));
	assert_false(uri_authority_valid(STR(":1")));
	assert_false(uri_authority_valid(STR("a/b")));
	assert_false(uri_authority_valid(STR("a,b\r")));
	assert_false(uri_authority_valid(STR("u@a")));
}
