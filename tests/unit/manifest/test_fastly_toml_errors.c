/* SPDX-License-Identifier: Apache-2.0 */
/* Bad manifests: every error, word for word, with its place. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "manifest_setup.h"

struct row {
	const char *text, *expected;
};

static void assert_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_refused(rows[i].text, rows[i].expected);
}
#define ASSERT_ROWS(rows) assert_rows((rows), COUNT_OF(rows))

#define LOCAL "[local_server]\n"

TEST(the_top_level)
{
	static const struct row rows[] = {
		{ "manifest_version = 4",
		  "fastly.toml:1:20: unsupported manifest version 4; max supported version is 3: "
		  "write manifest_version = 3" },
		{ "manifest_version = -1",
		  "fastly.toml:1:20: unsupported manifest version -1; max supported version is 3: "
		  "write manifest_version = 3" },
		{ "manifest_version = \"3\"",
		  "fastly.toml:1:20: 'manifest_version' is a string, not an integer; write manifest_version "
		  "= 3" },
		{ "name = 3",
		  "fastly.toml:1:8: 'name' is an integer, not a string; write name = \"my-service\"" },
		{ "authors = \"me\"",
		  "fastly.toml:1:11: 'authors' is a string, not an array; write authors = "
		  "[\"me@example.com\"]" },
		{ "authors = [\"me\", 2]",
		  "fastly.toml:1:18: an author is an integer, not a string; write authors = "
		  "[\"me@example.com\"]" },
		{ "local_server = 1",
		  "fastly.toml:1:16: 'local_server' is an integer, not a table; write [local_server]" },
		{ LOCAL "fake_valid_fastly_keys = \"k\"",
		  "fastly.toml:2:26: fake_valid_fastly_keys: is a string, not an array; "
		  "write fake_valid_fastly_keys = [\"KEY\"]" },
		{ LOCAL "fake_valid_fastly_keys = [1]",
		  "fastly.toml:2:27: fake_valid_fastly_keys: a key is an integer, not a string; write "
		  "[\"KEY\"]" },
	};
	ASSERT_ROWS(rows);
}

TEST(text_that_is_not_toml)
{
	struct setup s;
	begin(&s);
	assert_false(try_parse(&s, LOCAL "secret_stores.store*one = []"));
	assert_error(&s.error, INVALID, "fastly.toml:2:20: ");
	assert_error(&s.error, INVALID, "(a fastly.toml is written in TOML 1.1)");
	end(&s);
}

#define BACKEND(rest) "[local_server.backends]\nshark = { url = \"http://a\", " rest " }"

TEST(backends)
{
	static const struct row rows[] = {
		{ LOCAL "backends = []",
		  "fastly.toml:2:12: backends: is an array, not a table; write [local_server.backends]" },
		{ LOCAL "backends.shark = \"http://a\"",
		  "fastly.toml:2:18: backends.shark: is a string, not a table; write { url = "
		  "\"http://127.0.0.1:8080\" }" },
		{ LOCAL "backends.\"a b\" = 1",
		  "fastly.toml:2:18: backends.\"a b\": is an integer, not a table; write { url = "
		  "\"http://127.0.0.1:8080\" }" },
		{ "[local_server.backends.shark]\n",
		  "fastly.toml:1:1: backends.shark: 'url' is missing; write url = "
		  "\"http://127.0.0.1:8080\"" },
		{ LOCAL "backends.shark.url = 3",
		  "fastly.toml:2:22: backends.shark: 'url' is an integer, not a string; "
		  "write url = \"http://127.0.0.1:8080\"" },
		{ LOCAL "backends.shark.url = \" \"",
		  "fastly.toml:2:22: backends.shark: 'url' is empty; write url = \"http://127.0.0.1:8080\"" },
		{ LOCAL "backends.shark.url = \"a.com\"",
		  "fastly.toml:2:22: backends.shark: 'a.com' is not a URL for a backend: "
		  "it does not begin with http:// or https://" },
		{ BACKEND("overide_host = \"x\""),
		  "fastly.toml:2:29: backends.shark: there is no key 'overide_host'; did you mean "
		  "'override_host'?" },
		{ BACKEND("shrimp = true"),
		  "fastly.toml:2:29: backends.shark: there is no key 'shrimp'; known keys: url, "
		  "override_host, cert_host, "
		  "use_sni, grpc, first_byte_timeout_ms, between_bytes_timeout_ms, health, ca_certificate, "
		  "client_certificate" },
		{ BACKEND("override_host = \"\""),
		  "fastly.toml:2:45: backends.shark: 'override_host' is empty; "
		  "write override_host = \"example.com\" or leave it out" },
		{ BACKEND("override_host = \"a\\n\""),
		  "fastly.toml:2:45: backends.shark: 'override_host' holds a blank or a "
		  "control character; write override_host = \"example.com\"" },
		{ BACKEND("cert_host = true"),
		  "fastly.toml:2:41: backends.shark: 'cert_host' is a boolean, not a string; "
		  "write cert_host = \"example.com\"" },
		{ BACKEND("use_sni = 1"),
		  "fastly.toml:2:39: backends.shark: 'use_sni' is an integer, not a boolean; write use_sni "
		  "= true" },
		{ BACKEND("grpc = \"no\""),
		  "fastly.toml:2:36: backends.shark: 'grpc' is a string, not a boolean; write grpc = false" },
		{ BACKEND("first_byte_timeout_ms = -1"),
		  "fastly.toml:2:53: backends.shark: 'first_byte_timeout_ms' is -1; "
		  "write milliseconds, or 0 for no limit" },
		{ BACKEND("first_byte_timeout_ms = 1.5"),
		  "fastly.toml:2:53: backends.shark: 'first_byte_timeout_ms' is a number, "
		  "not an integer; write first_byte_timeout_ms = 15000" },
		{ BACKEND("health = \"sick\""), "fastly.toml:2:38: backends.shark: 'health' is 'sick'; "
						"write health = \"unknown\", \"healthy\" or \"unhealthy\"" },
		{ BACKEND("health = true"),
		  "fastly.toml:2:38: backends.shark: 'health' is a boolean, not a string; "
		  "write health = \"unknown\", \"healthy\" or \"unhealthy\"" },
	};
	ASSERT_ROWS(rows);
}

#define CA_FORMS "ca_certificate = { file = \"ca.pem\" }, { value = \"PEM\" }, \"PEM\" or an array of these"
#define NO_PEM "no certificate found in it; write PEM, -----BEGIN CERTIFICATE-----"

TEST(certificates)
{
	static const struct row rows[] = {
		{ BACKEND("ca_certificate = 1"),
		  "fastly.toml:2:46: backends.shark: 'ca_certificate' is an integer; write " CA_FORMS },
		{ BACKEND("ca_certificate = \" \""),
		  "fastly.toml:2:46: backends.shark: 'ca_certificate' is empty; write " CA_FORMS },
		{ BACKEND("ca_certificate = {}"),
		  "fastly.toml:2:46: backends.shark: 'ca_certificate' has neither 'file' nor 'value'; "
		  "write " CA_FORMS },
		{ BACKEND("ca_certificate = { file = \"f\", value = \"v\" }"),
		  "fastly.toml:2:46: backends.shark: 'ca_certificate' has both 'file' and 'value'; write "
		  "" CA_FORMS },
		{ BACKEND("ca_certificate = { fil = \"f\" }"),
		  "fastly.toml:2:48: backends.shark: there is no key 'fil'; did you mean 'file'?" },
		{ BACKEND("ca_certificate = [{ value = 1 }]"),
		  "fastly.toml:2:57: backends.shark: 'value' is an integer, not a string; write value = "
		  "\"PEM\"" },
		{ BACKEND("ca_certificate = [\"text\"]"),
		  "fastly.toml:2:47: backends.shark: 'ca_certificate': " NO_PEM },
		{ BACKEND("client_certificate = 1"),
		  "fastly.toml:2:50: backends.shark: 'client_certificate' is an integer, not a table; write "
		  "client_certificate = "
		  "{ certificate_file = \"client.crt\", key_file = \"client.key\" }" },
		{ BACKEND("client_certificate = {}"),
		  "fastly.toml:2:50: backends.shark: 'client_certificate' has no certificate; "
		  "write certificate_file = \"client.crt\"" },
		{ BACKEND("client_certificate = { certificate = \"x\", key = \"y\" }"),
		  "fastly.toml:2:50: backends.shark: 'client_certificate': " NO_PEM },
		{ BACKEND("client_certificate = { cert = \"x\" }"),
		  "fastly.toml:2:52: backends.shark: there is no key 'cert'; known keys: certificate, "
		  "certificate_file, key, "
		  "key_file" },
	};
	ASSERT_ROWS(rows);
}

#define DICTIONARY(rest) "[local_server.dictionaries]\nthing = { " rest " }"
#define FORMATS "write format = \"inline-toml\" or \"json\""

TEST(dictionaries)
{
	static const struct row rows[] = {
		{ LOCAL "dictionaries.thing = \"stuff\"",
		  "fastly.toml:2:22: dictionaries.thing: is a string, not a table; "
		  "write { format = \"inline-toml\", contents = { key = \"value\" } }" },
		{ DICTIONARY(""), "fastly.toml:2:9: dictionaries.thing: 'format' is missing; " FORMATS },
		{ DICTIONARY("format = 3"),
		  "fastly.toml:2:20: dictionaries.thing: 'format' is an integer, not a string; " FORMATS },
		{ DICTIONARY("format = \"\""),
		  "fastly.toml:2:20: dictionaries.thing: 'format' is empty; " FORMATS },
		{ DICTIONARY("format = \"toml\""),
		  "fastly.toml:2:20: dictionaries.thing: 'toml' is not a format of a dictionary; " FORMATS },
		{ DICTIONARY("format = \"json\""),
		  "fastly.toml:2:9: dictionaries.thing: 'file' is missing; write file = "
		  "\"dictionary.json\"" },
		{ DICTIONARY("format = \"json\", file = 3"),
		  "fastly.toml:2:35: dictionaries.thing: 'file' is an integer, not a "
		  "string; write file = \"dictionary.json\"" },
		{ DICTIONARY("format = \"json\", file = \"\""),
		  "fastly.toml:2:35: dictionaries.thing: 'file' is empty; write file = \"dictionary.json\"" },
		{ DICTIONARY("format = \"json\", file = \"f\", contents = {}"),
		  "fastly.toml:2:40: dictionaries.thing: there is no key 'contents'; known keys: format, "
		  "file" },
		{ DICTIONARY("format = \"json\", file = \"a\\u0000b\""),
		  "fastly.toml:2:35: dictionaries.thing: the path of the file holds a NUL" },
		{ DICTIONARY("format = \"inline-toml\""),
		  "fastly.toml:2:9: dictionaries.thing: 'contents' is missing; write contents = { key = "
		  "\"value\" }" },
		{ DICTIONARY("format = \"inline-toml\", contents = 3"),
		  "fastly.toml:2:46: dictionaries.thing: 'contents' is an "
		  "integer, not a table; write contents = { key = \"value\" }" },
		{ DICTIONARY("format = \"inline-toml\", contents = { apple = 3 }"),
		  "fastly.toml:2:56: dictionaries.thing: the value of 'apple' is an integer, not a string; "
		  "write apple = \"…\"" },
		{ LOCAL "dictionaries.d = { format = \"inline-toml\", contents = {} }\n"
			"config_stores.d = { format = \"inline-toml\", contents = {} }",
		  "fastly.toml:3:15: config_stores.d: is defined twice, under config_stores and "
		  "dictionaries; leave one" },
	};
	ASSERT_ROWS(rows);
}

/* `len` characters, of two bytes each. */
static void add_long(struct buf *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add(b, STR("\xc3\xa9"));
}

