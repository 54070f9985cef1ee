/* SPDX-License-Identifier: Apache-2.0 */
/* script_format(): one layout for all, comments and bodies kept, nothing to do the second time. */
#include "unit/script/fixture.h"

static struct str formatted(struct str text)
{
	struct diagnostics d;
	struct str out = { NULL, 0 };
	if (!script_format(&arena, STR("t.fiddle"), text, &out, &d))
		fail_msg(STR_FMT, STR_ARG(printed(&d)));
	return out;
}

#define assert_layout(text, expected) assert_layout_at((text), (expected), __FILE__, __LINE__)
static void assert_layout_at(const char *text, const char *expected, const char *file, int line)
{
	struct str once = formatted(str_from(text));
	test_assert_str(once, expected, file, line);
	test_assert_str(formatted(once), expected, file, line);
}

TEST(words_stand_one_blank_apart_and_blocks_one_line)
{
	assert_layout(
		"\r\n\norigin   catalog  \r\n\tGET   /a   ->   200   text/plain    two  words  \r\n"
		"\t\tX-A:   b\r\n"
		"\t\tdelay   2s\r\n\t*  /b  ->  reset\r\n\r\n\r\n\r\nGET   /   HTTP/1.1   \r\nA:b\r\nB:\r\n"
		"      [ la bel ]   clientFetch.status   is    \"a  b\"   \r\n\r\n\r\n",
		"origin catalog\n"
		"  GET /a -> 200 text/plain two  words\n"
		"    X-A: b\n"
		"    delay 2s\n"
		"  * /b -> reset\n"
		"\n"
		"GET / HTTP/1.1\n"
		"A: b\n"
		"B:\n"
		"  [la bel] clientFetch.status is \"a  b\"\n");
}

TEST(every_block_has_a_blank_line_above_it_except_the_first_of_a_test)
{
	assert_layout("origin a\n  GET / -> 200\n"
		      "origin b\n  GET / -> 200\ntest  x  y \n\norigin a\n  GET / -> 200\nGET /\nGET /b\n"
		      "test z\nGET /\n",
		      "origin a\n"
		      "  GET / -> 200\n"
		      "\n"
		      "origin b\n"
		      "  GET / -> 200\n"
		      "\n"
		      "test x  y\n"
		      "origin a\n"
		      "  GET / -> 200\n"
		      "\n"
		      "GET /\n"
		      "\n"
		      "GET /b\n"
		      "\n"
		      "test z\n"
		      "GET /\n");
}

TEST(comments_stay_with_what_they_speak_of)
{
	assert_layout("# backlot-fiddle 1\n#  the  shop\n\n\n# origins\norigin a\n"
		      "# an answer\n GET / -> 200\n# its header\n   X: y\n"
		      "      # behind\n\n# a request\n# of two lines\nGET /\n"
		      " # first\n   logs.count() is 1\n# second\n   logs.count() is 1\n"
		      "   # last\n\n\n# the end\n",
		      "# backlot-fiddle 1\n"
		      "#  the  shop\n"
		      "\n"
		      "# origins\n"
		      "origin a\n"
		      "  # an answer\n"
		      "  GET / -> 200\n"
		      "    # its header\n"
		      "    X: y\n"
		      "  # behind\n"
		      "\n"
		      "# a request\n"
		      "# of two lines\n"
		      "GET /\n"
		      "  # first\n"
		      "  logs.count() is 1\n"
		      "  # second\n"
		      "  logs.count() is 1\n"
		      "  # last\n"
		      "\n"
		      "# the end\n");
	assert_layout("test a\n# b\n\n# c\nGET /\n  # d\ntest b\nGET /\n", "test a\n"
									   "# b\n"
									   "\n"
									   "# c\n"
									   "GET /\n"
									   "\n"
									   "# d\n"
									   "test b\n"
									   "GET /\n");
}

TEST(bodies_are_kept_to_the_byte)
{
	static const char text[] = "origin a\n"
				   " GET / -> 200\n"
				   "   ````\n"
				   "   one  \n"
				   "\n"
				   "\n"
				   "     # two\n"
				   "   ```\n"
				   "   ````\n"
				   "POST /\n"
				   "\"a  b\"\n"
				   "POST /\n"
				   "```\n"
				   "\n"
				   "  x\t\n"
				   "\n"
				   "```\n";
	assert_layout(text, "origin a\n"
			    "  GET / -> 200\n"
			    "    ````\n"
			    "    one  \n"
			    "\n"
			    "\n"
			    "      # two\n"
			    "    ```\n"
			    "    ````\n"
			    "\n"
			    "POST /\n"
			    "\"a  b\"\n"
			    "\n"
			    "POST /\n"
			    "```\n"
			    "\n"
			    "  x\t\n"
			    "\n"
			    "```\n");
	const struct script *before = read_good(text), *after = read_good(formatted(str_from(text)).ptr);
	assert_true(
		str_eq(before->origins[0].rules[0].answers->body, after->origins[0].rules[0].answers->body));
	assert_true(str_eq(before->tests[0].requests[1].body, after->tests[0].requests[1].body));
}

TEST(an_empty_file_stays_empty)
{
	assert_layout("", "");
	assert_layout("\n \n\t\n", "");
	assert_layout("# x", "# x\n");
	assert_layout(" \n # backlot-fiddle 1\n", "# backlot-fiddle 1\n");
}

TEST(a_file_with_errors_is_not_formatted)
{
	struct diagnostics d;
	struct str out;
	assert_false(script_format(&arena, STR("t.fiddle"), STR("GET html\n"), &out, &d));
	assert_int_equal(d.errors, 1);
}

TEST(targets_unknown_to_the_schema_do_not_keep_a_file_from_being_formatted)
{
	assert_layout("GET /\n other.root  is  1\n", "GET /\n  other.root is 1\n");
}

TEST(answers_that_follow_stand_below_their_rule)
{
	assert_layout(
		"origin a\n GET  /x   ->  503\n   when   header   X-A  :  b  c\n   when query  a:b\n"
		"   when  body   *{\"a\":  1}  b*\n   expect    2\n then   ->  200    text/plain    two  words\n"
		"   trailer   X-Sum:7\n   pause    2s   after  1\n   drip  1   every 2ms  after 1\nGET /\n",
		"origin a\n"
		"  GET /x -> 503\n"
		"    when header X-A: b  c\n"
		"    when query a: b\n"
		"    when body *{\"a\":  1}  b*\n"
		"    expect 2\n"
		"  then -> 200 text/plain two  words\n"
		"    trailer X-Sum: 7\n"
		"    pause 2s after 1\n"
		"    drip 1 every 2ms after 1\n"
		"\n"
		"GET /\n");
}
