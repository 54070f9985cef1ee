/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of options: from WIT's, where each field says for itself whether it is there, to a mask and a
 * struct.
 */
#include "guest/wasm/component/handlers.h"
#include "guest/wasm/component/names.h"
#include "guest/wasm/hostcalls/cache_calls.h"

/* The field of an option that is given; NULL when it is not. */
static const struct wasmtime_component_val *given(struct door *d, const struct wasmtime_component_val *record,
						  const char *name)
{
	return val_inner(val_get(record, name, &d->wrong), &d->wrong);
}

static bool take_u64(struct door *d, const struct wasmtime_component_val *record, const char *name,
		     uint64_t *out)
{
	const struct wasmtime_component_val *v = given(d, record, name);
	if (v)
		*out = val_number(v, &d->wrong);
	return v != NULL;
}

static bool take_u32(struct door *d, const struct wasmtime_component_val *record, const char *name,
		     uint32_t *out)
{
	uint64_t number = 0;
	bool is = take_u64(d, record, name, &number);
	if (is)
		*out = (uint32_t)number;
	return is;
}

static bool take_text(struct door *d, const struct wasmtime_component_val *record, const char *name,
		      uint32_t *at, uint32_t *len)
{
	const struct wasmtime_component_val *v = given(d, record, name);
	if (v)
		*at = door_copy_val(d, v, len);
	return v != NULL;
}

static bool take_rep(struct door *d, const struct wasmtime_component_val *record, const char *name,
		     uint32_t *out)
{
	const struct wasmtime_component_val *v = given(d, record, name);
	if (v)
		*out = val_rep(v, &d->wrong);
	return v != NULL;
}

static bool take_bool(struct door *d, const struct wasmtime_component_val *record, const char *name)
{
	const struct wasmtime_component_val *v = val_get(record, name, &d->wrong);
	return v && val_number(v, &d->wrong);
}

static void put_record(struct door *d, uint32_t mask, const void *record, size_t size)
{
	door_arg(d, mask);
	door_arg_record(d, record, size);
}

/* ---- cache ---- */

static void lower_lookup(struct door *d, const struct wasmtime_component_val *v)
{
	struct abi_cache_lookup_options o = { 0 };
	uint32_t mask = 0;
	if (take_rep(d, v, "request-headers", &o.request_headers))
		mask |= CACHE_LOOKUP_REQUEST_HEADERS;
	if (take_bool(d, v, "always-use-requested-range"))
		mask |= CACHE_LOOKUP_ALWAYS_RANGE;
	put_record(d, mask, &o, sizeof o);
}

static void lower_replace(struct door *d, const struct wasmtime_component_val *v)
{
	struct abi_cache_replace_options o = { 0 };
	uint32_t mask = 0;
	if (take_rep(d, v, "request-headers", &o.request_headers))
		mask |= CACHE_LOOKUP_REQUEST_HEADERS;
	const struct wasmtime_component_val *strategy = given(d, v, "replace-strategy");
	if (strategy) {
		o.replace_strategy = 1 + val_index(strategy, names_replace_strategy, &d->wrong);
		mask |= CACHE_REPLACE_STRATEGY;
	}
	if (take_bool(d, v, "always-use-requested-range"))
		mask |= CACHE_REPLACE_ALWAYS_RANGE;
	put_record(d, mask, &o, sizeof o);
}

static void lower_cache_write(struct door *d, const struct wasmtime_component_val *v)
{
	struct abi_cache_write_options o = { 0 };
	uint32_t mask = 0;
	const struct wasmtime_component_val *max_age = val_get(v, "max-age-ns", &d->wrong);
	if (max_age)
		o.max_age_ns = val_number(max_age, &d->wrong);
	if (take_rep(d, v, "request-headers", &o.request_headers))
		mask |= CACHE_WRITE_REQUEST_HEADERS;
	if (take_text(d, v, "vary-rule", &o.vary_rule, &o.vary_rule_len))
		mask |= CACHE_WRITE_VARY;
	if (take_u64(d, v, "initial-age-ns", &o.initial_age_ns))
		mask |= CACHE_WRITE_INITIAL_AGE;
	if (take_u64(d, v, "stale-while-revalidate-ns", &o.stale_while_revalidate_ns))
		mask |= CACHE_WRITE_SWR;
	if (take_text(d, v, "surrogate-keys", &o.surrogate_keys, &o.surrogate_keys_len))
		mask |= CACHE_WRITE_SURROGATE_KEYS;
	if (take_u64(d, v, "length", &o.length))
		mask |= CACHE_WRITE_LENGTH;
	if (take_text(d, v, "user-metadata", &o.user_metadata, &o.user_metadata_len))
		mask |= CACHE_WRITE_USER_METADATA;
	if (take_u64(d, v, "edge-max-age-ns", &o.edge_max_age_ns))
		mask |= CACHE_WRITE_EDGE_MAX_AGE;
	if (take_bool(d, v, "sensitive-data"))
		mask |= CACHE_WRITE_SENSITIVE;
	put_record(d, mask, &o, sizeof o);
}

static void lower_get_body(struct door *d, const struct wasmtime_component_val *v)
{
	enum { FROM = 1 << 1, TO = 1 << 2 };
	struct abi_cache_get_body_options o = { 0 };
	uint32_t mask = 0;
	if (take_u64(d, v, "from", &o.from))
		mask |= FROM;
	if (take_u64(d, v, "to", &o.to))
		mask |= TO;
	put_record(d, mask, &o, sizeof o);
}

