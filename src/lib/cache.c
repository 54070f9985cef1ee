/* SPDX-License-Identifier: Apache-2.0 */
/* A world's cache, as tests look at it and change it. */
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "lib/lib_priv.h"
#include "world/http_cache.h"

/* ---- looking ---- */

struct cached {
	bl_cache_item item;
	struct cache_object *object; /* while the list is made; a reference */
	struct http_response head;
};

struct bl_cache_list {
	struct arena arena;
	struct cached *at;
	size_t count, cap;
};

static bl_bytes keep(struct arena *a, struct str s)
{
	return lib_bytes(arena_str(a, s));
}

static void add(struct bl_cache_list *l, struct str key, struct cache_object *o, uint64_t hits, bool purged)
{
	if (l->count == l->cap) {
		l->cap = MAX(2 * l->cap, (size_t)16);
		l->at = mem_realloc(l->at, l->cap * sizeof *l->at);
	}
	struct cached *c = &l->at[l->count++];
	*c = (struct cached){ .object = o };
	rc_ref(&o->rc);
	c->item.key = keep(&l->arena, key);
	c->item.hits = hits;
	c->item.fresh = !purged;
}

/* What of a body is there by now. */
static bl_bytes read_body(struct arena *a, struct cache_object *o, struct loop *loop)
{
	const struct cache_range whole = { 0 };
	scoped(buf_fini) struct buf bytes = BUF_INIT(SIZE_MAX);
	struct body *body;
	struct str some;
	if (cache_object_open(o, &whole, loop, &body) != CACHE_OPENED)
		return keep(a, STR(""));
	while (body_peek(body, &some) == BODY_DATA) {
		buf_add(&bytes, some);
		body_consume(body, some.len);
	}
	body_abandon(body);
	body_unref(&body);
	return keep(a, buf_str(&bytes));
}

/* The rest, once the cache is not walked any more. Lets go of the object. */
static void describe(struct bl_cache_list *l, struct cached *c, struct loop *loop)
{
	struct cache_object *o = c->object;
	bl_cache_item *item = &c->item;
	struct http_response head;
	struct str uri;
	item->age_ns = cache_object_age_ns(o, loop);
	item->max_age_ns = o->max_age_ns;
	item->stale_while_revalidate_ns = o->swr_ns;
	item->stale_if_error_ns = o->sie_ns;
	struct str key = { (const char *)item->key.data, item->key.len };
	item->surrogate_keys = keep(&l->arena, http_keys_shown(key, blob_str(o->surrogate_keys), &l->arena));
	item->complete = cache_object_complete(o);
	item->fresh = item->fresh && item->age_ns < o->max_age_ns;
	item->body = read_body(&l->arena, o, loop);
	if (http_object_head(o, &l->arena, &head, &uri)) {
		item->url = keep(&l->arena, uri);
		item->status = head.status;
		c->head.headers = headers_copy(&head.headers, &l->arena);
	} else {
		item->metadata = keep(&l->arena, blob_str(o->user_metadata));
	}
	cache_object_unref(&c->object);
}

static bl_cache_list *list_new(void)
{
	struct bl_cache_list *l = NEW(struct bl_cache_list);
	arena_init(&l->arena);
	return l;
}

bl_cache_list *bl_cache_look(bl_world *world, bl_error **error)
{
	if (!lib_given(world, "world", error))
		return NULL;
	lib_locked struct bl_service *s = lib_lock(world->service);
	struct bl_cache_list *l = list_new();
	for (struct cache_item i = { 0 }; cache_next(world->world->cache, &i);) {
		if (!i.object->pass)
			add(l, i.key, i.object, i.hits, i.purged);
	}
	for (size_t i = 0; i < l->count; i++)
		describe(l, &l->at[i], &world->loop);
	return l;
}

/* The lookup is done on a fork of the cache, so that it counts for nothing. */
bl_cache_list *bl_cache_find(bl_world *world, const bl_request *request, bl_error **error)
{
	if (!lib_given(world, "world", error) || !lib_given(request, "request", error))
		return NULL;
	lib_locked struct bl_service *s = lib_lock(world->service);
	struct bl_cache_list *l = list_new();
	struct http_request http;
	struct http_lookup lookup;
	struct cache *fork = cache_fork(world->world->cache);
	lib_request_make(request, &http, &world->loop, &l->arena);
	http_lookup_start(&lookup, fork, CACHE_LOOKUP, &http, STR(""), &l->arena, &world->loop);
	if (lookup.op.found) {
		bool counted = cache_op_state(&lookup.op, &world->loop) & CACHE_USABLE;
		add(l, lookup.op.key, lookup.op.found, lookup.op.hits - counted, lookup.op.purged);
		describe(l, &l->at[0], &world->loop);
	}
	http_lookup_fini(&lookup);
	body_unref(&http.body);
	cache_destroy(&fork);
	return l;
}

size_t bl_cache_list_count(const bl_cache_list *list)
{
	return list ? list->count : 0;
}

const bl_cache_item *bl_cache_list_at(const bl_cache_list *list, size_t index)
{
	return list && index < list->count ? &list->at[index].item : NULL;
}

bl_bytes bl_cache_list_header(const bl_cache_list *list, size_t index, const char *name)
{
	return list && index < list->count ? lib_header(&list->at[index].head.headers, name)
					   : (bl_bytes){ NULL, 0 };
}

void bl_cache_list_free(bl_cache_list *list)
{
	if (!list)
		return;
	arena_fini(&list->arena);
	mem_free(list->at);
	mem_free(list);
}

/* ---- storing ---- */

