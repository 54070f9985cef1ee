/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_purge. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_purge"

enum { SOFT = 1 << 0, RET_BUF = 1 << 1 };

/* Stores an object whose key is its text. */
static void put(struct abi_harness *h, const char *key, const char *surrogate_keys)
{
	struct cache_op op;
	struct cache_write w = { .max_age_ns = 10 * NS_PER_S, .surrogate_keys = str_from(surrogate_keys) };
	cache_op_init(&op, CACHE_LOOKUP, str_from(key), NULL);
	struct cache_object *o = cache_insert(h->world->cache, &op, &w, &h->loop);
	body_end(cache_object_input(o));
	assert_true(cache_object_complete(o));
	cache_object_unref(&o);
}

static unsigned state(struct abi_harness *h, const char *key)
{
	struct cache_op op;
	cache_op_init(&op, CACHE_LOOKUP, str_from(key), NULL);
	cache_start(h->world->cache, &op, &h->loop);
	unsigned flags = cache_op_state(&op, &h->loop);
	cache_op_fini(&op);
	return flags;
}

static uint32_t options(struct abi_harness *h, uint32_t buf, uint32_t len, uint32_t nwritten)
{
	struct abi_purge_options o = { buf, len, nwritten };
	return abi_place(h, (struct str){ (const char *)&o, sizeof o });
}

TEST(a_purge_takes_what_has_the_key)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "1", "a b");
	put(&h, "2", "b");
	uint32_t none = options(&h, 0, 0, 0);
	assert_status(CALL("purge_surrogate_key", TEXT("nobody"), 0, none), ABI_OK);
	assert_status(CALL("purge_surrogate_key", TEXT(""), 0, none), ABI_OK);
	assert_int_equal(state(&h, "1"), CACHE_FOUND | CACHE_USABLE);
	assert_status(CALL("purge_surrogate_key", TEXT("a"), 0, none), ABI_OK);
	assert_int_equal(state(&h, "1"), 0);
	assert_int_equal(state(&h, "2"), CACHE_FOUND | CACHE_USABLE);
	abi_fini(&h);
}

TEST(a_soft_purge_makes_stale)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "1", "a");
	assert_status(CALL("purge_surrogate_key", TEXT("a"), SOFT, options(&h, 0, 0, 0)), ABI_OK);
	assert_int_equal(state(&h, "1"), CACHE_FOUND | CACHE_USABLE | CACHE_STALE);
	abi_fini(&h);
}

TEST(the_answer_is_json_and_needs_room)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "1", "a");
	uint32_t buf = abi_room(&h, 128), len = abi_room(&h, 4);
	assert_status(CALL("purge_surrogate_key", TEXT("a"), RET_BUF, options(&h, buf, 10, len)), ABI_BUFLEN);
	uint32_t needed = abi_u32(&h, len);
	assert_in_range(needed, 20, 100);
	assert_int_equal(state(&h, "1"), CACHE_FOUND | CACHE_USABLE); /* nothing was purged */
	assert_status(CALL("purge_surrogate_key", TEXT("a"), RET_BUF, options(&h, buf, needed - 1, len)),
		      ABI_BUFLEN);
	assert_status(CALL("purge_surrogate_key", TEXT("a"), RET_BUF, options(&h, buf, needed, len)), ABI_OK);
	assert_true(str_starts(abi_text(&h, buf, len), STR("{\"status\":\"ok\",\"id\":\"")));
	assert_int_equal(state(&h, "1"), 0);
	abi_fini(&h);
}

TEST(a_bad_place_for_the_answer_is_refused)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "1", "a");
	uint32_t buf = abi_room(&h, 128), len = abi_room(&h, 8), end = ABI_MEMORY_BYTES;
	assert_status(CALL("purge_surrogate_key", TEXT("a"), RET_BUF, options(&h, end - 1, 2, len)),
		      ABI_INVAL);
	assert_status(CALL("purge_surrogate_key", TEXT("a"), RET_BUF, options(&h, buf, UINT32_MAX, len)),
		      ABI_INVAL);
	assert_status(CALL("purge_surrogate_key", TEXT("a"), RET_BUF, options(&h, buf, 128, end - 2)),
		      ABI_INVAL);
	assert_status(CALL("purge_surrogate_key", TEXT("a"), RET_BUF, options(&h, buf, 128, len + 2)),
		      ABI_BADALIGN);
	assert_int_equal(state(&h, "1"), CACHE_FOUND | CACHE_USABLE);
	abi_fini(&h);
}

TEST(keys_and_options_are_checked)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t none = options(&h, 0, 0, 0), longest = abi_room(&h, 1025);
	memset(h.memory + longest, 'a', 1025);
	assert_status(CALL("purge_surrogate_key", TEXT("a"), 1 << 2, none), ABI_INVAL);
	assert_status(CALL("purge_surrogate_key", TEXT("a b"), 0, none), ABI_INVAL);
	assert_status(CALL("purge_surrogate_key", TEXT("\xff"), 0, none), ABI_INVAL);
	assert_status(CALL("purge_surrogate_key", longest, 1025, 0, none), ABI_INVAL);
	assert_status(CALL("purge_surrogate_key", longest, 1024, 0, none), ABI_OK);
	abi_fini(&h);
}

TEST(a_cache_that_fails_is_an_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "1", "a");
	h.world->cache = cache_failing_new(h.world->cache, 0);
	assert_status(CALL("purge_surrogate_key", TEXT("a"), 0, options(&h, 0, 0, 0)), ABI_ERROR);
	assert_int_equal(state(&h, "1"), CACHE_FOUND | CACHE_USABLE);
	abi_fini(&h);
}

TEST(every_function_has_worked)
{
	assert_covered(MODULE, "");
}
