/* SPDX-License-Identifier: Apache-2.0 */
/* The cache as tests look into it, fill it, age it and purge it. */
#include <string.h>

#include "base/mem.h"
#include "runner/js/bodies.h"
#include "runner/js/session.h"
#include "world/http_cache.h"

/* An object of the cache that JavaScript holds: its body can be read, its key be named. */
struct cached {
	struct cache_object *object;
	struct blob *key;
};

static void release(void *thing)
{
	struct cached *h = thing;
	cache_object_unref(&h->object);
	blob_unref(&h->key);
	mem_free(h);
}

static struct js_kind cached_kind = { .name = "CachedObject", .release = release };

/* ---- looking ---- */

static void set_ms(JSContextRef ctx, JSObjectRef o, const char *name, uint64_t ns)
{
	js_set(ctx, o, name, js_number(ctx, (double)ns / 1e6));
}

static const char *state_of(const struct cache_item *i, const struct loop *loop)
{
	const struct cache_object *o = i->object;
	uint64_t age = cache_object_age_ns(o, loop), past = age - MIN(age, o->max_age_ns);
	if (!i->purged && age < o->max_age_ns)
		return "fresh";
	return i->purged || past < MAX(o->swr_ns, o->sie_ns) ? "stale" : "expired";
}

static JSObjectRef item_value(struct js_call *c, const struct cache_item *i, const struct loop *loop)
{
	JSContextRef ctx = c->ctx;
	struct cache_object *object = i->object;
	struct cached *h = NEW(struct cached);
	JSObjectRef o = js_object(ctx);
	struct http_response head;
	struct str uri;
	uint64_t length;
	rc_ref(&object->rc);
	h->object = object;
	h->key = blob_new(i->key);
	js_set(ctx, o, "handle", js_wrap(ctx, &cached_kind, h));
	bool http = http_object_head(object, &c->arena, &head, &uri);
	if (http) {
		js_set(ctx, o, "url", js_string(ctx, uri));
		js_set(ctx, o, "status", js_number(ctx, head.status));
		js_set(ctx, o, "headers", js_headers_value(ctx, &head.headers));
	} else {
		js_set(ctx, o, "metadata", js_string(ctx, blob_str(object->user_metadata)));
	}
	js_set(ctx, o, "key", js_string(ctx, http ? uri : i->key));
	js_set(ctx, o, "state", js_cstring(ctx, state_of(i, loop)));
	set_ms(ctx, o, "age", cache_object_age_ns(object, loop));
	set_ms(ctx, o, "ttl", object->max_age_ns);
	set_ms(ctx, o, "staleWhileRevalidate", object->swr_ns);
	set_ms(ctx, o, "staleIfError", object->sie_ns);
	js_set(ctx, o, "hits", js_number(ctx, (double)i->hits));
	js_set(ctx, o, "purged", js_bool(ctx, i->purged));
	js_set(ctx, o, "pass", js_bool(ctx, object->pass));
	js_set(ctx, o, "sensitive", js_bool(ctx, object->sensitive));
	js_set(ctx, o, "complete", js_bool(ctx, cache_object_complete(object)));
	js_set(ctx, o, "vary", js_string(ctx, blob_str(object->vary)));
	js_set(ctx, o, "surrogateKeys",
	       js_string(ctx, http_keys_shown(i->key, blob_str(object->surrogate_keys), &c->arena)));
	if (cache_object_length(object, &length))
		js_set(ctx, o, "length", js_number(ctx, (double)length));
	return o;
}

/* list() → what is in the cache */
JS_FUNCTION(list)
{
	struct world *w = session_world(c);
	if (!w)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct cache_item i = { 0 }; cache_next(w->cache, &i);)
		js_push(c->ctx, array, &at, item_value(c, &i, w->loop));
	return array;
}

static const struct cache_range everything = { .has_from = false };

/* body(object) → its bytes; null: not all of them are there yet, or ever */
JS_FUNCTION(object_body)
{
	struct cached *h = js_arg_thing(c, 0, &cached_kind);
	struct world *w = session_world(c);
	struct body *b = NULL;
	if (!h || !w)
		return NULL;
	if (!cache_object_complete(h->object) ||
	    cache_object_open(h->object, &everything, w->loop, &b) != CACHE_OPENED)
		return js_null(c->ctx);
	return js_body_value(c->realm, b);
}

