/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of world/origins.h. Behind every subject stands the same origin: GET /hello answers 200 with
 * headers and "hello", POST /echo-length answers 201 without a body, everything else of backend "b" answers
 * 404 "no such page".
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "contract/contract.h"
#include "contract/loopback_origin.h"
#include "world/origins_cassette.h"

enum { FAR_AWAY = 1000000000 };

struct subject {
	struct clock *clock;
	struct loop loop;
	struct backend *backend;
	struct origins *origins, *parent;
	/* The network's */
	bool real;
	struct http_client *client;
	struct loopback_origin loopback;
	/* The cassette's */
	struct cassette cassette;
	struct cassette_take take;
};

/* ---- the implementations ---- */

static void add_rule(struct origins *o, const char *method, const char *path, uint16_t status,
		     struct str body)
{
	struct origin_rule *r = origin_rule_new();
	r->backend = arena_str(&r->arena, STR("b"));
	r->method = arena_str(&r->arena, str_from(method));
	r->path = arena_str(&r->arena, str_from(path));
	r->answer.status = status;
	r->answer.body = body.len ? blob_new(body) : NULL;
	headers_add(&r->answer.headers, &r->arena, STR("X-First"), STR("1"));
	headers_add(&r->answer.headers, &r->arena, STR("content-TYPE"), STR("text/plain"));
	headers_add(&r->answer.headers, &r->arena, STR("x-first"), STR("2"));
	origins_rules_add(o, r);
}

static void add_rules(struct origins *o)
{
	add_rule(o, "*", "*", 404, STR("no such page"));
	add_rule(o, "POST", "/echo-length", 201, STR(""));
	add_rule(o, "GET", "/hello", 200, STR("hello"));
	add_rule(o, "HEAD", "/hello", 200, STR("hello"));
}

static struct origins *rules(struct subject *s)
{
	(void)s;
	struct origins *o = origins_rules_new(NULL);
	add_rules(o);
	return o;
}

static struct origins *rules_before_rules(struct subject *s)
{
	struct origins *o = origins_rules_new(rules(s));
	add_rule(o, "PUT", "/only-here", 200, STR(""));
	return o;
}

static struct origins *fork_of_a_fork(struct subject *s)
{
	s->parent = rules_before_rules(s);
	struct origins *child = origins_fork(s->parent), *grandchild = origins_fork(child);
	origins_destroy(&child);
	return grandchild;
}

static struct origins *failing_later(struct subject *s)
{
	return origins_failing_new(rules(s), FAR_AWAY);
}

static struct origins *recorded(struct subject *s)
{
	cassette_take_init(&s->take, CASSETTE_RECORD, STR("test"), &s->cassette);
	return origins_cassette_new(&s->take, rules(s));
}

/* A real client, and a real server on a loopback port. Time is the system's. */
static struct origins *network(struct subject *s)
{
	struct error e;
	char url[64];
	s->real = true;
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
	s->clock = clock_system_new();
	loop_init(&s->loop, s->clock);
	s->parent = rules(s);
	loopback_begin(&s->loopback, &s->loop, s->parent);
	snprintf(url, sizeof url, "http://127.0.0.1:%d", http_server_port(s->loopback.server));
	assert_true(backend_set_url(s->backend, str_from(url), &e));
	s->client = http_client_curl_new(&s->loop, NULL, &e);
	assert_non_null(s->client);
	return origins_network_new(s->client);
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, rules)                \
	X(promise, rules_before_rules)   \
	X(promise, fork_of_a_fork)       \
	X(promise, failing_later)        \
	X(promise, recorded)             \
	X(promise, network)

static void begin(struct subject *s, struct origins *(*make)(struct subject *))
{
	struct error e;
	*s = (struct subject){ .clock = clock_virtual_new(0), .backend = backend_new(STR("b")) };
	loop_init(&s->loop, s->clock);
	assert_true(backend_set_url(s->backend, STR("http://origin.example:8080"), &e));
	s->origins = make(s);
}

/*
 * Runs until nothing is left to do; real I/O is never known to be over, so it gets until `done` (or a while).
 */
static void run_until(struct subject *s, const bool *done)
{
	static const bool never = false;
	uint64_t patience = done ? 10 * NS_PER_S : 10 * NS_PER_MS;
	loop_run(&s->loop, done ? done : &never, s->real ? clock_monotonic(s->clock) + patience : UINT64_MAX);
}

