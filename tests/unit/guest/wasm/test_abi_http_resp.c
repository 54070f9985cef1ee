/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_resp; the header calls of all messages are tested here in depth. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_http_resp"

static uint32_t new_response(struct abi_harness *h)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "new", out), ABI_OK);
	return abi_u32(h, out);
}

static struct abi_harness *with_headers(struct abi_harness *hp, uint32_t *response)
{
	static const char *const fields[][2] = { { "Content-Type", "text/plain" },
						 { "Set-Cookie", "a=1" },
						 { "X-Empty", "" },
						 { "set-cookie", "b=2" },
						 { "SET-COOKIE", "" } };
	abi_init(hp, ABI_MEMORY_BYTES);
	*response = new_response(hp);
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		struct str name = str_from(fields[i][0]), value = str_from(fields[i][1]);
		assert_status(abi_call(hp, MODULE, "header_append", *response, abi_place(hp, name), name.len,
				       abi_place(hp, value), value.len),
			      ABI_OK);
	}
	return hp;
}

/* ---- headers ---- */

TEST(names_are_listed_once_each_in_the_order_and_case_they_came_in)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	assert_str(check_values(&h, MODULE, "header_names_get", r), "Content-Type|Set-Cookie|X-Empty");
	assert_str(check_values(&h, MODULE, "header_names_get", new_response(&h)), "");
	abi_fini(&h);
}

TEST(values_are_listed_in_order_empty_ones_too)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	assert_str(check_values(&h, MODULE, "header_values_get", r, TEXT("Set-Cookie")), "a=1|b=2|");
	assert_str(check_values(&h, MODULE, "header_values_get", r, TEXT("x-other")), "");
	abi_fini(&h);
}

TEST(the_first_value_is_copied_out)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "header_value_get", r, TEXT("set-cookie")), "a=1");
	assert_str(check_bytes(&h, ABI_OK, MODULE, "header_value_get", r, TEXT("x-empty")), "");
	check_bytes(&h, ABI_INVAL, MODULE, "header_value_get", r, TEXT("x-other"));
	abi_fini(&h);
}

TEST(a_cursor_behind_the_end_lists_nothing)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	uint32_t buf = abi_room(&h, 64), ending = abi_room(&h, 8), len = abi_room(&h, 4);
	const uint32_t cursors[] = { 3, 4, 1000, INT32_MAX, UINT32_MAX };
	for (size_t i = 0; i < COUNT_OF(cursors); i++) {
		assert_status(CALL("header_names_get", r, buf, 64, cursors[i], ending, len), ABI_OK);
		assert_int_equal(abi_u32(&h, len), 0);
		assert_int_equal(abi_u64(&h, ending), UINT64_MAX);
	}
	abi_fini(&h);
}

TEST(a_cursor_goes_on_where_the_buffer_was_full)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	uint32_t buf = abi_room(&h, 64), ending = abi_room(&h, 8), len = abi_room(&h, 4);
	assert_status(CALL("header_names_get", r, buf, 24, 0, ending, len), ABI_OK);
	assert_int_equal(abi_u32(&h, len), 24); /* two names, each with its NUL, fill it to the last byte */
	assert_int_equal(abi_u64(&h, ending), 2);
	assert_status(CALL("header_names_get", r, buf, 23, 0, ending, len), ABI_OK);
	assert_int_equal(abi_u32(&h, len), 13);
	assert_int_equal(abi_u64(&h, ending), 1);
	assert_status(CALL("header_names_get", r, buf, 10, 1, ending, len), ABI_BUFLEN);
	assert_int_equal(abi_u32(&h, len), 11);
	abi_fini(&h);
}

TEST(insert_replaces_all_values_of_a_name)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	assert_status(CALL("header_insert", r, TEXT("SET-cookie"), TEXT("only")), ABI_OK);
	assert_str(check_values(&h, MODULE, "header_values_get", r, TEXT("set-cookie")), "only");
	assert_status(CALL("header_insert", r, TEXT("new"), TEXT("1")), ABI_OK);
	assert_str(check_values(&h, MODULE, "header_values_get", r, TEXT("New")), "1");
	abi_fini(&h);
}

