/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only rules do: matching, order, faults, delays in virtual time, and the words for what nobody answers.
 */
#include <string.h>

#include "base/mem.h"
#include "support/test.h"
#include "world/origins.h"

struct setup {
	struct clock *clock;
	struct loop loop;
	struct backend *backend; /* "api" */
	struct origins *origins;
};

static void begin(struct setup *s)
{
	s->clock = clock_virtual_new(0);
	loop_init(&s->loop, s->clock);
	s->backend = backend_new(STR("api"));
	s->origins = origins_rules_new(NULL);
}

static void end(struct setup *s)
{
	bool never = false;
	origins_destroy(&s->origins);
	loop_run(&s->loop, &never, UINT64_MAX);
	backend_unref(&s->backend);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
}

static struct origin_rule *rule(const char *backend, const char *method, const char *path)
{
	struct origin_rule *r = origin_rule_new();
	r->backend = arena_str(&r->arena, str_from(backend));
	r->method = arena_str(&r->arena, str_from(method));
	r->path = arena_str(&r->arena, str_from(path));
	return r;
}

static bool matches(const struct origin_rule *r, const char *backend, const char *method, const char *path)
{
	struct backend *b = backend_new(str_from(backend));
	struct headers none = { 0 };
	const struct origin_request request = { b,    str_from(method), str_from(path), &none,
						true, STR(""),          STR("") };
	bool yes = origin_rule_matches(r, &request);
	backend_unref(&b);
	return yes;
}

static void add(struct setup *s, const char *method, const char *path, uint16_t status)
{
	struct origin_rule *r = rule("api", method, path);
	r->answer.status = status;
	origins_rules_add(s->origins, r);
}

static struct fetch *ask(struct setup *s, const char *method, const char *path)
{
	struct http_request request = { .method = str_from(method), .uri = STR("http://a/") };
	return origins_send(s->origins, s->backend, str_from(path), &request, &s->loop);
}

static unsigned status_of(struct setup *s, const char *method, const char *path)
{
	struct fetch *f = ask(s, method, path);
	unsigned status = f->error == FETCH_OK ? f->response.status : 0;
	fetch_unref(&f);
	return status;
}

/* ---- matching ---- */

TEST(a_pattern_matches_what_it_should)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} rows[] = {
		{ "/a", "/a", true },
		{ "/a", "/b", false },
		{ "/a", "/a/", false },
		{ "/a", "/a?q=1", true },
		{ "/a", "/a?", true },
		{ "/a?q=1", "/a?q=1", true },
		{ "/a?q=1", "/a?q=2", false },
		{ "/a?q=1", "/a", false },
		{ "/a?*", "/a?x", true },
		{ "*", "", true },
		{ "*", "/any/thing?x", true },
		{ "/a/*", "/a/", true },
		{ "/a/*", "/a/b/c", true },
		{ "/a/*", "/a", false },
		{ "/*/c", "/a/b/c", true },
		{ "/*/c", "/a/b/d", false },
		{ "*b*d", "abcbd", true },
		{ "*b*d", "abcbdx", false },
		{ "**", "/x", true },
		{ "/a*", "/a?q", true },
		{ "/A", "/a", false },
		{ "", "", true },
		{ "", "/", false },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct origin_rule *r = rule("", "", rows[i].pattern);
		if (matches(r, "b", "GET", rows[i].path) != rows[i].matches)
			fail_msg("%s and %s", rows[i].pattern, rows[i].path);
		origin_rule_unref(&r);
	}
}

