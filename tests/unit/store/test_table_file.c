/* SPDX-License-Identifier: Apache-2.0 */
/* What only a table in a file does: reading it, checking it, noticing that it changed. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/table.h"
#include "support/test.h"

static void assert_holds(struct table *t, const char *key, const char *expected)
{
	struct error e;
	struct str value;
	struct arena a;
	arena_init(&a);
	assert_true(table_get(t, str_from(key), &a, &value, &e));
	assert_str(value, expected);
	arena_fini(&a);
}

static bool holds_nothing(struct table *t, const char *key)
{
	struct error e = { 0 };
	struct str value;
	struct arena a;
	arena_init(&a);
	bool found = table_get(t, str_from(key), &a, &value, &e);
	arena_fini(&a);
	return !found && e.kind == ERROR_NOT_FOUND;
}

static struct table *open_json(const char *json, bool json_values)
{
	struct error e = { 0 };
	struct table *t;
	if (!table_file_open(&t, test_write("t.json", str_from(json)), json_values, NULL, &e))
		fail_msg("%s", e.text);
	return t;
}

static void assert_refused(const char *json, bool json_values, table_check_fn *check, const char *why)
{
	struct error e = { 0 };
	struct table *t;
	assert_false(table_file_open(&t, test_write("t.json", str_from(json)), json_values, check, &e));
	assert_error(&e, INVALID, why);
	assert_error(&e, INVALID, "t.json:");
}

TEST(strings_are_taken_without_quotes_and_escapes)
{
	struct table *t =
		open_json(" { \"a\" : \"x\\n\\u00e9\\\"\" ,\t\"k\\u0041\":\"\",\"n\":\"a\\u0000b\" }\n",
			  false);
	assert_holds(t, "a", "x\n\xc3\xa9\"");
	assert_holds(t, "kA", "");
	struct error e;
	struct str value;
	struct arena a;
	arena_init(&a);
	assert_true(table_get(t, STR("n"), &a, &value, &e));
	assert_int_equal(value.len, 3);
	assert_memory_equal(value.ptr, "a\0b", 3);
	arena_fini(&a);
	table_unref(&t);
}

TEST(json_values_are_kept_byte_for_byte)
{
	struct table *t = open_json(
		"{\"o\":{ \"n\" : 37.77869, \"s\":\"}]\\\"{\" },\"a\":[1,[2,{}],\"]\"],\"n\": -1.50e+2 ,"
		"\"t\":true,\"s\":\"x\\u0041\"}",
		true);
	assert_holds(t, "o", "{ \"n\" : 37.77869, \"s\":\"}]\\\"{\" }");
	assert_holds(t, "a", "[1,[2,{}],\"]\"]");
	assert_holds(t, "n", "-1.50e+2");
	assert_holds(t, "t", "true");
	assert_holds(t, "s", "\"x\\u0041\"");
	table_unref(&t);
}

TEST(of_two_entries_with_one_key_the_last_counts)
{
	struct table *t = open_json("{\"k\":\"1\",\"k\":\"2\"}", false);
	assert_holds(t, "k", "2");
	table_unref(&t);
}

TEST(an_empty_object_is_an_empty_table)
{
	struct table *t = open_json("{}", false);
	assert_true(holds_nothing(t, "k"));
	table_unref(&t);
}

TEST(what_is_not_one_good_object_is_refused_with_its_place)
{
	assert_refused("", false, NULL, ":1:");
	assert_refused("[]", false, NULL, "is not a JSON object");
	assert_refused("\"text\"", false, NULL, "is not a JSON object");
	assert_refused("{\"a\":\"b\"", false, NULL, "t.json:1:8: ");
	assert_refused("{\n\"a\":\n nonsense}", false, NULL, "t.json:3:");
	assert_refused("{\"a\":\"b\"} x", false, NULL, "t.json:1:");
	assert_refused("{\"a\":\"\xff\"}", false, NULL, "byte 0xff");
	assert_refused("{\"a\":01}", true, NULL, "t.json:1:");
}

TEST(a_value_that_is_no_string_is_refused_and_named)
{
	assert_refused("{\"fine\":\"x\",\"count\":3}", false, NULL, "the value of 'count' is not a string");
}

TEST(deep_nesting_is_refused_not_followed)
{
	char json[20000];
	for (size_t i = 0; i < sizeof json; i++)
		json[i] = '[';
	json[sizeof json - 1] = '\0';
	assert_refused(json, true, NULL, "depth");
}

static bool shout(struct arena *a, struct str *key, struct str *value, struct error *e)
{
	if (str_eq(*key, STR("bad")))
		return FAIL(e, INVALID, "'bad' is not allowed");
	*key = arena_printf(a, STR_FMT "!", STR_ARG(*key));
	*value = STR("checked");
	return true;
}

TEST(a_check_may_change_and_refuse_entries)
{
	struct error e = { 0 };
	struct table *t;
	const char *path = test_write("t.json", STR("{\"a\":\"1\"}"));
	assert_true(table_file_open(&t, path, false, shout, &e));
	assert_holds(t, "a!", "checked");
	assert_true(holds_nothing(t, "a"));
	table_unref(&t);
	assert_refused("{\"bad\":\"1\"}", false, shout, "'bad' is not allowed");
}

/* ---- what is not a file ---- */

