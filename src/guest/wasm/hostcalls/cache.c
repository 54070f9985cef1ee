/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_cache: lookups, inserts, transactions, and what was found. Replacing is in cache_replace.c. */
#include "guest/wasm/hostcalls/cache_calls.h"

/* ---- without collapsing ---- */

/* What a lookup's options say; the headers are borrowed, NULL when there are none. */
static enum abi_status read_lookup_options(struct sandbox *sb, uint32_t mask,
					   const struct abi_cache_lookup_options *o,
					   const struct headers **request)
{
	*request = NULL;
	if (mask & ~(uint32_t)CACHE_LOOKUP_ALL)
		return ABI_INVAL;
	if (mask & CACHE_LOOKUP_REQUEST_HEADERS) {
		const struct guest_request *r = sandbox_request(sb, o->request_headers);
		if (!r)
			return ABI_BADF;
		*request = &r->http.headers;
	}
	return mask & (CACHE_LOOKUP_SERVICE_ID | CACHE_LOOKUP_RESERVED) ? ABI_UNSUPPORTED : ABI_OK;
}

static enum abi_status start_lookup(struct sandbox *sb, enum cache_op_kind kind, struct str key,
				    uint32_t mask, const struct abi_cache_lookup_options *o, uint32_t *handle)
{
	const struct headers *request;
	enum abi_status status = read_lookup_options(sb, mask, o, &request);
	if (status != ABI_OK)
		return status;
	return cache_call_start(sb, HANDLE_CACHE, kind, key, request, mask & CACHE_LOOKUP_ALWAYS_RANGE,
				handle);
}

enum abi_status hostcall_cache_lookup(struct sandbox *sb, struct cache_lookup_args *a)
{
	uint32_t handle;
	enum abi_status status =
		start_lookup(sb, CACHE_LOOKUP, a->cache_key, a->options_mask, &a->options, &handle);
	return status == ABI_OK ? cache_call_wait(sb, handle, HANDLE_CACHE, a->cache_out) : status;
}

enum abi_status hostcall_cache_insert(struct sandbox *sb, struct cache_insert_args *a)
{
	struct cache_write w;
	struct cache_op op;
	struct cache_object *object;
	const struct guest_request *request = NULL;
	if (a->options_mask & ~(uint32_t)CACHE_WRITE_ALL || a->cache_key.len > CACHE_KEY_BYTES_MAX)
		return ABI_INVAL;
	if (a->options_mask & CACHE_WRITE_REQUEST_HEADERS) {
		request = sandbox_request(sb, a->options.request_headers);
		if (!request)
			return ABI_BADF;
	}
	enum abi_status status = cache_call_write_options(sb, a->options_mask, &a->options, &w);
	if (status == ABI_OK)
		status = cache_call_room(sb, 1);
	if (status != ABI_OK)
		return status;
	cache_op_init(&op, CACHE_LOOKUP, a->cache_key, request ? &request->http.headers : NULL);
	status = cache_call_insert(sb, &op, &w, "insert", a->body_out, &object);
	cache_object_unref(&object);
	cache_op_fini(&op);
	return status;
}

/* ---- transactions ---- */

enum abi_status hostcall_cache_transaction_lookup(struct sandbox *sb, struct cache_transaction_lookup_args *a)
{
	/* Until it is done the guest does not know the handle; if it is ended, that lets the lookup go. */
	if (!sb->waiting.state) {
		enum abi_status status = start_lookup(sb, CACHE_TRANSACTION, a->cache_key, a->options_mask,
						      &a->options, &sb->waiting.handle);
		if (status != ABI_OK)
			return status;
		sb->waiting.state = sb;
	}
	return cache_call_wait(sb, sb->waiting.handle, HANDLE_CACHE, a->cache_out);
}

enum abi_status hostcall_cache_transaction_lookup_async(struct sandbox *sb,
							struct cache_transaction_lookup_async_args *a)
{
	uint32_t handle;
	enum abi_status status =
		start_lookup(sb, CACHE_TRANSACTION, a->cache_key, a->options_mask, &a->options, &handle);
	if (status == ABI_OK)
		put_u32(a->cache_busy_out, handle);
	return status;
}

