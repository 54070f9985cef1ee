/* SPDX-License-Identifier: Apache-2.0 */
/* Good manifests: everything that can stand in one arrives in the world. */
#include <stdio.h>
#include <string.h>

#include "manifest_setup.h"

static void assert_table(struct setup *s, struct table *t, const char *key, const char *expected)
{
	struct str value;
	struct arena a;
	arena_init(&a);
	assert_non_null(t);
	if (!table_get(t, str_from(key), &a, &value, &s->error))
		fail_msg("%s: %s", key, s->error.text);
	assert_str(value, expected);
	arena_fini(&a);
}

static void assert_config(struct setup *s, const char *store, const char *key, const char *expected)
{
	assert_table(s, tables_find(&s->world->config, str_from(store)), key, expected);
}

static void assert_secret(struct setup *s, const char *store, const char *key, const char *expected)
{
	assert_table(s, tables_find(&s->world->secrets, str_from(store)), key, expected);
}

static void assert_kv(struct setup *s, const char *store, const char *key, const char *value,
		      const char *metadata)
{
	struct kv_op op;
	kv_op_init(&op, KV_LOOKUP, str_from(store), str_from(key));
	kv_start(s->world->kv, &op, &s->loop);
	assert_int_equal(op.error, KV_OK);
	assert_str(blob_str(op.found), value);
	if (metadata)
		assert_str(blob_str(op.found_metadata), metadata);
	else
		assert_null(op.found_metadata);
	kv_op_fini(&op);
}

static void assert_geo(struct setup *s, const char *address, const char *expected)
{
	uint8_t ip[16], ip_len;
	struct str json;
	struct arena a;
	arena_init(&a);
	assert_true(ip_parse(str_from(address), ip, &ip_len));
	bool found = geo_lookup(s->world->geo, ip, ip_len, &a, &json, &s->error);
	assert_int_equal(found, expected != NULL);
	if (expected)
		assert_str(json, expected);
	arena_fini(&a);
}

/* ---- the top ---- */

TEST(an_empty_manifest_is_fine)
{
	struct setup s;
	begin(&s);
	parse(&s, "");
	parse(&s, "[local_server]\n");
	assert_null(s.manifest.warnings);
	end(&s);
}

TEST(facts_about_the_service_are_kept)
{
	struct setup s;
	begin(&s);
	parse(&s,
	      "manifest_version = 3\nname = \"shop\"\ndescription = \"sells\"\nauthors = [\"a@b.example\", "
	      "\"c\"]\n"
	      "language = \"rust\"\nservice_id = \"ignored\"\n[scripts]\nbuild = \"make\"\n");
	assert_int_equal(s.manifest.version, 3);
	assert_str(s.manifest.name, "shop");
	assert_str(s.manifest.description, "sells");
	assert_str(s.manifest.language, "rust");
	assert_int_equal(s.manifest.authors_count, 2);
	assert_str(s.manifest.authors[1], "c");
	assert_null(s.manifest.warnings);
	end(&s);
}

/* ---- backends ---- */

TEST(a_backend_may_be_no_more_than_a_url)
{
	struct setup s;
	begin(&s);
	parse(&s,
	      "[local_server.backends]\ndog.url = \"http://localhost:7676/dog-mocks\"\n"
	      "\"shark.server\" = { url = \"https://shark.example/\", override_host = \"somehost.com\" }\n");
	const struct backend *dog = world_backend(s.world, STR("dog"));
	assert_str(dog->target.host, "localhost");
	assert_int_equal(dog->target.port, 7676);
	assert_str(dog->path_prefix, "/dog-mocks");
	assert_true(dog->target.use_sni);
	assert_int_equal(dog->health, BACKEND_UNKNOWN);
	assert_int_equal(dog->first_byte_timeout_ms, -1);
	const struct backend *shark = world_backend(s.world, STR("shark.server"));
	assert_str(shark->override_host, "somehost.com");
	assert_str(shark->target.scheme, "https");
	end(&s);
}

