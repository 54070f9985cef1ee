/* SPDX-License-Identifier: Apache-2.0 */
/* Every complaint about a file: its line, its column, its words, and what it tells to write instead. */
#include "unit/script/fixture.h"

/* ---- the layout of a file ---- */

TEST(a_test_line_needs_a_request_above_it)
{
	assert_complains("  clientFetch.status is 200\n", "1:3", "before any request", "GET /path");
	assert_complains("test a\n\tclientFetch.status is 200\nGET /\n", "2:2", "before any request",
			 "GET /path");
}

TEST(a_header_needs_a_colon_right_behind_its_name)
{
	assert_complains("GET /\nAccept-Language fr\n", "2:1", "needs a colon", "write Accept-Language: fr");
	assert_complains("origin a\n  GET / -> 200\n    Cache-Control max-age=60\n", "3:5", "needs a colon",
			 "write Cache-Control: max-age=60");
	assert_complains("origin a\n  GET / -> 200\n    Cache-Control : max-age=60\n", "3:5",
			 "right behind its name", "write Cache-Control: max-age=60");
	assert_complains("origin a\n  GET / -> 200\n    {x}: 1\n", "3:5", "no header", "letters, digits");
	assert_complains("GET /\nX: a\x01z\n", "2:5", "control character", "take it out");
}

TEST(headers_stand_directly_under_their_request)
{
	assert_complains("X: y\nGET /\n", "1:1", "without a request", "directly under the request");
	assert_complains("GET /\n  logs.count() is 1\nX: y\n", "3:1", "behind the body or the test lines",
			 "directly under");
	assert_complains("POST /\n\"b\"\nX: y\n", "3:1", "behind the body", "directly under");
	assert_complains("GET /\n  Accept: fr\n", "2:3", "at the left edge", "without blanks");
	assert_complains("origin: a\n", "1:1", "without a request", "write origin a, without colon");
	assert_complains("http://shop.example/\n", "1:1", "without a request",
			 "write GET http://shop.example/");
}

TEST(an_unknown_first_word_is_told_with_the_nearest_one)
{
	assert_complains("orign catalog\n  GET / -> 200\n", "1:1", "unknown word orign",
			 "did you mean origin?");
	assert_complains("GET /\nTest b\n", "2:1", "unknown word Test", "did you mean test?");
	assert_complains("tests b\nGET /\n", "1:1", "unknown word tests", "did you mean test?");
}

TEST(lines_of_the_wrong_indentation_are_recognised)
{
	assert_complains("GET /\nclientFetch.status is 200\n", "2:1", "a test line at the left edge",
			 "two blanks");
	assert_complains("GET /\n[French] x y\n", "2:1", "a test line at the left edge", "two blanks");
	assert_complains("origin a\nGET /x -> 200\n", "2:8", "an answer at the left edge",
			 "below its origin");
	assert_complains("GET /\n  GET /x -> 200\n", "2:3", "an answer below a request", "origin NAME");
}

TEST(an_unknown_word_spoils_only_its_own_block)
{
	struct reading *r = read_file("orign catalog\n  GET / -> 200\n    X: y\nGET /\n  nix is 1\n");
	assert_int_equal(r->d.errors, 2);
	assert_complains("wat\nX: y\n\"body\"\n  x is 1\nGET /\n", "1:1", "unknown word wat",
			 "begins with origin, test");
	assert_int_equal(read_file("wat\nX: y\n\"body\"\n  x is 1\nGET /\n")->d.errors, 1);
	assert_complains("/html\n", "1:1", "unknown word /html", "write GET /html");
}

TEST(a_request_line_is_method_target_and_version)
{
	assert_complains("GE(T /x\n", "1:1", "GE(T is no request method", "GET or POST");
	assert_complains("GET\n", "1:4", "target is missing", "write GET /path");
	assert_complains("GET html\n", "1:5", "begins with /", "write /html");
	assert_complains("GET http:///x\n", "1:5", "no host", "http://shop.example/path");
	assert_complains("GET https://\n", "1:5", "no host", "host behind //");
	assert_complains("GET /a HTTP/one\n", "1:8", "no HTTP version", "HTTP/1.1");
	assert_complains("GET /a HTTP/1.1.1\n", "1:8", "no HTTP version", "HTTP/1.1");
	assert_complains("GET /a b\n", "1:8", "no HTTP version", "%20");
	assert_complains("GET /a HTTP/1.1 c\n", "1:17", "three words", "%20");
	assert_complains("GET /a\x7f\n", "1:7", "control character", "take it out");
	assert_warns("get /\n", "1:1", "sent as it is written", "capitals");
}

