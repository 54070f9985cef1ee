/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_cache. */
#include <string.h>

#include "support/abi_check.h"
#include "world/http_cache.h"

#define MODULE "fastly_http_cache"

enum { FOUND = 1, USABLE = 2, STALE = 4, OBLIGED = 8, IF_ERROR = 16 };
enum { FRESH = FOUND | USABLE, EXPIRED = FOUND | STALE | OBLIGED };
enum { OVERRIDE_KEY = 2, BACKEND_NAME = 4 };
enum { VARY = 2, AGE = 4, SWR = 8, KEYS = 16, LENGTH = 32, SENSITIVE = 64, SIE = 128, ALL = 254 };
enum { INSERT, UPDATE, NOT_STORED, UNCACHEABLE };

/* ---- what the tests have in common ---- */

/* "Name: value|Name: value" on a request or response. */
static void set_headers(struct abi_harness *h, const char *module, uint32_t message, const char *text)
{
	for (struct str rest = str_from(text); rest.len;) {
		struct str value = str_split(&rest, '|'), name = str_split(&value, ':');
		value = str_trim(value);
		uint32_t name_at = abi_place(h, name), at = abi_place(h, value);
		assert_status(abi_call(h, module, "header_append", message, name_at, name.len, at, value.len),
			      ABI_OK);
	}
}

static uint32_t request(struct abi_harness *h, const char *uri, const char *headers)
{
	uint32_t out = abi_room(h, 4), at = abi_place(h, str_from(uri));
	assert_status(abi_call(h, "fastly_http_req", "new", out), ABI_OK);
	assert_status(abi_call(h, "fastly_http_req", "uri_set", abi_u32(h, out), at, strlen(uri)), ABI_OK);
	set_headers(h, "fastly_http_req", abi_u32(h, out), headers);
	return abi_u32(h, out);
}

static uint32_t response(struct abi_harness *h, unsigned status, const char *headers)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, "fastly_http_resp", "new", out), ABI_OK);
	assert_status(abi_call(h, "fastly_http_resp", "status_set", abi_u32(h, out), status), ABI_OK);
	set_headers(h, "fastly_http_resp", abi_u32(h, out), headers);
	return abi_u32(h, out);
}

static uint32_t look_up(struct abi_harness *h, const char *uri, const char *headers)
{
	uint32_t out = abi_room(h, 4), options = abi_room(h, 16), r = request(h, uri, headers);
	assert_status(abi_call(h, MODULE, "transaction_lookup", r, 0, options, out), ABI_OK);
	return abi_u32(h, out);
}

static unsigned state(struct abi_harness *h, uint32_t lookup)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "get_state", lookup, out), ABI_OK);
	return abi_u32(h, out);
}

static uint32_t options(struct abi_harness *h, const struct abi_http_cache_write_options *o)
{
	return abi_place(h, (struct str){ (const char *)o, sizeof *o });
}

static uint32_t seconds(struct abi_harness *h, unsigned s)
{
	struct abi_http_cache_write_options o = { .max_age_ns = s * NS_PER_S };
	return options(h, &o);
}

static void write_body(struct abi_harness *h, uint32_t body, const char *text)
{
	uint32_t out = abi_room(h, 4), at = abi_place(h, str_from(text));
	assert_status(abi_call(h, "fastly_http_body", "write", body, at, strlen(text), 0, out), ABI_OK);
	assert_status(abi_call(h, "fastly_http_body", "close", body), ABI_OK);
}

static void insert_with(struct abi_harness *h, uint32_t lookup, const char *headers, const char *text,
			uint32_t mask, uint32_t options_at)
{
	uint32_t out = abi_room(h, 4), r = response(h, 200, headers);
	assert_status(abi_call(h, MODULE, "transaction_insert", lookup, r, mask, options_at, out), ABI_OK);
	write_body(h, abi_u32(h, out), text);
}

static void insert(struct abi_harness *h, uint32_t lookup, const char *headers, const char *text, unsigned s)
{
	insert_with(h, lookup, headers, text, 0, seconds(h, s));
}

static void put(struct abi_harness *h, const char *uri, const char *headers, const char *text, unsigned s)
{
	uint32_t lookup = look_up(h, uri, "");
	assert_int_equal(state(h, lookup), OBLIGED);
	insert(h, lookup, headers, text, s);
}