TEST(a_file_that_cannot_be_read_is_an_error_at_once)
{
	struct error e = { 0 };
	struct table *t;
	assert_false(table_file_open(&t, test_path("missing.json"), false, NULL, &e));
	assert_error(&e, IO, "missing.json: No such file or directory");
	assert_false(table_file_open(&t, test_dir(), false, NULL, &e));
	assert_error(&e, IO, "is a folder");
	const char *pipe_path = test_path("pipe");
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	assert_false(table_file_open(&t, pipe_path, false, NULL, &e)); /* and does not wait for a writer */
	assert_error(&e, IO, "is not a file");
	assert_false(table_file_open(&t, "/dev/zero", false, NULL, &e));
	assert_error(&e, IO, "is not a file");
}

/* ---- changes ---- */

TEST(a_changed_file_is_read_again_by_all_forks)
{
	struct table *t = open_json("{\"k\":\"old\"}", false), *child = table_fork(t);
	assert_holds(child, "k", "old");
	test_write("t.json", STR("{\"k\":\"new one\"}"));
	assert_holds(t, "k", "new one");
	assert_holds(child, "k", "new one");
	table_unref(&child);
	table_unref(&t);
}

TEST(a_fork_that_was_written_to_does_not_look_at_the_file_any_more)
{
	struct error e;
	struct table *t = open_json("{\"k\":\"old\",\"l\":\"old\"}", false), *child = table_fork(t);
	assert_true(table_put(child, STR("k"), STR("own"), &e));
	test_write("t.json", STR("{\"k\":\"new one\"}"));
	assert_holds(child, "k", "own");
	assert_holds(child, "l", "old");
	assert_holds(t, "k", "new one");
	table_unref(&child);
	table_unref(&t);
}

TEST(a_file_that_cannot_be_used_any_more_keeps_its_last_good_content)
{
	const char *why;
	struct table *t = open_json("{\"k\":\"good\"}", false);
	assert_int_equal(table_file_failures(t, &why), 0);
	assert_string_equal(why, "");
	test_write("t.json", STR("{\"k\": broken"));
	assert_holds(t, "k", "good");
	assert_holds(t, "k", "good");
	assert_int_equal(table_file_failures(t, &why), 1); /* it was tried once, not at every get */
	assert_non_null(strstr(why, "t.json:1:"));
	assert_int_equal(unlink(test_path("t.json")), 0);
	assert_holds(t, "k", "good");
	assert_holds(t, "k", "good");
	assert_int_equal(table_file_failures(t, &why), 2);
	test_write("t.json", STR("{\"k\":\"better\"}"));
	assert_holds(t, "k", "better");
	table_unref(&t);
}

/* ---- tables by name ---- */

static struct table *with(const char *value)
{
	struct error e;
	struct table *t = table_memory_new();
	assert_true(table_put(t, STR("k"), str_from(value), &e));
	return t;
}

TEST(tables_are_found_by_name_and_replaced)
{
	struct tables ts = { 0 };
	assert_null(tables_find(&ts, STR("a")));
	assert_null(tables_writable(&ts, STR("a")));
	tables_add(&ts, STR("a"), with("1"));
	tables_add(&ts, STR("b"), with("2"));
	assert_holds(tables_find(&ts, STR("a")), "k", "1");
	tables_add(&ts, STR("a"), with("3"));
	assert_holds(tables_find(&ts, STR("a")), "k", "3");
	tables_fini(&ts);
	assert_null(tables_find(&ts, STR("a")));
}

TEST(a_writable_table_is_seen_by_no_copy)
{
	struct error e;
	struct tables ts = { 0 };
	tables_add(&ts, STR("a"), with("1"));
	struct tables copy = { pmap_copy(&ts.by_name) };
	assert_true(table_put(tables_writable(&copy, STR("a")), STR("k"), STR("copy's"), &e));
	assert_true(table_put(tables_writable(&ts, STR("a")), STR("k"), STR("own"), &e));
	assert_holds(tables_find(&copy, STR("a")), "k", "copy's");
	assert_holds(tables_find(&ts, STR("a")), "k", "own");
	tables_fini(&copy);
	tables_fini(&ts);
}
