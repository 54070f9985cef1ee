/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_req: requests on their way to an origin, and their answers. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_http_req"

static uint32_t new_request(struct abi_harness *h, const char *uri)
{
	uint32_t out = abi_room(h, 4), at = abi_place(h, str_from(uri));
	assert_status(abi_call(h, MODULE, "new", out), ABI_OK);
	uint32_t request = abi_u32(h, out);
	assert_status(abi_call(h, MODULE, "uri_set", request, at, strlen(uri)), ABI_OK);
	return request;
}

static void set_header(struct abi_harness *h, uint32_t request, const char *name, const char *value)
{
	uint32_t name_at = abi_place(h, str_from(name)), value_at = abi_place(h, str_from(value));
	assert_status(abi_call(h, MODULE, "header_insert", request, name_at, strlen(name), value_at,
			       strlen(value)),
		      ABI_OK);
}

static uint16_t status_of(struct abi_harness *h, uint32_t response)
{
	const struct guest_response *r = sandbox_response(h->sandbox, response);
	assert_non_null(r);
	return r->http.status;
}

/*
 * The pending handle of a request of GET http://BACKEND.example/hello to a backend: no two are one to the
 * cache.
 */
static uint32_t send_async(struct abi_harness *h, const char *backend)
{
	char uri[64];
	snprintf(uri, sizeof uri, "http://%s.example/hello", backend);
	uint32_t out = abi_room(h, 4), request = new_request(h, uri);
	assert_status(abi_call(h, MODULE, "send_async", request, check_new_body(h, ""),
			       abi_place(h, str_from(backend)), strlen(backend), out),
		      ABI_OK);
	return abi_u32(h, out);
}

/* The last request that reached an origin, or tried to. */
static const struct subrequest *last_sent(struct abi_harness *h)
{
	const struct subrequest *r = h->sandbox->invocation->subrequests;
	while (r && r->next)
		r = r->next;
	assert_non_null(r);
	return r;
}

/* ---- send ---- */

TEST(an_origin_answers)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t request = new_request(&h, "http://www.example/hello"), body = check_new_body(&h, ""),
		 out = abi_room(&h, 8);
	assert_status(CALL("send", request, body, TEXT("origin"), out, out + 4), ABI_OK);
	assert_int_equal(status_of(&h, abi_u32(&h, out)), 200);
	assert_str(check_bytes(&h, ABI_OK, "fastly_http_resp", "header_value_get", abi_u32(&h, out),
			       TEXT("content-type")),
		   "text/plain");
	assert_str(check_body(&h, abi_u32(&h, out + 4)), "hello from the origin");
	assert_status(CALL("close", request), ABI_BADF); /* both are used up */
	assert_status(abi_call(&h, "fastly_http_body", "close", body), ABI_BADF);
	abi_fini(&h);
}

TEST(the_three_versions_of_send_do_the_same)
{
	static const char *const calls[] = { "send_v2", "send_v3" };
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t request = new_request(&h, "/hello"), body = check_new_body(&h, "");
		uint32_t detail = abi_room(&h, 20), out = abi_room(&h, 8);
		memset(h.memory + detail, 0xff, 20);
		assert_status(abi_call(&h, MODULE, calls[i], request, body, TEXT("origin"), detail, out,
				       out + 4),
			      ABI_OK);
		assert_int_equal(abi_u32(&h, detail), FETCH_OK);
		assert_int_equal(abi_u32(&h, detail + 4), 0);
		assert_str(check_body(&h, abi_u32(&h, out + 4)), "hello from the origin");
		abi_fini(&h);
	}
}

TEST(a_slow_origin_is_waited_for)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint64_t start = clock_monotonic(h.clock);
	uint32_t out = abi_room(&h, 8);
	assert_status(CALL("send", new_request(&h, "/"), check_new_body(&h, ""), TEXT("slow"), out, out + 4),
		      ABI_OK);
	assert_int_equal(clock_monotonic(h.clock), start + 2 * NS_PER_S);
	assert_str(check_body(&h, abi_u32(&h, out + 4)), "late");
	abi_fini(&h);
}

TEST(a_guest_may_be_ended_while_it_waits)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8), body = check_new_body(&h, "");
	uint64_t raw[] = { new_request(&h, "/"), body, TEXT("slow"), out, out + 4 };
	assert_status(abi_begin(&h, hostcall_find(STR(MODULE), STR("send")), raw), ABI_WAIT);
	abi_fini(&h); /* nothing is left behind: the sanitizer looks */
}