TEST(every_setting_of_a_backend_arrives)
{
	struct setup s;
	begin(&s);
	parse(&s, "[local_server.backends.b]\nurl = \"https://b.example\"\ncert_host = "
		  "\"cert.example\"\nuse_sni = false\n"
		  "grpc = true\nfirst_byte_timeout_ms = 1500\nbetween_bytes_timeout_ms = 0\nhealth = "
		  "\"UnHealthy\"\n");
	const struct backend *b = world_backend(s.world, STR("b"));
	assert_str(b->target.certificate_host, "cert.example");
	assert_false(b->target.use_sni);
	assert_true(b->grpc && b->target.http2);
	assert_int_equal(b->first_byte_timeout_ms, 1500);
	assert_int_equal(b->target.first_byte_timeout_ns, 1500 * NS_PER_MS);
	assert_int_equal(b->between_bytes_timeout_ms, 0);
	assert_int_equal(b->target.between_bytes_timeout_ns, 0);
	assert_int_equal(b->health, BACKEND_UNHEALTHY);
	assert_false(b->dynamic);
	end(&s);
}

/* ---- stores ---- */

TEST(the_scheme_of_web_sockets_is_that_of_http)
{
	struct setup s;
	begin(&s);
	parse(&s, "[local_server.backends]\na = { url = \"ws://a.example/chat\" }\n"
		  "b = { url = \"WSS://b.example\" }\n");
	struct backend *a = world_backend(s.world, STR("a")), *b = world_backend(s.world, STR("b"));
	assert_str(a->target.scheme, "http");
	assert_int_equal(a->target.port, 80);
	assert_str(a->path_prefix, "/chat");
	assert_str(b->target.scheme, "https");
	assert_int_equal(b->target.port, 443);
	end(&s);
}

TEST(a_timeout_may_be_longer_than_the_abi_can_say)
{
	struct setup s;
	begin(&s);
	parse(&s, "[local_server.backends.a]\nurl = \"http://a\"\nfirst_byte_timeout_ms = 4294967296\n"
		  "between_bytes_timeout_ms = 9223372036854775807\n");
	struct backend *b = world_backend(s.world, STR("a"));
	assert_int_equal(b->first_byte_timeout_ms, UINT32_MAX);
	assert_int_equal(b->target.first_byte_timeout_ns, UINT32_MAX * NS_PER_MS);
	assert_int_equal(b->between_bytes_timeout_ms, UINT32_MAX);
	end(&s);
}

TEST(toml_1_1_is_read)
{
	struct setup s;
	begin(&s);
	parse(&s, "[local_server]\nbackends.a = {\n\turl = \"http://\\x61.example\", # over several lines\n"
		  "\thealth = \"healthy\",\n}\n");
	struct backend *b = world_backend(s.world, STR("a"));
	assert_str(b->target.host, "a.example");
	assert_int_equal(b->health, BACKEND_HEALTHY);
	end(&s);
}

TEST(config_stores_come_inline_or_from_files_under_both_names)
{
	struct setup s;
	begin(&s);
	test_write("d.json", STR("{\"cat\":\"meow\"}"));
	parse(&s, "[local_server.dictionaries.a]\nformat = "
		  "\"inline-toml\"\n[local_server.dictionaries.a.contents]\n"
		  "k = \"v\"\n\"\" = \"\"\n[local_server.config_stores]\nb = { format = \"json\", file = "
		  "\"d.json\" }\n");
	assert_config(&s, "a", "k", "v");
	assert_config(&s, "a", "", "");
	assert_config(&s, "b", "cat", "meow");
	test_write("d.json", STR("{\"cat\":\"purr, purr\"}"));
	assert_config(&s, "b", "cat", "purr, purr");
	end(&s);
}

