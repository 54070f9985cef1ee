/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of store/table.h. Every subject starts with a = "1", b = "two", empty = "". */
#include "base/arena.h"
#include "contract/contract.h"
#include "store/table.h"

enum { FAR_AWAY = 1000000000 };

struct subject {
	struct table *table;
	struct arena arena;
};

static struct table *memory(void)
{
	struct error e;
	struct table *t = table_memory_new();
	assert_true(table_put(t, STR("a"), STR("1"), &e));
	assert_true(table_put(t, STR("b"), STR("two"), &e));
	assert_true(table_put(t, STR("empty"), STR(""), &e));
	return t;
}

static struct table *file(void)
{
	struct error e;
	struct table *t;
	const char *path = test_write("table.json", STR("{\"a\": \"1\", \"b\": \"two\", \"empty\": \"\"}"));
	assert_true(table_file_open(&t, path, false, NULL, &e));
	return t;
}

static struct table *fork_of(struct table *parent)
{
	struct table *t = table_fork(parent);
	table_unref(&parent);
	return t;
}

static struct table *fork_of_a_fork(void)
{
	return fork_of(fork_of(memory()));
}

static struct table *fork_of_a_file(void)
{
	return fork_of(file());
}

static struct table *written_file(void)
{
	struct error e;
	struct table *t = file();
	assert_true(table_put(t, STR("a"), STR("1"), &e));
	return t;
}

static struct table *failing_later(void)
{
	return table_failing_new(memory(), FAR_AWAY);
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, memory)               \
	X(promise, file)                 \
	X(promise, fork_of_a_fork)       \
	X(promise, fork_of_a_file)       \
	X(promise, written_file)         \
	X(promise, failing_later)

static void begin(struct subject *s, struct table *(*make)(void))
{
	arena_init(&s->arena);
	s->table = make();
}

static void end(struct subject *s)
{
	table_unref(&s->table);
	arena_fini(&s->arena);
}

static void assert_holds(struct subject *s, struct table *t, struct str key, const char *expected)
{
	struct error e;
	struct str value;
	assert_true(table_get(t, key, &s->arena, &value, &e));
	assert_str(value, expected);
}

static void assert_lacks(struct subject *s, struct table *t, struct str key)
{
	struct error e = { 0 };
	struct str value;
	assert_false(table_get(t, key, &s->arena, &value, &e));
	assert_int_equal(e.kind, ERROR_NOT_FOUND);
}

static void put(struct table *t, struct str key, struct str value)
{
	struct error e;
	assert_true(table_put(t, key, value, &e));
}

CONTRACT(what_is_in_the_table_is_found)
{
	assert_holds(s, s->table, STR("a"), "1");
	assert_holds(s, s->table, STR("b"), "two");
}

CONTRACT(an_empty_value_is_a_value)
{
	assert_holds(s, s->table, STR("empty"), "");
}

CONTRACT(an_unknown_key_is_not_found_and_named)
{
	struct error e = { 0 };
	struct str value;
	assert_false(table_get(s->table, STR("nothing"), &s->arena, &value, &e));
	assert_error(&e, NOT_FOUND, "'nothing'");
	assert_lacks(s, s->table, STR(""));
	assert_lacks(s, s->table, STR("A"));
}

CONTRACT(a_put_is_found_and_replaces)
{
	put(s->table, STR("new"), STR("n"));
	put(s->table, STR("a"), STR("changed"));
	assert_holds(s, s->table, STR("new"), "n");
	assert_holds(s, s->table, STR("a"), "changed");
	assert_holds(s, s->table, STR("b"), "two");
}

CONTRACT(keys_and_values_may_be_any_bytes)
{
	struct error e;
	struct str value;
	put(s->table, (struct str){ "a\0b", 3 }, (struct str){ "\xff\0", 2 });
	put(s->table, STR(""), STR("of nothing"));
	assert_true(table_get(s->table, (struct str){ "a\0b", 3 }, &s->arena, &value, &e));
	assert_int_equal(value.len, 2);
	assert_memory_equal(value.ptr, "\xff\0", 2);
	assert_holds(s, s->table, STR(""), "of nothing");
	assert_holds(s, s->table, STR("a"), "1");
}

CONTRACT(a_value_outlives_its_table)
{
	struct error e;
	struct str value;
	assert_true(table_get(s->table, STR("b"), &s->arena, &value, &e));
	put(s->table, STR("b"), STR("other"));
	table_unref(&s->table);
	assert_str(value, "two");
}

CONTRACT(a_fork_and_its_origin_do_not_see_each_others_writes)
{
	struct table *child = table_fork(s->table);
	assert_holds(s, child, STR("a"), "1");
	put(child, STR("a"), STR("child's"));
	put(s->table, STR("b"), STR("parent's"));
	assert_holds(s, s->table, STR("a"), "1");
	assert_holds(s, child, STR("b"), "two");
	struct table *grandchild = table_fork(child);
	put(grandchild, STR("a"), STR("grandchild's"));
	table_unref(&child);
	assert_holds(s, grandchild, STR("a"), "grandchild's");
	assert_holds(s, grandchild, STR("b"), "two");
	table_unref(&grandchild);
	assert_holds(s, s->table, STR("a"), "1");
}

CONTRACT(a_failure_is_clean_and_the_next_call_works)
{
	for (unsigned nth = 0; nth < 3; nth++) {
		struct error e = { 0 };
		struct str value;
		struct table *t = table_failing_new(table_fork(s->table), nth);
		for (unsigned i = 0; i < nth; i++)
			assert_holds(s, t, STR("a"), "1");
		assert_false(table_put(t, STR("a"), STR("lost"), &e));
		assert_error(&e, IO, "fault injected");
		assert_true(table_get(t, STR("a"), &s->arena, &value, &e));
		assert_str(value, "1");
		put(t, STR("a"), STR("kept"));
		assert_holds(s, t, STR("a"), "kept");
		table_unref(&t);
	}
}

CONTRACT(a_shared_table_is_forked_before_it_is_written_to)
{
	struct table *own = table_ref(s->table);
	table_own(&own);
	assert_ptr_not_equal(own, s->table);
	put(own, STR("a"), STR("own"));
	assert_holds(s, s->table, STR("a"), "1");
	struct table *same = own;
	table_own(&own);
	assert_ptr_equal(own, same);
	table_unref(&own);
}

CONTRACT(what_is_removed_is_gone_in_this_table_alone)
{
	struct error e = { 0 };
	struct table *child = table_fork(s->table);
	assert_true(table_remove(child, STR("a"), &e));
	assert_lacks(s, child, STR("a"));
	assert_holds(s, child, STR("b"), "two");
	assert_holds(s, s->table, STR("a"), "1");
	assert_false(table_remove(child, STR("a"), &e));
	assert_error(&e, NOT_FOUND, "'a'");
	table_unref(&child);
}

CONTRACT(all_entries_come_in_the_order_of_their_keys)
{
	static const char *const expected[] = { "a", "1", "b", "two", "c", "3", "empty", "" };
	size_t at = 0;
	put(s->table, STR("c"), STR("3"));
	for (struct table_item i = { 0 }; table_next(s->table, &i); at += 2) {
		assert_true(at < COUNT_OF(expected));
		assert_str(i.key, expected[at]);
		assert_str(i.value, expected[at + 1]);
	}
	assert_int_equal(at, COUNT_OF(expected));
}
