/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache, as tests look at it and change it; backends that services register are in the examples' tests.
 */
#include "lib_setup.h"

static bl_answer *cacheable(const char *body)
{
	bl_answer *a = bl_answer_new(200);
	assert_true(bl_answer_header(a, "Cache-Control", "max-age=60", NULL));
	assert_true(bl_answer_header(a, "Surrogate-Key", "all products", NULL));
	assert_true(bl_answer_body(a, body, strlen(body), NULL));
	return a;
}

static uint64_t sent_by(bl_response *r)
{
	uint64_t n = bl_response_timing(r).subrequests;
	bl_response_free(r);
	return n;
}

TEST(what_a_service_cached_is_seen_aged_and_purged)
{
	bl_error *e = NULL;
	uint64_t count;
	bl_world *w = proxy_world();
	assert_true(bl_origin_answer(w, "api", "GET", "/mug", cacheable("mug"), &e));
	assert_int_equal(sent_by(fetch(w, "GET", "https://shop.example/mug", NULL)), 1);
	assert_int_equal(sent_by(fetch(w, "GET", "https://shop.example/mug", NULL)), 0);
	assert_true(bl_clock_advance(w, 10 * NS_PER_S, &e));

	bl_cache_list *l = bl_cache_look(w, &e);
	assert_int_equal(bl_cache_list_count(l), 1);
	const bl_cache_item *i = bl_cache_list_at(l, 0);
	assert_bytes(i->url, "https://shop.example/mug");
	assert_bytes(i->body, "mug");
	assert_bytes(i->surrogate_keys, "all products");
	assert_int_equal(i->status, 200);
	assert_int_equal(i->age_ns, 10 * NS_PER_S);
	assert_int_equal(i->max_age_ns, 60 * NS_PER_S);
	assert_int_equal(i->hits, 1);
	assert_true(i->complete && i->fresh);
	assert_bytes(bl_cache_list_header(l, 0, "cache-control"), "max-age=60");
	assert_null(bl_cache_list_at(l, 1));

	bl_request *q = bl_request_new("GET", "https://shop.example/mug", &e);
	bl_cache_list *found = bl_cache_find(w, q, &e);
	assert_int_equal(bl_cache_list_count(found), 1);
	assert_int_equal(bl_cache_list_at(found, 0)->hits, 1); /* looking counts for nothing */
	assert_true(str_eq((struct str){ bl_cache_list_at(found, 0)->key.data,
					 bl_cache_list_at(found, 0)->key.len },
			   (struct str){ i->key.data, i->key.len }));
	bl_cache_list_free(found);

	assert_true(bl_cache_age(w, i->key.data, i->key.len, 51 * NS_PER_S, &count, &e));
	assert_int_equal(count, 1);
	found = bl_cache_find(w, q, &e);
	assert_false(bl_cache_list_at(found, 0)->fresh);
	bl_cache_list_free(found);
	assert_int_equal(sent_by(fetch(w, "GET", "https://shop.example/mug", NULL)), 1);

	assert_true(bl_cache_purge(w, "products", true, &count, &e));
	assert_int_equal(count, 1);
	assert_int_equal(sent_by(fetch(w, "GET", "https://shop.example/mug", NULL)), 1);
	assert_true(bl_cache_purge(w, "none", false, &count, &e));
	assert_int_equal(count, 0);
	assert_true(bl_cache_remove(w, i->key.data, i->key.len, &count, &e));
	assert_int_equal(count, 1);
	found = bl_cache_find(w, q, &e);
	assert_int_equal(bl_cache_list_count(found), 0);
	bl_cache_list_free(found);
	bl_cache_list_free(l);
	bl_request_free(q);
	bl_world_free(w);
}

TEST(what_a_test_caches_is_found_by_the_service)
{
	bl_error *e = NULL;
	bl_world *w = proxy_world();
	bl_request *q = bl_request_new("GET", "https://shop.example/seeded", &e);
	bl_cache_write write = { .size = sizeof write, .max_age_ns = 60 * NS_PER_S, .surrogate_keys = "a b" };
	assert_true(bl_cache_put_response(w, q, cacheable("seeded"), &write, &e));
	bl_response *r = bl_fetch(w, q, &e);
	assert_int_equal(bl_response_status(r), 200);
	assert_bytes(bl_response_body(r), "seeded");
	assert_int_equal(sent_by(r), 0);
	assert_true(bl_cache_put(w, "key", 3, "core", 4, &write, &e));
	bl_cache_list *l = bl_cache_look(w, &e);
	assert_int_equal(bl_cache_list_count(l), 2);
	const bl_cache_item *core =
		bl_cache_list_at(l, 0)->url.data ? bl_cache_list_at(l, 1) : bl_cache_list_at(l, 0);
	assert_bytes(core->key, "key");
	assert_bytes(core->body, "core");
	assert_bytes(core->surrogate_keys, "a b");
	assert_int_equal(core->status, 0);
	bl_cache_list_free(l);
	bl_request_free(q);
	bl_world_free(w);
}

TEST(what_cannot_be_cached_says_why)
{
	bl_error *e = NULL;
	static char long_key[8136];
	bl_world *w = proxy_world();
	bl_cache_write write = { .size = sizeof write }, bad = { .size = 3 };
	assert_false(bl_cache_put(w, "k", 1, "", 0, NULL, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "write is NULL");
	assert_false(bl_cache_put(w, "k", 1, "", 0, &bad, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "sizeof(bl_cache_write)");
	assert_false(bl_cache_put(w, long_key, sizeof long_key, "", 0, &write, &e));
	assert_bl_error(e, BL_ERROR_LIMIT, "at most 8135");
	write.surrogate_keys = "caf\xc3\xa9";
	assert_false(bl_cache_put(w, "k", 1, "", 0, &write, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "surrogate keys");
	write.surrogate_keys = NULL;
	write.vary = "a";
	assert_false(bl_cache_put(w, "k", 1, "", 0, &write, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "does not vary");
	bl_world_free(w);
}
