/* SPDX-License-Identifier: Apache-2.0 */
/* What test lines mean: the comparisons, their rules of types, negation, and what is not there. */
#include "unit/script/fixture.h"

/* The examples of the language's description that speak of the client's and origins' fetches and of logs. */
TEST(the_examples_of_the_language_come_out_as_described)
{
	static const struct {
		const char *text;
		bool pass;
	} examples[] = {
		{ "clientFetch.status is 200", true },
		{ "clientFetch.status is \"200\"", true },
		{ "clientFetch.status oneOf [\"200\"]", false },
		{ "clientFetch.status isOneOf [200, 204]", true },
		{ "clientFetch.resp includes \"Age: \"", false },
		{ "clientFetch.resp matches ^AGE: \\d+$", true },
		{ "clientFetch.resp matches /^age: \\d+$/", false },
		{ "clientFetch.resp matches /x-cache: .*MISS\\n/", true },
		{ "clientFetch.bodyPreview isJSON", true },
		{ "clientFetch.bodyPreview isNotJSON", false },
		{ "clientFetch.complete isTrue", true },
		{ "clientFetch.status isTrue", false },
		{ "logs.concat() includes \"Hello\"", true },
		{ "logs includes \"Hell\"", false },
		{ "originFetches.count() greaterThan 1", false },
		{ "originFetches[0].req includes \"GET /\"", true },
		{ "clientFetch.status notBelow 200", true },
	};
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		if (run_line(examples[i].text).pass != examples[i].pass)
			fail_msg("%s", examples[i].text);
	}
}

/* Those that need events, insights or the other functions are refused, and told why, until they are there. */
TEST(examples_of_what_is_planned_say_so)
{
	static const char *const examples[] = {
		"[TTL ok] events.where(fnName=fetch)[0].attribs.ttl isMoreThan 0",
		"events.where(fnName=fetch)[0].ttl is 3600",
		"events.where(fnName=fetch)[0].ttl isLessThan 86400000000",
		"events.where(fnName=recv)[1].url is \"/foo\"",
		"events.where(fnName=pass).count() is 0",
		"events.where(fnName=pass)[0].return notIncludes \"x\"",
		"events.transpose().return notIncludes \"error\"",
		"events.transpose().return includes \"lookup\"",
		"events.groupBy(fnName).recv[0].url startsWith \"/a\"",
		"events.listBy(fnName)[0][0].fnName is \"recv\"",
		"events.listBy(traceID).count() is 1",
		"insights includes \"client-cc-missing\"",
		"events.where(type=vcl-sub).where(fnName=deliver)[0].state is \"MISS\"",
	};
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		struct str text = arena_printf(&arena, "GET /\n  %s\n", examples[i]);
		struct reading *r = read_text(text);
		assert_false(r->ok);
		assert_int_equal(r->d.count, 1);
		assert_has(r->d.items[0].text, "not available yet");
		assert_has(r->d.items[0].advice, "this version has");
	}
	assert_complains("GET /\n  [a[b]] clientFetch.status is 200\n", "2:5", "no brackets",
			 "without brackets");
}

TEST(status_compares_loosely_with_a_string)
{
	assert_passes("clientFetch.status is \"200\"");
	assert_passes("clientFetch.status is \" 200.0 \"");
	assert_fails("clientFetch.status is \"200 OK\"");
	assert_passes("clientFetch.complete is 1");
	assert_passes("clientFetch.complete is \"1\"");
	assert_fails("clientFetch.complete is \"true\"");
	assert_passes("free.empty is 0");
	assert_passes("free.one is \"HIT\"");
	assert_passes("free.numbers is \"1,2\"");
	assert_passes("free.numbers is [1, 2]");
	assert_fails("free.numbers is [\"1\", 2]");
	assert_fails("free.nothing is 0");
	assert_fails("free.nothing is \"\"");
	assert_fails("free.missing is false");
}

TEST(only_the_boolean_true_is_true)
{
	assert_passes("clientFetch.complete isTrue");
	assert_fails("free.text isTrue");
	assert_passes("free.text isNotTrue");
	assert_passes("free.missing isNotTrue");
}

TEST(numbers_compare_with_numbers_only_even_when_negated)
{
	assert_passes("clientFetch.status isAtLeast 200");
	assert_passes("clientFetch.status isAtMost 200");
	assert_fails("clientFetch.status isAbove 200");
	assert_fails("clientFetch.status isBelow 200");
	assert_passes("clientFetch.status isAbove 199.5");
	assert_passes("clientFetch.status isBelow 2.01e2");
	assert_passes("clientFetch.status isAbove -42");
	assert_fails("free.text isAtLeast 1");
	assert_fails("free.text isNotAtLeast 1");
	assert_fails("free.missing isBelow 1");
	assert_fails("free.missing isNotBelow 1");
	assert_has(run_line("free.text isAtLeast 1").detail, "needs a number, the target is a string");
}