/* "STATUS names… body" */
static struct str answer(struct abi_harness *h, uint32_t lookup, uint32_t adapt)
{
	uint32_t out = abi_room(h, 8), status = abi_room(h, 4);
	enum abi_status s = abi_call(h, MODULE, "get_found_response", lookup, adapt, out, out + 4);
	if (s != ABI_OK)
		return s == ABI_NONE ? STR("none") : STR("failed");
	uint32_t r = abi_u32(h, out), body = abi_u32(h, out + 4);
	assert_status(abi_call(h, "fastly_http_resp", "status_get", r, status), ABI_OK);
	unsigned code = abi_u32(h, status);
	struct str text = check_body(h, body),
		   names = check_values(h, "fastly_http_resp", "header_names_get", r);
	return arena_printf(&h->arena, "%u " STR_FMT " " STR_FMT, code, STR_ARG(names), STR_ARG(text));
}

static uint64_t number(struct abi_harness *h, const char *call, uint32_t lookup)
{
	uint32_t out = abi_room(h, 8);
	assert_status(abi_call(h, MODULE, call, lookup, out), ABI_OK);
	return abi_u64(h, out);
}

static void pass_time(struct abi_harness *h, unsigned s)
{
	assert_true(clock_jump(h->clock, clock_monotonic(h->clock) + s * NS_PER_S));
}

/* ---- requests ---- */

TEST(get_and_head_are_cacheable)
{
	static const struct {
		const char *method;
		unsigned cacheable;
	} rows[] = { { "GET", 1 }, { "HEAD", 1 }, { "POST", 0 }, { "PURGE", 0 }, { "OPTIONS", 0 } };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint32_t r = request(&h, "http://a/", ""), out = abi_room(&h, 4),
			 at = abi_place(&h, str_from(rows[i].method));
		assert_status(abi_call(&h, "fastly_http_req", "method_set", r, at, strlen(rows[i].method)),
			      ABI_OK);
		assert_status(CALL("is_request_cacheable", r, out), ABI_OK);
		assert_int_equal(abi_u32(&h, out), rows[i].cacheable);
	}
	abi_fini(&h);
}

TEST(without_the_cache_an_sdk_is_told_so)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->http_cache = false;
	uint32_t r = request(&h, "http://a/", ""), out = abi_room(&h, 40), record = abi_room(&h, 16);
	assert_status(CALL("is_request_cacheable", r, out), ABI_UNSUPPORTED);
	assert_status(CALL("transaction_lookup", r, 0, record, out), ABI_UNSUPPORTED);
	assert_status(CALL("lookup", r, 0, record, out), ABI_UNSUPPORTED);
	assert_status(CALL("get_suggested_cache_key", r, out, 32, record), ABI_UNSUPPORTED);
	abi_fini(&h);
}

TEST(the_suggested_key_is_the_one_that_is_looked_up)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "http://a/x", "", "text", 10);
	uint32_t r = request(&h, "http://a/x", ""), other = request(&h, "http://b/y", ""),
		 out = abi_room(&h, 4);
	struct str key = check_bytes(&h, ABI_OK, MODULE, "get_suggested_cache_key", r);
	assert_int_equal(key.len, 32);
	struct abi_http_cache_lookup_options o = { .override_key = abi_place(&h, key),
						   .override_key_len = 32,
						   .backend_name = abi_place(&h, STR("origin")),
						   .backend_name_len = 6 };
	uint32_t at = abi_place(&h, (struct str){ (const char *)&o, sizeof o });
	assert_status(CALL("transaction_lookup", other, OVERRIDE_KEY | BACKEND_NAME, at, out), ABI_OK);
	assert_int_equal(state(&h, abi_u32(&h, out)), FRESH);
	o.override_key_len = 31;
	at = abi_place(&h, (struct str){ (const char *)&o, sizeof o });
	assert_status(CALL("transaction_lookup", other, OVERRIDE_KEY, at, out), ABI_INVAL);
	o.backend_name_len = 5;
	at = abi_place(&h, (struct str){ (const char *)&o, sizeof o });
	assert_status(CALL("transaction_lookup", other, BACKEND_NAME, at, out), ABI_INVAL);
	assert_status(CALL("transaction_lookup", other, 1, at, out), ABI_INVAL);
	assert_status(CALL("transaction_lookup", other, 8, at, out), ABI_INVAL);
	o.override_key = UINT32_MAX;
	o.override_key_len = 32;
	at = abi_place(&h, (struct str){ (const char *)&o, sizeof o });
	assert_status(CALL("lookup", other, OVERRIDE_KEY, at, out), ABI_INVAL);
	abi_fini(&h);
}