/* ---- storing ---- */

static uint64_t option_ns(struct js_call *c, JSObjectRef options, const char *name, uint64_t otherwise)
{
	JSValueRef v = js_get(c->ctx, options, name);
	double ms = js_is_nullish(c->ctx, v) ? -1 : jsc.ValueToNumber(c->ctx, v, NULL);
	return ms >= 0 && ms < 1e12 ? (uint64_t)(ms * 1e6) : otherwise;
}

/*
 * What options say, over what `w` says: { ttl, age, staleWhileRevalidate, staleIfError (all ms), vary,
 * surrogateKeys, metadata }. False: it has thrown.
 */
static bool write_options(struct js_call *c, JSObjectRef options, struct cache_write *w)
{
	struct str vary = js_get_str(c->ctx, options, "vary", &c->arena),
		   keys = js_get_str(c->ctx, options, "surrogateKeys", &c->arena),
		   metadata = js_get_str(c->ctx, options, "metadata", &c->arena);
	w->max_age_ns = option_ns(c, options, "ttl", w->max_age_ns);
	w->edge_max_age_ns = w->max_age_ns;
	w->initial_age_ns = option_ns(c, options, "age", w->initial_age_ns);
	w->swr_ns = option_ns(c, options, "staleWhileRevalidate", w->swr_ns);
	w->sie_ns = option_ns(c, options, "staleIfError", w->sie_ns);
	if (vary.len) {
		w->has_vary = true;
		w->vary = vary;
	}
	if (keys.len)
		w->surrogate_keys = keys;
	if (metadata.len)
		w->user_metadata = metadata;
	if (w->vary.len && !cache_vary_valid(w->vary)) {
		js_throw(c, "TypeError", "vary: '" STR_FMT "' are no header names separated by single blanks",
			 STR_ARG(w->vary));
		return false;
	}
	if (w->surrogate_keys.len && !cache_surrogate_keys_valid(w->surrogate_keys)) {
		js_throw(c, "TypeError",
			 "surrogateKeys: '" STR_FMT "' are no surrogate keys separated by blanks",
			 STR_ARG(w->surrogate_keys));
		return false;
	}
	return true;
}

/* Writes argument `i` as the object's body; takes the object, which may be NULL: it could not be stored. */
static JSValueRef write_body(struct js_call *c, size_t i, struct cache_object *taken)
{
	struct str bytes;
	struct body *input = taken ? cache_object_input(taken) : NULL;
	if (!taken)
		return js_throw(c, "Error", "the cache could not store it");
	if (input) {
		if (!js_bytes(c->ctx, js_arg(c, i), &bytes))
			bytes = js_arg_str(c, i);
		scoped(body_unref) struct body *held = body_ref(input);
		body_write(held, bytes);
		body_end(held);
	}
	cache_object_unref(&taken);
	return NULL;
}

/* insert(key, headers of the request, body, options): an object of the core cache */
JS_FUNCTION(insert)
{
	struct world *w = session_world(c);
	struct cache_op op;
	struct headers headers = { 0 };
	struct str key = js_arg_str(c, 0);
	struct cache_write write = { 0 };
	if (!w || *c->exception || !write_options(c, (JSObjectRef)js_arg(c, 3), &write))
		return NULL;
	if (key.len > CACHE_KEY_BYTES_MAX)
		return js_throw(c, "RangeError", "a key of the cache may have %d bytes", CACHE_KEY_BYTES_MAX);
	js_headers_from(c->ctx, js_arg(c, 1), &headers, &c->arena);
	cache_op_init(&op, CACHE_LOOKUP, key, &headers);
	JSValueRef result = write_body(c, 2, cache_insert(w->cache, &op, &write, w->loop));
	cache_op_fini(&op);
	return result;
}

/*
 * store(url, headers of the request, status, headers, body, options): a response of a backend, as the service
 * would have stored it; false: its headers say that it is not to be, and the options no time
 */