static bool dictionary_taken(size_t key_len, size_t value_len, struct error *e)
{
	struct setup s;
	struct buf text = BUF_INIT(1 << 20);
	begin(&s);
	buf_add(&text, STR("[local_server.dictionaries.d]\nformat = \"inline-toml\"\ncontents.\"k"));
	add_long(&text, key_len - 1);
	buf_add(&text, STR("\" = \""));
	add_long(&text, value_len);
	buf_add(&text, STR("\"\n"));
	bool taken = try_parse(&s, text.ptr);
	*e = s.error;
	buf_fini(&text);
	end(&s);
	return taken;
}

TEST(the_limits_of_a_dictionary)
{
	struct error e = { 0 };
	assert_true(dictionary_taken(256, 8000, &e));
	assert_false(dictionary_taken(257, 0, &e));
	assert_error(&e, INVALID, "is longer than 256 characters");
	assert_error(&e, INVALID, "fastly.toml:3:");
	assert_false(dictionary_taken(1, 8001, &e));
	assert_error(&e, INVALID, "the value of 'k' is longer than 8000 characters");
}

#define KV(rest) LOCAL "kv_stores.store_one = " rest

TEST(kv_stores)
{
	static const struct row rows[] = {
		{ KV("\"lol\""),
		  "fastly.toml:2:23: kv_stores.store_one: is a string, not an array of objects; write "
		  "kv_stores.NAME = "
		  "[ { key = \"k\", data = \"…\" } ] or { file = \"store.json\", format = \"json\" }" },
		{ KV("[\"x\"]"), "fastly.toml:2:24: kv_stores.store_one: an object is a string, not a table; "
				 "write { key = \"k\", data = \"…\" }" },
		{ KV("[{ data = \"x\" }]"),
		  "fastly.toml:2:24: kv_stores.store_one: 'key' is missing; write key = \"k\"" },
		{ KV("[{ key = 3, data = \"x\" }]"),
		  "fastly.toml:2:32: kv_stores.store_one: 'key' is an integer, not a string; write key = "
		  "\"k\"" },
		{ KV("[{ key = \"k\", data = 3 }]"),
		  "fastly.toml:2:44: kv_stores.store_one: 'data' is an integer, not a string; write data = "
		  "\"…\"" },
		{ KV("[{ key = \"k\", file = 3 }]"),
		  "fastly.toml:2:44: kv_stores.store_one: 'file' is an integer, not a string; write file = "
		  "\"value.txt\"" },
		{ KV("[{ key = \"k\", data = \"x\", metadata = 5 }]"),
		  "fastly.toml:2:60: kv_stores.store_one: 'metadata' is an "
		  "integer, not a string; write metadata = \"…\"" },
		{ KV("[{ key = \"k\", data = \"x\", file = \"f\" }]"),
		  "fastly.toml:2:24: kv_stores.store_one: the object 'k' has both 'file' and 'data'; write "
		  "one of them" },
		{ KV("[{ key = \"k\" }]"),
		  "fastly.toml:2:24: kv_stores.store_one: the object 'k' has neither 'file' nor 'data'; "
		  "write one of them" },
		{ KV("[{ key = \"a#\", data = \"x\" }]"),
		  "fastly.toml:2:24: kv_stores.store_one: the key 'a#' contains a '#'; write another" },
		{ KV("[{ key = \"a\\rb\", data = \"x\" }]"),
		  "fastly.toml:2:24: kv_stores.store_one: the key 'a\\x0db' contains a "
		  "carriage return; write another" },
		{ KV("[{ key = \"k\", file = \"\" }]"),
		  "fastly.toml:2:44: kv_stores.store_one: the path of the file is empty" },
		{ KV("{ file = \"f\" }"), "fastly.toml:2:23: kv_stores.store_one: 'format' is missing; "
					  "write both file = \"store.json\" and format = \"json\"" },
		{ KV("{ format = \"json\" }"), "fastly.toml:2:23: kv_stores.store_one: 'file' is missing; "
					       "write both file = \"store.json\" and format = \"json\"" },
		{ KV("{ file = \"f\", format = \"INVALID\" }"),
		  "fastly.toml:2:46: kv_stores.store_one: 'INVALID' is not a format "
		  "of a KV store; write format = \"json\"" },
		{ LOCAL "object_stores.s = []\nkv_stores.s = []",
		  "fastly.toml:3:11: kv_stores.s: is defined twice, under kv_stores and an older name of "
		  "it; leave one" },
	};
	ASSERT_ROWS(rows);
}

