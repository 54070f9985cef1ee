/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_kv_store. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_kv_store"

enum { METADATA = 1 << 3, TTL = 1 << 4, IF_GENERATION = 1 << 5 };
enum { CURSOR = 1 << 1, LIMIT = 1 << 2, PREFIX = 1 << 3 };

/* ---- what the tests have in common ---- */

static uint32_t open_store(struct abi_harness *h, const char *name)
{
	uint32_t out = abi_room(h, 4), len = (uint32_t)strlen(name);
	assert_status(abi_call(h, MODULE, "open", abi_place(h, str_from(name)), len, out), ABI_OK);
	return abi_u32(h, out);
}

static uint32_t start_lookup(struct abi_harness *h, uint32_t store, const char *key)
{
	uint32_t out = abi_room(h, 4), config = abi_room(h, 4), at = abi_place(h, str_from(key));
	assert_status(abi_call(h, MODULE, "lookup", store, at, strlen(key), 0, config, out), ABI_OK);
	return abi_u32(h, out);
}

struct found {
	int error;
	struct str value, metadata;
	uint64_t generation;
};

static struct found wait_lookup(struct abi_harness *h, uint32_t op)
{
	uint32_t body = abi_room(h, 4), metadata = abi_room(h, 2048), len = abi_room(h, 4),
		 generation = abi_room(h, 8);
	uint32_t error = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "lookup_wait_v2", op, body, metadata, 2048, len, generation, error),
		      ABI_OK);
	struct found f = { .error = (int)abi_u32(h, error), .value = STR(""), .metadata = STR("") };
	if (f.error == KV_OK) {
		f.value = check_body(h, abi_u32(h, body));
		f.metadata = arena_str(&h->arena, abi_text(h, metadata, len));
		f.generation = abi_u64(h, generation);
	}
	return f;
}

static struct found look_up(struct abi_harness *h, uint32_t store, const char *key)
{
	return wait_lookup(h, start_lookup(h, store, key));
}

static uint32_t place_config(struct abi_harness *h, const struct abi_kv_insert_config *c)
{
	return abi_place(h, (struct str){ (const char *)c, sizeof *c });
}

/* What comes of an insert. */
static int insert(struct abi_harness *h, uint32_t store, const char *key, const char *value, uint32_t mask,
		  struct abi_kv_insert_config config)
{
	uint32_t body = check_new_body(h, value), out = abi_room(h, 4), error = abi_room(h, 4);
	uint32_t at = abi_place(h, str_from(key)), config_at = place_config(h, &config);
	assert_status(abi_call(h, MODULE, "insert", store, at, strlen(key), body, mask, config_at, out),
		      ABI_OK);
	assert_status(abi_call(h, MODULE, "insert_wait", abi_u32(h, out), error), ABI_OK);
	return (int)abi_u32(h, error);
}

static int plain_insert(struct abi_harness *h, uint32_t store, const char *key, const char *value)
{
	return insert(h, store, key, value, 0, (struct abi_kv_insert_config){ 0 });
}

static int delete (struct abi_harness *h, uint32_t store, const char *key)
{
	uint32_t out = abi_room(h, 4), error = abi_room(h, 4), config = abi_room(h, 4),
		 at = abi_place(h, str_from(key));
	assert_status(abi_call(h, MODULE, "delete", store, at, strlen(key), 0, config, out), ABI_OK);
	assert_status(abi_call(h, MODULE, "delete_wait", abi_u32(h, out), error), ABI_OK);
	return (int)abi_u32(h, error);
}

static struct abi_kv_list_config list_config(struct abi_harness *h, const char *cursor, uint32_t limit,
					     const char *prefix)
{
	return (struct abi_kv_list_config){
		.cursor = abi_place(h, str_from(cursor)),
		.cursor_len = (uint32_t)strlen(cursor),
		.limit = limit,
		.prefix = abi_place(h, str_from(prefix)),
		.prefix_len = (uint32_t)strlen(prefix),
	};
}

static int start_list(struct abi_harness *h, uint32_t store, uint32_t mask,
		      const struct abi_kv_list_config *config, uint32_t out)
{
	uint32_t at = abi_place(h, (struct str){ (const char *)config, sizeof *config });
	return (int)abi_call(h, MODULE, "list", store, mask, at, out);
}

