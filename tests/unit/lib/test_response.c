/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, origins that functions answer, and what a response tells. */
#include "lib_setup.h"

/* ---- origins ---- */

struct origin {
	unsigned calls, released;
	bl_call *kept;
	bool keeps, forgets;
	char seen[256];
};

static void answer(void *data, bl_call *call)
{
	struct origin *o = data;
	bl_bytes body = bl_call_body(call), name, value;
	bl_error *e = NULL;
	o->calls++;
	snprintf(o->seen, sizeof o->seen, "%s %s %s %s host=%s body=%.*s", bl_call_backend(call),
		 bl_call_method(call), bl_call_url(call), bl_call_path(call),
		 bl_call_header(call, "HOST").data, (int)body.len, body.data ? body.data : "");
	assert_true(bl_call_header_at(call, 0, &name, &value));
	assert_false(bl_call_header_at(call, 1000, &name, &value));
	assert_null(bl_call_header(call, "x-none").data);
	if (o->keeps)
		o->kept = bl_call_keep(call);
	if (o->keeps || o->forgets)
		return;
	bl_answer *a = bl_answer_new(201);
	assert_true(bl_answer_header(a, "X-Origin", "yes", &e));
	assert_true(bl_answer_trailer(a, "x-end", "now", &e));
	assert_true(bl_answer_body(a, "from the origin", 15, &e));
	assert_true(bl_call_answer(call, a, &e));
	assert_false(bl_call_answer(call, bl_answer_new(200), &e));
	assert_bl_error(e, BL_ERROR_TIMEOUT, "answered before");
}

static void release(void *data)
{
	((struct origin *)data)->released++;
}

TEST(a_function_answers_for_an_origin)
{
	struct origin o = { 0 };
	bl_error *e = NULL;
	bl_bytes name, value;
	bl_sent sent;
	bl_world *w = proxy_world();
	assert_true(bl_origin(w, "api", NULL, "/x*", answer, &o, release, &e));
	bl_response *r = fetch(w, "POST", "https://shop.example/xy?z", "hello");
	assert_string_equal(o.seen, "api POST https://shop.example/xy?z /xy?z host=shop.example body=hello");
	assert_int_equal(bl_response_status(r), 201);
	assert_bytes(bl_response_header(r, "x-origin"), "yes");
	assert_null(bl_response_header(r, "x-none").data);
	assert_true(bl_response_header_at(r, 0, &name, &value));
	assert_true(bl_response_trailer_at(r, 0, &name, &value));
	assert_bytes(name, "x-end");
	assert_bytes(bl_response_body(r), "from the origin");
	assert_true(bl_response_complete(r));
	assert_int_equal(bl_response_outcome(r), BL_OK);
	assert_bytes(bl_response_report(r), "");
	assert_true(bl_response_check(r, &e));
	assert_true(bl_response_sent(r, 0, &sent));
	assert_bytes(sent.backend, "api");
	assert_bytes(sent.path, "/xy?z");
	assert_int_equal(sent.status, 201);
	assert_null(sent.error.data);
	assert_false(sent.dynamic);
	assert_false(bl_response_sent(r, 1, &sent));
	bl_world_free(w); /* the response keeps what it needs */
	assert_bytes(bl_response_body(r), "from the origin");
	assert_int_equal(o.released, 0);
	bl_response_free(r);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.released, 1);
}

TEST(an_answer_may_come_later)
{
	struct origin o = { .keeps = true };
	bl_error *e = NULL;
	bl_world *w = proxy_world();
	bl_request *q = bl_request_new("GET", "/later", &e);
	assert_true(bl_origin(w, NULL, NULL, NULL, answer, &o, NULL, &e));
	bl_response *r = bl_fetch_start(w, q, &e);
	assert_non_null(r);
	assert_non_null(o.kept);
	assert_int_equal(bl_response_status(r), 0);
	assert_int_equal(bl_response_outcome(r), BL_RUNNING);
	assert_false(bl_response_check(r, &e));
	assert_bl_error(e, BL_ERROR_INTERNAL, "still runs");
	uint64_t now = bl_clock_now(w);
	assert_true(bl_response_wait(r, BL_UNTIL_NOW, &e));
	assert_int_equal(bl_clock_now(w), now);
	assert_true(bl_call_answer(o.kept, bl_answer_new(204), &e));
	bl_call_free(o.kept);
	assert_true(bl_response_wait(r, BL_UNTIL_HEAD, &e));
	assert_int_equal(bl_response_status(r), 204);
	assert_true(bl_response_wait(r, BL_UNTIL_BODY, &e));
	assert_true(bl_response_wait(r, BL_UNTIL_END, &e));
	assert_true(bl_response_check(r, &e));
	assert_int_equal(bl_clock_now(w), now);
	bl_response_free(r);
	bl_request_free(q);
	bl_world_free(w);
}