TEST(a_nasty_pattern_costs_no_more_than_the_square)
{
	char pattern[2001], path[20001];
	for (size_t i = 0; i < sizeof pattern - 1; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	memset(path, 'a', sizeof path - 1);
	pattern[sizeof pattern - 1] = '\0';
	strcpy(path + sizeof path - 2, "b");
	struct origin_rule *r = rule("", "", pattern);
	assert_false(matches(r, "b", "GET", path));
	origin_rule_unref(&r);
}

TEST(backend_and_method_must_match_unless_they_are_open)
{
	struct origin_rule *r = rule("api", "GET", "/");
	assert_true(matches(r, "api", "GET", "/"));
	assert_false(matches(r, "apis", "GET", "/"));
	assert_false(matches(r, "api", "get", "/"));
	origin_rule_unref(&r);
	r = rule("", "*", "*");
	assert_true(matches(r, "anything", "BREW", "/"));
	origin_rule_unref(&r);
}

TEST(a_rule_may_go_by_the_backends_url)
{
	static const struct {
		const char *pattern, *url;
		bool matches;
	} rows[] = {
		{ "https://a.example", "https://a.example/prefix", true },
		{ "https://a.example", "http://a.example", false },
		{ "https://a.example", "https://a.example:443", true },
		{ "https://a.example", "https://a.example:444", false },
		{ "https://a.example:444", "https://a.example:444", true },
		{ "http://*.example", "http://b.example", true },
		{ "*://[::1]:8080", "http://[::1]:8080", true },
		{ "a.example", "http://a.example", false },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error e;
		struct headers none = { 0 };
		struct backend *b = backend_new(STR("name"));
		assert_true(backend_set_url(b, str_from(rows[i].url), &e));
		struct origin_rule *r = rule(rows[i].pattern, "", "*");
		const struct origin_request request = {
			b, STR("GET"), STR("/"), &none, true, STR(""), STR("")
		};
		if (origin_rule_matches(r, &request) != rows[i].matches)
			fail_msg("%s and %s", rows[i].pattern, rows[i].url);
		origin_rule_unref(&r);
		backend_unref(&b);
	}
}

static bool is_shop(const struct origin_matcher *m, struct str url)
{
	(void)m;
	return str_starts(url, STR("https://shop.")) && str_ends(url, STR("/x"));
}

static void matcher_destroy(struct rc *r)
{
	mem_free(r);
}

TEST(an_origin_goes_by_the_url_that_the_service_asks_for)
{
	static const struct {
		const char *backend, *uri;
		bool matches;
	} rows[] = {
		{ "shop.example", "https://shop.example/x", true },
		{ "shop.example", "https://shop.example", true },
		{ "shop.example", "https://shop.example?x", true },
		{ "shop.example", "https://shop.example:444/x", false },
		{ "shop.example:444", "https://shop.example:444/x", true },
		{ "shop.example", "https://other.example/shop.example", false },
		{ "shop.example", "/x", false },
		{ "https://shop.example/*", "https://shop.example/x?y", true },
		{ "https://*/x", "https://shop.example/x", true },
		{ "https://*/x", "https://shop.example/y", false },
		{ "http://backend.example", "https://shop.example/x", true },
		{ "(shop)", "https://shop.example/x", true },
		{ "(shop)", "https://shop.example/y", false },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error e;
		struct headers none = { 0 };
		struct backend *b = backend_new(STR("name"));
		assert_true(backend_set_url(b, STR("http://backend.example"), &e));
		struct origin_rule *r = rule(rows[i].backend, "", "*");
		if (*rows[i].backend == '(') {
			r->matcher = NEW(struct origin_matcher);
			rc_init(&r->matcher->rc, matcher_destroy);
			r->matcher->matches = is_shop;
		}
		const struct origin_request request = { b,       STR("GET"),           STR("/"), &none, true,
							STR(""), str_from(rows[i].uri) };
		if (origin_rule_matches(r, &request) != rows[i].matches)
			fail_msg("%s and %s", rows[i].backend, rows[i].uri);
		origin_rule_unref(&r);
		backend_unref(&b);
	}
}

TEST(conditions_are_about_headers_and_query_parameters)
{
	static const struct {
		enum origin_part part;
		const char *name, *value, *path;
		bool matches;
	} rows[] = {
		{ ORIGIN_QUERY, "a", "1", "/?a=1", true },
		{ ORIGIN_QUERY, "a", "1", "/?b=1&a=1&c", true },
		{ ORIGIN_QUERY, "a", "1", "/?a=2&a=1", true },
		{ ORIGIN_QUERY, "a", "1", "/?A=1", false },
		{ ORIGIN_QUERY, "a", "", "/?a", true },
		{ ORIGIN_QUERY, "a", "*", "/?ab=1", false },
		{ ORIGIN_QUERY, "a", "*", "/", false },
		{ ORIGIN_QUERY, "a b", "1+1 \xc3\xa9", "/?a%20b=1%2b1+%C3%a9", true },
		{ ORIGIN_QUERY, "a", "%", "/?a=%", true },
		{ ORIGIN_QUERY, "a", "%4", "/?a=%4", true },
		{ ORIGIN_HEADER, "x-one", "1", "/", true },
		{ ORIGIN_HEADER, "X-Two", "second", "/", true },
		{ ORIGIN_HEADER, "X-Two", "f*t", "/", true },
		{ ORIGIN_HEADER, "X-Two", "third", "/", false },
		{ ORIGIN_HEADER, "X-Three", "*", "/", false },
	};
	struct arena a = { 0 };
	struct headers h = { 0 };
	headers_add(&h, &a, STR("X-One"), STR("1"));
	headers_add(&h, &a, STR("X-Two"), STR("first"));
	headers_add(&h, &a, STR("X-Two"), STR("second"));
	struct backend *b = backend_new(STR("api"));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct origin_rule *r = rule("", "", "*");
		const struct origin_request request = { b,       STR("GET"), str_from(rows[i].path), &h, true,
							STR(""), STR("") };
		origin_rule_condition(r, rows[i].part, str_from(rows[i].name), str_from(rows[i].value));
		if (origin_rule_matches(r, &request) != rows[i].matches)
			fail_msg("%s: %s of %s", rows[i].name, rows[i].value, rows[i].path);
		origin_rule_unref(&r);
	}
	backend_unref(&b);
	arena_fini(&a);
}

