/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_cache. */
#include <string.h>

#include "base/mem.h"
#include "guest/limit.h"
#include "support/abi_check.h"

#define MODULE "fastly_cache"

enum { HEADERS = 1 << 1, SERVICE = 1 << 2, ALWAYS = 1 << 3 };
enum { STRATEGY = 1 << 2, REPLACE_SERVICE = 1 << 3 };
enum { IMMEDIATE = 1, FORCE_MISS, JOIN };
enum {
	VARY = 1 << 2,
	INITIAL_AGE = 1 << 3,
	SWR = 1 << 4,
	SURROGATE_KEYS = 1 << 5,
	LENGTH = 1 << 6,
	METADATA = 1 << 7,
	SENSITIVE = 1 << 8,
	EDGE_MAX_AGE = 1 << 9,
	ON_BEHALF = 1 << 10,
};
enum { FROM = 1 << 1, TO = 1 << 2 };
enum { FOUND = 1, USABLE = 2, STALE = 4, OBLIGED = 8 };
enum { FRESH = FOUND | USABLE, WAITERS = 100 };

/* ---- what the tests have in common ---- */

static uint32_t place(struct abi_harness *h, const void *record, size_t size)
{
	return abi_place(h, (struct str){ record, size });
}

static uint32_t lookup_options(struct abi_harness *h, uint32_t request)
{
	struct abi_cache_lookup_options o = { .request_headers = request };
	return place(h, &o, sizeof o);
}

static uint32_t write_options(struct abi_harness *h, const struct abi_cache_write_options *o)
{
	return place(h, o, sizeof *o);
}

static uint32_t seconds(struct abi_harness *h, unsigned s)
{
	struct abi_cache_write_options o = { .max_age_ns = s * NS_PER_S };
	return write_options(h, &o);
}

/* A request with one header. */
static uint32_t request_with(struct abi_harness *h, const char *name, const char *value)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, "fastly_http_req", "new", out), ABI_OK);
	uint32_t request = abi_u32(h, out), name_at = abi_place(h, str_from(name)),
		 at = abi_place(h, str_from(value));
	assert_status(abi_call(h, "fastly_http_req", "header_insert", request, name_at, strlen(name), at,
			       strlen(value)),
		      ABI_OK);
	return request;
}

/* The handle that a call with a key, a mask and options gives. */
static uint32_t by_key(struct abi_harness *h, const char *call, const char *key, uint32_t mask,
		       uint32_t options)
{
	uint32_t out = abi_room(h, 4), at = abi_place(h, str_from(key));
	assert_status(abi_call(h, MODULE, call, at, strlen(key), mask, options, out), ABI_OK);
	return abi_u32(h, out);
}

static uint32_t lookup(struct abi_harness *h, const char *key)
{
	return by_key(h, "lookup", key, 0, lookup_options(h, 0));
}

static uint32_t transaction(struct abi_harness *h, const char *key)
{
	return by_key(h, "transaction_lookup", key, 0, lookup_options(h, 0));
}

static uint32_t async(struct abi_harness *h, const char *key)
{
	return by_key(h, "transaction_lookup_async", key, 0, lookup_options(h, 0));
}

static uint32_t wait_busy(struct abi_harness *h, uint32_t busy)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "cache_busy_handle_wait", busy, out), ABI_OK);
	return abi_u32(h, out);
}

static bool is_ready(struct abi_harness *h, uint32_t handle)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, "fastly_async_io", "is_ready", handle, out), ABI_OK);
	return abi_u32(h, out) != 0;
}

static void write_body(struct abi_harness *h, uint32_t body, const char *text)
{
	uint32_t out = abi_room(h, 4), at = abi_place(h, str_from(text));
	assert_status(abi_call(h, "fastly_http_body", "write", body, at, strlen(text), 0, out), ABI_OK);
}

static void close_body(struct abi_harness *h, uint32_t body)
{
	assert_status(abi_call(h, "fastly_http_body", "close", body), ABI_OK);
}

static void finish(struct abi_harness *h, uint32_t body, const char *text)
{
	write_body(h, body, text);
	close_body(h, body);
}

static void put_with(struct abi_harness *h, const char *key, const char *text, uint32_t mask,
		     uint32_t options)
{
	finish(h, by_key(h, "insert", key, mask, options), text);
}

static void put(struct abi_harness *h, const char *key, const char *text)
{
	put_with(h, key, text, 0, seconds(h, 10));
}

static unsigned state(struct abi_harness *h, uint32_t handle)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "get_state", handle, out), ABI_OK);
	return abi_u32(h, out);
}

static uint64_t number(struct abi_harness *h, const char *call, uint32_t handle)
{
	uint32_t out = abi_room(h, 8);
	assert_status(abi_call(h, MODULE, call, handle, out), ABI_OK);
	return abi_u64(h, out);
}

static uint32_t range_options(struct abi_harness *h, uint64_t from, uint64_t to)
{
	struct abi_cache_get_body_options o = { from, to };
	return place(h, &o, sizeof o);
}

static uint32_t get_body(struct abi_harness *h, uint32_t handle)
{
	uint32_t out = abi_room(h, 4), options = range_options(h, 0, 0);
	assert_status(abi_call(h, MODULE, "get_body", handle, 0, options, out), ABI_OK);
	return abi_u32(h, out);
}

/* What a body holds; closes it. */
static struct str read_all(struct abi_harness *h, uint32_t body)
{
	struct str text = check_body(h, body);
	close_body(h, body);
	return text;
}

static struct str text_of(struct abi_harness *h, uint32_t handle)
{
	return read_all(h, get_body(h, handle));
}

static struct str range(struct abi_harness *h, uint32_t handle, uint32_t mask, uint64_t from, uint64_t to)
{
	uint32_t out = abi_room(h, 4), options = range_options(h, from, to);
	assert_status(abi_call(h, MODULE, "get_body", handle, mask, options, out), ABI_OK);
	return read_all(h, abi_u32(h, out));
}

static void provide(struct abi_harness *h, uint32_t handle, const char *text)
{
	uint32_t out = abi_room(h, 4), options = seconds(h, 10);
	assert_status(abi_call(h, MODULE, "transaction_insert", handle, 0, options, out), ABI_OK);
	finish(h, abi_u32(h, out), text);
}