/* ---- storing and finding ---- */

TEST(what_was_inserted_is_found_with_all_that_was_said_about_it)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t lookup = look_up(&h, "http://a/x", "Accept: b"), out = abi_room(&h, 8);
	assert_int_equal(state(&h, lookup), OBLIGED);
	assert_str(answer(&h, lookup, 1), "none");
	assert_status(CALL("get_age_ns", lookup, out), ABI_NONE);
	struct abi_http_cache_write_options o = {
		.max_age_ns = 100 * NS_PER_S,
		.initial_age_ns = 7 * NS_PER_S,
		.stale_while_revalidate_ns = 3 * NS_PER_S,
		.stale_if_error_ns = 4 * NS_PER_S,
		.vary_rule = abi_place(&h, STR(" Accept  x-other ")),
		.vary_rule_len = 17,
		.surrogate_keys = abi_place(&h, STR("b a \x01 b")),
		.surrogate_keys_len = 7,
		.length = 4,
	};
	insert_with(&h, lookup, "A: 1|Surrogate-Key: a b", "text", ALL, options(&h, &o));
	assert_int_equal(state(&h, lookup), 0);
	lookup = look_up(&h, "http://a/x", "Accept: b");
	pass_time(&h, 2);
	assert_int_equal(state(&h, lookup), FRESH);
	assert_str(answer(&h, lookup, 1), "200 A|Age|Content-Length text");
	assert_str(answer(&h, lookup, 0), "200 A|Surrogate-Key text");
	assert_int_equal(number(&h, "get_age_ns", lookup), 9 * NS_PER_S);
	assert_int_equal(number(&h, "get_max_age_ns", lookup), 100 * NS_PER_S);
	assert_int_equal(number(&h, "get_stale_while_revalidate_ns", lookup), 3 * NS_PER_S);
	assert_int_equal(number(&h, "get_stale_if_error_ns", lookup), 4 * NS_PER_S);
	assert_int_equal(number(&h, "get_hits", lookup), 1);
	assert_int_equal(number(&h, "get_length", lookup), 4);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "get_surrogate_keys", lookup), "a b");
	assert_str(check_bytes(&h, ABI_OK, MODULE, "get_vary_rule", lookup), "accept x-other");
	assert_status(CALL("get_sensitive_data", lookup, out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 1);
	assert_int_equal(state(&h, look_up(&h, "http://a/x", "Accept: c")), OBLIGED);
	abi_fini(&h);
}

TEST(a_plain_lookup_waits_for_nobody_and_owes_nothing)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t leader = look_up(&h, "http://a/x", ""), out = abi_room(&h, 4), record = abi_room(&h, 16);
	assert_status(CALL("lookup", request(&h, "http://a/x", ""), 0, record, out), ABI_OK);
	uint32_t plain = abi_u32(&h, out);
	assert_int_equal(state(&h, plain), 0);
	insert(&h, leader, "", "text", 10);
	assert_status(CALL("lookup", request(&h, "http://a/x", ""), 0, record, out), ABI_OK);
	assert_int_equal(state(&h, abi_u32(&h, out)), FRESH);
	assert_status(CALL("transaction_abandon", abi_u32(&h, out)), ABI_BADF);
	abi_fini(&h);
}

TEST(a_response_is_streamed_back_while_it_is_written_however_short_its_life)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t lookup = look_up(&h, "http://a/x", ""), out = abi_room(&h, 8);
	assert_status(CALL("transaction_insert_and_stream_back", lookup, response(&h, 200, "A: 1"), 0,
			   seconds(&h, 0), out, out + 4),
		      ABI_OK);
	uint32_t back = abi_u32(&h, out + 4);
	assert_int_equal(state(&h, back), FRESH);
	write_body(&h, abi_u32(&h, out), "now");
	assert_str(answer(&h, back, 1), "200 A|Age|Content-Length now");
	assert_int_equal(number(&h, "get_max_age_ns", back), 0);
	assert_int_equal(state(&h, look_up(&h, "http://a/x", "")), EXPIRED);
	abi_fini(&h);
}

