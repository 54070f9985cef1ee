/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "script/grow.h"
#include "script/value.h"

/* The reader bounds how deep values may nest, so recursion here is bounded, too. */
static struct value *copy(struct arena *a, json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT: {
		struct value *object = value_object(a);
		for (void *it = json_object_iter(json); it; it = json_object_iter_next(json, it)) {
			struct str key = { json_object_iter_key(it), json_object_iter_key_len(it) };
			/* Keys are unique already, so value_set() would look for each in vain. */
			struct value_member *member = GROW(a, object->object.members, object->object.count);
			*member = (struct value_member){ arena_str(a, key),
							 copy(a, json_object_iter_value(it)) };
		}
		return object;
	}
	case JSON_ARRAY: {
		struct value *array = value_array(a);
		for (size_t i = 0; i < json_array_size(json); i++)
			value_push(a, array, copy(a, json_array_get(json, i)));
		return array;
	}
	case JSON_STRING: {
		struct str text = { json_string_value(json), json_string_length(json) };
		return value_string(a, arena_str(a, text));
	}
	case JSON_INTEGER:
	case JSON_REAL:
		return value_number(a, json_number_value(json));
	case JSON_TRUE:
	case JSON_FALSE:
		return value_bool(a, json_is_true(json));
	case JSON_NULL:
		break;
	}
	return value_null(a);
}

bool value_from_json(struct arena *a, struct str text, struct value **out, size_t *error_at, struct str *why)
{
	json_error_t error;
	/* Whole numbers are read as reals because a document knows one kind of number, and large ones must
	 * not fail. */
	size_t flags = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
	json_t *json = json_loadb(text.ptr ? text.ptr : "", text.len, flags, &error);
	if (!json) {
		if (error_at)
			*error_at = error.position > 0 ? MIN((size_t)error.position, text.len) : 0;
		if (why)
			*why = arena_str(a, str_from(error.text));
		return false;
	}
	if (out)
		*out = copy(a, json);
	json_decref(json);
	return true;
}
