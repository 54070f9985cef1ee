/* SPDX-License-Identifier: Apache-2.0 */
/* base/toml.h: kinds, places, order, and everything that is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/toml.h"
#include "support/test.h"

struct setup {
	struct arena arena;
	struct error error;
};

static void begin(struct setup *s)
{
	*s = (struct setup){ 0 };
	arena_init(&s->arena);
}

static void end(struct setup *s)
{
	arena_fini(&s->arena);
}

static const struct toml_value *parse(struct setup *s, const char *text)
{
	const struct toml_value *root = NULL;
	if (!toml_parse(&s->arena, str_from(text), STR("t.toml"), &root, &s->error))
		fail_msg("%s", s->error.text);
	return root;
}

static const struct toml_value *get(const struct toml_value *table, const char *key)
{
	const struct toml_value *v = toml_get(table, str_from(key));
	assert_non_null(v);
	return v;
}

static void assert_refused(const char *text, const char *why)
{
	struct setup s;
	const struct toml_value *root;
	begin(&s);
	if (toml_parse(&s.arena, str_from(text), STR("t.toml"), &root, &s.error))
		fail_msg("taken: %s", text);
	assert_error(&s.error, INVALID, why);
	end(&s);
}

TEST(every_kind_of_value_is_read)
{
	struct setup s;
	begin(&s);
	const struct toml_value *t =
		parse(&s, "s = \"a\\n\\u00e9\"\ni = -42\nf = 1.5\nb = true\nd = 1979-05-27\n"
			  "a = [1, 'x']\nt = { k = 'v' }\nn = nan\nx = 0xff\n");
	assert_str(get(t, "s")->text, "a\n\xc3\xa9");
	assert_int_equal(get(t, "i")->integer, -42);
	assert_true(get(t, "f")->number > 1.49 && get(t, "f")->number < 1.51);
	assert_true(get(t, "b")->truth);
	assert_int_equal(get(t, "d")->kind, TOML_DATE);
	assert_int_equal(get(t, "a")->kind, TOML_ARRAY);
	assert_int_equal(get(t, "a")->count, 2);
	assert_int_equal(get(t, "a")->first->integer, 1);
	assert_str(get(t, "a")->first->next->text, "x");
	assert_str(get(get(t, "t"), "k")->text, "v");
	assert_true(isnan(get(t, "n")->number));
	assert_int_equal(get(t, "x")->integer, 255);
	assert_null(toml_get(t, STR("missing")));
	end(&s);
}

TEST(values_and_keys_know_where_they_stand)
{
	struct setup s;
	begin(&s);
	const struct toml_value *t = parse(&s, "a = 1\n\n[table.inner]\n  key  =  [ 'x',\n 'y' ]\n");
	const struct toml_value *key = get(get(get(t, "table"), "inner"), "key");
	assert_int_equal(key->key_line, 4);
	assert_int_equal(key->key_column, 3);
	assert_int_equal(key->line, 4);
	assert_int_equal(key->column, 11);
	assert_int_equal(key->first->next->line, 5);
	assert_int_equal(key->first->next->column, 2);
	assert_int_equal(get(t, "table")->key_line, 3);
	end(&s);
}

TEST(members_come_in_the_order_of_the_text)
{
	struct setup s;
	begin(&s);
	const char *const expected[] = { "zebra", "apple", "mango", "b" };
	const struct toml_value *v = parse(&s, "zebra = 1\napple = 2\nmango.x = 3\n[b]\n")->first;
	for (size_t i = 0; i < COUNT_OF(expected); i++, v = v->next)
		assert_str(v->key, expected[i]);
	assert_null(v);
	end(&s);
}

TEST(keys_may_be_quoted_dotted_and_empty)
{
	struct setup s;
	begin(&s);
	const struct toml_value *t = parse(&s, "a.'b.c'.\"d\\te\" = 1\n\"\" = 2\n");
	assert_int_equal(get(get(get(t, "a"), "b.c"), "d\te")->integer, 1);
	assert_int_equal(get(t, "")->integer, 2);
	end(&s);
}

TEST(an_empty_text_is_an_empty_table)
{
	struct setup s;
	const struct toml_value *root;
	begin(&s);
	assert_null(parse(&s, "")->first);
	assert_null(parse(&s, "# only a comment")->first);
	assert_true(toml_parse(&s.arena, (struct str){ NULL, 0 }, STR("t"), &root, &s.error));
	assert_int_equal(root->kind, TOML_TABLE);
	assert_int_equal(root->count, 0);
	end(&s);
}

TEST(a_string_may_hold_a_nul_the_text_may_not)
{
	struct setup s;
	const struct toml_value *root;
	begin(&s);
	const struct toml_value *v = get(parse(&s, "k = \"a\\u0000b\""), "k");
	assert_int_equal(v->text.len, 3);
	assert_memory_equal(v->text.ptr, "a\0b", 3);
	assert_false(
		toml_parse(&s.arena, (struct str){ "a = 1\nb\0 = 2", 12 }, STR("t.toml"), &root, &s.error));
	assert_error(&s.error, INVALID, "t.toml:2:2: there is a NUL byte");
	end(&s);
}

TEST(what_is_not_toml_is_refused_with_its_place)
{
	assert_refused("a = 1\nb = ", "t.toml:2:");
	assert_refused("a = 1\na = 2\n", "t.toml:2:");
	assert_refused("[t]\n[t]\n", "t.toml:2:");
	assert_refused("a*b = 1", "t.toml:1:2:");
	assert_refused("a = \"open", "t.toml:1:");
	assert_refused("a = '''open\n\n", "t.toml:");
	assert_refused("a = 99999999999999999999", "t.toml:1:");
	assert_refused("a = \"\xff\"", "t.toml:");
	assert_refused("\xed\xa0\x80 = 1", "t.toml:");
	assert_refused("a = \"\x01\"", "t.toml:1:");
}

/* What once made the parser break its own assertions, or worse. */
TEST(nonsense_that_the_parser_does_not_expect_is_refused_with_its_place)
{
	assert_refused("[\na = 1", "t.toml:1:2: something else is expected here");
	assert_refused("a = 1\nb = [ }", "t.toml:2:7: something else is expected here");
	assert_refused("t = { \xc3\xa9 = 1 }", "t.toml:1:7:");
	assert_refused("\xc3\xa9 = 1", "t.toml:1:1:");
}

