/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"
#include "support/test.h"

struct item {
	int value;
	struct list link;
};

static int value_of(const struct list *link)
{
	return ((const struct item *)(const void *)((const char *)link - offsetof(struct item, link)))->value;
}

static void fill(struct list *head, struct item *items, int n)
{
	list_init(head);
	for (int i = 0; i < n; i++) {
		items[i] = (struct item){ .value = i };
		list_push(head, &items[i].link);
	}
}

TEST(members_come_out_in_the_order_they_went_in)
{
	struct list head;
	struct item items[3];
	fill(&head, items, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(value_of(list_pop(&head)), i);
	assert_null(list_pop(&head));
	assert_true(list_empty(&head));
}

TEST(a_member_knows_whether_it_is_in_a_list)
{
	struct list head;
	struct item items[2];
	fill(&head, items, 2);
	assert_true(list_linked(&items[0].link));
	list_remove(&items[0].link);
	assert_false(list_linked(&items[0].link));
	list_remove(&items[0].link); /* nothing happens */
	assert_int_equal(value_of(list_pop(&head)), 1);
	assert_true(list_empty(&head));
	list_push(&head, &items[0].link); /* and it may go in again */
	assert_int_equal(value_of(list_pop(&head)), 0);
}

TEST(a_walk_may_remove_the_member_it_is_at)
{
	struct list head;
	struct item items[10];
	int seen = 0, left = 0;
	fill(&head, items, 10);
	list_each(it, &head) {
		assert_int_equal(value_of(it), seen++);
		if (value_of(it) % 2 == 0)
			list_remove(it);
	}
	assert_int_equal(seen, 10);
	list_each(it, &head) {
		assert_int_equal(value_of(it), 2 * left + 1);
		left++;
	}
	assert_int_equal(left, 5);
}

TEST(a_walk_over_nothing_takes_no_step)
{
	struct list head;
	list_init(&head);
	list_each(it, &head)
		fail();
}
