/* SPDX-License-Identifier: Apache-2.0 */
/* What a .fiddle file means: origins, tests, requests, bodies. */
#include "unit/script/fixture.h"

static const char shop[] = "# backlot-fiddle 1\n"
			   "# the shop\n"
			   "origin catalog\n"
			   "  GET /products/1 -> 200 application/json {\"id\":1}   # no comment\n"
			   "    Cache-Control: max-age=60\n"
			   "    X-Empty:\n"
			   "  GET /slow -> 200 text/plain \"la\\nte\"\n"
			   "    delay 2s\n"
			   "  POST /pay -> 402\n"
			   "  * /any/* -> refuse\n"
			   "origin api\n"
			   "  GET /html -> 200 text/html; charset=utf-8 <p>Bonjour</p>\n"
			   "\n"
			   "test serves the page in French\n"
			   "origin api\n"
			   "  GET /html -> 500\n"
			   "  GET /text -> 200\n"
			   "    ```\n"
			   "    one\n"
			   "      two\n"
			   "\n"
			   "    # three\n"
			   "    ```\n"
			   "    Content-Type: text/plain\n"
			   "\n"
			   "GET /html HTTP/1.1\n"
			   "Accept-Language: fr\n"
			   "\n"
			   "Cookie: a=b: c\n"
			   "  clientFetch.status is 200\n"
			   "\n"
			   "  # not about that\n"
			   "  [French] clientFetch.bodyPreview includes \"Bonjour\"\n"
			   "\n"
			   "POST http://shop.example/buy\n"
			   "\"{\\\"id\\\":1}\"\n"
			   "\n"
			   "test two\n"
			   "PUT /x\n"
			   "```\n"
			   "line one\n"
			   "  # line two\n"
			   "```\n";

TEST(origins_before_the_first_test_belong_to_the_file)
{
	const struct script *s = read_good(shop);
	assert_int_equal(s->origin_count, 2);
	assert_str(s->origins[0].name, "catalog");
	assert_int_equal(s->origins[0].rule_count, 4);
	assert_int_equal(s->origins[0].line, 3);
	assert_str(s->origins[1].name, "api");
	assert_int_equal(s->test_count, 2);
	assert_int_equal(s->tests[0].origin_count, 1);
	assert_int_equal(s->tests[0].origins[0].rule_count, 2);
	assert_int_equal(s->tests[1].origin_count, 0);
}

TEST(answers_have_status_type_body_headers_and_delay)
{
	const struct script_rule *rules = read_good(shop)->origins[0].rules;
	assert_str(rules[0].method, "GET");
	assert_str(rules[0].path, "/products/1");
	assert_int_equal(rules[0].answers->status, 200);
	assert_int_equal(rules[0].line, 4);
	assert_str(rules[0].answers->type, "application/json");
	assert_str(rules[0].answers->body, "{\"id\":1}   # no comment");
	assert_int_equal(rules[0].answers->header_count, 2);
	assert_str(rules[0].answers->headers[0].name, "Cache-Control");
	assert_str(rules[0].answers->headers[0].value, "max-age=60");
	assert_int_equal(rules[0].answers->headers[0].line, 5);
	assert_str(rules[0].answers->headers[1].value, "");
	assert_str(rules[1].answers->body, "la\nte");
	assert_int_equal(rules[1].answers->delay_ms, 2000);
	assert_int_equal(rules[2].answers->status, 402);
	assert_str(rules[2].answers->type, "");
	assert_str(rules[2].answers->body, "");
	assert_str(rules[3].method, "*");
	assert_int_equal(rules[3].answers->fault, SCRIPT_FAULT_REFUSE);
	assert_int_equal(rules[3].answers->status, 0);
}

TEST(media_types_may_have_parameters)
{
	const struct script_rule *rule = read_good(shop)->origins[1].rules;
	assert_str(rule->answers->type, "text/html; charset=utf-8");
	assert_str(rule->answers->body, "<p>Bonjour</p>");
}

TEST(fenced_answers_lose_the_fence_s_indentation_only)
{
	const struct script_rule *rule = &read_good(shop)->tests[0].origins[0].rules[1];
	assert_str(rule->answers->body, "one\n  two\n\n# three");
	assert_int_equal(rule->answers->header_count, 1);
}