TEST(letters_may_follow_a_line_that_goes_on)
{
	struct setup s;
	begin(&s);
	assert_str(get(parse(&s, "k = \"\"\"a\\\n  \xc3\xa9\"\"\""), "k")->text, "a\xc3\xa9");
	end(&s);
}

/* ---- limits ---- */

static char *repeat(const char *part, size_t times, const char *tail)
{
	size_t len = strlen(part);
	char *text = mem_alloc(len * times + strlen(tail) + 1);
	for (size_t i = 0; i < times; i++)
		memcpy(text + i * len, part, len);
	strcpy(text + times * len, tail);
	return text;
}

TEST(a_key_may_have_32_parts_and_no_more)
{
	struct setup s;
	begin(&s);
	char *text = repeat("a.", TOML_KEY_PARTS_MAX - 1, "a = 1");
	parse(&s, text);
	mem_free(text);
	text = repeat("a.", TOML_KEY_PARTS_MAX, "a = 1");
	assert_refused(text, "t.toml:1:64: this key has too many parts");
	mem_free(text);
	text = repeat("a.", 1000000, "a = 1");
	assert_refused(text, "too many parts");
	mem_free(text);
	text = repeat("'a'  .", 100, "a = 1");
	assert_refused(text, "too many parts");
	mem_free(text);
	end(&s);
}

TEST(dots_in_strings_and_comments_are_no_parts)
{
	struct setup s;
	begin(&s);
	char *dots = repeat(".", 200, "");
	char text[2000];
	snprintf(text, sizeof text,
		 "a = \"%s\\\"%s\" # %s\nb = '%s'\nc = \"\"\"%s\n%s\\\n\"\"\"\nd = '''%s\"'''\n'%s' = [1.5, "
		 "2.5, \"%s\"]\n",
		 dots, dots, dots, dots, dots, dots, dots, dots, dots);
	assert_int_equal(parse(&s, text)->count, 5);
	mem_free(dots);
	end(&s);
}

TEST(a_string_may_end_with_quotes_of_its_own)
{
	struct setup s;
	begin(&s);
	char *dots = repeat(".", 40, "");
	char text[400];
	snprintf(text, sizeof text, "a = \"\"\"x\"\"\"\"\"\nb = '''y''''\nc = \"%s\"\n", dots);
	const struct toml_value *t = parse(&s, text);
	assert_str(get(t, "a")->text, "x\"\"");
	assert_str(get(t, "b")->text, "y'");
	mem_free(dots);
	end(&s);
}

TEST(nesting_is_limited)
{
	char *text = repeat("[", 40, "");
	char doc[200];
	snprintf(doc, sizeof doc, "a = %s", text);
	assert_refused(doc, "depth");
	mem_free(text);
	text = repeat("{ a = ", 100000, "1");
	char *all = mem_alloc(strlen(text) + 10);
	sprintf(all, "a = %s", text);
	assert_refused(all, "depth");
	mem_free(all);
	mem_free(text);
}

TEST(a_text_that_is_too_large_is_refused)
{
	struct setup s;
	const struct toml_value *root;
	begin(&s);
	char *text = mem_alloc(TOML_BYTES_MAX + 1);
	memset(text, '\n', TOML_BYTES_MAX + 1);
	assert_false(toml_parse(&s.arena, (struct str){ text, TOML_BYTES_MAX + 1 }, STR("t.toml"), &root,
				&s.error));
	assert_error(&s.error, LIMIT, "t.toml: is larger than");
	mem_free(text);
	end(&s);
}

TEST(kinds_have_names)
{
	assert_string_equal(toml_kind_text(TOML_STRING), "a string");
	assert_string_equal(toml_kind_text(TOML_DATE), "a date");
	assert_string_equal(toml_kind_text(TOML_TABLE), "a table");
}
