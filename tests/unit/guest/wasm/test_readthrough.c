/* SPDX-License-Identifier: Apache-2.0 */
/* The readthrough cache on a plain send: what time, failing origins and dying guests do to it. */
#include <string.h>

#include "base/mem.h"
#include "support/abi_check.h"

#define MODULE "fastly_http_req"

enum { CONCURRENT = 1000 };
enum { PASS = 1, TTL = 2, SWR = 4, LOOKUP_TIMEOUT = 16 };

/* ---- what the tests have in common ---- */

static struct sandbox *new_guest(struct abi_harness *h)
{
	struct sandbox *sb = NEW(struct sandbox);
	sb->base = h->memory;
	sb->size = ABI_MEMORY_BYTES;
	sandbox_init(sb, &h->service, h->world, &h->asked);
	sb->resume.run = abi_woken;
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

/* What "origin" answers to /x from now on. "Name: value|…" */
static struct origin_rule *answer(struct abi_harness *h, uint16_t status, const char *headers,
				  const char *body)
{
	struct origin_rule *r = abi_new_rule("origin", "*", "/x", status);
	for (struct str rest = str_from(headers); rest.len;) {
		struct str value = str_split(&rest, '|'), name = str_split(&value, ':');
		headers_add(&r->answer.headers, &r->arena, name, str_trim(value));
	}
	r->answer.body = blob_new(str_from(body));
	origins_rules_add(h->world->origins, r);
	return r;
}

static uint32_t request(struct abi_harness *h, const char *header, const char *value)
{
	uint32_t out = abi_room(h, 4), at = abi_place(h, STR("http://www.example/x"));
	assert_status(abi_call(h, MODULE, "new", out), ABI_OK);
	uint32_t r = abi_u32(h, out);
	assert_status(abi_call(h, MODULE, "uri_set", r, at, 20), ABI_OK);
	if (!header)
		return r;
	uint32_t name_at = abi_place(h, str_from(header)), value_at = abi_place(h, str_from(value));
	assert_status(abi_call(h, MODULE, "header_insert", r, name_at, strlen(header), value_at,
			       strlen(value)),
		      ABI_OK);
	return r;
}

static void override(struct abi_harness *h, uint32_t r, uint32_t tags, uint32_t ttl, uint32_t swr,
		     uint32_t timeout_ms)
{
	struct abi_cache_override o = { .ttl = ttl,
					.stale_while_revalidate = swr,
					.lookup_timeout_ms = timeout_ms };
	uint32_t at = abi_place(h, (struct str){ (const char *)&o, sizeof o });
	assert_status(abi_call(h, MODULE, "cache_override_v3_set", r, tags, at), ABI_OK);
}

static uint32_t send_async(struct abi_harness *h, uint32_t r)
{
	uint32_t out = abi_room(h, 4), backend = abi_place(h, STR("origin"));
	assert_status(abi_call(h, MODULE, "send_async", r, check_new_body(h, ""), backend, 6, out), ABI_OK);
	return abi_u32(h, out);
}

/* "STATUS X-CACHE BODY", or the error's name. */
static struct str result(struct abi_harness *h, uint32_t pending)
{
	uint32_t detail = abi_room(h, 20), out = abi_room(h, 8), status = abi_room(h, 4);
	if (abi_call(h, MODULE, "pending_req_wait_v2", pending, detail, out, out + 4) != ABI_OK)
		return str_from(fetch_error_name((enum fetch_error)abi_u32(h, detail)));
	uint32_t r = abi_u32(h, out), body = abi_u32(h, out + 4);
	assert_status(abi_call(h, "fastly_http_resp", "status_get", r, status), ABI_OK);
	const struct guest_response *response = sandbox_response(h->sandbox, r);
	struct str mark = headers_get(&response->http.headers, STR("x-cache"));
	unsigned code = abi_u32(h, status) & 0xffff;
	struct str text = check_body(h, body);
	return arena_printf(&h->arena, "%u " STR_FMT " " STR_FMT, code, STR_ARG(mark.len ? mark : STR("-")),
			    STR_ARG(text));
}

static struct str get(struct abi_harness *h)
{
	return result(h, send_async(h, request(h, NULL, NULL)));
}

static void pass_time(struct abi_harness *h, unsigned s)
{
	assert_true(clock_jump(h->clock, clock_monotonic(h->clock) + s * NS_PER_S));
}

static void run_all(struct abi_harness *h)
{
	bool never = false;
	assert_int_equal(loop_run(&h->loop, &never, UINT64_MAX), LOOP_STUCK);
}

static unsigned fetches(const struct abi_harness *h)
{
	return h->sandbox->invocation->subrequest_count;
}

/* ---- limits ---- */

TEST(what_is_too_large_for_the_cache_is_passed_on_and_not_stored)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->limits.cache_object_bytes = h.world->noted.cache_object_bytes = 2;
	answer(&h, 200, "Cache-Control: max-age=10", "three");
	assert_str(get(&h), "200 MISS three");
	assert_str(get(&h), "200 MISS three");
	assert_int_equal(fetches(&h), 2);
	const struct limit_breach *b = h.sandbox->invocation->breaches;
	assert_int_equal(b->limit, LIMIT_cache_object_bytes);
	assert_int_equal(b->reached, 5);
	assert_true(b->enforced);
	h.world->limits.cache_object_bytes = 5;
	assert_str(get(&h), "200 MISS three");
	assert_str(get(&h), "200 HIT three");
	abi_fini(&h);
}

