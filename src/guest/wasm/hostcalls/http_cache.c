/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_cache: lookups, and what meets their obligations. What was found is in http_cache_found.c. */
#include "guest/wasm/hostcalls/http_cache_calls.h"

#include <string.h>

#include "base/buf.h"
#include "guest/wasm/hostcalls/cache_calls.h"

enum {
	LOOKUP_RESERVED = 1 << 0,
	LOOKUP_OVERRIDE_KEY = 1 << 1,
	LOOKUP_BACKEND = 1 << 2,
	LOOKUP_ALL = (1 << 3) - 1
};

/* ---- handles ---- */

enum abi_status http_cache_call_find(struct sandbox *sb, uint32_t handle, struct http_lookup **out)
{
	struct guest_http_cache *g = handles_get(&sb->handles, handle, HANDLE_HTTP_CACHE);
	if (!g)
		return ABI_BADF;
	if (!g->lookup.op.done) {
		sandbox_wait_event(sb, &g->lookup.op.changed);
		return ABI_WAIT;
	}
	struct trace_event *event = take(g->event);
	if (g->invocation == sb->invocation->number)
		http_lookup_trace_end(&g->lookup, &sb->invocation->trace, event);
	*out = &g->lookup;
	return g->lookup.op.failed ? ABI_ERROR : ABI_OK;
}

enum abi_status http_cache_call_find_obliged(struct sandbox *sb, uint32_t handle, struct http_lookup **out)
{
	enum abi_status status = http_cache_call_find(sb, handle, out);
	return status == ABI_OK && !(*out)->op.obliged ? ABI_BADF : status;
}

void http_cache_call_fini(struct guest_http_cache *g)
{
	http_lookup_fini(&g->lookup);
}

/* NULL when there is no room for one more; the handle is not told yet. */
static struct guest_http_cache *open_lookup(struct sandbox *sb, uint32_t *handle, enum abi_status *status)
{
	struct guest_http_cache *g = ARENA_NEW(sandbox_arena(sb), struct guest_http_cache);
	*status = sandbox_open(sb, HANDLE_HTTP_CACHE, g, handle);
	return *status == ABI_OK ? g : NULL;
}

/* ---- requests ---- */

enum abi_status hostcall_http_cache_is_request_cacheable(struct sandbox *sb,
							 struct http_cache_is_request_cacheable_args *a)
{
	const struct guest_request *r = sandbox_request(sb, a->req_handle);
	if (!sb->world->http_cache)
		return ABI_UNSUPPORTED; /* what tells an SDK not to drive the cache itself */
	if (!r)
		return ABI_BADF;
	put_u32(a->is_cacheable, cache_rules_request_cacheable(&r->http));
	return ABI_OK;
}

enum abi_status hostcall_http_cache_get_suggested_cache_key(struct sandbox *sb,
							    struct http_cache_get_suggested_cache_key_args *a)
{
	unsigned char key[CACHE_HASH_BYTES];
	const struct guest_request *r = sandbox_request(sb, a->req_handle);
	if (!sb->world->http_cache)
		return ABI_UNSUPPORTED;
	if (!r)
		return ABI_BADF;
	cache_rules_key(&r->http, key);
	return put_bytes(&a->key, (struct str){ (const char *)key, sizeof key });
}

static enum abi_status start_lookup(struct sandbox *sb, enum cache_op_kind kind, uint32_t request,
				    uint32_t mask, const struct abi_http_cache_lookup_options *o,
				    struct guest_ptr out)
{
	struct str key = STR(""), backend;
	uint32_t handle;
	enum abi_status status;
	const struct guest_request *r = sandbox_request(sb, request);
	if (!sb->world->http_cache)
		return ABI_UNSUPPORTED;
	if (!r)
		return ABI_BADF;
	if (mask & ~(uint32_t)LOOKUP_ALL || mask & LOOKUP_RESERVED)
		return ABI_INVAL;
	if (mask & LOOKUP_OVERRIDE_KEY &&
	    (!sandbox_str(sb, o->override_key, o->override_key_len, &key) || key.len != CACHE_HASH_BYTES))
		return ABI_INVAL;
	if (mask & LOOKUP_BACKEND && (!sandbox_str(sb, o->backend_name, o->backend_name_len, &backend) ||
				      !sandbox_backend(sb, backend)))
		return ABI_INVAL; /* it would be asked when nothing is found */
	struct guest_http_cache *g = open_lookup(sb, &handle, &status);
	if (!g)
		return status;
	g->invocation = sb->invocation->number;
	g->event = http_lookup_trace_start(&sb->invocation->trace, &r->http, kind);
	sb->invocation->cache_lookups++;
	http_lookup_start(&g->lookup, sb->world->cache, kind, &r->http, key, sandbox_arena(sb),
			  sandbox_loop(sb));
	put_u32(out, handle);
	return ABI_OK;
}