TEST(requests_have_headers_bodies_and_checks)
{
	const struct script *s = read_good(shop);
	const struct script_request *r = s->tests[0].requests;
	assert_str(s->tests[0].name, "serves the page in French");
	assert_int_equal(s->tests[0].line, 14);
	assert_int_equal(s->tests[0].request_count, 2);
	assert_str(r[0].method, "GET");
	assert_str(r[0].target, "/html");
	assert_str(r[0].version, "HTTP/1.1");
	assert_int_equal(r[0].line, 26);
	assert_int_equal(r[0].header_count, 2);
	assert_str(r[0].headers[1].name, "Cookie");
	assert_str(r[0].headers[1].value, "a=b: c");
	assert_false(r[0].has_body);
	assert_int_equal(r[0].check_count, 2);
	assert_int_equal(r[0].checks[1].line, 33);
	assert_str(r[0].checks[1].label, "French");
	assert_str(r[0].checks[1].text, "clientFetch.bodyPreview includes \"Bonjour\"");
	assert_str(r[1].target, "http://shop.example/buy");
	assert_str(r[1].version, "");
	assert_str(r[1].body, "{\"id\":1}");
	assert_true(r[1].has_body);
	assert_int_equal(r[1].check_count, 0);
	assert_str(s->tests[1].requests[0].body, "line one\n  # line two");
}

TEST(a_file_without_test_lines_is_one_test)
{
	const struct script *s = read_good("origin a\n  GET / -> 200\nGET /\nGET /b\n  logs.count() is 0\n");
	assert_int_equal(s->test_count, 1);
	assert_str(s->tests[0].name, "");
	assert_int_equal(s->tests[0].line, 3);
	assert_int_equal(s->tests[0].request_count, 2);
	assert_int_equal(s->tests[0].origin_count, 0);
	assert_int_equal(s->origin_count, 1);
}

TEST(a_file_without_requests_is_no_test)
{
	static const char *const texts[] = { "", "\n\n", "# x", "origin a\n  GET / -> 200\n" };
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct reading *r = read_file(texts[i]);
		assert_true(r->ok);
		assert_int_equal(r->script.test_count, 0);
		assert_has(r->d.items[0].text, "no request");
	}
	assert_true(read_text((struct str){ NULL, 0 })->ok);
}

TEST(origins_of_one_name_are_joined)
{
	const struct script *s =
		read_good("origin a\n  GET /1 -> 200\norigin b\norigin a\n\t* /2 -> reset\nGET /\n");
	assert_int_equal(s->origin_count, 2);
	assert_int_equal(s->origins[0].rule_count, 2);
	assert_int_equal(s->origins[0].rules[1].answers->fault, SCRIPT_FAULT_RESET);
	assert_int_equal(s->origins[1].rule_count, 0);
}

TEST(line_ends_may_be_those_of_windows)
{
	const struct script *s = read_good(
		"\xef\xbb\xbf# backlot-fiddle 1\r\nPOST /\r\nA: b\r\n```\r\none\r\n\r\ntwo\r\n```\r\n"
		"  clientFetch.status is 200\r\n");
	const struct script_request *r = s->tests[0].requests;
	assert_str(r->headers[0].value, "b");
	assert_str(r->body, "one\n\ntwo");
	assert_str(r->checks[0].reference_text, "200");
	assert_int_equal(r->checks[0].line, 9);
}

TEST(the_last_line_needs_no_end)
{
	const struct script *s = read_good("GET /\n  clientFetch.status is 200");
	assert_int_equal(s->tests[0].requests[0].check_count, 1);
}

TEST(fences_hold_anything_even_shorter_fences)
{
	assert_str(read_good("POST /\n````\n```\ntest x\n  ````\n\t\n````\n")->tests[0].requests[0].body,
		   "```\ntest x\n  ````\n\t");
	const struct script_request *r = read_good("POST /\n```\n```\n")->tests[0].requests;
	assert_true(r->has_body);
	assert_str(r->body, "");
	r = read_good("POST /\n\"\"\n")->tests[0].requests;
	assert_true(r->has_body);
	assert_str(r->body, "");
	assert_true(read_good("POST /\n\"a\\u0000b\"\n")->tests[0].requests[0].body.len == 3);
}