TEST(remove_takes_all_values_and_needs_one)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	assert_status(CALL("header_remove", r, TEXT("SET-cookie")), ABI_OK);
	assert_status(CALL("header_remove", r, TEXT("SET-cookie")), ABI_INVAL);
	assert_str(check_values(&h, MODULE, "header_names_get", r), "Content-Type|X-Empty");
	abi_fini(&h);
}

TEST(values_set_replaces_the_list)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	assert_status(CALL("header_values_set", r, TEXT("set-cookie"), TEXT("x=1\0\0y=2\0")), ABI_OK);
	assert_str(check_values(&h, MODULE, "header_values_get", r, TEXT("set-cookie")), "x=1||y=2");
	assert_status(CALL("header_values_set", r, TEXT("set-cookie"), TEXT("z\0")), ABI_OK);
	assert_str(check_values(&h, MODULE, "header_values_get", r, TEXT("set-cookie")), "z");
	assert_status(CALL("header_values_set", r, TEXT("set-cookie"), TEXT("")), ABI_OK);
	assert_str(check_values(&h, MODULE, "header_values_get", r, TEXT("set-cookie")), "");
	assert_status(CALL("header_values_set", r, TEXT("set-cookie"), TEXT("\0")), ABI_OK);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "header_value_get", r, TEXT("set-cookie")), "");
	abi_fini(&h);
}

TEST(a_list_of_values_with_a_bad_one_changes_nothing)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	assert_status(CALL("header_values_set", r, TEXT("set-cookie"), TEXT("good\0b\nad\0")), ABI_ERROR);
	assert_status(CALL("header_values_set", r, TEXT("set-cookie"), TEXT("good\0no end")), ABI_INVAL);
	assert_str(check_values(&h, MODULE, "header_values_get", r, TEXT("set-cookie")), "a=1|b=2|");
	abi_fini(&h);
}

TEST(a_bad_name_is_an_error_in_every_call)
{
	static const struct str names[] = { STR_INIT(""),    STR_INIT("a b"),  STR_INIT("a:"),
					    STR_INIT("a\n"), STR_INIT("a\0b"), STR_INIT("\xc3\xa4"),
					    STR_INIT("(a)") };
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		uint32_t at = abi_place(&h, names[i]), len = (uint32_t)names[i].len;
		assert_status(CALL("header_insert", r, at, len, TEXT("v")), ABI_ERROR);
		assert_status(CALL("header_append", r, at, len, TEXT("v")), ABI_ERROR);
		assert_status(CALL("header_values_set", r, at, len, TEXT("v\0")), ABI_ERROR);
		assert_status(CALL("header_remove", r, at, len), ABI_ERROR);
		check_bytes(&h, ABI_ERROR, MODULE, "header_value_get", r, at, len);
		uint32_t out = abi_room(&h, 16);
		assert_status(CALL("header_values_get", r, at, len, out, 0, 0, out, out + 8), ABI_ERROR);
	}
	abi_fini(&h);
}

TEST(a_value_may_have_any_bytes_but_control_characters)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h), at = abi_room(&h, 4);
	for (unsigned c = 0; c < 256; c++) {
		memcpy(h.memory + at, (char[]){ 'a', (char)c, 'b' }, 3);
		bool good = c == '\t' || (c >= ' ' && c != 0x7f);
		assert_status(CALL("header_insert", r, TEXT("x"), at, 3), good ? ABI_OK : ABI_ERROR);
		abi_clear(&h);
		at = abi_room(&h, 4);
	}
	abi_fini(&h);
}

TEST(a_name_of_65536_bytes_is_invalid)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h), at = abi_room(&h, 65536);
	memset(h.memory + at, 'n', 65536);
	assert_status(CALL("header_insert", r, at, 65535, TEXT("v")), ABI_OK);
	assert_status(CALL("header_insert", r, at, 65536, TEXT("v")), ABI_INVAL);
	assert_status(CALL("header_remove", r, at, 65536), ABI_INVAL);
	check_bytes(&h, ABI_INVAL, MODULE, "header_value_get", r, at, 65536);
	abi_fini(&h);
}