/* The JSON text, or a name of the error in brackets. */
static struct str list(struct abi_harness *h, uint32_t store, uint32_t mask, struct abi_kv_list_config config)
{
	uint32_t out = abi_room(h, 4), body = abi_room(h, 4), error = abi_room(h, 4);
	assert_status(start_list(h, store, mask, &config, out), ABI_OK);
	assert_status(abi_call(h, MODULE, "list_wait", abi_u32(h, out), body, error), ABI_OK);
	if (abi_u32(h, error) != KV_OK)
		return arena_printf(&h->arena, "[%u]", abi_u32(h, error));
	return check_body(h, abi_u32(h, body));
}

/* ---- open ---- */

TEST(an_unknown_store_is_invalid)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_status(CALL("open", TEXT("nowhere"), abi_room(&h, 4)), ABI_INVAL);
	assert_status(CALL("open", TEXT(""), abi_room(&h, 4)), ABI_INVAL);
	assert_status(CALL("open", TEXT("things\xff"), abi_room(&h, 4)), ABI_INVAL);
	abi_fini(&h);
}

/* ---- lookup ---- */

TEST(a_lookup_gives_value_metadata_and_generation)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books");
	struct found f = look_up(&h, store, "ba");
	assert_int_equal(f.error, KV_OK);
	assert_str(f.value, "ba");
	assert_str(f.metadata, "blue");
	assert_in_range(f.generation, ABI_WALL_NS, ABI_WALL_NS + 10);
	f = look_up(&h, store, "a");
	assert_str(f.value, "a");
	assert_str(f.metadata, "");
	abi_fini(&h);
}

TEST(a_lookup_of_what_is_not_there_says_so_in_its_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t op = start_lookup(&h, open_store(&h, "books"), "zebra"), out = abi_room(&h, 64);
	abi_set_u32(&h, out, 0x12345678);
	assert_status(CALL("lookup_wait_v2", op, out, out + 32, 0, out + 8, out + 16, out + 24), ABI_OK);
	assert_int_equal(abi_u32(&h, out + 24), KV_NOT_FOUND);
	assert_int_equal(abi_u32(&h, out), 0x12345678); /* the body's place is left alone */
	assert_status(CALL("lookup_wait_v2", op, out, out + 32, 0, out + 8, out + 16, out + 24), ABI_BADF);
	abi_fini(&h);
}

TEST(the_older_wait_has_no_generation)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t op = start_lookup(&h, open_store(&h, "books"), "ba"), out = abi_room(&h, 64);
	memset(h.memory + out, 0xff, 64);
	assert_status(CALL("lookup_wait", op, out, out + 32, 16, out + 8, out + 16, out + 24), ABI_OK);
	assert_str(check_body(&h, abi_u32(&h, out)), "ba");
	assert_str(abi_text(&h, out + 32, out + 8), "blue");
	assert_int_equal(abi_u32(&h, out + 16), 0);
	assert_int_equal(abi_u32(&h, out + 20), UINT32_MAX); /* it has 32 bits and no more */
	assert_int_equal(abi_u32(&h, out + 24), KV_OK);
	abi_fini(&h);
}

TEST(metadata_that_does_not_fit_can_be_asked_for_again)
{
	static const char *const calls[] = { "lookup_wait", "lookup_wait_v2" };
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t op = start_lookup(&h, open_store(&h, "books"), "ba"), out = abi_room(&h, 64);
		uint32_t open = h.sandbox->handles.open;
		for (uint32_t cap = 0; cap < 4; cap++) {
			assert_status(abi_call(&h, MODULE, calls[i], op, out, out + 32, cap, out + 8,
					       out + 16, out + 24),
				      ABI_BUFLEN);
			assert_int_equal(abi_u32(&h, out + 8), 4);
			assert_int_equal(abi_u32(&h, out), 0);
			assert_int_equal(h.sandbox->handles.open, open);
		}
		assert_status(abi_call(&h, MODULE, calls[i], op, out, out + 32, 4, out + 8, out + 16,
				       out + 24),
			      ABI_OK);
		assert_str(abi_text(&h, out + 32, out + 8), "blue");
		abi_fini(&h);
	}
}

