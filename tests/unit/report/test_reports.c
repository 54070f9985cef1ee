/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

static const struct str suites[] = { STR_INIT("cart"), STR_INIT("a #1") };

static const struct test_result results[] = {
	{ .file = "a.test.ts",
	  .suites = suites,
	  .suite_count = 2,
	  .name = STR_INIT("adds"),
	  .line = 3,
	  .column = 1,
	  .ns = 1500000,
	  .runs = 1,
	  .seed = 9 },
	{ .file = "a.test.ts",
	  .name = STR_INIT("<b> & \"c\",\n% \x01\xff"),
	  .line = 7,
	  .status = TEST_FAILED,
	  .message = STR_INIT("is: 1, not 2"),
	  .text = STR_INIT("first]]>\n  100%\r\n"),
	  .failed = { STR_INIT("lib/help.ts"), 8, 2 },
	  .ns = 2000000,
	  .runs = 1,
	  .runs_failed = 1,
	  .seed = UINT64_MAX,
	  .command = STR_INIT("backlot test x") },
	{ .file = "b.test.ts",
	  .name = STR_INIT("later"),
	  .status = TEST_SKIPPED,
	  .message = STR_INIT("no net # here") },
	{ .file = "b.test.ts", .name = STR_INIT("idea"), .status = TEST_TODO },
	{ .file = "b.test.ts",
	  .name = STR_INIT("wavers"),
	  .line = 4,
	  .text = STR_INIT("it failed"),
	  .runs = 2,
	  .runs_failed = 1,
	  .flake = TEST_FLAKY,
	  .seed = 5 },
};

static const struct run_totals totals = { .files = 3,
					  .broken = 1,
					  .passed = 2,
					  .failed = 1,
					  .skipped = 1,
					  .todo = 1,
					  .flaky = 1,
					  .requests = 4,
					  .checks = 6,
					  .ns = 5000000,
					  .seed = 9 };

/* All that a report makes of a run of these; to be freed. */
static char *print(enum report_id id, struct report_options o, const struct run_totals *t)
{
	char *text = NULL;
	size_t len;
	struct report_sink sink;
	FILE *out = open_memstream(&text, &len);
	report_sink_stream(&sink, out);
	struct reporter *one = report_new(id, &sink, &o), *r = report_many_new(&one, 1);
	r->ops->begin(r, 3);
	r->ops->warning(r, STR("odd\nmanifest"));
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		r->ops->progress(r, &(struct run_progress){
					    .files = 3, .files_done = 1, .passed = i, .failed = 1 });
		r->ops->result(r, &results[i]);
	}
	for (size_t i = 0; i < t->snapshots_obsolete; i++)
		r->ops->obsolete(r, "b.test.ts", STR("<old>\n#1"));
	r->ops->broken(r, "c.test.ts", STR("c.test.ts:5:6: no"));
	r->ops->end(r, t);
	reporter_destroy(&r);
	report_sink_fini(&sink);
	fclose(out);
	return text;
}

static void check(enum report_id id, struct report_options o, const char *expected)
{
	char *text = print(id, o, &totals);
	assert_string_equal(text, expected);
	free(text);
}

static void check_has(enum report_id id, struct report_options o, const struct run_totals *t,
		      const char *part)
{
	char *text = print(id, o, t);
	if (!strstr(text, part))
		fail_msg("%s\nis not in\n%s", part, text);
	free(text);
}

TEST(pretty_shows_what_failed_and_wavered_and_counts_the_rest)
{
	check(REPORT_PRETTY, (struct report_options){ 0 },
	      "warning: odd\nmanifest\n"
	      "FAILED a.test.ts:7: <b> & \"c\",\n% \x01\xff (2.00 ms)\nfirst]]>\n  100%\r\n    repeat: backlot test x\n"
	      "FLAKY b.test.ts:4: wavers (0.00 ms)\nit failed\n    failed 1 of 2 times\n"
	      "BROKEN c.test.ts\nc.test.ts:5:6: no\n"
	      "2 passed, 1 failed, 1 skipped, 1 todo, 1 flaky, 1 file could not be run, seed 9 "
	      "(3 files, 4 requests, 6 checks, 5 ms)\n");
	check_has(REPORT_PRETTY, (struct report_options){ .verbose = true }, &totals,
		  "ok a.test.ts:3: cart > a #1 > adds (1.50 ms)\n");
	check_has(REPORT_PRETTY, (struct report_options){ .verbose = true }, &totals,
		  "skipped b.test.ts:1: later: no net # here\ntodo b.test.ts:1: idea\n");
}