static void pass(struct abi_harness *h, uint64_t ns)
{
	assert_true(clock_jump(h->clock, clock_monotonic(h->clock) + ns));
}

/* Another guest in the same world. */
static struct sandbox *new_guest(struct abi_harness *h)
{
	struct sandbox *sb = NEW(struct sandbox);
	sb->base = h->memory;
	sb->size = ABI_MEMORY_BYTES;
	sandbox_init(sb, &h->service, h->world, &h->asked);
	sb->resume.run = abi_woken;
	return sb;
}

static void end_guest(struct sandbox *sb)
{
	sandbox_stop(sb);
	sandbox_release(sb);
	sandbox_fini(sb);
	handles_fini(&sb->handles);
	arena_fini(&sb->arena);
	mem_free(sb);
}

/* ---- lookup and insert ---- */

TEST(what_was_inserted_is_found)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_int_equal(state(&h, lookup(&h, "k")), 0);
	put(&h, "k", "hello");
	uint32_t found = lookup(&h, "k");
	assert_int_equal(state(&h, found), FRESH);
	assert_str(text_of(&h, found), "hello");
	assert_int_equal(number(&h, "get_length", found), 5);
	assert_int_equal(number(&h, "get_max_age_ns", found), 10 * NS_PER_S);
	assert_int_equal(number(&h, "get_stale_while_revalidate_ns", found), 0);
	assert_int_equal(number(&h, "get_age_ns", found), 0);
	assert_int_equal(number(&h, "get_hits", found), 1);
	assert_int_equal(number(&h, "get_hits", lookup(&h, "k")), 2);
	assert_status(CALL("close", found), ABI_OK);
	assert_status(CALL("close", found), ABI_BADF);
	abi_fini(&h);
}

TEST(a_key_has_at_most_8135_bytes)
{
	static const char *const calls[] = { "lookup", "insert", "transaction_lookup",
					     "transaction_lookup_async", "replace" };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t key = abi_room(&h, CACHE_KEY_BYTES_MAX + 1), options = abi_room(&h, 80),
		 out = abi_room(&h, 4);
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		uint32_t open = h.sandbox->handles.open;
		assert_status(CALL(calls[i], key, CACHE_KEY_BYTES_MAX + 1, 0, options, out), ABI_INVAL);
		assert_int_equal(h.sandbox->handles.open, open);
		assert_status(CALL(calls[i], key, CACHE_KEY_BYTES_MAX, 0, options, out), ABI_OK);
		if (i >= 2)
			assert_status(CALL("close", abi_u32(&h, out)), ABI_OK);
		assert_status(CALL(calls[i], key, 0, 0, options, out), ABI_OK);
		if (i >= 2)
			assert_status(CALL("close", abi_u32(&h, out)), ABI_OK);
	}
	abi_fini(&h);
}

TEST(options_of_lookups_are_checked)
{
	static const char *const calls[] = { "lookup", "transaction_lookup", "transaction_lookup_async" };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t options = lookup_options(&h, HANDLE_INVALID), out = abi_room(&h, 4);
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		uint32_t open = h.sandbox->handles.open;
		assert_status(CALL(calls[i], TEXT("k"), HEADERS, options, out), ABI_BADF);
		assert_status(CALL(calls[i], TEXT("k"), SERVICE, options, out), ABI_UNSUPPORTED);
		assert_status(CALL(calls[i], TEXT("k"), 1, options, out), ABI_UNSUPPORTED);
		assert_status(CALL(calls[i], TEXT("k"), 1 << 4, options, out), ABI_INVAL);
		assert_int_equal(h.sandbox->handles.open, open);
	}
	assert_status(CALL("replace", TEXT("k"), HEADERS, options, out), ABI_BADF);
	abi_fini(&h);
}

/* What a write with these options answers, in each of the calls that write. */
static void check_write(struct abi_harness *h, uint32_t mask, const struct abi_cache_write_options *o,
			int expected)
{
	uint32_t at = write_options(h, o), out = abi_room(h, 8), op = transaction(h, "obliged");
	assert_status(abi_call(h, MODULE, "insert", ABI_TEXT(h, "k"), mask, at, out), expected);
	assert_status(abi_call(h, MODULE, "transaction_insert", op, mask, at, out), expected);
	if (expected == ABI_OK) { /* the obligation is met */
		assert_status(abi_call(h, MODULE, "transaction_cancel", op), ABI_BADF);
		close_body(h, abi_u32(h, out));
		assert_status(abi_call(h, "fastly_purge", "purge_surrogate_key", ABI_TEXT(h, "none"), 0, at),
			      ABI_OK);
		uint64_t count;
		assert_true(cache_purge(h->world->cache, (struct str){ NULL, 0 }, false, &count));
	} else {
		assert_status(abi_call(h, MODULE, "transaction_insert_and_stream_back", op, mask, at, out,
				       out + 4),
			      expected);
		assert_status(abi_call(h, MODULE, "transaction_update", op, mask, at), expected);
		assert_status(abi_call(h, MODULE, "transaction_cancel", op), ABI_OK);
	}
	assert_status(abi_call(h, MODULE, "close", op), ABI_OK);
}

TEST(what_is_past_all_use_has_nothing_to_tell_but_what_was_found_keeps_it)
{
	static const char *const numbers[] = { "get_age_ns", "get_hits", "get_length", "get_max_age_ns",
					       "get_stale_while_revalidate_ns" };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "k", "hello");
	uint32_t before = lookup(&h, "k");
	pass(&h, 11 * NS_PER_S);
	uint32_t after = lookup(&h, "k"), out = abi_room(&h, 8), options = range_options(&h, 0, 0);
	assert_int_equal(state(&h, after), 0);
	assert_status(CALL("get_body", after, 0, options, out), ABI_NONE);
	assert_status(CALL("get_user_metadata", after, out, 8, out), ABI_NONE);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		assert_status(CALL(numbers[i], after, out), ABI_NONE);
		assert_status(CALL(numbers[i], before, out), ABI_OK);
	}
	assert_str(text_of(&h, before), "hello");
	abi_fini(&h);
}