static void end(struct subject *s)
{
	origins_destroy(&s->origins);
	http_client_destroy(&s->client);
	loopback_end(&s->loopback);
	origins_destroy(&s->parent);
	if (s->take.problems_last)
		cassette_take_fini(&s->take);
	run_until(s, NULL);
	backend_unref(&s->backend);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
}

/* ---- asking ---- */

static struct fetch *ask(struct subject *s, const char *method, const char *path, struct body *body)
{
	struct http_request request = { .method = str_from(method), .uri = STR("http://b/"), .body = body };
	struct arena a;
	arena_init(&a);
	headers_add(&request.headers, &a, STR("Host"), STR("b"));
	struct fetch *f = origins_send(s->origins, s->backend, str_from(path), &request, &s->loop);
	arena_fini(&a);
	assert_non_null(f);
	return f;
}

static struct fetch *ask_and_wait(struct subject *s, const char *method, const char *path, struct body *body)
{
	struct fetch *f = ask(s, method, path, body);
	run_until(s, &f->settled);
	assert_true(f->settled);
	return f;
}

static void assert_body(struct subject *s, struct fetch *f, const char *expected)
{
	struct buf text = BUF_INIT(1 << 20);
	struct str bytes;
	enum body_state state;
	uint64_t deadline = clock_monotonic(s->clock) + 10 * NS_PER_S;
	assert_non_null(f->response.body);
	while ((state = body_peek(f->response.body, &bytes)) == BODY_DATA || state == BODY_WAIT) {
		buf_add(&text, bytes);
		body_consume(f->response.body, bytes.len);
		if (state == BODY_WAIT)
			run_until(s, NULL);
		assert_true(clock_monotonic(s->clock) < deadline);
	}
	assert_int_equal(state, BODY_ENDED);
	assert_str(buf_str(&text), expected);
	buf_fini(&text);
}

CONTRACT(a_request_is_answered)
{
	struct fetch *f = ask_and_wait(s, "GET", "/hello", NULL);
	assert_int_equal(f->error, FETCH_OK);
	assert_int_equal(f->response.status, 200);
	assert_body(s, f, "hello");
	fetch_unref(&f);
	f = ask_and_wait(s, "GET", "/other", NULL);
	assert_int_equal(f->response.status, 404);
	assert_body(s, f, "no such page");
	fetch_unref(&f);
}

CONTRACT(headers_keep_their_order_and_case)
{
	struct fetch *f = ask_and_wait(s, "GET", "/hello", NULL);
	/* A server may add Date and Content-Length. */
	assert_in_range(f->response.headers.count, 3, 5);
	size_t at = 0;
	while (!str_eq(f->response.headers.at[at].name, STR("X-First")))
		assert_true(++at + 2 < f->response.headers.count);
	assert_str(f->response.headers.at[at + 1].name, "content-TYPE");
	assert_str(f->response.headers.at[at + 2].name, "x-first");
	assert_str(f->response.headers.at[at + 2].value, "2");
	fetch_unref(&f);
}

CONTRACT(a_response_outlives_its_origin)
{
	struct fetch *f = ask_and_wait(s, "GET", "/hello", NULL);
	origins_destroy(&s->origins);
	assert_str(headers_get(&f->response.headers, STR("content-type")), "text/plain");
	assert_body(s, f, "hello");
	fetch_unref(&f);
}

CONTRACT(a_head_request_gets_the_length_but_no_body)
{
	struct fetch *f = ask_and_wait(s, "HEAD", "/hello", NULL);
	assert_int_equal(f->response.status, 200);
	assert_str(headers_get(&f->response.headers, STR("Content-Length")), "5");
	assert_body(s, f, "");
	fetch_unref(&f);
}

static void wait_for_room(struct subject *s, struct body *body)
{
	uint64_t deadline = clock_monotonic(s->clock) + 10 * NS_PER_S;
	do
		run_until(s, NULL);
	while (!body_has_room(body) && clock_monotonic(s->clock) < deadline && s->real);
	assert_true(body_has_room(body) && !body_abandoned(body));
}