/* ---- renewing ---- */

TEST(a_304_renews_what_is_stored)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "ETag: \"e\"|Cache-Control: max-age=10", "one");
	assert_str(get(&h), "200 MISS one");
	pass_time(&h, 10);
	answer(&h, 304, "Cache-Control: max-age=20", "");
	assert_str(get(&h), "200 HIT one");
	pass_time(&h, 15);
	assert_str(get(&h), "200 HIT one");
	assert_int_equal(fetches(&h), 2);
	answer(&h, 200, "", "two");
	pass_time(&h, 10);
	assert_str(get(&h), "200 MISS two");
	abi_fini(&h);
}

TEST(without_anything_to_compare_by_the_whole_is_asked_for)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "Cache-Control: max-age=10", "one");
	assert_str(get(&h), "200 MISS one");
	pass_time(&h, 10);
	answer(&h, 304, "", "");
	assert_str(get(&h), "304 MISS ");
	abi_fini(&h);
}

TEST(what_is_renewed_in_the_background_is_renewed_after_the_guests_end)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "Cache-Control: max-age=10, stale-while-revalidate=60", "one");
	assert_str(get(&h), "200 MISS one");
	pass_time(&h, 10);
	answer(&h, 200, "Cache-Control: max-age=100", "two")->answer.delay_ns = 2 * NS_PER_S;
	struct sandbox *first = h.sandbox;
	h.sandbox = new_guest(&h);
	assert_str(get(&h), "200 HIT one");
	sandbox_stop(h.sandbox);
	sandbox_release(h.sandbox); /* as when the guest has ended */
	assert_non_null(invocation_unsettled(h.sandbox->invocation));
	run_all(&h);
	assert_null(invocation_unsettled(h.sandbox->invocation));
	end_guest(h.sandbox);
	h.sandbox = first;
	assert_str(get(&h), "200 HIT two");
	abi_fini(&h);
}

/* ---- failing origins ---- */

TEST(when_the_origin_fails_all_get_what_is_stale)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "Cache-Control: max-age=10, stale-if-error=60", "one");
	assert_str(get(&h), "200 MISS one");
	pass_time(&h, 30);
	struct origin_rule *r = answer(&h, 200, "", "");
	r->answer.fault = ORIGIN_RESET;
	r->answer.delay_ns = NS_PER_S;
	uint32_t pending[3];
	for (size_t i = 0; i < COUNT_OF(pending); i++)
		pending[i] = send_async(&h, request(&h, NULL, NULL));
	for (size_t i = 0; i < COUNT_OF(pending); i++)
		assert_str(result(&h, pending[i]), "200 HIT one");
	assert_int_equal(fetches(&h), 2);
	pass_time(&h, 60);
	assert_str(get(&h), "connection_terminated");
	abi_fini(&h);
}

TEST(a_5xx_is_passed_on_and_keeps_what_is_stale)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "Cache-Control: max-age=10, stale-if-error=60", "one");
	assert_str(get(&h), "200 MISS one");
	pass_time(&h, 30);
	answer(&h, 500, "", "broken");
	assert_str(get(&h), "500 MISS broken");
	answer(&h, 200, "", "")->answer.fault = ORIGIN_REFUSE;
	assert_str(get(&h), "200 HIT one");
	abi_fini(&h);
}

TEST(a_failed_origin_hands_over_to_the_next_in_line)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct origin_rule *r = answer(&h, 200, "", "");
	r->answer.fault = ORIGIN_RESET;
	r->answer.delay_ns = NS_PER_S;
	uint32_t first = send_async(&h, request(&h, NULL, NULL)),
		 second = send_async(&h, request(&h, NULL, NULL));
	answer(&h, 200, "", "one");
	assert_str(result(&h, first), "connection_terminated");
	assert_str(result(&h, second), "200 MISS one");
	abi_fini(&h);
}

