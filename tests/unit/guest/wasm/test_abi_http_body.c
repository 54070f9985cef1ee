/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_body. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_http_body"

enum { BACK, FRONT };

static uint32_t new_body(struct abi_harness *h)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "new", out), ABI_OK);
	return abi_u32(h, out);
}

static int write_to(struct abi_harness *h, uint32_t body, struct str bytes, uint32_t end)
{
	uint32_t out = abi_room(h, 4);
	int status = (int)abi_call(h, MODULE, "write", body, abi_place(h, bytes), bytes.len, end, out);
	if (status == ABI_OK)
		assert_int_equal(abi_u32(h, out), bytes.len);
	return status;
}

/* The status of one read; what came stands at `at`. */
static int read_from(struct abi_harness *h, uint32_t body, uint32_t at, uint32_t cap, uint32_t *len)
{
	uint32_t out = abi_room(h, 4);
	int status = (int)abi_call(h, MODULE, "read", body, at, cap, out);
	*len = abi_u32(h, out);
	return status;
}

/* A body that the guest has handed on and still writes to: that of its answer. Its other end is in the
 * invocation. */
static uint32_t streaming_body(struct abi_harness *h)
{
	uint32_t out = abi_room(h, 4), body = new_body(h);
	assert_status(abi_call(h, "fastly_http_resp", "new", out), ABI_OK);
	assert_status(abi_call(h, "fastly_http_resp", "send_downstream", abi_u32(h, out), body, 1), ABI_OK);
	assert_non_null(h->sandbox->invocation->response.body);
	return body;
}

/* A harness whose client sends its body slowly: the test writes to `*client`. */
static void init_with_slow_client(struct abi_harness *h, struct body **client)
{
	abi_prepare(h, ABI_MEMORY_BYTES);
	abi_furnish(h);
	*client = body_new(&h->loop);
	(*client)->streaming = true;
	h->request.body = *client;
	abi_start(h);
}

static void fini_with_client(struct abi_harness *h, struct body **client)
{
	body_unref(client);
	abi_fini(h);
}

/* ---- many ---- */

TEST(ten_thousand_are_held_and_told_apart)
{
	enum { COUNT = 10000, CLOSED = 5000 };
	static uint32_t bodies[COUNT];
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4), at = abi_room(&h, 4);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_status(abi_call(&h, MODULE, "new", out), ABI_OK);
		bodies[i] = abi_u32(&h, out);
		assert_status(abi_call(&h, MODULE, "write", bodies[i], out, 4, BACK, at), ABI_OK);
	}
	for (uint32_t i = CLOSED; i < COUNT; i++)
		assert_status(abi_call(&h, MODULE, "close", bodies[i]), ABI_OK);
	for (uint32_t i = 0; i < COUNT; i++) {
		int expected = i < CLOSED ? ABI_OK : ABI_BADF;
		assert_status(abi_call(&h, MODULE, "read", bodies[i], at, 4, out), expected);
		if (i < CLOSED)
			assert_int_equal(abi_u32(&h, at), bodies[i]);
	}
	abi_fini(&h); /* those that are still held end with their guest */
}

/* ---- reading and writing ---- */

TEST(what_was_written_is_read)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = new_body(&h), at = abi_room(&h, 64), len;
	assert_status(write_to(&h, body, STR("one "), BACK), ABI_OK);
	assert_status(write_to(&h, body, STR("two"), BACK), ABI_OK);
	assert_status(write_to(&h, body, STR("zero "), FRONT), ABI_OK);
	assert_status(write_to(&h, body, STR(""), BACK), ABI_OK);
	assert_status(write_to(&h, body, STR(""), FRONT), ABI_OK);
	assert_status(read_from(&h, body, at, 6, &len), ABI_OK);
	assert_int_equal(len, 6);
	assert_memory_equal(h.memory + at, "zero o", 6);
	assert_str(check_body(&h, body), "ne two");
	abi_fini(&h);
}

TEST(an_empty_body_reads_as_nothing_at_once)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t len = 1;
	assert_status(read_from(&h, new_body(&h), abi_room(&h, 8), 8, &len), ABI_OK);
	assert_int_equal(len, 0);
	assert_status(read_from(&h, h.sandbox->body_handle, abi_room(&h, 8), 8, &len), ABI_OK);
	assert_int_equal(len, 0);
	abi_fini(&h);
}