TEST(a_terminal_is_told_how_far_it_is_on_a_line_that_is_written_over)
{
	check_has(REPORT_PRETTY, (struct report_options){ .live = true }, &totals,
		  "1 of 3 files, 1 passed, 1 failed\r\033[KFAILED a.test.ts:7:");
	check_has(REPORT_PRETTY, (struct report_options){ .live = true }, &totals,
		  "1 of 3 files, 2 passed, 1 failed\r\033[K1 of 3 files, 3 passed");
}

TEST(tap_escapes_descriptions_and_gives_details_as_yaml)
{
	check(REPORT_TAP, (struct report_options){ 0 },
	      "TAP version 14\n# warning: odd\n# warning: manifest\n"
	      "ok 1 - a.test.ts: cart > a \\#1 > adds\n"
	      "not ok 2 - a.test.ts: <b> & \"c\", %  \xff\n"
	      "  ---\n  message: \"is: 1, not 2\"\n  severity: fail\n  at:\n    file: \"lib/help.ts\"\n    line: 8\n"
	      "    column: 2\n  duration_ms: 2.000\n  seed: \"18446744073709551615\"\n  repeat: \"backlot test x\"\n"
	      "  output: \"first]]>\\n  100%\\r\\n\"\n  ...\n"
	      "ok 3 - b.test.ts: later # SKIP no net \\# here\n"
	      "not ok 4 - b.test.ts: idea # TODO\n"
	      "ok 5 - b.test.ts: wavers\n"
	      "  ---\n  at:\n    file: \"b.test.ts\"\n    line: 4\n  duration_ms: 0.000\n  seed: \"5\"\n  runs: 2\n"
	      "  failed_runs: 1\n  flake: flaky\n  output: |2-\n    it failed\n  ...\n"
	      "not ok 6 - c.test.ts\n"
	      "  ---\n  message: \"the file could not be run\"\n  severity: fail\n  at:\n    file: \"c.test.ts\"\n"
	      "    line: 5\n    column: 6\n  output: |2-\n    c.test.ts:5:6: no\n  ...\n"
	      "1..6\n# seed 9\n# 2 passed, 1 failed, 1 skipped, 1 todo, 1 flaky, 1 broken files\n");
}

TEST(junit_has_a_suite_a_file)
{
	check(REPORT_JUNIT, (struct report_options){ 0 },
	      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<testsuites name=\"backlot test\" tests=\"6\" failures=\"1\" errors=\"1\" skipped=\"2\" time=\"0.005000\">\n"
	      "  <testsuite name=\"a.test.ts\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"0.003500\">\n"
	      "    <testcase name=\"cart &gt; a #1 &gt; adds\" classname=\"a.test.ts\" file=\"a.test.ts\" line=\"3\" "
	      "time=\"0.001500\">\n    </testcase>\n"
	      "    <testcase name=\"&lt;b&gt; &amp; &quot;c&quot;,&#10;% \xef\xbf\xbd\xef\xbf\xbd\" "
	      "classname=\"a.test.ts\" file=\"a.test.ts\" line=\"7\" time=\"0.002000\">\n"
	      "      <failure message=\"is: 1, not 2\" type=\"failed\">first]]&gt;\n  100%&#13;\n"
	      "repeat: backlot test x\n</failure>\n    </testcase>\n  </testsuite>\n"
	      "  <testsuite name=\"b.test.ts\" tests=\"3\" failures=\"0\" errors=\"0\" skipped=\"2\" time=\"0.000000\">\n"
	      "    <testcase name=\"later\" classname=\"b.test.ts\" file=\"b.test.ts\" time=\"0.000000\">\n"
	      "      <skipped message=\"no net # here\"></skipped>\n    </testcase>\n"
	      "    <testcase name=\"idea\" classname=\"b.test.ts\" file=\"b.test.ts\" time=\"0.000000\">\n"
	      "      <skipped message=\"todo\"></skipped>\n    </testcase>\n"
	      "    <testcase name=\"wavers\" classname=\"b.test.ts\" file=\"b.test.ts\" line=\"4\" time=\"0.000000\">\n"
	      "      <flakyFailure type=\"flaky\">it failed</flakyFailure>\n    </testcase>\n  </testsuite>\n"
	      "  <testsuite name=\"c.test.ts\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0.000000\">\n"
	      "    <testcase name=\"c.test.ts\" classname=\"c.test.ts\" file=\"c.test.ts\" time=\"0.000000\">\n"
	      "      <error message=\"the file could not be run\" type=\"broken\">c.test.ts:5:6: no</error>\n"
	      "    </testcase>\n  </testsuite>\n"
	      "  <testsuite name=\"backlot\" tests=\"0\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0.000000\">\n"
	      "    <system-err>warning: odd\nmanifest\n</system-err>\n  </testsuite>\n"
	      "</testsuites>\n");
}