#define SECRET(rest) LOCAL "secret_stores.s = " rest

TEST(secret_stores)
{
	static const struct row rows[] = {
		{ SECRET("1"),
		  "fastly.toml:2:19: secret_stores.s: is an integer, not an array of secrets; write "
		  "secret_stores.NAME = "
		  "[ { key = \"k\", data = \"…\" } ] or { file = \"secrets.json\", format = \"json\" }" },
		{ SECRET("[1]"), "fastly.toml:2:20: secret_stores.s: a secret is an integer, not a table; "
				 "write { key = \"k\", data = \"…\" }" },
		{ SECRET("[{ data = \"x\" }]"),
		  "fastly.toml:2:20: secret_stores.s: 'key' is missing; write key = \"k\"" },
		{ SECRET("[{ key = \"k\" }]"),
		  "fastly.toml:2:20: secret_stores.s: the secret 'k' has none of 'file', 'data' and 'env'; "
		  "write one of them" },
		{ SECRET("[{ key = \"k\", data = \"x\", env = \"E\" }]"),
		  "fastly.toml:2:20: secret_stores.s: the secret 'k' has more than one of 'file', 'data' "
		  "and 'env'; "
		  "write one of them" },
		{ SECRET("[{ key = \"k\", env = 1 }]"),
		  "fastly.toml:2:39: secret_stores.s: 'env' is an integer, not a string; write env = "
		  "\"VARIABLE\"" },
		{ SECRET("[{ key = \"k*\", data = \"x\" }]"),
		  "fastly.toml:2:20: secret_stores.s: 'k*' cannot be the name of a secret; "
		  "write 1 to 255 of A-Z a-z 0-9 _ - ." },
		{ LOCAL "secret_stores.\"a b\" = []",
		  "fastly.toml:2:15: secret_stores.\"a b\": cannot be the name of a secret store; "
		  "write 1 to 255 of A-Z a-z 0-9 _ - ." },
		{ SECRET("{ file = \"f\" }"), "fastly.toml:2:19: secret_stores.s: 'format' is missing; "
					      "write both file = \"store.json\" and format = \"json\"" },
	};
	ASSERT_ROWS(rows);
}