TEST(names_and_values_are_copies)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h), name = abi_place(&h, STR("name")), value = abi_place(&h, STR("value"));
	assert_status(CALL("header_append", r, name, 4, value, 5), ABI_OK);
	h.memory[name] = h.memory[value] = 'X';
	assert_str(check_bytes(&h, ABI_OK, MODULE, "header_value_get", r, TEXT("name")), "value");
	abi_fini(&h);
}

TEST(a_message_has_so_many_fields_and_no_more)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	h.world->limits.headers = 6;
	assert_status(CALL("header_append", r, TEXT("a"), TEXT("1")), ABI_OK);
	assert_status(CALL("header_append", r, TEXT("a"), TEXT("2")), ABI_LIMITEXCEEDED);
	assert_status(CALL("header_insert", r, TEXT("b"), TEXT("2")), ABI_LIMITEXCEEDED);
	assert_status(CALL("header_remove", r, TEXT("a")), ABI_OK);
	assert_status(CALL("header_insert", r, TEXT("b"), TEXT("2")), ABI_OK);
	h.world->limits.header_bytes = 100;
	char big[200];
	memset(big, 'v', sizeof big);
	uint32_t at = abi_place(&h, (struct str){ big, sizeof big });
	assert_status(CALL("header_insert", r, TEXT("b"), at, sizeof big), ABI_LIMITEXCEEDED);
	abi_fini(&h);
}

TEST(ten_thousand_fields_are_listed_in_time)
{
	struct abi_harness h;
	abi_init(&h, 1 << 20);
	uint32_t r = new_response(&h);
	for (int i = 0; i < 10000; i++) {
		struct str name = arena_printf(&h.arena, "Field-%04d", i);
		abi_clear(&h);
		uint32_t at = abi_place(&h, name);
		assert_status(CALL("header_append", r, at, name.len, at, name.len), ABI_OK);
	}
	uint32_t ending = abi_room(&h, 8), len = abi_room(&h, 4), buf = abi_room(&h, 200000);
	assert_status(CALL("header_names_get", r, buf, 200000, 0, ending, len), ABI_OK);
	assert_int_equal(abi_u32(&h, len), 10000 * 11);
	assert_int_equal(abi_u64(&h, ending), UINT64_MAX);
	abi_fini(&h);
}

/* ---- status, version, modes ---- */

TEST(a_new_response_is_200_over_http_1_1)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h), out = abi_room(&h, 8);
	memset(h.memory + out, 0xff, 8);
	assert_status(CALL("status_get", r, out), ABI_OK);
	assert_memory_equal(h.memory + out, "\xc8\x00\xff\xff", 4); /* 16 bits */
	assert_status(CALL("version_get", r, out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), HTTP_1_1);
	abi_fini(&h);
}

TEST(a_status_has_three_digits)
{
	static const struct {
		uint32_t status;
		bool good;
	} statuses[] = { { 100, true },    { 404, true },          { 999, true },
			 { 0, false },     { 99, false },          { 1000, false },
			 { 65535, false }, { 65536 + 200, false }, { UINT32_MAX, false } };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h), out = abi_room(&h, 8);
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		assert_status(CALL("status_set", r, statuses[i].status),
			      statuses[i].good ? ABI_OK : ABI_INVAL);
		assert_status(CALL("status_get", r, out), ABI_OK);
		assert_int_equal(abi_u32(&h, out) & 0xffff, statuses[i].good ? statuses[i].status : 999);
	}
	abi_fini(&h);
}

TEST(a_version_is_one_of_five)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h), out = abi_room(&h, 8);
	for (uint32_t version = 0; version <= HTTP_3; version++) {
		assert_status(CALL("version_set", r, version), ABI_OK);
		assert_status(CALL("version_get", r, out), ABI_OK);
		assert_int_equal(abi_u32(&h, out), version);
	}
	assert_status(CALL("version_set", r, HTTP_3 + 1), ABI_INVAL);
	abi_fini(&h);
}

TEST(modes_have_two_values)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h);
	for (uint32_t mode = 0; mode < 3; mode++) {
		assert_status(CALL("framing_headers_mode_set", r, mode), mode < 2 ? ABI_OK : ABI_INVAL);
		assert_status(CALL("http_keepalive_mode_set", r, mode), mode < 2 ? ABI_OK : ABI_INVAL);
	}
	assert_status(CALL("framing_headers_mode_set", r, UINT32_MAX), ABI_INVAL);
	abi_fini(&h);
}