TEST(options_of_writes_are_checked)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_cache_write_options o = { .max_age_ns = 10, .edge_max_age_ns = 11 };
	check_write(&h, EDGE_MAX_AGE, &o, ABI_INVAL);
	check_write(&h, 0, &o, ABI_OK); /* without its bit it does not count */
	o.edge_max_age_ns = 10;
	check_write(&h, EDGE_MAX_AGE | SENSITIVE, &o, ABI_OK);
	check_write(&h, ON_BEHALF, &o, ABI_UNSUPPORTED);
	check_write(&h, 1, &o, ABI_UNSUPPORTED);
	check_write(&h, 1 << 11, &o, ABI_INVAL);
	o.vary_rule = abi_place(&h, STR("a b\n"));
	o.vary_rule_len = 4;
	check_write(&h, VARY, &o, ABI_ERROR);
	o.vary_rule_len = 3;
	check_write(&h, VARY, &o, ABI_OK);
	o.vary_rule_len = UINT32_MAX;
	check_write(&h, VARY, &o, ABI_INVAL);
	o.surrogate_keys = abi_place(&h, STR("a \xff"));
	o.surrogate_keys_len = 3;
	check_write(&h, SURROGATE_KEYS, &o, ABI_OK); /* without the key that is none */
	o.surrogate_keys_len = 2;
	check_write(&h, SURROGATE_KEYS, &o, ABI_OK);
	o.surrogate_keys = UINT32_MAX;
	check_write(&h, SURROGATE_KEYS, &o, ABI_INVAL);
	o.user_metadata = ABI_MEMORY_BYTES - 1;
	o.user_metadata_len = 2;
	check_write(&h, METADATA, &o, ABI_INVAL);
	o.user_metadata_len = 1;
	check_write(&h, METADATA, &o, ABI_OK);
	abi_fini(&h);
}

TEST(headers_are_for_plain_inserts_alone)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_cache_write_options o = { .max_age_ns = 10 * NS_PER_S, .request_headers = HANDLE_INVALID };
	uint32_t out = abi_room(&h, 8), at = write_options(&h, &o), op = transaction(&h, "k");
	assert_status(CALL("insert", TEXT("k"), HEADERS, at, out), ABI_BADF);
	o.request_headers = h.sandbox->request_handle;
	at = write_options(&h, &o);
	assert_status(CALL("transaction_insert", op, HEADERS, at, out), ABI_INVAL);
	assert_status(CALL("transaction_insert_and_stream_back", op, HEADERS, at, out, out + 4), ABI_INVAL);
	assert_status(CALL("transaction_update", op, HEADERS, at), ABI_INVAL);
	assert_int_equal(state(&h, op), OBLIGED);
	abi_fini(&h);
}

TEST(variants_are_found_by_their_headers)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t french = request_with(&h, "Accept-Language", "fr"),
		 german = request_with(&h, "accept-language", "de");
	struct abi_cache_write_options o = { .max_age_ns = 10 * NS_PER_S,
					     .request_headers = french,
					     .vary_rule_len = 15 };
	o.vary_rule = abi_place(&h, STR("accept-language"));
	put_with(&h, "k", "bonjour", HEADERS | VARY, write_options(&h, &o));
	assert_int_equal(state(&h, lookup(&h, "k")), 0);
	assert_int_equal(state(&h, by_key(&h, "lookup", "k", HEADERS, lookup_options(&h, german))), 0);
	assert_str(text_of(&h, by_key(&h, "lookup", "k", HEADERS, lookup_options(&h, french))), "bonjour");
	/* A transaction stores for the headers of its lookup, whatever became of the request since. */
	uint32_t op = by_key(&h, "transaction_lookup", "k", HEADERS, lookup_options(&h, german));
	assert_status(abi_call(&h, "fastly_http_req", "close", german), ABI_OK);
	uint32_t out = abi_room(&h, 4);
	assert_status(CALL("transaction_insert", op, VARY, write_options(&h, &o), out), ABI_OK);
	finish(&h, abi_u32(&h, out), "hallo");
	german = request_with(&h, "ACCEPT-LANGUAGE", "de");
	assert_str(text_of(&h, by_key(&h, "lookup", "k", HEADERS, lookup_options(&h, german))), "hallo");
	assert_str(text_of(&h, by_key(&h, "lookup", "k", HEADERS, lookup_options(&h, french))), "bonjour");
	abi_fini(&h);
}

TEST(nothing_can_be_told_about_nothing)
{
	static const char *const numbers[] = { "get_length", "get_max_age_ns",
					       "get_stale_while_revalidate_ns", "get_age_ns", "get_hits" };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t none = lookup(&h, "k"), out = abi_room(&h, 16);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		assert_status(CALL(numbers[i], none, out), ABI_NONE);
	assert_status(CALL("get_user_metadata", none, out, 4, out + 8), ABI_NONE);
	assert_status(CALL("get_body", none, 0, out, out), ABI_NONE);
	abi_fini(&h);
}

TEST(metadata_needs_room)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_cache_write_options o = { .max_age_ns = 1, .user_metadata_len = 8 };
	o.user_metadata = abi_place(&h, STR("about it"));
	put_with(&h, "k", "x", METADATA, write_options(&h, &o));
	assert_str(check_bytes(&h, ABI_OK, MODULE, "get_user_metadata", lookup(&h, "k")), "about it");
	put_with(&h, "k", "x", 0, write_options(&h, &o));
	assert_str(check_bytes(&h, ABI_OK, MODULE, "get_user_metadata", lookup(&h, "k")), "");
	abi_fini(&h);
}

/* ---- time ---- */

TEST(ages_and_states_go_by_the_worlds_clock)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_cache_write_options o = { .max_age_ns = 10 * NS_PER_S,
					     .initial_age_ns = 3 * NS_PER_S,
					     .stale_while_revalidate_ns = 5 * NS_PER_S };
	put_with(&h, "k", "x", INITIAL_AGE | SWR, write_options(&h, &o));
	uint32_t found = lookup(&h, "k");
	pass(&h, 2 * NS_PER_S);
	assert_int_equal(number(&h, "get_age_ns", found), 5 * NS_PER_S);
	assert_int_equal(number(&h, "get_stale_while_revalidate_ns", found), 5 * NS_PER_S);
	assert_int_equal(state(&h, found), FRESH);
	pass(&h, 5 * NS_PER_S);
	assert_int_equal(state(&h, found), FRESH | STALE);
	assert_int_equal(state(&h, lookup(&h, "k")), FRESH | STALE);
	pass(&h, 5 * NS_PER_S);
	assert_int_equal(state(&h, lookup(&h, "k")), 0);
	assert_int_equal(state(&h, found), 0);
	assert_int_equal(number(&h, "get_age_ns", found),
			 15 * NS_PER_S); /* it is still there to tell about */
	abi_fini(&h);
}

