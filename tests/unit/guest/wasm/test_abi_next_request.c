/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fastly_http_downstream.next_request and what belongs to it: a sandbox that handles one request after
 * another.
 */
#include "support/abi_check.h"

#define MODULE "fastly_http_downstream"
#define RESP "fastly_http_resp"

/* Another request of the world, as a server has it. */
struct other {
	struct http_request http;
	struct invocation_request asked;
	struct invocation *invocation;
};

static void ask(struct abi_harness *h, struct other *o, struct str uri)
{
	*o = (struct other){ .http = { .method = STR("GET"), .uri = uri, .version = HTTP_1_1 } };
	headers_add(&o->http.headers, &h->arena, STR("X-Uri"), uri);
	o->asked = (struct invocation_request){ .http = &o->http };
	o->invocation = sandbox_invoke(&h->service, h->world, &o->asked);
}

/* A second guest of the same service in a world, past its response. */
static struct sandbox *answered_guest(struct abi_harness *h, struct world *w)
{
	struct sandbox *sb = NEW(struct sandbox);
	sandbox_init(sb, &h->service, w, &h->asked);
	sb->sent = true;
	return sb;
}

static void end_guest(struct sandbox *sb)
{
	sandbox_stop(sb);
	sandbox_release(sb);
	sandbox_fini(sb);
	handles_fini(&sb->handles);
	arena_fini(&sb->arena);
	mem_free(sb);
}

/*
 * The sandbox ends with its request, as when a client's server does not want it any more; another takes its
 * place.
 */
static void cancel_current(struct abi_harness *h)
{
	sandbox_free_invocation(h->sandbox->invocation);
	h->sandbox = answered_guest(h, h->world);
}

static void answer(struct abi_harness *h, uint16_t status)
{
	uint32_t out = abi_room(h, 8);
	assert_status(abi_call(h, RESP, "new", out), ABI_OK);
	assert_status(abi_call(h, "fastly_http_body", "new", out + 4), ABI_OK);
	assert_status(abi_call(h, RESP, "status_set", abi_u32(h, out), status), ABI_OK);
	assert_status(abi_call(h, RESP, "send_downstream", abi_u32(h, out), abi_u32(h, out + 4), 0), ABI_OK);
}

static uint32_t promise_for(struct abi_harness *h, uint64_t timeout_ms)
{
	uint32_t options = abi_room(h, 8), out = abi_room(h, 4);
	abi_set_u64(h, options, timeout_ms);
	assert_status(abi_call(h, MODULE, "next_request", timeout_ms ? 2 : 0, options, out), ABI_OK);
	return abi_u32(h, out);
}

static enum abi_status begin_wait(struct abi_harness *h, uint32_t promise, uint32_t out)
{
	const struct hostcall *call = hostcall_find(STR(MODULE), STR("next_request_wait"));
	return abi_begin(h, call, (const uint64_t[]){ promise, out, out + 4 });
}

static struct str uri_of(struct abi_harness *h, uint32_t request)
{
	return check_bytes(h, ABI_OK, "fastly_http_req", "uri_get", request);
}

TEST(a_waiting_guest_gets_the_next_request_as_an_invocation_of_its_own)
{
	struct abi_harness h;
	struct other second;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8), first = h.sandbox->request_handle;
	struct invocation *before = h.sandbox->invocation;
	uint32_t promise = promise_for(&h, 0);
	answer(&h, 201);
	assert_status(begin_wait(&h, promise, out), ABI_WAIT);
	assert_true(before->ended);
	assert_int_equal(before->outcome, OUTCOME_OK);
	assert_int_equal(before->nth, 1);
	ask(&h, &second, STR("https://www.example/second"));
	assert_false(second.invocation->responded);
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK);
	assert_ptr_equal(h.sandbox->invocation, second.invocation);
	assert_int_equal(second.invocation->nth, 2);
	assert_true(second.invocation->number > 0);
	assert_str(uri_of(&h, abi_u32(&h, out)), "https://www.example/second");
	assert_str(uri_of(&h, first), "https://www.example/path?query"); /* the old handle is good still … */
	uint32_t ip = abi_room(&h, 24);
	assert_status(CALL("downstream_client_ip_addr", first, ip, ip + 16),
		      ABI_ERROR); /* … and a plain one */
	assert_status(CALL("downstream_client_ip_addr", abi_u32(&h, out), ip, ip + 16), ABI_OK);
	answer(&h, 202);
	assert_int_equal(second.invocation->response.status, 202);
	assert_false(second.invocation->ended);
	cancel_current(&h);
	abi_fini(&h);
}

