/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of an invocation: what is answered, noted and traced. */
#include "support/abi_check.h"

#define MODULE "fastly_log"

static uint32_t open_endpoint(struct abi_harness *h)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "endpoint_get", ABI_TEXT(h, "a"), out), ABI_OK);
	return abi_u32(h, out);
}

static enum abi_status write_log(struct abi_harness *h, uint32_t endpoint, struct str message)
{
	return abi_call(h, MODULE, "write", endpoint, abi_place(h, message), message.len, abi_room(h, 4));
}

TEST(what_exceeds_an_enforced_limit_is_answered_and_recorded)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t endpoint = open_endpoint(&h);
	h.world->limits.log_bytes = h.world->noted.log_bytes = 5;
	assert_status(write_log(&h, endpoint, STR("five!")), ABI_OK);
	assert_null(h.sandbox->invocation->breaches);
	assert_status(write_log(&h, endpoint, STR("x")), ABI_LIMITEXCEEDED);
	const struct limit_breach *b = h.sandbox->invocation->breaches;
	assert_int_equal(b->limit, LIMIT_log_bytes);
	assert_int_equal(b->bound, 5);
	assert_int_equal(b->reached, 6);
	assert_true(b->enforced);
	abi_fini(&h);
}

TEST(what_exceeds_a_noted_limit_goes_on_and_is_recorded_once_with_the_largest_number)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t endpoint = open_endpoint(&h);
	h.world->noted.log_bytes = 5;
	assert_status(write_log(&h, endpoint, STR("sixsix")), ABI_OK);
	assert_status(write_log(&h, endpoint, STR("more")), ABI_OK);
	const struct limit_breach *b = h.sandbox->invocation->breaches;
	assert_null(b->next);
	assert_int_equal(b->reached, 10);
	assert_false(b->enforced);
	struct buf text = BUF_INIT(256);
	limit_breach_print(b, &text);
	assert_string_equal(text.ptr, "log: 10 bytes, and the limit is 5 bytes");
	buf_fini(&text);
	abi_fini(&h);
}

static const struct trace_attrib *attrib(const struct trace_event *ev, const char *name)
{
	const struct trace_attrib *at = ev->first;
	while (strcmp(at->name, name) != 0)
		at = at->next;
	return at;
}

TEST(a_breach_is_an_event_of_the_trace)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	h.world->tracing = true;
	abi_start(&h);
	uint32_t endpoint = open_endpoint(&h);
	h.world->noted.log_entry_bytes = 2;
	h.world->limits.log_entry_bytes = 3;
	assert_status(write_log(&h, endpoint, STR("123")), ABI_OK);
	assert_status(write_log(&h, endpoint, STR("1234")), ABI_LIMITEXCEEDED);
	unsigned events = 0;
	for (const struct trace_event *ev = h.sandbox->invocation->trace.first; ev; ev = ev->next) {
		if (strcmp(ev->type, "limit") != 0)
			continue;
		events++;
		assert_str(attrib(ev, "name")->text, "log-line");
		assert_true(attrib(ev, "bound")->number == 2);
		assert_true(attrib(ev, "reached")->number == 4);
		assert_true(attrib(ev, "enforced")->truth);
	}
	assert_int_equal(events, 1);
	abi_fini(&h);
}

TEST(a_response_over_the_limit_becomes_a_503)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4);
	assert_status(abi_call(&h, "fastly_http_resp", "new", out), ABI_OK);
	uint32_t response = abi_u32(&h, out);
	assert_status(abi_call(&h, "fastly_http_resp", "header_append", response, TEXT("a"), TEXT("b")),
		      ABI_OK);
	assert_status(abi_call(&h, "fastly_http_resp", "header_append", response, TEXT("c"), TEXT("d")),
		      ABI_OK);
	h.world->limits.response_headers = 1;
	assert_status(abi_call(&h, "fastly_http_resp", "send_downstream", response,
			       check_new_body(&h, "body"), 0),
		      ABI_OK);
	assert_int_equal(h.sandbox->invocation->response.status, 503);
	assert_int_equal(h.sandbox->invocation->response.headers.count, 0);
	struct str bytes;
	assert_int_equal(body_peek(h.sandbox->invocation->response.body, &bytes), BODY_DATA);
	assert_str(bytes, "Header overflow");
	abi_fini(&h);
}