/* ---- bodies ---- */

TEST(one_body_at_a_time_is_open_for_reading)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "k", "hello");
	uint32_t found = lookup(&h, "k"), body = get_body(&h, found), out = abi_room(&h, 16);
	assert_status(CALL("get_body", found, 0, out, out), ABI_BADF);
	close_body(&h, body);
	assert_str(text_of(&h, found), "hello");
	assert_str(text_of(&h, found), "hello");
	abi_fini(&h);
}

TEST(a_body_that_was_found_is_the_guests_own)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "k", "hello");
	uint32_t body = get_body(&h, lookup(&h, "k")), out = abi_room(&h, 8);
	assert_status(abi_call(&h, "fastly_http_body", "known_length", body, out), ABI_OK);
	assert_int_equal(abi_u64(&h, out), 5);
	assert_true(is_ready(&h, body));
	write_body(&h, body, " again");
	assert_str(check_body(&h, body), "hello again");
	assert_str(text_of(&h, lookup(&h, "k")), "hello");
	assert_int_equal(h.sandbox->held_bytes, 0);
	abi_fini(&h);
}

TEST(ranges_are_parts_of_the_body)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "k", "hello beautiful world");
	uint32_t found = lookup(&h, "k"), out = abi_room(&h, 16);
	assert_str(range(&h, found, FROM | TO, 6, 14), "beautiful");
	assert_str(range(&h, found, FROM, 16, 0), "world");
	assert_str(range(&h, found, TO, 0, 4), "orld");
	assert_str(range(&h, found, FROM | TO, 6, 100), "hello beautiful world");
	assert_str(range(&h, found, FROM, UINT64_MAX, 0), "hello beautiful world");
	assert_status(CALL("get_body", found, 1, out, out), ABI_UNSUPPORTED);
	assert_status(CALL("get_body", found, 1 << 3, out, out), ABI_INVAL);
	abi_fini(&h);
}

TEST(a_body_is_read_while_it_is_written)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t writer = by_key(&h, "insert", "k", 0, seconds(&h, 10)), out = abi_room(&h, 64),
		 len = abi_room(&h, 4);
	uint32_t found = lookup(&h, "k");
	assert_int_equal(state(&h, found), FRESH);
	assert_status(CALL("get_length", found, out), ABI_NONE);
	uint32_t early = get_body(&h, found);
	assert_false(is_ready(&h, early));
	write_body(&h, writer, "hello ");
	assert_status(abi_call(&h, "fastly_http_body", "read", early, out, 64, len), ABI_OK);
	assert_str(abi_text(&h, out, len), "hello ");
	assert_status(abi_call(&h, "fastly_http_body", "read", early, out, 64, len), ABI_WAIT);
	uint32_t late = get_body(&h, lookup(&h, "k"));
	finish(&h, writer, "world");
	assert_str(check_body(&h, early), "world");
	assert_str(check_body(&h, late), "hello world");
	assert_status(CALL("get_length", found, out), ABI_NONE); /* what was not known then */
	assert_int_equal(number(&h, "get_length", lookup(&h, "k")), 11);
	abi_fini(&h);
}

TEST(a_writer_waits_for_nobody_who_reads)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t writer = by_key(&h, "insert", "k", 0, seconds(&h, 10)), chunk = abi_room(&h, 64 * 1024),
		 out = abi_room(&h, 4);
	uint32_t reader = get_body(&h, lookup(&h, "k"));
	for (int i = 0; i < 64; i++)
		assert_status(abi_call(&h, "fastly_http_body", "write", writer, chunk, 64 * 1024, 0, out),
			      ABI_OK);
	close_body(&h, writer);
	assert_int_equal(check_body(&h, reader).len, 64 * 64 * 1024);
	abi_fini(&h);
}

TEST(a_writer_that_abandons_fails_its_readers)
{
	for (int dies = 0; dies < 2; dies++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t writer = by_key(&h, "insert", "k", 0, seconds(&h, 10)), out = abi_room(&h, 64);
		uint32_t reader = get_body(&h, lookup(&h, "k"));
		write_body(&h, writer, "half");
		if (dies) {
			sandbox_release(h.sandbox);
			assert_int_equal(state(&h, lookup(&h, "k")), 0);
			abi_fini(&h);
			continue;
		}
		assert_status(abi_call(&h, "fastly_http_body", "abandon", writer), ABI_OK);
		assert_int_equal(state(&h, lookup(&h, "k")), 0);
		assert_status(abi_call(&h, "fastly_http_body", "read", reader, out, 32, out + 32), ABI_OK);
		assert_str(abi_text(&h, out, out + 32), "half");
		assert_status(abi_call(&h, "fastly_http_body", "read", reader, out, 32, out + 32),
			      ABI_HTTPINCOMPLETE);
		abi_fini(&h);
	}
}

TEST(a_body_is_as_long_as_was_said_or_fails)
{
	static const char *const bodies[] = { "123", "1234", "12345" };
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		struct abi_cache_write_options o = { .max_age_ns = 10, .length = 4 };
		uint32_t writer = by_key(&h, "insert", "k", LENGTH, write_options(&h, &o));
		uint32_t found = lookup(&h, "k"), out = abi_room(&h, 64);
		assert_int_equal(number(&h, "get_length", found), 4);
		finish(&h, writer, bodies[i]);
		uint32_t reader = get_body(&h, found);
		int status = ABI_OK;
		for (int reads = 0; reads < 2 && status == ABI_OK; reads++)
			status = (int)abi_call(&h, "fastly_http_body", "read", reader, out, 32, out + 32);
		assert_status(status, strlen(bodies[i]) == 4 ? ABI_OK : ABI_HTTPINCOMPLETE);
		assert_int_equal(state(&h, lookup(&h, "k")), strlen(bodies[i]) == 4 ? FRESH : 0);
		abi_fini(&h);
	}
}