TEST(a_later_rule_goes_before_an_earlier_one)
{
	struct setup s;
	begin(&s);
	add(&s, "*", "*", 200);
	add(&s, "GET", "/x", 201);
	add(&s, "GET", "/x", 202);
	assert_int_equal(status_of(&s, "GET", "/x"), 202);
	assert_int_equal(status_of(&s, "GET", "/y"), 200);
	add(&s, "*", "*", 203);
	assert_int_equal(status_of(&s, "GET", "/x"), 203);
	end(&s);
}

TEST(a_rule_of_a_fork_is_not_the_parents)
{
	struct setup s;
	begin(&s);
	add(&s, "*", "*", 200);
	struct origins *parent = s.origins;
	s.origins = origins_fork(parent);
	add(&s, "GET", "/x", 201);
	assert_int_equal(status_of(&s, "GET", "/x"), 201);
	origins_destroy(&s.origins);
	s.origins = parent;
	assert_int_equal(status_of(&s, "GET", "/x"), 200);
	end(&s);
}

TEST(a_rule_is_replaced_where_it_stands_and_keeps_its_count)
{
	struct setup s;
	begin(&s);
	struct origin_rule *silent = rule("api", "GET", "*"), *second = rule("api", "GET", "*");
	silent->silent = true;
	second->answer.status = 201;
	origin_rule_then(second)->status = 202;
	add(&s, "*", "*", 200);
	uint32_t number = origins_rules_add(s.origins, silent);
	assert_int_equal(number, 2);
	add(&s, "GET", "/x", 203);
	struct origins *child = origins_fork(s.origins);
	assert_int_equal(status_of(&s, "GET", "/y"), 200); /* as a silent one answers nothing */
	assert_true(origins_rules_replace(s.origins, number, second));
	assert_int_equal(status_of(&s, "GET", "/x"), 203);
	assert_int_equal(status_of(&s, "GET", "/y"), 201);
	struct origin_rule *third = rule("api", "GET", "*");
	origin_rule_then(third)->status = 204;
	assert_true(origins_rules_replace(s.origins, number, third));
	assert_int_equal(status_of(&s, "GET", "/y"), 204);
	assert_false(origins_rules_replace(s.origins, 9, rule("api", "", "*")));
	origins_destroy(&child);
	end(&s);
}