TEST(answers_are_adapted_to_the_request_that_was_looked_up)
{
	static const struct {
		const char *headers, *adapted, *plain;
	} rows[] = {
		{ "Range: bytes=1-2", "206 ETag|Age|Content-Length|Content-Range ex", "200 ETag text" },
		{ "Range: bytes=9-", "416 ETag|Age|Content-Length|Content-Range ", "200 ETag text" },
		{ "If-None-Match: \"e\"", "304 ETag|Age ", "200 ETag text" },
		{ "If-None-Match: \"f\"", "200 ETag|Age|Content-Length text", "200 ETag text" },
	};
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "http://a/x", "ETag: \"e\"", "text", 10);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint32_t lookup = look_up(&h, "http://a/x", rows[i].headers);
		assert_str(answer(&h, lookup, 1), rows[i].adapted);
		assert_str(answer(&h, lookup, 0), rows[i].plain);
	}
	uint32_t head = request(&h, "http://a/x", ""), out = abi_room(&h, 4), record = abi_room(&h, 16);
	assert_status(abi_call(&h, "fastly_http_req", "method_set", head, TEXT("HEAD")), ABI_OK);
	assert_status(CALL("transaction_lookup", head, 0, record, out), ABI_OK);
	assert_str(answer(&h, abi_u32(&h, out), 1), "200 ETag|Age|Content-Length ");
	abi_fini(&h);
}

/* ---- waiting ---- */

TEST(who_looks_up_the_same_waits_until_it_is_there)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t leader = look_up(&h, "http://a/x", ""), waiter = look_up(&h, "http://a/x", ""),
		 out = abi_room(&h, 8);
	assert_status(abi_call(&h, "fastly_async_io", "is_ready", waiter, out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 0);
	assert_status(CALL("get_state", waiter, out), ABI_WAIT);
	insert(&h, leader, "", "text", 10);
	assert_status(abi_call(&h, "fastly_async_io", "is_ready", waiter, out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 1);
	assert_int_equal(state(&h, waiter), FRESH);
	assert_str(answer(&h, waiter, 0), "200  text");
	abi_fini(&h);
}

TEST(a_leader_who_gives_up_or_closes_hands_over)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t first = look_up(&h, "http://a/x", ""), second = look_up(&h, "http://a/x", ""),
		 third = look_up(&h, "http://a/x", "");
	assert_status(CALL("transaction_abandon", first), ABI_OK);
	assert_int_equal(state(&h, first), 0);
	assert_status(CALL("transaction_abandon", first), ABI_BADF);
	assert_int_equal(state(&h, second), OBLIGED);
	assert_status(CALL("close", second), ABI_OK);
	assert_int_equal(state(&h, third), OBLIGED);
	abi_fini(&h);
}

TEST(what_is_not_cacheable_lets_all_pass)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t leader = look_up(&h, "http://a/x", ""), waiter = look_up(&h, "http://a/x", "");
	assert_status(CALL("transaction_record_not_cacheable", leader, 0, seconds(&h, 5)), ABI_OK);
	assert_int_equal(state(&h, waiter), 0);
	assert_str(answer(&h, waiter, 1), "none");
	assert_int_equal(state(&h, look_up(&h, "http://a/x", "")), 0);
	pass_time(&h, 5);
	assert_int_equal(state(&h, look_up(&h, "http://a/x", "")), OBLIGED);
	assert_status(CALL("transaction_record_not_cacheable", leader, 0, seconds(&h, 5)), ABI_BADF);
	abi_fini(&h);
}

TEST(a_mark_of_no_time_lets_those_pass_who_wait_already)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t leader = look_up(&h, "http://a/x", ""), waiter = look_up(&h, "http://a/x", "");
	assert_status(CALL("transaction_record_not_cacheable", leader, 0, seconds(&h, 0)), ABI_OK);
	assert_int_equal(state(&h, waiter), 0);
	pass_time(&h, 1);
	assert_int_equal(state(&h, look_up(&h, "http://a/x", "")), OBLIGED);
	abi_fini(&h);
}

/* ---- revalidation ---- */

