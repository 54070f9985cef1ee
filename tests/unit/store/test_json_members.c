/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/json_members.h"
#include "support/test.h"

/* "key=text;" for each member. */
static void assert_split(bool array, const char *json, const char *expected)
{
	struct error e = { 0 };
	struct arena a;
	struct json_member *first;
	struct buf out = BUF_INIT(4096);
	arena_init(&a);
	if (!(array ? json_elements : json_members)(&a, str_from(json), &first, &e))
		fail_msg("%s", e.text);
	for (const struct json_member *m = first; m; m = m->next)
		buf_printf(&out, STR_FMT "=" STR_FMT ";", STR_ARG(m->key), STR_ARG(m->text));
	assert_str(buf_str(&out), expected);
	buf_fini(&out);
	arena_fini(&a);
}

TEST(members_come_in_the_order_of_the_text)
{
	assert_split(false, "{\"b\":1,\"a\":2,\"b\":3}", "b=1;a=2;b=3;");
	assert_split(false, " {\r\n} ", "");
}

TEST(elements_have_no_keys)
{
	assert_split(true, "[ 1 , \"a\",{\"x\":[]} ,[[]], null]", "=1;=\"a\";={\"x\":[]};=[[]];=null;");
	assert_split(true, "[]", "");
}

TEST(brackets_and_quotes_in_strings_do_not_count)
{
	assert_split(false, "{\"a]}\\\"\":\"}{][\\\\\",\"b\":{\"c\":\"}\"}}",
		     "a]}\"=\"}{][\\\\\";b={\"c\":\"}\"};");
}

TEST(the_last_member_of_a_key_counts)
{
	struct error e;
	struct arena a;
	struct json_member *first;
	arena_init(&a);
	assert_true(json_members(&a, STR("{\"k\":1,\"l\":2,\"k\":\"last\"}"), &first, &e));
	assert_str(json_member_of(first, STR("k"))->string, "last");
	assert_null(json_member_of(first, STR("m")));
	arena_fini(&a);
}

TEST(the_wrong_kind_of_value_is_an_error)
{
	struct error e = { 0 };
	struct arena a;
	struct json_member *first;
	arena_init(&a);
	assert_false(json_members(&a, STR("[1]"), &first, &e));
	assert_error(&e, INVALID, "is not a JSON object");
	assert_false(json_elements(&a, STR("{}"), &first, &e));
	assert_error(&e, INVALID, "is not a JSON array");
	assert_false(json_members(&a, (struct str){ NULL, 0 }, &first, &e));
	arena_fini(&a);
}

/* Whatever the bytes: an answer, and no read outside of them (a sanitizer looks). */
TEST(a_nul_byte_is_no_json_wherever_it_stands)
{
	struct error e = { 0 };
	struct arena a;
	struct json_member *first;
	arena_init(&a);
	assert_false(json_members(&a, STR("{\n\"a\":101\0,\"b\":1}"), &first, &e));
	assert_error(&e, INVALID, "2:8: a NUL byte");
	assert_false(json_elements(&a, STR("[1\0]"), &first, &e));
	assert_error(&e, INVALID, "1:3: a NUL byte");
	arena_fini(&a);
}

TEST(random_bytes_are_split_or_refused)
{
	static const char alphabet[] = "{}[]\":,\\ 0aeu\n";
	uint64_t state = 1;
	for (int round = 0; round < 20000; round++) {
		char text[24];
		size_t len = (size_t)(round % 24);
		struct error e;
		struct arena a;
		struct json_member *first;
		for (size_t i = 0; i < len; i++) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
			text[i] = alphabet[(state >> 33) % (sizeof alphabet - 1)];
		}
		char *exact = malloc(len + 1);
		memcpy(exact, text, len);
		arena_init(&a);
		(void)!json_members(&a, (struct str){ exact, len }, &first, &e);
		(void)!json_elements(&a, (struct str){ exact, len }, &first, &e);
		arena_fini(&a);
		free(exact);
	}
}