TEST(an_answer_that_is_kept_and_never_given_times_out)
{
	struct origin o = { .keeps = true };
	bl_error *e = NULL;
	bl_sent sent;
	bl_world *w = proxy_world();
	uint64_t before = bl_clock_now(w);
	assert_true(bl_origin(w, NULL, NULL, NULL, answer, &o, NULL, &e));
	bl_response *r = fetch(w, "GET", "/never", NULL);
	assert_int_equal(bl_response_status(r), 502);
	assert_int_equal(bl_clock_now(w) - before, 15 * NS_PER_S);
	assert_true(bl_response_sent(r, 0, &sent));
	assert_bytes(sent.error, "http_response_timeout");
	assert_false(bl_call_answer(o.kept, bl_answer_new(200), &e));
	assert_bl_error(e, BL_ERROR_TIMEOUT, "nobody waits");
	bl_response_free(r);
	bl_world_free(w);
	assert_string_equal(bl_call_path(o.kept), "/never"); /* it keeps what it needs */
	bl_call_free(o.kept);
}

TEST(a_function_that_forgets_to_answer_is_told_of)
{
	struct origin o = { .forgets = true };
	bl_error *e = NULL;
	bl_world *w = proxy_world();
	assert_true(bl_origin(w, NULL, NULL, NULL, answer, &o, NULL, &e));
	bl_response *r = fetch(w, "GET", "/forgotten", NULL);
	assert_int_equal(bl_response_status(r), 502);
	assert_false(bl_response_check(r, &e));
	assert_bl_error(e, BL_ERROR_INTERNAL, "did not answer GET /forgotten of backend 'api'");
	bl_response_free(r);
	bl_world_free(w);
}

