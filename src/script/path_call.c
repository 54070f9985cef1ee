/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of functions.def, and following a path. */
#include <limits.h>

#include "base/check.h"
#include "script/path.h"

static const struct value *function_count(const struct value *in, struct arena *a)
{
	return in->type == VALUE_ARRAY ? value_number(a, (double)in->array.count) : NULL;
}

static const struct value *function_concat(const struct value *in, struct arena *a)
{
	if (in->type != VALUE_ARRAY)
		return NULL;
	scoped(buf_fini) struct buf out = BUF_INIT(INT_MAX);
	for (size_t i = 0; i < in->array.count; i++) {
		const struct value *item = in->array.items[i];
		buf_add(&out, i ? STR("\n") : STR(""));
		buf_add(&out, item->type == VALUE_STRING ? item->string : value_json(item, INT_MAX, a));
	}
	return value_string(a, arena_str(a, buf_str(&out)));
}

static const struct value *function_planned(const struct value *in, struct arena *a)
{
	(void)in, (void)a;
	check_failed("path_parse() refuses planned functions", __FILE__, __LINE__);
}

#define CALL_READY(id) function_##id
#define CALL_PLANNED(id) function_planned
static const struct path_function functions[] = {
#define FUNCTION(id, when, gives, sample, summary) \
	{                                          \
		.name = #id,                       \
		.state = SCHEMA_##when,            \
		.result = &gives,                  \
		.call = CALL_##when(id),           \
		.doc = summary,                    \
		.example = sample,                 \
	},
#include "script/functions.def"
};

size_t path_function_count(void)
{
	return COUNT_OF(functions);
}

const struct path_function *path_function_at(size_t i)
{
	return &functions[i];
}

static const struct value *get_field(const struct value *from, struct str name, struct str shortcut)
{
	const struct value *own = value_get(from, name);
	if (own->type != VALUE_UNDEFINED || shortcut.len == 0)
		return own;
	return value_get(value_get(from, shortcut), name);
}

struct path_end path_follow(const struct path *path, const struct value *document, struct arena *a)
{
	struct path_end end = { .value = document, .last = document };
	for (size_t i = 0; i < path->count; i++) {
		const struct path_step *step = &path->steps[i];
		const struct value *next = NULL;
		switch (step->kind) {
		case PATH_FIELD:
			next = get_field(end.value, step->name, path->shortcut);
			break;
		case PATH_INDEX:
			next = value_at(end.value, step->index);
			break;
		case PATH_CALL:
			next = step->function->call(end.value, a);
			break;
		}
		if (!next && !end.failed_call)
			end.failed_call = step;
		end.value = next ? next : &value_undefined;
		if (end.value->type != VALUE_UNDEFINED && end.resolved == i) {
			end.resolved = i + 1;
			end.last = end.value;
		}
	}
	return end;
}