TEST(includes_looks_into_strings_arrays_and_objects)
{
	assert_passes("clientFetch.bodyPreview includes \"id\"");
	assert_passes("clientFetch.bodyPreview includes 1");
	assert_passes("clientFetch.bodyPreview includes \"\"");
	assert_passes("free.empty includes \"\"");
	assert_passes("free.numbers includes 1");
	assert_fails("free.numbers includes \"1\"");
	assert_passes("free.names notIncludes \"c\"");
	assert_passes("free.shape includes {\"a\":1}");
	assert_passes("free.shape includes {\"a\":1,\"b\":\"x\"}");
	assert_fails("free.shape includes {\"a\":\"1\"}");
	assert_fails("free.shape includes {\"c\":{\"d\":1}}");
	assert_passes("free.shape notIncludes {\"a\":2}");
	assert_fails("free.shape includes \"a\"");
	assert_fails("free.shape notIncludes \"a\"");
	assert_fails("clientFetch.status includes 2");
	assert_fails("clientFetch.status notIncludes 3");
	assert_fails("free.yes notIncludes 3");
	assert_fails("free.missing notIncludes \"x\"");
}

TEST(bare_patterns_ignore_case_and_span_lines)
{
	assert_passes("clientFetch.resp matches ^X-CACHE: miss$");
	assert_passes("clientFetch.resp matches http/2.*miss");
	assert_fails("clientFetch.resp matches /http/");
	assert_passes("clientFetch.resp matches /http/i");
	assert_fails("clientFetch.resp matches /HTTP.*MISS/");
	assert_passes("clientFetch.resp matches /HTTP.*MISS/s");
	assert_passes("clientFetch.resp matches /^age: \\d+$/m");
	assert_passes("clientFetch.req matches /a\\?b");
	assert_passes("clientFetch.req matches /a\\?b=1 HTTP");
	assert_passes("clientFetch.status matches /^200$/");
	assert_passes("free.names matches /^a,b$/");
	assert_passes("clientFetch.resp matches /HTTP/gdu");
	assert_fails("clientFetch.resp matches /age/y");
	assert_passes("clientFetch.resp matches /HTTP/y");
}

TEST(patterns_mean_what_they_mean_in_javascript)
{
	assert_fails("clientFetch.resp matches /MISS$/");
	assert_passes("clientFetch.resp matches /MISS\\n$/");
	assert_passes("clientFetch.resp matches /MISS[^]$/");
	assert_fails("clientFetch.resp matches /[]/");
	assert_passes("clientFetch.resp matches /\\u0041?x-/");
	assert_passes("clientFetch.resp matches /\\x41?x-/");
	assert_passes("clientFetch.resp matches /(?<name>x)-cache/");
}

TEST(one_of_is_strict)
{
	assert_passes("clientFetch.status notOneOf [\"200\"]");
	assert_passes("clientFetch.complete oneOf [1, true]");
	assert_fails("clientFetch.complete oneOf [1, \"true\"]");
	assert_fails("clientFetch.status oneOf []");
	assert_has(run_line("clientFetch.status oneOf [\"200\"]").detail,
		   "the item that looks like it is a string");
}

TEST(starts_and_ends_heed_case_and_fail_for_what_is_no_string)
{
	assert_passes("clientFetch.respType startsWith \"application/\"");
	assert_fails("clientFetch.respType startsWith \"Application/\"");
	assert_passes("clientFetch.respType endsWith \"json\"");
	assert_passes("clientFetch.respType endsWith \"\"");
	assert_passes("free.empty startsWith \"\"");
	assert_fails("clientFetch.status startsWith \"2\"");
	assert_passes("clientFetch.status notStartsWith \"2\"");
	assert_fails("free.empty endsWith \"longer\"");
}

TEST(json_is_a_whole_string_of_it)
{
	assert_passes("free.text isJSON");
	assert_fails("clientFetch.resp isJSON");
	assert_fails("free.empty isJSON");
	assert_fails("clientFetch.status isJSON");
	assert_passes("clientFetch.resp notJSON");
	assert_has(run_line("clientFetch.resp isJSON").detail, "byte ");
}

