/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a memory cache holds, as persistent maps: objects by the names of their variants, the vary rules of
 * each key, and the same objects by last use and by surrogate key. A copy costs the same whatever is in it;
 * what both copies hold is only changed after one of them has made it its own.
 */
#ifndef WORLD_CACHE_INDEX_PRIV_H
#define WORLD_CACHE_INDEX_PRIV_H

#include "world/cache_priv.h"

struct cache_tokens {
	struct rc rc;
	uint64_t last;
};

struct cache_index {
	struct cache_tokens *tokens; /* of all copies together */
	uint64_t token;              /* on what this copy alone holds, and may change in place */
	struct cache_ledger *ledger; /* of all copies together */
	struct pmap entries;         /* struct cache_entry by variant name */
	struct pmap rules;           /* struct cache_rules by key */
	struct pmap by_use;          /* variant name by number of its last use, 8 bytes */
	struct pmap by_surrogate;    /* variant name by "surrogate-key variant-name" */
	uint64_t uses, bytes, bytes_max, objects_max;
	void *owner; /* of contents that are still written, and seen by nobody else */
	bool (*pinned)(void *owner, struct str key); /* its rules stay when all its objects go */
};

struct cache_entry {
	struct rc rc;
	uint64_t token;
	struct cache_object *object;
	struct blob *name;
	uint64_t used, hits;
	bool purged;
};

/* What the objects under one key vary by, the rule of the newest first. */
struct cache_rules {
	struct rc rc;
	uint64_t token;
	size_t objects, count;
	struct blob *at[CACHE_VARY_RULES_MAX];
};

void cache_index_init(struct cache_index *x, uint64_t bytes_max, uint64_t objects_max, void *owner,
		      bool (*pinned)(void *owner, struct str key));
void cache_index_fini(struct cache_index *x);
void cache_index_copy(struct cache_index *x, struct cache_index *out, void *owner);

/* Borrowed, NULL when there is none. */
const struct cache_rules *cache_index_rules(const struct cache_index *x, struct str key);
/* For when a key is not pinned any more. */
void cache_index_trim(struct cache_index *x, struct str key);
/* The same for an object that may be seen here. */
struct cache_entry *cache_index_get(const struct cache_index *x, struct str name);
bool cache_index_visible(const struct cache_index *x, const struct cache_entry *e);

/*
 * Takes the object; `name` is that of its variant. Replaces what was there. Returns the vary rules that the
 * key has with it, before those that are more than `rules_max` are forgotten.
 */
size_t cache_index_put(struct cache_index *x, struct str key, struct str name, struct cache_object *taken,
		       uint64_t hits, size_t rules_max);
/* False: there was none. */
bool cache_index_remove(struct cache_index *x, struct str name);
/* Counts a hit, the last use; returns the hits. */
uint64_t cache_index_hit(struct cache_index *x, struct str name);
uint64_t cache_index_purge(struct cache_index *x, struct str surrogate_key, bool soft);
uint64_t cache_index_purge_key(struct cache_index *x, struct str key, bool soft);
uint64_t cache_index_age(struct cache_index *x, struct str key, uint64_t by_ns);
/* An object here has grown by so much while it is written; 0: one that is not here any more has. */
void cache_index_grew(struct cache_index *x, uint64_t bytes);

struct str cache_name_key(struct str name);

#endif
