/* SPDX-License-Identifier: Apache-2.0 */
/* The map is held against a plain array that does the same, copies against the array as it was when they were
 * made. */
#include "base/pmap.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "support/test.h"

struct number {
	struct rc rc;
	int value;
};

static int alive; /* values that somebody holds */

static void number_destroy(struct rc *r)
{
	alive--;
	mem_free(r);
}

static struct rc *number_new(int value)
{
	struct number *n = NEW(struct number);
	rc_init(&n->rc, number_destroy);
	n->value = value;
	alive++;
	return &n->rc;
}

static int number_of(const struct rc *r)
{
	return ((const struct number *)r)->value;
}

static struct str key_of(int n, char room[16])
{
	return (struct str){ room, (size_t)snprintf(room, 16, "key-%d", n) };
}

static void put(struct pmap *m, int key, int value)
{
	char room[16];
	pmap_put(m, key_of(key, room), number_new(value));
}

static int get(const struct pmap *m, int key) /* -1: not there */
{
	char room[16];
	const struct rc *r = pmap_get(m, key_of(key, room));
	return r ? number_of(r) : -1;
}

static bool removed(struct pmap *m, int key)
{
	char room[16];
	return pmap_remove(m, key_of(key, room));
}

TEST(the_empty_map_has_nothing)
{
	struct pmap m = { 0 };
	assert_int_equal(pmap_count(&m), 0);
	assert_null(pmap_get(&m, STR("x")));
	assert_false(pmap_remove(&m, STR("x")));
	for (struct pmap_entry e = { 0 }; pmap_each(&m, &e);)
		fail();
	struct pmap copy = pmap_copy(&m);
	pmap_fini(&copy);
	pmap_fini(&m);
}

TEST(what_is_put_is_found_until_it_is_replaced_or_removed)
{
	struct pmap m = { 0 };
	alive = 0;
	put(&m, 1, 10);
	put(&m, 2, 20);
	assert_int_equal(get(&m, 1), 10);
	put(&m, 1, 11);
	assert_int_equal(get(&m, 1), 11);
	assert_int_equal(pmap_count(&m), 2);
	assert_true(removed(&m, 1));
	assert_false(removed(&m, 1));
	assert_int_equal(get(&m, 1), -1);
	assert_int_equal(alive, 1);
	pmap_fini(&m);
	assert_int_equal(alive, 0);
	assert_int_equal(pmap_count(&m), 0);
}

TEST(keys_may_be_empty_and_hold_any_byte)
{
	struct pmap m = { 0 };
	pmap_put(&m, STR(""), number_new(1));
	pmap_put(&m, STR("\0"), number_new(2));
	pmap_put(&m, STR("\0\0"), number_new(3));
	pmap_put(&m, STR("\xff"), number_new(4));
	assert_int_equal(number_of(pmap_get(&m, STR(""))), 1);
	assert_int_equal(number_of(pmap_get(&m, STR("\0\0"))), 3);
	int order[4], n = 0;
	for (struct pmap_entry e = { 0 }; pmap_each(&m, &e);)
		order[n++] = number_of(e.value);
	assert_int_equal(n, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(order[i], i + 1);
	pmap_fini(&m);
}

TEST(neither_copy_sees_what_happens_to_the_other)
{
	struct pmap a = { 0 };
	alive = 0;
	for (int i = 0; i < 100; i++)
		put(&a, i, i);
	struct pmap b = pmap_copy(&a);
	for (int i = 0; i < 100; i += 2)
		assert_true(removed(&a, i));
	put(&b, 7, 700);
	put(&b, 1000, 1);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(get(&a, i), i % 2 ? i : -1);
		assert_int_equal(get(&b, i), i == 7 ? 700 : i);
	}
	assert_int_equal(pmap_count(&a), 50);
	assert_int_equal(pmap_count(&b), 101);
	assert_int_equal(get(&a, 1000), -1);
	pmap_fini(&a);
	assert_int_equal(get(&b, 4), 4);
	pmap_fini(&b);
	assert_int_equal(alive, 0);
}

TEST(the_key_given_may_be_the_one_in_the_map)
{
	struct pmap m = { 0 };
	for (int i = 0; i < 50; i++)
		put(&m, i, i);
	for (struct str key; pmap_count(&m);) {
		struct rc *value;
		assert_true(pmap_next(&m, STR(""), false, &key, &value));
		if (pmap_count(&m) % 3 == 0)
			pmap_put(&m, key, number_new(1));
		assert_true(pmap_next(&m, STR(""), false, &key, &value));
		assert_true(pmap_remove(&m, key));
	}
	pmap_fini(&m);
}