/* ---- HTTP cache ---- */

static void lower_http_lookup(struct door *d, const struct wasmtime_component_val *v)
{
	enum { OVERRIDE_KEY = 1 << 1, BACKEND_NAME = 1 << 2 };
	struct abi_http_cache_lookup_options o = { 0 };
	uint32_t mask = 0, backend = 0;
	if (take_text(d, v, "override-key", &o.override_key, &o.override_key_len))
		mask |= OVERRIDE_KEY;
	if (take_rep(d, v, "backend", &backend)) {
		const struct door_object *named = door_object(d, backend, OBJECT_NAME);
		if (named) {
			o.backend_name = door_copy(d, named->of.name.ptr, named->of.name.len);
			o.backend_name_len = (uint32_t)named->of.name.len;
			mask |= BACKEND_NAME;
		}
	}
	put_record(d, mask, &o, sizeof o);
}

static void lower_http_write(struct door *d, const struct wasmtime_component_val *v)
{
	struct abi_http_cache_write_options o = { 0 };
	uint32_t mask = 0;
	const struct wasmtime_component_val *max_age = val_get(v, "max-age-ns", &d->wrong);
	if (max_age)
		o.max_age_ns = val_number(max_age, &d->wrong);
	if (take_text(d, v, "vary-rule", &o.vary_rule, &o.vary_rule_len))
		mask |= DOOR_HTTP_VARY;
	if (take_u64(d, v, "initial-age-ns", &o.initial_age_ns))
		mask |= DOOR_HTTP_INITIAL_AGE;
	if (take_u64(d, v, "stale-while-revalidate-ns", &o.stale_while_revalidate_ns))
		mask |= DOOR_HTTP_SWR;
	if (take_u64(d, v, "stale-if-error-ns", &o.stale_if_error_ns))
		mask |= DOOR_HTTP_SIE;
	if (take_text(d, v, "surrogate-keys", &o.surrogate_keys, &o.surrogate_keys_len))
		mask |= DOOR_HTTP_KEYS;
	if (take_u64(d, v, "length", &o.length))
		mask |= DOOR_HTTP_LENGTH;
	if (take_bool(d, v, "sensitive-data"))
		mask |= DOOR_HTTP_SENSITIVE;
	put_record(d, mask, &o, sizeof o);
}

/* ---- key-value stores, the next request ---- */

static void lower_kv_insert(struct door *d, const struct wasmtime_component_val *v)
{
	enum { BACKGROUND = 1 << 1, METADATA = 1 << 3, TTL = 1 << 4, GENERATION = 1 << 5 };
	struct abi_kv_insert_config o = { 0 };
	uint32_t mask = 0;
	const struct wasmtime_component_val *mode = val_get(v, "mode", &d->wrong);
	if (mode)
		o.mode = val_index(mode, names_insert_mode, &d->wrong);
	if (take_bool(d, v, "background-fetch"))
		mask |= BACKGROUND;
	if (take_u64(d, v, "if-generation-match", &o.if_generation_match))
		mask |= GENERATION;
	if (take_text(d, v, "metadata", &o.metadata, &o.metadata_len) && o.metadata_len)
		mask |= METADATA;
	if (take_u32(d, v, "time-to-live-sec", &o.time_to_live_sec))
		mask |= TTL;
	put_record(d, mask, &o, sizeof o);
}

static void lower_kv_list(struct door *d, const struct wasmtime_component_val *v)
{
	enum { CURSOR = 1 << 1, LIMIT = 1 << 2, PREFIX = 1 << 3 };
	struct abi_kv_list_config o = { 0 };
	uint32_t mask = 0;
	const struct wasmtime_component_val *mode = val_get(v, "mode", &d->wrong);
	if (mode)
		o.mode = val_index(mode, names_list_mode, &d->wrong);
	if (take_text(d, v, "cursor", &o.cursor, &o.cursor_len) && o.cursor_len)
		mask |= CURSOR;
	if (take_u32(d, v, "limit", &o.limit))
		mask |= LIMIT;
	if (take_text(d, v, "prefix", &o.prefix, &o.prefix_len) && o.prefix_len)
		mask |= PREFIX;
	put_record(d, mask, &o, sizeof o);
}

static void lower_next(struct door *d, const struct wasmtime_component_val *v)
{
	enum { TIMEOUT = 1 << 1 };
	struct abi_next_request_options o = { 0 };
	uint32_t mask = take_u64(d, v, "timeout-ms", &o.timeout_ms) ? TIMEOUT : 0;
	put_record(d, mask, &o, sizeof o);
}

bool door_lower_record(struct door *d, char letter, const struct wasmtime_component_val *v)
{
	static const struct {
		char letter;
		void (*lower)(struct door *d, const struct wasmtime_component_val *v);
	} records[] = {
		{ 'K', lower_lookup },    { 'W', lower_cache_write }, { 'G', lower_get_body },
		{ 'R', lower_replace },   { 'X', lower_http_lookup }, { 'Y', lower_http_write },
		{ 'J', lower_kv_insert }, { 'L', lower_kv_list },     { 'N', lower_next },
	};
	for (size_t i = 0; i < COUNT_OF(records); i++) {
		if (records[i].letter != letter)
			continue;
		records[i].lower(d, v);
		return true;
	}
	return false;
}