/*
 * The lookup goes to a handle of its own; the busy one stays open, with nothing behind it, until it is
 * closed:
 * SDKs close both.
 */
enum abi_status hostcall_cache_cache_busy_handle_wait(struct sandbox *sb,
						      struct cache_cache_busy_handle_wait_args *a)
{
	struct guest_cache *busy = handles_get(&sb->handles, a->busy_handle, HANDLE_CACHE);
	uint32_t handle;
	if (!busy)
		return ABI_BADF;
	if (busy->op && !busy->op->done) {
		sandbox_wait_event(sb, &busy->op->changed);
		return ABI_WAIT;
	}
	struct guest_cache *g = ARENA_NEW(sandbox_arena(sb), struct guest_cache);
	enum abi_status status = sandbox_open(sb, HANDLE_CACHE, g, &handle);
	if (status != ABI_OK)
		return status;
	*g = *busy;
	*busy = (struct guest_cache){ .body = HANDLES_FULL };
	if (g->op)
		return cache_call_wait(sb, handle, HANDLE_CACHE, a->cache_out);
	put_u32(a->cache_out, handle);
	return ABI_OK;
}

/* The options of a transaction's write; its headers are those of its lookup. */
static enum abi_status read_write_options(struct sandbox *sb, uint32_t mask,
					  const struct abi_cache_write_options *o, struct cache_write *w)
{
	if (mask & ~(uint32_t)CACHE_WRITE_ALL || mask & CACHE_WRITE_REQUEST_HEADERS)
		return ABI_INVAL;
	return cache_call_write_options(sb, mask, o, w);
}

/* The lookup behind a handle that is obliged. */
static struct guest_cache *find_obliged(struct sandbox *sb, uint32_t handle)
{
	struct guest_cache *g = cache_call_find(sb, handle, HANDLE_CACHE);
	return g && g->op && g->op->obliged ? g : NULL;
}

static enum abi_status insert(struct sandbox *sb, uint32_t handle, uint32_t mask,
			      const struct abi_cache_write_options *o, struct guest_ptr body_out,
			      struct cache_object **object, struct guest_cache **found)
{
	struct cache_write w;
	enum abi_status status = read_write_options(sb, mask, o, &w);
	if (status != ABI_OK)
		return status;
	*found = find_obliged(sb, handle);
	if (!*found)
		return ABI_BADF;
	status = cache_call_room(sb, 2);
	return status == ABI_OK ? cache_call_insert(sb, (*found)->op, &w, "transaction", body_out, object)
				: status;
}

enum abi_status hostcall_cache_transaction_insert(struct sandbox *sb, struct cache_transaction_insert_args *a)
{
	struct cache_object *object = NULL;
	struct guest_cache *g;
	enum abi_status status =
		insert(sb, a->handle, a->options_mask, &a->options, a->body_out, &object, &g);
	cache_object_unref(&object);
	return status;
}

enum abi_status hostcall_cache_transaction_insert_and_stream_back(
	struct sandbox *sb, struct cache_transaction_insert_and_stream_back_args *a)
{
	struct cache_object *object = NULL;
	struct guest_cache *g;
	enum abi_status status =
		insert(sb, a->handle, a->options_mask, &a->options, a->body_out, &object, &g);
	if (status != ABI_OK)
		return status;
	struct guest_cache *back = ARENA_NEW(sandbox_arena(sb), struct guest_cache);
	back->op = ARENA_NEW(sandbox_arena(sb), struct cache_op);
	cache_op_init(back->op, CACHE_LOOKUP, g->op->key, NULL);
	back->op->done = true;
	back->op->has_length = cache_object_length(object, &back->op->length);
	back->op->found = object;
	back->always_range = g->always_range;
	back->body = HANDLES_FULL;
	return sandbox_put(sb, HANDLE_CACHE, back, a->cache_out);
}