TEST(other_origins_are_asked_next)
{
	struct setup s;
	begin(&s);
	struct origins *next = origins_rules_new(NULL);
	struct origin_rule *any = origin_rule_new();
	any->answer.status = 204;
	origins_rules_add(next, any);
	add(&s, "GET", "/x", 201);
	origins_rules_set_next(s.origins, next);
	assert_int_equal(status_of(&s, "GET", "/y"), 204);
	assert_int_equal(status_of(&s, "GET", "/x"), 201);
	origins_rules_set_next(s.origins, NULL);
	struct fetch *f = ask(&s, "GET", "/y");
	assert_int_equal(f->error, FETCH_DESTINATION_NOT_FOUND);
	fetch_unref(&f);
	end(&s);
}

TEST(a_hundred_thousand_rules_are_freed_without_recursion)
{
	struct setup s;
	begin(&s);
	for (int i = 0; i < 100000; i++)
		origins_rules_add(s.origins, origin_rule_new());
	struct origins *child = origins_fork(s.origins);
	end(&s);
	origins_destroy(&child);
}

/* ---- time ---- */

static uint64_t settled_after(struct setup *s, enum fetch_error expected)
{
	uint64_t before = clock_monotonic(s->clock);
	struct fetch *f = ask(s, "GET", "/");
	if (!f->settled)
		assert_int_equal(loop_run(&s->loop, &f->settled, UINT64_MAX), LOOP_DONE);
	assert_int_equal(f->error, expected);
	fetch_unref(&f);
	return clock_monotonic(s->clock) - before;
}

static void add_fault(struct setup *s, enum origin_fault fault, uint64_t delay_ns)
{
	struct origin_rule *r = origin_rule_new();
	r->answer.fault = fault;
	r->answer.delay_ns = delay_ns;
	origins_rules_add(s->origins, r);
}

TEST(a_delay_passes_in_virtual_time)
{
	struct setup s;
	begin(&s);
	add_fault(&s, ORIGIN_ANSWERS, 3 * NS_PER_S);
	assert_int_equal(settled_after(&s, FETCH_OK), 3 * NS_PER_S);
	end(&s);
}

TEST(faults_are_what_they_are_called)
{
	struct setup s;
	begin(&s);
	add_fault(&s, ORIGIN_REFUSE, 0);
	assert_int_equal(settled_after(&s, FETCH_CONNECTION_REFUSED), 0);
	add_fault(&s, ORIGIN_RESET, NS_PER_S);
	assert_int_equal(settled_after(&s, FETCH_CONNECTION_TERMINATED), NS_PER_S);
	add_fault(&s, ORIGIN_TIMEOUT, 0);
	assert_int_equal(settled_after(&s, FETCH_HTTP_RESPONSE_TIMEOUT), 15 * NS_PER_S);
	s.backend->target.first_byte_timeout_ns = 2 * NS_PER_S;
	assert_int_equal(settled_after(&s, FETCH_HTTP_RESPONSE_TIMEOUT), 2 * NS_PER_S);
	end(&s);
}

TEST(a_delay_as_long_as_the_first_byte_time_out_is_a_time_out)
{
	struct setup s;
	begin(&s);
	s.backend->target.first_byte_timeout_ns = NS_PER_S;
	add_fault(&s, ORIGIN_ANSWERS, NS_PER_S - 1);
	assert_int_equal(settled_after(&s, FETCH_OK), NS_PER_S - 1);
	add_fault(&s, ORIGIN_ANSWERS, NS_PER_S);
	assert_int_equal(settled_after(&s, FETCH_HTTP_RESPONSE_TIMEOUT), NS_PER_S);
	add_fault(&s, ORIGIN_REFUSE, 5 * NS_PER_S);
	assert_int_equal(settled_after(&s, FETCH_HTTP_RESPONSE_TIMEOUT), NS_PER_S);
	end(&s);
}

