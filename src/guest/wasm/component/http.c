/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of fastly:compute whose shape is not that of one host call: about messages, caches and waiting.
 */
#include <string.h>

#include "guest/wasm/component/handlers.h"
#include "guest/wasm/component/names.h"

/* ---- cache overrides ---- */

static uint32_t some_u32(struct door *d, const struct wasmtime_component_val *record, const char *name,
			 uint32_t bit, uint32_t *mask)
{
	const struct wasmtime_component_val *v = val_inner(val_get(record, name, &d->wrong), &d->wrong);
	if (!v)
		return 0;
	*mask |= bit;
	return (uint32_t)val_number(v, &d->wrong);
}

enum door_next door_cache_override(struct door *d)
{
	enum {
		TAG_PASS = 1 << 0,
		TAG_TTL = 1 << 1,
		TAG_SWR = 1 << 2,
		TAG_PCI = 1 << 3,
		TAG_LOOKUP_TIMEOUT = 1 << 4
	};
	if (d->step == 1)
		return d->status == ABI_OK ? door_ok(d) : door_error(d, d->status);
	uint32_t kind = val_index(door_val(d, 1), names_cache_override, &d->wrong);
	uint32_t tag = kind == 1 ? TAG_PASS : 0, ttl = 0, swr = 0;
	const struct wasmtime_component_val *keys = NULL, *extra = NULL;
	if (kind == 2) {
		const struct wasmtime_component_val *details = val_payload(door_val(d, 1), &d->wrong), *pci;
		if (!details || !(pci = val_get(details, "pci", &d->wrong)))
			return DOOR_TRAP;
		ttl = some_u32(d, details, "ttl", TAG_TTL, &tag);
		swr = some_u32(d, details, "stale-while-revalidate", TAG_SWR, &tag);
		if (val_number(pci, &d->wrong))
			tag |= TAG_PCI;
		keys = val_inner(val_get(details, "surrogate-key", &d->wrong), &d->wrong);
		extra = val_inner(val_get(details, "extra", &d->wrong), &d->wrong);
	}
	struct abi_cache_override o = { .ttl = ttl, .stale_while_revalidate = swr };
	if (keys)
		o.surrogate_keys = door_copy_val(d, keys, &o.surrogate_keys_len);
	if (extra) {
		struct door_object *timeout = door_object(d, val_rep(extra, &d->wrong), OBJECT_TIMEOUT);
		if (!timeout)
			return DOOR_TRAP;
		o.lookup_timeout_ms = timeout->of.timeout_ms;
		tag |= timeout->of.timeout_ms ? TAG_LOOKUP_TIMEOUT : 0;
	}
	door_prepare(d, "fastly_http_req", "cache_override_v3_set");
	door_arg(d, door_rep(d, 0));
	door_arg(d, tag);
	door_arg_record(d, &o, sizeof o);
	return DOOR_CALL;
}

enum door_next door_override_extra_new(struct door *d)
{
	uint32_t rep = door_object_new(d, OBJECT_TIMEOUT);
	return d->wrong ? DOOR_TRAP : door_plain(d, door_resource_val(d, rep, 0));
}

enum door_next door_override_timeout(struct door *d)
{
	struct door_object *o = door_object(d, door_rep(d, 0), OBJECT_TIMEOUT);
	if (!o)
		return DOOR_TRAP;
	o->of.timeout_ms = (uint32_t)door_number(d, 1);
	return DOOR_DONE;
}

/* A second resource for the same handle. */
enum door_next door_handle_clone(struct door *d)
{
	return door_plain(d, door_resource_val(d, door_rep(d, 0), 0));
}

/* ---- purging ---- */

enum door_next door_purge(struct door *d)
{
	enum { SOFT = 1 << 0, RET_BUF = 1 << 1 };
	bool verbose = d->row->number;
	if (d->step == 1)
		return door_lift(d, verbose ? "reS" : "re_");
	const struct wasmtime_component_val *soft = val_get(door_val(d, 1), "soft-purge", &d->wrong);
	if (!soft)
		return DOOR_TRAP;
	struct abi_purge_options o = { 0 };
	door_prepare(d, "fastly_purge", "purge_surrogate_key");
	if (verbose) {
		door_arg_buffer(d, door_number(d, 2));
		o = (struct abi_purge_options){ d->out.at, d->out.cap, d->out.len };
		d->raws = 0;
		d->out.raw = 1; /* its needed length is known, but it is no argument of its own */
		d->out.max = 0;
	}
	door_arg_val(d, door_val(d, 0));
	door_arg(d, (val_number(soft, &d->wrong) ? SOFT : 0) | (verbose ? RET_BUF : 0));
	door_arg_record(d, &o, sizeof o);
	return DOOR_CALL;
}

/* ---- HTTP cache ---- */