TEST(a_body_that_was_read_can_be_written_to_again)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = check_new_body(&h, "one");
	assert_str(check_body(&h, body), "one");
	assert_status(write_to(&h, body, STR("two"), BACK), ABI_OK);
	assert_str(check_body(&h, body), "two");
	abi_fini(&h);
}

TEST(a_read_without_room_reads_nothing)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = check_new_body(&h, "one"), len = 1;
	assert_status(read_from(&h, body, abi_room(&h, 8), 0, &len), ABI_OK);
	assert_int_equal(len, 0);
	assert_str(check_body(&h, body), "one");
	abi_fini(&h);
}

TEST(an_unknown_end_is_invalid)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_status(write_to(&h, new_body(&h), STR("x"), 2), ABI_INVAL);
	assert_status(write_to(&h, new_body(&h), STR("x"), UINT32_MAX), ABI_INVAL);
	abi_fini(&h);
}

TEST(a_closed_body_is_no_body)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = check_new_body(&h, "one"), len;
	assert_status(CALL("close", body), ABI_OK);
	assert_status(CALL("close", body), ABI_BADF);
	assert_status(CALL("abandon", body), ABI_BADF);
	assert_status(write_to(&h, body, STR("x"), BACK), ABI_BADF);
	assert_status(read_from(&h, body, abi_room(&h, 8), 8, &len), ABI_BADF);
	uint32_t other = check_new_body(&h, "two");
	assert_int_not_equal(other, body); /* a number is not given twice in a row */
	assert_status(CALL("abandon", other), ABI_OK);
	assert_status(CALL("close", other), ABI_BADF);
	abi_fini(&h);
}

TEST(a_read_waits_for_a_slow_client)
{
	struct abi_harness h;
	struct body *client;
	init_with_slow_client(&h, &client);
	uint32_t at = abi_room(&h, 64), len = abi_room(&h, 4);
	uint64_t raw[] = { h.sandbox->body_handle, at, 64, len };
	const struct hostcall *read = hostcall_find(STR(MODULE), STR("read"));
	assert_status(abi_begin(&h, read, raw), ABI_WAIT);
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_WAIT);
	body_write(client, STR("hi"));
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK);
	assert_int_equal(abi_u32(&h, len), 2);
	assert_status(abi_begin(&h, read, raw), ABI_WAIT);
	body_end(client);
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK);
	assert_int_equal(abi_u32(&h, len), 0);
	fini_with_client(&h, &client);
}

TEST(a_client_that_breaks_off_is_told)
{
	static const struct {
		enum body_failure why;
		enum abi_status status;
	} failures[] = {
		{ BODY_FAILURE_INCOMPLETE, ABI_HTTPINCOMPLETE },
		{ BODY_FAILURE_ABANDONED, ABI_HTTPINCOMPLETE },
		{ BODY_FAILURE_PROTOCOL, ABI_HTTPINVALID },
		{ BODY_FAILURE_LIMIT, ABI_LIMITEXCEEDED },
		{ BODY_FAILURE_TIMEOUT, ABI_ERROR },
	};
	for (size_t i = 0; i < COUNT_OF(failures); i++) {
		struct abi_harness h;
		struct body *client;
		init_with_slow_client(&h, &client);
		uint32_t at = abi_room(&h, 64), len, ending = abi_room(&h, 8), used = abi_room(&h, 4);
		body_write(client, STR("half"));
		body_fail(client, failures[i].why);
		assert_status(read_from(&h, h.sandbox->body_handle, at, 64, &len), ABI_OK);
		assert_int_equal(len, 4); /* what came before is not lost */
		assert_status(read_from(&h, h.sandbox->body_handle, at, 64, &len), failures[i].status);
		assert_status(CALL("trailer_names_get", h.sandbox->body_handle, at, 64, 0, ending, used),
			      failures[i].status);
		fini_with_client(&h, &client);
	}
}