CONTRACT(a_request_body_is_read_to_its_end)
{
	char *bytes = mem_zalloc(BODY_ROOM_BYTES);
	struct body *body = body_new(&s->loop);
	body->streaming = true;
	struct fetch *f = ask(s, "POST", "/echo-length", body);
	for (int i = 0; i < 4; i++) {
		body_write(body, (struct str){ bytes, BODY_ROOM_BYTES });
		wait_for_room(s, body);
	}
	body_end(body);
	body_unref(&body);
	run_until(s, &f->settled);
	assert_true(f->settled);
	assert_int_equal(f->response.status, 201);
	fetch_unref(&f);
	mem_free(bytes);
}

CONTRACT(a_request_may_be_given_up_at_any_time)
{
	struct body *body = body_new(&s->loop);
	struct fetch *f = ask(s, "POST", "/echo-length", body);
	fetch_unref(&f);
	body_write(body, STR("nobody reads this"));
	body_unref(&body);
	f = ask_and_wait(s, "GET", "/hello", NULL);
	fetch_unref(&f); /* the response's body is not read */
	f = ask(s, "GET", "/hello", NULL);
	fetch_unref(&f);
	run_until(s, NULL);
	f = ask_and_wait(s, "GET", "/hello", NULL);
	assert_body(s, f, "hello");
	fetch_unref(&f);
}

CONTRACT(a_request_body_that_fails_harms_nobody)
{
	struct body *body = body_new(&s->loop);
	struct fetch *f = ask(s, "POST", "/echo-length", body);
	body_write(body, STR("half"));
	body_fail(body, BODY_FAILURE_ABANDONED);
	body_unref(&body);
	run_until(s, &f->settled);
	assert_true(f->settled);
	fetch_unref(&f);
}

CONTRACT(requests_at_the_same_time_do_not_mix)
{
	struct fetch *a = ask(s, "GET", "/hello", NULL), *b = ask(s, "GET", "/other", NULL),
		     *c = ask(s, "GET", "/hello", NULL);
	run_until(s, &a->settled);
	run_until(s, &b->settled);
	run_until(s, &c->settled);
	assert_body(s, b, "no such page");
	assert_body(s, c, "hello");
	assert_body(s, a, "hello");
	fetch_unref(&a);
	fetch_unref(&b);
	fetch_unref(&c);
}

CONTRACT(a_fork_answers_like_its_origin)
{
	struct origins *own = s->origins;
	s->origins = origins_fork(own);
	struct fetch *f = ask_and_wait(s, "GET", "/hello", NULL);
	assert_body(s, f, "hello");
	fetch_unref(&f);
	origins_destroy(&s->origins);
	s->origins = own;
}

CONTRACT(a_failure_is_clean_and_the_next_request_works)
{
	for (unsigned nth = 0; nth < 3; nth++) {
		struct origins *own = s->origins;
		s->origins = origins_failing_new(origins_fork(own), nth);
		struct fetch *f;
		for (unsigned i = 0; i < nth; i++) {
			f = ask_and_wait(s, "GET", "/hello", NULL);
			assert_int_equal(f->error, FETCH_OK);
			fetch_unref(&f);
		}
		struct body *body = body_new(&s->loop);
		f = ask_and_wait(s, "POST", "/echo-length", body);
		assert_int_equal(f->error, FETCH_INTERNAL_ERROR);
		assert_str(f->error_text, "fault injected");
		assert_true(body_abandoned(body));
		body_unref(&body);
		fetch_unref(&f);
		f = ask_and_wait(s, "GET", "/hello", NULL);
		assert_body(s, f, "hello");
		fetch_unref(&f);
		origins_destroy(&s->origins);
		s->origins = own;
	}
}

TEST(the_network_sees_the_path_as_it_is)
{
	struct subject s;
	begin(&s, network);
	struct fetch *f = ask_and_wait(&s, "GET", "/a%20b?c=d&e", NULL);
	assert_int_equal(f->response.status, 404);
	assert_string_equal(s.loopback.last_path, "/a%20b?c=d&e");
	assert_int_equal(f->remote_ip_len, 4);
	fetch_unref(&f);
	end(&s);
}

TEST(a_port_where_nobody_listens_refuses)
{
	struct error e;
	struct subject s;
	begin(&s, network);
	assert_true(backend_set_url(s.backend, STR("http://127.0.0.1:1"), &e));
	struct fetch *f = ask_and_wait(&s, "GET", "/", NULL);
	assert_int_equal(f->error, FETCH_CONNECTION_REFUSED);
	fetch_unref(&f);
	end(&s);
}