TEST(a_test_has_a_name_of_its_own)
{
	assert_complains("test\nGET /\n", "1:1", "no name", "test serves the page");
	assert_complains("test   \nGET /\n", "1:1", "no name", "test serves the page");
	assert_warns("test a\nGET /\ntest a\nGET /\n", "3:6", "line 1 has the same name", "name of its own");
	assert_warns("test a\ntest b\nGET /\n", "1:1", "no request", "GET /path");
}

TEST(where_there_are_tests_every_request_belongs_to_one)
{
	assert_complains("# x\n\nGET /\ntest a\nGET /\n", "3:1", "belongs to no test",
			 "write a `test NAME` line above");
	assert_int_equal(read_file("GET /\ntest a\nGET /\ntest b\nGET /\n")->d.errors, 1);
}

TEST(indentation_does_not_mix_tabs_and_spaces)
{
	assert_complains("GET /\n  logs.count() is 1\n\tlogs.count() is 1\n", "3:1", "indented with tabs",
			 "alike");
	assert_complains("GET /\n\tlogs.count() is 1\n  logs.count() is 1\n", "3:1", "indented with spaces",
			 "alike");
	assert_complains("origin a\n  GET /a -> 200\n\tGET /b -> 200\n", "3:1", "indented with tabs",
			 "alike");
	assert_complains("origin a\n  GET /a -> 200\n    X: y\n  \tZ: y\n", "4:1", "tabs and spaces",
			 "alike");
	assert_complains("origin a\n    GET /a -> 200\n  GET /b -> 200\n", "3:3", "indented less",
			 "same blanks");
}

/* ---- bytes ---- */

TEST(nul_bytes_and_broken_utf8_are_found)
{
	assert_complains_at(STR("GET /\nX: a\0b\n"), SEVERITY_ERROR, "2:5", "NUL byte", "\\u0000", __FILE__,
			    __LINE__);
	assert_complains("GET /\nX: \xc3\xa9\xff\n", "2:5", "not UTF-8", "save the file as UTF-8");
	assert_complains("GET /\n  logs is \"\xed\xa0\x80\"\n", "2:12", "not UTF-8", "UTF-8");
	assert_complains("GET /\nX: a\rb\n", "2:5", "carriage return", "\\r");
	assert_complains_at(STR("POST /\n```\na\0b\n```\n"), SEVERITY_ERROR, "3:2", "NUL byte", "\\u0000",
			    __FILE__, __LINE__);
}

static struct str repeated(const char *before, char c, size_t count, const char *after)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	buf_add(&out, str_from(before));
	char *room = buf_room(&out, count);
	memset(room, c, count);
	buf_grew(&out, count);
	buf_add(&out, str_from(after));
	struct str text = arena_str(&arena, buf_str(&out));
	buf_fini(&out);
	return text;
}

TEST(lines_and_files_have_a_length)
{
	struct str text = repeated("GET /\n  logs is \"", 'x', SCRIPT_LINE_BYTES_MAX, "\"\n");
	assert_complains_at(text, SEVERITY_ERROR, "2:1", "more than 65536", "``` fences", __FILE__, __LINE__);
	text = repeated("GET /\n  logs is \"", 'x', SCRIPT_LINE_BYTES_MAX - 12, "\"\n");
	assert_true(read_text(text)->ok);
	text = repeated("", '\n', SCRIPT_FILE_BYTES_MAX + 1, "");
	assert_complains_at(text, SEVERITY_ERROR, "1:1", "more than 4194304", "several files", __FILE__,
			    __LINE__);
	text = repeated("GET /\n", '\n', SCRIPT_FILE_BYTES_MAX - 6, "");
	assert_true(read_text(text)->ok);
}

TEST(a_newer_version_is_refused)
{
	assert_complains("# backlot-fiddle 2\nGET /\n", "1:18", "version 2", "newer Backlot");
	assert_complains("# backlot-fiddle 1.5\nGET /\n", "1:18", "whole number", "# backlot-fiddle 1");
	assert_complains("# backlot-fiddle 0\nGET /\n", "1:18", "whole number", "# backlot-fiddle 1");
	assert_complains("\n  # backlot-fiddle 3\nGET /\n", "2:20", "version 3", "newer Backlot");
	read_good("# backlot-fiddle 1\nGET /\n");
	read_good("# backlot-fiddle is nice\nGET /\n");
	read_good("GET /\n# backlot-fiddle 2\n");
}