enum abi_status hostcall_http_cache_lookup(struct sandbox *sb, struct http_cache_lookup_args *a)
{
	return start_lookup(sb, CACHE_LOOKUP, a->req_handle, a->options_mask, &a->options, a->http_cache_out);
}

enum abi_status hostcall_http_cache_transaction_lookup(struct sandbox *sb,
						       struct http_cache_transaction_lookup_args *a)
{
	return start_lookup(sb, CACHE_TRANSACTION, a->req_handle, a->options_mask, &a->options,
			    a->http_cache_out);
}

enum abi_status hostcall_http_cache_close(struct sandbox *sb, struct http_cache_close_args *a)
{
	struct guest_http_cache *g = handles_take(&sb->handles, a->handle, HANDLE_HTTP_CACHE);
	if (!g)
		return ABI_BADF;
	http_cache_call_fini(g);
	return ABI_OK;
}

/* ---- what to ask, and what to do with the answer ---- */

enum abi_status hostcall_http_cache_get_suggested_backend_request(
	struct sandbox *sb, struct http_cache_get_suggested_backend_request_args *a)
{
	struct http_lookup *l;
	enum abi_status status = http_cache_call_find(sb, a->handle, &l);
	if (status != ABI_OK)
		return status;
	struct guest_request *r = ARENA_NEW(sandbox_arena(sb), struct guest_request);
	http_lookup_backend_request(l, &r->http);
	return sandbox_put(sb, HANDLE_REQUEST, r, a->request_out);
}

enum abi_status hostcall_http_cache_prepare_response_for_storage(
	struct sandbox *sb, struct http_cache_prepare_response_for_storage_args *a)
{
	struct http_lookup *l;
	const struct guest_response *given = sandbox_response(sb, a->response);
	enum abi_status status = http_cache_call_find(sb, a->handle, &l);
	if (status != ABI_OK || !given)
		return status == ABI_OK ? ABI_BADF : status;
	struct guest_response *r = ARENA_NEW(sandbox_arena(sb), struct guest_response);
	*r = *given;
	enum cache_storage storage = http_lookup_prepare(l, &given->http, &r->http);
	r->http.headers = headers_copy(&r->http.headers, sandbox_arena(sb));
	status = sandbox_put(sb, HANDLE_RESPONSE, r, a->response_out);
	if (status == ABI_OK)
		put_u32(a->http_storage_action, storage);
	return status;
}

/* ---- options ---- */

/* Words that are header names, with single spaces between. */
static bool read_vary(struct sandbox *sb, struct str given, struct str *out)
{
	scoped(buf_fini) struct buf clean = BUF_INIT(CACHE_VARY_BYTES_MAX);
	for (struct str rest = given; rest.ptr;) {
		struct str name = str_split(&rest, ' ');
		if (name.len == 0)
			continue;
		if (!header_name_valid(name))
			return false;
		if (clean.len)
			buf_add_char(&clean, ' ');
		buf_add(&clean, name);
	}
	*out = arena_str(sandbox_arena(sb), buf_str(&clean));
	return !clean.full;
}

enum abi_status http_cache_call_options(struct sandbox *sb, uint32_t mask,
					const struct abi_http_cache_write_options *o, struct cache_write *w)
{
	struct str vary = STR("");
	*w = (struct cache_write){ .max_age_ns = o->max_age_ns, .edge_max_age_ns = o->max_age_ns };
	if (mask & ~(uint32_t)HTTP_CACHE_WRITE_ALL || mask & HTTP_CACHE_WRITE_RESERVED)
		return ABI_INVAL;
	w->initial_age_ns = mask & HTTP_CACHE_WRITE_INITIAL_AGE ? o->initial_age_ns : 0;
	w->swr_ns = mask & HTTP_CACHE_WRITE_SWR ? o->stale_while_revalidate_ns : 0;
	w->sie_ns = mask & HTTP_CACHE_WRITE_SIE ? o->stale_if_error_ns : 0;
	w->sensitive = mask & HTTP_CACHE_WRITE_SENSITIVE;
	w->has_length = mask & HTTP_CACHE_WRITE_LENGTH;
	w->length = w->has_length ? o->length : 0;
	w->has_vary = true;
	if (mask & HTTP_CACHE_WRITE_VARY &&
	    (!sandbox_str(sb, o->vary_rule, o->vary_rule_len, &vary) || !read_vary(sb, vary, &w->vary)))
		return ABI_INVAL;
	if (mask & HTTP_CACHE_WRITE_SURROGATE_KEYS &&
	    !sandbox_str(sb, o->surrogate_keys, o->surrogate_keys_len, &w->surrogate_keys))
		return ABI_INVAL;
	return invocation_may_store(sb->invocation, w) ? ABI_OK : ABI_LIMITEXCEEDED;
}

