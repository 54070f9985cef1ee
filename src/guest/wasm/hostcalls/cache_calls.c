/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/hostcalls/cache_calls.h"

enum { BODY_RESERVED = 1 << 0, BODY_FROM = 1 << 1, BODY_TO = 1 << 2, BODY_ALL = (1 << 3) - 1 };

/* ---- options ---- */

static bool read_str(struct sandbox *sb, bool given, uint32_t offset, uint32_t len, struct str *out)
{
	return !given || sandbox_str(sb, offset, len, out);
}

static enum abi_status read_vary(struct sandbox *sb, uint32_t mask, const struct abi_cache_write_options *o,
				 struct cache_write *w)
{
	w->has_vary = mask & CACHE_WRITE_VARY;
	if (!read_str(sb, w->has_vary, o->vary_rule, o->vary_rule_len, &w->vary))
		return ABI_INVAL;
	return !w->has_vary || cache_vary_valid(w->vary) ? ABI_OK : ABI_ERROR;
}

enum abi_status cache_call_write_options(struct sandbox *sb, uint32_t mask,
					 const struct abi_cache_write_options *o, struct cache_write *w)
{
	*w = (struct cache_write){ .max_age_ns = o->max_age_ns, .edge_max_age_ns = o->max_age_ns };
	if (mask & CACHE_WRITE_INITIAL_AGE)
		w->initial_age_ns = o->initial_age_ns;
	if (mask & CACHE_WRITE_SWR)
		w->swr_ns = o->stale_while_revalidate_ns;
	enum abi_status status = read_vary(sb, mask, o, w);
	if (status != ABI_OK)
		return status;
	if (!read_str(sb, mask & CACHE_WRITE_USER_METADATA, o->user_metadata, o->user_metadata_len,
		      &w->user_metadata))
		return ABI_INVAL;
	w->has_length = mask & CACHE_WRITE_LENGTH;
	w->length = w->has_length ? o->length : 0;
	w->sensitive = mask & CACHE_WRITE_SENSITIVE;
	if (mask & CACHE_WRITE_SERVICE_ID)
		return ABI_UNSUPPORTED; /* on behalf of another service */
	if (mask & CACHE_WRITE_EDGE_MAX_AGE)
		w->edge_max_age_ns = o->edge_max_age_ns;
	if (w->edge_max_age_ns > w->max_age_ns)
		return ABI_INVAL;
	if (!read_str(sb, mask & CACHE_WRITE_SURROGATE_KEYS, o->surrogate_keys, o->surrogate_keys_len,
		      &w->surrogate_keys))
		return ABI_INVAL;
	w->surrogate_keys = cache_surrogate_keys_good(w->surrogate_keys, sandbox_arena(sb));
	if (mask & CACHE_WRITE_RESERVED)
		return ABI_UNSUPPORTED;
	return invocation_may_store(sb->invocation, w) ? ABI_OK : ABI_LIMITEXCEEDED;
}

/* ---- trace ---- */

static void trace_seconds(struct sandbox *sb, struct trace_event *ev, const char *name, uint64_t ns)
{
	trace_number(&sb->invocation->trace, ev, name, (double)ns / (double)NS_PER_S);
}

static void trace_start(struct sandbox *sb, struct guest_cache *g)
{
	static const char *const how[] = {
		[CACHE_LOOKUP] = "lookup",        [CACHE_TRANSACTION] = "transaction",
		[CACHE_REPLACE] = "replace",      [CACHE_REPLACE_FORCE] = "replace",
		[CACHE_REPLACE_WAIT] = "replace",
	};
	sb->invocation->cache_lookups++;
	g->invocation = sb->invocation->number;
	g->event = trace_add(&sb->invocation->trace, "cache-lookup");
	trace_str(&sb->invocation->trace, g->event, "key", g->op->key);
	trace_str(&sb->invocation->trace, g->event, "how", str_from(how[g->op->kind]));
}