TEST(a_stale_response_is_asked_for_on_condition_and_renewed_by_a_304)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "http://a/x", "ETag: \"e\"|A: 1|Content-Type: text/plain", "text", 10);
	pass_time(&h, 10);
	uint32_t lookup = look_up(&h, "http://a/x", "Range: bytes=0-0|If-None-Match: \"mine\"|B: 2"),
		 out = abi_room(&h, 8);
	assert_int_equal(state(&h, lookup), EXPIRED);
	assert_str(answer(&h, lookup, 1), "none");
	assert_int_equal(number(&h, "get_age_ns", lookup), 10 * NS_PER_S);
	assert_status(CALL("get_suggested_backend_request", lookup, out), ABI_OK);
	uint32_t asked = abi_u32(&h, out);
	assert_str(check_values(&h, "fastly_http_req", "header_names_get", asked), "B|If-None-Match");
	assert_str(check_bytes(&h, ABI_OK, "fastly_http_req", "header_value_get", asked,
			       TEXT("if-none-match")),
		   "\"e\"");
	uint32_t not_modified = response(&h, 304, "A: 3|Cache-Control: max-age=20");
	assert_status(CALL("prepare_response_for_storage", lookup, not_modified, out, out + 4), ABI_OK);
	assert_int_equal(abi_u32(&h, out), UPDATE);
	uint32_t prepared = abi_u32(&h, out + 4), status = abi_room(&h, 4);
	assert_status(abi_call(&h, "fastly_http_resp", "status_get", prepared, status), ABI_OK);
	assert_int_equal(abi_u32(&h, status), 200);
	assert_status(CALL("transaction_update_and_return_fresh", lookup, prepared, 0, seconds(&h, 20), out),
		      ABI_OK);
	assert_str(answer(&h, abi_u32(&h, out), 0), "200 ETag|Content-Type|A|Cache-Control text");
	uint32_t again = look_up(&h, "http://a/x", "");
	assert_int_equal(state(&h, again), FRESH);
	assert_int_equal(number(&h, "get_age_ns", again), 0);
	abi_fini(&h);
}

TEST(a_response_may_be_renewed_in_the_background)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_http_cache_write_options o = { .max_age_ns = 10 * NS_PER_S,
						  .stale_while_revalidate_ns = 10 * NS_PER_S };
	insert_with(&h, look_up(&h, "http://a/x", ""), "", "text", SWR, options(&h, &o));
	pass_time(&h, 15);
	uint32_t lookup = look_up(&h, "http://a/x", ""), r = response(&h, 200, "New: 1");
	assert_int_equal(state(&h, lookup), FRESH | STALE | OBLIGED);
	assert_str(answer(&h, lookup, 0), "200  text");
	assert_int_equal(state(&h, look_up(&h, "http://a/x", "")),
			 FRESH | STALE); /* one renews, the others do not */
	assert_status(CALL("transaction_update", lookup, r, 0, seconds(&h, 10)), ABI_OK);
	assert_str(answer(&h, look_up(&h, "http://a/x", ""), 0), "200 New text");
	assert_status(CALL("transaction_update", lookup, response(&h, 200, ""), 0, seconds(&h, 10)),
		      ABI_BADF);
	abi_fini(&h);
}

TEST(what_is_stale_is_chosen_in_place_of_an_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_http_cache_write_options o = { .max_age_ns = 10 * NS_PER_S,
						  .stale_if_error_ns = 100 * NS_PER_S };
	insert_with(&h, look_up(&h, "http://a/x", ""), "", "text", SIE, options(&h, &o));
	pass_time(&h, 50);
	uint32_t leader = look_up(&h, "http://a/x", ""), waiter = look_up(&h, "http://a/x", "");
	assert_int_equal(state(&h, leader), EXPIRED | IF_ERROR);
	assert_str(answer(&h, leader, 1), "none");
	assert_status(CALL("transaction_choose_stale", leader), ABI_OK);
	assert_int_equal(state(&h, leader), FRESH | STALE | IF_ERROR);
	assert_str(answer(&h, leader, 0), "200  text");
	assert_int_equal(state(&h, waiter), FRESH | STALE | IF_ERROR);
	assert_str(answer(&h, waiter, 0), "200  text");
	assert_status(CALL("transaction_choose_stale", waiter), ABI_BADF);
	pass_time(&h, 60);
	uint32_t late = look_up(&h, "http://a/x", "");
	assert_int_equal(state(&h, late), EXPIRED);
	assert_status(CALL("transaction_choose_stale", late), ABI_BADF);
	abi_fini(&h);
}