TEST(kv_stores_come_inline_with_data_files_and_metadata)
{
	struct setup s;
	begin(&s);
	test_write("value.bin", (struct str){ "\0\xff", 2 });
	parse(&s, "[local_server]\nkv_stores.one = [ { key = \"first\", data = \"x\" }, "
		  "{ key = \"third\", data = \"\", metadata = \"m\" } ]\nkv_stores.empty = []\n"
		  "[[local_server.kv_stores.two]]\nkey = \"f\"\nfile = \"value.bin\"\n"
		  "[[local_server.kv_stores.two]]\nkey = \"old\"\npath = \"value.bin\"\n");
	assert_kv(&s, "one", "first", "x", NULL);
	assert_kv(&s, "one", "third", "", "m");
	assert_true(kv_has_store(s.world->kv, STR("empty")));
	struct kv_op op;
	kv_op_init(&op, KV_LOOKUP, STR("two"), STR("old"));
	kv_start(s.world->kv, &op, &s.loop);
	assert_int_equal(op.found->len, 2);
	assert_memory_equal(op.found->bytes, "\0\xff", 2);
	kv_op_fini(&op);
	assert_null(s.manifest.warnings);
	end(&s);
}

TEST(kv_stores_come_from_json_and_under_their_older_names)
{
	struct setup s;
	begin(&s);
	test_write("v.txt", STR("More data"));
	test_write("kv.json", STR("{\"first\":\"This is some data\",\"second\":{\"file\":\"v.txt\"},"
				  "\"third\":{\"data\":\"3\",\"metadata\":\"m\\u00e9\"}}"));
	parse(&s, "[local_server]\nobject_stores.one = { file = \"kv.json\", format = \"json\" }\n"
		  "object_store.two = [{ key = \"k\", data = \"2\" }]\nkv_stores.three = []\n");
	assert_kv(&s, "one", "first", "This is some data", NULL);
	assert_kv(&s, "one", "second", "More data", NULL);
	assert_kv(&s, "one", "third", "3", "m\xc3\xa9");
	assert_kv(&s, "two", "k", "2", NULL);
	assert_true(kv_has_store(s.world->kv, STR("three")));
	end(&s);
}

TEST(secrets_come_from_data_files_the_environment_and_json)
{
	struct setup s;
	begin(&s);
	test_write("secret.txt", STR("from a file\n"));
	test_write("secrets.json", STR("{\"first\":\"first secret\"}"));
	parse(&s, "[local_server]\nsecret_stores.one = [ { key = \"d\", data = \"inline\" }, { key = \"f\", "
		  "file = \"secret.txt\" }, "
		  "{ key = \"e\", env = \"TOKEN\" }, { key = \"n\", env = \"NOT_SET\" } ]\n"
		  "secret_stores.\"t.w-o_2\" = { file = \"secrets.json\", format = \"json\" }\n");
	assert_secret(&s, "one", "d", "inline");
	assert_secret(&s, "one", "f", "from a file\n");
	assert_secret(&s, "one", "e", "from the environment");
	assert_secret(&s, "one", "n", "");
	assert_secret(&s, "t.w-o_2", "first", "first secret");
	assert_str(s.manifest.warnings->text,
		   "fastly.toml:2:134: secret_stores.one: the environment has no variable "
		   "'NOT_SET'; the secret is empty");
	assert_null(s.manifest.warnings->next);
	end(&s);
}

/* ---- the edge ---- */

TEST(acls_come_from_json)
{
	static const uint8_t ip[16] = { 1, 2, 3, 4 };
	struct setup s;
	struct acl_entry found;
	begin(&s);
	test_write("acl.json",
		   STR("{\"entries\":[{\"op\":\"update\",\"prefix\":\"1.2.3.0/24\",\"action\":\"BLOCK\"},"
		       "{\"op\":\"create\",\"prefix\":\"1.2.3.4/32\",\"action\":\"allow\"}]}"));
	test_write("empty.json", STR("{\"entries\":[]}"));
	parse(&s, "[local_server]\nacls.a = \"acl.json\"\nacls.b.file = \"empty.json\"\n");
	assert_true(acl_lookup(s.world->acl, STR("a"), ip, 4, &found));
	assert_int_equal(found.bits, 32);
	assert_true(found.allow);
	assert_true(acl_has(s.world->acl, STR("b")));
	end(&s);
}

