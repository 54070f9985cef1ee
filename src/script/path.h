/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets: `originFetches[0].req`, `logs.count()`. A path is read once, checked against a schema, and
 * followed through any number of documents. What is not there is undefined, and so is everything below it.
 */
#ifndef SCRIPT_PATH_H
#define SCRIPT_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "script/diagnostics.h"
#include "script/schema.h"
#include "script/value.h"

enum { PATH_STEPS_MAX = 64, PATH_INDEX_DIGITS_MAX = 9 };

struct path_function {
	const char *name;
	enum schema_state state;
	const struct schema_type *result;
	/* NULL when `in` is nothing it works on; called only when READY. */
	const struct value *(*call)(const struct value *in, struct arena *);
	const char *doc, *example;
};

enum path_step_kind { PATH_FIELD, PATH_INDEX, PATH_CALL };

struct path_step {
	enum path_step_kind kind;
	struct str piece; /* as written, dot or brackets included */
	struct str name;  /* a field's or function's */
	size_t index;
	const struct path_function *function;
};

struct path {
	struct path_step *steps; /* the first one is the root */
	size_t count;
	struct str shortcut; /* the schema's, empty when it has none */
};

/* What following a path found. */
struct path_end {
	const struct value *value; /* never NULL */
	size_t resolved;           /* so many steps led to something; count when all did */
	const struct value *last;  /* what the last of them led to; the document when none did */
	/* The first function that could not work on what it got; NULL: none. */
	const struct path_step *failed_call;
};

/* Reads a target, which must be a piece of the source. False after an error was added. */
must_use bool path_parse(struct str text, struct arena *a, struct diagnostics *d, struct path *out);

/*
 * Holds a path against a schema (NULL: knows nothing, everything may be). NULL after an error was added,
 * otherwise the type of what it leads to.
 */
must_use const struct schema_type *path_check(struct path *path, const struct schema *schema,
					      struct diagnostics *d);

/* Follows a path from the document, an object of the schema's roots. What functions make lives in the arena.
 */
struct path_end path_follow(const struct path *path, const struct value *document, struct arena *a);

/* The path's first `steps` steps as written. */
struct str path_prefix(const struct path *path, size_t steps);

/* All functions, planned ones included. */
size_t path_function_count(void);
const struct path_function *path_function_at(size_t i);

#endif
