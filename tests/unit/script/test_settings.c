/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of settings: where they may stand, what they hold for, what can be wrong with them. */
#include "unit/script/fixture.h"

/* Knows "ip" and "name", and refuses the value "bad". */
static bool may_be_set(struct str name, struct str value, struct arena *a, struct error *e)
{
	(void)a;
	if (!str_eq(name, STR("ip")) && !str_eq(name, STR("name")))
		return FAIL(e, NOT_FOUND, "no setting '" STR_FMT "'; did you mean ip?", STR_ARG(name));
	return !str_eq(value, STR("bad")) || FAIL(e, INVALID, "a bad value; write a good one");
}

static schema_setting_fn *const checks[SCRIPT_BLOCK_COUNT] = { [SCRIPT_BLOCK_CLIENT] = may_be_set };
static const struct schema strict = { .roots = roots, .settings = checks };

static struct reading *read_strictly(const char *text)
{
	struct reading *r = ARENA_NEW(&arena, struct reading);
	r->ok = script_parse(&arena, STR("t.fiddle"), str_from(text), &strict, &r->script, &r->d);
	return r;
}

/* "name=value name=value": all settings that hold for a request, the earliest first. */
static struct str holding(const struct script_request *r)
{
	struct str all = STR("");
	for (const struct script_setting *s = r->settings; s; s = s->above)
		all = arena_printf(&arena, STR_FMT "=" STR_FMT "%s" STR_FMT, STR_ARG(s->name),
				   STR_ARG(s->value), all.len ? " " : "", STR_ARG(all));
	return all;
}

TEST(a_block_holds_for_the_requests_below_it)
{
	const struct script *s = read_good("GET /a\nclient\n  ip 1\n  name \"a  b\"\n"
					   "GET /b\nclient\n    ip 2\nGET /c\n");
	assert_str(holding(&s->tests[0].requests[0]), "");
	assert_str(holding(&s->tests[0].requests[1]), "ip=1 name=a  b");
	assert_str(holding(&s->tests[0].requests[2]), "ip=1 name=a  b ip=2");
}

TEST(a_tests_settings_end_with_it)
{
	const struct script *s = read_good("client\n  ip 1\ntest a\nclient\n  name x\nGET /\n"
					   "test b\nGET /\n");
	assert_str(holding(&s->tests[0].requests[0]), "ip=1 name=x");
	assert_str(holding(&s->tests[1].requests[0]), "ip=1");
}

TEST(a_value_is_the_rest_of_the_line_a_string_or_a_fence)
{
	const struct script *s = read_good("client\n  a  two words  \n  b \"\\n\"\n  c\n    ```\n    one\n"
					   "     two\n    ```\n  d \"\"\n\nGET /\n");
	assert_str(holding(&s->tests[0].requests[0]), "a=two words b=\n c=one\n two d=");
	assert_int_equal(s->tests[0].requests[0].settings->line, 9);
}

TEST(settings_are_checked_as_the_file_is_read)
{
	struct reading *r =
		read_strictly("client\n  ip bad\n  pi x\n  name ok\n  ip\n    ```\n    bad\n    ```\n");
	struct str all = printed(&r->d);
	assert_false(r->ok);
	assert_has(all, "t.fiddle:2:6: a bad value\n");
	assert_has(all, "write a good one");
	assert_has(all, "t.fiddle:3:3: no setting 'pi'\n");
	assert_has(all, "did you mean ip?");
	assert_has(all, "t.fiddle:6:5: a bad value\n");
	assert_int_equal(r->d.errors, 3);
	assert_true(read_strictly("client\n  ip 1\nGET /\n")->ok);
}

TEST(what_is_no_setting_is_told)
{
	assert_complains("client\n  ip\nGET /\n", "2:5", "ip has no value", "write ip VALUE");
	assert_complains("client 1.2.3.4\n  ip x\nGET /\n", "1:8", "nothing stands behind the word client",
			 "on a line of its own");
	assert_complains("client\n  ip \"x\nGET /\n", "2:6", "no closing quote", "\\\"");
	assert_complains("client\n  ip x\n    ```\n    y\n    ```\nGET /\n", "3:5",
			 "a value without a setting", "take it out");
	assert_complains("client\n  ip x\n\tip y\nGET /\n", "3:1", "indented with tabs", "alike");
	assert_complains("cleint\n  ip x\nGET /\n", "1:1", "unknown word cleint", "did you mean client?");
}

TEST(settings_have_a_layout)
{
	struct diagnostics d;
	struct str out;
	assert_true(script_format(&arena, STR("t.fiddle"),
				  STR("client\n      ip     192.0.2.1\n\tname   \"a\"\n"), &out,
				  &d) == false);
	assert_true(script_format(&arena, STR("t.fiddle"),
				  STR("origin a\n * /* -> 200\nclient\n      ip     192.0.2.1\n\n"
				      "      pem\n        ```\n        x\n        ```\nGET /\n"),
				  &out, &d));
	assert_str(out, "origin a\n"
			"  * /* -> 200\n"
			"\n"
			"client\n"
			"  ip 192.0.2.1\n"
			"\n"
			"  pem\n"
			"    ```\n"
			"    x\n"
			"    ```\n"
			"\n"
			"GET /\n");
}
