/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_async_io. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_async_io"

enum { NOTHING_READY = -1 };

/* A harness whose client sends its body slowly and whose store takes a second for everything. */
static void init_slow(struct abi_harness *h, struct body **client)
{
	abi_prepare(h, ABI_MEMORY_BYTES);
	abi_furnish(h);
	kv_destroy(&h->world->kv);
	h->world->kv = kv_slow_new(kv_memory_new(), NS_PER_S);
	kv_add_store(h->world->kv, STR("things"));
	*client = body_new(&h->loop);
	(*client)->streaming = true;
	h->request.body = *client;
	abi_start(h);
}

static void fini_slow(struct abi_harness *h, struct body **client)
{
	body_unref(client);
	abi_fini(h);
}

static uint32_t pending_request(struct abi_harness *h, const char *backend)
{
	uint32_t out = abi_room(h, 4), at = abi_place(h, str_from(backend));
	assert_status(abi_call(h, "fastly_http_req", "new", out), ABI_OK);
	assert_status(abi_call(h, "fastly_http_req", "send_async", abi_u32(h, out), check_new_body(h, ""), at,
			       strlen(backend), out),
		      ABI_OK);
	return abi_u32(h, out);
}

static uint32_t pending_lookup(struct abi_harness *h)
{
	uint32_t out = abi_room(h, 4), config = abi_room(h, 4);
	assert_status(abi_call(h, "fastly_kv_store", "open", ABI_TEXT(h, "things"), out), ABI_OK);
	assert_status(abi_call(h, "fastly_kv_store", "lookup", abi_u32(h, out), ABI_TEXT(h, "k"), 0, config,
			       out),
		      ABI_OK);
	return abi_u32(h, out);
}

static uint32_t streaming_body(struct abi_harness *h)
{
	uint32_t out = abi_room(h, 4), body = check_new_body(h, "");
	assert_status(abi_call(h, "fastly_http_resp", "new", out), ABI_OK);
	assert_status(abi_call(h, "fastly_http_resp", "send_downstream", abi_u32(h, out), body, 1), ABI_OK);
	return body;
}

static int is_ready(struct abi_harness *h, uint32_t handle)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "is_ready", handle, out), ABI_OK);
	return (int)abi_u32(h, out);
}

/* Which of the handles is ready first; NOTHING_READY when the time is over before. */
static int select_of(struct abi_harness *h, uint32_t timeout_ms, uint32_t count, const uint32_t *handles)
{
	uint32_t list = abi_place(h, (struct str){ (const char *)handles, count * sizeof *handles }),
		 out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "select", list, count, timeout_ms, out), ABI_OK);
	return (int)abi_u32(h, out);
}

/* ---- is_ready ---- */

TEST(a_body_of_ones_own_is_always_ready)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_int_equal(is_ready(&h, check_new_body(&h, "x")), 1);
	assert_int_equal(is_ready(&h, check_new_body(&h, "")), 1);
	assert_int_equal(is_ready(&h, h.sandbox->body_handle), 1);
	abi_fini(&h);
}

TEST(a_clients_body_is_ready_when_there_is_something_to_read)
{
	struct abi_harness h;
	struct body *client;
	init_slow(&h, &client);
	assert_int_equal(is_ready(&h, h.sandbox->body_handle), 0);
	body_write(client, STR("x"));
	assert_int_equal(is_ready(&h, h.sandbox->body_handle), 1);
	assert_int_equal(is_ready(&h, h.sandbox->body_handle), 1); /* asking takes nothing away */
	fini_slow(&h, &client);
}

TEST(the_end_of_a_clients_body_and_its_failure_are_something_to_read)
{
	for (int failed = 0; failed < 2; failed++) {
		struct abi_harness h;
		struct body *client;
		init_slow(&h, &client);
		if (failed)
			body_fail(client, BODY_FAILURE_INCOMPLETE);
		else
			body_end(client);
		assert_int_equal(is_ready(&h, h.sandbox->body_handle), 1);
		fini_slow(&h, &client);
	}
}

TEST(a_streaming_body_is_ready_while_there_is_room)
{
	struct abi_harness h;
	struct str bytes;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = streaming_body(&h), chunk = abi_room(&h, 64 * 1024), out = abi_room(&h, 4);
	struct body *other_end = h.sandbox->invocation->response.body;
	assert_int_equal(is_ready(&h, body), 1);
	for (int i = 0; i < BODY_ROOM_BYTES / (64 * 1024); i++)
		assert_status(abi_call(&h, "fastly_http_body", "write", body, chunk, 64 * 1024, 0, out),
			      ABI_OK);
	assert_int_equal(is_ready(&h, body), 0);
	while (body_peek(other_end, &bytes) == BODY_DATA)
		body_consume(other_end, bytes.len);
	assert_int_equal(is_ready(&h, body), 1);
	abi_fini(&h);
}

TEST(requests_and_store_operations_are_ready_when_they_are_done)
{
	struct abi_harness h;
	struct body *client;
	bool never = false;
	init_slow(&h, &client);
	uint32_t request = pending_request(&h, "slow"), lookup = pending_lookup(&h);
	assert_int_equal(is_ready(&h, request), 0);
	assert_int_equal(is_ready(&h, lookup), 0);
	(void)loop_run(&h.loop, &never, clock_monotonic(h.clock) + 1500 * NS_PER_MS);
	assert_int_equal(is_ready(&h, request), 0);
	assert_int_equal(is_ready(&h, lookup), 1);
	(void)loop_run(&h.loop, &never, clock_monotonic(h.clock) + 1500 * NS_PER_MS);
	assert_int_equal(is_ready(&h, request), 1);
	fini_slow(&h, &client);
}