TEST(negation_is_accepted_in_every_spelling)
{
	static const struct {
		const char *word, *name;
		bool negated;
	} words[] = {
		{ "is", "is", false },
		{ "IS", "is", false },
		{ "isNot", "is", true },
		{ "isnot", "is", true },
		{ "not", "is", true },
		{ "notIs", "is", true },
		{ "oneOf", "oneOf", false },
		{ "isOneOf", "oneOf", false },
		{ "OneOf", "oneOf", false },
		{ "notOneOf", "oneOf", true },
		{ "isNotOneOf", "oneOf", true },
		{ "notIsOneOf", "oneOf", true },
		{ "isNotJSON", "isJSON", true },
		{ "notJSON", "isJSON", true },
		{ "JSON", "isJSON", false },
		{ "json", "isJSON", false },
		{ "true", "isTrue", false },
		{ "notTrue", "isTrue", true },
		{ "notIncludes", "includes", true },
		{ "isNotIncludes", "includes", true },
		{ "contains", "includes", false },
		{ "notContains", "includes", true },
		{ "atLeast", "isAtLeast", false },
		{ "AtLeast", "isAtLeast", false },
		{ "isAtLeast", "isAtLeast", false },
		{ "notIsAtLeast", "isAtLeast", true },
		{ "above", "isAbove", false },
		{ "isMoreThan", "isAbove", false },
		{ "moreThan", "isAbove", false },
		{ "greaterThan", "isAbove", false },
		{ "isGreaterThan", "isAbove", false },
		{ "isNotMoreThan", "isAbove", true },
		{ "atMost", "isAtMost", false },
		{ "isLessThan", "isBelow", false },
		{ "lessThan", "isBelow", false },
		{ "notBelow", "isBelow", true },
		{ "matches", "matches", false },
		{ "notMatches", "matches", true },
		{ "startsWith", "startsWith", false },
		{ "isEndsWith", "endsWith", false },
	};
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		bool negated;
		const struct comparison *c = comparison_find(str_from(words[i].word), &negated);
		if (!c || strcmp(c->name, words[i].name) != 0 || negated != words[i].negated)
			fail_msg("%s: %s", words[i].word, c ? c->name : "unknown");
	}
}

TEST(every_row_of_the_table_finds_itself_and_has_an_example_that_reads)
{
	for (size_t i = 0; i < comparison_count(); i++) {
		const struct comparison *c = comparison_at(i);
		bool negated;
		assert_ptr_equal(comparison_find(str_from(c->name), &negated), c);
		assert_false(negated);
		assert_ptr_equal(comparison_find(str_from(c->negated_name), &negated), c);
		assert_true(negated);
		read_good(arena_printf(&arena, "GET /\n  %s\n", c->example).ptr);
	}
}

TEST(what_is_not_there_is_undefined_and_a_vacuous_pass_is_told)
{
	struct check_result r = run_line("originFetches[3].status notOneOf [500]");
	assert_true(r.pass);
	assert_true(r.vacuous);
	assert_str(r.actual, "undefined");
	assert_has(r.detail, "originFetches[3] is undefined: originFetches has 1 item");
	assert_true(run_line("free.missing isNot 5").vacuous);
	assert_true(run_line("free.missing notMatches x").vacuous);
	assert_true(run_line("free.missing matches undefined").vacuous);
	assert_true(run_line("free.missing notStartsWith \"x\"").vacuous);
	assert_false(run_line("clientFetch.status isNot 5").vacuous);
	assert_false(run_line("free.nothing isNot 5").vacuous);
	assert_false(run_line("free.missing is 5").vacuous);
	assert_fails("free.missing.deeper[0].still is 5");
}

TEST(count_and_concat_need_an_array)
{
	assert_passes("logs.count() is 1");
	assert_passes("free.names.concat() is \"a\\nb\"");
	assert_passes("free.numbers.concat() is \"1\\n2\"");
	struct check_result r = run_line("free.text.count() is 1");
	assert_false(r.pass);
	assert_str(r.detail, "count() needs an array, got a string");
	assert_fails("free.text.count() isNot 1");
	assert_fails("free.missing.count() isNot 1");
	assert_has(run_line("free.missing.count() is 0").detail,
		   "count() needs an array, got undefined: free.missing is");
	assert_fails("free.shape.concat() isNot 1");
}

TEST(a_field_may_be_named_like_a_function)
{
	struct reading *r = read_file("GET /\n  free.count is 3\n");
	assert_true(r->ok);
	const struct check *check = &r->script.tests[0].requests[0].checks[0];
	assert_true(check_run(check, from_json("{\"free\":{\"count\":3}}"), &arena).pass);
}

TEST(a_short_cut_makes_members_reachable_and_own_ones_win)
{
	const struct schema hoisting = { .roots = roots, .shortcut = "attribs" };
	struct script script;
	struct diagnostics d;
	struct str text = STR("GET /\n  clientFetch.ttl is 5\n  clientFetch.status is 200\n"
			      "  clientFetch.attribs.ttl is 5\n");
	assert_true(script_parse(&arena, STR("t"), text, &hoisting, &script, &d));
	struct value *doc =
		from_json("{\"clientFetch\":{\"status\":200,\"attribs\":{\"ttl\":5,\"status\":1}}}");
	for (size_t i = 0; i < 3; i++)
		assert_true(check_run(&script.tests[0].requests[0].checks[i], doc, &arena).pass);
}

