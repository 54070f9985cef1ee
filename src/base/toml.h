/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TOML 1.1 as a tree that knows where everything stands, so that an error can point at it. The parser is
 * toml++; it and its exceptions stay in toml.cpp.
 */
#ifndef BASE_TOML_H
#define BASE_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum {
	TOML_BYTES_MAX = 16 * 1024 * 1024,
	TOML_NESTING_MAX = 32,   /* arrays and inline tables in one another */
	TOML_KEY_PARTS_MAX = 32, /* of one dotted key or table header */
};

enum toml_kind { TOML_STRING, TOML_INTEGER, TOML_FLOAT, TOML_BOOL, TOML_DATE, TOML_ARRAY, TOML_TABLE };

struct toml_value {
	enum toml_kind kind;
	uint32_t line, column;         /* of the value, from 1; columns count characters */
	struct toml_value *next;       /* in the array or table that holds it */
	struct str key;                /* in a table */
	uint32_t key_line, key_column; /* where the key stands; in an array where the value stands */

	struct str text; /* TOML_STRING; may hold NULs, written \u0000 */
	int64_t integer;
	double number; /* TOML_FLOAT; may be infinite or not a number */
	bool truth;
	struct toml_value *first; /* TOML_ARRAY, TOML_TABLE: members in the order of the text */
	size_t count;
};

/*
 * The whole text as a table. Everything lives in the arena. Errors read "NAME:LINE:COLUMN: what is wrong";
 * besides what TOML forbids, these are: NUL bytes, bytes that are not UTF-8, and what exceeds the limits
 * above.
 */
must_use bool toml_parse(struct arena *a, struct str text, struct str name, const struct toml_value **root,
			 struct error *e);

/* The member of that key; NULL when there is none. */
const struct toml_value *toml_get(const struct toml_value *table, struct str key);

/* "a string", "an integer", "a table", … for messages. */
const char *toml_kind_text(enum toml_kind kind);

#endif
