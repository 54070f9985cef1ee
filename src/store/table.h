/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read-mostly table of strings: what is behind config stores, dictionaries, secret stores, geolocation and
 * device detection. Implementations: in memory, and a JSON file that is read again when it changed on disk.
 * Keys and values are bytes, empty ones and NULs included. A failed operation has changed nothing.
 */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/pmap.h"
#include "base/rc.h"
#include "base/str.h"

struct table {
	struct rc rc; /* counted: frames share tables until one of them writes */
	const struct table_ops *ops;
};

struct table_item {
	struct str key, value; /* borrowed, until the next change */
	struct pmap_entry at;  /* the implementation's */
};

struct table_ops {
	const char *name;
	bool (*get)(struct table *, struct str key, struct arena *, struct str *value, struct error *);
	bool (*put)(struct table *, struct str key, struct str value, struct error *);
	bool (*remove)(struct table *, struct str key, struct error *);
	bool (*next)(struct table *, struct table_item *);
	struct table *(*fork)(struct table *); /* O(1); neither sees the other's later writes */
	void (*destroy)(struct table *);       /* called with the last reference */
};

/* For implementations: one reference, the caller's. */
void table_init(struct table *t, const struct table_ops *ops);
must_use struct table *table_ref(struct table *t);

/* The value, copied into the arena. ERROR_NOT_FOUND: no such key. Other kinds: the table cannot be read. */
must_use static inline bool table_get(struct table *t, struct str key, struct arena *a, struct str *value,
				      struct error *e)
{
	return t->ops->get(t, key, a, value, e);
}

/* ERROR_UNSUPPORTED: this table is read-only. */
must_use static inline bool table_put(struct table *t, struct str key, struct str value, struct error *e)
{
	return t->ops->put(t, key, value, e);
}

/* ERROR_NOT_FOUND: no such key. ERROR_UNSUPPORTED: this table is read-only. */
must_use static inline bool table_remove(struct table *t, struct str key, struct error *e)
{
	return t->ops->remove(t, key, e);
}

/* for (struct table_item i = { 0 }; table_next(t, &i);) …, by key; nothing may be changed meanwhile. */
static inline bool table_next(struct table *t, struct table_item *item)
{
	return t->ops->next(t, item);
}

must_use static inline struct table *table_fork(struct table *t)
{
	return t->ops->fork(t);
}

void table_unref(struct table **pt); /* leaves NULL; NULL is fine */

/*
 * For writing: when somebody else holds this table too, forks it and leaves the fork, with the caller's
 * reference, here.
 */
void table_own(struct table **pt);

must_use struct table *table_memory_new(void);

/*
 * Looks at an entry of a file: may replace key and value (new bytes from the arena), false and an error
 * refuses the whole file.
 */
typedef bool table_check_fn(struct arena *, struct str *key, struct str *value, struct error *);

/*
 * One JSON object in a file. With `json_values` a value is its JSON text, byte for byte as it stands in the
 * file; without, values must be strings and are taken without their quotes. `check` (or NULL) sees every
 * entry, in the order of the file; of entries with the same key the last one counts. Read now (so that errors
 * come at start-up) and again at a get when the file's time, size or place on the disk changed; a file that
 * cannot be used any more keeps its last good content. Forks share what was read; a put makes the fork that
 * it was made to a memory table.
 */
must_use bool table_file_open(struct table **out, const char *path, bool json_values, table_check_fn *check,
			      struct error *e);
/*
 * How often a changed file could not be used, and why the last time; "" when all is well. Borrowed until the
 * next get.
 */
unsigned table_file_failures(const struct table *t, const char **why);

/*
 * Decorator for tests. After `calls_left` good operations one fails with ERROR_IO; later ones work. Takes
 * over the reference to `inner`.
 */
must_use struct table *table_failing_new(struct table *inner, unsigned calls_left);

/* ---- tables by name ---- */

/* Copied with pmap_copy(): both hold the same tables until one of them asks for a writable one. */
struct tables {
	struct pmap by_name; /* struct table */
};

struct table *tables_find(const struct tables *ts, struct str name); /* borrowed; NULL when there is none */
void tables_add(struct tables *ts, struct str name, struct table *taken); /* replaces */
/*
 * For writing: a table that no other frame sees (borrowed, until the next call); NULL when there is none of
 * that name.
 */
struct table *tables_writable(struct tables *ts, struct str name);
void tables_fini(struct tables *ts);

#endif