TEST(acls_and_shields)
{
	static const struct row rows[] = {
		{ LOCAL "acls.bad = 1",
		  "fastly.toml:2:12: acls.bad: is an integer, neither a string nor a table; "
		  "write acls.NAME = \"acl.json\" or { file = \"acl.json\" }" },
		{ LOCAL "acls.bad = { other = true }",
		  "fastly.toml:2:12: acls.bad: 'file' is missing; write file = \"acl.json\"" },
		{ LOCAL "acls.bad = \"/does/not/exist\"",
		  "fastly.toml:2:12: acls.bad: /does/not/exist: No such file or directory" },
		{ LOCAL "acls.bad = \"\"", "fastly.toml:2:12: acls.bad: the path of the file is empty" },
		{ LOCAL "shielding_sites.x = 1",
		  "fastly.toml:2:21: shielding_sites.x: is an integer; write NAME = \"local\" or "
		  "{ encrypted = \"https://…\", unencrypted = \"http://…\" }" },
		{ LOCAL "shielding_sites.x = \"remote\"",
		  "fastly.toml:2:21: shielding_sites.x: is 'remote'; write NAME = \"local\" or "
		  "{ encrypted = \"https://…\", unencrypted = \"http://…\" }" },
		{ LOCAL "shielding_sites.x.encrypted = \"https://a\"",
		  "fastly.toml:2:17: shielding_sites.x: 'unencrypted' is missing; write unencrypted = "
		  "\"http://…\"" },
		{ LOCAL "shielding_sites.x = { encrypted = \"nope\", unencrypted = \"http://a\" }",
		  "fastly.toml:2:35: shielding_sites.x: 'nope' is not a URL: it does not begin with http:// "
		  "or https://" },
		{ LOCAL
		  "shielding_sites.x = { encrypted = \"https://a\", unencrypted = \"http://a\", z = 1 }",
		  "fastly.toml:2:74: shielding_sites.x: there is no key 'z'; known keys: encrypted, "
		  "unencrypted" },
	};
	ASSERT_ROWS(rows);
}