enum door_next door_suggested_options(struct door *d)
{
	enum {
		ALL = DOOR_HTTP_VARY | DOOR_HTTP_INITIAL_AGE | DOOR_HTTP_SWR | DOOR_HTTP_KEYS |
		      DOOR_HTTP_LENGTH | DOOR_HTTP_SENSITIVE | DOOR_HTTP_SIE,
		TEXT_BYTES = 16 << 10
	};
	if (d->step == 0) {
		struct abi_http_cache_write_options o = { 0 };
		o.vary_rule = door_room(d, TEXT_BYTES);
		o.surrogate_keys = door_room(d, TEXT_BYTES);
		o.vary_rule_len = o.surrogate_keys_len = TEXT_BYTES;
		door_prepare(d, "fastly_http_cache", "get_suggested_cache_options");
		door_arg(d, door_rep(d, 0));
		door_arg(d, door_rep(d, 1));
		door_arg(d, ALL);
		door_arg_record(d, &o, sizeof o);
		door_arg_cell(d);
		d->kept[0] = door_room(d, sizeof o);
		door_arg(d, d->kept[0]);
		return DOOR_CALL;
	}
	if (d->status != ABI_OK)
		return door_error(d, d->status);
	uint32_t rep = door_object_new(d, OBJECT_SUGGESTED);
	if (d->wrong)
		return DOOR_TRAP;
	struct door_suggested *s = ARENA_NEW(sandbox_arena(d->sb), struct door_suggested);
	memcpy(&s->options, d->scratch + d->kept[0], sizeof s->options);
	s->mask = door_u32(d, 0);
	const struct abi_http_cache_write_options *o = &s->options;
	struct str text;
	d->sb->base = d->scratch;
	d->sb->size = d->used;
	if (s->mask & DOOR_HTTP_VARY && sandbox_str(d->sb, o->vary_rule, o->vary_rule_len, &text))
		s->vary = arena_str(sandbox_arena(d->sb), text);
	if (s->mask & DOOR_HTTP_KEYS && sandbox_str(d->sb, o->surrogate_keys, o->surrogate_keys_len, &text))
		s->keys = arena_str(sandbox_arena(d->sb), text);
	d->objects[rep].of.suggested = s;
	return door_ok_val(d, door_resource_val(d, rep, 0));
}

static enum door_next suggested_text(struct door *d, struct str text)
{
	uint64_t max = door_number(d, 1);
	if (text.len > max) {
		struct wasmtime_component_val needed = val_u64(text.len);
		return door_err_val(d, val_case("buffer-len", &needed));
	}
	return str_is_utf8(text) ? door_ok_val(d, val_string(text)) : door_error(d, ABI_INVAL);
}

enum door_next door_suggested_get(struct door *d)
{
	struct door_object *object = door_object(d, door_rep(d, 0), OBJECT_SUGGESTED);
	if (!object)
		return DOOR_TRAP;
	const struct door_suggested *s = object->of.suggested;
	const struct abi_http_cache_write_options *o = &s->options;
	switch (d->row->number) {
	case SUGGESTED_MAX_AGE_NS:
		return door_plain(d, val_u64(o->max_age_ns));
	case SUGGESTED_INITIAL_AGE_NS:
		return door_plain(d, val_u64(o->initial_age_ns));
	case SUGGESTED_STALE_WHILE_REVALIDATE_NS:
		return door_plain(d, val_u64(o->stale_while_revalidate_ns));
	case SUGGESTED_STALE_IF_ERROR_NS:
		return door_plain(d, val_u64(o->stale_if_error_ns));
	case SUGGESTED_LENGTH:
		return door_plain(d, s->mask & DOOR_HTTP_LENGTH ? val_some(val_u64(o->length)) : val_none());
	case SUGGESTED_SENSITIVE_DATA:
		return door_plain(d, val_bool(s->mask & DOOR_HTTP_SENSITIVE));
	case SUGGESTED_VARY_RULE:
		return suggested_text(d, s->vary);
	default:
		return suggested_text(d, s->keys);
	}
}

/* A lookup has no step of its own to wait for: it is waited for where it is used. */
enum door_next door_no_step(struct door *d)
{
	return door_plain(d, val_none());
}

/* ---- image optimizer, inspection, bots ---- */

enum door_next door_image_optimizer(struct door *d)
{
	enum { CLAIMS = 1 << 1 };
	if (d->step == 1)
		return door_lift(d, "reR");
	struct abi_image_optimizer_transform_config c = { 0 };
	uint32_t mask = 0, body = HANDLE_INVALID;
	const struct wasmtime_component_val *given = val_inner(door_val(d, 1), &d->wrong);
	if (given)
		body = val_rep(given, &d->wrong);
	const struct wasmtime_component_val *claims =
		val_inner(val_get(door_val(d, 3), "sdk-claims-opts", &d->wrong), &d->wrong);
	if (claims) {
		c.sdk_claims_opts = door_copy_val(d, claims, &c.sdk_claims_opts_len);
		mask |= CLAIMS;
	}
	struct door_object *backend = door_object(d, door_rep(d, 2), OBJECT_NAME);
	if (!backend)
		return DOOR_TRAP;
	door_prepare(d, "fastly_image_optimizer", "transform_image_optimizer_request");
	door_arg(d, door_rep(d, 0));
	door_arg(d, body);
	door_arg_bytes(d, backend->of.name);
	door_arg(d, mask);
	door_arg_record(d, &c, sizeof c);
	door_arg(d, door_room(d, sizeof(struct abi_image_optimizer_error_detail)));
	door_arg_cell(d);
	door_arg_cell(d);
	return DOOR_CALL;
}

