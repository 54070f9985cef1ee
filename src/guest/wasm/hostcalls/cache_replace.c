/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_cache: replacing an object, with what was there before open for reading. `close` ends it. */
#include "guest/wasm/hostcalls/cache_calls.h"

enum { STRATEGY_IMMEDIATE = 1, STRATEGY_FORCE_MISS, STRATEGY_WAIT };

static enum abi_status start_replace(struct sandbox *sb, struct cache_replace_args *a, uint32_t *handle)
{
	static const enum cache_op_kind kinds[] = {
		[STRATEGY_IMMEDIATE] = CACHE_REPLACE,
		[STRATEGY_FORCE_MISS] = CACHE_REPLACE_FORCE,
		[STRATEGY_WAIT] = CACHE_REPLACE_WAIT,
	};
	const struct guest_request *request = NULL;
	uint32_t mask = a->options_mask;
	uint32_t strategy = mask & CACHE_REPLACE_STRATEGY ? a->options.replace_strategy : STRATEGY_IMMEDIATE;
	if (mask & ~(uint32_t)CACHE_REPLACE_ALL || strategy < STRATEGY_IMMEDIATE || strategy > STRATEGY_WAIT)
		return ABI_INVAL;
	if (mask & CACHE_LOOKUP_REQUEST_HEADERS) {
		request = sandbox_request(sb, a->options.request_headers);
		if (!request)
			return ABI_BADF;
	}
	if (mask & (CACHE_REPLACE_SERVICE_ID | CACHE_LOOKUP_RESERVED))
		return ABI_UNSUPPORTED;
	return cache_call_start(sb, HANDLE_CACHE_REPLACE, kinds[strategy], a->cache_key,
				request ? &request->http.headers : NULL, mask & CACHE_REPLACE_ALWAYS_RANGE,
				handle);
}

enum abi_status hostcall_cache_replace(struct sandbox *sb, struct cache_replace_args *a)
{
	if (!sb->waiting.state) {
		enum abi_status status = start_replace(sb, a, &sb->waiting.handle);
		if (status != ABI_OK)
			return status;
		sb->waiting.state = sb;
	}
	return cache_call_wait(sb, sb->waiting.handle, HANDLE_CACHE_REPLACE, a->cache_replace_out);
}

/* The headers are those given here, or else those of the lookup. */
enum abi_status hostcall_cache_replace_insert(struct sandbox *sb, struct cache_replace_insert_args *a)
{
	struct cache_write w;
	struct cache_object *object = NULL;
	const struct guest_request *request = NULL;
	if (a->options_mask & ~(uint32_t)CACHE_WRITE_ALL)
		return ABI_INVAL;
	if (a->options_mask & CACHE_WRITE_REQUEST_HEADERS) {
		request = sandbox_request(sb, a->options.request_headers);
		if (!request)
			return ABI_BADF;
	}
	enum abi_status status = cache_call_write_options(sb, a->options_mask, &a->options, &w);
	if (status != ABI_OK)
		return status;
	const struct guest_cache *g = cache_call_find(sb, a->handle, HANDLE_CACHE_REPLACE);
	if (!g || !g->op->obliged)
		return ABI_BADF;
	status = cache_call_room(sb, 1);
	if (status != ABI_OK)
		return status;
	const struct headers *looked_up = g->op->request;
	if (request)
		g->op->request = &request->http.headers;
	status = cache_call_insert(sb, g->op, &w, "replace", a->body_out, &object);
	g->op->request = looked_up;
	cache_object_unref(&object);
	return status;
}

/* Of the object alone; where there is none, no flag is set: the Rust SDK takes anything but OK for a bug. */
enum abi_status hostcall_cache_replace_get_state(struct sandbox *sb, struct cache_replace_get_state_args *a)
{
	const struct guest_cache *g = cache_call_find(sb, a->handle, HANDLE_CACHE_REPLACE);
	if (!g)
		return ABI_BADF;
	unsigned state = g->op->found ? cache_op_state(g->op, sandbox_loop(sb)) : 0;
	put_u32(a->cache_lookup_state, state & ~(unsigned)CACHE_MUST_INSERT_OR_UPDATE);
	return ABI_OK;
}

enum abi_status hostcall_cache_replace_get_user_metadata(struct sandbox *sb,
							 struct cache_replace_get_user_metadata_args *a)
{
	return cache_call_metadata(sb, a->handle, HANDLE_CACHE_REPLACE, &a->user_metadata);
}

enum abi_status hostcall_cache_replace_get_body(struct sandbox *sb, struct cache_replace_get_body_args *a)
{
	return cache_call_get_body(sb, a->handle, HANDLE_CACHE_REPLACE, a->options_mask, &a->options,
				   a->body_out);
}

enum abi_status hostcall_cache_replace_get_length(struct sandbox *sb, struct cache_replace_get_length_args *a)
{
	return cache_call_number(sb, a->handle, HANDLE_CACHE_REPLACE, CACHE_NUMBER_LENGTH,
				 a->cache_object_length);
}

enum abi_status hostcall_cache_replace_get_max_age_ns(struct sandbox *sb,
						      struct cache_replace_get_max_age_ns_args *a)
{
	return cache_call_number(sb, a->handle, HANDLE_CACHE_REPLACE, CACHE_NUMBER_MAX_AGE,
				 a->cache_duration_ns);
}

enum abi_status hostcall_cache_replace_get_stale_while_revalidate_ns(
	struct sandbox *sb, struct cache_replace_get_stale_while_revalidate_ns_args *a)
{
	return cache_call_number(sb, a->handle, HANDLE_CACHE_REPLACE, CACHE_NUMBER_SWR, a->cache_duration_ns);
}

enum abi_status hostcall_cache_replace_get_age_ns(struct sandbox *sb, struct cache_replace_get_age_ns_args *a)
{
	return cache_call_number(sb, a->handle, HANDLE_CACHE_REPLACE, CACHE_NUMBER_AGE, a->cache_duration_ns);
}

enum abi_status hostcall_cache_replace_get_hits(struct sandbox *sb, struct cache_replace_get_hits_args *a)
{
	return cache_call_number(sb, a->handle, HANDLE_CACHE_REPLACE, CACHE_NUMBER_HITS, a->cache_hit_count);
}
