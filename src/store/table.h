/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read-mostly table of strings: what is behind config stores, dictionaries, secret stores, geolocation and device
 * detection. Implementations: in memory, and a JSON file that is read again when it changed on disk.
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

struct table_ops {
	const char *name;
	bool (*get)(struct table *, struct str key, struct arena *, struct str *value, struct error *);
	bool (*put)(struct table *, struct str key, struct str value, struct error *);
	struct table *(*fork)(struct table *); /* O(1); neither sees the other's later writes */
	void (*destroy)(struct table *);
};

/* The value, copied into the arena. ERROR_NOT_FOUND: no such key. Other kinds: the table cannot be read. */
must_use static inline bool table_get(struct table *t, struct str key, struct arena *a, struct str *value, struct error *e)
{
	return t->ops->get(t, key, a, value, e);
}

/* ERROR_UNSUPPORTED: this table is read-only. */
must_use static inline bool table_put(struct table *t, struct str key, struct str value, struct error *e)
{
	return t->ops->put(t, key, value, e);
}

must_use static inline struct table *table_fork(struct table *t)
{
	return t->ops->fork(t);
}

void table_unref(struct table **pt); /* leaves NULL; NULL is fine */

must_use struct table *table_memory_new(void);

/*
 * One JSON object in a file. Values that are strings are taken as they are, others as their JSON text when
 * `json_values`, else they are an error. Read now (so that errors come at start-up) and again at a get when the file's
 * time or size changed; a file that has become unreadable keeps its last good content and is reported by the get's error
 * only when there is none. Forks share the file; a put makes the fork a memory table.
 */
must_use bool table_file_open(struct table **out, const char *path, bool json_values, struct error *e);

/* Decorator for tests: the nth operation from now fails with ERROR_IO. Takes over the reference to `inner`. */
must_use struct table *table_failing_new(struct table *inner, unsigned calls_left);

/* ---- tables by name ---- */

struct tables {
	struct pmap by_name; /* struct table */
};

struct table *tables_find(const struct tables *ts, struct str name); /* borrowed; NULL when there is none */
void tables_add(struct tables *ts, struct str name, struct table *taken); /* replaces */
/* For writing: a table that no other frame sees; NULL when there is none of that name. */
struct table *tables_writable(struct tables *ts, struct str name);
void tables_fini(struct tables *ts);

#endif