TEST(answers_can_be_prepared_with_faults_and_steps_in_time)
{
	bl_error *e = NULL;
	bl_sent sent;
	bl_world *w = proxy_world();
	bl_answer *slow = bl_answer_new(200), *broken = bl_answer_new(200);
	assert_true(bl_answer_body(slow, "0123456789", 10, &e));
	assert_true(bl_answer_delay(slow, 2 * NS_PER_S, &e));
	assert_true(bl_answer_step(slow, BL_STEP_PAUSE, 5, 0, 3 * NS_PER_S, &e));
	assert_false(bl_answer_step(slow, BL_STEP_RESET, 4, 0, 0, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "order");
	assert_true(bl_origin_answer(w, "api", "GET", "/slow", slow, &e));
	assert_true(bl_answer_fault(broken, "connection_refused", "down", &e));
	assert_true(bl_origin_answer(w, "api", "GET", "/broken", broken, &e));
	bl_response *r = fetch(w, "GET", "/slow", NULL);
	assert_bytes(bl_response_body(r), "0123456789");
	assert_int_equal(bl_response_timing(r).virtual_ns, 2 * NS_PER_S);
	bl_response_free(r);
	r = fetch(w, "GET", "/broken", NULL);
	assert_int_equal(bl_response_status(r), 502);
	assert_true(bl_response_sent(r, 0, &sent));
	assert_bytes(sent.error, "connection_refused");
	assert_true(bl_response_check(r, &e)); /* it was meant to be so */
	bl_response_free(r);
	bl_world_free(w);
}

TEST(a_request_that_nobody_answers_fails_the_check_of_its_response)
{
	bl_error *e = NULL;
	bl_world *w = proxy_world();
	assert_true(bl_origin_answer(w, "api", "GET", "/products", bl_answer_new(200), &e));
	bl_response *r = fetch(w, "GET", "/product", NULL), *good = fetch(w, "GET", "/products", NULL);
	assert_int_equal(bl_response_status(r), 502);
	assert_false(bl_response_check(r, &e));
	assert_bl_error(e, BL_ERROR_INTERNAL, "/products");
	assert_true(bl_response_check(good, &e));
	bl_response_free(r);
	bl_response_free(good);
	bl_world_free(w);
}

/* ---- how guests end ---- */

TEST(what_goes_wrong_behind_the_response_is_told)
{
	bl_error *e = NULL;
	bl_service *s = open_wat(
		"(module"
		"  (import \"fastly_http_resp\" \"new\" (func $resp_new (param i32) (result i32)))"
		"  (import \"fastly_http_resp\" \"send_downstream\" (func $send (param i32 i32 i32) (result i32)))"
		"  (import \"fastly_http_body\" \"new\" (func $body_new (param i32) (result i32)))"
		"  (memory (export \"memory\") 1)"
		"  (func $late unreachable)"
		"  (func (export \"_start\")"
		"    (drop (call $resp_new (i32.const 0)))"
		"    (drop (call $body_new (i32.const 4)))"
		"    (drop (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 0)))"
		"    (call $late)))");
	bl_world *w = bl_world_new(s, "", &e);
	bl_response *r = fetch(w, "GET", "/", NULL);
	assert_int_equal(bl_response_status(r), 200);
	assert_int_equal(bl_response_outcome(r), BL_TRAP);
	assert_non_null(strstr(bl_response_report(r).data, "late"));
	assert_false(bl_response_check(r, &e));
	assert_bl_error(e, BL_ERROR_INTERNAL, "crashed after its response");
	bl_response_free(r);
	bl_world_free(w);
	bl_service_free(s);
}

TEST(a_guest_that_never_ends_is_stopped)
{
	bl_error *e = NULL;
	bl_service *s = open_wat(
		"(module (memory (export \"memory\") 1) (func (export \"_start\") (loop $l (br $l))))");
	bl_world *w = bl_world_new(s, "", &e);
	assert_true(bl_world_limits(w, "enforce", test_write("limits.toml", STR("cpu = \"20ms\"\n")), &e));
	bl_response *r = fetch(w, "GET", "/", NULL);
	assert_int_equal(bl_response_outcome(r), BL_LIMIT);
	bl_response_free(r);
	bl_world_free(w);
	bl_service_free(s);
}

/* ---- what happened ---- */

TEST(each_response_has_its_own_logs_and_trace)
{
	bl_error *e = NULL;
	bl_bytes message, endpoint;
	bl_world *w = proxy_world();
	assert_true(bl_origin_answer(w, NULL, NULL, NULL, bl_answer_new(200), &e));
	bl_response *a = fetch(w, "GET", "/a", NULL), *b = fetch(w, "GET", "/b", NULL);
	assert_true(bl_response_log(a, "access", 0, &message, &endpoint));
	assert_bytes(message, "{\"sent\":true}");
	assert_bytes(endpoint, "access");
	assert_false(bl_response_log(a, "access", 1, &message, NULL));
	assert_false(bl_response_log(a, "other", 0, &message, NULL));
	assert_true(bl_response_log(b, NULL, 0, NULL, NULL));
	bl_data *trace = bl_response_trace(b, &e);
	assert_non_null(strstr(bl_data_bytes(trace).data, "\"type\": \"fetch\""));
	assert_non_null(strstr(bl_data_bytes(trace).data, "http://localhost/b"));
	assert_null(strstr(bl_data_bytes(trace).data, "http://localhost/a"));
	bl_data_free(trace);
	bl_timing t = bl_response_timing(a);
	assert_true(t.real_ns > 0 && t.host_calls >= 5 && t.memory_bytes == 65536 && t.subrequests == 1);
	bl_response_free(a);
	assert_true(bl_world_trace(w, false, &e));
	a = fetch(w, "GET", "/a", NULL);
	trace = bl_response_trace(a, &e);
	assert_bytes(bl_data_bytes(trace), "[]");
	bl_data_free(trace);
	bl_response_free(a);
	bl_response_free(b);
	bl_world_free(w);
}

/* ---- what a callback may do ---- */

struct nested {
	bl_world *world;
	bl_request *request;
	unsigned calls;
};

static void calls_back(void *data, bl_call *call)
{
	struct nested *n = data;
	bl_error *e = NULL;
	n->calls++;
	assert_ptr_equal(bl_call_world(call), n->world);
	assert_null(bl_fetch(n->world, n->request, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "callback of the same world");
	assert_false(bl_clock_advance(n->world, 1, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "callback");
	assert_null(bl_world_fork(n->world, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "under way");
	assert_true(bl_kv_put(n->world, "seen", "key", "1", 1, &e));
	bl_world_free(n->world); /* the last handle: the world lives as long as it runs */
	bl_answer *a = bl_answer_new(200);
	assert_true(bl_call_answer(call, a, &e));
}

TEST(a_callback_may_call_everything_but_what_runs_its_world)
{
	bl_error *e = NULL;
	struct nested n = { .world = proxy_world(), .request = bl_request_new("GET", "/", NULL) };
	assert_true(bl_origin(n.world, NULL, NULL, NULL, calls_back, &n, NULL, &e));
	bl_response *r = bl_fetch(n.world, n.request, &e);
	assert_int_equal(bl_response_status(r), 200);
	assert_int_equal(n.calls, 1);
	bl_response_free(r);
	bl_request_free(n.request);
}
