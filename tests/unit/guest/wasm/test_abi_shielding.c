/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_shielding. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_shielding"

enum { CACHE_KEY = 1 << 1, FIRST_BYTE = 1 << 2, BETWEEN_BYTES = 1 << 3 };

static void add_site(struct abi_harness *h, const char *name, bool local)
{
	struct shield_site *site = shield_site_new();
	site->local = local;
	if (!local) {
		site->encrypted_url = arena_printf(&site->arena, "https://%s.example", name);
		site->unencrypted_url = arena_printf(&site->arena, "http://%s.example:81/x", name);
	}
	world_add_shield(h->world, str_from(name), site);
}

static void init(struct abi_harness *h)
{
	abi_init(h, ABI_MEMORY_BYTES);
	add_site(h, "here", true);
	add_site(h, "there", false);
}

static struct str backend_for(struct abi_harness *h, enum abi_status expected, const char *url, uint32_t mask,
			      struct abi_shield_backend_config config)
{
	uint32_t at = abi_place(h, (struct str){ (const char *)&config, sizeof config }),
		 out = abi_room(h, 64), len = abi_room(h, 4);
	struct str name = str_from(url);
	assert_status(abi_call(h, MODULE, "backend_for_shield", abi_place(h, name), name.len, mask, at, out,
			       64, len),
		      expected);
	return expected == ABI_OK ? abi_text(h, out, len) : STR("");
}

TEST(a_site_is_here_or_has_two_urls)
{
	struct abi_harness h;
	init(&h);
	struct str here = check_bytes(&h, ABI_OK, MODULE, "shield_info", TEXT("here"));
	assert_int_equal(here.len, 3);
	assert_memory_equal(here.ptr, "\1\0\0", 3);
	struct str there = check_bytes(&h, ABI_OK, MODULE, "shield_info", TEXT("there"));
	assert_true(str_eq(there, STR("\0http://there.example:81/x\0https://there.example\0")));
	check_bytes(&h, ABI_INVAL, MODULE, "shield_info", TEXT("nowhere"));
	check_bytes(&h, ABI_INVAL, MODULE, "shield_info", TEXT(""));
	abi_fini(&h);
}

TEST(a_sites_urls_make_backends)
{
	struct abi_harness h;
	init(&h);
	struct abi_shield_backend_config c = { .first_byte_timeout_ms = 300,
					       .between_bytes_timeout_ms = 200 };
	assert_str(backend_for(&h, ABI_OK, "https://there.example", FIRST_BYTE | BETWEEN_BYTES, c),
		   "shield/there");
	const struct backend *b = sandbox_backend(h.sandbox, STR("shield/there"));
	assert_true(b->dynamic);
	assert_str(b->target.scheme, "https");
	assert_int_equal(b->first_byte_timeout_ms, 300);
	assert_int_equal(b->target.between_bytes_timeout_ns, 200 * NS_PER_MS);
	assert_str(backend_for(&h, ABI_OK, "http://there.example:81/x", 0, c), "shield/there/unencrypted");
	b = sandbox_backend(h.sandbox, STR("shield/there/unencrypted"));
	assert_int_equal(b->target.port, 81);
	assert_str(b->path_prefix, "/x");
	assert_int_equal(b->first_byte_timeout_ms, -1);
	/* Asked for again, it is what was asked for last. */
	assert_str(backend_for(&h, ABI_OK, "https://there.example", 0, c), "shield/there");
	assert_int_equal(sandbox_backend(h.sandbox, STR("shield/there"))->first_byte_timeout_ms, -1);
	assert_str(backend_for(&h, ABI_OK, "http://other.example", 0, c), "shield/http://other.example");
	abi_fini(&h);
}

TEST(a_sites_name_stands_for_its_encrypted_url)
{
	struct abi_harness h;
	init(&h);
	struct abi_shield_backend_config c = { 0 };
	assert_str(backend_for(&h, ABI_OK, "there", 0, c), "shield/there");
	const struct backend *b = sandbox_backend(h.sandbox, STR("shield/there"));
	assert_str(b->target.scheme, "https");
	assert_str(b->target.host, "there.example");
	backend_for(&h, ABI_INVAL, "here", 0, c);
	abi_fini(&h);
}

TEST(what_is_no_url_or_option_makes_none)
{
	struct abi_harness h;
	init(&h);
	struct abi_shield_backend_config c = { 0 };
	backend_for(&h, ABI_INVAL, "elsewhere", 0, c);
	backend_for(&h, ABI_INVAL, "", 0, c);
	backend_for(&h, ABI_INVAL, "https://there.example", 1, c);
	backend_for(&h, ABI_INVAL, "https://there.example", 16, c);
	c.cache_key = ABI_MEMORY_BYTES;
	c.cache_key_len = 1;
	backend_for(&h, ABI_INVAL, "https://there.example", CACHE_KEY, c);
	c.cache_key = abi_place(&h, STR("\xff"));
	backend_for(&h, ABI_INVAL, "https://there.example", CACHE_KEY, c);
	c.cache_key = abi_place(&h, STR("k"));
	backend_for(&h, ABI_OK, "https://there.example", CACHE_KEY, c);
	abi_fini(&h);
}

TEST(backends_are_limited)
{
	struct abi_harness h;
	init(&h);
	h.world->limits.dynamic_backends = 1;
	struct abi_shield_backend_config c = { 0 };
	backend_for(&h, ABI_OK, "https://there.example", 0, c);
	backend_for(&h, ABI_LIMITEXCEEDED, "http://there.example:81/x", 0, c);
	backend_for(&h, ABI_OK, "https://there.example", 0, c);
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered(MODULE, "");
}