TEST(the_next_key_is_found_also_from_one_that_is_not_there)
{
	struct pmap m = { 0 };
	struct str key;
	struct rc *value;
	pmap_put(&m, STR("b"), number_new(1));
	pmap_put(&m, STR("d"), number_new(2));
	assert_true(pmap_next(&m, STR("a"), false, &key, &value));
	assert_str(key, "b");
	assert_true(pmap_next(&m, STR("b"), false, &key, &value));
	assert_str(key, "d");
	assert_true(pmap_next(&m, STR("b"), true, &key, &value));
	assert_str(key, "b");
	assert_true(pmap_next(&m, STR("c"), true, &key, &value));
	assert_str(key, "d");
	assert_false(pmap_next(&m, STR("d"), false, &key, &value));
	assert_false(pmap_next(&m, STR("e"), true, &key, &value));
	pmap_fini(&m);
}

/* ---- against a model ---- */

enum { KEYS = 64, COPIES = 8 };

struct model {
	struct pmap map;
	int values[KEYS]; /* -1: not there */
};

static void assert_same(const struct model *m)
{
	size_t n = 0;
	struct str before = { NULL, 0 };
	for (int key = 0; key < KEYS; key++) {
		assert_int_equal(get(&m->map, key), m->values[key]);
		n += m->values[key] >= 0;
	}
	assert_int_equal(pmap_count(&m->map), n);
	for (struct pmap_entry e = { 0 }; pmap_each(&m->map, &e); n--) {
		assert_true(before.ptr == NULL || str_cmp(before, e.key) < 0);
		before = e.key;
	}
	assert_int_equal(n, 0);
}

static uint32_t roll(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % sides;
}

TEST(random_changes_to_many_copies_do_what_a_plain_table_does)
{
	for (uint32_t round = 0; round < 20; round++) {
		struct model models[COPIES];
		uint32_t seed = round;
		alive = 0;
		for (int i = 0; i < COPIES; i++) {
			models[i].map = (struct pmap){ 0 };
			memset(models[i].values, 0xff, sizeof models[i].values);
		}
		for (int step = 0; step < 2000; step++) {
			struct model *m = &models[roll(&seed, COPIES)], *from = &models[roll(&seed, COPIES)];
			int key = (int)roll(&seed, KEYS);
			uint32_t what = roll(&seed, 20);
			if (what == 0 && m != from) { /* a frame is pushed or popped */
				pmap_fini(&m->map);
				m->map = pmap_copy(&from->map);
				memcpy(m->values, from->values, sizeof m->values);
			} else if (what < 10) {
				assert_int_equal(removed(&m->map, key), m->values[key] >= 0);
				m->values[key] = -1;
			} else {
				put(&m->map, key, step);
				m->values[key] = step;
			}
			if (step % 50 == 0)
				assert_same(m);
		}
		for (int i = 0; i < COPIES; i++)
			assert_same(&models[i]);
		for (int i = 0; i < COPIES; i++)
			pmap_fini(&models[i].map);
		assert_int_equal(alive, 0);
	}
}

/* ---- at size ---- */

/*
 * The tree is not ours to see; its height shows in how much a change copies. A change to a copied map makes
 * one node for each on its path, and each such node takes one more reference to its value: those who hold it
 * tell the path's length.
 */
static size_t path_length(const struct pmap *m, int key)
{
	struct pmap copy = pmap_copy(m);
	size_t shared = 0;
	put(&copy, key, -2);
	for (struct pmap_entry e = { 0 }; pmap_each(m, &e);)
		shared += e.value->refs > 1;
	pmap_fini(&copy);
	return shared;
}

TEST(keys_in_order_do_not_make_a_long_path)
{
	struct pmap up = { 0 }, down = { 0 };
	for (int i = 0; i < 4096; i++) {
		put(&up, 10000 + i, i);
		put(&down, 20000 - i, i);
	}
	/* An AVL tree of 4096 nodes is at most 17 high. */
	for (int i = 0; i < 4096; i += 97) {
		assert_in_range(path_length(&up, 10000 + i), 0, 17);
		assert_in_range(path_length(&down, 20000 - i), 0, 17);
	}
	for (int i = 0; i < 3900; i++) {
		assert_true(removed(&up, 10000 + i));
		assert_true(removed(&down, 20000 - i));
	}
	for (int i = 3900; i < 4096; i++) { /* 196 are left: at most 10 high */
		assert_in_range(path_length(&up, 10000 + i), 0, 10);
		assert_in_range(path_length(&down, 20000 - i), 0, 10);
	}
	pmap_fini(&up);
	pmap_fini(&down);
}

TEST(a_hundred_thousand_entries_are_copied_as_fast_as_one)
{
	struct pmap m = { 0 };
	alive = 0;
	for (int i = 0; i < 100000; i++)
		put(&m, i * 7919 % 100000, i);
	assert_int_equal(pmap_count(&m), 100000);
	for (int i = 0; i < 100000; i++) { /* were a copy to cost by size, this would take minutes */
		struct pmap frame = pmap_copy(&m);
		put(&frame, i, -5);
		assert_true(removed(&frame, 99999 - i));
		pmap_fini(&frame);
	}
	assert_int_equal(alive, 100000);
	for (int i = 0; i < 100000; i++)
		assert_true(removed(&m, i));
	assert_int_equal(alive, 0);
	pmap_fini(&m);
}