JS_FUNCTION(store)
{
	struct world *w = session_world(c);
	struct http_lookup l;
	struct http_request request = { .method = STR("GET"), .version = HTTP_1_1 };
	struct http_response response = { .version = HTTP_1_1 }, head;
	struct cache_write write;
	double status = js_arg_number(c, 2);
	request.uri = js_arg_str(c, 0);
	if (!w || *c->exception)
		return NULL;
	if (!(status >= 200 && status <= 599))
		return js_throw(c, "RangeError", "a response with status %g is not stored", status);
	response.status = (uint16_t)status;
	js_headers_from(c->ctx, js_arg(c, 1), &request.headers, &c->arena);
	js_headers_from(c->ctx, js_arg(c, 3), &response.headers, &c->arena);
	http_lookup_start(&l, w->cache, CACHE_LOOKUP, &request, STR(""), &c->arena, w->loop);
	JSObjectRef options = (JSObjectRef)js_arg(c, 5);
	bool told = !js_is_nullish(c->ctx, js_get(c->ctx, options, "ttl"));
	bool stored = http_lookup_prepare(&l, &response, &head) == CACHE_STORAGE_INSERT || told;
	http_lookup_suggest(&l, &head.headers, &write);
	JSValueRef result = NULL;
	if (stored && write_options(c, options, &write))
		result = write_body(c, 4, http_lookup_insert(&l, &head, &write));
	http_lookup_fini(&l);
	return *c->exception ? result : js_bool(c->ctx, stored);
}

/* ---- changing ---- */

/* How many it was, or what it failed with. */
static JSValueRef count_value(struct js_call *c, bool done, uint64_t count)
{
	return done ? js_number(c->ctx, (double)count) : js_throw(c, "Error", "the cache failed");
}

/* The key of an object in argument 0; {NULL, 0}: it is null, all objects. False: it has thrown. */
static bool key_arg(struct js_call *c, struct str *key)
{
	*key = (struct str){ 0 };
	if (js_is_nullish(c->ctx, js_arg(c, 0)))
		return true;
	struct cached *h = js_arg_thing(c, 0, &cached_kind);
	if (h)
		*key = blob_str(h->key);
	return h;
}

/* age(object or null: all, ms) → how many */
JS_FUNCTION(age)
{
	struct world *w = session_world(c);
	struct str key;
	uint64_t count;
	double ms = js_arg_number(c, 1);
	if (!w || *c->exception || !key_arg(c, &key))
		return NULL;
	if (!(ms >= 0 && ms < 1e12))
		return js_throw(c, "RangeError", "objects can only be made older");
	bool done = cache_age(w->cache, key, (uint64_t)(ms * 1e6), &count);
	return count_value(c, done, count);
}

/* remove(object) → how many: all under its key */
JS_FUNCTION(remove_object)
{
	struct world *w = session_world(c);
	struct str key;
	uint64_t count;
	if (!w || !key_arg(c, &key) || !key.ptr)
		return NULL;
	bool done = cache_remove(w->cache, key, &count);
	return count_value(c, done, count);
}

/* purge(surrogate key or null: all, softly) → how many */
JS_FUNCTION(purge)
{
	struct world *w = session_world(c);
	uint64_t count;
	bool all = js_is_nullish(c->ctx, js_arg(c, 0));
	struct str key = all ? (struct str){ 0 } : js_arg_str(c, 0);
	if (!w || *c->exception)
		return NULL;
	if (!all && (key.len == 0 || !cache_surrogate_key_valid(key)))
		return js_throw(c, "TypeError", "'" STR_FMT "' is no surrogate key", STR_ARG(key));
	bool done = cache_purge(w->cache, key, js_arg_bool(c, 1), &count);
	return count_value(c, done, count);
}

static const struct js_function functions[] = {
	{ "list", list_callback },   { "body", object_body_callback },     { "insert", insert_callback },
	{ "store", store_callback }, { "remove", remove_object_callback }, { "age", age_callback },
	{ "purge", purge_callback },
};
const struct js_module js_cache_module = { "cache", functions, COUNT_OF(functions) };
