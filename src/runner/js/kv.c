/* SPDX-License-Identifier: Apache-2.0 */
/* KV stores as tests read and write them: in memory, so that every operation is done when it was started. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "runner/js/session.h"

/* The store of argument 0; false: there is none, or no test is under way, which was thrown then. */
static bool store_arg(struct js_call *c, struct str *name)
{
	struct world *w = session_world(c);
	*name = js_arg_str(c, 0);
	return w && !*c->exception && kv_has_store(w->kv, *name);
}

/* Does it. False: it has thrown what is wrong with the arguments or the store. */
static bool run(struct js_call *c, struct kv_op *op)
{
	static const char *const why[] = {
		[KV_UNINITIALIZED] = "it did not answer",
		[KV_BAD_REQUEST] = "the key or the limit may not be used",
		[KV_PAYLOAD_TOO_LARGE] = "the value may have 25 MiB, its metadata 2,000 bytes",
		[KV_INTERNAL_ERROR] = "the store failed",
		[KV_TOO_MANY_REQUESTS] = "too many requests",
	};
	struct world *w = session_world(c);
	const char *fault = op->kind == KV_LIST ? "" : kv_key_fault(op->key);
	if (*fault) {
		js_throw(c, "TypeError", "the key '" STR_FMT "' %s", STR_ARG(op->key), fault);
		return false;
	}
	kv_start(w->kv, op, w->loop);
	enum kv_error error = op->done ? op->error : KV_UNINITIALIZED;
	if (error == KV_OK || error == KV_NOT_FOUND || error == KV_PRECONDITION_FAILED)
		return true;
	js_throw(c, "Error", "KV store '" STR_FMT "': %s", STR_ARG(op->store), why[error]);
	return false;
}

static JSValueRef generation_value(JSContextRef ctx, uint64_t generation)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRIu64, generation);
	return js_cstring(ctx, text);
}

/* names() → the stores */
JS_FUNCTION(names)
{
	struct world *w = session_world(c);
	if (!w)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct pmap_entry e = { 0 }; kv_next_store(w->kv, &e);)
		js_push(c->ctx, array, &at, js_string(c->ctx, e.key));
	return array;
}

/* create(store): an empty one, unless it is there */
JS_FUNCTION(create)
{
	struct world *w = session_world(c);
	struct str name = js_arg_str(c, 0);
	if (w && !*c->exception)
		kv_add_store(w->kv, name);
	return NULL;
}

/*
 * get(store, key, as bytes) → [value, metadata or null, generation, ms until it expires or null]; null: there
 * is no such key; undefined: no such store
 */
JS_FUNCTION(get)
{
	struct str store;
	struct kv_op op;
	JSContextRef ctx = c->ctx;
	if (!store_arg(c, &store))
		return NULL;
	kv_op_init(&op, KV_LOOKUP, store, js_arg_str(c, 1));
	JSValueRef result = NULL;
	if (run(c, &op) && op.error == KV_OK) {
		struct str value = blob_str(op.found);
		const JSValueRef values[] = {
			js_arg_bool(c, 2) ? js_array_buffer(ctx, value) : js_string(ctx, value),
			op.found_metadata ? js_string(ctx, blob_str(op.found_metadata)) : js_null(ctx),
			generation_value(ctx, op.found_generation),
			op.found_ttl_ns ? js_number(ctx, (double)op.found_ttl_ns / 1e6) : js_null(ctx),
		};
		result = js_array(ctx, values, COUNT_OF(values));
	} else if (!*c->exception) {
		result = js_null(ctx);
	}
	kv_op_fini(&op);
	return result;
}

static enum kv_insert_mode mode_of(struct str mode)
{
	return str_eq(mode, STR("add"))       ? KV_ADD
	       : str_eq(mode, STR("append"))  ? KV_APPEND
	       : str_eq(mode, STR("prepend")) ? KV_PREPEND
					      : KV_OVERWRITE;
}

/*
 * set(store, key, value, metadata or null, ms to live or 0, mode, the generation it must have or null) → its
 * generation; null: a precondition does not hold; undefined: there is no such store
 */
JS_FUNCTION(set)
{
	struct str store, value;
	struct kv_op op;
	if (!store_arg(c, &store))
		return NULL;
	kv_op_init(&op, KV_INSERT, store, js_arg_str(c, 1));
	double ttl_ms = js_arg_number(c, 4);
	op.metadata = js_is_nullish(c->ctx, js_arg(c, 3)) ? (struct str){ 0 } : js_arg_str(c, 3);
	op.ttl_ns = ttl_ms > 0 && ttl_ms < 1e12 ? (uint64_t)(ttl_ms * 1e6) : 0;
	op.mode = mode_of(js_arg_str(c, 5));
	op.if_generation = !js_is_nullish(c->ctx, js_arg(c, 6));
	if (op.if_generation)
		op.generation = strtoull(js_arg_str(c, 6).ptr, NULL, 10);
	if (!js_bytes(c->ctx, js_arg(c, 2), &value))
		value = js_arg_str(c, 2);
	JSValueRef result = NULL;
	if (!*c->exception) {
		scoped(blob_unref) struct blob *blob = blob_new(value);
		op.value = blob;
		if (run(c, &op))
			result = op.error == KV_OK ? generation_value(c->ctx, op.found_generation)
						   : js_null(c->ctx);
	}
	kv_op_fini(&op);
	return result;
}

/* remove(store, key) → whether it was there; undefined: there is no such store */
JS_FUNCTION(remove_key)
{
	struct str store;
	struct kv_op op;
	if (!store_arg(c, &store))
		return NULL;
	kv_op_init(&op, KV_DELETE, store, js_arg_str(c, 1));
	JSValueRef result = run(c, &op) ? js_bool(c->ctx, op.error == KV_OK) : NULL;
	kv_op_fini(&op);
	return result;
}

/* list(store, prefix) → its keys, in their order; undefined: there is no such store */
JS_FUNCTION(list)
{
	struct str store, cursor = { 0 };
	if (!store_arg(c, &store))
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	do {
		struct kv_op op;
		kv_op_init(&op, KV_LIST, store, STR(""));
		op.prefix = js_arg_str(c, 1);
		op.cursor = cursor;
		op.limit = KV_LIST_LIMIT_MAX;
		bool ran = run(c, &op);
		for (size_t i = 0; ran && i < op.keys_count; i++)
			js_push(c->ctx, array, &at, js_string(c->ctx, op.keys[i]));
		cursor = ran ? arena_str(&c->arena, op.next_cursor) : (struct str){ 0 };
		kv_op_fini(&op);
	} while (cursor.len && !*c->exception);
	return array;
}

static const struct js_function functions[] = {
	{ "names", names_callback }, { "create", create_callback },     { "get", get_callback },
	{ "set", set_callback },     { "remove", remove_key_callback }, { "list", list_callback },
};
const struct js_module js_kv_module = { "kv", functions, COUNT_OF(functions) };