#define GEO "[local_server.geolocation]\n"
#define GEO_IS "geolocation (geolocation_mapping): "
#define DEVICE "[local_server.device_detection]\n"
#define DEVICE_IS "device_detection (device_detection_mapping): "

TEST(geolocation_and_device_detection)
{
	static const struct row rows[] = {
		{ LOCAL "geolocation = 1", "fastly.toml:2:15: " GEO_IS
					   "is an integer, not a table; write [local_server.geolocation]" },
		{ GEO "format = \"foo\"",
		  "fastly.toml:2:10: " GEO_IS "'foo' is not a format of a geolocation mapping; " FORMATS },
		{ GEO "format = \"json\"",
		  "fastly.toml:1:1: " GEO_IS "'file' is missing; write file = \"geolocation.json\"" },
		{ GEO "format = \"inline-toml\"",
		  "fastly.toml:1:1: " GEO_IS
		  "'addresses' is missing; write addresses.\"192.0.2.1\" = { as_name = \"…\" }" },
		{ GEO "use_default_loopback = 1",
		  "fastly.toml:2:24: " GEO_IS "'use_default_loopback' is an integer, not a boolean; "
		  "write use_default_loopback = true" },
		{ GEO "format = \"inline-toml\"\naddresses.x.a = 1",
		  "fastly.toml:3:11: " GEO_IS "'x' is not an IP address" },
		{ GEO "format = \"inline-toml\"\naddresses.\"::1\" = 1",
		  "fastly.toml:3:19: " GEO_IS "the record of '::1' is an integer, not a table; "
		  "write addresses.\"192.0.2.1\" = { as_name = \"…\" }" },
		{ GEO "format = \"inline-toml\"\naddresses.\"::1\".a = inf",
		  "fastly.toml:3:21: " GEO_IS "'a' is infinite or not a number; "
		  "write a string, a finite number or a boolean" },
		{ GEO "format = \"inline-toml\"\naddresses.\"::1\".a.b = 1",
		  "fastly.toml:3:17: " GEO_IS
		  "'a' is a table; write a string, a finite number or a boolean" },
		{ DEVICE "format = \"foo\"",
		  "fastly.toml:2:10: " DEVICE_IS
		  "'foo' is not a format of a device detection mapping; " FORMATS },
		{ DEVICE "format = \"inline-toml\"\nuser_agents.x = { a = { b = [1] } }",
		  "fastly.toml:3:29: " DEVICE_IS "'b' is an array; "
		  "write a string, a finite number, a boolean or a table of these" },
	};
	ASSERT_ROWS(rows);
}