TEST(geolocation_comes_inline_as_json)
{
	struct setup s;
	begin(&s);
	parse(&s,
	      "[local_server.geolocation]\nformat = \"inline-toml\"\nuse_default_loopback = false\n"
	      "addresses.\"192.0.2.1\" = { as_name = \"A \\\"B\\\"\", latitude = 37.77869, metro_code = -1, "
	      "proxy = false }\n"
	      "addresses.\"2001:0DB8::1\".small = 1e-7\n");
	assert_geo(&s, "192.0.2.1",
		   "{\"as_name\":\"A \\\"B\\\"\",\"latitude\":37.77869,\"metro_code\":-1,\"proxy\":false}");
	assert_geo(&s, "2001:db8::1", "{\"small\":1e-07}");
	assert_geo(&s, "127.0.0.1", NULL);
	end(&s);
}

TEST(geolocation_comes_from_a_file_as_it_stands_there)
{
	struct setup s;
	begin(&s);
	test_write("geo.json", STR("{\"0:0:0:0:0:0:0:2\":{ \"latitude\": 12.3450 }}"));
	parse(&s, "[local_server.geolocation]\nformat = \"json\"\nfile = \"geo.json\"\n");
	assert_geo(&s, "::2", "{ \"latitude\": 12.3450 }");
	assert_geo(&s, "192.0.2.1", NULL);
	uint8_t ip[16] = { 127, 0, 0, 1 };
	struct str json;
	assert_true(geo_lookup(s.world->geo, ip, 4, &s.manifest.arena, &json, &s.error));
	end(&s);
}

TEST(device_detection_comes_inline_or_from_a_file)
{
	struct setup s;
	struct str json;
	begin(&s);
	test_write("devices.json", STR("{\"Phone\":{\"device\":{\"name\":\"P\"}}}"));
	parse(&s, "[local_server.device_detection]\nformat = "
		  "\"inline-toml\"\n[local_server.device_detection.user_agents]\n"
		  "\"Mozilla/5.0 (X11)\" = { user_agent = {}, os = {}, device = { name = \"N\", is_mobile = "
		  "true } }\n");
	assert_true(
		device_lookup(s.world->device, STR("Mozilla/5.0 (X11)"), &s.manifest.arena, &json, &s.error));
	assert_str(json, "{\"user_agent\":{},\"os\":{},\"device\":{\"name\":\"N\",\"is_mobile\":true}}");
	parse(&s, "[local_server.device_detection]\nformat = \"json\"\nfile = \"devices.json\"\n");
	assert_true(device_lookup(s.world->device, STR("Phone"), &s.manifest.arena, &json, &s.error));
	assert_str(json, "{\"device\":{\"name\":\"P\"}}");
	end(&s);
}

TEST(shields_and_api_keys_arrive)
{
	struct setup s;
	begin(&s);
	parse(&s, "[local_server]\nfake_valid_fastly_keys = [\"key-1\", "
		  "\"key-2\"]\n[local_server.shielding_sites]\n"
		  "\"pdx-or-us\" = \"Local\"\n\"bfi-wa-us\" = { encrypted = \"https://b\", unencrypted = "
		  "\"http://b:80/x\" }\n");
	assert_true(world_fastly_key_valid(s.world, STR("key-2")));
	assert_false(world_fastly_key_valid(s.world, STR("key-3")));
	assert_true(world_shield(s.world, STR("pdx-or-us"))->local);
	assert_str(world_shield(s.world, STR("bfi-wa-us"))->encrypted_url, "https://b");
	assert_str(world_shield(s.world, STR("bfi-wa-us"))->unencrypted_url, "http://b:80/x");
	end(&s);
}

TEST(what_is_known_of_clients_and_products_arrives)
{
	struct setup s;
	begin(&s);
	parse(&s, "[local_server.client]\nip = \"192.0.2.7\"\ntls.protocol = \"TLSv1.3\"\nvisitsThisPop = 2\n"
		  "[local_server.client.bot]\ndetected = true\n"
		  "[local_server.inspect]\nverdict = \"block\"\nstatus = 429\ntags = [\"SQLI\", \"XSS\"]\n"
		  "[local_server.products]\nimageOptimizer = true\noriginInspector = false\n");
	const struct facts *f = s.world->facts;
	assert_int_equal(f->client.address.ip[3], 7);
	assert_str(f->client.tls_protocol, "TLSv1.3");
	assert_int_equal(f->client.visits_this_pop, 2);
	assert_int_equal(f->client.bot_detected, KNOWN_YES);
	assert_str(f->firewall.verdict, "block");
	assert_int_equal(f->firewall.status, 429);
	assert_str(f->firewall.tags, "SQLI XSS");
	assert_int_equal(f->products.image_optimizer, KNOWN_YES);
	assert_int_equal(f->products.origin_inspector, KNOWN_NO);
	assert_int_equal(f->products.domain_inspector, NOT_KNOWN);
	end(&s);
}

