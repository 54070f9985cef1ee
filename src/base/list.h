/* SPDX-License-Identifier: Apache-2.0 */
/* A doubly linked list whose links live in the members: no allocation, removal in one step. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

struct list {
	/* A head points at itself when it is empty; a member that is in no list has NULLs. */
	struct list *next, *prev;
};

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline bool list_linked(const struct list *member)
{
	return member->next != NULL;
}

/* At the end. The member is in no list. */
static inline void list_push(struct list *head, struct list *member)
{
	CHECK(!member->next);
	member->prev = head->prev;
	member->next = head;
	head->prev->next = member;
	head->prev = member;
}

/* Takes a member out of the list it is in; nothing happens when it is in none. */
static inline void list_remove(struct list *member)
{
	if (!member->next)
		return;
	member->prev->next = member->next;
	member->next->prev = member->prev;
	member->next = member->prev = NULL;
}

/* The first member, taken out; NULL when the list is empty. */
static inline struct list *list_pop(struct list *head)
{
	if (list_empty(head))
		return NULL;
	struct list *first = head->next;
	list_remove(first);
	return first;
}

/* The body may remove `it` from the list, and no other member. */
#define list_each(it, head)                                                       \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
	     it = it##_next, it##_next = it->next)

#endif
