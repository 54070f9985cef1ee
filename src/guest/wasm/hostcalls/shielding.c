/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fastly_shielding. A site's backends have names that a test can give its origins: "shield/SITE", and
 * "shield/SITE/unencrypted".
 */
#include "guest/wasm/sandbox.h"

enum {
	SHIELD_CACHE_KEY = 1 << 1,
	SHIELD_FIRST_BYTE_TIMEOUT = 1 << 2,
	SHIELD_BETWEEN_BYTES_TIMEOUT = 1 << 3,
	SHIELD_ALL = SHIELD_CACHE_KEY | SHIELD_FIRST_BYTE_TIMEOUT | SHIELD_BETWEEN_BYTES_TIMEOUT,
};

/* Whether it is here, and the URLs that lead there, each with a NUL behind it. */
enum abi_status hostcall_shielding_shield_info(struct sandbox *sb, struct shielding_shield_info_args *a)
{
	const struct shield_site *site = world_shield(sb->world, a->name);
	if (!str_is_utf8(a->name) || !site)
		return ABI_INVAL;
	return put_bytes(&a->info_block,
			 arena_printf(sandbox_arena(sb), "%c" STR_FMT "%c" STR_FMT "%c", site->local ? 1 : 0,
				      STR_ARG(site->unencrypted_url), 0, STR_ARG(site->encrypted_url), 0));
}

/* The backend's name for a URL that shield_info gave; the URL itself where no site has it. */
static struct str name_of(struct sandbox *sb, struct str url)
{
	struct pmap_entry e = { 0 };
	while (pmap_each(&sb->world->shields, &e)) {
		const struct shield_site *site = (const struct shield_site *)e.value;
		bool encrypted = str_eq(site->encrypted_url, url);
		if (!site->local && (encrypted || str_eq(site->unencrypted_url, url)))
			return arena_printf(sandbox_arena(sb), "shield/" STR_FMT "%s", STR_ARG(e.key),
					    encrypted ? "" : "/unencrypted");
	}
	return arena_printf(sandbox_arena(sb), "shield/" STR_FMT, STR_ARG(url));
}

/* The Rust SDK gives a URL from shield_info, the Go SDK the site's name, and means the encrypted way. */
static struct str url_of(struct sandbox *sb, struct str given)
{
	const struct shield_site *site = world_shield(sb->world, given);
	return site && !site->local ? site->encrypted_url : given;
}

static enum abi_status register_backend(struct sandbox *sb, struct str name, struct str url,
					const struct shielding_backend_for_shield_args *a)
{
	const struct abi_shield_backend_config *c = &a->backend_configuration;
	struct backend *b = backend_new(name);
	struct error ignored;
	b->dynamic = true;
	if (!backend_set_url(b, url, &ignored)) {
		backend_unref(&b);
		return ABI_INVAL;
	}
	if (a->backend_config_mask & SHIELD_FIRST_BYTE_TIMEOUT) {
		b->first_byte_timeout_ms = c->first_byte_timeout_ms;
		b->target.first_byte_timeout_ns = c->first_byte_timeout_ms * NS_PER_MS;
	}
	if (a->backend_config_mask & SHIELD_BETWEEN_BYTES_TIMEOUT) {
		b->between_bytes_timeout_ms = c->between_bytes_timeout_ms;
		b->target.between_bytes_timeout_ns = c->between_bytes_timeout_ms * NS_PER_MS;
	}
	sandbox_register_backend(sb, b, url);
	return ABI_OK;
}

static enum abi_status start_registration(struct sandbox *sb, struct shielding_backend_for_shield_args *a)
{
	const struct abi_shield_backend_config *c = &a->backend_configuration;
	if (a->backend_config_mask & ~(uint32_t)SHIELD_ALL || !str_is_utf8(a->shield_name))
		return ABI_INVAL;
	if (a->backend_config_mask & SHIELD_CACHE_KEY) {
		struct str key = { (const char *)sandbox_memory(sb, c->cache_key, c->cache_key_len),
				   c->cache_key_len };
		if (!key.ptr || !str_is_utf8(key))
			return ABI_INVAL;
	}
	struct str url = url_of(sb, a->shield_name), name = name_of(sb, url);
	if (!pmap_get(&sb->dynamic_backends, name) &&
	    !invocation_within(sb->invocation, LIMIT_dynamic_backends, pmap_count(&sb->dynamic_backends) + 1))
		return ABI_LIMITEXCEEDED;
	enum abi_status status = put_bytes(&a->backend_name, name);
	return status == ABI_OK ? register_backend(sb, name, url, a) : status;
}

enum abi_status hostcall_shielding_backend_for_shield(struct sandbox *sb,
						      struct shielding_backend_for_shield_args *a)
{
	return sandbox_register_wait(sb, sb->waiting.state ? ABI_OK : start_registration(sb, a));
}
