/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_req: the client's request handed over, in place of a response. */
#include "support/abi_check.h"

#define MODULE "fastly_http_req"

static const char *const v1[] = { "upgrade_websocket", "redirect_to_websocket_proxy",
				  "redirect_to_grip_proxy" };
static const char *const v2[] = { "redirect_to_websocket_proxy_v2", "redirect_to_grip_proxy_v2" };

static void begin(struct abi_harness *h)
{
	abi_prepare(h, ABI_MEMORY_BYTES);
	abi_furnish(h);
	h->world->tracing = true;
	headers_add(&h->request.headers, &h->arena, STR("Host"), STR("www.example"));
	headers_add(&h->request.headers, &h->arena, STR("Connection"), STR("Upgrade"));
	headers_add(&h->request.headers, &h->arena, STR("Upgrade"), STR("websocket"));
	headers_add(&h->request.headers, &h->arena, STR("X-Own"), STR("original"));
	headers_add(&h->request.headers, &h->arena, STR("Pushpin-Route"), STR("forged"));
	struct origin_rule *r = abi_new_rule("origin", "*", "/path*", 101);
	origins_rules_add(h->world->origins, r);
	abi_start(h);
}

static const struct http_request *sent(const struct abi_harness *h)
{
	return &h->sandbox->invocation->subrequests->request;
}

static struct str field(const struct abi_harness *h, const char *name)
{
	return headers_get(&sent(h)->headers, str_from(name));
}

TEST(the_request_goes_as_it_came)
{
	for (size_t i = 0; i < COUNT_OF(v1); i++) {
		struct abi_harness h;
		bool grip = i == 2;
		begin(&h);
		assert_status(CALL(v1[i], TEXT("origin")), ABI_OK);
		struct invocation *inv = h.sandbox->invocation;
		assert_int_equal(inv->handoff->kind, grip ? HANDOFF_GRIP : HANDOFF_WEBSOCKET);
		assert_true(inv->responded);
		assert_int_equal(inv->response.status, 101);
		assert_str(sent(&h)->method, "GET");
		assert_true(sent(&h)->upgrade);
		assert_str(inv->subrequests->path, "/path?query");
		assert_str(field(&h, "host"), "origin.example:8080");
		assert_str(field(&h, "connection"), "Upgrade");
		assert_str(field(&h, "x-own"), "original");
		assert_str(field(&h, "pushpin-route"), grip ? "origin" : "");
		const struct trace_event *ev = inv->trace.first->next;
		assert_string_equal(ev->type, "handoff");
		assert_str(ev->first->text, grip ? "grip" : "websocket");
		abi_fini(&h);
	}
}

TEST(a_request_of_the_guests_making_keeps_the_connections_fields)
{
	for (size_t i = 0; i < COUNT_OF(v2); i++) {
		struct abi_harness h;
		begin(&h);
		uint32_t out = abi_room(&h, 4);
		assert_status(CALL("new", out), ABI_OK);
		uint32_t r = abi_u32(&h, out);
		assert_status(CALL("uri_set", r, TEXT("https://elsewhere/path/other?x")), ABI_OK);
		assert_status(CALL("header_insert", r, TEXT("X-Own"), TEXT("changed")), ABI_OK);
		assert_status(CALL("header_insert", r, TEXT("Upgrade"), TEXT("something else")), ABI_OK);
		assert_status(CALL("header_insert", r, TEXT("Host"), TEXT("forged")), ABI_OK);
		assert_status(CALL(v2[i], r, TEXT("origin")), ABI_OK);
		assert_str(h.sandbox->invocation->subrequests->path, "/path/other?x");
		assert_str(field(&h, "host"), "origin.example:8080");
		assert_str(field(&h, "upgrade"), "websocket");
		assert_str(field(&h, "x-own"), "changed");
		abi_fini(&h);
	}
}

TEST(it_is_one_answer_like_any_other)
{
	struct abi_harness h;
	begin(&h);
	assert_status(CALL("redirect_to_websocket_proxy", TEXT("origin")), ABI_OK);
	assert_status(CALL("redirect_to_websocket_proxy", TEXT("origin")), ABI_ERROR);
	assert_status(CALL("redirect_to_grip_proxy", TEXT("origin")), ABI_ERROR);
	abi_fini(&h);
}

TEST(a_service_without_the_feature_is_told)
{
	struct abi_harness h;
	begin(&h);
	h.world->handoff.websocket = h.world->handoff.grip = false;
	for (size_t i = 0; i < COUNT_OF(v1); i++)
		assert_status(CALL(v1[i], TEXT("origin")), ABI_UNSUPPORTED);
	for (size_t i = 0; i < COUNT_OF(v2); i++)
		assert_status(CALL(v2[i], h.sandbox->request_handle, TEXT("origin")), ABI_UNSUPPORTED);
	assert_false(h.sandbox->sent);
	h.world->handoff.websocket = true;
	assert_status(CALL("redirect_to_websocket_proxy", TEXT("nobody")), ABI_INVAL);
	assert_status(CALL("redirect_to_websocket_proxy_v2", 12345, TEXT("origin")), ABI_BADF);
	assert_status(CALL("redirect_to_grip_proxy_v2", 12345, TEXT("origin")), ABI_BADF);
	abi_fini(&h);
}

TEST(the_grip_proxy_is_where_the_world_says)
{
	struct abi_harness h;
	begin(&h);
	h.world->handoff.grip_port = 7999;
	assert_status(CALL("redirect_to_grip_proxy", TEXT("a route")), ABI_OK);
	const struct subrequest *r = h.sandbox->invocation->subrequests;
	assert_str(r->backend->target.host, "127.0.0.1");
	assert_int_equal(r->backend->target.port, 7999);
	assert_str(field(&h, "host"), "127.0.0.1:7999");
	assert_str(field(&h, "pushpin-route"), "a route");
	abi_fini(&h);
}

TEST(what_goes_wrong_is_the_clients_answer)
{
	static const struct {
		const char *backend;
		uint16_t status;
	} cases[] = { { "gone", 503 }, { "slow", 502 } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct abi_harness h;
		begin(&h);
		if (i == 1) {
			struct origin_rule *r = abi_new_rule("slow", "*", "*", 200);
			r->answer.fault = ORIGIN_RESET;
			origins_rules_add(h.world->origins, r);
		}
		assert_status(CALL("redirect_to_websocket_proxy", abi_place(&h, str_from(cases[i].backend)),
				   4),
			      ABI_OK);
		assert_int_equal(h.sandbox->invocation->response.status, cases[i].status);
		abi_fini(&h);
	}
}

TEST(a_101_that_nobody_asked_for_is_not_passed_on)
{
	struct abi_harness h;
	begin(&h);
	headers_remove(&h.request.headers, STR("Upgrade"));
	assert_status(CALL("redirect_to_websocket_proxy", TEXT("origin")), ABI_OK);
	assert_int_equal(h.sandbox->invocation->response.status, 502);
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered_only(MODULE, "", "redirect_ upgrade_");
}