TEST(what_is_logged_and_counted_belongs_to_the_request_it_was_for)
{
	struct abi_harness h;
	struct other second;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	abi_furnish(&h);
	h.world->tracing = true;
	abi_start(&h);
	uint32_t out = abi_room(&h, 8), log = abi_room(&h, 4);
	assert_status(abi_call(&h, "fastly_log", "endpoint_get", TEXT("l"), log), ABI_OK);
	assert_status(abi_call(&h, "fastly_log", "write", abi_u32(&h, log), TEXT("one"), out), ABI_OK);
	h.sandbox->cpu_ns = 5 * NS_PER_MS;
	uint32_t promise = promise_for(&h, 0);
	answer(&h, 200);
	ask(&h, &second, STR("https://www.example/"));
	assert_status(begin_wait(&h, promise, out), ABI_OK); /* without waiting: it was offered meanwhile */
	assert_status(abi_call(&h, "fastly_log", "write", abi_u32(&h, log), TEXT("two"), out), ABI_OK);
	assert_str(second.invocation->logs->message, "two");
	assert_null(second.invocation->logs->next);
	const struct trace_event *ev = second.invocation->trace.first;
	assert_string_equal(ev->type, "ecp-start");
	assert_string_equal(ev->first->name, "instanceRequests");
	assert_int_equal((int)ev->first->number, 2);
	assert_true(ev->first->next->truth);
	h.sandbox->cpu_ns = 7 * NS_PER_MS;
	sandbox_cancel(second.invocation);
	assert_int_equal(second.invocation->cpu_ns, 2 * NS_PER_MS);
	sandbox_free_invocation(second.invocation);
	h.sandbox = answered_guest(&h, h.world);
	abi_fini(&h);
}

TEST(a_request_must_be_answered_before_the_next)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8), promise = promise_for(&h, 0);
	assert_status(CALL("next_request_wait", promise, out, out + 4), ABI_UNSUPPORTED);
	assert_status(CALL("next_request", 0, abi_room(&h, 8), out), ABI_LIMITEXCEEDED); /* one at a time */
	assert_status(CALL("next_request_abandon", promise), ABI_OK);
	assert_status(CALL("next_request_abandon", promise), ABI_BADF);
	assert_status(CALL("next_request", 4, abi_room(&h, 8), out), ABI_INVAL);
	h.world->limits.handles = h.sandbox->handles.open;
	assert_status(CALL("next_request", 0, abi_room(&h, 8), out), ABI_LIMITEXCEEDED);
	h.world->limits.handles++;
	promise = promise_for(&h, 0);
	abi_fini(&h);
}

TEST(a_promise_ends_with_its_time_and_at_the_latest_after_ten_seconds)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8);
	answer(&h, 200);
	uint64_t begun = clock_monotonic(h.clock);
	assert_status(CALL("next_request_wait", promise_for(&h, 1500), out, out + 4), ABI_NONE);
	assert_int_equal(clock_monotonic(h.clock) - begun, 1500 * NS_PER_MS);
	assert_status(CALL("next_request_wait", promise_for(&h, 3600 * 1000), out, out + 4), ABI_NONE);
	assert_int_equal(clock_monotonic(h.clock) - begun, 11500 * NS_PER_MS);
	abi_fini(&h);
}

TEST(an_instance_handles_so_many_requests_and_no_more)
{
	struct abi_harness h;
	struct other second;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->limits.instance_requests = 2;
	uint32_t out = abi_room(&h, 8), promise = promise_for(&h, 0);
	answer(&h, 200);
	ask(&h, &second, STR("https://www.example/"));
	assert_status(begin_wait(&h, promise, out), ABI_OK);
	answer(&h, 200);
	promise = promise_for(&h, 0);
	assert_status(begin_wait(&h, promise, out), ABI_NONE);
	assert_status(CALL("next_request_wait", promise, out, out + 4), ABI_BADF);
	cancel_current(&h);
	abi_fini(&h);
}