TEST(a_backends_response_over_the_limit_is_too_large_a_head)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8);
	h.world->limits.response_headers = 1;
	assert_status(abi_call(&h, "fastly_http_req", "new", out), ABI_OK);
	uint32_t request = abi_u32(&h, out);
	assert_status(abi_call(&h, "fastly_http_req", "uri_set", request, TEXT("http://origin/many")),
		      ABI_OK);
	assert_status(abi_call(&h, "fastly_http_req", "send", request, check_new_body(&h, ""), TEXT("origin"),
			       out, out + 4),
		      ABI_HTTPHEADTOOLARGE);
	assert_int_equal(h.sandbox->invocation->breaches->limit, LIMIT_response_headers);
	abi_fini(&h);
}

TEST(a_request_over_the_limit_is_not_sent)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8);
	h.world->limits.request_header_bytes = 20;
	assert_status(abi_call(&h, "fastly_http_req", "new", out), ABI_OK);
	uint32_t request = abi_u32(&h, out), body = check_new_body(&h, "");
	assert_status(abi_call(&h, "fastly_http_req", "uri_set", request, TEXT("http://origin/hello")),
		      ABI_OK);
	assert_status(abi_call(&h, "fastly_http_req", "header_insert", request, TEXT("a-long-name"),
			       TEXT("a-long-value")),
		      ABI_OK);
	assert_status(abi_call(&h, "fastly_http_req", "send", request, body, TEXT("origin"), out, out + 4),
		      ABI_LIMITEXCEEDED);
	assert_int_equal(h.sandbox->invocation->subrequest_count, 0);
	assert_status(abi_call(&h, "fastly_http_req", "close", request),
		      ABI_OK); /* it is the guest's still */
	abi_fini(&h);
}

TEST(so_many_look_ups_are_answered_and_no_more)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4), room = abi_room(&h, 64);
	h.world->limits.config_lookups = 2;
	assert_status(abi_call(&h, "fastly_config_store", "open", TEXT("settings"), out), ABI_OK);
	uint32_t store = abi_u32(&h, out);
	assert_status(abi_call(&h, "fastly_config_store", "get", store, TEXT("greeting"), room, 64, out),
		      ABI_OK);
	assert_status(abi_call(&h, "fastly_dictionary", "get", store, TEXT("greeting"), room, 64, out),
		      ABI_OK);
	assert_status(abi_call(&h, "fastly_config_store", "get", store, TEXT("greeting"), room, 64, out),
		      ABI_LIMITEXCEEDED);
	abi_fini(&h);
}

TEST(a_value_that_is_too_large_for_the_profile_is_not_stored)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4), config = abi_room(&h, 64);
	h.world->limits.kv_value_bytes = 3;
	h.world->limits.kv_key_bytes = 4;
	assert_status(abi_call(&h, "fastly_kv_store", "open", TEXT("things"), out), ABI_OK);
	uint32_t store = abi_u32(&h, out);
	assert_status(abi_call(&h, "fastly_kv_store", "insert", store, TEXT("key"),
			       check_new_body(&h, "four"), 0, config, out),
		      ABI_OK);
	uint32_t error = abi_room(&h, 4);
	assert_status(abi_call(&h, "fastly_kv_store", "insert_wait", abi_u32(&h, out), error), ABI_OK);
	assert_int_equal(abi_u32(&h, error), KV_PAYLOAD_TOO_LARGE);
	assert_status(abi_call(&h, "fastly_kv_store", "insert", store, TEXT("longer"),
			       check_new_body(&h, "1"), 0, config, out),
		      ABI_INVAL);
	abi_fini(&h);
}

TEST(a_guest_that_grew_over_its_limit_is_ended_at_its_next_call)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->limits.memory_bytes = ABI_MEMORY_BYTES - 1;
	assert_status(abi_call(&h, "fastly_http_body", "new", abi_room(&h, 4)), ABI_TRAP);
	assert_str(h.sandbox->trap_text, "the guest uses 0.2 MiB of memory, and the limit is 0.2 MiB");
	abi_fini(&h);
}

TEST(a_body_may_have_a_length_that_is_its_most)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4);
	h.world->limits.body_total_bytes = 6;
	assert_status(abi_call(&h, "fastly_http_body", "new", out), ABI_OK);
	uint32_t body = abi_u32(&h, out);
	assert_status(abi_call(&h, "fastly_http_body", "write", body, TEXT("12345"), 0, out), ABI_OK);
	assert_status(abi_call(&h, "fastly_http_body", "write", body, TEXT("67"), 0, out), ABI_LIMITEXCEEDED);
	assert_status(abi_call(&h, "fastly_http_body", "write", body, TEXT("6"), 0, out), ABI_OK);
	abi_fini(&h);
}