/* ---- many at once ---- */

TEST(a_thousand_requests_at_once_are_one)
{
	static uint32_t pending[CONCURRENT];
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "", "one")->answer.delay_ns = NS_PER_S;
	for (int i = 0; i < CONCURRENT; i++) {
		abi_clear(&h);
		pending[i] = send_async(&h, request(&h, NULL, NULL));
	}
	for (int i = 0; i < CONCURRENT; i++) {
		abi_clear(&h);
		assert_str(result(&h, pending[i]), i ? "200 HIT one" : "200 MISS one");
	}
	assert_int_equal(fetches(&h), 1);
	abi_fini(&h);
}

TEST(who_waits_for_one_that_dies_takes_over)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "", "one")->answer.delay_ns = 5 * NS_PER_S;
	struct sandbox *leader = h.sandbox, *waiter = new_guest(&h);
	send_async(&h, request(&h, NULL, NULL));
	h.sandbox = waiter;
	uint32_t pending = send_async(&h, request(&h, NULL, NULL));
	assert_int_equal(fetches(&h), 0);
	sandbox_stop(leader);
	sandbox_release(leader);
	invocation_fini(leader->invocation); /* its client has gone */
	assert_str(result(&h, pending), "200 MISS one");
	assert_int_equal(fetches(&h), 1);
	end_guest(waiter);
	h.sandbox = leader;
	abi_fini(&h);
}

TEST(one_that_nobody_waits_for_any_more_is_stored_all_the_same)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "", "one")->answer.delay_ns = NS_PER_S;
	struct guest_pending *p =
		handles_take(&h.sandbox->handles, send_async(&h, request(&h, NULL, NULL)), HANDLE_PENDING);
	fetch_unref(&p->fetch);
	run_all(&h);
	assert_str(get(&h), "200 HIT one");
	abi_fini(&h);
}

TEST(a_lookup_that_takes_too_long_is_given_up)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "", "one")->answer.delay_ns = 5 * NS_PER_S;
	uint32_t leader = send_async(&h, request(&h, NULL, NULL)), patient = request(&h, NULL, NULL),
		 impatient = request(&h, NULL, NULL);
	override(&h, impatient, LOOKUP_TIMEOUT, 0, 0, 1000);
	override(&h, patient, LOOKUP_TIMEOUT, 0, 0, 6000);
	impatient = send_async(&h, impatient);
	patient = send_async(&h, patient);
	assert_str(result(&h, impatient), "http_response_timeout");
	assert_str(result(&h, leader), "200 MISS one");
	assert_str(result(&h, patient), "200 HIT one");
	abi_fini(&h);
}

/* ---- what the request says ---- */

TEST(overrides_are_in_place_of_what_the_response_says)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "Cache-Control: max-age=1|Age: 5", "one");
	uint32_t r = request(&h, NULL, NULL);
	override(&h, r, TTL | SWR, 10, 20, 0);
	assert_str(result(&h, send_async(&h, r)), "200 MISS one");
	pass_time(&h, 9);
	assert_str(get(&h), "200 HIT one");
	assert_int_equal(fetches(&h), 1);
	pass_time(&h, 20);
	assert_str(get(&h), "200 HIT one"); /* stale, and renewed now */
	assert_int_equal(fetches(&h), 2);
	r = request(&h, NULL, NULL);
	override(&h, r, PASS, 0, 0, 0);
	assert_str(result(&h, send_async(&h, r)), "200 MISS one");
	assert_int_equal(fetches(&h), 3);
	abi_fini(&h);
}

TEST(a_key_of_the_guests_own_is_for_the_host_alone)
{
	static const char key[] = "000102030405060708090a0b0c0d0e0F101112131415161718191A1B1C1D1E1f";
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "", "one");
	assert_str(get(&h), "200 MISS one");
	assert_str(result(&h, send_async(&h, request(&h, "Fastly-Xqd-Cache-Key", key))), "200 MISS one");
	assert_str(result(&h, send_async(&h, request(&h, "fastly-xqd-cache-key", key))), "200 HIT one");
	const struct subrequest *last = h.sandbox->invocation->subrequests->next;
	assert_false(headers_has(&last->request.headers, STR("fastly-xqd-cache-key")));
	assert_str(result(&h, send_async(&h, request(&h, "fastly-xqd-cache-key", key + 1))),
		   "http_request_cache_key_invalid");
	assert_str(result(&h, send_async(&h, request(&h, "fastly-xqd-cache-key", ""))),
		   "http_request_cache_key_invalid");
	abi_fini(&h);
}