TEST(what_goes_wrong_is_told_in_detail)
{
	static const struct {
		const char *backend;
		enum fetch_error detail;
		enum abi_status status;
	} cases[] = {
		{ "gone", FETCH_CONNECTION_REFUSED, ABI_ERROR },
		{ "origin", FETCH_DESTINATION_NOT_FOUND, ABI_ERROR }, /* a path that no rule knows */
		{ "nowhere", FETCH_DESTINATION_NOT_FOUND, ABI_INVAL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t backend = abi_place(&h, str_from(cases[i].backend)),
			 len = (uint32_t)strlen(cases[i].backend);
		uint32_t request = new_request(&h, "/unheard-of"), detail = abi_room(&h, 20),
			 out = abi_room(&h, 8);
		assert_status(CALL("send_v2", request, check_new_body(&h, ""), backend, len, detail, out,
				   out + 4),
			      cases[i].status);
		assert_int_equal(abi_u32(&h, detail), cases[i].detail);
		abi_fini(&h);
	}
}

TEST(every_error_of_an_origin_has_a_status)
{
	static const struct {
		enum fetch_error error;
		enum abi_status status;
	} cases[] = {
		{ FETCH_HTTP_PROTOCOL_ERROR, ABI_HTTPINVALID },
		{ FETCH_HTTP_RESPONSE_STATUS_INVALID, ABI_HTTPINVALID },
		{ FETCH_HTTP_INCOMPLETE_RESPONSE, ABI_HTTPINCOMPLETE },
		{ FETCH_CONNECTION_TERMINATED, ABI_HTTPINCOMPLETE },
		{ FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE, ABI_HTTPHEADTOOLARGE },
		{ FETCH_DNS_ERROR, ABI_ERROR },
		{ FETCH_HTTP_RESPONSE_TIMEOUT, ABI_ERROR },
		{ FETCH_INTERNAL_ERROR, ABI_ERROR },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t pending = send_async(&h, "slow"), detail = abi_room(&h, 20), out = abi_room(&h, 8);
		struct guest_pending *p = handles_get(&h.sandbox->handles, pending, HANDLE_PENDING);
		if (p->fetch->cancel)
			p->fetch->cancel(p->fetch);
		p->fetch->cancel = NULL;
		fetch_fail(p->fetch, cases[i].error, STR(""));
		assert_status(CALL("pending_req_wait_v2", pending, detail, out, out + 4), cases[i].status);
		assert_int_equal(abi_u32(&h, detail), cases[i].error);
		assert_status(CALL("pending_req_wait_v2", pending, detail, out, out + 4), ABI_BADF);
		abi_fini(&h);
	}
}

TEST(sending_needs_a_request_and_a_body_of_ones_own)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t request = new_request(&h, "/hello"), body = check_new_body(&h, "x"), out = abi_room(&h, 8);
	assert_status(CALL("send", request, HANDLE_INVALID, TEXT("origin"), out, out + 4), ABI_BADF);
	assert_status(CALL("send", HANDLE_INVALID, body, TEXT("origin"), out, out + 4), ABI_BADF);
	assert_status(CALL("send", body, request, TEXT("origin"), out, out + 4), ABI_BADF);
	assert_status(CALL("send_async", request, HANDLE_INVALID, TEXT("origin"), out), ABI_BADF);
	assert_status(CALL("send_async_streaming", HANDLE_INVALID, body, TEXT("origin"), out), ABI_BADF);
	assert_status(CALL("send_async_v2", HANDLE_INVALID, HANDLE_INVALID, TEXT("origin"), 1, out),
		      ABI_BADF);
	assert_status(CALL("send", request, body, TEXT("origin\xff"), out, out + 4), ABI_INVAL);
	assert_str(check_body(&h, body), "x");
	assert_status(CALL("close", request), ABI_OK);
	abi_fini(&h);
}

/* ---- what goes over the wire ---- */

TEST(the_origin_sees_what_the_guest_set)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t request = new_request(&h, "http://www.example/many?a=b"), out = abi_room(&h, 8);
	assert_status(CALL("method_set", request, TEXT("PUT")), ABI_OK);
	set_header(&h, request, "X-One", "1");
	assert_status(CALL("send", request, check_new_body(&h, "payload"), TEXT("origin"), out, out + 4),
		      ABI_OK);
	const struct subrequest *sent = last_sent(&h);
	assert_str(sent->request.method, "PUT");
	assert_str(sent->path, "/many?a=b");
	assert_str(sent->backend->name, "origin");
	assert_str(headers_get(&sent->request.headers, STR("x-one")), "1");
	assert_str(headers_get(&sent->request.headers, STR("host")), "www.example");
	assert_int_equal(status_of(&h, abi_u32(&h, out)), 203);
	assert_str(check_values(&h, "fastly_http_resp", "header_values_get", abi_u32(&h, out), TEXT("a")),
		   "1|2");
	abi_fini(&h);
}

