/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A persistent map from bytes to counted objects, ordered by key. Copying it is one reference count whatever
 * it holds, and neither copy sees what is later done to the other: this is what makes a world's frames cheap.
 * A change costs O(log n) and copies only the nodes on its path that somebody else holds too.
 */
#ifndef BASE_PMAP_H
#define BASE_PMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"
#include "base/str.h"

struct pmap {
	struct pmap_node *root; /* {0} is the empty map */
};

void pmap_fini(struct pmap *m); /* leaves the empty map */
must_use struct pmap pmap_copy(const struct pmap *m);
size_t pmap_count(const struct pmap *m);                         /* O(1) */
struct rc *pmap_get(const struct pmap *m, struct str key);       /* borrowed; NULL when there is none */
void pmap_put(struct pmap *m, struct str key, struct rc *value); /* takes the reference; replaces */
bool pmap_remove(struct pmap *m, struct str key);                /* was it there? */

/*
 * The entry with the smallest key that is above `key` (or equal to it, when `or_equal`): walks the map in
 * order without an iterator that a change could spoil. False at the end. Key and value are borrowed until the
 * next change.
 */
bool pmap_next(const struct pmap *m, struct str key, bool or_equal, struct str *key_out,
	       struct rc **value_out);

/* for (struct pmap_entry e = { 0 }; pmap_each(m, &e);) … e.key, e.value … */
struct pmap_entry {
	struct str key;
	struct rc *value;
	bool started;
};
bool pmap_each(const struct pmap *m, struct pmap_entry *e);

#endif