TEST(reserved_bits_are_accepted_and_unknown_ones_are_not)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books"), config = abi_room(&h, 32), out = abi_room(&h, 4);
	assert_status(CALL("lookup", store, TEXT("a"), 1, config, out), ABI_OK);
	assert_status(CALL("lookup", store, TEXT("a"), 2, config, out), ABI_INVAL);
	assert_status(CALL("delete", store, TEXT("a"), 1, config, out), ABI_OK);
	assert_status(CALL("delete", store, TEXT("a"), 0x80000000, config, out), ABI_INVAL);
	assert_status(CALL("list", store, 1, config, out), ABI_OK);
	assert_status(CALL("list", store, 16, config, out), ABI_INVAL);
	assert_status(CALL("insert", store, TEXT("a"), check_new_body(&h, ""), 7, config, out), ABI_OK);
	assert_status(CALL("insert", store, TEXT("a"), check_new_body(&h, ""), 64, config, out), ABI_INVAL);
	abi_fini(&h);
}

TEST(keys_that_may_not_be_used_are_invalid)
{
	static const char *const keys[] = { "",     ".",    "..",  "a/../b",  ".well-known/acme-challenge/x",
					    "a\nb", "a\rb", "a#b", "a;b",     "a?b",
					    "a^b",  "a|b",  " ",   "\x7f\xff" };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books"), config = abi_room(&h, 32), out = abi_room(&h, 4);
	uint32_t body = check_new_body(&h, "x");
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		uint32_t at = abi_place(&h, str_from(keys[i])), len = (uint32_t)strlen(keys[i]);
		assert_status(CALL("lookup", store, at, len, 0, config, out), ABI_INVAL);
		assert_status(CALL("insert", store, at, len, body, 0, config, out), ABI_INVAL);
		assert_status(CALL("delete", store, at, len, 0, config, out), ABI_INVAL);
	}
	uint32_t at = abi_room(&h, 1025);
	memset(h.memory + at, 'k', 1025);
	assert_status(CALL("lookup", store, at, 1025, 0, config, out), ABI_INVAL);
	assert_status(CALL("lookup", store, at, 1024, 0, config, out), ABI_OK);
	assert_str(check_body(&h, body), "x"); /* a refused insert has not taken the body */
	abi_fini(&h);
}

/* ---- insert ---- */

TEST(what_was_inserted_is_found)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things");
	assert_int_equal(plain_insert(&h, store, "key", "value"), KV_OK);
	assert_str(look_up(&h, store, "key").value, "value");
	assert_int_equal(plain_insert(&h, store, "key", ""), KV_OK);
	struct found f = look_up(&h, store, "key");
	assert_int_equal(f.error, KV_OK);
	assert_str(f.value, "");
	abi_fini(&h);
}

TEST(the_key_of_an_insert_is_copied_before_the_guest_goes_on)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	kv_destroy(&h.world->kv);
	h.world->kv = kv_slow_new(kv_memory_new(), NS_PER_S);
	kv_add_store(h.world->kv, STR("things"));
	uint32_t store = open_store(&h, "things"), at = abi_place(&h, STR("key")), out = abi_room(&h, 4);
	struct abi_kv_insert_config config = { .metadata = abi_place(&h, STR("meta")), .metadata_len = 4 };
	uint32_t body = check_new_body(&h, "v"), config_at = place_config(&h, &config);
	assert_status(CALL("insert", store, at, 3, body, METADATA, config_at, out), ABI_OK);
	memcpy(h.memory + at, "KEY", 3);
	memcpy(h.memory + config.metadata, "META", 4);
	assert_status(CALL("insert_wait", abi_u32(&h, out), out), ABI_OK);
	assert_str(look_up(&h, store, "key").metadata, "meta");
	assert_int_equal(look_up(&h, store, "KEY").error, KV_NOT_FOUND);
	abi_fini(&h);
}

TEST(insert_takes_the_body)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things"), body = check_new_body(&h, "v"), out = abi_room(&h, 4);
	uint32_t config = abi_room(&h, 32);
	assert_status(CALL("insert", store, TEXT("k"), body, 0, config, out), ABI_OK);
	assert_status(abi_call(&h, "fastly_http_body", "close", body), ABI_BADF);
	assert_status(CALL("insert", store, TEXT("k"), body, 0, config, out), ABI_BADF);
	abi_fini(&h);
}

TEST(a_failed_insert_leaves_no_handle)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things"), config = abi_room(&h, 32), out = abi_room(&h, 4);
	uint32_t open = h.sandbox->handles.open;
	assert_status(CALL("insert", store, TEXT("k"), HANDLE_INVALID, 0, config, out), ABI_BADF);
	assert_status(CALL("insert", store, TEXT("k"), 0, METADATA, config, out), ABI_INVAL);
	assert_int_equal(h.sandbox->handles.open, open);
	abi_fini(&h);
}