TEST(what_to_do_with_a_response_is_said_by_its_head)
{
	static const struct {
		unsigned status;
		const char *headers;
		unsigned action;
	} rows[] = {
		{ 200, "", INSERT },
		{ 200, "Cache-Control: private", UNCACHEABLE },
		{ 404, "", INSERT },
		{ 500, "", NOT_STORED },
		{ 304, "", NOT_STORED },
		{ 200, "Set-Cookie: a=b", INSERT },
		{ 200, "Vary: *", UNCACHEABLE },
	};
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t lookup = look_up(&h, "http://a/x", ""), out = abi_room(&h, 8);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint32_t r = response(&h, rows[i].status, rows[i].headers);
		assert_status(CALL("prepare_response_for_storage", lookup, r, out, out + 4), ABI_OK);
		assert_int_equal(abi_u32(&h, out), rows[i].action);
		assert_status(abi_call(&h, "fastly_http_resp", "close", r), ABI_OK); /* it is still there */
	}
	abi_fini(&h);
}

/* ---- options ---- */

TEST(options_are_suggested_from_the_head)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t lookup = look_up(&h, "http://a/x", ""), mask = abi_room(&h, 4), out = abi_room(&h, 56),
		 text = abi_room(&h, 32 + 70);
	uint32_t r = response(
		&h, 200,
		"Cache-Control: max-age=9, stale-while-revalidate=8, stale-if-error=7|Age: 2|Vary: A, b|"
		"Surrogate-Key: k1 k2");
	struct abi_http_cache_write_options in = { .vary_rule = text,
						   .vary_rule_len = 3,
						   .surrogate_keys = text + 32,
						   .surrogate_keys_len = 70 },
					    got;
	assert_status(CALL("get_suggested_cache_options", lookup, r, ALL, options(&h, &in), mask, out),
		      ABI_OK);
	memcpy(&got, h.memory + out, sizeof got);
	assert_int_equal(abi_u32(&h, mask), VARY | AGE | SWR | SIE | KEYS);
	assert_int_equal(got.max_age_ns, 9 * NS_PER_S);
	assert_int_equal(got.initial_age_ns, 2 * NS_PER_S);
	assert_int_equal(got.stale_while_revalidate_ns, 8 * NS_PER_S);
	assert_int_equal(got.stale_if_error_ns, 7 * NS_PER_S);
	assert_memory_equal(h.memory + text, "a b", 3);
	assert_memory_equal(h.memory + text + 32 + 64, " k1 k2", 6);
	in.vary_rule_len = 2;
	in.surrogate_keys_len = 0;
	assert_status(CALL("get_suggested_cache_options", lookup, r, ALL, options(&h, &in), mask, out),
		      ABI_BUFLEN);
	memcpy(&got, h.memory + out, sizeof got);
	assert_int_equal(got.vary_rule_len, 3);
	assert_int_equal(got.surrogate_keys_len, 70);
	in.vary_rule = UINT32_MAX - 1;
	in.vary_rule_len = 100;
	assert_status(CALL("get_suggested_cache_options", lookup, r, VARY, options(&h, &in), mask, out),
		      ABI_INVAL);
	assert_status(CALL("get_suggested_cache_options", lookup, r, 1 << 8, options(&h, &in), mask, out),
		      ABI_INVAL);
	abi_fini(&h);
}

/* Of all variants, and of nothing else. */
TEST(what_is_looked_up_has_a_surrogate_key_of_its_own_that_purges_it)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	put(&h, "http://a/other", "", "other", 10);
	uint32_t lookup = look_up(&h, "http://a/x", ""), mask = abi_room(&h, 4), out = abi_room(&h, 56),
		 text = abi_room(&h, 64);
	struct abi_http_cache_write_options o = { .max_age_ns = 10 * NS_PER_S,
						  .surrogate_keys = text,
						  .surrogate_keys_len = 64 };
	uint32_t r = response(&h, 200, "");
	assert_status(CALL("get_suggested_cache_options", lookup, r, KEYS, options(&h, &o), mask, out),
		      ABI_OK);
	for (size_t i = 0; i < 64; i++)
		assert_non_null(strchr("0123456789ABCDEF", h.memory[text + i]));
	insert_with(&h, lookup, "", "hello", KEYS, options(&h, &o));
	assert_int_equal(state(&h, look_up(&h, "http://a/x", "")), FRESH);
	assert_status(abi_call(&h, "fastly_purge", "purge_surrogate_key", text, 64, 0, out), ABI_OK);
	assert_int_equal(state(&h, look_up(&h, "http://a/x", "")), OBLIGED);
	assert_int_equal(state(&h, look_up(&h, "http://a/other", "")), FRESH);
	abi_fini(&h);
}