/* ---- files that are named ---- */

static void assert_file_refused(const char *content, const char *text, const char *why)
{
	struct setup s;
	begin(&s);
	test_write("f", str_from(content));
	if (try_parse(&s, text))
		fail_msg("taken: %s", content);
	assert_error(&s.error, INVALID, why);
	end(&s);
}

TEST(files_that_hold_something_else)
{
	static const char kv[] = KV("{ file = \"f\", format = \"json\" }");
	static const char acl[] = LOCAL "acls.a = \"f\"";
	static const char secrets[] = SECRET("{ file = \"f\", format = \"json\" }");
	static const char dictionary[] = DICTIONARY("format = \"json\", file = \"f\"");
	static const struct {
		const char *content, *text, *why;
	} rows[] = {
		{ "More data", kv, "fastly.toml:2:32: kv_stores.store_one: f:1:" },
		{ "[]", kv, "kv_stores.store_one: f: is not a JSON object" },
		{ "{\"a\":1}", kv, "f: the value under the key 'a' is neither a string nor an object" },
		{ "{\"a\":{}}", kv, "f: the value under the key 'a' has neither 'data' nor 'file'" },
		{ "{\"a\":{\"data\":\"\",\"file\":\"\"}}", kv,
		  "f: the value under the key 'a' has both 'data' and 'file'" },
		{ "{\"a\":{\"data\":1}}", kv,
		  "f: the value under the key 'a' has a member that is not a string" },
		{ "{\"a\":{\"file\":\"none\"}}", kv,
		  "none: No such file or directory; paths are relative to " },
		{ "{\"a?\":\"\"}", kv, "the key 'a?' contains a '?'" },
		{ "{\"a\":1}", secrets, "f: the value under the key 'a' is not a string" },
		{ "{\"a b\":\"\"}", secrets, "'a b' cannot be the name of a secret" },
		{ "[package]", acl, "fastly.toml:2:10: acls.a: f:1:" },
		{ "{}", acl, "acls.a: f: 'entries' is missing or not an array" },
		{ "{\"entries\":[1]}", acl, "f: entry 1: is not a JSON object" },
		{ "{\"entries\":[{}]}", acl, "f: entry 1: 'prefix' is missing or not a string" },
		{ "{\"entries\":[{\"prefix\":\"1.2.3.4/32\"}]}", acl,
		  "f: entry 1: 'action' is missing or not a string" },
		{ "{\"entries\":[{\"prefix\":\"1.2.3.4/32\",\"action\":\"ALLOW\"},"
		  "{\"prefix\":\"1.2.3.4\",\"action\":\"ALLOW\"}]}",
		  acl, "f: entry 2: '1.2.3.4' has no prefix length" },
		{ "{\"entries\":[{\"prefix\":\"1.2.3.4/32\",\"action\":\"NO\"}]}", acl,
		  "f: entry 1: 'action' is something else than \"BLOCK\" or \"ALLOW\"" },
		{ "{\"a\":1}", dictionary, "f: the value of 'a' is not a string" },
		{ "nonsense", dictionary, "fastly.toml:2:35: dictionaries.thing: " },
		{ "{\"1.2.3\":{}}", GEO "format = \"json\"\nfile = \"f\"",
		  "f: '1.2.3' is not an IP address" },
		{ "{\"x\":1}", DEVICE "format = \"json\"\nfile = \"f\"",
		  "f: the record of 'x' is not a JSON object" },
		{ "text", BACKEND("ca_certificate = { file = \"f\" }"), "'ca_certificate': " NO_PEM },
		{ "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		  BACKEND("ca_certificate.file = \"f\""), "a certificate in it cannot be read" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_file_refused(rows[i].content, rows[i].text, rows[i].why);
}

TEST(files_that_are_not_there)
{
	static const char *const texts[] = {
		KV("{ file = \"none\", format = \"json\" }"),
		KV("[{ key = \"k\", file = \"none\" }]"),
		SECRET("{ file = \"none\", format = \"json\" }"),
		SECRET("[{ key = \"k\", file = \"none\" }]"),
		LOCAL "acls.a = \"none\"",
		DICTIONARY("format = \"json\", file = \"none\""),
		GEO "format = \"json\"\nfile = \"none\"",
		DEVICE "format = \"json\"\nfile = \"none\"",
		BACKEND("ca_certificate = { file = \"none\" }"),
		BACKEND("client_certificate = { certificate_file = \"none\", key_file = \"none\" }"),
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct setup s;
		begin(&s);
		assert_false(try_parse(&s, texts[i]));
		assert_error(&s.error, INVALID, "none: No such file or directory; paths are relative to ");
		assert_error(&s.error, INVALID, test_dir());
		end(&s);
	}
}

/* ---- bytes ---- */

/* Every prefix of a manifest that uses everything, and each with one byte changed: an answer, and nothing
 * else. */
TEST(cut_and_damaged_manifests_are_taken_or_refused)
{
	static const char text[] =
		"manifest_version = 3\nauthors = [\"a\"]\n[local_server]\nfake_valid_fastly_keys = [\"k\"]\n"
		"acls.a = \"x\"\nkv_stores.s = [{key=\"k\",data=\"d\",metadata=\"m\"}]\n"
		"secret_stores.s = [{key=\"k\",env=\"E\"}]\nshielding_sites.x = \"local\"\n"
		"[local_server.backends.b]\nurl = \"http://[::1]:8080/p\"\nhealth = \"healthy\"\n"
		"[local_server.geolocation]\nformat = \"inline-toml\"\naddresses.\"::1\" = { a = 1.5 }\n";
	char copy[sizeof text];
	for (size_t len = 0; len < sizeof text; len++) {
		for (int change = 0; change < 3; change++) {
			struct setup s;
			begin(&s);
			memcpy(copy, text, sizeof text);
			copy[len] = '\0';
			if (len > 0 && change)
				copy[len * 3 / 4] = change == 1 ? '"' : '\x80';
			if (!try_parse(&s, copy))
				assert_true(str_starts(str_from(s.error.text), STR("fastly.toml:")));
			end(&s);
		}
	}
}