TEST(a_closed_response_is_no_response)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h), out = abi_room(&h, 8);
	assert_status(CALL("close", r), ABI_OK);
	assert_status(CALL("close", r), ABI_BADF);
	assert_status(CALL("status_get", r, out), ABI_BADF);
	abi_fini(&h);
}

/* ---- where it came from ---- */

TEST(a_response_of_the_guest_came_from_nowhere)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h), out = abi_room(&h, 32);
	assert_status(CALL("get_addr_dest_ip", r, out, out + 16), ABI_NONE);
	assert_status(CALL("get_addr_dest_port", r, out), ABI_NONE);
	abi_fini(&h);
}

TEST(a_response_from_the_network_has_an_address)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h), out = abi_room(&h, 32);
	struct guest_response *response = sandbox_response(h.sandbox, r);
	memcpy(response->remote_ip, "\x7f\0\0\1", 4);
	response->remote_ip_len = 4;
	response->remote_port = 8080;
	memset(h.memory + out, 0xff, 32);
	assert_status(CALL("get_addr_dest_ip", r, out, out + 16), ABI_OK);
	assert_memory_equal(h.memory + out, "\x7f\0\0\1\xff", 5);
	assert_int_equal(abi_u32(&h, out + 16), 4);
	assert_status(CALL("get_addr_dest_port", r, out + 24), ABI_OK);
	assert_memory_equal(h.memory + out + 24, "\x90\x1f\xff\xff", 4);
	abi_fini(&h);
}

/* ---- answering ---- */

static struct str content(struct abi_harness *h, struct body *body)
{
	struct str all = STR(""), bytes;
	while (body_peek(body, &bytes) == BODY_DATA) {
		all = arena_printf(&h->arena, STR_FMT STR_FMT, STR_ARG(all), STR_ARG(bytes));
		body_consume(body, bytes.len);
	}
	return all;
}

TEST(a_response_is_sent_with_its_body)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	uint32_t body = check_new_body(&h, "hello");
	assert_status(CALL("status_set", r, 418), ABI_OK);
	assert_status(CALL("send_downstream", r, body, 0), ABI_OK);
	struct invocation *i = h.sandbox->invocation;
	assert_true(i->responded);
	assert_int_equal(i->response.status, 418);
	assert_int_equal(i->response.headers.count, 5);
	assert_str(content(&h, i->response.body), "hello");
	assert_true(i->response.body->ended);
	assert_status(CALL("close", r), ABI_BADF);
	assert_status(abi_call(&h, "fastly_http_body", "close", body), ABI_BADF);
	abi_fini(&h);
}

TEST(a_streamed_response_leaves_its_body_to_be_written)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = check_new_body(&h, "one "), out = abi_room(&h, 4);
	assert_status(CALL("send_downstream", new_response(&h), body, 1), ABI_OK);
	struct body *other_end = h.sandbox->invocation->response.body;
	assert_str(content(&h, other_end), "one ");
	assert_status(abi_call(&h, "fastly_http_body", "write", body, TEXT("two"), 0, out), ABI_OK);
	assert_status(abi_call(&h, "fastly_http_body", "close", body), ABI_OK);
	assert_str(content(&h, other_end), "two");
	assert_true(other_end->ended);
	abi_fini(&h);
}

TEST(there_is_one_answer)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t second = new_response(&h), body = check_new_body(&h, "2");
	assert_status(CALL("send_downstream", new_response(&h), check_new_body(&h, "1"), 0), ABI_OK);
	assert_status(CALL("send_downstream", second, body, 0), ABI_ERROR);
	assert_status(CALL("close", second), ABI_OK); /* and is left to the guest */
	assert_str(check_body(&h, body), "2");
	abi_fini(&h);
}

TEST(sending_needs_a_response_and_a_body_of_ones_own)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_response(&h), body = check_new_body(&h, "x");
	assert_status(CALL("send_downstream", HANDLE_INVALID, body, 0), ABI_BADF);
	assert_status(CALL("send_downstream", r, HANDLE_INVALID, 0), ABI_BADF);
	assert_status(CALL("send_downstream", r, r, 0), ABI_BADF);
	assert_status(CALL("send_downstream", body, r, 0), ABI_BADF);
	assert_status(CALL("send_downstream", r, body, 2), ABI_INVAL);
	assert_status(CALL("send_downstream", r, body, 1), ABI_OK);
	assert_status(CALL("send_downstream", new_response(&h), body, 0), ABI_BADF); /* it is streaming */
	abi_fini(&h);
}