TEST(an_insisted_range_of_an_unknown_length_waits_for_its_start)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct sandbox *writing = h.sandbox, *reading = new_guest(&h);
	uint32_t writer = by_key(&h, "insert", "k", 0, seconds(&h, 10)), out = abi_room(&h, 4);
	write_body(&h, writer, "hello ");
	h.sandbox = reading;
	uint32_t plain = lookup(&h, "k"), found = by_key(&h, "lookup", "k", ALWAYS, lookup_options(&h, 0));
	uint32_t options = range_options(&h, 6, 14);
	assert_status(CALL("get_body", plain, FROM | TO, options, out), ABI_OK);
	uint32_t whole = abi_u32(&h, out);
	assert_status(CALL("get_body", found, FROM | TO, options, out), ABI_WAIT);
	h.sandbox = writing;
	write_body(&h, writer, "b");
	h.sandbox = reading;
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK);
	uint32_t part = abi_u32(&h, out);
	h.sandbox = writing;
	finish(&h, writer, "eautiful world");
	h.sandbox = reading;
	assert_str(check_body(&h, part), "beautiful");
	assert_str(check_body(&h, whole), "hello beautiful world");
	end_guest(reading);
	h.sandbox = writing;
	abi_fini(&h);
}

TEST(a_range_that_will_never_come_is_an_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct sandbox *writing = h.sandbox, *reading = new_guest(&h);
	uint32_t writer = by_key(&h, "insert", "k", 0, seconds(&h, 10)), out = abi_room(&h, 4);
	h.sandbox = reading;
	uint32_t found = by_key(&h, "lookup", "k", ALWAYS, lookup_options(&h, 0)),
		 last = range_options(&h, 0, 4);
	assert_status(CALL("get_body", found, TO, last, out), ABI_WAIT);
	h.sandbox = writing;
	assert_status(abi_call(&h, "fastly_http_body", "abandon", writer), ABI_OK);
	h.sandbox = reading;
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_ERROR);
	end_guest(reading);
	h.sandbox = writing;
	abi_fini(&h);
}

/* ---- transactions ---- */

TEST(the_first_transaction_is_obliged_and_meets_it_once)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t op = transaction(&h, "k"), out = abi_room(&h, 8), options = seconds(&h, 10);
	assert_int_equal(state(&h, op), OBLIGED);
	assert_status(CALL("transaction_update", op, 0, options), ABI_BADF); /* there is nothing to update */
	assert_int_equal(state(&h, op), OBLIGED);
	provide(&h, op, "hello");
	assert_int_equal(state(&h, op), 0);
	assert_status(CALL("transaction_insert", op, 0, options, out), ABI_BADF);
	assert_status(CALL("transaction_insert_and_stream_back", op, 0, options, out, out + 4), ABI_BADF);
	assert_status(CALL("transaction_update", op, 0, options), ABI_BADF);
	assert_status(CALL("transaction_cancel", op), ABI_BADF);
	uint32_t next = transaction(&h, "k");
	assert_int_equal(state(&h, next), FRESH);
	assert_str(text_of(&h, next), "hello");
	assert_status(CALL("transaction_insert", lookup(&h, "other"), 0, options, out), ABI_BADF);
	abi_fini(&h);
}

TEST(a_hundred_wait_in_order)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t busy[WAITERS], leader = transaction(&h, "k");
	for (int i = 0; i < WAITERS; i++) {
		abi_clear(&h);
		busy[i] = async(&h, "k");
		assert_false(is_ready(&h, busy[i]));
	}
	assert_status(CALL("transaction_cancel", leader), ABI_OK);
	for (int i = 0; i < WAITERS / 2; i++) {
		assert_true(is_ready(&h, busy[i]));
		assert_false(is_ready(&h, busy[i + 1]));
		uint32_t op = wait_busy(&h, busy[i]);
		assert_int_equal(state(&h, op), OBLIGED);
		assert_status(CALL("close_busy", busy[i]), ABI_OK);
		assert_status(i % 2 ? CALL("close", op) : CALL("transaction_cancel", op), ABI_OK);
	}
	provide(&h, wait_busy(&h, busy[WAITERS / 2]), "at last");
	for (int i = WAITERS / 2 + 1; i < WAITERS; i++) {
		abi_clear(&h);
		assert_true(is_ready(&h, busy[i]));
		uint32_t op = wait_busy(&h, busy[i]);
		assert_int_equal(state(&h, op), FRESH);
		assert_str(text_of(&h, op), "at last");
	}
	abi_fini(&h);
}

TEST(a_busy_handle_is_waited_for_and_closed_apart_from_its_lookup)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t leader = transaction(&h, "k"), busy = async(&h, "k"), out = abi_room(&h, 16),
		 options = seconds(&h, 10);
	assert_status(CALL("get_state", busy, out), ABI_BADF); /* nobody knows yet */
	assert_status(CALL("transaction_insert", busy, 0, options, out), ABI_BADF);
	assert_status(CALL("cache_busy_handle_wait", busy, out), ABI_WAIT);
	assert_status(CALL("close", leader), ABI_OK);
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK);
	uint32_t op = abi_u32(&h, out);
	assert_int_not_equal(op, busy);
	assert_int_equal(state(&h, op), OBLIGED);
	assert_int_equal(state(&h, busy), 0);
	assert_status(CALL("get_age_ns", busy, out), ABI_NONE);
	assert_int_equal(state(&h, wait_busy(&h, busy)), 0);
	assert_true(is_ready(&h, busy));
	assert_status(CALL("close_busy", busy), ABI_OK);
	assert_status(CALL("close_busy", busy), ABI_BADF);
	assert_int_equal(state(&h, op), OBLIGED);
	assert_status(CALL("cache_busy_handle_wait", HANDLE_INVALID, out), ABI_BADF);
	abi_fini(&h);
}

TEST(one_in_line_may_lose_patience)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t leader = transaction(&h, "k"), first = async(&h, "k"), second = async(&h, "k");
	assert_status(CALL("close_busy", first), ABI_OK);
	assert_false(is_ready(&h, second));
	assert_status(CALL("close", leader), ABI_OK);
	assert_int_equal(state(&h, wait_busy(&h, second)), OBLIGED);
	abi_fini(&h);
}