enum door_next door_inspect(struct door *d)
{
	enum { CORP = 1 << 1, WORKSPACE = 1 << 2, OVERRIDE_IP = 1 << 3 };
	if (d->step == 1)
		return door_lift(d, "reS");
	struct abi_inspect_info info = { 0 };
	const struct wasmtime_component_val *options = door_val(d, 2), *v;
	uint32_t mask = 0;
	if ((v = val_inner(val_get(options, "corp", &d->wrong), &d->wrong))) {
		info.corp = door_copy_val(d, v, &info.corp_len);
		mask |= CORP;
	}
	if ((v = val_inner(val_get(options, "workspace", &d->wrong), &d->wrong))) {
		info.workspace = door_copy_val(d, v, &info.workspace_len);
		mask |= WORKSPACE;
	}
	door_prepare(d, "fastly_http_req", "inspect");
	if ((v = val_inner(val_get(options, "override-client-ip", &d->wrong), &d->wrong))) {
		door_lower_ip(d, v);
		info.override_client_ip = (uint32_t)d->raw[0];
		info.override_client_ip_len = (uint32_t)d->raw[1];
		d->raws = 0;
		mask |= OVERRIDE_IP;
	}
	door_arg(d, door_rep(d, 0));
	door_arg(d, door_rep(d, 1));
	door_arg(d, mask);
	door_arg_record(d, &info, sizeof info);
	door_arg_buffer(d, door_number(d, 3));
	return DOOR_CALL;
}

/* The number is what the resource stands for. */
enum door_next door_bot_raw(struct door *d)
{
	return door_plain(d, val_u32(door_rep(d, 0)));
}

/* ---- waiting for one of several ---- */

/* Copies a list of resources as the handles they are: offset and count in `kept`. */
static bool lower_items(struct door *d)
{
	const struct wasmtime_component_val *list = door_val(d, 0);
	if (list->kind != WASMTIME_COMPONENT_LIST) {
		d->wrong = true;
		return false;
	}
	size_t count = list->of.list.size;
	d->kept[0] = door_room(d, count * sizeof(uint32_t));
	d->kept[1] = (uint32_t)count;
	for (size_t i = 0; i < count && !d->wrong; i++) {
		uint32_t handle = val_rep(&list->of.list.data[i], &d->wrong);
		memcpy(d->scratch + d->kept[0] + i * sizeof handle, &handle, sizeof handle);
	}
	return !d->wrong;
}

static enum door_next select_items(struct door *d, uint32_t timeout_ms)
{
	door_prepare(d, "fastly_async_io", "select");
	door_arg(d, d->kept[0]);
	door_arg(d, d->kept[1]);
	door_arg(d, timeout_ms);
	door_arg_cell(d);
	return DOOR_CALL;
}

enum door_next door_async_select(struct door *d)
{
	if (d->step == 0)
		return lower_items(d) ? select_items(d, 0) : DOOR_TRAP;
	return d->status == ABI_OK ? door_plain(d, val_u32(door_u32(d, 0))) : door_fail(d);
}

/* Asks the items in turn, because no time at all is "for ever" to the host call that waits. */
static enum door_next ask_items(struct door *d)
{
	if (d->step > 0 && d->status != ABI_OK)
		return door_fail(d);
	if (d->step > 0 && door_u32(d, 0))
		return door_plain(d, val_some(val_u32(d->step - 1)));
	if (d->step == d->kept[1])
		return door_plain(d, val_none());
	uint32_t handle;
	memcpy(&handle, d->scratch + d->kept[0] + d->step * sizeof handle, sizeof handle);
	door_prepare(d, "fastly_async_io", "is_ready");
	door_arg(d, handle);
	door_arg_cell(d);
	return DOOR_CALL;
}

enum door_next door_async_select_timeout(struct door *d)
{
	if (d->step == 0) {
		d->detail = (uint32_t)door_number(d, 1); /* the time, kept */
		if (!lower_items(d))
			return DOOR_TRAP;
		if (d->detail)
			return select_items(d, d->detail);
	}
	if (!d->detail)
		return ask_items(d);
	if (d->status != ABI_OK)
		return door_fail(d);
	uint32_t ready = door_u32(d, 0);
	return door_plain(d, ready == UINT32_MAX ? val_none() : val_some(val_u32(ready)));
}