TEST(modes_say_what_happens_to_the_value_before)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things");
	struct abi_kv_insert_config config = { .mode = KV_ADD };
	assert_int_equal(insert(&h, store, "k", "b", 0, config), KV_OK);
	assert_int_equal(insert(&h, store, "k", "x", 0, config), KV_PRECONDITION_FAILED);
	config.mode = KV_APPEND;
	assert_int_equal(insert(&h, store, "k", "c", 0, config), KV_OK);
	config.mode = KV_PREPEND;
	assert_int_equal(insert(&h, store, "k", "a", 0, config), KV_OK);
	assert_str(look_up(&h, store, "k").value, "abc");
	config.mode = KV_OVERWRITE;
	assert_int_equal(insert(&h, store, "k", "new", 0, config), KV_OK);
	assert_str(look_up(&h, store, "k").value, "new");
	abi_fini(&h);
}

TEST(an_unknown_mode_is_invalid)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things"), body = check_new_body(&h, "v"), out = abi_room(&h, 4);
	uint32_t config = place_config(&h, &(struct abi_kv_insert_config){ .mode = KV_PREPEND + 1 });
	assert_status(CALL("insert", store, TEXT("k"), body, 0, config, out), ABI_INVAL);
	struct abi_kv_list_config list_of = { .mode = 2 };
	assert_status(start_list(&h, store, 0, &list_of, out), ABI_INVAL);
	list_of.mode = 1;
	assert_status(start_list(&h, store, 0, &list_of, out), ABI_OK);
	abi_fini(&h);
}

TEST(a_generation_guards_a_write)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things");
	assert_int_equal(plain_insert(&h, store, "k", "one"), KV_OK);
	uint64_t generation = look_up(&h, store, "k").generation;
	struct abi_kv_insert_config config = { .if_generation_match = generation + 1 };
	assert_int_equal(insert(&h, store, "k", "two", IF_GENERATION, config), KV_PRECONDITION_FAILED);
	assert_int_equal(insert(&h, store, "k", "two", 0, config),
			 KV_OK); /* without the bit the field does not count */
	assert_true(look_up(&h, store, "k").generation > generation);
	config.if_generation_match = look_up(&h, store, "k").generation;
	assert_int_equal(insert(&h, store, "k", "three", IF_GENERATION, config), KV_OK);
	assert_str(look_up(&h, store, "k").value, "three");
	abi_fini(&h);
}

TEST(metadata_is_stored_with_the_value_and_must_be_text)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things"), out = abi_room(&h, 4), at = abi_place(&h, STR("red\xff"));
	struct abi_kv_insert_config config = { .metadata = at, .metadata_len = 3 };
	assert_int_equal(insert(&h, store, "k", "v", METADATA, config), KV_OK);
	assert_str(look_up(&h, store, "k").metadata, "red");
	assert_int_equal(insert(&h, store, "k", "v", 0, config), KV_OK);
	assert_str(look_up(&h, store, "k").metadata, "");
	const struct abi_kv_insert_config bad[] = {
		{ .metadata = at, .metadata_len = 0 },
		{ .metadata = at, .metadata_len = 4 },
		{ .metadata = ABI_MEMORY_BYTES - 1, .metadata_len = 2 },
		{ .metadata = 0xfffffff0, .metadata_len = 0x20 },
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		uint32_t body = check_new_body(&h, "v"), config_at = place_config(&h, &bad[i]);
		assert_status(CALL("insert", store, TEXT("k"), body, METADATA, config_at, out), ABI_INVAL);
	}
	abi_fini(&h);
}

TEST(too_much_metadata_is_too_large_a_payload)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things"), at = abi_room(&h, KV_METADATA_BYTES_MAX + 1);
	memset(h.memory + at, 'm', KV_METADATA_BYTES_MAX + 1);
	struct abi_kv_insert_config config = { .metadata = at, .metadata_len = KV_METADATA_BYTES_MAX };
	assert_int_equal(insert(&h, store, "k", "v", METADATA, config), KV_OK);
	config.metadata_len++;
	assert_int_equal(insert(&h, store, "k", "v", METADATA, config), KV_PAYLOAD_TOO_LARGE);
	abi_fini(&h);
}

