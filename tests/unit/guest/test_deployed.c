/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes to a service that is deployed, and what comes back, without a network: rules stand in its place.
 */
#include "guest/deployed.h"

#include "support/test.h"

struct setup {
	struct clock *clock;
	struct loop loop;
	struct world *world;
	struct service *service;
	struct origin_rule *rule; /* of all that is asked; the origins' */
	struct http_request request;
	struct invocation_request asked;
	struct arena arena;
};

static void begin(struct setup *s, const char *url)
{
	struct error e;
	*s = (struct setup){ .clock = clock_virtual_new(0) };
	loop_init(&s->loop, s->clock);
	s->world = world_new(&s->loop, 1);
	s->rule = origin_rule_new();
	s->rule->answer.status = 203;
	s->rule->answer.body = blob_new(STR("hello"));
	s->rule->answer.delay_ns = 5 * NS_PER_MS;
	origins_rules_add(s->world->origins, s->rule);
	origins_record(s->world->origins, true);
	s->request = (struct http_request){ .method = STR("POST"),
					    .uri = STR("http://shop.example/a/b?c=d"),
					    .version = HTTP_1_1 };
	s->asked.http = &s->request;
	if (!deployed_service_new(&s->service, &(struct deployment_target){ .url = str_from(url) }, &e))
		fail_msg("%s", e.text);
}

static void add_field(struct setup *s, const char *name, const char *value)
{
	headers_add(&s->request.headers, &s->arena, str_from(name), str_from(value));
}

static struct invocation *invoke(struct setup *s)
{
	struct invocation *i = service_invoke(s->service, s->world, &s->asked);
	assert_false(i->ended);
	assert_int_not_equal(loop_run(&s->loop, &i->ended, UINT64_MAX), LOOP_STUCK);
	return i;
}

static const struct origin_call *call(struct setup *s)
{
	assert_int_equal(origins_calls(s->world->origins), 1);
	return origins_call(s->world->origins, 0);
}

static void end(struct setup *s)
{
	bool never = false;
	service_destroy(&s->service);
	world_destroy(&s->world);
	loop_run(&s->loop, &never, UINT64_MAX);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
	arena_fini(&s->arena);
}

TEST(a_request_goes_behind_the_urls_path_with_its_fields_and_body)
{
	struct setup s;
	begin(&s, "https://edge.example:8443/base");
	add_field(&s, "X-One", "1");
	add_field(&s, "Host", "shop.example"); /* only what its own URL says */
	add_field(&s, "x-one", "2");
	s.request.body = body_new(&s.loop);
	body_write(s.request.body, STR("a mug"));
	body_end(s.request.body);
	struct invocation *i = invoke(&s);
	const struct origin_call *c = call(&s);
	assert_str(c->backend, "the deployed service");
	assert_str(c->method, "POST");
	assert_str(c->path, "/base/a/b?c=d");
	assert_int_equal(c->headers.count, 3);
	assert_str(headers_get(&c->headers, STR("host")), "edge.example:8443");
	assert_str(headers_get(&c->headers, STR("x-one")), "1");
	assert_str(c->headers.at[2].value, "2");
	assert_str(buf_str(&c->body), "a mug");
	invocation_destroy(&i);
	body_unref(&s.request.body);
	end(&s);
}

TEST(another_host_than_its_own_urls_is_kept)
{
	struct setup s;
	begin(&s, "http://edge.example");
	add_field(&s, "host", "other.example");
	struct invocation *i = invoke(&s);
	assert_str(headers_get(&call(&s)->headers, STR("host")), "other.example");
	assert_str(call(&s)->path, "/a/b?c=d");
	invocation_destroy(&i);
	end(&s);
}

TEST(the_answer_is_the_response_and_the_end_of_the_invocation)
{
	struct setup s;
	struct str bytes;
	begin(&s, "http://edge.example");
	struct invocation *i = invoke(&s);
	assert_int_equal(i->outcome, OUTCOME_OK);
	assert_true(i->responded);
	assert_int_equal(i->response.status, 203);
	assert_int_equal(body_peek(i->response.body, &bytes), BODY_DATA);
	assert_str(bytes, "hello");
	invocation_destroy(&i);
	end(&s);
}

TEST(what_cannot_be_reached_names_the_url_and_why)
{
	struct setup s;
	begin(&s, "http://edge.example/base");
	s.rule->answer.fault = ORIGIN_REFUSE;
	struct invocation *i = invoke(&s);
	assert_int_equal(i->outcome, OUTCOME_FAILED);
	assert_false(i->responded);
	assert_true(str_starts(i->report, STR("http://edge.example/base: connection refused")));
	invocation_destroy(&i);
	end(&s);
}

TEST(an_invocation_can_be_cancelled_or_dropped_while_it_waits)
{
	for (int cancelled = 0; cancelled < 2; cancelled++) {
		struct setup s;
		begin(&s, "http://edge.example");
		struct invocation *i = service_invoke(s.service, s.world, &s.asked);
		if (cancelled) {
			invocation_cancel(i);
			assert_int_equal(i->outcome, OUTCOME_CANCELLED);
		}
		invocation_destroy(&i);
		end(&s);
	}
}

TEST(a_url_that_is_none_is_an_error)
{
	static const char *const urls[] = { "", "edge.example", "ftp://edge.example", "http://",
					    "http://a b/" };
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct service *service;
		struct error e = { 0 };
		assert_false(deployed_service_new(&service,
						  &(struct deployment_target){ .url = str_from(urls[i]) },
						  &e));
		assert_true(e.text[0]);
	}
}