/* A text for the guest's buffer; false: it is too short for it. */
static bool give_text(struct sandbox *sb, bool wanted, struct str text, uint32_t at, uint32_t cap,
		      uint32_t *at_out, uint32_t *len_out, enum abi_status *status)
{
	if (!wanted)
		return true;
	*at_out = at;
	*len_out = (uint32_t)text.len;
	if (text.len > cap)
		return false;
	uint8_t *to = sandbox_memory(sb, at, text.len);
	if (!to)
		*status = ABI_INVAL;
	else if (text.len)
		memcpy(to, text.ptr, text.len);
	return true;
}

enum abi_status hostcall_http_cache_get_suggested_cache_options(
	struct sandbox *sb, struct http_cache_get_suggested_cache_options_args *a)
{
	struct http_lookup *l;
	struct cache_write w;
	const struct guest_response *r = sandbox_response(sb, a->response);
	enum abi_status status = http_cache_call_find(sb, a->handle, &l);
	const uint32_t numbers = HTTP_CACHE_WRITE_INITIAL_AGE | HTTP_CACHE_WRITE_SWR | HTTP_CACHE_WRITE_SIE;
	if (status != ABI_OK || !r)
		return status == ABI_OK ? ABI_BADF : status;
	if (a->options_mask & ~(uint32_t)HTTP_CACHE_WRITE_ALL)
		return ABI_INVAL;
	http_lookup_suggest(l, &r->http.headers, &w);
	struct str own = http_lookup_own_surrogate_key(l);
	w.surrogate_keys = w.surrogate_keys.len ? arena_printf(sandbox_arena(sb), STR_FMT " " STR_FMT,
							       STR_ARG(own), STR_ARG(w.surrogate_keys))
						: own;
	struct abi_http_cache_write_options out = {
		.max_age_ns = w.max_age_ns,
		.initial_age_ns = w.initial_age_ns,
		.stale_while_revalidate_ns = w.swr_ns,
		.stale_if_error_ns = w.sie_ns,
	};
	bool fits = give_text(sb, a->options_mask & HTTP_CACHE_WRITE_VARY, w.vary, a->options.vary_rule,
			      a->options.vary_rule_len, &out.vary_rule, &out.vary_rule_len, &status);
	fits &= give_text(sb, a->options_mask & HTTP_CACHE_WRITE_SURROGATE_KEYS, w.surrogate_keys,
			  a->options.surrogate_keys, a->options.surrogate_keys_len, &out.surrogate_keys,
			  &out.surrogate_keys_len, &status);
	put_u32(a->options_mask_out,
		a->options_mask & (numbers | HTTP_CACHE_WRITE_VARY | HTTP_CACHE_WRITE_SURROGATE_KEYS));
	memcpy(a->options_out.at, &out, sizeof out);
	return status != ABI_OK ? status : fits ? ABI_OK : ABI_BUFLEN;
}

/* ---- storing ---- */

/*
 * What all that store begin with: the obliged lookup, the response, which is the cache's then, and the
 * options.
 */
static enum abi_status begin_write(struct sandbox *sb, uint32_t handle, uint32_t response, uint32_t mask,
				   const struct abi_http_cache_write_options *o, struct http_lookup **l,
				   struct guest_response **r, struct cache_write *w)
{
	enum abi_status status = http_cache_call_find_obliged(sb, handle, l);
	if (status != ABI_OK)
		return status;
	status = http_cache_call_options(sb, mask, o, w);
	if (status != ABI_OK)
		return status;
	status = cache_call_room(sb, 2);
	if (status != ABI_OK)
		return status;
	*r = sandbox_response(sb, response);
	return *r ? ABI_OK : ABI_BADF;
}

static enum abi_status insert(struct sandbox *sb, uint32_t handle, uint32_t response, uint32_t mask,
			      const struct abi_http_cache_write_options *o, struct guest_ptr body_out,
			      struct http_lookup **l, struct cache_object **object)
{
	struct guest_response *r;
	struct cache_write w;
	enum abi_status status = begin_write(sb, handle, response, mask, o, l, &r, &w);
	if (status != ABI_OK)
		return status;
	http_lookup_trace_write(*l, &sb->invocation->trace, "insert", &w);
	*object = http_lookup_insert(*l, &r->http, &w);
	if (!*object)
		return ABI_ERROR;
	struct guest_body *b = ARENA_NEW(sandbox_arena(sb), struct guest_body);
	b->body = body_ref(cache_object_input(*object));
	b->streaming = true;
	return sandbox_put(sb, HANDLE_BODY, b, body_out); /* there is room: see begin_write() */
}