/* ---- bodies ---- */

TEST(a_body_ends_and_stands_in_its_place)
{
	assert_complains("POST /\n\"abc\n", "2:1", "no closing quote", "\\n for a line end");
	assert_complains("POST /\n\"abc\\\"\n", "2:1", "no closing quote", "end it with \"");
	assert_complains("POST /\n\"abc\" d\n", "2:7", "nothing may stand behind", "one string");
	assert_complains("POST /\n\"ab\\qc\"\n", "2:5", "bad string", "as in JSON");
	assert_complains("POST /\n\"\\ud800\"\n", "2:8", "bad string", "as in JSON");
	assert_complains("POST /\n```\nabc\n  ```\n", "2:1", "fence is never closed", "a line ```");
	assert_complains("POST /\n```json\n{}\n```\n", "2:4", "nothing may stand behind ```", "next line");
	assert_complains("POST /\n\"a\"\n\"b\"\n", "3:1", "a body already", "another request");
	assert_complains("POST /\n  logs.count() is 0\n\"b\"\n", "3:1", "before the test lines",
			 "move it up");
	assert_complains("\"b\"\nPOST /\n", "1:1", "without a request", "POST /path");
	assert_complains("POST /\n  \"b\"\n", "2:3", "left edge", "take away the blanks");
	assert_complains("POST /\n  ```\n  b\n  ```\n", "2:3", "left edge", "take away the blanks");
	assert_int_equal(read_file("POST /\n  ```\n  b\n  ```\n")->d.errors, 1);
}

/* ---- origins ---- */

TEST(an_origin_has_a_name_of_one_word_and_stands_above_requests)
{
	assert_complains("origin\n  GET / -> 200\n", "1:1", "one word", "origin catalog");
	assert_complains("origin a b\n  GET / -> 200\n", "1:8", "one word", "origin catalog");
	assert_complains("GET /\norigin a\n  GET / -> 200\n", "2:1", "below a request", "first request");
}

TEST(a_rule_is_method_path_arrow_and_answer)
{
	assert_complains("origin a\n  G@T / -> 200\n", "2:3", "G@T is no request method", "* for any");
	assert_complains("origin a\n  GET -> 200\n", "2:7", "begins with / or *", "METHOD PATH -> STATUS");
	assert_complains("origin a\n  GET\n", "2:6", "begins with / or *", "METHOD PATH -> STATUS");
	assert_complains("origin a\n  GET /x 200\n", "2:10", "is missing behind the path",
			 "write GET /x -> 200");
	assert_complains("origin a\n  GET /x ->\n", "2:10", "is missing behind the path",
			 "write GET /x -> 200");
	assert_complains("origin a\n  GET /x\n", "2:9", "is missing behind the path", "write GET /x -> 200");
	assert_complains("origin a\n  GET /x -> 200 hello\n", "2:17", "media type is missing",
			 "write text/plain hello");
	assert_complains("origin a\n  GET /x -> 200 text/plain \"late\n", "2:28", "no closing quote",
			 "end it with");
	assert_complains("origin a\n  GET /x -> 200 text/csv \"a\",\"b\"\n", "2:29",
			 "nothing may stand behind", "one string");
}

TEST(a_status_is_from_100_to_599_and_a_fault_is_known)
{
	assert_complains("origin a\n  GET /x -> 99\n", "2:13", "no status 99", "100 to 599");
	assert_complains("origin a\n  GET /x -> 600\n", "2:13", "no status 600", "100 to 599");
	assert_complains("origin a\n  GET /x -> 99999999999999999999\n", "2:13", "neither a status",
			 "100 to 599");
	assert_complains("origin a\n  GET /x -> refused\n", "2:13", "refused is neither a status nor a fault",
			 "did you mean refuse?");
	assert_complains("origin a\n  GET /x -> explode\n", "2:13", "neither a status nor a fault",
			 "a fault: refuse, reset, timeout");
	assert_complains("origin a\n  GET /x -> reset text/plain x\n", "2:19", "no answer",
			 "end the line behind reset");
	assert_complains("origin a\n  GET /x -> reset\n    X: y\n", "3:5", "no headers", "write a status");
	assert_complains("origin a\n  GET /x -> reset\n    ```\n    b\n    ```\n", "3:5", "no body",
			 "write a status");
	read_good("origin a\n  GET /a -> 100\n  GET /b -> 599\n  GET /c -> timeout\n    delay 1s\nGET /\n");
}