TEST(a_value_expires_with_its_time_to_live)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things");
	struct abi_kv_insert_config config = { .time_to_live_sec = 60 };
	assert_int_equal(insert(&h, store, "short", "v", TTL, config), KV_OK);
	assert_int_equal(insert(&h, store, "long", "v", 0, config), KV_OK);
	clock_jump(h.clock, clock_monotonic(h.clock) + 60 * NS_PER_S - 1);
	assert_int_equal(look_up(&h, store, "short").error, KV_OK);
	clock_jump(h.clock, clock_monotonic(h.clock) + 1);
	assert_int_equal(look_up(&h, store, "short").error, KV_NOT_FOUND);
	clock_jump(h.clock, clock_monotonic(h.clock) + UINT64_C(100) * 365 * 86400 * NS_PER_S);
	assert_int_equal(look_up(&h, store, "long").error, KV_OK);
	abi_fini(&h);
}

TEST(a_time_to_live_of_nothing_does_not_mean_for_ever)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things");
	assert_int_equal(insert(&h, store, "k", "v", TTL, (struct abi_kv_insert_config){ 0 }), KV_OK);
	clock_jump(h.clock, clock_monotonic(h.clock) + 1);
	assert_int_equal(look_up(&h, store, "k").error, KV_NOT_FOUND);
	abi_fini(&h);
}

/* ---- inserts of bodies that take their time ---- */

/* The downstream request's body, which the test writes as a slow client would. */
static struct body *slow_client(struct abi_harness *h)
{
	struct body *body = body_new(&h->loop);
	body->streaming = true;
	h->request.body = body;
	return body;
}

struct waiting_insert {
	struct abi_harness h;
	struct body *client;
	uint32_t store, out;
	int status;
};

static void begin_waiting_insert(struct waiting_insert *w)
{
	struct abi_harness *h = &w->h;
	abi_prepare(h, ABI_MEMORY_BYTES);
	abi_furnish(h);
	w->client = slow_client(h);
	abi_start(h);
	w->store = open_store(h, "things");
	w->out = abi_room(h, 4);
	uint64_t raw[] = { w->store, ABI_TEXT(h, "k"), h->sandbox->body_handle, 0, abi_room(h, 32), w->out };
	w->status = (int)abi_begin(h, hostcall_find(STR(MODULE), STR("insert")), raw);
}

static void end_waiting_insert(struct waiting_insert *w)
{
	body_unref(&w->client);
	abi_fini(&w->h);
}

TEST(an_insert_waits_for_the_end_of_its_body)
{
	struct waiting_insert w;
	begin_waiting_insert(&w);
	assert_status(w.status, ABI_WAIT);
	body_write(w.client, STR("one "));
	assert_status(abi_go_on(&w.h, UINT64_MAX), ABI_WAIT);
	body_write(w.client, STR("two"));
	body_end(w.client);
	assert_status(abi_go_on(&w.h, UINT64_MAX), ABI_OK);
	uint32_t error = abi_room(&w.h, 4);
	assert_status(abi_call(&w.h, MODULE, "insert_wait", abi_u32(&w.h, w.out), error), ABI_OK);
	assert_int_equal(abi_u32(&w.h, error), KV_OK);
	assert_str(look_up(&w.h, w.store, "k").value, "one two");
	end_waiting_insert(&w);
}

TEST(an_insert_of_a_body_that_breaks_off_stores_nothing)
{
	static const struct {
		enum body_failure why;
		enum abi_status status;
	} failures[] = {
		{ BODY_FAILURE_INCOMPLETE, ABI_HTTPINCOMPLETE },
		{ BODY_FAILURE_ABANDONED, ABI_HTTPINCOMPLETE },
		{ BODY_FAILURE_TIMEOUT, ABI_ERROR },
	};
	for (size_t i = 0; i < COUNT_OF(failures); i++) {
		struct waiting_insert w;
		begin_waiting_insert(&w);
		uint32_t open = w.h.sandbox->handles.open;
		body_write(w.client, STR("one "));
		body_fail(w.client, failures[i].why);
		assert_status(abi_go_on(&w.h, UINT64_MAX), failures[i].status);
		assert_int_equal(w.h.sandbox->handles.open, open - 1);
		assert_int_equal(look_up(&w.h, w.store, "k").error, KV_NOT_FOUND);
		end_waiting_insert(&w);
	}
}