TEST(the_path_has_the_prefix_of_the_backend)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8);
	assert_status(CALL("send", new_request(&h, "/"), check_new_body(&h, ""), TEXT("slow"), out, out + 4),
		      ABI_OK);
	assert_str(last_sent(&h)->path, "/prefix/");
	assert_status(CALL("send", new_request(&h, "http://a.example/b?"), check_new_body(&h, ""),
			   TEXT("slow"), out, out + 4),
		      ABI_OK);
	assert_str(last_sent(&h)->path, "/prefix/b?");
	abi_fini(&h);
}

TEST(the_host_is_overridden_or_the_requests_or_the_uris_or_the_backends)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8), request = new_request(&h, "http://uri.example/empty");
	set_header(&h, request, "Host", "header.example");
	assert_status(CALL("send", request, check_new_body(&h, ""), TEXT("origin"), out, out + 4), ABI_OK);
	assert_str(headers_get(&last_sent(&h)->request.headers, STR("Host")), "header.example");
	request = new_request(&h, "http://uri.example:8/empty");
	assert_status(CALL("send", request, check_new_body(&h, ""), TEXT("origin"), out, out + 4), ABI_OK);
	assert_str(headers_get(&last_sent(&h)->request.headers, STR("Host")), "uri.example:8");
	request = new_request(&h, "/empty");
	assert_status(CALL("send", request, check_new_body(&h, ""), TEXT("origin"), out, out + 4), ABI_OK);
	assert_str(headers_get(&last_sent(&h)->request.headers, STR("Host")), "origin.example");
	world_backend(h.world, STR("origin"))->override_host = STR("other.example");
	request = new_request(&h, "http://uri.example/empty");
	set_header(&h, request, "Host", "header.example");
	assert_status(CALL("send", request, check_new_body(&h, ""), TEXT("origin"), out, out + 4), ABI_OK);
	assert_str(headers_get(&last_sent(&h)->request.headers, STR("Host")), "other.example");
	abi_fini(&h);
}

TEST(framing_is_the_hosts_unless_the_guest_says_it_well)
{
	static const struct {
		uint32_t manual;
		const char *name, *value;
		bool kept;
	} cases[] = {
		{ 0, "Content-Length", "3", false },     { 0, "Transfer-Encoding", "chunked", false },
		{ 1, "Content-Length", "3", true },      { 1, "Transfer-Encoding", "chunked", true },
		{ 1, "Content-Length", "three", false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t out = abi_room(&h, 8), request = new_request(&h, "/empty");
		set_header(&h, request, cases[i].name, cases[i].value);
		assert_status(CALL("framing_headers_mode_set", request, cases[i].manual), ABI_OK);
		assert_status(CALL("send", request, check_new_body(&h, "abc"), TEXT("origin"), out, out + 4),
			      ABI_OK);
		assert_int_equal(headers_has(&last_sent(&h)->request.headers, str_from(cases[i].name)),
				 cases[i].kept);
		abi_fini(&h);
	}
}

TEST(a_gzip_response_is_decoded_when_that_was_asked_for)
{
	for (uint32_t ask = 0; ask < 2; ask++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t out = abi_room(&h, 8), request = new_request(&h, "/gzip");
		assert_status(CALL("auto_decompress_response_set", request, ask), ABI_OK);
		assert_status(CALL("send", request, check_new_body(&h, ""), TEXT("origin"), out, out + 4),
			      ABI_OK);
		struct str body = check_body(&h, abi_u32(&h, out + 4));
		struct headers *headers = &sandbox_response(h.sandbox, abi_u32(&h, out))->http.headers;
		assert_int_equal(str_eq(body, STR("compressed\n")), ask);
		assert_int_equal(headers_has(headers, STR("content-encoding")), !ask);
		abi_fini(&h);
	}
}

TEST(an_invocation_sends_so_many_requests_and_no_more)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8);
	h.world->limits.subrequests = 1;
	assert_status(CALL("send", new_request(&h, "/hello"), check_new_body(&h, ""), TEXT("origin"), out,
			   out + 4),
		      ABI_OK);
	uint32_t request = new_request(&h, "/hello"), body = check_new_body(&h, "");
	assert_status(CALL("send", request, body, TEXT("origin"), out, out + 4), ABI_LIMITEXCEEDED);
	assert_status(CALL("send_async", request, body, TEXT("origin"), out), ABI_LIMITEXCEEDED);
	assert_status(CALL("close", request), ABI_OK);
	abi_fini(&h);
}

