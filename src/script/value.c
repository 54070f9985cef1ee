/* SPDX-License-Identifier: Apache-2.0 */
#include "script/value.h"

#include <limits.h>
#include <math.h>

#include "base/buf.h"
#include "base/check.h"
#include "script/grow.h"
#include "script/number.h"
#include "script/source.h"

const struct value value_undefined = { .type = VALUE_UNDEFINED };

static struct value *value_new(struct arena *a, enum value_type type)
{
	struct value *v = ARENA_NEW(a, struct value);
	v->type = type;
	return v;
}

struct value *value_null(struct arena *a)
{
	return value_new(a, VALUE_NULL);
}

struct value *value_bool(struct arena *a, bool boolean)
{
	struct value *v = value_new(a, VALUE_BOOL);
	v->boolean = boolean;
	return v;
}

struct value *value_number(struct arena *a, double number)
{
	struct value *v = value_new(a, VALUE_NUMBER);
	v->number = number;
	return v;
}

struct value *value_string(struct arena *a, struct str borrowed)
{
	struct value *v = value_new(a, VALUE_STRING);
	v->string = borrowed;
	return v;
}

struct value *value_array(struct arena *a)
{
	return value_new(a, VALUE_ARRAY);
}

struct value *value_object(struct arena *a)
{
	return value_new(a, VALUE_OBJECT);
}

void value_push(struct arena *a, struct value *array, const struct value *item)
{
	CHECK(array->type == VALUE_ARRAY);
	*GROW(a, array->array.items, array->array.count) = item;
}

static struct value_member *find_member(const struct value *object, struct str key)
{
	for (size_t i = 0; i < object->object.count; i++) {
		if (str_eq(object->object.members[i].key, key))
			return &object->object.members[i];
	}
	return NULL;
}

void value_set(struct arena *a, struct value *object, struct str key, const struct value *member)
{
	CHECK(object->type == VALUE_OBJECT);
	struct value_member *at = find_member(object, key);
	if (!at)
		at = GROW(a, object->object.members, object->object.count);
	*at = (struct value_member){ key, member };
}

const struct value *value_get(const struct value *v, struct str key)
{
	struct value_member *member = v->type == VALUE_OBJECT ? find_member(v, key) : NULL;
	return member ? member->value : &value_undefined;
}

const struct value *value_at(const struct value *v, size_t index)
{
	return v->type == VALUE_ARRAY && index < v->array.count ? v->array.items[index] : &value_undefined;
}

const char *value_type_text(enum value_type type)
{
	static const char *const texts[] = {
		[VALUE_UNDEFINED] = "undefined", [VALUE_NULL] = "null",       [VALUE_BOOL] = "a boolean",
		[VALUE_NUMBER] = "a number",     [VALUE_STRING] = "a string", [VALUE_ARRAY] = "an array",
		[VALUE_OBJECT] = "an object",
	};
	return texts[type];
}

/* ---- comparing ---- */

bool value_same(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VALUE_UNDEFINED:
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_NUMBER:
		return a->number == b->number;
	case VALUE_STRING:
		return str_eq(a->string, b->string);
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		return a == b;
	}
	return false;
}

bool value_equal_deep(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_ARRAY && b->type == VALUE_ARRAY) {
		bool equal = a->array.count == b->array.count;
		for (size_t i = 0; equal && i < a->array.count; i++)
			equal = value_equal_deep(a->array.items[i], b->array.items[i]);
		return equal;
	}
	if (a->type == VALUE_OBJECT && b->type == VALUE_OBJECT) {
		bool equal = a->object.count == b->object.count;
		for (size_t i = 0; equal && i < a->object.count; i++) {
			struct value_member *other = find_member(b, a->object.members[i].key);
			equal = other && value_equal_deep(a->object.members[i].value, other->value);
		}
		return equal;
	}
	return value_same(a, b);
}

static bool is_container(const struct value *v)
{
	return v->type == VALUE_ARRAY || v->type == VALUE_OBJECT;
}

static bool is_nothing(const struct value *v)
{
	return v->type == VALUE_UNDEFINED || v->type == VALUE_NULL;
}

