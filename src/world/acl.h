/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access control lists by name: which entry, if any, holds for an address. IPv4 and IPv6 are two worlds: an
 * entry for ::ffff:1.2.3.4 does not hold for 1.2.3.4.
 */
#ifndef WORLD_ACL_H
#define WORLD_ACL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/error.h"
#include "base/pmap.h"
#include "base/str.h"
#include "world/ip.h"

struct acl_entry {
	uint8_t ip[16]; /* 4 bytes used for IPv4 */
	uint8_t ip_len; /* 4 or 16 */
	uint8_t bits;   /* of the prefix: 0..32 or 0..128 */
	bool allow;     /* else block */
};

struct acl_item {
	struct acl_entry entry;
	struct pmap_entry at; /* the implementation's */
};

struct acl {
	const struct acl_ops *ops;
};

struct acl_ops {
	const char *name;
	bool (*has)(struct acl *, struct str list);
	bool (*add)(struct acl *, struct str list, const struct acl_entry *entry); /* NULL: the list only */
	bool (*lookup)(struct acl *, struct str list, const uint8_t *ip, uint8_t ip_len,
		       struct acl_entry *found);
	bool (*remove)(struct acl *, struct str list, const struct acl_entry *entry);
	bool (*next)(struct acl *, struct str list, struct acl_item *);
	bool (*next_list)(struct acl *, struct pmap_entry *);
	struct acl *(*fork)(struct acl *); /* O(1); neither sees what is later added to the other */
	void (*destroy)(struct acl *);
};

static inline bool acl_has(struct acl *a, struct str list)
{
	return a->ops->has(a, list);
}

/*
 * Adds an entry (making the list when needed), bits behind its prefix cleared; with NULL only the list.
 * False: this implementation is read-only.
 */
must_use static inline bool acl_add(struct acl *a, struct str list, const struct acl_entry *entry)
{
	CHECK(!entry || ((entry->ip_len == 4 || entry->ip_len == 16) && entry->bits <= 8 * entry->ip_len));
	return a->ops->add(a, list, entry);
}

/*
 * The entry with the longest prefix that holds the address; of equal ones the last added. False: none, or no
 * such list.
 */
must_use static inline bool acl_lookup(struct acl *a, struct str list, const uint8_t *ip, uint8_t ip_len,
				       struct acl_entry *found)
{
	return a->ops->lookup(a, list, ip, ip_len, found);
}

/* Takes the entry for exactly that network away, whatever it says. False: there was none. */
static inline bool acl_remove(struct acl *a, struct str list, const struct acl_entry *entry)
{
	CHECK((entry->ip_len == 4 || entry->ip_len == 16) && entry->bits <= 8 * entry->ip_len);
	return a->ops->remove(a, list, entry);
}

/*
 * for (struct acl_item i = { 0 }; acl_next(a, list, &i);) … i.entry …: IPv4 first, then by the prefix's
 * length, then by address; nothing may be changed meanwhile. No such list: nothing.
 */
static inline bool acl_next(struct acl *a, struct str list, struct acl_item *item)
{
	return a->ops->next(a, list, item);
}

/* for (struct pmap_entry list = { 0 }; acl_next_list(a, &list);) … list.key …, by name; the same. */
static inline bool acl_next_list(struct acl *a, struct pmap_entry *list)
{
	return a->ops->next_list(a, list);
}

must_use static inline struct acl *acl_fork(struct acl *a)
{
	return a->ops->fork(a);
}

static inline void acl_destroy(struct acl **pa)
{
	if (*pa)
		(*pa)->ops->destroy(*pa);
	*pa = NULL;
}

must_use struct acl *acl_memory_new(void);

/* "192.0.2.0/24", "2001:db8::/32"; bits behind the prefix are cleared. `out->allow` is left alone. */
must_use bool acl_parse_prefix(struct str text, struct acl_entry *out, struct error *e);
/* "1.2.3.0/24" into `out` of at least IP_TEXT_BYTES, NUL-ended. */
void acl_print_prefix(const struct acl_entry *entry, char *out);

#endif