/* ---- pending requests ---- */

TEST(a_pending_request_is_polled_until_it_is_done)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t pending = send_async(&h, "slow"), out = abi_room(&h, 16), detail = abi_room(&h, 20);
	bool never = false;
	assert_status(CALL("pending_req_poll", pending, out, out + 4, out + 8), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 0);
	assert_int_equal(abi_u32(&h, out + 4), HANDLE_INVALID);
	assert_int_equal(abi_u32(&h, out + 8), HANDLE_INVALID);
	assert_status(CALL("pending_req_poll_v2", pending, detail, out, out + 4, out + 8), ABI_OK);
	assert_int_equal(abi_u32(&h, detail), FETCH_UNINITIALIZED);
	(void)loop_run(&h.loop, &never, clock_monotonic(h.clock) + 3 * NS_PER_S);
	assert_status(CALL("pending_req_poll_v2", pending, detail, out, out + 4, out + 8), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 1);
	assert_int_equal(abi_u32(&h, detail), FETCH_OK);
	assert_str(check_body(&h, abi_u32(&h, out + 8)), "late");
	assert_status(CALL("pending_req_poll", pending, out, out + 4, out + 8), ABI_BADF);
	abi_fini(&h);
}

TEST(a_pending_request_is_waited_for)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t pending = send_async(&h, "slow"), out = abi_room(&h, 8), detail = abi_room(&h, 20);
	assert_status(CALL("pending_req_wait", pending, out, out + 4), ABI_OK);
	assert_str(check_body(&h, abi_u32(&h, out + 4)), "late");
	assert_status(CALL("pending_req_wait", pending, out, out + 4), ABI_BADF);
	pending = send_async(&h, "origin");
	assert_status(CALL("pending_req_wait_v2", pending, detail, out, out + 4), ABI_OK);
	assert_int_equal(abi_u32(&h, detail), FETCH_OK);
	abi_fini(&h);
}

TEST(the_first_of_several_that_is_done_is_selected)
{
	static const char *const calls[] = { "pending_req_select", "pending_req_select_v2" };
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t list = abi_room(&h, 12), out = abi_room(&h, 16), detail = abi_room(&h, 20);
		abi_set_u32(&h, list, send_async(&h, "slow"));
		abi_set_u32(&h, list + 4, send_async(&h, "origin"));
		uint64_t args[] = { list, 2, detail, out, out + 4, out + 8 };
		if (i == 0)
			memmove(args + 2, args + 3, 3 * sizeof *args);
		assert_status(abi_call_with(&h, MODULE, calls[i], args, 5 + i), ABI_OK);
		assert_int_equal(abi_u32(&h, out), 1);
		assert_str(check_body(&h, abi_u32(&h, out + 8)), "hello from the origin");
		args[1] = 1; /* now only the slow one */
		assert_status(abi_call_with(&h, MODULE, calls[i], args, 5 + i), ABI_OK);
		assert_int_equal(abi_u32(&h, out), 0);
		assert_str(check_body(&h, abi_u32(&h, out + 8)), "late");
		abi_fini(&h);
	}
}

TEST(a_failed_one_is_selected_without_a_response)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t list = abi_room(&h, 12), out = abi_room(&h, 16), detail = abi_room(&h, 20);
	abi_set_u32(&h, list, send_async(&h, "gone"));
	assert_status(CALL("pending_req_select_v2", list, 1, detail, out, out + 4, out + 8), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 0);
	assert_int_equal(abi_u32(&h, out + 4), HANDLE_INVALID);
	assert_int_equal(abi_u32(&h, out + 8), HANDLE_INVALID);
	assert_int_equal(abi_u32(&h, detail), FETCH_CONNECTION_REFUSED);
	abi_fini(&h);
}

TEST(a_selection_needs_handles_that_are_all_good)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t list = abi_room(&h, 16), out = abi_room(&h, 16), pending = send_async(&h, "slow");
	abi_set_u32(&h, list + 1, pending); /* a list need not be aligned */
	abi_set_u32(&h, list + 5, HANDLE_INVALID);
	assert_status(CALL("pending_req_select", list + 1, 0, out, out + 4, out + 8), ABI_INVAL);
	assert_status(CALL("pending_req_select", list + 1, 2, out, out + 4, out + 8), ABI_BADF);
	assert_status(CALL("pending_req_select", list + 1, 1, out, out + 4, out + 8), ABI_OK);
	abi_fini(&h);
}

