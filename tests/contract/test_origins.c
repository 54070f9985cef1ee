/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of world/origins.h. Behind every subject stands the same origin: GET /hello answers 200 with
 * headers and "hello", POST /echo-length answers 201 without a body, everything else of backend "b" answers
 * 404 "no such page".
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "contract/contract.h"
#include "contract/fake_client.h"
#include "world/origins.h"

enum { FAR_AWAY = 1000000000 };

struct subject {
	struct clock *clock;
	struct loop loop;
	struct backend *backend;
	struct origins *origins, *parent;
	struct http_client *client;
};

/* ---- the implementations ---- */

static void add_rule(struct origins *o, const char *method, const char *path, uint16_t status,
		     struct str body)
{
	struct origin_rule *r = origin_rule_new();
	r->backend = arena_str(&r->arena, STR("b"));
	r->method = arena_str(&r->arena, str_from(method));
	r->path = arena_str(&r->arena, str_from(path));
	r->status = status;
	r->body = body.len ? blob_new(body) : NULL;
	headers_add(&r->headers, &r->arena, STR("X-First"), STR("1"));
	headers_add(&r->headers, &r->arena, STR("content-TYPE"), STR("text/plain"));
	headers_add(&r->headers, &r->arena, STR("x-first"), STR("2"));
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

/* The client stands in for the network: it answers by the same rules. */
static struct origins *network(struct subject *s)
{
	s->parent = rules(s);
	s->client = fake_client_new(&s->loop, s->parent);
	return origins_network_new(s->client);
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, rules)                \
	X(promise, rules_before_rules)   \
	X(promise, fork_of_a_fork)       \
	X(promise, failing_later)        \
	X(promise, network)

static void begin(struct subject *s, struct origins *(*make)(struct subject *))
{
	struct error e;
	*s = (struct subject){ .clock = clock_virtual_new(0), .backend = backend_new(STR("b")) };
	loop_init(&s->loop, s->clock);
	assert_true(backend_set_url(s->backend, STR("http://origin.example:8080"), &e));
	s->origins = make(s);
}

static void run_ready(struct subject *s)
{
	bool never = false;
	loop_run(&s->loop, &never, UINT64_MAX);
}

static void end(struct subject *s)
{
	origins_destroy(&s->origins);
	http_client_destroy(&s->client);
	origins_destroy(&s->parent);
	run_ready(s);
	backend_unref(&s->backend);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
}

/* ---- asking ---- */

static struct fetch *ask(struct subject *s, const char *method, const char *path, struct body *body)
{
	struct http_request request = { .method = str_from(method), .uri = STR("http://b/"), .body = body };
	struct fetch *f = origins_send(s->origins, s->backend, str_from(path), &request, &s->loop);
	assert_non_null(f);
	return f;
}

static struct fetch *ask_and_wait(struct subject *s, const char *method, const char *path, struct body *body)
{
	struct fetch *f = ask(s, method, path, body);
	if (!f->settled)
		assert_int_equal(loop_run(&s->loop, &f->settled, UINT64_MAX), LOOP_DONE);
	return f;
}

static void assert_body(struct fetch *f, const char *expected)
{
	struct buf text = BUF_INIT(1 << 20);
	struct str bytes;
	enum body_state state;
	assert_non_null(f->response.body);
	while ((state = body_peek(f->response.body, &bytes)) == BODY_DATA) {
		buf_add(&text, bytes);
		body_consume(f->response.body, bytes.len);
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
	assert_body(f, "hello");
	fetch_unref(&f);
	f = ask_and_wait(s, "GET", "/other", NULL);
	assert_int_equal(f->response.status, 404);
	assert_body(f, "no such page");
	fetch_unref(&f);
}

CONTRACT(headers_keep_their_order_and_case)
{
	struct fetch *f = ask_and_wait(s, "GET", "/hello", NULL);
	assert_int_equal(f->response.headers.count, 3);
	assert_str(f->response.headers.at[0].name, "X-First");
	assert_str(f->response.headers.at[1].name, "content-TYPE");
	assert_str(f->response.headers.at[2].name, "x-first");
	assert_str(f->response.headers.at[2].value, "2");
	fetch_unref(&f);
}

CONTRACT(a_response_outlives_its_origin)
{
	struct fetch *f = ask_and_wait(s, "GET", "/hello", NULL);
	origins_destroy(&s->origins);
	assert_str(headers_get(&f->response.headers, STR("content-type")), "text/plain");
	assert_body(f, "hello");
	fetch_unref(&f);
}

CONTRACT(a_head_request_gets_the_length_but_no_body)
{
	struct fetch *f = ask_and_wait(s, "HEAD", "/hello", NULL);
	assert_int_equal(f->response.status, 200);
	assert_str(headers_get(&f->response.headers, STR("Content-Length")), "5");
	assert_body(f, "");
	fetch_unref(&f);
}

CONTRACT(a_request_body_is_read_to_its_end)
{
	char *bytes = mem_zalloc(BODY_ROOM_BYTES);
	struct body *body = body_new(&s->loop);
	struct fetch *f = ask(s, "POST", "/echo-length", body);
	for (int i = 0; i < 4; i++) {
		body_write(body, (struct str){ bytes, BODY_ROOM_BYTES });
		run_ready(s);
		assert_true(body_has_room(body));
	}
	body_end(body);
	body_unref(&body);
	run_ready(s);
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
	run_ready(s);
	f = ask_and_wait(s, "GET", "/hello", NULL);
	assert_body(f, "hello");
	fetch_unref(&f);
}

CONTRACT(a_request_body_that_fails_harms_nobody)
{
	struct body *body = body_new(&s->loop);
	struct fetch *f = ask(s, "POST", "/echo-length", body);
	body_write(body, STR("half"));
	body_fail(body, BODY_FAILURE_ABANDONED);
	body_unref(&body);
	run_ready(s);
	assert_true(f->settled);
	fetch_unref(&f);
}

CONTRACT(requests_at_the_same_time_do_not_mix)
{
	struct fetch *a = ask(s, "GET", "/hello", NULL), *b = ask(s, "GET", "/other", NULL),
		     *c = ask(s, "GET", "/hello", NULL);
	run_ready(s);
	assert_body(b, "no such page");
	assert_body(c, "hello");
	assert_body(a, "hello");
	fetch_unref(&a);
	fetch_unref(&b);
	fetch_unref(&c);
}

CONTRACT(a_fork_answers_like_its_origin)
{
	struct origins *own = s->origins;
	s->origins = origins_fork(own);
	struct fetch *f = ask_and_wait(s, "GET", "/hello", NULL);
	assert_body(f, "hello");
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
		assert_body(f, "hello");
		fetch_unref(&f);
		origins_destroy(&s->origins);
		s->origins = own;
	}
}

TEST(the_network_gets_what_the_backend_says)
{
	struct subject s;
	begin(&s, network);
	s.backend->target.certificate_host = STR("cert.example");
	struct fetch *f = ask_and_wait(&s, "GET", "/hello?a=b", NULL);
	const struct http_target *t = fake_client_last_target(s.client);
	assert_str(t->scheme, "http");
	assert_str(t->host, "origin.example");
	assert_int_equal(t->port, 8080);
	assert_str(t->certificate_host, "cert.example");
	assert_string_equal(fake_client_last_path(s.client), "/hello?a=b");
	fetch_unref(&f);
	end(&s);
}