TEST(one_body_holds_so_much_and_no_more)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->limits.body_bytes = 10;
	uint32_t body = new_body(&h);
	assert_status(write_to(&h, body, STR("12345678"), BACK), ABI_OK);
	assert_status(write_to(&h, body, STR("9ab"), BACK), ABI_LIMITEXCEEDED);
	assert_status(write_to(&h, body, STR("9ab"), FRONT), ABI_LIMITEXCEEDED);
	assert_status(write_to(&h, body, STR("9a"), FRONT), ABI_OK);
	assert_status(write_to(&h, body, STR("b"), BACK), ABI_LIMITEXCEEDED);
	assert_str(check_body(&h, body), "9a12345678");
	abi_fini(&h);
}

/* However many bodies it makes: what a guest puts into them is counted, until it takes it out again. */
TEST(all_bodies_of_a_guest_hold_so_much_and_no_more)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t full = check_new_body(&h, "12345"), other = new_body(&h);
	h.sandbox->held_bytes += (UINT64_C(1) << 30) - 5 - 100;
	assert_status(write_to(&h, other, STR("12345"), BACK), ABI_OK);
	uint32_t big = abi_room(&h, 96), out = abi_room(&h, 4);
	assert_status(CALL("write", other, big, 96, BACK, out), ABI_LIMITEXCEEDED);
	assert_status(CALL("write", other, big, 32, FRONT, out), ABI_LIMITEXCEEDED); /* a piece of its own */
	assert_status(CALL("trailer_append", other, TEXT("a"), big, 95), ABI_ERROR);
	memset(h.memory + big, 'v', 96);
	assert_status(CALL("trailer_append", other, TEXT("a"), big, 95), ABI_LIMITEXCEEDED);
	assert_status(CALL("write", other, big, 95, BACK, out), ABI_OK);
	assert_status(write_to(&h, other, STR("x"), BACK), ABI_LIMITEXCEEDED);
	assert_status(CALL("close", full), ABI_OK);
	assert_status(write_to(&h, other, STR("54321"), BACK), ABI_OK);
	assert_status(write_to(&h, other, STR("x"), BACK), ABI_LIMITEXCEEDED);
	assert_int_equal(check_body(&h, other).len, 105);
	assert_status(CALL("write", other, big, 96, BACK, out), ABI_OK);
	assert_status(CALL("abandon", other), ABI_OK);
	abi_fini(&h);
}

/* ---- bodies that are sent while they are written ---- */

TEST(a_streaming_body_is_only_written_to)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = streaming_body(&h), at = abi_room(&h, 64), out = abi_room(&h, 16), len;
	assert_status(write_to(&h, body, STR("x"), BACK), ABI_OK);
	assert_status(write_to(&h, body, STR("x"), FRONT), ABI_BADF);
	assert_status(read_from(&h, body, at, 64, &len), ABI_BADF);
	assert_status(CALL("known_length", body, out), ABI_NONE);
	assert_status(CALL("trailer_names_get", body, at, 64, 0, out, out + 8), ABI_INVAL);
	assert_status(CALL("trailer_value_get", body, TEXT("a"), at, 64, out), ABI_INVAL);
	assert_status(CALL("trailer_values_get", body, TEXT("a"), at, 64, 0, out, out + 8), ABI_INVAL);
	assert_status(CALL("append", new_body(&h), body), ABI_BADF);
	assert_status(CALL("trailer_append", body, TEXT("a"), TEXT("1")), ABI_OK);
	abi_fini(&h);
}

TEST(closing_a_streaming_body_completes_it_and_abandoning_breaks_it_off)
{
	for (int abandon = 0; abandon < 2; abandon++) {
		struct abi_harness h;
		struct str bytes;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t body = streaming_body(&h);
		struct body *other_end = h.sandbox->invocation->response.body;
		assert_status(write_to(&h, body, STR("x"), BACK), ABI_OK);
		assert_int_equal(body_peek(other_end, &bytes), BODY_DATA);
		body_consume(other_end, bytes.len);
		assert_int_equal(body_peek(other_end, &bytes), BODY_WAIT);
		assert_status(abi_call(&h, MODULE, abandon ? "abandon" : "close", body), ABI_OK);
		assert_int_equal(body_peek(other_end, &bytes), abandon ? BODY_FAILED : BODY_ENDED);
		assert_status(CALL("close", body), ABI_BADF);
		abi_fini(&h);
	}
}