TEST(a_busy_handle_can_be_selected)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct sandbox *first = h.sandbox, *second = new_guest(&h);
	uint32_t leader = transaction(&h, "k"), list = abi_room(&h, 4), out = abi_room(&h, 4);
	h.sandbox = second;
	abi_set_u32(&h, list, async(&h, "k"));
	assert_status(abi_call(&h, "fastly_async_io", "select", list, 1, 1000, out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), UINT32_MAX); /* the time was over first */
	assert_status(abi_call(&h, "fastly_async_io", "select", list, 1, 0, out), ABI_WAIT);
	h.sandbox = first;
	provide(&h, leader, "x");
	h.sandbox = second;
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 0);
	end_guest(second);
	h.sandbox = first;
	abi_fini(&h);
}

TEST(a_guest_that_dies_hands_its_obligations_over)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct sandbox *first = h.sandbox, *second = new_guest(&h), *third = new_guest(&h);
	assert_int_equal(state(&h, transaction(&h, "k")), OBLIGED);
	h.sandbox = third;
	uint32_t out = abi_room(&h, 4), options = lookup_options(&h, 0);
	h.sandbox = second;
	assert_status(CALL("transaction_lookup", TEXT("k"), 0, options, out), ABI_WAIT);
	h.sandbox = third;
	uint32_t busy = async(&h, "k");
	h.sandbox = first;
	sandbox_release(first);
	h.sandbox = third;
	assert_false(is_ready(&h, busy));
	end_guest(second); /* while it waits, with the obligation already its own */
	assert_true(is_ready(&h, busy));
	assert_int_equal(state(&h, wait_busy(&h, busy)), OBLIGED);
	end_guest(third);
	h.sandbox = first;
	assert_int_equal(state(&h, transaction(&h, "k")), OBLIGED);
	abi_fini(&h);
}

TEST(stale_is_for_all_while_one_updates_it)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_cache_write_options o = { .max_age_ns = NS_PER_S,
					     .stale_while_revalidate_ns = 100 * NS_PER_S };
	put_with(&h, "k", "body", SWR, write_options(&h, &o));
	pass(&h, 2 * NS_PER_S);
	uint32_t first = transaction(&h, "k"), second = transaction(&h, "k");
	assert_int_equal(state(&h, first), FRESH | STALE | OBLIGED);
	assert_int_equal(state(&h, second), FRESH | STALE);
	o.user_metadata = abi_place(&h, STR("version 2"));
	o.user_metadata_len = 9;
	assert_status(CALL("transaction_update", second, METADATA, write_options(&h, &o)), ABI_BADF);
	assert_status(CALL("transaction_update", first, METADATA, write_options(&h, &o)), ABI_OK);
	assert_int_equal(state(&h, first), FRESH | STALE);
	uint32_t found = lookup(&h, "k");
	assert_int_equal(state(&h, found), FRESH);
	assert_str(text_of(&h, found), "body");
	assert_str(check_bytes(&h, ABI_OK, MODULE, "get_user_metadata", found), "version 2");
	abi_fini(&h);
}

TEST(what_is_stored_streams_back)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t op = transaction(&h, "k"), out = abi_room(&h, 8), options = seconds(&h, 10);
	assert_status(CALL("transaction_insert_and_stream_back", op, 0, options, out, out + 4), ABI_OK);
	uint32_t writer = abi_u32(&h, out), back = abi_u32(&h, out + 4);
	assert_int_equal(state(&h, back), FRESH);
	uint32_t reader = get_body(&h, back);
	finish(&h, writer, "hello");
	assert_str(check_body(&h, reader), "hello");
	assert_int_equal(number(&h, "get_max_age_ns", back), 10 * NS_PER_S);
	assert_int_equal(number(&h, "get_hits", back), 0);
	assert_status(CALL("close", back), ABI_OK);
	assert_status(CALL("close", op), ABI_OK);
	abi_fini(&h);
}

/* ---- replacing ---- */

static uint32_t replace(struct abi_harness *h, const char *key, uint32_t strategy)
{
	struct abi_cache_replace_options o = { .replace_strategy = strategy };
	return by_key(h, "replace", key, strategy ? STRATEGY : 0, place(h, &o, sizeof o));
}

TEST(a_replacement_sees_what_was_there)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_cache_write_options o = { .max_age_ns = 10 * NS_PER_S, .stale_while_revalidate_ns = 7 };
	o.user_metadata = abi_place(&h, STR("meta"));
	o.user_metadata_len = 4;
	put_with(&h, "k", "old", SWR | METADATA, write_options(&h, &o));
	pass(&h, NS_PER_S);
	uint32_t r = replace(&h, "k", 0), out = abi_room(&h, 16), options = seconds(&h, 20);
	assert_int_equal(number(&h, "replace_get_age_ns", r), NS_PER_S);
	assert_int_equal(number(&h, "replace_get_max_age_ns", r), 10 * NS_PER_S);
	assert_int_equal(number(&h, "replace_get_stale_while_revalidate_ns", r), 7);
	assert_int_equal(number(&h, "replace_get_length", r), 3);
	assert_int_equal(number(&h, "replace_get_hits", r), 1);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "replace_get_user_metadata", r), "meta");
	assert_status(CALL("replace_get_state", r, out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), FRESH);
	assert_status(CALL("replace_get_body", r, 0, out, out), ABI_OK);
	uint32_t body = abi_u32(&h, out);
	assert_status(CALL("replace_get_body", r, 0, out, out), ABI_BADF);
	assert_str(read_all(&h, body), "old");
	assert_status(CALL("replace_insert", r, 0, options, out), ABI_OK);
	finish(&h, abi_u32(&h, out), "new");
	assert_status(CALL("replace_insert", r, 0, options, out), ABI_BADF);
	assert_str(text_of(&h, lookup(&h, "k")), "new");
	assert_status(CALL("close", r), ABI_OK);
	abi_fini(&h);
}

