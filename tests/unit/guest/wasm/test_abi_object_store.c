/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_object_store: the deprecated door to key-value stores. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_object_store"

static uint32_t open_store(struct abi_harness *h, const char *name)
{
	uint32_t out = abi_room(h, 4), len = (uint32_t)strlen(name);
	assert_status(abi_call(h, MODULE, "open", abi_place(h, str_from(name)), len, out), ABI_OK);
	return abi_u32(h, out);
}

/* "(none)" when there is no such key: the body's place is left alone then. */
static struct str value_at(struct abi_harness *h, uint32_t out)
{
	return abi_u32(h, out) == HANDLE_INVALID ? STR("(none)") : check_body(h, abi_u32(h, out));
}

static struct str look_up(struct abi_harness *h, uint32_t store, const char *key)
{
	uint32_t out = abi_room(h, 4);
	abi_set_u32(h, out, HANDLE_INVALID);
	assert_status(abi_call(h, MODULE, "lookup", store, abi_place(h, str_from(key)), strlen(key), out),
		      ABI_OK);
	return value_at(h, out);
}

TEST(a_lookup_gives_the_value_or_no_body)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books");
	assert_str(look_up(&h, store, "ba"), "ba");
	assert_str(look_up(&h, store, "zebra"), "(none)");
	abi_fini(&h);
}

TEST(a_lookup_can_be_waited_for_later)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books"), out = abi_room(&h, 4), body = abi_room(&h, 4);
	assert_status(CALL("lookup_async", store, TEXT("c"), out), ABI_OK);
	assert_status(CALL("pending_lookup_wait", abi_u32(&h, out), body), ABI_OK);
	assert_str(value_at(&h, body), "c");
	assert_status(CALL("pending_lookup_wait", abi_u32(&h, out), body), ABI_BADF);
	abi_set_u32(&h, body, HANDLE_INVALID);
	assert_status(CALL("lookup_async", store, TEXT("zebra"), out), ABI_OK);
	assert_status(CALL("pending_lookup_wait", abi_u32(&h, out), body), ABI_OK);
	assert_str(value_at(&h, body), "(none)");
	abi_fini(&h);
}

TEST(what_was_inserted_is_found)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things"), out = abi_room(&h, 4);
	assert_status(CALL("insert", store, TEXT("k"), check_new_body(&h, "one")), ABI_OK);
	assert_str(look_up(&h, store, "k"), "one");
	assert_status(CALL("insert_async", store, TEXT("k"), check_new_body(&h, "two"), out), ABI_OK);
	assert_status(CALL("pending_insert_wait", abi_u32(&h, out)), ABI_OK);
	assert_str(look_up(&h, store, "k"), "two");
	assert_status(CALL("pending_insert_wait", abi_u32(&h, out)), ABI_BADF);
	abi_fini(&h);
}

TEST(a_delete_of_what_is_not_there_is_none)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books"), out = abi_room(&h, 4);
	assert_status(CALL("delete_async", store, TEXT("a"), out), ABI_OK);
	assert_status(CALL("pending_delete_wait", abi_u32(&h, out)), ABI_OK);
	assert_str(look_up(&h, store, "a"), "(none)");
	assert_status(CALL("delete_async", store, TEXT("a"), out), ABI_OK);
	assert_status(CALL("pending_delete_wait", abi_u32(&h, out)), ABI_NONE);
	assert_status(CALL("pending_delete_wait", abi_u32(&h, out)), ABI_BADF);
	abi_fini(&h);
}

TEST(an_unknown_store_is_invalid)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_status(CALL("open", TEXT("nowhere"), abi_room(&h, 4)), ABI_INVAL);
	assert_status(CALL("open", TEXT("\xff"), abi_room(&h, 4)), ABI_INVAL);
	abi_fini(&h);
}

/* Unlike in fastly_kv_store a key that may not be used is an error; one that is no text is invalid in both.
 */
TEST(keys_that_may_not_be_used_are_errors)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books"), out = abi_room(&h, 4), body = check_new_body(&h, "v");
	assert_status(CALL("lookup", store, TEXT("a?b"), out), ABI_ERROR);
	assert_status(CALL("lookup_async", store, TEXT(""), out), ABI_ERROR);
	assert_status(CALL("insert", store, TEXT(".."), body), ABI_ERROR);
	assert_status(CALL("insert_async", store, TEXT("a#"), body, out), ABI_ERROR);
	assert_status(CALL("delete_async", store, TEXT("a|"), out), ABI_ERROR);
	assert_status(CALL("lookup", store, TEXT("\xff"), out), ABI_INVAL);
	assert_status(CALL("insert", store, TEXT("\xff"), body), ABI_INVAL);
	assert_str(check_body(&h, body), "v");
	abi_fini(&h);
}