TEST(options_that_mean_nothing_are_refused_and_the_obligation_stays)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t lookup = look_up(&h, "http://a/x", ""), out = abi_room(&h, 8), r = response(&h, 200, "");
	struct abi_http_cache_write_options o = { .vary_rule = abi_place(&h, STR("a:b")),
						  .vary_rule_len = 3 };
	assert_status(CALL("transaction_insert", lookup, r, VARY, options(&h, &o), out), ABI_INVAL);
	assert_status(CALL("transaction_insert", lookup, r, 1, options(&h, &o), out), ABI_INVAL);
	assert_status(CALL("transaction_insert", lookup, r, 1 << 8, options(&h, &o), out), ABI_INVAL);
	o.surrogate_keys = UINT32_MAX;
	o.surrogate_keys_len = 9;
	assert_status(CALL("transaction_insert", lookup, r, KEYS, options(&h, &o), out), ABI_INVAL);
	assert_status(CALL("transaction_update", lookup, r, 0, options(&h, &o)), ABI_BADF);
	assert_int_equal(state(&h, lookup), OBLIGED);
	assert_status(CALL("transaction_insert", lookup, r, 0, options(&h, &o), out), ABI_OK);
	assert_status(abi_call(&h, "fastly_http_resp", "close", r), ABI_OK); /* an SDK still uses it */
	abi_fini(&h);
}

TEST(a_purge_reaches_responses_by_their_keys)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_http_cache_write_options o = { .max_age_ns = 10 * NS_PER_S,
						  .surrogate_keys = abi_place(&h, STR("k")),
						  .surrogate_keys_len = 1 };
	insert_with(&h, look_up(&h, "http://a/x", ""), "", "text", KEYS, options(&h, &o));
	uint64_t count;
	assert_true(cache_purge(h.world->cache, STR("k"), false, &count));
	assert_int_equal(count, 1);
	assert_int_equal(state(&h, look_up(&h, "http://a/x", "")), OBLIGED);
	abi_fini(&h);
}

/* ---- bad input ---- */

TEST(what_somebody_else_stored_under_the_key_is_no_response)
{
	static const char *const metadata[] = { "", "HTTP\1", "nonsense", "HTTP\1\310" };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = request(&h, "http://a/x", "");
	struct str key = check_bytes(&h, ABI_OK, MODULE, "get_suggested_cache_key", r);
	key = arena_printf(&h.arena, "\377http:%s", "");
	for (size_t i = 0; i < COUNT_OF(metadata); i++) {
		struct cache_op op;
		struct str hash = check_bytes(&h, ABI_OK, MODULE, "get_suggested_cache_key", r);
		char bytes[64];
		memcpy(bytes, key.ptr, key.len);
		memcpy(bytes + key.len, hash.ptr, hash.len);
		const struct cache_write w = { .max_age_ns = NS_PER_S,
					       .user_metadata = str_from(metadata[i]) };
		cache_op_init(&op, CACHE_LOOKUP, (struct str){ bytes, key.len + hash.len }, NULL);
		struct cache_object *o = cache_insert(h.world->cache, &op, &w, &h.loop);
		body_end(cache_object_input(o));
		cache_object_unref(&o);
		cache_op_fini(&op);
		uint32_t lookup = look_up(&h, "http://a/x", "");
		assert_int_equal(state(&h, lookup), 0);
		assert_str(answer(&h, lookup, 1), "none");
	}
	abi_fini(&h);
}

TEST(the_end_of_a_guest_lets_its_waiters_go_on)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t lookup = look_up(&h, "http://a/x", "");
	assert_int_equal(state(&h, lookup), OBLIGED);
	const struct guest_request *r = sandbox_request(h.sandbox, request(&h, "http://a/x", ""));
	struct arena arena = { 0 };
	struct http_lookup other;
	http_lookup_start(&other, h.world->cache, CACHE_TRANSACTION, &r->http, STR(""), &arena, &h.loop);
	assert_false(other.op.done);
	sandbox_release(h.sandbox);
	assert_true(other.op.done && other.op.obliged);
	http_lookup_fini(&other);
	arena_fini(&arena);
	abi_fini(&h);
}

TEST(handles_are_checked)
{
	assert_handles_checked(MODULE, "");
}

TEST(every_function_was_called)
{
	assert_covered(MODULE, "");
}
