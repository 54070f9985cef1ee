/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded, what is played, what is told: takes over origins in memory. */
#include <string.h>

#include "support/test.h"
#include "world/origins_cassette.h"

struct setup {
	struct clock *clock;
	struct loop loop;
	struct backend *backend;
	struct cassette cassette;
	struct cassette_take take;
	struct origins *rules, *origins; /* rules: the real origin's, which the origins own */
};

static void open_take(struct setup *s, enum cassette_mode mode, const char *test)
{
	cassette_take_init(&s->take, mode, str_from(test), &s->cassette);
	s->take.file = STR("x.har");
	s->rules = mode == CASSETTE_REPLAY ? NULL : origins_rules_new(NULL);
	s->origins = origins_cassette_new(&s->take, s->rules);
}

/* Keeps what was recorded. */
static void close_take(struct setup *s)
{
	bool never = false;
	origins_destroy(&s->origins);
	loop_run(&s->loop, &never, UINT64_MAX);
	if (s->take.mode == CASSETTE_RECORD)
		cassette_replace(&s->cassette, s->take.test, &s->take.recorded);
	cassette_take_fini(&s->take);
}

static void begin(struct setup *s)
{
	struct error e;
	memset(s, 0, sizeof *s);
	s->clock = clock_virtual_new(0);
	loop_init(&s->loop, s->clock);
	s->backend = backend_new(STR("api"));
	assert_true(backend_set_url(s->backend, STR("https://api.example"), &e));
	open_take(s, CASSETTE_RECORD, "t");
}

static void end(struct setup *s)
{
	close_take(s);
	cassette_fini(&s->cassette);
	backend_unref(&s->backend);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
}

static struct origin_rule *real(struct setup *s, const char *path, uint16_t status, const char *body)
{
	struct origin_rule *r = origin_rule_new();
	r->path = arena_str(&r->arena, str_from(path));
	r->answer.status = status;
	r->answer.body = blob_new(str_from(body));
	origins_rules_add(s->rules, r);
	return r;
}

static struct fetch *ask_with(struct setup *s, const char *method, const char *path, struct body *body,
			      struct headers headers)
{
	struct http_request request = {
		.method = str_from(method), .uri = STR("http://a/"), .headers = headers, .body = body
	};
	struct fetch *f = origins_send(s->origins, s->backend, str_from(path), &request, &s->loop);
	if (!f->settled)
		loop_run(&s->loop, &f->settled, UINT64_MAX);
	return f;
}

/* "200 body", "connection_refused", "200 bo (incomplete)" */
static void assert_answer(struct setup *s, const char *method, const char *path, const char *sent,
			  const char *expected)
{
	struct body *body = sent ? body_new(&s->loop) : NULL;
	struct buf b = BUF_INIT(4096);
	char bytes[256];
	size_t len = 0;
	if (sent) {
		body_write(body, str_from(sent));
		body_end(body);
	}
	struct fetch *f = ask_with(s, method, path, body, (struct headers){ 0 });
	assert_true(f->settled);
	if (f->error != FETCH_OK) {
		buf_add(&b, str_from(fetch_error_name(f->error)));
	} else {
		enum body_state state;
		buf_printf(&b, "%d ", f->response.status);
		while ((state = body_read(f->response.body, bytes, sizeof bytes, &len)) == BODY_DATA)
			buf_add(&b, (struct str){ bytes, len });
		if (state == BODY_FAILED)
			buf_add(&b, STR(" (broken off)"));
	}
	assert_str(buf_str(&b), expected);
	buf_fini(&b);
	body_unref(&body);
	fetch_unref(&f);
}

static void assert_problem(struct setup *s, const char *text)
{
	struct cassette_problem *p = s->take.problems;
	if (!p)
		fail_msg("no problem; expected: %s", text);
	assert_str(p->text, text);
	s->take.problems = p->next;
	if (!s->take.problems)
		s->take.problems_last = &s->take.problems;
}

