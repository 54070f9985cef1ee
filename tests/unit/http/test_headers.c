/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <ctype.h>
#include <string.h>

#include "http/fetch.h"
#include "http/headers.h"

static struct headers of(struct arena *a, const char *const (*fields)[2])
{
	struct headers h = { 0 };
	for (; (*fields)[0]; fields++)
		headers_add(&h, a, str_from((*fields)[0]), str_from((*fields)[1]));
	return h;
}

static const char *const some[][2] = { { "A", "1" }, { "b", "2" }, { "a", "3" },
				       { "C", "" },  { "A", "4" }, { NULL, NULL } };

TEST(names_compare_without_case_and_keep_it)
{
	struct arena a = { 0 };
	struct headers h = of(&a, some);
	assert_str(headers_get(&h, STR("a")), "1");
	assert_str(headers_get(&h, STR("B")), "2");
	assert_str(h.at[2].name, "a");
	assert_true(headers_has(&h, STR("c")));
	assert_non_null(headers_get(&h, STR("c")).ptr); /* empty is not missing */
	assert_false(headers_has(&h, STR("d")));
	arena_fini(&a);
}

TEST(all_fields_of_a_name_are_found_in_order)
{
	struct arena a = { 0 };
	struct headers h = of(&a, some);
	size_t from = 0;
	char values[8] = "";
	for (const struct header *f; (f = headers_next(&h, STR("a"), &from));)
		strncat(values, f->value.ptr, 1);
	assert_string_equal(values, "134");
	arena_fini(&a);
}

TEST(setting_replaces_all_where_the_first_stood)
{
	struct arena a = { 0 };
	struct headers h = of(&a, some);
	headers_set(&h, &a, STR("a"), STR("new"));
	assert_int_equal(h.count, 3);
	assert_str(h.at[0].value, "new");
	assert_str(h.at[1].name, "b");
	headers_set(&h, &a, h.at[1].name, h.at[0].value); /* from itself */
	assert_str(h.at[1].value, "new");
	headers_set(&h, &a, STR("z"), STR("end"));
	assert_str(h.at[3].name, "z");
	arena_fini(&a);
}

TEST(removing_says_how_many_there_were)
{
	struct arena a = { 0 };
	struct headers h = of(&a, some);
	assert_int_equal(headers_remove(&h, STR("A")), 3);
	assert_int_equal(headers_remove(&h, STR("A")), 0);
	assert_int_equal(h.count, 2);
	assert_str(h.at[1].name, "C");
	arena_fini(&a);
}

TEST(a_copy_needs_nothing_of_the_original)
{
	struct arena a = { 0 }, b = { 0 };
	struct headers h = of(&a, some), copy = headers_copy(&h, &b);
	assert_int_equal(headers_bytes(&copy), 5 + 5 + 5 + 4 + 5 + 5);
	arena_fini(&a);
	assert_str(headers_get(&copy, STR("b")), "2");
	arena_fini(&b);
}

TEST(lists_are_searched_element_by_element)
{
	static const char *const fields[][2] = { { "Connection", "keep-alive , Upgrade" },
						 { "connection", "x;q=1,close" },
						 { NULL, NULL } };
	struct arena a = { 0 };
	struct headers h = of(&a, fields);
	assert_true(headers_list_has(&h, STR("connection"), STR("upgrade")));
	assert_true(headers_list_has(&h, STR("connection"), STR("close")));
	assert_false(headers_list_has(&h, STR("connection"), STR("x")));
	assert_false(headers_list_has(&h, STR("connection"), STR("keep")));
	arena_fini(&a);
}

TEST(a_name_is_a_token)
{
	assert_false(header_name_valid(STR("")));
	for (int c = 0; c < 256; c++) {
		char name[] = { 'x', (char)c, 'y' };
		bool token = c < 0x80 && (isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c)));
		assert_int_equal(header_name_valid((struct str){ name, 3 }), token);
	}
}

TEST(a_value_has_no_controls_but_tabs)
{
	assert_true(header_value_valid(STR("")));
	for (int c = 0; c < 256; c++) {
		char value[] = { 'x', (char)c, 'y' };
		assert_int_equal(header_value_valid((struct str){ value, 3 }),
				 c == '\t' || (c >= 0x20 && c != 0x7f));
	}
}

TEST(every_error_of_a_fetch_has_a_name_and_words)
{
	for (int i = 0; i <= FETCH_H2_ERROR; i++) {
		const char *name = fetch_error_name((enum fetch_error)i);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
		assert_true(strlen(fetch_error_text((enum fetch_error)i)) > 1);
	}
	assert_string_equal(fetch_error_name(FETCH_CONNECTION_REFUSED), "connection_refused");
	assert_string_equal(fetch_error_name((enum fetch_error)1000), "unknown");
}

TEST(the_last_reference_to_a_fetch_abandons_the_body_unless_it_was_taken)
{
	struct clock *clock = clock_virtual_new(0);
	struct loop l;
	loop_init(&l, clock);
	for (int taken = 0; taken < 2; taken++) {
		struct body *body = body_new(&l), *mine = NULL;
		struct fetch *f = fetch_new(&l), *other = fetch_ref(f);
		fetch_respond(f, (struct http_response){ .status = 200, .body = body_ref(body) });
		fetch_unref(&f);
		assert_null(f);
		if (taken)
			mine = take(other->response.body);
		fetch_unref(&other);
		assert_int_equal(body_abandoned(body), !taken);
		body_unref(&mine);
		body_unref(&body);
	}
	loop_fini(&l);
	clock_destroy(&clock);
}