TEST(a_guest_that_ends_while_its_insert_waits_leaves_nothing)
{
	struct waiting_insert w;
	begin_waiting_insert(&w);
	body_write(w.client, STR("one "));
	assert_status(abi_go_on(&w.h, UINT64_MAX), ABI_WAIT);
	sandbox_stop(w.h.sandbox);
	sandbox_release(w.h.sandbox);
	assert_true(body_abandoned(w.client));
	end_waiting_insert(&w);
}

TEST(a_value_may_have_25_mib_and_no_more)
{
	struct waiting_insert w;
	static char chunk[1 << 20];
	for (int more = 0; more < 2; more++) {
		begin_waiting_insert(&w);
		for (int i = 0; i < 25; i++)
			body_write(w.client, (struct str){ chunk, sizeof chunk });
		if (more)
			body_write(w.client, STR("x"));
		body_end(w.client);
		assert_status(abi_go_on(&w.h, UINT64_MAX), ABI_OK);
		uint32_t error = abi_room(&w.h, 4);
		assert_status(abi_call(&w.h, MODULE, "insert_wait", abi_u32(&w.h, w.out), error), ABI_OK);
		assert_int_equal(abi_u32(&w.h, error), more ? KV_PAYLOAD_TOO_LARGE : KV_OK);
		end_waiting_insert(&w);
	}
}

/* Nobody is made to send what nobody will keep. */
TEST(a_body_that_is_too_long_is_not_read_to_its_end)
{
	struct waiting_insert w;
	static char chunk[1 << 20];
	begin_waiting_insert(&w);
	for (int i = 0; i < 26; i++)
		body_write(w.client, (struct str){ chunk, sizeof chunk });
	assert_status(abi_go_on(&w.h, UINT64_MAX), ABI_OK);
	assert_true(body_abandoned(w.client));
	end_waiting_insert(&w);
}

/* A store outlives the guest, so what it puts there is not given back by deleting it. */
TEST(a_guest_stores_so_much_and_no_more)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things");
	h.sandbox->held_bytes = (UINT64_C(1) << 30) - 1000;
	assert_int_equal(plain_insert(&h, store, "a", "value"), KV_OK);
	assert_int_equal(plain_insert(&h, store, "b", "value"), KV_OK);
	assert_int_equal(plain_insert(&h, store, "c", "value"), KV_OK);
	assert_int_equal(plain_insert(&h, store, "d", "value"), KV_TOO_MANY_REQUESTS);
	assert_int_equal(look_up(&h, store, "c").error, KV_OK);
	assert_int_equal(look_up(&h, store, "d").error, KV_NOT_FOUND);
	abi_fini(&h);
}

/* ---- delete ---- */

TEST(what_was_deleted_is_not_found)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books");
	assert_int_equal(delete (&h, store, "a"), KV_OK);
	assert_int_equal(look_up(&h, store, "a").error, KV_NOT_FOUND);
	assert_int_equal(look_up(&h, store, "b").error, KV_OK);
	assert_int_equal(delete (&h, store, "a"), KV_NOT_FOUND);
	abi_fini(&h);
}

/* ---- list ---- */

TEST(a_list_is_json_in_the_order_of_keys)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books");
	assert_str(list(&h, store, 0, (struct abi_kv_list_config){ 0 }),
		   "{\"data\":[\"a\",\"b\",\"ba\",\"c\"],\"meta\":{\"limit\":1000}}");
	assert_str(list(&h, open_store(&h, "things"), 0, (struct abi_kv_list_config){ 0 }),
		   "{\"data\":[],\"meta\":{\"limit\":1000}}");
	abi_fini(&h);
}

TEST(a_list_is_cut_into_pages_by_its_cursor)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books");
	assert_str(list(&h, store, LIMIT, list_config(&h, "", 3, "")),
		   "{\"data\":[\"a\",\"b\",\"ba\"],\"meta\":{\"limit\":3,\"next_cursor\":\"YmE=\"}}");
	assert_str(list(&h, store, LIMIT | CURSOR, list_config(&h, "YmE=", 3, "")),
		   "{\"data\":[\"c\"],\"meta\":{\"limit\":3}}");
	assert_str(list(&h, store, LIMIT, list_config(&h, "", 4, "")),
		   "{\"data\":[\"a\",\"b\",\"ba\",\"c\"],\"meta\":{\"limit\":4}}");
	abi_fini(&h);
}