TEST(what_cannot_be_known_of_clients_is_refused)
{
	assert_refused("[local_server.client]\nip = \"here\"\n",
		       "fastly.toml:2:6: client.ip: 'here' is no value of ip; write an IP address");
	assert_refused(
		"[local_server.client]\ntls.ja5 = \"x\"\n",
		"fastly.toml:2:11: client.\"tls.ja5\": nothing of a client is called 'tls.ja5'; did you mean "
		"tls.ja3?");
	assert_refused("[local_server]\ninspect = \"block\"\n",
		       "fastly.toml:2:11: inspect: is a string, not a table; write [local_server.inspect]");
	assert_refused(
		"[local_server.inspect]\ntags = [1]\n",
		"fastly.toml:2:9: inspect.tags: an item is an integer, not a string; write [\"A\", \"B\"]");
	assert_refused(
		"[local_server.products]\nimageOptimizer = 1.5\n",
		"fastly.toml:2:18: products.imageOptimizer: is a number; write a string, a whole number, or "
		"true or false");
}

/* ---- warnings ---- */

TEST(what_means_nothing_is_a_warning_with_the_nearest_name)
{
	static const char *const expected[] = {
		"fastly.toml:2:1: local_server: the key 'backend' means nothing; did you mean 'backends'?",
		"fastly.toml:3:33: kv_stores.s: the key 'metdata' means nothing; did you mean 'metadata'?",
		"fastly.toml:4:13: geolocation (geolocation_mapping): 'addresses' has no effect without ",
		"fastly.toml:6:1: local_server: the key 'zzzzzzzzzzzzz' means nothing; known keys: acls, ",
	};
	struct setup s;
	begin(&s);
	parse(&s, "[local_server]\nbackend.x = 1\nkv_stores.s = [{key=\"k\",data=\"\",metdata=\"x\"}]\n"
		  "geolocation.addresses.\"192.0.2.1\".a = 1\nviceroy_version = \"1\"\nzzzzzzzzzzzzz = 1\n"
		  "pushpin = { enable = true }\n");
	const struct manifest_warning *w = s.manifest.warnings;
	for (size_t i = 0; i < COUNT_OF(expected); i++, w = w->next) {
		assert_non_null(w);
		if (!str_starts(w->text, str_from(expected[i])))
			assert_str(w->text, expected[i]);
	}
	assert_null(w);
	end(&s);
}

/* ---- files ---- */

TEST(a_manifest_is_read_from_a_file_and_called_by_its_path)
{
	struct setup s;
	struct manifest_options options = { 0 };
	begin(&s);
	const char *path = test_write("fastly.toml", STR("name = \"x\"\n[local_server]\nacls = 1\n"));
	assert_false(manifest_read_fastly(&s.manifest, path, &options, s.world, &s.error));
	assert_error(&s.error, INVALID, path);
	assert_error(&s.error, INVALID,
		     "fastly.toml:3:8: acls: is an integer, not a table; write [local_server.acls]");
	assert_false(manifest_read_fastly(&s.manifest, test_path("none.toml"), &options, s.world, &s.error));
	assert_error(&s.error, IO, "none.toml: No such file or directory");
	end(&s);
}

TEST(absolute_paths_are_taken_as_they_are)
{
	struct setup s;
	char text[600];
	begin(&s);
	const char *path = test_write("d.json", STR("{\"k\":\"v\"}"));
	snprintf(text, sizeof text, "[local_server.dictionaries.a]\nformat = \"json\"\nfile = \"%s\"\n",
		 path);
	struct manifest_options options = { .base_dir = "/nowhere" };
	assert_true(manifest_parse_fastly(&s.manifest, str_from(text), &options, s.world, &s.error));
	assert_config(&s, "a", "k", "v");
	end(&s);
}