enum abi_status hostcall_cache_transaction_update(struct sandbox *sb, struct cache_transaction_update_args *a)
{
	struct cache_write w;
	enum abi_status status = read_write_options(sb, a->options_mask, &a->options, &w);
	if (status != ABI_OK)
		return status;
	const struct guest_cache *g = find_obliged(sb, a->handle);
	if (!g || !g->op->found)
		return ABI_BADF;
	cache_call_trace_write(sb, "update", g->op, &w);
	return cache_update(sb->world->cache, g->op, &w, sandbox_loop(sb), NULL) ? ABI_OK : ABI_ERROR;
}

enum abi_status hostcall_cache_transaction_cancel(struct sandbox *sb, struct cache_transaction_cancel_args *a)
{
	const struct guest_cache *g = find_obliged(sb, a->handle);
	return g && cache_op_cancel(g->op) ? ABI_OK : ABI_BADF;
}

/* ---- closing ---- */

static enum abi_status close_handle(struct sandbox *sb, uint32_t handle)
{
	struct guest_cache *g = handles_take(&sb->handles, handle, HANDLE_CACHE);
	if (!g)
		g = handles_take(&sb->handles, handle, HANDLE_CACHE_REPLACE);
	if (!g)
		return ABI_BADF;
	cache_call_fini(g);
	return ABI_OK;
}

enum abi_status hostcall_cache_close_busy(struct sandbox *sb, struct cache_close_busy_args *a)
{
	return close_handle(sb, a->handle);
}

enum abi_status hostcall_cache_close(struct sandbox *sb, struct cache_close_args *a)
{
	return close_handle(sb, a->handle);
}

/* ---- what was found ---- */

enum abi_status hostcall_cache_get_state(struct sandbox *sb, struct cache_get_state_args *a)
{
	const struct guest_cache *g = cache_call_find(sb, a->handle, HANDLE_CACHE);
	if (!g)
		return ABI_BADF;
	put_u32(a->cache_lookup_state, g->op ? cache_op_state(g->op, sandbox_loop(sb)) : 0);
	return ABI_OK;
}

enum abi_status hostcall_cache_get_user_metadata(struct sandbox *sb, struct cache_get_user_metadata_args *a)
{
	return cache_call_metadata(sb, a->handle, HANDLE_CACHE, &a->user_metadata);
}

enum abi_status hostcall_cache_get_body(struct sandbox *sb, struct cache_get_body_args *a)
{
	return cache_call_get_body(sb, a->handle, HANDLE_CACHE, a->options_mask, &a->options, a->body_out);
}

enum abi_status hostcall_cache_get_length(struct sandbox *sb, struct cache_get_length_args *a)
{
	return cache_call_number(sb, a->handle, HANDLE_CACHE, CACHE_NUMBER_LENGTH, a->cache_object_length);
}

enum abi_status hostcall_cache_get_max_age_ns(struct sandbox *sb, struct cache_get_max_age_ns_args *a)
{
	return cache_call_number(sb, a->handle, HANDLE_CACHE, CACHE_NUMBER_MAX_AGE, a->cache_duration_ns);
}

enum abi_status hostcall_cache_get_stale_while_revalidate_ns(
	struct sandbox *sb, struct cache_get_stale_while_revalidate_ns_args *a)
{
	return cache_call_number(sb, a->handle, HANDLE_CACHE, CACHE_NUMBER_SWR, a->cache_duration_ns);
}

enum abi_status hostcall_cache_get_age_ns(struct sandbox *sb, struct cache_get_age_ns_args *a)
{
	return cache_call_number(sb, a->handle, HANDLE_CACHE, CACHE_NUMBER_AGE, a->cache_duration_ns);
}

enum abi_status hostcall_cache_get_hits(struct sandbox *sb, struct cache_get_hits_args *a)
{
	return cache_call_number(sb, a->handle, HANDLE_CACHE, CACHE_NUMBER_HITS, a->cache_hit_count);
}
