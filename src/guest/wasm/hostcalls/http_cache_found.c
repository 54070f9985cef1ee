/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_cache: what a lookup has found. */
#include "guest/wasm/hostcalls/cache_calls.h"
#include "guest/wasm/hostcalls/http_cache_calls.h"

enum abi_status hostcall_http_cache_get_state(struct sandbox *sb, struct http_cache_get_state_args *a)
{
	struct http_lookup *l;
	enum abi_status status = http_cache_call_find(sb, a->handle, &l);
	if (status == ABI_OK)
		put_u32(a->cache_lookup_state, http_lookup_state(l));
	return status;
}

enum abi_status hostcall_http_cache_get_found_response(struct sandbox *sb,
						       struct http_cache_get_found_response_args *a)
{
	struct http_lookup *l;
	uint32_t handle;
	enum abi_status status = http_cache_call_find(sb, a->handle, &l);
	if (status != ABI_OK)
		return status;
	if (!(http_lookup_state(l) & CACHE_USABLE))
		return ABI_NONE;
	status = cache_call_room(sb, 2);
	if (status != ABI_OK)
		return status;
	struct guest_response *r = ARENA_NEW(sandbox_arena(sb), struct guest_response);
	if (!http_lookup_answer(l, a->transform_for_client != 0, &r->http))
		return ABI_NONE;
	struct body *body = take(r->http.body);
	if (!cache_call_own_body(sb, &body)) {
		body_unref(&body);
		return ABI_LIMITEXCEEDED;
	}
	status = sandbox_open_body(sb, body, &handle);
	if (status != ABI_OK)
		return status;
	put_u32(a->body_out, handle);
	return sandbox_put(sb, HANDLE_RESPONSE, r, a->response_out);
}

/* The lookup, when it has found something; else NULL, and NONE or another status. */
static struct http_lookup *find_found(struct sandbox *sb, uint32_t handle, enum abi_status *status)
{
	struct http_lookup *l;
	*status = http_cache_call_find(sb, handle, &l);
	if (*status == ABI_OK && !(http_lookup_state(l) & CACHE_FOUND))
		*status = ABI_NONE;
	return *status == ABI_OK ? l : NULL;
}

enum number { AGE, MAX_AGE, SWR, SIE, HITS };

static enum abi_status number(struct sandbox *sb, uint32_t handle, enum number which, struct guest_ptr out)
{
	enum abi_status status;
	const struct http_lookup *l = find_found(sb, handle, &status);
	if (!l)
		return status;
	const struct cache_object *o = l->op.found;
	put_u64(out, which == AGE       ? cache_object_age_ns(o, sandbox_loop(sb))
		     : which == MAX_AGE ? o->max_age_ns
		     : which == SWR     ? o->swr_ns
		     : which == SIE     ? o->sie_ns
					: l->op.hits);
	return ABI_OK;
}

enum abi_status hostcall_http_cache_get_length(struct sandbox *sb, struct http_cache_get_length_args *a)
{
	enum abi_status status;
	const struct http_lookup *l = find_found(sb, a->handle, &status);
	if (!l)
		return status;
	if (!l->op.has_length)
		return ABI_NONE;
	put_u64(a->cache_object_length, l->op.length);
	return ABI_OK;
}

enum abi_status hostcall_http_cache_get_max_age_ns(struct sandbox *sb,
						   struct http_cache_get_max_age_ns_args *a)
{
	return number(sb, a->handle, MAX_AGE, a->cache_duration_ns);
}

enum abi_status hostcall_http_cache_get_stale_while_revalidate_ns(
	struct sandbox *sb, struct http_cache_get_stale_while_revalidate_ns_args *a)
{
	return number(sb, a->handle, SWR, a->cache_duration_ns);
}

enum abi_status hostcall_http_cache_get_stale_if_error_ns(struct sandbox *sb,
							  struct http_cache_get_stale_if_error_ns_args *a)
{
	return number(sb, a->handle, SIE, a->cache_duration_ns);
}

enum abi_status hostcall_http_cache_get_age_ns(struct sandbox *sb, struct http_cache_get_age_ns_args *a)
{
	return number(sb, a->handle, AGE, a->cache_duration_ns);
}

enum abi_status hostcall_http_cache_get_hits(struct sandbox *sb, struct http_cache_get_hits_args *a)
{
	return number(sb, a->handle, HITS, a->cache_hit_count);
}

enum abi_status hostcall_http_cache_get_sensitive_data(struct sandbox *sb,
						       struct http_cache_get_sensitive_data_args *a)
{
	enum abi_status status;
	const struct http_lookup *l = find_found(sb, a->handle, &status);
	if (l)
		put_u32(a->is_sensitive, l->op.found->sensitive);
	return status;
}

enum abi_status hostcall_http_cache_get_surrogate_keys(struct sandbox *sb,
						       struct http_cache_get_surrogate_keys_args *a)
{
	enum abi_status status;
	const struct http_lookup *l = find_found(sb, a->handle, &status);
	return l ? put_bytes(&a->surrogate_keys, blob_str(l->op.found->surrogate_keys)) : status;
}

enum abi_status hostcall_http_cache_get_vary_rule(struct sandbox *sb, struct http_cache_get_vary_rule_args *a)
{
	enum abi_status status;
	const struct http_lookup *l = find_found(sb, a->handle, &status);
	return l ? put_bytes(&a->vary_rule, blob_str(l->op.found->vary)) : status;
}