static double to_number(const struct value *v, struct arena *scratch)
{
	if (v->type == VALUE_NUMBER)
		return v->number;
	if (v->type == VALUE_BOOL)
		return v->boolean;
	return number_from_text(value_text(v, scratch));
}

bool value_equal_loose(const struct value *a, const struct value *b, struct arena *scratch)
{
	if (a->type == b->type)
		return value_equal_deep(a, b);
	if (is_nothing(a) || is_nothing(b))
		return is_nothing(a) && is_nothing(b);
	if (is_container(a) && is_container(b))
		return false;
	/* A container against a scalar counts as its text; where one side is then still no text, numbers
	 * decide. */
	bool a_text = a->type == VALUE_STRING || is_container(a),
	     b_text = b->type == VALUE_STRING || is_container(b);
	if (a_text && b_text)
		return str_eq(value_text(a, scratch), value_text(b, scratch));
	return to_number(a, scratch) == to_number(b, scratch);
}

/* ---- as text ---- */

static void add_text(struct buf *out, const struct value *v)
{
	char room[NUMBER_TEXT_BYTES_MAX];
	switch (v->type) {
	case VALUE_UNDEFINED:
		buf_add(out, STR("undefined"));
		break;
	case VALUE_NULL:
		buf_add(out, STR("null"));
		break;
	case VALUE_BOOL:
		buf_add(out, v->boolean ? STR("true") : STR("false"));
		break;
	case VALUE_NUMBER:
		buf_add(out, number_text(v->number, room));
		break;
	case VALUE_STRING:
		buf_add(out, v->string);
		break;
	case VALUE_ARRAY:
		for (size_t i = 0; i < v->array.count; i++) {
			buf_add(out, i ? STR(",") : STR(""));
			if (!is_nothing(v->array.items[i]))
				add_text(out, v->array.items[i]);
		}
		break;
	case VALUE_OBJECT:
		buf_add(out, STR("[object Object]"));
		break;
	}
}

struct str value_text(const struct value *v, struct arena *a)
{
	if (v->type == VALUE_STRING)
		return v->string;
	scoped(buf_fini) struct buf out = BUF_INIT(INT_MAX);
	add_text(&out, v);
	return arena_str(a, buf_str(&out));
}

/* Adds at least the first `max` bytes of the JSON; what is certain to be cut off is not walked. */
static void add_json(struct buf *out, const struct value *v, size_t max)
{
	switch (v->type) {
	case VALUE_STRING:
		buf_add_json(out, str_sub(v->string, 0, max));
		break;
	case VALUE_ARRAY:
		buf_add_char(out, '[');
		for (size_t i = 0; i < v->array.count && out->len <= max; i++) {
			buf_add(out, i ? STR(",") : STR(""));
			add_json(out, v->array.items[i], max);
		}
		buf_add_char(out, ']');
		break;
	case VALUE_OBJECT:
		buf_add_char(out, '{');
		for (size_t i = 0; i < v->object.count && out->len <= max; i++) {
			buf_add(out, i ? STR(",") : STR(""));
			buf_add_json(out, str_sub(v->object.members[i].key, 0, max));
			buf_add_char(out, ':');
			add_json(out, v->object.members[i].value, max);
		}
		buf_add_char(out, '}');
		break;
	default:
		add_text(out, v);
	}
}

/* The longest beginning of JSON text that has at most `max` bytes and ends between characters and escapes. */
static struct str cut_json(struct str json, size_t max)
{
	size_t at = 0, len = 0;
	for (; at < json.len; at += len) {
		if (json.ptr[at] == '\\')
			len = json.ptr[at + 1] == 'u' ? 6 : 2;
		else
			len = source_character(json, at);
		if (at + len > max)
			break;
	}
	return str_sub(json, 0, at);
}

struct str value_json(const struct value *v, size_t max, struct arena *a)
{
	scoped(buf_fini) struct buf out = BUF_INIT(SIZE_MAX / 2);
	add_json(&out, v, max);
	if (out.len <= max)
		return arena_str(a, buf_str(&out));
	struct str beginning = cut_json(buf_str(&out), max);
	return arena_printf(a, STR_FMT "…", STR_ARG(beginning));
}