/* A handle may stand in a list more than once; a list that is longer than there can be handles is none. */
TEST(a_selection_of_the_same_again_and_again_is_bounded)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t pending = send_async(&h, "slow"), out = abi_room(&h, 16), list = abi_room(&h, 4 * 1001);
	for (uint32_t i = 0; i < 1001; i++)
		abi_set_u32(&h, list + 4 * i, pending);
	h.world->limits.handles = 1000;
	assert_status(CALL("pending_req_select", list, 1001, out, out + 4, out + 8), ABI_INVAL);
	assert_status(abi_call(&h, "fastly_async_io", "select", list, 1001, 1, out), ABI_INVAL);
	assert_status(CALL("pending_req_select", list, 1000, out, out + 4, out + 8), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 0);
	abi_fini(&h);
}

TEST(a_request_body_can_be_written_while_it_is_sent)
{
	static const char *const calls[] = { "send_async_streaming", "send_async_v2" };
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t body = check_new_body(&h, "one "), out = abi_room(&h, 8);
		uint64_t args[] = { new_request(&h, "/empty"), body, TEXT("origin"), 1, out };
		if (i == 0)
			args[4] = out;
		assert_status(abi_call_with(&h, MODULE, calls[i], args, 5 + i), ABI_OK);
		uint32_t pending = abi_u32(&h, out);
		assert_status(abi_call(&h, "fastly_http_body", "write", body, TEXT("two"), 0, out), ABI_OK);
		assert_status(abi_call(&h, "fastly_http_body", "write", body, TEXT("two"), 1, out), ABI_BADF);
		assert_status(abi_call(&h, "fastly_http_body", "close", body), ABI_OK);
		assert_status(CALL("pending_req_wait", pending, out, out + 4), ABI_OK);
		assert_int_equal(status_of(&h, abi_u32(&h, out)), 204);
		abi_fini(&h);
	}
}

TEST(without_streaming_the_body_is_taken)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t body = check_new_body(&h, "one"), out = abi_room(&h, 8);
	assert_status(CALL("send_async_v2", new_request(&h, "/empty"), body, TEXT("origin"), 0, out), ABI_OK);
	assert_status(abi_call(&h, "fastly_http_body", "close", body), ABI_BADF);
	abi_fini(&h);
}

/* ---- headers for when the answer is sent on ---- */

TEST(pending_headers_change_the_response)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t pending = send_async(&h, "origin"), out = abi_room(&h, 8);
	assert_status(CALL("pending_req_header_insert", pending, TEXT("Inserted"), TEXT("1"), 0), ABI_OK);
	assert_status(CALL("pending_req_header_append", pending, TEXT("Appended"), TEXT("2"), 1), ABI_OK);
	assert_status(CALL("pending_req_header_append", pending, TEXT("On-Error"), TEXT("3"), 2), ABI_OK);
	assert_status(CALL("pending_req_header_remove", pending, TEXT("content-type"), 0), ABI_OK);
	assert_status(CALL("pending_req_wait", pending, out, out + 4), ABI_OK);
	assert_str(check_values(&h, "fastly_http_resp", "header_names_get", abi_u32(&h, out)),
		   "Age|Content-Length|X-Served-By|X-Cache|X-Cache-Hits|Inserted|Appended");
	abi_fini(&h);
}

TEST(pending_headers_are_checked)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t pending = send_async(&h, "slow");
	assert_status(CALL("pending_req_header_insert", pending, TEXT("a"), TEXT("1"), 3), ABI_INVAL);
	assert_status(CALL("pending_req_header_insert", pending, TEXT("a b"), TEXT("1"), 0), ABI_ERROR);
	assert_status(CALL("pending_req_header_append", pending, TEXT("a"), TEXT("1\n"), 0), ABI_ERROR);
	assert_status(CALL("pending_req_header_remove", pending, TEXT(""), 0), ABI_ERROR);
	h.world->limits.headers = 2;
	for (uint32_t target = 0; target < 3; target++) {
		uint32_t other = send_async(&h, "slow");
		assert_status(CALL("pending_req_header_append", other, TEXT("a"), TEXT("1"), target), ABI_OK);
		assert_status(CALL("pending_req_header_append", other, TEXT("a"), TEXT("2"), target), ABI_OK);
		assert_status(CALL("pending_req_header_append", other, TEXT("a"), TEXT("3"), target),
			      ABI_LIMITEXCEEDED);
	}
	abi_fini(&h);
}

TEST(too_many_handles_are_refused)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t pending = send_async(&h, "origin"), out = abi_room(&h, 8);
	h.world->limits.handles = h.sandbox->handles.open - 1;
	assert_status(CALL("pending_req_wait", pending, out, out + 4), ABI_LIMITEXCEEDED);
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered_only(MODULE, "", "send pending_req");
}