TEST(a_streamed_request_is_answered_before_it_ends)
{
	struct setup s;
	begin(&s);
	add(&s, "POST", "/", 200);
	struct body *body = body_new(&s.loop);
	struct http_request request = { .method = STR("POST"), .uri = STR("http://a/"), .body = body };
	struct fetch *f = origins_send(s.origins, s.backend, STR("/"), &request, &s.loop);
	assert_true(f->settled);
	assert_true(body_open(body) && !body_abandoned(body));
	body_unref(&body);
	fetch_unref(&f);
	end(&s); /* what was still to be read goes with the origins */
}

TEST(origins_that_go_fail_what_they_have_not_answered)
{
	struct setup s;
	begin(&s);
	add_fault(&s, ORIGIN_ANSWERS, NS_PER_S);
	struct fetch *kept = ask(&s, "GET", "/"), *dropped = ask(&s, "GET", "/");
	fetch_unref(&dropped);
	origins_destroy(&s.origins);
	assert_true(kept->settled);
	assert_int_equal(kept->error, FETCH_DESTINATION_UNAVAILABLE);
	fetch_unref(&kept);
	end(&s);
}

TEST(a_status_without_a_body_has_none)
{
	struct setup s;
	begin(&s);
	struct origin_rule *r = rule("api", "GET", "/");
	r->answer.status = 304;
	r->answer.body = blob_new(STR("must not be sent"));
	origins_rules_add(s.origins, r);
	struct str bytes;
	struct fetch *f = ask(&s, "GET", "/");
	assert_int_equal(body_peek(f->response.body, &bytes), BODY_ENDED);
	fetch_unref(&f);
	end(&s);
}

/* ---- what nobody answers ---- */

static void assert_unmatched(struct setup *s, const char *method, const char *path, const char *text)
{
	struct fetch *f = ask(s, method, path);
	assert_true(f->settled);
	assert_int_equal(f->error, FETCH_DESTINATION_NOT_FOUND);
	size_t count = origins_unmatched(s->origins);
	assert_true(count > 0);
	assert_str(origins_unmatched_text(s->origins, count - 1), text);
	fetch_unref(&f);
}

TEST(an_unmatched_request_shows_how_the_nearest_rule_differs)
{
	struct setup s;
	begin(&s);
	assert_unmatched(&s, "GET", "/x", "no origin answers GET /x of backend 'api': no origin is defined");
	struct origin_rule *r = rule("api", "POST", "/y");
	r->place = arena_str(&r->arena, STR("shop.fiddle:3"));
	origins_rules_add(s.origins, r);
	assert_unmatched(&s, "GET", "/x",
			 "no origin answers GET /x of backend 'api'\n"
			 "  the nearest rule, shop.fiddle:3, wants (-), and what the service sent (+):\n"
			 "      backend  api\n"
			 "    - method   POST\n"
			 "    + method   GET\n"
			 "    - path     /y\n"
			 "    + path     /x\n"
			 "  origins with rules: api");
	origins_rules_add(s.origins, rule("shop", "GET", "/x"));
	add(&s, "GET", "/xyz", 200);
	assert_unmatched(&s, "GET", "/x",
			 "no origin answers GET /x of backend 'api'\n"
			 "  the nearest rule wants (-), and what the service sent (+):\n"
			 "      backend  api\n"
			 "      method   GET\n"
			 "    - path     /xyz\n"
			 "    + path     /x\n"
			 "  others: GET /x of 'shop': backend differs\n"
			 "          POST /y of 'api' (shop.fiddle:3): method and path differ\n"
			 "  origins with rules: api, shop");
	assert_int_equal(origins_unmatched(s.origins), 3);
	end(&s);
}

TEST(the_service_is_told_the_first_line_only)
{
	struct setup s;
	begin(&s);
	add(&s, "POST", "/x", 200);
	struct fetch *f = ask(&s, "GET", "/x");
	assert_str(f->error_text, "no origin answers GET /x of backend 'api'");
	fetch_unref(&f);
	end(&s);
}