enum abi_status hostcall_http_cache_transaction_insert(struct sandbox *sb,
						       struct http_cache_transaction_insert_args *a)
{
	struct http_lookup *l;
	struct cache_object *object = NULL;
	enum abi_status status =
		insert(sb, a->handle, a->resp_handle, a->options_mask, &a->options, a->body_out, &l, &object);
	cache_object_unref(&object);
	return status;
}

/* A handle of its own for an object, whose reference is taken over. */
static enum abi_status put_found(struct sandbox *sb, const struct http_lookup *like,
				 struct cache_object *taken, struct guest_ptr out)
{
	uint32_t handle;
	enum abi_status status;
	struct guest_http_cache *g = open_lookup(sb, &handle, &status);
	if (!g) {
		cache_object_unref(&taken);
		return status;
	}
	http_lookup_of(&g->lookup, like, taken);
	put_u32(out, handle);
	return ABI_OK;
}

enum abi_status hostcall_http_cache_transaction_insert_and_stream_back(
	struct sandbox *sb, struct http_cache_transaction_insert_and_stream_back_args *a)
{
	struct http_lookup *l;
	struct cache_object *object = NULL;
	enum abi_status status =
		insert(sb, a->handle, a->resp_handle, a->options_mask, &a->options, a->body_out, &l, &object);
	if (status == ABI_OK)
		return put_found(sb, l, object, a->http_cache_out);
	cache_object_unref(&object);
	return status;
}

static enum abi_status update(struct sandbox *sb, uint32_t handle, uint32_t response, uint32_t mask,
			      const struct abi_http_cache_write_options *o, struct http_lookup **l,
			      struct cache_object **renewed)
{
	struct guest_response *r;
	struct cache_write w;
	enum abi_status status = http_cache_call_find_obliged(sb, handle, l);
	if (status != ABI_OK)
		return status;
	if (!(http_lookup_state(*l) & CACHE_FOUND))
		return ABI_BADF;
	status = begin_write(sb, handle, response, mask, o, l, &r, &w);
	if (status != ABI_OK)
		return status;
	http_lookup_trace_write(*l, &sb->invocation->trace, "update", &w);
	return http_lookup_update(*l, &r->http, &w, renewed) ? ABI_OK : ABI_ERROR;
}

enum abi_status hostcall_http_cache_transaction_update(struct sandbox *sb,
						       struct http_cache_transaction_update_args *a)
{
	struct http_lookup *l;
	return update(sb, a->handle, a->resp_handle, a->options_mask, &a->options, &l, NULL);
}

enum abi_status hostcall_http_cache_transaction_update_and_return_fresh(
	struct sandbox *sb, struct http_cache_transaction_update_and_return_fresh_args *a)
{
	struct http_lookup *l;
	struct cache_object *renewed = NULL;
	enum abi_status status =
		update(sb, a->handle, a->resp_handle, a->options_mask, &a->options, &l, &renewed);
	return status == ABI_OK ? put_found(sb, l, renewed, a->http_cache_out) : status;
}

/* ---- not storing ---- */

enum abi_status hostcall_http_cache_transaction_choose_stale(
	struct sandbox *sb, struct http_cache_transaction_choose_stale_args *a)
{
	struct http_lookup *l;
	enum abi_status status = http_cache_call_find_obliged(sb, a->handle, &l);
	if (status != ABI_OK)
		return status;
	if (!(http_lookup_state(l) & CACHE_USABLE_IF_ERROR))
		return ABI_BADF;
	return http_lookup_choose_stale(l) ? ABI_OK : ABI_ERROR;
}

enum abi_status hostcall_http_cache_transaction_record_not_cacheable(
	struct sandbox *sb, struct http_cache_transaction_record_not_cacheable_args *a)
{
	struct http_lookup *l;
	struct cache_write w;
	enum abi_status status = http_cache_call_find_obliged(sb, a->handle, &l);
	if (status == ABI_OK)
		status = http_cache_call_options(sb, a->options_mask, &a->options, &w);
	if (status != ABI_OK)
		return status;
	http_lookup_trace_write(l, &sb->invocation->trace, "pass", &w);
	return http_lookup_pass(l, w.max_age_ns, w.vary) ? ABI_OK : ABI_ERROR;
}

enum abi_status hostcall_http_cache_transaction_abandon(struct sandbox *sb,
							struct http_cache_transaction_abandon_args *a)
{
	struct http_lookup *l;
	enum abi_status status = http_cache_call_find_obliged(sb, a->handle, &l);
	if (status == ABI_OK)
		http_lookup_abandon(l);
	return status;
}