/* The event was added when the lookup began, so that events stand in the order of the guest's calls. */
static void trace_end(struct sandbox *sb, struct guest_cache *g)
{
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = take(g->event);
	if (!ev || g->invocation != sb->invocation->number)
		return;
	unsigned state = cache_op_state(g->op, sandbox_loop(sb));
	trace_str(trace, ev, "state",
		  g->op->failed          ? STR("failed")
		  : state & CACHE_STALE  ? STR("stale")
		  : state & CACHE_USABLE ? STR("hit")
					 : STR("miss"));
	trace_bool(trace, ev, "obliged", g->op->obliged);
	if (state & CACHE_USABLE) {
		trace_seconds(sb, ev, "age", cache_object_age_ns(g->op->found, sandbox_loop(sb)));
		trace_number(trace, ev, "hits", (double)g->op->hits);
	}
	uint64_t now = clock_wall(sandbox_loop(sb)->clock); /* which may have been set back */
	trace_number(trace, ev, "elapsed", (double)(MAX(now, ev->wall_ns) - ev->wall_ns) / (double)NS_PER_US);
}

void cache_call_trace_write(struct sandbox *sb, const char *how, const struct cache_op *op,
			    const struct cache_write *w)
{
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, "cache-insert");
	trace_str(trace, ev, "key", op->key);
	trace_str(trace, ev, "how", str_from(how));
	trace_seconds(sb, ev, "ttl", w->max_age_ns);
	trace_seconds(sb, ev, "swr", w->swr_ns);
	trace_str(trace, ev, "vary", w->vary);
	trace_str(trace, ev, "surrogateKeys", w->surrogate_keys);
}

/* ---- lookups ---- */

static const struct headers *copy_headers(struct sandbox *sb, const struct headers *request)
{
	if (!request)
		return NULL;
	struct headers *copy = ARENA_NEW(sandbox_arena(sb), struct headers);
	*copy = headers_copy(request, sandbox_arena(sb));
	return copy;
}

void cache_call_fini(struct guest_cache *g)
{
	if (g->op)
		cache_op_fini(g->op);
	g->op = NULL;
}

static enum abi_status open_op(struct sandbox *sb, enum handle_kind kind, struct cache_op *op,
			       bool always_range, uint32_t *handle, struct guest_cache **out)
{
	struct guest_cache *g = ARENA_NEW(sandbox_arena(sb), struct guest_cache);
	g->op = op;
	g->always_range = always_range;
	g->body = HANDLES_FULL;
	*out = g;
	return sandbox_open(sb, kind, g, handle);
}

enum abi_status cache_call_start(struct sandbox *sb, enum handle_kind kind, enum cache_op_kind op_kind,
				 struct str key, const struct headers *request, bool always_range,
				 uint32_t *handle)
{
	struct guest_cache *g;
	if (key.len > CACHE_KEY_BYTES_MAX)
		return ABI_INVAL;
	struct cache_op *op = ARENA_NEW(sandbox_arena(sb), struct cache_op);
	cache_op_init(op, op_kind, arena_str(sandbox_arena(sb), key), copy_headers(sb, request));
	enum abi_status status = open_op(sb, kind, op, always_range, handle, &g);
	if (status != ABI_OK)
		return status;
	trace_start(sb, g);
	cache_start(sb->world->cache, op, sandbox_loop(sb));
	return ABI_OK;
}

struct guest_cache *cache_call_find(struct sandbox *sb, uint32_t handle, enum handle_kind kind)
{
	struct guest_cache *g = handles_get(&sb->handles, handle, kind);
	return g && (!g->op || g->op->done) ? g : NULL;
}

enum abi_status cache_call_wait(struct sandbox *sb, uint32_t handle, enum handle_kind kind,
				struct guest_ptr out)
{
	struct guest_cache *g = handles_get(&sb->handles, handle, kind);
	if (!g->op->done) {
		sandbox_wait_event(sb, &g->op->changed);
		return ABI_WAIT;
	}
	trace_end(sb, g);
	if (!(cache_op_state(g->op, sandbox_loop(sb)) & CACHE_FOUND))
		cache_object_unref(&g->op->found); /* past all use, so there is nothing to tell about it */
	if (g->op->failed) {
		cache_call_fini(handles_take(&sb->handles, handle, kind));
		return ABI_ERROR;
	}
	put_u32(out, handle);
	return ABI_OK;
}

enum abi_status cache_call_room(struct sandbox *sb, uint32_t handles)
{
	return invocation_within(sb->invocation, LIMIT_handles, sb->handles.open + (uint64_t)handles)
		       ? ABI_OK
		       : ABI_LIMITEXCEEDED;
}

/* ---- storing ---- */