TEST(the_last_to_ask_is_offered_a_request_first_and_only_five_wait_in_a_world)
{
	struct abi_harness h;
	struct other others[6];
	struct sandbox *guests[6];
	uint32_t handle;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct world *frame = world_fork(h.world, &h.loop);
	for (size_t i = 0; i < COUNT_OF(guests); i++) {
		guests[i] = answered_guest(&h, frame);
		assert_status(next_request_ask(guests[i], NS_PER_S, &handle), ABI_OK);
		assert_int_equal(next_request_ready(guests[i]), i == 5); /* the sixth: nothing will come */
	}
	for (size_t i = 0; i < 5; i++) {
		others[i] = (struct other){ .http = { .method = STR("GET"), .uri = STR("http://a/") } };
		others[i].asked = (struct invocation_request){ .http = &others[i].http };
		others[i].invocation = sandbox_invoke(&h.service, frame, &others[i].asked);
		assert_true(next_request_ready(guests[4 - i]));
		assert_ptr_equal(guests[4 - i]->next.offered,
				 container_of(others[i].invocation, struct wasm_invocation, super));
	}
	for (size_t i = 0; i < 5; i++)
		sandbox_free_invocation(others[i].invocation);
	for (size_t i = 0; i < COUNT_OF(guests); i++)
		end_guest(guests[i]);
	world_destroy(&frame);
	abi_fini(&h);
}

TEST(a_request_that_is_withdrawn_leaves_the_promise_to_another)
{
	struct abi_harness h;
	struct other second, third;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8), promise = promise_for(&h, 0);
	answer(&h, 200);
	ask(&h, &second, STR("https://www.example/second"));
	sandbox_cancel(second.invocation);
	assert_int_equal(second.invocation->outcome, OUTCOME_CANCELLED);
	assert_int_equal(second.invocation->response.status, 500);
	sandbox_free_invocation(second.invocation);
	ask(&h, &third, STR("https://www.example/third"));
	assert_status(begin_wait(&h, promise, out), ABI_OK);
	assert_str(uri_of(&h, abi_u32(&h, out)), "https://www.example/third");
	cancel_current(&h);
	abi_fini(&h);
}

TEST(what_an_abandoned_promise_was_offered_goes_to_another_guest)
{
	struct abi_harness h;
	struct other second;
	uint32_t handle;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct sandbox *other = answered_guest(&h, h.world);
	bool never = false;
	uint32_t promise = promise_for(&h, 0);
	answer(&h, 200);
	ask(&h, &second, STR("https://www.example/second"));
	assert_non_null(h.sandbox->next.offered);
	assert_status(next_request_ask(other, NS_PER_S, &handle), ABI_OK);
	assert_status(CALL("next_request_abandon", promise), ABI_OK);
	assert_null(h.sandbox->next.offered);
	(void)loop_run(&h.loop, &never, clock_monotonic(h.clock));
	assert_ptr_equal(&other->next.offered->super, second.invocation);
	end_guest(other); /* so does that of one that ends … */
	assert_status(next_request_ask(h.sandbox, NS_PER_S, &handle), ABI_OK);
	(void)loop_run(&h.loop, &never, clock_monotonic(h.clock)); /* … */
	assert_ptr_equal(&h.sandbox->next.offered->super, second.invocation);
	sandbox_free_invocation(second.invocation);
	abi_fini(&h);
}

TEST(a_guest_that_looks_for_its_next_request_is_done_with_this_one)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	const struct hostcall *select = hostcall_find(STR("fastly_async_io"), STR("select"));
	uint32_t list = abi_room(&h, 8), out = abi_room(&h, 8), promise = promise_for(&h, 0);
	abi_set_u32(&h, list, promise);
	abi_set_u32(&h, list + 4, h.sandbox->body_handle);
	answer(&h, 200);
	assert_false(h.sandbox->invocation->ended);
	assert_status(abi_begin(&h, select, (const uint64_t[]){ list, 1, 5, out }), ABI_WAIT);
	assert_true(h.sandbox->invocation->ended);
	assert_true(list_linked(&h.sandbox->resident.link));
	assert_status(abi_go_on(&h, UINT64_MAX), ABI_OK); /* its time is over, the promise still open */
	assert_int_equal(abi_u32(&h, out), UINT32_MAX);
	assert_status(CALL("next_request_wait", promise, out, out + 4), ABI_NONE);
	list_remove(&h.sandbox->resident.link); /* else the world would end it, which takes an engine */
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_covered_only(MODULE, "", "next_request");
}