TEST(a_replacement_of_nothing_has_nothing_to_tell)
{
	static const char *const numbers[] = {
		"replace_get_length", "replace_get_max_age_ns", "replace_get_stale_while_revalidate_ns",
		"replace_get_age_ns", "replace_get_hits",
	};
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = replace(&h, "k", IMMEDIATE), out = abi_room(&h, 16), options = seconds(&h, 10);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		assert_status(CALL(numbers[i], r, out), ABI_NONE);
	assert_status(CALL("replace_get_state", r, out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 0);
	assert_status(CALL("replace_get_user_metadata", r, out, 4, out + 8), ABI_NONE);
	assert_status(CALL("replace_get_body", r, 0, out, out), ABI_NONE);
	assert_status(CALL("replace_insert", r, ON_BEHALF, options, out), ABI_UNSUPPORTED);
	assert_status(CALL("replace_insert", r, 1 << 11, options, out), ABI_INVAL);
	assert_status(CALL("replace_insert", r, 0, options, out), ABI_OK);
	abi_fini(&h);
}

TEST(a_forced_replacement_makes_others_wait)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "k", "old");
	uint32_t r = replace(&h, "k", FORCE_MISS), busy = async(&h, "k"), out = abi_room(&h, 4);
	uint32_t options = seconds(&h, 10);
	assert_int_equal(state(&h, lookup(&h, "k")), 0);
	assert_false(is_ready(&h, busy));
	assert_status(CALL("replace_insert", r, 0, options, out), ABI_OK);
	assert_true(is_ready(&h, busy));
	finish(&h, abi_u32(&h, out), "new");
	assert_str(text_of(&h, wait_busy(&h, busy)), "new");
	abi_fini(&h);
}

TEST(a_replacement_in_line_comes_after_the_transaction)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct sandbox *leader = h.sandbox, *waiter = new_guest(&h);
	uint32_t op = transaction(&h, "k"), out = abi_room(&h, 4);
	struct abi_cache_replace_options o = { .replace_strategy = JOIN };
	uint32_t options = place(&h, &o, sizeof o), fresh = seconds(&h, 10);
	h.sandbox = waiter;
	assert_status(CALL("replace", TEXT("k"), STRATEGY, options, out), ABI_WAIT);
	h.sandbox = leader;
	provide(&h, op, "old");
	h.sandbox = waiter;
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK);
	uint32_t r = abi_u32(&h, out);
	assert_int_equal(number(&h, "replace_get_max_age_ns", r), 10 * NS_PER_S);
	assert_status(CALL("replace_insert", r, 0, fresh, out), ABI_OK);
	finish(&h, abi_u32(&h, out), "new");
	assert_str(text_of(&h, lookup(&h, "k")), "new");
	end_guest(waiter);
	h.sandbox = leader;
	abi_fini(&h);
}

TEST(a_replacement_has_headers_to_look_up_and_to_store)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t one = request_with(&h, "a", "1"), two = request_with(&h, "a", "2"), out = abi_room(&h, 4);
	struct abi_cache_replace_options r = { .request_headers = one };
	struct abi_cache_write_options w = { .max_age_ns = 10 * NS_PER_S,
					     .request_headers = two,
					     .vary_rule_len = 1 };
	w.vary_rule = abi_place(&h, STR("a"));
	uint32_t first = by_key(&h, "replace", "k", HEADERS, place(&h, &r, sizeof r));
	assert_status(CALL("replace_insert", first, VARY, write_options(&h, &w), out), ABI_OK);
	finish(&h, abi_u32(&h, out), "one");
	uint32_t second = by_key(&h, "replace", "k", HEADERS, place(&h, &r, sizeof r));
	assert_int_equal(number(&h, "replace_get_length", second), 3);
	assert_status(CALL("replace_insert", second, VARY | HEADERS, write_options(&h, &w), out), ABI_OK);
	finish(&h, abi_u32(&h, out), "two");
	assert_str(text_of(&h, by_key(&h, "lookup", "k", HEADERS, lookup_options(&h, one))), "one");
	assert_str(text_of(&h, by_key(&h, "lookup", "k", HEADERS, lookup_options(&h, two))), "two");
	w.request_headers = HANDLE_INVALID;
	assert_status(CALL("replace_insert", second, HEADERS, write_options(&h, &w), out), ABI_BADF);
	abi_fini(&h);
}

TEST(options_of_replacements_are_checked)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4);
	for (uint32_t strategy = 0; strategy <= 4; strategy++) {
		struct abi_cache_replace_options o = { .replace_strategy = strategy };
		bool good = strategy >= IMMEDIATE && strategy <= JOIN;
		assert_status(CALL("replace", TEXT("k"), STRATEGY, place(&h, &o, sizeof o), out),
			      good ? ABI_OK : ABI_INVAL);
		if (good)
			assert_status(CALL("close", abi_u32(&h, out)), ABI_OK);
	}
	uint32_t options = abi_room(&h, 16);
	assert_status(CALL("replace", TEXT("k"), REPLACE_SERVICE, options, out), ABI_UNSUPPORTED);
	assert_status(CALL("replace", TEXT("k"), 1, options, out), ABI_UNSUPPORTED);
	assert_status(CALL("replace", TEXT("k"), 1 << 5, options, out), ABI_INVAL);
	abi_fini(&h);
}

/* ---- limits and failures ---- */