TEST(a_guest_that_ends_breaks_off_what_it_was_writing)
{
	struct abi_harness h;
	struct str bytes;
	abi_init(&h, ABI_MEMORY_BYTES);
	streaming_body(&h);
	sandbox_stop(h.sandbox);
	sandbox_release(h.sandbox);
	assert_int_equal(body_peek(h.sandbox->invocation->response.body, &bytes), BODY_FAILED);
	assert_int_equal(body_why(h.sandbox->invocation->response.body), BODY_FAILURE_ABANDONED);
	abi_fini(&h);
}

TEST(a_write_waits_until_the_reader_has_room_for_it)
{
	struct abi_harness h;
	struct str bytes;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = streaming_body(&h), chunk = abi_room(&h, 64 * 1024), out = abi_room(&h, 4);
	struct body *other_end = h.sandbox->invocation->response.body;
	for (int i = 0; i < BODY_ROOM_BYTES / (64 * 1024); i++)
		assert_status(CALL("write", body, chunk, 64 * 1024, BACK, out), ABI_OK);
	uint64_t raw[] = { body, chunk, 1000, BACK, out };
	assert_status(abi_begin(&h, hostcall_find(STR(MODULE), STR("write")), raw), ABI_WAIT);
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_WAIT);
	while (body_peek(other_end, &bytes) == BODY_DATA)
		body_consume(other_end, bytes.len);
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 1000);
	abi_fini(&h);
}

TEST(a_write_that_nobody_will_read_is_an_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = streaming_body(&h), chunk = abi_room(&h, 64 * 1024), out = abi_room(&h, 4);
	body_abandon(h.sandbox->invocation->response.body);
	assert_status(CALL("write", body, chunk, 10, BACK, out), ABI_ERROR);
	abi_fini(&h);
}

TEST(a_write_that_waits_learns_that_its_reader_has_gone)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = streaming_body(&h), chunk = abi_room(&h, 64 * 1024), out = abi_room(&h, 4);
	for (int i = 0; i < BODY_ROOM_BYTES / (64 * 1024); i++)
		assert_status(CALL("write", body, chunk, 64 * 1024, BACK, out), ABI_OK);
	uint64_t raw[] = { body, chunk, 1000, BACK, out };
	assert_status(abi_begin(&h, hostcall_find(STR(MODULE), STR("write")), raw), ABI_WAIT);
	body_abandon(h.sandbox->invocation->response.body);
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_ERROR);
	abi_fini(&h);
}

/* ---- append ---- */

TEST(append_moves_one_body_behind_another)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t dest = check_new_body(&h, "one "), src = check_new_body(&h, "two ");
	assert_status(CALL("append", dest, src), ABI_OK);
	assert_status(CALL("close", src), ABI_BADF); /* used up */
	assert_status(write_to(&h, dest, STR("three"), BACK), ABI_OK);
	assert_str(check_body(&h, dest), "one two three");
	abi_fini(&h);
}

TEST(append_knows_one_body_behind_two_handles)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = check_new_body(&h, "a"), same, other = check_new_body(&h, "b");
	struct body *echoed = body_ref(sandbox_body(h.sandbox, body)->body);
	assert_status(sandbox_open_body(h.sandbox, echoed, &same), ABI_OK);
	assert_status(CALL("append", body, same), ABI_BADF);
	assert_status(CALL("append", same, body), ABI_BADF);
	body_abandon(echoed); /* incomplete: it becomes a piece of the other, and stays one */
	assert_status(CALL("append", other, same), ABI_OK);
	assert_status(CALL("append", check_new_body(&h, ""), body), ABI_BADF);
	abi_fini(&h);
}

TEST(append_needs_two_different_bodies)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = check_new_body(&h, "one");
	assert_status(CALL("append", body, body), ABI_BADF);
	assert_status(CALL("append", body, HANDLE_INVALID), ABI_BADF);
	assert_status(CALL("append", HANDLE_INVALID, body), ABI_BADF);
	assert_str(check_body(&h, body), "one");
	abi_fini(&h);
}