TEST(early_hints_come_before_the_answer_and_may_come_again)
{
	struct abi_harness h;
	uint32_t r;
	with_headers(&h, &r);
	assert_status(CALL("status_set", r, 103), ABI_OK);
	assert_status(CALL("send_downstream", r, check_new_body(&h, ""), 0), ABI_OK);
	assert_status(CALL("send_downstream", r, check_new_body(&h, ""), 1), ABI_OK);
	assert_false(h.sandbox->invocation->responded);
	const struct interim *hints = h.sandbox->invocation->interims;
	assert_int_equal(hints->status, 103);
	assert_int_equal(hints->headers.count, 5);
	assert_non_null(hints->next);
	assert_null(hints->next->next);
	assert_status(CALL("status_set", r, 200), ABI_OK);
	assert_status(CALL("send_downstream", r, check_new_body(&h, "end"), 0), ABI_OK);
	assert_true(h.sandbox->invocation->responded);
	abi_fini(&h);
}

TEST(other_interim_statuses_end_the_guest)
{
	static const uint32_t statuses[] = { 100, 101, 102, 104, 199 };
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t r = new_response(&h);
		assert_status(CALL("status_set", r, statuses[i]), ABI_OK);
		assert_status(CALL("send_downstream", r, check_new_body(&h, ""), 0), ABI_TRAP);
		assert_true(str_find(h.sandbox->trap_text, STR("103")) != STR_NONE);
		abi_fini(&h);
	}
}

/* ---- answering with what an origin will say ---- */

static uint32_t send_async(struct abi_harness *h, const char *backend)
{
	uint32_t out = abi_room(h, 4), len = (uint32_t)strlen(backend);
	assert_status(abi_call(h, "fastly_http_req", "new", out), ABI_OK);
	uint32_t request = abi_u32(h, out);
	assert_status(abi_call(h, "fastly_http_req", "uri_set", request,
			       ABI_TEXT(h, "https://x.example/hello")),
		      ABI_OK);
	assert_status(abi_call(h, "fastly_http_req", "send_async", request, check_new_body(h, ""),
			       abi_place(h, str_from(backend)), len, out),
		      ABI_OK);
	return abi_u32(h, out);
}

TEST(a_pending_response_is_sent_when_it_comes)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint64_t start = clock_monotonic(h.clock);
	uint32_t pending = send_async(&h, "slow");
	assert_status(CALL("send_downstream_pending", pending), ABI_OK);
	assert_int_equal(clock_monotonic(h.clock), start + 2 * NS_PER_S);
	assert_int_equal(h.sandbox->invocation->response.status, 200);
	assert_str(content(&h, h.sandbox->invocation->response.body), "late");
	assert_status(CALL("send_downstream_pending", pending), ABI_BADF);
	abi_fini(&h);
}

TEST(a_pending_request_that_fails_is_answered_with_502)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t pending = send_async(&h, "gone");
	assert_status(abi_call(&h, "fastly_http_req", "pending_req_header_insert", pending, TEXT("x-on"),
			       TEXT("response"), 1),
		      ABI_OK);
	assert_status(abi_call(&h, "fastly_http_req", "pending_req_header_insert", pending, TEXT("x-on"),
			       TEXT("error"), 2),
		      ABI_OK);
	assert_status(CALL("send_downstream_pending", pending), ABI_OK);
	assert_int_equal(h.sandbox->invocation->response.status, 502);
	assert_str(headers_get(&h.sandbox->invocation->response.headers, STR("x-on")), "error");
	abi_fini(&h);
}

TEST(a_pending_response_is_no_second_answer)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t pending = send_async(&h, "origin");
	assert_status(CALL("send_downstream", new_response(&h), check_new_body(&h, "1"), 0), ABI_OK);
	assert_status(CALL("send_downstream_pending", pending), ABI_ERROR);
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_handles_checked(MODULE, "");
	assert_covered(MODULE, "");
}