/* A request for /gzip whose response is to be unpacked. */
static struct str get_unpacked(struct abi_harness *h, const char *method, const char *range)
{
	uint32_t r = request(h, range ? "Range" : "X-None", range ? range : "1");
	uint32_t at = abi_place(h, STR("http://www.example/gzip")), name = abi_place(h, str_from(method));
	assert_status(abi_call(h, MODULE, "uri_set", r, at, 23), ABI_OK);
	assert_status(abi_call(h, MODULE, "method_set", r, name, strlen(method)), ABI_OK);
	assert_status(abi_call(h, MODULE, "auto_decompress_response_set", r, 1), ABI_OK);
	return result(h, send_async(h, r));
}

TEST(what_is_stored_packed_is_unpacked_whole_for_who_wants_it)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_str(get_unpacked(&h, "GET", NULL), "200 MISS compressed\n");
	assert_str(get_unpacked(&h, "GET", NULL), "200 HIT compressed\n");
	assert_str(get_unpacked(&h, "HEAD", NULL), "200 HIT ");
	assert_str(get_unpacked(&h, "GET", "bytes=0-1"), "206 HIT \x1f\x8b"); /* a part cannot be unpacked */
	assert_int_equal(fetches(&h), 1);
	abi_fini(&h);
}

TEST(without_the_cache_every_request_goes_out_unmarked)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->http_cache = false;
	answer(&h, 200, "", "one");
	assert_str(get(&h), "200 - one");
	assert_str(get(&h), "200 - one");
	assert_int_equal(fetches(&h), 2);
	abi_fini(&h);
}

TEST(a_mark_is_added_to_those_of_other_caches)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "X-Cache: HIT", "one");
	assert_str(get(&h), "200 HIT, MISS one");
	assert_str(get(&h), "200 HIT, HIT one");
	abi_fini(&h);
}

TEST(the_requests_that_a_service_may_send_are_counted)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->limits.subrequests = 1;
	answer(&h, 500, "", "broken")->answer.delay_ns = NS_PER_S;
	uint32_t first = send_async(&h, request(&h, NULL, NULL));
	assert_str(result(&h, first), "500 MISS broken");
	uint32_t out = abi_room(&h, 4);
	assert_status(CALL("send_async", request(&h, NULL, NULL), check_new_body(&h, ""), TEXT("origin"),
			   out),
		      ABI_LIMITEXCEEDED);
	abi_fini(&h);
}

TEST(one_in_line_that_may_send_nothing_fails)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 500, "", "broken")->answer.delay_ns = NS_PER_S;
	uint32_t first = send_async(&h, request(&h, NULL, NULL)),
		 second = send_async(&h, request(&h, NULL, NULL));
	h.world->limits.subrequests = 1;
	assert_str(result(&h, first), "500 MISS broken");
	assert_str(result(&h, second), "internal_error");
	abi_fini(&h);
}

TEST(time_that_is_set_back_keeps_what_is_fresh)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	answer(&h, 200, "Cache-Control: max-age=10", "one");
	assert_str(get(&h), "200 MISS one");
	clock_virtual_set_wall(h.clock, ABI_WALL_NS - 1000000 * NS_PER_S);
	assert_str(get(&h), "200 HIT one");
	abi_fini(&h);
}

TEST(the_trace_tells_of_lookups_and_of_what_came_of_them)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	abi_furnish(&h);
	h.world->tracing = true;
	abi_start(&h);
	answer(&h, 200, "Cache-Control: max-age=10", "one");
	assert_str(get(&h), "200 MISS one");
	assert_str(get(&h), "200 HIT one");
	struct str story = STR("");
	for (const struct trace_event *ev = h.sandbox->invocation->trace.first; ev; ev = ev->next) {
		if (!str_starts(str_from(ev->type), STR("http-cache-")))
			continue;
		story = arena_printf(&h.arena, STR_FMT "%s:", STR_ARG(story), ev->type);
		for (const struct trace_attrib *at = ev->first; at; at = at->next) {
			if (str_eq(str_from(at->name), STR("state")) ||
			    str_eq(str_from(at->name), STR("how")))
				story = arena_printf(&h.arena, STR_FMT " " STR_FMT, STR_ARG(story),
						     STR_ARG(at->text));
			if (str_eq(str_from(at->name), STR("hits")))
				story = arena_printf(&h.arena, STR_FMT " %g", STR_ARG(story), at->number);
		}
		story = arena_printf(&h.arena, STR_FMT "|", STR_ARG(story));
	}
	assert_str(story, "http-cache-lookup: miss|http-cache-write: insert|http-cache-lookup: hit 1|");
	abi_fini(&h);
}