TEST(what_is_appended_may_still_be_coming)
{
	struct abi_harness h;
	struct body *client;
	init_with_slow_client(&h, &client);
	uint32_t dest = check_new_body(&h, "head "), at = abi_room(&h, 64), len = abi_room(&h, 4);
	body_write(client, STR("one "));
	assert_status(CALL("append", dest, h.sandbox->body_handle), ABI_OK);
	assert_status(write_to(&h, dest, STR("tail"), BACK), ABI_OK);
	assert_status(CALL("read", dest, at, 64, len), ABI_OK);
	assert_str(abi_text(&h, at, len), "head one ");
	uint64_t raw[] = { dest, at, 64, len };
	assert_status(abi_begin(&h, hostcall_find(STR(MODULE), STR("read")), raw), ABI_WAIT);
	body_write(client, STR("two "));
	body_end(client);
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK);
	struct str first = arena_str(&h.arena, abi_text(&h, at, len));
	assert_true(str_starts(first, STR("two ")));
	assert_str(arena_printf(&h.arena, STR_FMT STR_FMT, STR_ARG(first), STR_ARG(check_body(&h, dest))),
		   "two tail");
	fini_with_client(&h, &client);
}

TEST(a_body_that_was_received_can_be_added_to)
{
	struct abi_harness h;
	struct body *client;
	init_with_slow_client(&h, &client);
	uint32_t body = h.sandbox->body_handle;
	body_write(client, STR("received"));
	body_end(client);
	assert_status(write_to(&h, body, STR(" tail"), BACK), ABI_OK);
	assert_status(write_to(&h, body, STR("head "), FRONT), ABI_OK);
	uint32_t more = check_new_body(&h, " and more");
	assert_status(CALL("append", body, more), ABI_OK);
	assert_str(check_body(&h, body), "head received tail and more");
	fini_with_client(&h, &client);
}

TEST(append_to_a_streaming_body_reaches_its_reader)
{
	struct abi_harness h;
	struct str bytes;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = streaming_body(&h);
	assert_status(CALL("append", body, check_new_body(&h, "more")), ABI_OK);
	assert_int_equal(body_peek(h.sandbox->invocation->response.body, &bytes), BODY_DATA);
	assert_str(bytes, "more");
	abi_fini(&h);
}

/* A guest may nest as long as it likes; whoever reads has a stack that ends. */
TEST(bodies_appended_to_each_other_ever_again_do_no_harm)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8), inner = check_new_body(&h, "core");
	for (int i = 0; i < 100000; i++) {
		assert_status(CALL("new", out), ABI_OK);
		assert_status(CALL("append", abi_u32(&h, out), inner), ABI_OK);
		inner = abi_u32(&h, out);
	}
	assert_status(CALL("known_length", inner, out), ABI_OK);
	assert_int_equal(abi_u64(&h, out), 4);
	assert_str(check_body(&h, inner), "core");
	abi_fini(&h);
}

/* The same with a body inside that is never complete, which then has to be given up. */
TEST(an_endless_body_nested_deep_does_no_harm)
{
	struct abi_harness h;
	struct body *client;
	init_with_slow_client(&h, &client);
	uint32_t out = abi_room(&h, 8), inner = h.sandbox->body_handle;
	for (int i = 0; i < 100000; i++) {
		assert_status(CALL("new", out), ABI_OK);
		assert_status(CALL("append", abi_u32(&h, out), inner), ABI_OK);
		inner = abi_u32(&h, out);
	}
	body_write(client, STR("x"));
	uint32_t at = abi_room(&h, 8), len = 0;
	assert_status(read_from(&h, inner, at, 8, &len), ABI_OK);
	assert_int_equal(len, 1);
	fini_with_client(&h, &client);
}

/* ---- trailers ---- */

TEST(trailers_are_listed_and_read)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = new_body(&h);
	assert_status(CALL("trailer_append", body, TEXT("Sum"), TEXT("1")), ABI_OK);
	assert_status(CALL("trailer_append", body, TEXT("Time"), TEXT("")), ABI_OK);
	assert_status(CALL("trailer_append", body, TEXT("sum"), TEXT("two")), ABI_OK);
	assert_str(check_values(&h, MODULE, "trailer_names_get", body), "Sum|Time");
	assert_str(check_values(&h, MODULE, "trailer_values_get", body, TEXT("SUM")), "1|two");
	assert_str(check_values(&h, MODULE, "trailer_values_get", body, TEXT("other")), "");
	assert_str(check_bytes(&h, ABI_OK, MODULE, "trailer_value_get", body, TEXT("SUM")), "1");
	assert_str(check_bytes(&h, ABI_OK, MODULE, "trailer_value_get", body, TEXT("time")), "");
	check_bytes(&h, ABI_INVAL, MODULE, "trailer_value_get", body, TEXT("other"));
	abi_fini(&h);
}