static bool read_write(struct cache_write *out, const bl_cache_write *write, bl_error **error)
{
	bl_cache_write w = { .size = sizeof w };
	if (!lib_given(write, "write", error))
		return false;
	if (write->size < offsetof(bl_cache_write, surrogate_keys) || write->size > sizeof w)
		return lib_failf(error, ERROR_INVALID,
				 "write->size is %zu; it should be sizeof(bl_cache_write), %zu here",
				 write->size, sizeof w);
	memcpy(&w, write, write->size);
	*out = (struct cache_write){
		.max_age_ns = w.max_age_ns,
		.edge_max_age_ns = w.max_age_ns,
		.initial_age_ns = w.age_ns,
		.swr_ns = w.stale_while_revalidate_ns,
		.sie_ns = w.stale_if_error_ns,
		.surrogate_keys = str_from(w.surrogate_keys),
		.has_vary = w.vary != NULL,
		.vary = str_from(w.vary),
		.user_metadata = { w.metadata, w.metadata_len },
	};
	if (!cache_surrogate_keys_valid(out->surrogate_keys))
		return lib_failf(error, ERROR_INVALID,
				 "the surrogate keys '%s' are too long, or hold what is no key",
				 w.surrogate_keys);
	return !w.vary || cache_vary_valid(out->vary) ||
	       lib_failf(error, ERROR_INVALID,
			 "'%s' are not names of header fields, separated by single spaces", w.vary);
}

static bool finish(struct cache_object *taken, struct str body, bl_error **error)
{
	if (!taken)
		return lib_failf(error, ERROR_LIMIT, "the cache does not take it");
	struct body *in = body_ref(cache_object_input(taken));
	body_write(in, body);
	body_end(in);
	body_unref(&in);
	bool complete = cache_object_complete(taken);
	cache_object_unref(&taken);
	return complete || lib_failf(error, ERROR_LIMIT, "the cache does not take so large an object");
}

bool bl_cache_put(bl_world *world, const void *key, size_t key_len, const void *body, size_t len,
		  const bl_cache_write *write, bl_error **error)
{
	struct cache_write w;
	struct cache_op op;
	if (!lib_given(world, "world", error) || (key_len && !lib_given(key, "key", error)) ||
	    (len && !lib_given(body, "body", error)) || !read_write(&w, write, error))
		return false;
	if (key_len > CACHE_KEY_BYTES_MAX)
		return lib_failf(error, ERROR_LIMIT, "a key of the cache has at most %d bytes",
				 CACHE_KEY_BYTES_MAX);
	if (w.has_vary)
		return lib_failf(
			error, ERROR_INVALID,
			"what is stored without a request does not vary by one; see bl_cache_put_response()");
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	cache_op_init(&op, CACHE_LOOKUP, (struct str){ key, key_len }, NULL);
	struct cache_object *o = cache_insert(world->world->cache, &op, &w, &world->loop);
	cache_op_fini(&op);
	return finish(o, (struct str){ body, len }, error);
}

static bool put_response(bl_world *world, const bl_request *request, const struct origin_answer *answer,
			 const struct cache_write *w, bl_error **error)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct http_request http;
	struct http_lookup lookup;
	const struct http_response head = { .status = answer->status,
					    .version = HTTP_1_1,
					    .headers = answer->headers };
	lib_request_make(request, &http, &world->loop, &a);
	http_lookup_start(&lookup, world->world->cache, CACHE_LOOKUP, &http, STR(""), &a, &world->loop);
	struct cache_object *o = http_lookup_insert(&lookup, &head, w);
	http_lookup_fini(&lookup);
	body_unref(&http.body);
	return finish(o, blob_str(answer->body), error);
}

bool bl_cache_put_response(bl_world *world, const bl_request *request, bl_answer *taken,
			   const bl_cache_write *write, bl_error **error)
{
	struct cache_write w;
	bool ok = lib_given(world, "world", error) && lib_given(request, "request", error) &&
		  lib_given(taken, "taken", error) && read_write(&w, write, error);
	if (ok) {
		lib_locked struct bl_service *s = lib_lock(world->service);
		ok = lib_changeable(world, error) &&
		     put_response(world, request, &taken->rule->answer, &w, error);
	}
	bl_answer_free(taken);
	return ok;
}

/* ---- changing ---- */

static bool tell(bool ok, uint64_t n, uint64_t *count, bl_error **error)
{
	if (count)
		*count = n;
	return ok || lib_failf(error, ERROR_IO, "the cache failed");
}

bool bl_cache_purge(bl_world *world, const char *surrogate_key, bool soft, uint64_t *count, bl_error **error)
{
	const struct str all = { NULL, 0 };
	uint64_t n;
	if (!lib_given(world, "world", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	bool ok = cache_purge(world->world->cache, surrogate_key ? str_from(surrogate_key) : all, soft, &n);
	return tell(ok, n, count, error);
}

bool bl_cache_remove(bl_world *world, const void *key, size_t key_len, uint64_t *count, bl_error **error)
{
	uint64_t n;
	if (!lib_given(world, "world", error) || !lib_given(key, "key", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	bool ok = cache_remove(world->world->cache, (struct str){ key, key_len }, &n);
	return tell(ok, n, count, error);
}

bool bl_cache_age(bl_world *world, const void *key, size_t key_len, uint64_t ns, uint64_t *count,
		  bl_error **error)
{
	uint64_t n;
	if (!lib_given(world, "world", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	bool ok = cache_age(world->world->cache, (struct str){ key, key ? key_len : 0 }, ns, &n);
	return tell(ok, n, count, error);
}