TEST(queries_and_headers_are_shown_as_fields_of_their_own)
{
	struct setup s;
	begin(&s);
	struct origin_rule *r = rule("api", "", "/x?page=1");
	origin_rule_condition(r, ORIGIN_HEADER, STR("Accept"), STR("text/*"));
	origin_rule_condition(r, ORIGIN_QUERY, STR("page"), STR("2"));
	origin_rule_condition(r, ORIGIN_QUERY, STR("sort"), STR("up"));
	origins_rules_add(s.origins, r);
	struct fetch *f = ask(&s, "GET", "/x?page=2");
	fetch_unref(&f);
	assert_str(origins_unmatched_text(s.origins, 0),
		   "no origin answers GET /x?page=2 of backend 'api'\n"
		   "  the nearest rule wants (-), and what the service sent (+):\n"
		   "      backend  api\n"
		   "      method   *\n"
		   "      path     /x\n"
		   "    - query    page=1\n"
		   "    + query    page=2\n"
		   "    - header   Accept: text/*\n"
		   "    + header   (none)\n"
		   "      query    page: 2\n"
		   "    - query    sort: up\n"
		   "    + query    (none)\n"
		   "  origins with rules: api");
	end(&s);
}

TEST(only_the_nearest_five_rules_are_named)
{
	struct setup s;
	begin(&s);
	for (int i = 0; i < 9; i++)
		add(&s, "GET", "/aaaaaaaaaa", 200);
	add(&s, "GET", "/b", 200);
	assert_unmatched(&s, "GET", "/c",
			 "no origin answers GET /c of backend 'api'\n"
			 "  the nearest rule wants (-), and what the service sent (+):\n"
			 "      backend  api\n"
			 "      method   GET\n"
			 "    - path     /b\n"
			 "    + path     /c\n"
			 "  others: GET /aaaaaaaaaa of 'api': path differs\n"
			 "          GET /aaaaaaaaaa of 'api': path differs\n"
			 "          GET /aaaaaaaaaa of 'api': path differs\n"
			 "          GET /aaaaaaaaaa of 'api': path differs\n"
			 "          and 5 more\n"
			 "  origins with rules: api");
	end(&s);
}

TEST(unmatched_requests_go_to_the_next_origins)
{
	struct setup s;
	begin(&s);
	add(&s, "*", "*", 200);
	s.origins = origins_rules_new(s.origins);
	add(&s, "GET", "/x", 201);
	assert_int_equal(status_of(&s, "GET", "/x"), 201);
	assert_int_equal(status_of(&s, "GET", "/y"), 200);
	assert_int_equal(origins_unmatched(s.origins), 0);
	end(&s);
}

TEST(a_fork_starts_with_its_parents_unmatched_requests)
{
	struct setup s;
	begin(&s);
	status_of(&s, "GET", "/1");
	struct origins *parent = s.origins;
	s.origins = origins_fork(parent);
	status_of(&s, "GET", "/2");
	assert_int_equal(origins_unmatched(s.origins), 2);
	assert_int_equal(origins_unmatched(parent), 1);
	origins_destroy(&s.origins);
	s.origins = parent;
	end(&s);
}

TEST(no_more_than_a_thousand_texts_are_kept)
{
	struct setup s;
	begin(&s);
	for (int i = 0; i < ORIGINS_UNMATCHED_MAX + 5; i++)
		status_of(&s, "GET", "/");
	assert_int_equal(origins_unmatched(s.origins), ORIGINS_UNMATCHED_MAX);
	end(&s);
}

TEST(the_body_of_an_unmatched_request_is_abandoned)
{
	struct setup s;
	begin(&s);
	struct body *body = body_new(&s.loop);
	struct http_request request = { .method = STR("POST"), .uri = STR("http://a/"), .body = body };
	struct fetch *f = origins_send(s.origins, s.backend, STR("/"), &request, &s.loop);
	assert_true(body_abandoned(body));
	body_unref(&body);
	fetch_unref(&f);
	end(&s);
}