TEST(bad_trailers_are_errors)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = new_body(&h);
	assert_status(CALL("trailer_append", body, TEXT("a b"), TEXT("1")), ABI_ERROR);
	assert_status(CALL("trailer_append", body, TEXT(""), TEXT("1")), ABI_ERROR);
	assert_status(CALL("trailer_append", body, TEXT("a"), TEXT("1\r\n2")), ABI_ERROR);
	check_bytes(&h, ABI_ERROR, MODULE, "trailer_value_get", body, TEXT("a:"));
	h.world->limits.headers = 1;
	assert_status(CALL("trailer_append", body, TEXT("a"), TEXT("1")), ABI_OK);
	assert_status(CALL("trailer_append", body, TEXT("a"), TEXT("1")), ABI_LIMITEXCEEDED);
	assert_str(check_values(&h, MODULE, "trailer_names_get", body), "a");
	abi_fini(&h);
}

TEST(trailers_of_a_client_are_there_once_its_body_was_read)
{
	struct abi_harness h;
	struct body *client;
	init_with_slow_client(&h, &client);
	uint32_t body = h.sandbox->body_handle, at = abi_room(&h, 64), out = abi_room(&h, 16);
	body_write(client, STR("data"));
	body_trailer_add(client, STR("Sum"), STR("1"));
	body_end(client);
	assert_status(CALL("trailer_names_get", body, at, 64, 0, out, out + 8), ABI_AGAIN);
	assert_status(CALL("trailer_value_get", body, TEXT("sum"), at, 64, out), ABI_AGAIN);
	assert_status(CALL("trailer_values_get", body, TEXT("sum"), at, 64, 0, out, out + 8), ABI_AGAIN);
	assert_str(check_body(&h, body), "data");
	assert_str(check_values(&h, MODULE, "trailer_names_get", body), "Sum");
	fini_with_client(&h, &client);
}

TEST(trailers_go_along_when_a_body_is_appended)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t dest = check_new_body(&h, "one"), src = check_new_body(&h, "two");
	assert_status(CALL("trailer_append", src, TEXT("Sum"), TEXT("1")), ABI_OK);
	assert_status(CALL("append", dest, src), ABI_OK);
	assert_str(check_body(&h, dest), "onetwo");
	assert_str(check_values(&h, MODULE, "trailer_names_get", dest), "Sum");
	abi_fini(&h);
}

/* ---- length ---- */

TEST(a_length_is_known_when_all_of_it_is_there_or_was_announced)
{
	struct abi_harness h;
	struct body *client;
	init_with_slow_client(&h, &client);
	uint32_t out = abi_room(&h, 8), body = check_new_body(&h, "12345");
	assert_status(CALL("known_length", body, out), ABI_OK);
	assert_int_equal(abi_u64(&h, out), 5);
	assert_status(CALL("known_length", h.sandbox->body_handle, out), ABI_NONE);
	client->expected = 7;
	assert_status(CALL("known_length", h.sandbox->body_handle, out), ABI_OK);
	assert_int_equal(abi_u64(&h, out), 7);
	assert_status(CALL("append", body, h.sandbox->body_handle), ABI_OK);
	assert_status(CALL("known_length", body, out), ABI_OK);
	assert_int_equal(abi_u64(&h, out), 12);
	fini_with_client(&h, &client);
}

TEST(too_many_handles_are_refused)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4);
	h.world->limits.handles = h.sandbox->handles.open + 1;
	assert_status(CALL("new", out), ABI_OK);
	assert_status(CALL("new", out), ABI_LIMITEXCEEDED);
	assert_status(CALL("close", abi_u32(&h, out)), ABI_OK);
	assert_status(CALL("new", out), ABI_OK);
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_handles_checked(MODULE, "");
	assert_covered(MODULE, "");
}
