/* SPDX-License-Identifier: Apache-2.0 */
#include "report/libtest.h"

#include <stdlib.h>

#include "support/test.h"

static const struct libtest_test good = { .name = STR_INIT("m::good") },
				 bad = { .name = STR_INIT("m::<T>::bad") },
				 left = { .name = STR_INIT("left"),
					  .ignored = true,
					  .ignored_why = STR_INIT("a \"reason\"") },
				 panics = { .name = STR_INIT("panics"), .should_panic = true, .word = 4 };

static const struct libtest_result results[] = {
	{ &good, LIBTEST_OK, 1000, STR_INIT("printed"), STR_INIT("") },
	{ &bad, LIBTEST_FAILED, 2000000, STR_INIT("<a&b>]]>\x01\n\xff"), STR_INIT("why \"not\"\nso") },
	{ &left, LIBTEST_IGNORED, 0, STR_INIT(""), STR_INIT("") },
	{ &panics, LIBTEST_LATE, 3000000, STR_INIT(""), STR_INIT("") },
};

/* All that a run of these four prints; to be freed. */
static char *print(const struct libtest_options *o, bool color)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct libtest_report *r = libtest_report_new(o, out, color);
	r->ops->start(r, 4, o);
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		r->ops->begin(r, results[i].test);
		r->ops->result(r, &results[i]);
	}
	r->ops->end(r, &(struct libtest_totals){ 4, 1, 2, 1, 7, 5000000 });
	libtest_report_destroy(&r);
	fclose(out);
	return text;
}

static void check(const struct libtest_options *o, bool color, const char *expected)
{
	char *text = print(o, color);
	assert_string_equal(text, expected);
	free(text);
}

#define END                                                                                          \
	"\nfailures:\n\n---- m::<T>::bad stdout ----\n<a&b>]]>\x01\n\xff\nnote: why \"not\"\nso\n\n" \
	"failures:\n"                                                                                \
	"    m::<T>::bad\n\nfailures (time limit exceeded):\n\n"                                     \
	"failures (time limit exceeded):\n    panics\n"                                              \
	"\ntest result: FAILED. 1 passed; 2 failed; 1 ignored; "                                     \
	"0 measured; 7 filtered out; "                                                               \
	"finished in 0.01s\n\n"

TEST(pretty_has_a_line_a_test)
{
	check(&(struct libtest_options){ .threads = 2 }, false,
	      "\nrunning 4 tests\ntest m::good ... ok\ntest m::<T>::bad ... FAILED\ntest left ... ignored, a \"reason\"\n"
	      "test panics - should panic ... FAILED (time limit exceeded)\n" END);
	check(&(struct libtest_options){ .threads = 1, .report_time = true, .shuffle = true, .seed = 3 },
	      false,
	      "\nrunning 4 tests (shuffle seed: 3)\ntest m::good ... ok <0.000s>\ntest m::<T>::bad ... FAILED <0.002s>\n"
	      "test left ... ignored, a \"reason\"\ntest panics - should panic ... FAILED (time limit exceeded) <0.003s>\n" END);
}

TEST(terse_has_a_sign_a_test)
{
	check(&(struct libtest_options){ .format = LIBTEST_TERSE, .threads = 2 }, false,
	      "\nrunning 4 tests\n. 1/4\nm::<T>::bad --- FAILED\ni 3/4\npanics --- FAILED\n" END);
}

TEST(colours_stand_around_the_words)
{
	char *text = print(&(struct libtest_options){ .threads = 2 }, true);
	assert_true(str_find(str_from(text), STR("... \033[32mok\033[0m\n")) != STR_NONE);
	assert_true(str_find(str_from(text), STR("test result: \033[31mFAILED\033[0m. 1")) != STR_NONE);
	free(text);
}

TEST(successes_are_shown_when_asked_for)
{
	char *text = print(&(struct libtest_options){ .threads = 2, .show_output = true }, false);
	assert_true(str_find(str_from(text),
			     STR("\nsuccesses:\n\n---- m::good stdout ----\nprinted\n\nsuccesses:\n"
				 "    m::good\n\nfailures:\n")) != STR_NONE);
	free(text);
}

TEST(json_has_an_object_a_line)
{
	check(&(struct libtest_options){ .format = LIBTEST_JSON, .report_time = true }, false,
	      "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 4 }\n"
	      "{ \"type\": \"test\", \"event\": \"started\", \"name\": \"m::good\" }\n"
	      "{ \"type\": \"test\", \"name\": \"m::good\", \"event\": \"ok\", \"exec_time\": 0.000001000 }\n"
	      "{ \"type\": \"test\", \"event\": \"started\", \"name\": \"m::<T>::bad\" }\n"
	      "{ \"type\": \"test\", \"name\": \"m::<T>::bad\", \"event\": \"failed\", \"exec_time\": 0.002000000, "
	      "\"stdout\": \"<a&b>]]>\\u0001\\n\xef\xbf\xbd\", \"message\": \"why \\\"not\\\"\\nso\" }\n"
	      "{ \"type\": \"test\", \"event\": \"started\", \"name\": \"left\" }\n"
	      "{ \"type\": \"test\", \"name\": \"left\", \"event\": \"ignored\", \"message\": \"a \\\"reason\\\"\" }\n"
	      "{ \"type\": \"test\", \"event\": \"started\", \"name\": \"panics\" }\n"
	      "{ \"type\": \"test\", \"name\": \"panics\", \"event\": \"failed\", \"exec_time\": 0.003000000, "
	      "\"reason\": \"time limit exceeded\" }\n"
	      "{ \"type\": \"suite\", \"event\": \"failed\", \"passed\": 1, \"failed\": 2, \"ignored\": 1, \"measured\": 0, "
	      "\"filtered_out\": 7, \"exec_time\": 0.005000000 }\n");
}

TEST(junit_escapes_and_has_what_was_skipped)
{
	check(&(struct libtest_options){ .format = LIBTEST_JUNIT }, false,
	      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><testsuites><testsuite name=\"test\" package=\"test\" id=\"0\" "
	      "errors=\"0\" failures=\"2\" tests=\"4\" skipped=\"1\" time=\"0.005000000\">"
	      "<testcase classname=\"m\" name=\"good\" time=\"0.000001000\"></testcase>"
	      "<testcase classname=\"m::&lt;T&gt;\" name=\"bad\" time=\"0.002000000\">"
	      "<failure message=\"why &quot;not&quot;&#10;so\" type=\"assert\"/>"
	      "<system-out>&lt;a&amp;b&gt;]]&gt;\xef\xbf\xbd&#10;\xef\xbf\xbd</system-out></testcase>"
	      "<testcase classname=\"crate\" name=\"left\" time=\"0.000000000\">"
	      "<skipped message=\"a &quot;reason&quot;\"/></testcase>"
	      "<testcase classname=\"crate\" name=\"panics\" time=\"0.003000000\"><failure type=\"timeout\"/></testcase>"
	      "<system-out/><system-err/></testsuite></testsuites>\n");
}
