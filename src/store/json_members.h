/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a JSON object or array, their values as text: what stands in a file reaches a service byte
 * for byte, numbers like 37.77869 included, which parsing and printing again would change.
 */
#ifndef STORE_JSON_MEMBERS_H
#define STORE_JSON_MEMBERS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

struct json_member {
	struct json_member *next;
	struct str key;
	struct str text; /* the value's JSON text, without white space around it */
	bool is_string;  /* then `string` is the value */
	struct str string;
};

/*
 * The members in the order of the text, keys that come twice included. Everything is checked, values too, to
 * any depth that makes sense. Strings point into `text` or the arena. Errors begin "LINE:COLUMN: " when they
 * have a place.
 */
must_use bool json_members(struct arena *a, struct str text, struct json_member **first, struct error *e);

/* The same for the elements of an array; their keys are empty. */
must_use bool json_elements(struct arena *a, struct str text, struct json_member **first, struct error *e);

/* The last member of that key, the one that counts; NULL when there is none. */
const struct json_member *json_member_of(const struct json_member *first, struct str key);

#endif
