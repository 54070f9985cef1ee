/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document that test lines look at: what happened, as a tree of JSON-like values. The runner builds one
 * after an invocation and hands it to check_run(). Everything lives in the arena it was made in, nothing is
 * freed singly, and a tree may share parts with another as long as both arenas live. Strings are borrowed,
 * not copied: what they point at must live as long as the tree.
 *
 * The rules for comparing and for turning values into text are those of JavaScript, because the Fiddle
 * language was made there and its users' tests lean on them ("200" is 200).
 */
#ifndef SCRIPT_VALUE_H
#define SCRIPT_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

enum value_type {
	VALUE_UNDEFINED, /* what is not there; first, so that a zeroed value is undefined */
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_STRING,
	VALUE_ARRAY,
	VALUE_OBJECT,
};

struct value {
	enum value_type type;
	union {
		bool boolean;
		double number;
		struct str string;
		struct {
			const struct value **items;
			size_t count;
		} array;
		struct {
			struct value_member *members; /* in the order they were set */
			size_t count;
		} object;
	};
};

struct value_member {
	struct str key;
	const struct value *value;
};

extern const struct value value_undefined;

/* ---- building ---- */

must_use struct value *value_null(struct arena *a);
must_use struct value *value_bool(struct arena *a, bool boolean);
must_use struct value *value_number(struct arena *a, double number);
must_use struct value *value_string(struct arena *a, struct str borrowed);
must_use struct value *value_array(struct arena *a);
must_use struct value *value_object(struct arena *a);

/* Adds to the end of an array. `item` may still grow afterwards. */
void value_push(struct arena *a, struct value *array, const struct value *item);
/* Sets a member of an object; a key that is there already keeps its place and gets the new value. */
void value_set(struct arena *a, struct value *object, struct str key, const struct value *member);

/* ---- looking ---- */

/* The member of that name, or &value_undefined: also when `v` is no object. Never NULL. */
const struct value *value_get(const struct value *v, struct str key);
/* The item at that place, or &value_undefined: also when `v` is no array. Never NULL. */
const struct value *value_at(const struct value *v, size_t index);

/* "a number", "an array", "undefined", …: for messages. */
const char *value_type_text(enum value_type type);

/* ---- comparing ---- */

/* JavaScript's ===: an array or object is the same only as itself. */
bool value_same(const struct value *a, const struct value *b);
/* As value_same(), but arrays and objects are equal when all they hold is. */
bool value_equal_deep(const struct value *a, const struct value *b);
/* JavaScript's ==, except that two arrays (and two objects) compare by what they hold. */
bool value_equal_loose(const struct value *a, const struct value *b, struct arena *scratch);

/* ---- as text ---- */

/* JavaScript's String(v): a string as it is, arrays joined by commas, objects as "[object Object]". */
struct str value_text(const struct value *v, struct arena *a);

/*
 * As JSON on one line, cut behind `max` bytes (between characters, with "…" at the end). Undefined prints as
 * undefined.
 */
struct str value_json(const struct value *v, size_t max, struct arena *a);

/*
 * Reads JSON text, the whole of `text` and any kind of value. On failure false, with the byte it went wrong
 * at and the reader's words for it; both may be NULL when only the verdict is wanted. `*out` may be NULL,
 * too.
 */
must_use bool value_from_json(struct arena *a, struct str text, struct value **out, size_t *error_at,
			      struct str *why);

#endif