TEST(delays_have_three_units)
{
	const struct script *s =
		read_good("origin a\n  GET /1 -> 200\n    delay 15ms\n  GET /2 -> 200\n    delay  3m\n"
			  "  GET /3 -> timeout\n    delay 1440m\nGET /\n");
	assert_int_equal(s->origins[0].rules[0].answers->delay_ms, 15);
	assert_int_equal(s->origins[0].rules[1].answers->delay_ms, 180000);
	assert_int_equal(s->origins[0].rules[2].answers->delay_ms, SCRIPT_DELAY_MS_MAX);
}

TEST(a_script_keeps_nothing_of_the_text_it_was_read_from)
{
	char text[] = "GET /abc\n  clientFetch.status is 200\n";
	struct reading *r = read_text((struct str){ text, sizeof text - 1 });
	memset(text, 'X', sizeof text - 1);
	assert_str(r->script.tests[0].requests[0].target, "/abc");
	assert_true(check_run(&r->script.tests[0].requests[0].checks[0], document(), &arena).pass);
}

TEST(checks_can_be_run_again_and_again)
{
	const struct script *s = read_good("GET /\n  clientFetch.resp matches /MISS/\n");
	for (int i = 0; i < 100; i++)
		assert_true(check_run(&s->tests[0].requests[0].checks[0], document(), &arena).pass);
}

TEST(a_rule_may_have_conditions_an_expectation_and_several_answers)
{
	const struct script_rule *r = read_good("origin a\n"
						"  GET /x -> 503\n"
						"    when header X-Mode: fast: *\n"
						"    when query a b: 1\n"
						"    when body *\"id\": 1*\n"
						"    when body \"a\\nb\"\n"
						"    expect 3\n"
						"    Retry-After: 1\n"
						"  then -> dns-timeout\n"
						"    delay 2s\n"
						"  then -> 200 text/plain one two\n"
						"    trailer X-Sum: 7\n"
						"  GET /y -> 204\n"
						"GET /\n")
					      ->origins[0]
					      .rules;
	assert_int_equal(r->condition_count, 4);
	assert_int_equal(r->conditions[0].part, SCRIPT_HEADER);
	assert_str(r->conditions[0].name, "X-Mode");
	assert_str(r->conditions[0].value, "fast: *");
	assert_int_equal(r->conditions[1].part, SCRIPT_QUERY);
	assert_str(r->conditions[1].name, "a b");
	assert_int_equal(r->conditions[2].part, SCRIPT_BODY);
	assert_str(r->conditions[2].value, "*\"id\": 1*");
	assert_str(r->conditions[3].value, "a\nb");
	assert_true(r->expects);
	assert_int_equal(r->expected, 3);
	assert_int_equal(r->answer_count, 3);
	assert_int_equal(r->answers[0].status, 503);
	assert_int_equal(r->answers[0].header_count, 1);
	assert_int_equal(r->answers[1].fault, SCRIPT_FAULT_DNS_TIMEOUT);
	assert_int_equal(r->answers[1].delay_ms, 2000);
	assert_int_equal(r->answers[1].line, 9);
	assert_str(r->answers[2].body, "one two");
	assert_str(r->answers[2].trailers[0].name, "X-Sum");
	assert_false(r[1].expects);
	assert_int_equal(r[1].answer_count, 1);
}

TEST(a_body_may_have_a_script)
{
	const struct script_answer *a = read_good("origin a\n"
						  "  GET /x -> 200 text/plain 0123456789\n"
						  "    pause 2s\n"
						  "    drip 3 every 0ms after 1\n"
						  "    pause 1m after 4\n"
						  "    bad-chunk after 10\n"
						  "    reset: a header\n"
						  "GET /\n")
						->origins[0]
						.rules[0]
						.answers;
	assert_int_equal(a->step_count, 4);
	assert_int_equal(a->steps[0].kind, SCRIPT_STEP_PAUSE);
	assert_int_equal(a->steps[0].ms, 2000);
	assert_int_equal(a->steps[0].after, 0);
	assert_int_equal(a->steps[1].kind, SCRIPT_STEP_DRIP);
	assert_int_equal(a->steps[1].bytes, 3);
	assert_int_equal(a->steps[1].after, 1);
	assert_int_equal(a->steps[2].ms, 60000);
	assert_int_equal(a->steps[3].kind, SCRIPT_STEP_BAD_CHUNK);
	assert_int_equal(a->steps[3].after, 10);
	assert_str(a->headers[0].name, "reset");
}