TEST(what_was_recorded_is_played_in_order)
{
	struct setup s;
	begin(&s);
	struct origin_rule *r = real(&s, "/x", 200, "first");
	origin_rule_then(r)->body = blob_new(STR("second"));
	real(&s, "/gone", 200, "")->answer.fault = ORIGIN_REFUSE;
	assert_answer(&s, "GET", "/x", NULL, "200 first");
	assert_answer(&s, "GET", "/x", NULL, "200 second");
	assert_answer(&s, "GET", "/gone", NULL, "connection_refused");
	close_take(&s);
	assert_int_equal(s.cassette.count, 3);
	assert_str(s.cassette.at[0]->url, "https://api.example/x");
	open_take(&s, CASSETTE_REPLAY, "t");
	assert_answer(&s, "GET", "/gone", NULL, "connection_refused");
	assert_answer(&s, "GET", "/x", NULL, "200 first");
	assert_answer(&s, "GET", "/x", NULL, "200 second");
	assert_null(s.take.problems);
	assert_answer(&s, "GET", "/x", NULL, "destination_not_found");
	assert_problem(
		&s,
		"x.har has no answer to GET /x of backend 'api': it was recorded 2 times, and is asked once more");
	end(&s);
}

TEST(requests_are_told_apart_by_their_bodies)
{
	struct setup s;
	begin(&s);
	real(&s, "/x", 201, "one");
	assert_answer(&s, "POST", "/x", "first body", "201 one");
	close_take(&s);
	open_take(&s, CASSETTE_REPLAY, "t");
	assert_answer(&s, "POST", "/x", "other body", "destination_not_found");
	assert_problem(&s, "x.har has no answer to POST /x of backend 'api'\n"
			   "  the nearest one, x.har, was (-), and what the service sent (+):\n"
			   "      backend  api\n"
			   "      method   POST\n"
			   "      path     /x\n"
			   "    - body     \"first body\"\n"
			   "    + body     \"other body\"");
	assert_answer(&s, "POST", "/x", "first body", "201 one");
	end(&s);
}

TEST(a_body_that_broke_off_breaks_off_again_and_trailers_come)
{
	struct setup s;
	begin(&s);
	struct origin_rule *r = real(&s, "/x", 200, "0123456789");
	headers_add(&r->answer.trailers, &r->arena, STR("X-Sum"), STR("1"));
	origin_answer_step(r, &r->answer, (struct origin_step){ ORIGIN_RESET_AT, 4, 0, 0 });
	assert_answer(&s, "GET", "/x", NULL, "200 0123 (broken off)");
	close_take(&s);
	assert_str(headers_get(&s.cassette.at[0]->trailers, STR("x-sum")), "1");
	open_take(&s, CASSETTE_REPLAY, "t");
	assert_answer(&s, "GET", "/x", NULL, "200 0123 (broken off)");
	end(&s);
}

TEST(each_test_has_its_own_answers)
{
	struct setup s;
	begin(&s);
	real(&s, "/x", 200, "of t");
	assert_answer(&s, "GET", "/x", NULL, "200 of t");
	close_take(&s);
	open_take(&s, CASSETTE_RECORD, "u");
	real(&s, "/x", 200, "of u");
	assert_answer(&s, "GET", "/x", NULL, "200 of u");
	close_take(&s);
	open_take(&s, CASSETTE_REPLAY, "u");
	assert_answer(&s, "GET", "/x", NULL, "200 of u");
	close_take(&s);
	open_take(&s, CASSETTE_REPLAY, "v");
	assert_answer(&s, "GET", "/x", NULL, "destination_not_found");
	assert_problem(&s, "x.har has no answer to GET /x of backend 'api'\n"
			   "  the nearest one, x.har, was (-), and what the service sent (+):\n"
			   "    - test     t\n"
			   "    + test     v\n"
			   "      backend  api\n"
			   "      method   GET\n"
			   "      path     /x");
	end(&s);
}