TEST(a_promise_of_a_request_is_ready_when_something_has_come_of_it_or_nothing_will)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t options = abi_room(&h, 8), out = abi_room(&h, 4);
	bool never = false;
	assert_status(abi_call(&h, "fastly_http_downstream", "next_request", 0, options, out), ABI_OK);
	assert_int_equal(is_ready(&h, abi_u32(&h, out)), 0);
	(void)loop_run(&h.loop, &never, clock_monotonic(h.clock) + 10 * NS_PER_S);
	assert_int_equal(is_ready(&h, abi_u32(&h, out)), 1);
	abi_fini(&h);
}

/* ---- select ---- */

TEST(the_first_that_is_ready_is_selected_without_waiting)
{
	struct abi_harness h;
	struct body *client;
	init_slow(&h, &client);
	uint64_t start = clock_monotonic(h.clock);
	const uint32_t handles[] = { h.sandbox->body_handle, check_new_body(&h, "x"),
				     check_new_body(&h, "y") };
	assert_int_equal(select_of(&h, 0, 3, handles), 1);
	assert_int_equal(select_of(&h, 1000, 3, handles), 1);
	assert_int_equal(clock_monotonic(h.clock), start);
	fini_slow(&h, &client);
}

TEST(what_happens_first_is_selected)
{
	struct abi_harness h;
	struct body *client;
	init_slow(&h, &client);
	uint64_t start = clock_monotonic(h.clock);
	const uint32_t handles[] = { h.sandbox->body_handle, pending_request(&h, "slow"),
				     pending_lookup(&h) };
	assert_int_equal(select_of(&h, 0, 3, handles), 2);
	assert_int_equal(clock_monotonic(h.clock), start + NS_PER_S);
	assert_int_equal(select_of(&h, 5000, 2, handles), 1);
	assert_int_equal(clock_monotonic(h.clock), start + 2 * NS_PER_S);
	fini_slow(&h, &client);
}

TEST(a_selection_ends_with_its_time)
{
	struct abi_harness h;
	struct body *client;
	init_slow(&h, &client);
	uint64_t start = clock_monotonic(h.clock);
	const uint32_t handles[] = { h.sandbox->body_handle, pending_request(&h, "slow") };
	assert_int_equal(select_of(&h, 1500, 2, handles), NOTHING_READY);
	assert_int_equal(clock_monotonic(h.clock), start + 1500 * NS_PER_MS);
	assert_int_equal(select_of(&h, 499, 2, handles), NOTHING_READY); /* each call has its own time */
	assert_int_equal(select_of(&h, 2, 2, handles), 1);
	assert_int_equal(clock_monotonic(h.clock), start + 2 * NS_PER_S);
	fini_slow(&h, &client);
}

TEST(a_selection_of_nothing_is_a_way_to_sleep_and_needs_a_time)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint64_t start = clock_monotonic(h.clock);
	assert_int_equal(select_of(&h, 250, 0, NULL), NOTHING_READY);
	assert_int_equal(clock_monotonic(h.clock), start + 250 * NS_PER_MS);
	assert_status(CALL("select", 64, 0, 0, abi_room(&h, 4)), ABI_INVAL);
	abi_fini(&h);
}

TEST(the_longest_time_is_no_time_at_all_on_a_virtual_clock)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint64_t start = clock_monotonic(h.clock);
	assert_int_equal(select_of(&h, UINT32_MAX, 0, NULL), NOTHING_READY);
	assert_int_equal(clock_monotonic(h.clock), start + UINT32_MAX * NS_PER_MS);
	abi_fini(&h);
}

TEST(the_same_handle_may_be_named_twice)
{
	struct abi_harness h;
	struct body *client;
	init_slow(&h, &client);
	uint32_t request = pending_request(&h, "slow");
	const uint32_t handles[] = { request, request, request };
	assert_int_equal(select_of(&h, 0, 3, handles), 0);
	fini_slow(&h, &client);
}

TEST(a_bad_handle_among_them_is_told)
{
	struct abi_harness h;
	struct body *client;
	init_slow(&h, &client);
	const uint32_t bad[] = { HANDLE_INVALID, 0x12345, h.sandbox->request_handle };
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		const uint32_t handles[] = { h.sandbox->body_handle, bad[i] };
		uint32_t list = abi_place(&h, (struct str){ (const char *)handles, sizeof handles });
		assert_status(CALL("select", list, 2, 10, abi_room(&h, 4)), ABI_BADF);
	}
	fini_slow(&h, &client);
}

/* Nobody is left on an event that fires later: the guest goes on once, not twice. */
TEST(a_selection_that_is_over_waits_for_nothing_any_more)
{
	struct abi_harness h;
	struct body *client;
	bool never = false;
	init_slow(&h, &client);
	const uint32_t handles[] = { h.sandbox->body_handle, pending_lookup(&h) };
	assert_int_equal(select_of(&h, 60000, 2, handles), 1);
	h.woken = false;
	body_write(client, STR("x"));
	(void)loop_run(&h.loop, &never, clock_monotonic(h.clock) + 120 * NS_PER_S);
	assert_false(h.woken);
	fini_slow(&h, &client);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_handles_checked(MODULE, "");
	assert_covered(MODULE, "");
}