TEST(a_pattern_without_end_gives_up_and_fails_even_when_negated)
{
	struct reading *r = read_file("GET /\n  free matches /(a+)+$/\n  free notMatches /(a+)+$/\n");
	assert_true(r->ok);
	struct value *doc = value_object(&arena);
	value_set(&arena, doc, STR("free"),
		  value_string(&arena, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")));
	for (size_t i = 0; i < 2; i++) {
		struct check_result result =
			check_run(&r->script.tests[0].requests[0].checks[i], doc, &arena);
		assert_false(result.pass);
		assert_has(result.detail, "given up");
	}
}

TEST(a_failure_tells_expected_actual_and_where)
{
	struct check_result r = run_line("[French] clientFetch.bodyPreview endsWith \"Bonjour\"");
	assert_false(r.pass);
	assert_str(r.label, "French");
	assert_str(r.at, "\"Bonjour\"");
	assert_str(r.expected, "ends with \"Bonjour\"");
	assert_str(r.actual, "\"{\\\"id\\\":\\\"1\\\"}\"");
	assert_str(run_line("clientFetch.status is 201").label, "clientFetch.status is 201");
	assert_str(run_line("[] clientFetch.status is 201").label, "clientFetch.status is 201");
	assert_str(run_line("clientFetch.status isNot 200").expected, "is not 200");
	assert_str(run_line("clientFetch.complete isNotTrue").expected, "is not true");
	assert_str(run_line("clientFetch.complete isNotTrue").at, "isNotTrue");
}

TEST(a_failure_is_printed_with_line_and_marker)
{
	struct reading *r = read_file("GET /\n  [Gone] clientFetch.status is 404\n");
	struct check_result result = check_run(&r->script.tests[0].requests[0].checks[0], document(), &arena);
	struct buf out = BUF_INIT(4096);
	check_result_print(&result, &r->script.source, &out);
	assert_str(buf_str(&out), "t.fiddle:2:32: Gone\n"
				  "      [Gone] clientFetch.status is 404\n"
				  "                                   ^^^\n"
				  "    expected: is 404\n"
				  "    actual:   200\n");
	buf_fini(&out);
}

TEST(a_vacuous_pass_is_printed_as_a_warning)
{
	struct reading *r = read_file("GET /\n  free.missing isNot 404\n");
	struct check_result result = check_run(&r->script.tests[0].requests[0].checks[0], document(), &arena);
	struct buf out = BUF_INIT(4096);
	check_result_print(&result, &r->script.source, &out);
	assert_has(buf_str(&out),
		   "t.fiddle:2:7: warning: passes only because its target is undefined: free.missing");
	assert_has(buf_str(&out), "          ^^^^^^^^\n    expected: is not 404\n    actual:   undefined\n");
	assert_has(buf_str(&out), "free.missing is undefined: free has text");
	buf_fini(&out);
}

TEST(a_failure_names_the_nearest_key_or_all_there_are)
{
	struct check_result r = run_line("free.shap.a is 1");
	assert_has(r.detail, "free.shap is undefined: did you mean shape? free has text, yes, nothing");
	assert_str(r.at, ".shap");
	assert_has(run_line("free.shape.zzz is 1").detail, "free.shape has a, b, c");
	assert_has(run_line("free.text.zzz is 1").detail, "free.text is a string");
	struct reading *reading = read_file("GET /\n  clientFetch.status is 1\n");
	r = check_run(&reading->script.tests[0].requests[0].checks[0], from_json("{}"), &arena);
	assert_has(r.detail, "clientFetch is undefined: the document is empty");
}

TEST(a_failure_shows_the_line_that_matters)
{
	assert_str(run_line("clientFetch.resp notIncludes \"MISS\"").detail,
		   "found in line 4: \"x-cache: MISS\"");
	assert_str(run_line("clientFetch.resp notMatches ^age").detail, "found in line 3: \"age: 0\"");
	assert_str(run_line("clientFetch.resp includes \"Age: \"").detail,
		   "only the case of letters differs in line 3: \"age: 0\"");
	assert_has(run_line("logs includes \"Hell\"").detail, "[0] has it as a piece: use .concat()");
	assert_has(run_line("free.numbers includes \"1\"").detail, "[0] has the same text but is a number");
}

TEST(a_long_actual_value_is_cut)
{
	struct reading *r = read_file("GET /\n  free is 1\n");
	char *text = arena_alloc(&arena, 100000);
	memset(text, 'x', 100000);
	struct value *doc = value_object(&arena);
	value_set(&arena, doc, STR("free"), value_string(&arena, (struct str){ text, 100000 }));
	struct check_result result = check_run(&r->script.tests[0].requests[0].checks[0], doc, &arena);
	assert_true(result.actual.len < 1100);
	assert_true(str_ends(result.actual, STR("…")));
}