TEST(a_new_recording_of_a_test_takes_the_place_of_its_old_one)
{
	struct setup s;
	begin(&s);
	static const char *const tests[] = { "t", "u", "t" };
	for (size_t i = 0; i < COUNT_OF(tests); i++) {
		if (i) {
			close_take(&s);
			open_take(&s, CASSETTE_RECORD, tests[i]);
		}
		real(&s, "/x", (uint16_t)(200 + i), "");
		fetch_unref(&(struct fetch *){ ask_with(&s, "GET", "/x", NULL, (struct headers){ 0 }) });
	}
	close_take(&s);
	assert_int_equal(s.cassette.count, 2);
	assert_str(s.cassette.at[0]->test, "t");
	assert_int_equal(s.cassette.at[0]->status, 202);
	assert_int_equal(s.cassette.at[1]->status, 201);
	open_take(&s, CASSETTE_REPLAY, "t");
	end(&s);
}

TEST(secrets_are_not_recorded_but_reach_origin_and_service)
{
	struct setup s;
	struct arena a = { 0 };
	struct headers h = { 0 };
	begin(&s);
	s.take.redact = STR("X-Mine, q");
	struct origin_rule *r = real(&s, "/x", 200, "");
	origin_rule_condition(r, ORIGIN_HEADER, STR("authorization"), STR("Bearer s3cret"));
	headers_add(&r->answer.headers, &r->arena, STR("Set-Cookie"), STR("id=s3cret"));
	headers_add(&r->answer.headers, &r->arena, STR("X-Plain"), STR("plain"));
	headers_add(&h, &a, STR("Authorization"), STR("Bearer s3cret"));
	headers_add(&h, &a, STR("x-mine"), STR("s3cret"));
	struct fetch *f = ask_with(&s, "GET", "/x?token=s3cret&a=1&q=s3cret&b", NULL, h);
	assert_int_equal(f->error, FETCH_OK);
	assert_str(headers_get(&f->response.headers, STR("set-cookie")), "id=s3cret");
	fetch_unref(&f);
	close_take(&s);
	const struct cassette_entry *e = s.cassette.at[0];
	assert_str(e->url, "https://api.example/x?token=REDACTED&a=1&q=REDACTED&b");
	assert_str(headers_get(&e->request_headers, STR("authorization")), "REDACTED");
	assert_str(headers_get(&e->request_headers, STR("x-mine")), "REDACTED");
	assert_str(headers_get(&e->headers, STR("set-cookie")), "REDACTED");
	assert_str(headers_get(&e->headers, STR("x-plain")), "plain");
	open_take(&s, CASSETTE_REPLAY, "t");
	assert_answer(&s, "GET", "/x?token=another&a=1&q=more&b", NULL, "200 ");
	assert_answer(&s, "GET", "/x?token=another&a=2&q=more&b", NULL, "destination_not_found");
	assert_non_null(s.take.problems);
	assert_int_equal(str_find(s.take.problems->text, STR("another")), STR_NONE);
	arena_fini(&a);
	end(&s);
}