enum abi_status cache_call_insert(struct sandbox *sb, struct cache_op *op, const struct cache_write *w,
				  const char *how, struct guest_ptr body_out, struct cache_object **found)
{
	uint32_t handle;
	cache_call_trace_write(sb, how, op, w);
	struct cache_object *object = cache_insert(sb->world->cache, op, w, sandbox_loop(sb));
	*found = object;
	if (!object)
		return ABI_ERROR;
	struct guest_body *b = ARENA_NEW(sandbox_arena(sb), struct guest_body);
	b->body = body_ref(cache_object_input(object));
	b->streaming = true;
	enum abi_status status = sandbox_open(sb, HANDLE_BODY, b, &handle);
	if (status != ABI_OK) {
		body_fail(b->body, BODY_FAILURE_ABANDONED);
		body_unref(&b->body);
		cache_object_unref(found);
		return status;
	}
	put_u32(body_out, handle);
	return ABI_OK;
}

/* ---- what was found ---- */

/* NULL and a status when there is nothing to tell about. */
static struct guest_cache *find_found(struct sandbox *sb, uint32_t handle, enum handle_kind kind,
				      enum abi_status *status)
{
	struct guest_cache *g = cache_call_find(sb, handle, kind);
	*status = !g ? ABI_BADF : !g->op || !g->op->found ? ABI_NONE : ABI_OK;
	return *status == ABI_OK ? g : NULL;
}

enum abi_status cache_call_number(struct sandbox *sb, uint32_t handle, enum handle_kind kind,
				  enum cache_number which, struct guest_ptr out)
{
	enum abi_status status;
	const struct guest_cache *g = find_found(sb, handle, kind, &status);
	if (!g)
		return status;
	const struct cache_op *op = g->op;
	if (which == CACHE_NUMBER_LENGTH && !op->has_length)
		return ABI_NONE;
	put_u64(out, which == CACHE_NUMBER_AGE       ? cache_object_age_ns(op->found, sandbox_loop(sb))
		     : which == CACHE_NUMBER_MAX_AGE ? op->found->max_age_ns
		     : which == CACHE_NUMBER_SWR     ? op->found->swr_ns
		     : which == CACHE_NUMBER_HITS    ? op->hits
						     : op->length);
	return ABI_OK;
}

enum abi_status cache_call_metadata(struct sandbox *sb, uint32_t handle, enum handle_kind kind,
				    const struct guest_buf *out)
{
	enum abi_status status;
	const struct guest_cache *g = find_found(sb, handle, kind, &status);
	return g ? put_bytes(out, blob_str(g->op->found->user_metadata)) : status;
}

bool cache_call_own_body(struct sandbox *sb, struct body **b)
{
	if (!(*b)->ended || (*b)->failure != BODY_FAILURE_NONE)
		return true;
	uint64_t len = (*b)->buffered;
	body_reopen(b);
	return sandbox_hold(sb, len);
}

enum abi_status cache_call_get_body(struct sandbox *sb, uint32_t handle, enum handle_kind kind, uint32_t mask,
				    const struct abi_cache_get_body_options *o, struct guest_ptr out)
{
	enum abi_status status;
	struct body *body;
	if (mask & ~(uint32_t)BODY_ALL)
		return ABI_INVAL;
	if (mask & BODY_RESERVED)
		return ABI_UNSUPPORTED;
	struct guest_cache *g = find_found(sb, handle, kind, &status);
	if (!g)
		return status;
	if (sandbox_body(sb, g->body))
		return ABI_BADF; /* one at a time */
	status = cache_call_room(sb, 1);
	if (status != ABI_OK)
		return status;
	const struct cache_range range = { mask & BODY_FROM, mask & BODY_TO, g->always_range, o->from,
					   o->to };
	switch (cache_object_open(g->op->found, &range, sandbox_loop(sb), &body)) {
	case CACHE_OPEN_WAIT:
		sandbox_wait_event(sb, cache_object_changed(g->op->found));
		return ABI_WAIT;
	case CACHE_OPEN_FAILED:
		return ABI_ERROR;
	case CACHE_OPENED:
		break;
	}
	if (!cache_call_own_body(sb, &body)) {
		body_unref(&body);
		return ABI_LIMITEXCEEDED;
	}
	status = sandbox_open_body(sb, body, &g->body);
	if (status == ABI_OK)
		put_u32(out, g->body);
	return status;
}