TEST(an_insert_needs_a_body)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "things"), open = h.sandbox->handles.open;
	assert_status(CALL("insert", store, TEXT("k"), HANDLE_INVALID), ABI_BADF);
	assert_status(CALL("insert_async", store, TEXT("k"), store, abi_room(&h, 4)), ABI_BADF);
	assert_int_equal(h.sandbox->handles.open, open);
	abi_fini(&h);
}

TEST(every_call_that_waits_works_with_a_slow_store)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	kv_destroy(&h.world->kv);
	h.world->kv = kv_slow_new(kv_memory_new(), NS_PER_S);
	kv_add_store(h.world->kv, STR("things"));
	uint64_t start = clock_monotonic(h.clock);
	uint32_t store = open_store(&h, "things"), out = abi_room(&h, 4), body = abi_room(&h, 4),
		 open = h.sandbox->handles.open;
	assert_status(CALL("insert", store, TEXT("k"), check_new_body(&h, "one")), ABI_OK);
	assert_str(look_up(&h, store, "k"), "one");
	assert_status(CALL("lookup_async", store, TEXT("k"), out), ABI_OK);
	assert_status(CALL("pending_lookup_wait", abi_u32(&h, out), body), ABI_OK);
	assert_status(CALL("insert_async", store, TEXT("k"), check_new_body(&h, "two"), out), ABI_OK);
	assert_status(CALL("pending_insert_wait", abi_u32(&h, out)), ABI_OK);
	assert_status(CALL("delete_async", store, TEXT("k"), out), ABI_OK);
	assert_status(CALL("pending_delete_wait", abi_u32(&h, out)), ABI_OK);
	assert_int_equal(clock_monotonic(h.clock), start + 5 * NS_PER_S);
	assert_int_equal(h.sandbox->handles.open, open + 2); /* the two bodies that were found */
	abi_fini(&h);
}

TEST(an_insert_waits_for_the_end_of_its_body)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	abi_furnish(&h);
	struct body *client = body_new(&h.loop);
	client->streaming = true;
	h.request.body = client;
	abi_start(&h);
	uint32_t store = open_store(&h, "things");
	uint64_t raw[] = { store, TEXT("k"), h.sandbox->body_handle };
	assert_status(abi_begin(&h, hostcall_find(STR(MODULE), STR("insert")), raw), ABI_WAIT);
	body_write(client, STR("late"));
	body_end(client);
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK);
	assert_str(look_up(&h, store, "k"), "late");
	body_unref(&client);
	abi_fini(&h);
}

TEST(a_store_that_fails_is_invalid)
{
	struct abi_harness h;
	for (unsigned calls = 0; calls < 3; calls++) {
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t store = open_store(&h, "books"), out = abi_room(&h, 4),
			 open = h.sandbox->handles.open;
		h.world->kv = kv_failing_new(h.world->kv, calls);
		assert_status(CALL("lookup", store, TEXT("zebra"), out), calls == 0 ? ABI_INVAL : ABI_OK);
		assert_status(CALL("insert", store, TEXT("a"), check_new_body(&h, "x")),
			      calls == 1 ? ABI_INVAL : ABI_OK);
		assert_status(CALL("delete_async", store, TEXT("a"), out), ABI_OK);
		assert_status(CALL("pending_delete_wait", abi_u32(&h, out)), calls == 2 ? ABI_INVAL : ABI_OK);
		assert_int_equal(h.sandbox->handles.open, open);
		abi_fini(&h);
	}
}

TEST(stores_and_operations_are_those_of_kv_store)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books"), out = abi_room(&h, 4), config = abi_room(&h, 4);
	assert_status(abi_call(&h, "fastly_kv_store", "lookup", store, TEXT("a"), 0, config, out), ABI_OK);
	assert_status(CALL("pending_insert_wait", abi_u32(&h, out)), ABI_BADF);
	assert_status(CALL("pending_delete_wait", abi_u32(&h, out)), ABI_BADF);
	assert_status(CALL("pending_lookup_wait", abi_u32(&h, out), out), ABI_OK);
	assert_str(value_at(&h, out), "a");
	abi_fini(&h);
}

TEST(too_many_handles_are_refused)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t store = open_store(&h, "books"), out = abi_room(&h, 4), body = check_new_body(&h, "v");
	h.world->limits.handles = h.sandbox->handles.open;
	assert_status(CALL("open", TEXT("books"), out), ABI_LIMITEXCEEDED);
	assert_status(CALL("lookup", store, TEXT("a"), out), ABI_LIMITEXCEEDED);
	assert_status(CALL("lookup_async", store, TEXT("a"), out), ABI_LIMITEXCEEDED);
	assert_status(CALL("insert", store, TEXT("a"), body), ABI_LIMITEXCEEDED);
	assert_status(CALL("delete_async", store, TEXT("a"), out), ABI_LIMITEXCEEDED);
	assert_str(check_body(&h, body), "v");
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_handles_checked(MODULE, "");
	assert_covered(MODULE, "");
}