TEST(a_verification_tells_what_has_changed_field_by_field)
{
	struct setup s;
	begin(&s);
	struct origin_rule *r = real(&s, "/x", 200, "{\"price\":100}");
	headers_add(&r->answer.headers, &r->arena, STR("Content-Type"), STR("application/json"));
	headers_add(&r->answer.headers, &r->arena, STR("Date"), STR("yesterday"));
	headers_add(&r->answer.headers, &r->arena, STR("Set-Cookie"), STR("a=1"));
	headers_add(&r->answer.headers, &r->arena, STR("X-Old"), STR("1"));
	real(&s, "/same", 200, "same");
	real(&s, "/unasked", 200, "");
	assert_answer(&s, "GET", "/x", NULL, "200 {\"price\":100}");
	assert_answer(&s, "GET", "/same", NULL, "200 same");
	assert_answer(&s, "GET", "/unasked", NULL, "200 ");
	close_take(&s);
	open_take(&s, CASSETTE_VERIFY, "t");
	r = real(&s, "/x", 203, "{\"price\":200}");
	headers_add(&r->answer.headers, &r->arena, STR("content-type"), STR("text/json"));
	headers_add(&r->answer.headers, &r->arena, STR("Date"), STR("today"));
	headers_add(&r->answer.headers, &r->arena, STR("Set-Cookie"), STR("a=2"));
	headers_add(&r->answer.headers, &r->arena, STR("X-New"), STR("1"));
	real(&s, "/same", 200, "same");
	real(&s, "/new", 200, "");
	assert_answer(&s, "GET", "/x", NULL, "203 {\"price\":200}");
	assert_problem(
		&s, "x.har: the answer to GET /x of backend 'api' has changed; it was (-), and is now (+):\n"
		    "    - status   200\n"
		    "    + status   203\n"
		    "    - header   Content-Type: application/json\n"
		    "    + header   Content-Type: text/json\n"
		    "    - header   X-Old: 1\n"
		    "    + header   (none)\n"
		    "    - header   (none)\n"
		    "    + header   X-New: 1\n"
		    "    - body     \"{\\\"price\\\":100}\"\n"
		    "    + body     \"{\\\"price\\\":200}\"");
	assert_answer(&s, "GET", "/same", NULL, "200 same");
	assert_null(s.take.problems);
	assert_answer(&s, "GET", "/new", NULL, "200 ");
	assert_non_null(s.take.problems);
	s.take.problems = NULL;
	s.take.problems_last = &s.take.problems;
	cassette_take_compare_rest(&s.take);
	assert_problem(&s, "x.har: the service does not ask any more for GET /unasked of backend 'api'");
	assert_null(s.take.problems);
	end(&s);
}

TEST(recordings_of_other_tools_answer_any_test_by_the_backends_url)
{
	struct setup s;
	begin(&s);
	struct cassette_entry *e = cassette_entry_new();
	e->method = STR("GET");
	e->url = STR("https://api.example/x");
	e->status = 200;
	e->body = STR("theirs");
	cassette_add(&s.cassette, e);
	close_take(&s);
	open_take(&s, CASSETTE_REPLAY, "any");
	assert_answer(&s, "GET", "/x", NULL, "200 theirs");
	close_take(&s);
	struct error error;
	assert_true(backend_set_url(s.backend, STR("https://api.example.org"), &error));
	open_take(&s, CASSETTE_REPLAY, "any");
	assert_answer(&s, "GET", "/x", NULL, "destination_not_found");
	end(&s);
}

TEST(nothing_recorded_says_how_to_record)
{
	struct setup s;
	begin(&s);
	close_take(&s);
	open_take(&s, CASSETTE_REPLAY, "t");
	assert_answer(&s, "GET", "/x", NULL, "destination_not_found");
	assert_problem(
		&s,
		"x.har has no answer to GET /x of backend 'api': nothing was recorded; --net record records");
	end(&s);
}

TEST(who_loses_interest_stops_a_recording)
{
	struct setup s;
	begin(&s);
	real(&s, "/x", 200, "")->answer.delay_ns = NS_PER_S;
	struct body *body = body_new(&s.loop);
	struct http_request request = { .method = STR("POST"), .uri = STR("http://a/"), .body = body };
	struct fetch *f = origins_send(s.origins, s.backend, STR("/x"), &request, &s.loop);
	fetch_unref(&f);
	assert_true(body_abandoned(body));
	body_unref(&body);
	request.body = NULL;
	f = origins_send(s.origins, s.backend, STR("/x"), &request, &s.loop);
	fetch_unref(&f);
	f = origins_send(s.origins, s.backend, STR("/x"), &request, &s.loop);
	origins_destroy(&s.origins);
	assert_int_equal(f->error, FETCH_DESTINATION_UNAVAILABLE);
	fetch_unref(&f);
	end(&s);
	assert_int_equal(s.cassette.count, 0);
}

TEST(an_upgrade_is_not_recorded)
{
	struct setup s;
	begin(&s);
	close_take(&s);
	open_take(&s, CASSETTE_REPLAY, "t");
	struct http_request request = { .method = STR("GET"), .uri = STR("http://a/"), .upgrade = true };
	struct fetch *f = origins_send(s.origins, s.backend, STR("/x"), &request, &s.loop);
	assert_int_equal(f->error, FETCH_HTTP_UPGRADE_FAILED);
	fetch_unref(&f);
	end(&s);
}