TEST(a_delay_is_a_number_and_a_unit)
{
	assert_complains("origin a\n  GET / -> 200\n    delay 2\n", "3:11", "ms, s or m", "delay 2s");
	assert_complains("origin a\n  GET / -> 200\n    delay\n", "3:5", "ms, s or m", "delay 2s");
	assert_complains("origin a\n  GET / -> 200\n    delay 2h\n", "3:11", "ms, s or m", "delay 2s");
	assert_complains("origin a\n  GET / -> 200\n    delay 1441m\n", "3:11", "ms, s or m",
			 "a day at most");
	assert_complains("origin a\n  GET / -> 200\n    delay 1s\n    delay 2s\n", "4:5", "a delay already",
			 "one delay");
	assert_complains("origin a\n  GET / -> 200\n    dealy 2s\n", "3:5", "unknown word dealy",
			 "did you mean delay?");
	assert_complains("origin a\n  GET / -> 200\n    delay 0s\n    delay 2s\n", "4:5", "a delay already",
			 "one delay");
}

TEST(what_happens_in_a_body_is_written_in_one_way)
{
	static const char head[] = "origin a\n  GET / -> 200 text/plain 0123456789\n    ";
	static const struct {
		const char *where, *line, *words, *advice;
	} rows[] = {
		{ "3:5", "pause", "not how a pause", "write pause 2s after 10" },
		{ "3:11", "pause 2", "not how a pause", "write pause 2s" },
		{ "3:11", "pause 2s 10", "not how a pause", "write pause 2s after 10" },
		{ "3:11", "pause 2s after ten", "not how a pause", "places in bytes" },
		{ "3:10", "drip 0 every 1s", "not how a drip", "write drip 16 every 100ms" },
		{ "3:10", "drip 1 each 1s", "not how a drip", "write drip 16 every 100ms" },
		{ "3:10", "drip 1 every 1", "not how a drip", "ms, s or m" },
		{ "3:5", "reset", "not how a reset", "write reset after 10" },
		{ "3:11", "reset behind 3", "not how a reset", "write reset after 10" },
		{ "3:11", "stall after -1", "not how a stall", "write stall after 10" },
		{ "3:5", "stall after 11", "behind the body, which has 10 bytes", "count the body's bytes" },
		{ "3:5", "truncate after 10", "nothing to truncate: the body has 10 bytes",
		  "count the body's bytes" },
		{ "3:5", "truncat after 3", "unknown word truncat", "did you mean truncate?" },
		{ "3:5", "then -> 200", "stands below it, not in it", "as far to the left as the rule" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_complains(arena_printf(&arena, "%s%s\nGET /\n", head, rows[i].line).ptr, rows[i].where,
				 rows[i].words, rows[i].advice);
	assert_complains(
		"origin a\n  GET / -> 200 text/plain 0123\n    reset after 2\n    pause 1s after 3\n", "4:5",
		"the body is over with line 3", "one of the two");
	assert_complains(
		"origin a\n  GET / -> 200 text/plain 0123\n    pause 1s after 3\n    reset after 2\n", "4:5",
		"line 3 happens later, after 3 bytes", "in their order");
	assert_complains("origin a\n  GET / -> refuse\n    reset after 0\n", "3:5", "a fault has no body",
			 "write a status");
	read_good(
		"origin a\n  GET / -> 200\n    pause 1s after 10\n    ```\n    0123456789\n    ```\nGET /\n");
}

TEST(what_a_rule_asks_for_is_written_above_its_second_answer)
{
	static const struct {
		const char *lines, *where, *words, *advice;
	} rows[] = {
		{ "    when\n", "3:5", "a condition is about", "when header NAME: VALUE" },
		{ "    when cookie a: b\n", "3:10", "a condition is about", "when query NAME: VALUE" },
		{ "    when header\n", "3:10", "a name, a colon and a value",
		  "write when header NAME: VALUE" },
		{ "    when header Accept\n", "3:17", "a name, a colon and a value", "* is any value" },
		{ "    when body\n", "3:10", "a pattern is missing", "when body PATTERN" },
		{ "    when body \"x\n", "3:15", "no closing quote", "end it with" },
		{ "    when header A B: c\n", "3:17", "a name, a colon and a value", "* is any value" },
		{ "    when query : c\n", "3:16", "a name, a colon and a value", "write when query" },
		{ "    expect\n", "3:5", "a whole number", "expect 2" },
		{ "    expect two\n", "3:12", "a whole number", "expect 2" },
		{ "    expect 1000001\n", "3:12", "a million at most", "expect 2" },
		{ "    expect 0\n    expect 0\n", "4:5", "an expectation already", "one expectation" },
		{ "  then -> 200\n    expect 1\n", "4:5", "expect is about the whole rule",
		  "above the first" },
		{ "  then -> 200\n    when header A: b\n", "4:5", "when is about the whole rule",
		  "above the first" },
		{ "  then ->\n", "3:10", "a status or a fault is missing", "then -> 200" },
		{ "  then -> 1000\n", "3:11", "no status 1000", "100 to 599" },
		{ "  then 200\n", "3:8", "a path", "METHOD PATH" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_complains(
			arena_printf(&arena, "origin a\n  GET / -> 200\n%sGET /\n", rows[i].lines).ptr,
			rows[i].where, rows[i].words, rows[i].advice);
	assert_complains("origin a\n  then -> 200\n", "2:3", "no answer that this one could follow",
			 "GET /path -> 200");
}

TEST(a_rule_with_a_condition_covers_no_other)
{
	read_good("origin a\n  GET / -> 200\n    when query a: 1\n  GET / -> 201\nGET /\n");
	assert_complains("origin a\n  GET / -> 200\n  GET / -> 201\n    when query a: 1\nGET /\n", "3:3",
			 "this rule can never match", "above line 2");
}

TEST(an_answer_has_one_body)
{
	assert_complains("origin a\n  GET / -> 200 text/plain x\n    ```\n    y\n    ```\n", "3:5",
			 "a body already", "one of the two");
	assert_complains("origin a\n  GET / -> 200\n    ```\n  y\n    ```\n", "4:1",
			 "indented less than its fence", "same blanks");
	assert_complains("origin a\n  GET / -> 200\n    ```\n    y\n", "3:5", "never closed", "a line ```");
}

TEST(a_rule_that_can_never_match_is_told)
{
	static const struct {
		const char *first, *second;
		bool covered;
	} rules[] = {
		{ "GET /a", "GET /a", true },          { "GET /a", "POST /a", false },
		{ "* /a", "POST /a", true },           { "POST /a", "* /a", false },
		{ "GET /any/*", "GET /any/x", true },  { "GET /any/*", "GET /any/*", true },
		{ "GET /any/x", "GET /any/*", false }, { "GET /any/*", "GET /any", false },
		{ "GET *", "GET /any", true },         { "GET /*/b", "GET /a/x/b", true },
		{ "GET /*/b", "GET /*/c/b", true },    { "GET /a*b*c", "GET /aXbXbXc", true },
		{ "GET /a*b", "GET /a*", false },      { "GET /a", "GET /a?x=1", true },
		{ "GET /a?x=1", "GET /a", false },     { "GET /a?x=*", "GET /a?x=1", true },
		{ "GET /a?x=1", "GET /a?x=2", false }, { "GET /a*z", "GET /a*z?x", false },
		{ "GET /a*", "GET /ab*?x", true },     { "GET /*", "GET /a*?x", true },
	};
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		struct str text = arena_printf(&arena, "origin a\n  %s -> 200\n  %s -> 201\nGET /\n",
					       rules[i].first, rules[i].second);
		if (read_text(text)->ok == rules[i].covered)
			fail_msg("%s then %s", rules[i].first, rules[i].second);
	}
	assert_complains("origin a\n  * /a -> 200\n\norigin a\n  GET /a -> 200\n", "5:3",
			 "can never match: the one in line 2", "move it above line 2");
	read_good("origin a\n  GET /a -> 200\ntest t\norigin a\n  GET /a -> 201\nGET /\n");
}

static struct str many(const char *before, const char *format, int count)
{
	struct buf out = BUF_INIT(SCRIPT_FILE_BYTES_MAX);
	buf_add(&out, str_from(before));
	for (int i = 0; i < count; i++)
		buf_printf(&out, "%s%d\n", format, i);
	struct str text = arena_str(&arena, buf_str(&out));
	buf_fini(&out);
	return text;
}

TEST(there_is_a_limit_on_everything)
{
	struct str text = many("origin a\n  GET /a -> 200\n", "  GET /b -> 20", 10);
	assert_int_equal(read_text(text)->d.errors, 9);
	struct buf rules = BUF_INIT(1 << 20);
	buf_add(&rules, STR("origin a\n"));
	for (int i = 0; i <= SCRIPT_RULES_MAX; i++)
		buf_printf(&rules, "  GET /%d -> 200\n", i);
	buf_add(&rules, STR("GET /\n"));
	assert_complains_at(buf_str(&rules), SEVERITY_ERROR, "1002:3", "at most 1000 rules", "use '*'",
			    __FILE__, __LINE__);
	buf_fini(&rules);
	text = many("", "origin a", SCRIPT_ORIGINS_MAX + 1);
	assert_complains_at(text, SEVERITY_ERROR, "1001:8", "at most 1000 origins", "fewer", __FILE__,
			    __LINE__);
	text = many("", "test a", SCRIPT_TESTS_MAX + 1);
	assert_complains_at(text, SEVERITY_ERROR, "10001:1", "at most 10000 tests", "another file", __FILE__,
			    __LINE__);
}

/* ---- test lines ---- */

#define LINE(text) "GET /\n  " text "\n"

TEST(targets_are_held_against_the_schema)
{
	assert_complains(LINE("clientfetch.status is 200"), "2:3", "unknown target clientfetch",
			 "did you mean clientFetch?");
	assert_complains(LINE("nothing is 200"), "2:3", "unknown target nothing",
			 "one of clientFetch, originFetches, logs, free");
	assert_complains(LINE("clientFetch.statsu is 200"), "2:15", "clientFetch has no field statsu",
			 "did you mean status?");
	assert_complains(LINE("originFetches[0].zip is 200"), "2:20", "originFetches[0] has no field zip",
			 "has req, status, elapsedTime");
	assert_complains(LINE("originFetches[0].remoteHost is 200"), "2:20", "not available yet",
			 "this version has req");
	assert_complains(LINE("originFetches.status is 200"), "2:17", "is an array and has no fields",
			 "write originFetches[0].status");
	assert_complains(LINE("clientFetch.status.code is 200"), "2:21",
			 "clientFetch.status is a number and has no fields",
			 "end the target at clientFetch.status");
	assert_complains(LINE("clientFetch[0] is 200"), "2:14", "clientFetch is an object and has no items",
			 "end the target");
	assert_complains(LINE("clientFetch.status.count() is 200"), "2:21", "count() needs an array",
			 "end the target");
	assert_complains(LINE("logs[0].x is 200"), "2:10", "logs[0] is a string and has no fields",
			 "end the target at logs[0]");
	assert_complains(LINE("logs.count().x is 200"), "2:15", "logs.count() is a number", "end the target");
	read_good(LINE("free.anything[3].at.all is 200"));
}

TEST(targets_are_spelled_right)
{
	assert_complains(LINE("clientFetch..status is 1"), "2:15", "a name is missing", "letters, digits");
	assert_complains(LINE("clientFetch. is 1"), "2:15", "a name is missing", "letters, digits");
	assert_complains(LINE("logs[-1] is 1"), "2:7", "whole number from 0", "[0] for the first");
	assert_complains(LINE("logs[x] is 1"), "2:7", "whole number from 0", "[0] for the first");
	assert_complains(LINE("logs[9999999999] is 1"), "2:7", "whole number from 0", "[0] for the first");
	assert_complains(LINE("logs[0 is 1"), "2:7", "never closed", "write [0]");
	assert_complains(LINE("logs.cout() is 1"), "2:8", "no function cout()", "did you mean count()?");
	assert_complains(LINE("logs.first() is 1"), "2:8", "no function first()",
			 "there is count(), concat()");
	assert_complains(LINE("logs.count(x) is 1"), "2:14", "takes no argument", "write count()");
	assert_complains(LINE("logs.count( is 1"), "2:13", "never closed", "write the )");
	assert_complains(LINE("count() is 1"), "2:3", "something in front", "TARGET.count()");
	assert_complains(LINE("logs$ is 1"), "2:7", "does not belong to a target",
			 ".name, [0] or .function()");
	assert_complains(LINE("events.x is 1"), "2:3", "events is not available yet",
			 "this version has clientFetch");
	assert_complains(LINE("logs.where(a=b c).count() is 1"), "2:8", "where() is not available yet",
			 "count(), concat()");
	struct str text = repeated("GET /\n  free", '0', 0, "");
	for (int i = 0; i < PATH_STEPS_MAX; i++)
		text = arena_printf(&arena, STR_FMT ".a", STR_ARG(text));
	text = arena_printf(&arena, STR_FMT " is 1\n", STR_ARG(text));
	assert_complains_at(text, SEVERITY_ERROR, "2:133", "at most 64 steps", "shorten", __FILE__, __LINE__);
}

TEST(labels_hold_no_brackets)
{
	assert_complains(LINE("[a] [b] logs is 1"), "2:7", "one label", "join");
	assert_complains(LINE("[a"), "2:3", "never closed", "write ]");
	assert_complains(LINE("[a]"), "2:6", "target is missing", "clientFetch.status is 200");
}

TEST(comparisons_are_known)
{
	assert_complains(LINE("clientFetch.status"), "2:21", "comparison is missing", "is 200");
	assert_complains(LINE("clientFetch.status isAtLest 5"), "2:22", "unknown comparison isAtLest",
			 "did you mean isAtLeast?");
	assert_complains(LINE("clientFetch.status == 5"), "2:22",
			 "unknown comparison ==", "did you mean is?");
	assert_complains(LINE("clientFetch.status isnt 5"), "2:22", "unknown comparison isnt",
			 "did you mean isNot?");
	assert_complains(LINE("clientFetch.status frobs 5"), "2:22", "unknown comparison frobs",
			 "one of is, isTrue, isJSON");
	assert_complains(LINE("clientFetch.status includ 5"), "2:22", "unknown comparison includ",
			 "did you mean includes?");
}

TEST(references_are_of_the_right_kind)
{
	assert_complains(LINE("clientFetch.status isAtLeast \"5\""), "2:32",
			 "compares with a number, this is a string", "write 5, without quotes");
	assert_complains(LINE("clientFetch.status isAbove true"), "2:30", "compares with a number",
			 "such as 200");
	assert_complains(LINE("clientFetch.status oneOf 3"), "2:28", "compares with a list, this is a number",
			 "write [3]");
	assert_complains(LINE("clientFetch.status oneOf [1, null]"), "2:28", "item 2 of the list is null",
			 "numbers, strings and booleans");
	assert_complains(LINE("clientFetch.respType startsWith 5"), "2:35", "compares with a string",
			 "write \"5\"");
	assert_complains(LINE("clientFetch.complete isTrue true"), "2:31", "takes no reference",
			 "behind isTrue");
	assert_complains(LINE("clientFetch.status is"), "2:24", "needs a reference", "a value such as 200");
	assert_complains(LINE("clientFetch.status oneOf"), "2:27", "needs a reference", "[200, 204]");
	assert_complains(LINE("clientFetch.resp matches"), "2:27", "needs a reference", "a pattern such as");
	assert_complains(LINE("clientFetch.status isAbove"), "2:29", "needs a reference", "a number such as");
	assert_complains(LINE("clientFetch.resp endsWith"), "2:28", "needs a reference", "a string such as");
}

TEST(references_are_json)
{
	assert_complains(LINE("clientFetch.resp is OK"), "2:23", "no reference value", "write \"OK\"");
	assert_complains(LINE("clientFetch.resp is 'OK'"), "2:23", "double quotes", "write \"OK\"");
	assert_complains(LINE("clientFetch.resp is '"), "2:23", "double quotes", "write \"\"");
	assert_complains(LINE("clientFetch.resp is null"), "2:23", "null is no reference value", "count()");
	assert_complains(LINE("clientFetch.status is not 5"), "2:25", "belongs to the comparison",
			 "write isNot 5");
	assert_complains(LINE("clientFetch.resp is \"OK"), "2:23", "no closing quote",
			 "end the string with \"");
	assert_complains(LINE("clientFetch.resp is \"OK\" x"), "2:28", "behind the reference value",
			 "end the line");
	assert_complains(LINE("clientFetch.resp is \"a\\xb\""), "2:26", "bad reference value", "as in JSON");
	assert_complains(LINE("clientFetch.status is 05"), "2:25", "bad reference value", "as in JSON");
	assert_complains(LINE("clientFetch.status is 0x10"), "2:26", "bad reference value", "as in JSON");
	assert_complains(LINE("clientFetch.status oneOf [1 2]"), "2:31", "bad reference value", "[1, 2]");
	assert_complains(LINE("clientFetch.status oneOf [1,"), "2:30", "bad reference value", "[1, 2]");
	assert_complains(LINE("clientFetch.status is 200 OK"), "2:25", "no reference value",
			 "write \"200 OK\"");
}

TEST(patterns_are_checked)
{
	assert_complains(LINE("clientFetch.resp matches a(b"), "2:31",
			 "bad pattern: missing closing parenthesis", "put \\ before");
	assert_complains(LINE("clientFetch.resp matches /a[b/"), "2:32", "bad pattern", "put \\ before");
	assert_complains(LINE("clientFetch.resp matches /a/ii"), "2:32", "same flag twice", "put \\ before");
	assert_complains(LINE("clientFetch.resp matches (*UCP)a"), "2:34", "bad pattern", "put \\ before");
	assert_warns(LINE("clientFetch.resp matches \"foo\""), "2:28", "quotes are part of the pattern",
		     "write matches foo");
	assert_true(read_file(LINE("clientFetch.resp matches \"foo\""))->ok);
}

TEST(a_comparison_that_never_holds_for_a_type_is_warned_of)
{
	assert_warns(LINE("clientFetch.status startsWith \"2\""), "2:3",
		     "is a number, for which startsWith never holds", "`is`");
	assert_warns(LINE("clientFetch isAbove 2"), "2:3", "is an object, for which isAbove", "`is`");
	assert_true(read_file(LINE("clientFetch.status isTrue"))->ok);
	assert_int_equal(read_file(LINE("free isTrue"))->d.warnings, 0);
}

/* ---- all of them ---- */

TEST(all_errors_of_a_file_are_told_in_order_twenty_at_most)
{
	struct reading *r =
		read_file("origin a\n  GET / -> 999\nGET /\nNo colon\n  nix is 1\n  logs frobs 1\n");
	assert_int_equal(r->d.errors, 4);
	for (size_t i = 1; i < r->d.count; i++)
		assert_true(r->d.items[i - 1].at.ptr < r->d.items[i].at.ptr);
	struct buf text = BUF_INIT(1 << 16);
	buf_add(&text, STR("GET /\n"));
	for (int i = 0; i < 30; i++)
		buf_add(&text, STR("  nix is 1\n"));
	r = read_text(buf_str(&text));
	buf_fini(&text);
	assert_int_equal(r->d.errors, 30);
	assert_int_equal(r->d.count, DIAGNOSTICS_KEPT_MAX);
	assert_has(printed(&r->d), "and 10 more errors\n");
}

TEST(an_error_is_printed_with_place_line_marker_and_advice)
{
	struct reading *r = read_file("GET /\n\t[Tr\u00e8s bien] clientFetch.statsu is 200\n");
	assert_str(printed(&r->d), "t.fiddle:2:26: clientFetch has no field statsu\n"
				   "    \t[Tr\u00e8s bien] clientFetch.statsu is 200\n"
				   "    \t                        ^^^^^^\n"
				   "    did you mean status?\n");
	r = read_file("GET /\n  logs matches \"x\"\n");
	assert_true(r->ok);
	assert_has(printed(&r->d), "t.fiddle:2:16: warning: the quotes");
}

TEST(control_characters_never_reach_the_terminal)
{
	struct str text = printed(&read_file("GET /\n  \x1b[2Jx\x1b is \xc2\x9b 1\n")->d);
	assert_true(text.len > 0);
	assert_int_equal(str_find_char(text, '\x1b'), STR_NONE);
	assert_int_equal(str_find(text, STR("\xc2\x9b")), STR_NONE);
}

TEST(a_very_long_line_is_quoted_around_the_error)
{
	struct str text = repeated("GET /\n  logs is \"", 'x', 5000, "\" y\n");
	struct reading *r = read_text(text);
	assert_int_equal(r->d.errors, 1);
	assert_true(printed(&r->d).len < 600);
	assert_has(printed(&r->d), "t.fiddle:2:5014: nothing may stand behind");
	text = repeated("GET /\n  ", 'x', 5000, " is 1\n");
	assert_true(printed(&read_text(text)->d).len < 600);
}