TEST(a_guest_without_handles_left_is_told_so)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "k", "x");
	uint32_t found = lookup(&h, "k"), op = transaction(&h, "other"), busy = async(&h, "k"),
		 out = abi_room(&h, 16);
	uint32_t options = seconds(&h, 10), none = lookup_options(&h, 0);
	h.world->limits.handles = h.sandbox->handles.open;
	assert_status(CALL("lookup", TEXT("k"), 0, none, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("transaction_lookup", TEXT("k"), 0, none, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("transaction_lookup_async", TEXT("k"), 0, none, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("cache_busy_handle_wait", busy, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("insert", TEXT("k"), 0, options, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("transaction_insert", op, 0, options, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("get_body", found, 0, out, out), ABI_LIMITEXCEEDED);
	h.world->limits.handles = 100;
	assert_int_equal(state(&h, op), OBLIGED);
	assert_int_equal(state(&h, wait_busy(&h, busy)), FRESH);
	abi_fini(&h);
}

/* The one limit that was exceeded, and by which number. */
static void assert_breach(struct abi_harness *h, enum limit limit, uint64_t reached, bool enforced)
{
	const struct limit_breach *b = h->sandbox->invocation->breaches;
	assert_non_null(b);
	assert_null(b->next);
	assert_int_equal(b->limit, limit);
	assert_int_equal(b->reached, reached);
	assert_int_equal(b->enforced, enforced);
}

TEST(an_object_that_says_it_is_too_large_is_not_begun)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4);
	struct abi_cache_write_options o = { .max_age_ns = NS_PER_S, .length = 11 };
	h.world->limits.cache_object_bytes = h.world->noted.cache_object_bytes = 10;
	assert_status(CALL("insert", TEXT("k"), LENGTH, write_options(&h, &o), out), ABI_LIMITEXCEEDED);
	assert_breach(&h, LIMIT_cache_object_bytes, 11, true);
	assert_int_equal(state(&h, lookup(&h, "k")), 0);
	o.length = 10;
	put_with(&h, "k", "0123456789", LENGTH, write_options(&h, &o));
	assert_int_equal(state(&h, lookup(&h, "k")), FRESH);
	abi_fini(&h);
}

TEST(an_object_that_becomes_too_large_is_found_no_more)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->limits.cache_object_bytes = h.world->noted.cache_object_bytes = 10;
	uint32_t body = by_key(&h, "insert", "k", 0, seconds(&h, 10));
	write_body(&h, body, "0123456789");
	assert_int_equal(state(&h, lookup(&h, "k")), FRESH);
	assert_null(h.sandbox->invocation->breaches);
	write_body(&h, body, "x");
	assert_int_equal(state(&h, lookup(&h, "k")), 0);
	assert_breach(&h, LIMIT_cache_object_bytes, 11, true);
	abi_fini(&h);
}

TEST(an_object_over_a_noted_limit_is_stored_and_told_of)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->noted.cache_object_bytes = 10;
	put(&h, "k", "0123456789+more");
	assert_int_equal(state(&h, lookup(&h, "k")), FRESH);
	assert_breach(&h, LIMIT_cache_object_bytes, 15, false);
	abi_fini(&h);
}

/* Stored under one key, so that it varies by that header. */
static void put_varied(struct abi_harness *h, const char *header)
{
	struct abi_cache_write_options o = { .max_age_ns = 10 * NS_PER_S,
					     .request_headers = request_with(h, header, "1"),
					     .vary_rule = abi_place(h, str_from(header)),
					     .vary_rule_len = (uint32_t)strlen(header) };
	put_with(h, "k", header, HEADERS | VARY, write_options(h, &o));
}

static unsigned varied_state(struct abi_harness *h, const char *header)
{
	return state(h, by_key(h, "lookup", "k", HEADERS, lookup_options(h, request_with(h, header, "1"))));
}

TEST(a_key_with_too_many_vary_rules_forgets_the_oldest_and_that_is_told)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->noted.vary_rules = 2;
	put_varied(&h, "a");
	put_varied(&h, "b");
	assert_null(h.sandbox->invocation->breaches);
	put_varied(&h, "c");
	assert_breach(&h, LIMIT_vary_rules, 3, false);
	assert_int_equal(varied_state(&h, "a"), FRESH);
	h.world->limits.vary_rules = 2;
	put_varied(&h, "c");
	assert_breach(&h, LIMIT_vary_rules, 3, true);
	assert_int_equal(varied_state(&h, "a"), 0);
	assert_int_equal(varied_state(&h, "b"), FRESH);
	assert_int_equal(varied_state(&h, "c"), FRESH);
	abi_fini(&h);
}

TEST(who_has_stored_may_be_gone_before_its_body_is)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->noted.cache_object_bytes = 1;
	uint32_t body = by_key(&h, "insert", "k", 0, seconds(&h, 10));
	invocation_forget_stored(h.sandbox->invocation);
	finish(&h, body, "more than one");
	assert_int_equal(state(&h, lookup(&h, "k")), FRESH);
	assert_null(h.sandbox->invocation->breaches);
	abi_fini(&h);
}

TEST(a_cache_that_fails_is_an_error_and_costs_nothing)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_cache_write_options o = { .max_age_ns = 0, .stale_while_revalidate_ns = NS_PER_S };
	put_with(&h, "stale", "x", SWR, write_options(&h, &o));
	uint32_t op = transaction(&h, "stale"), options = seconds(&h, 10), none = lookup_options(&h, 0),
		 out = abi_room(&h, 8);
	uint32_t open = h.sandbox->handles.open;
	static const char *const lookups[] = { "lookup", "transaction_lookup" };
	struct cache *good = h.world->cache;
	for (size_t i = 0; i < 5; i++) {
		h.world->cache = cache_failing_new(cache_fork(good), 0);
		assert_status(i < 2    ? CALL(lookups[i], TEXT("k"), 0, none, out)
			      : i == 2 ? CALL("insert", TEXT("k"), 0, options, out)
			      : i == 3 ? CALL("transaction_insert", op, 0, options, out)
				       : CALL("transaction_update", op, 0, options),
			      ABI_ERROR);
		assert_int_equal(h.sandbox->handles.open, open);
		cache_destroy(&h.world->cache);
	}
	h.world->cache = good;
	assert_int_equal(state(&h, op), FRESH | STALE | OBLIGED);
	abi_fini(&h);
}

TEST(every_call_is_an_event)
{
	static const char *const types[] = { "cache-lookup", "cache-insert", "cache-lookup", "cache-purge" };
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	abi_furnish(&h);
	h.world->tracing = true;
	abi_start(&h);
	uint32_t op = transaction(&h, "k");
	provide(&h, op, "x");
	lookup(&h, "k");
	assert_status(abi_call(&h, "fastly_purge", "purge_surrogate_key", TEXT("a"), 0, abi_room(&h, 12)),
		      ABI_OK);
	size_t seen = 0;
	for (const struct trace_event *ev = h.sandbox->invocation->trace.first; ev; ev = ev->next) {
		if (strncmp(ev->type, "cache-", 6) != 0)
			continue;
		assert_string_equal(ev->type, types[seen]);
		assert_string_equal(ev->first->name, "key");
		seen++;
	}
	assert_int_equal(seen, COUNT_OF(types));
	abi_fini(&h);
}

TEST(handles_are_checked)
{
	assert_handles_checked(MODULE, "");
}

TEST(every_function_has_worked)
{
	assert_covered(MODULE, "");
}