TEST(a_list_can_be_of_a_prefix)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books");
	assert_str(list(&h, store, PREFIX, list_config(&h, "", 0, "b")),
		   "{\"data\":[\"b\",\"ba\"],\"meta\":{\"limit\":1000,\"prefix\":\"b\"}}");
	assert_str(list(&h, store, PREFIX | LIMIT, list_config(&h, "", 1, "b")),
		   "{\"data\":[\"b\"],\"meta\":{\"limit\":1,\"prefix\":\"b\",\"next_cursor\":\"Yg==\"}}");
	assert_str(list(&h, store, PREFIX, list_config(&h, "", 0, "x\"\\")),
		   "{\"data\":[],\"meta\":{\"limit\":1000,\"prefix\":\"x\\\"\\\\\"}}");
	abi_fini(&h);
}

TEST(keys_in_a_list_are_escaped)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things");
	assert_int_equal(plain_insert(&h, store, "\"\xc3\xa4\x01\t/\\", "v"), KV_OK);
	assert_str(list(&h, store, 0, (struct abi_kv_list_config){ 0 }),
		   "{\"data\":[\"\\\"\xc3\xa4\\u0001\\t/\\\\\"],\"meta\":{\"limit\":1000}}");
	abi_fini(&h);
}

TEST(a_page_has_a_thousand_keys_at_most)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things");
	for (int i = 0; i < 1001; i++) {
		abi_clear(&h);
		plain_insert(&h, store, arena_printf(&h.arena, "key-%04d", i).ptr, "");
	}
	struct str json = list(&h, store, LIMIT, list_config(&h, "", 5000, ""));
	assert_true(str_find(json, STR("\"key-0999\"]")) != STR_NONE);
	assert_true(str_ends(json, STR(",\"meta\":{\"limit\":1000,\"next_cursor\":\"a2V5LTA5OTk=\"}}")));
	json = list(&h, store, CURSOR, list_config(&h, "a2V5LTA5OTk=", 0, ""));
	assert_str(json, "{\"data\":[\"key-1000\"],\"meta\":{\"limit\":1000}}");
	abi_fini(&h);
}

TEST(a_list_that_makes_no_sense_is_a_bad_request)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books");
	char long_text[2 * KV_KEY_BYTES_MAX + 2];
	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	assert_str(list(&h, store, LIMIT, list_config(&h, "", 0, "")), "[2]");
	assert_str(list(&h, store, CURSOR, list_config(&h, "no cursor!", 0, "")), "[2]");
	assert_str(list(&h, store, CURSOR, list_config(&h, long_text, 0, "")), "[2]");
	assert_str(list(&h, store, PREFIX, list_config(&h, "", 0, long_text)), "[2]");
	abi_fini(&h);
}

TEST(texts_of_a_list_must_be_there_and_be_text)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books"), out = abi_room(&h, 4), open = h.sandbox->handles.open;
	struct abi_kv_list_config config = list_config(&h, "", 1, "");
	assert_status(start_list(&h, store, CURSOR, &config, out), ABI_INVAL);
	assert_status(start_list(&h, store, PREFIX, &config, out), ABI_INVAL);
	config = list_config(&h, "\xff", 1, "\xff");
	assert_status(start_list(&h, store, CURSOR, &config, out), ABI_INVAL);
	assert_status(start_list(&h, store, PREFIX, &config, out), ABI_INVAL);
	config.prefix = ABI_MEMORY_BYTES;
	assert_status(start_list(&h, store, PREFIX, &config, out), ABI_INVAL);
	config.cursor_len = UINT32_MAX;
	assert_status(start_list(&h, store, CURSOR, &config, out), ABI_INVAL);
	assert_int_equal(h.sandbox->handles.open, open);
	abi_fini(&h);
}

/* ---- all operations ---- */

TEST(an_operation_is_waited_for_by_its_own_call_only)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t op = start_lookup(&h, open_store(&h, "books"), "a"), out = abi_room(&h, 64);
	assert_status(CALL("insert_wait", op, out), ABI_BADF);
	assert_status(CALL("delete_wait", op, out), ABI_BADF);
	assert_status(CALL("list_wait", op, out, out + 8), ABI_BADF);
	assert_str(wait_lookup(&h, op).value, "a");
	abi_fini(&h);
}