TEST(json_has_all_that_is_known)
{
	static const struct report_options none = { 0 };
	check_has(REPORT_JSON, none, &totals,
		  "{\n  \"schema\": \"backlot-test/1\",\n  \"success\": false,\n  \"interrupted\": false,\n"
		  "  \"seed\": \"9\",\n  \"duration_ms\": 5.000,\n");
	check_has(REPORT_JSON, none, &totals, "\"warnings\": [\"odd\\nmanifest\"],\n");
	check_has(REPORT_JSON, none, &totals,
		  "{\"name\": \"adds\", \"suites\": [\"cart\", \"a #1\"], \"line\": 3, \"column\": 1, "
		  "\"status\": \"passed\", \"message\": null, \"text\": null, \"at\": null, ");
	check_has(REPORT_JSON, none, &totals,
		  "\"at\": {\"file\": \"lib/help.ts\", \"line\": 8, \"column\": 2}, ");
	check_has(
		REPORT_JSON, none, &totals,
		"\"runs\": 2, \"runs_failed\": 1, \"seed\": \"5\", \"flake\": \"flaky\", \"repeat\": null}\n    ]},\n"
		"    {\"file\": \"c.test.ts\", \"error\": \"c.test.ts:5:6: no\", \"tests\": []}\n  ]\n}\n");
}

TEST(github_escapes_values_and_names_files_from_the_root)
{
	check(REPORT_GITHUB, (struct report_options){ .root = "/repo/", .folder = "/repo/services/a,b" },
	      "::warning::odd%0Amanifest\n"
	      "::error file=services/a%2Cb/lib/help.ts,line=8,col=2,title=<b> & \"c\"%2C%0A%25 \x01\xff::"
	      "first]]>%0A  100%25%0D%0Arepeat: backlot test x\n"
	      "::warning file=services/a%2Cb/b.test.ts,line=4,title=wavers::flaky: failed 1 of 2 times%0Ait failed\n"
	      "::error file=services/a%2Cb/c.test.ts,line=5,col=6,title=c.test.ts::c.test.ts:5:6: no\n");
	check_has(REPORT_GITHUB, (struct report_options){ .root = "/repo", .folder = "/repository" }, &totals,
		  "::error file=lib/help.ts,");
}

TEST(an_interrupted_run_says_so_in_every_report)
{
	struct run_totals t = totals;
	t.interrupted = 2;
	check_has(REPORT_PRETTY, (struct report_options){ 0 }, &t,
		  "interrupted: what was finished until then:\n2 passed");
	check_has(REPORT_TAP, (struct report_options){ 0 }, &t, "Bail out! interrupted\n");
	check_has(REPORT_JUNIT, (struct report_options){ 0 }, &t,
		  "interrupted: tests are missing\n</system-err>");
	check_has(REPORT_JSON, (struct report_options){ 0 }, &t,
		  "\"success\": false,\n  \"interrupted\": true,");
	check_has(REPORT_GITHUB, (struct report_options){ 0 }, &t, "::error::interrupted");
}

TEST(snapshots_are_told_of_in_every_report)
{
	static const struct report_options none = { .folder = "/repo/a", .root = "/repo" };
	struct run_totals t = totals;
	t.snapshots_written = 3;
	check_has(REPORT_PRETTY, none, &t, "snapshots: 3 written\n2 passed");
	t.snapshots_written = 0;
	t.snapshots_removed = 1;
	t.snapshots_obsolete = 1;
	check_has(REPORT_PRETTY, none, &t,
		  "\nsnapshots: 1 removed, 1 obsolete; no test asks for these, and --update removes them:\n"
		  "    b.test.ts: <old>\n      #1\n2 passed");
	check_has(REPORT_TAP, none, &t, "\n# obsolete snapshot: b.test.ts: <old> \\#1\n");
	check_has(REPORT_JUNIT, none, &t, "obsolete snapshot: b.test.ts: &lt;old&gt;\n#1\n");
	check_has(REPORT_JSON, none, &t,
		  "\"snapshots\": {\"written\": 0, \"updated\": 0, \"removed\": 1, \"obsolete\": "
		  "[{\"file\": \"b.test.ts\", \"name\": \"<old>\\n#1\"}]},\n");
	check_has(
		REPORT_GITHUB, none, &t,
		"::notice file=a/b.test.ts,title=obsolete snapshot::no test asks for it, and --update removes it: "
		"<old>%0A#1\n");
}

TEST(a_report_to_a_file_is_there_whole_or_not_at_all)
{
	struct error e;
	struct report_sink sink;
	assert_false(report_sink_file(&sink, "no/such/folder/out.xml", &e));
	assert_error(&e, IO, "no/such/folder/out.xml: No such file");
	report_sink_fini(&sink);
	assert_true(report_sink_file(&sink, "/dev/full", &e));
	buf_add(&sink.pending, STR("report"));
	assert_false(report_sink_commit(&sink, &e));
	assert_error(&e, IO, "/dev/full: No space left");
	report_sink_fini(&sink);
}