TEST(a_slow_store_lets_the_guest_wait)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	kv_destroy(&h.world->kv);
	h.world->kv = kv_slow_new(kv_memory_new(), 3 * NS_PER_S);
	kv_add_store(h.world->kv, STR("things"));
	uint64_t start = clock_monotonic(h.clock);
	uint32_t store = open_store(&h, "things"), op = start_lookup(&h, store, "k");
	assert_int_equal(clock_monotonic(h.clock), start); /* starting does not wait */
	assert_int_equal(wait_lookup(&h, op).error, KV_NOT_FOUND);
	assert_int_equal(clock_monotonic(h.clock), start + 3 * NS_PER_S);
	assert_int_equal(plain_insert(&h, store, "k", "v"), KV_OK);
	assert_str(list(&h, store, 0, (struct abi_kv_list_config){ 0 }),
		   "{\"data\":[\"k\"],\"meta\":{\"limit\":1000}}");
	assert_int_equal(delete (&h, store, "k"), KV_OK);
	assert_int_equal(clock_monotonic(h.clock), start + 12 * NS_PER_S);
	abi_fini(&h);
}

TEST(a_store_that_fails_is_an_internal_error)
{
	struct abi_harness h;
	for (unsigned calls = 0; calls < 4; calls++) {
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t store = open_store(&h, "books");
		h.world->kv = kv_failing_new(h.world->kv, calls);
		assert_int_equal(look_up(&h, store, "a").error, calls == 0 ? KV_INTERNAL_ERROR : KV_OK);
		assert_int_equal(plain_insert(&h, store, "a", "x"), calls == 1 ? KV_INTERNAL_ERROR : KV_OK);
		assert_int_equal(delete (&h, store, "a"), calls == 2 ? KV_INTERNAL_ERROR : KV_OK);
		assert_int_equal(str_eq(list(&h, store, 0, (struct abi_kv_list_config){ 0 }), STR("[6]")),
				 calls == 3);
		abi_fini(&h);
	}
}

TEST(too_many_handles_are_refused)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books"), out = abi_room(&h, 64), config = abi_room(&h, 32);
	uint32_t found = start_lookup(&h, store, "a"), body = check_new_body(&h, "v");
	assert_status(CALL("list", store, 0, config, out), ABI_OK);
	uint32_t listed = abi_u32(&h, out);
	h.world->limits.handles = h.sandbox->handles.open;
	assert_status(CALL("open", TEXT("books"), out), ABI_LIMITEXCEEDED);
	assert_status(CALL("lookup", store, TEXT("a"), 0, config, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("insert", store, TEXT("a"), body, 0, config, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("delete", store, TEXT("a"), 0, config, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("list", store, 0, config, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("lookup_wait_v2", found, out, out + 32, 0, out + 8, out + 16, out + 24),
		      ABI_LIMITEXCEEDED);
	assert_status(CALL("list_wait", listed, out, out + 8), ABI_LIMITEXCEEDED);
	h.world->limits.handles += 2; /* nothing was lost by that */
	assert_str(wait_lookup(&h, found).value, "a");
	assert_str(check_body(&h, body), "v");
	assert_status(CALL("list_wait", listed, out, out + 8), ABI_OK);
	abi_fini(&h);
}

TEST(the_trace_tells_what_was_done_to_which_key)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	abi_furnish(&h);
	h.world->tracing = true;
	abi_start(&h);
	uint32_t store = open_store(&h, "books");
	look_up(&h, store, "zebra");
	insert(&h, store, "zebra", "v", TTL, (struct abi_kv_insert_config){ .time_to_live_sec = 5 });
	delete (&h, store, "zebra");
	const struct trace_event *ev = h.sandbox->invocation->trace.first;
	assert_string_equal((ev = ev->next)->type, "kv-get");
	const struct trace_attrib *a = ev->first;
	assert_string_equal(a->name, "name");
	assert_str(a->text, "books");
	assert_string_equal((a = a->next)->name, "key");
	assert_str(a->text, "zebra");
	assert_string_equal((a = a->next)->name, "found");
	assert_false(a->truth);
	assert_string_equal((a = a->next)->name, "status");
	assert_str(a->text, "not_found");
	assert_string_equal((ev = ev->next)->type, "kv-put");
	a = ev->first->next->next;
	assert_string_equal(a->name, "ttl");
	assert_true(a->number > 4.9 && a->number < 5.1);
	assert_string_equal((ev = ev->next)->type, "kv-delete");
	assert_null(ev->next);
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_handles_checked(MODULE, "");
	assert_covered(MODULE, "");
}
