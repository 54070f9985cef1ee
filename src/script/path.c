/* SPDX-License-Identifier: Apache-2.0 */
#include "script/path.h"

#include "script/grow.h"
#include "script/nearest.h"
#include "script/token.h"

struct str path_prefix(const struct path *path, size_t steps)
{
	return steps ? source_join(path->steps[0].piece, path->steps[steps - 1].piece)
		     : (struct str){ NULL, 0 };
}

/* ---- reading ---- */

static struct str function_names(struct arena *a)
{
	scoped(buf_fini) struct buf out = BUF_INIT(256);
	for (size_t i = 0; i < path_function_count(); i++) {
		if (path_function_at(i)->state == SCHEMA_READY)
			buf_printf(&out, "%s%s()", out.len ? ", " : "", path_function_at(i)->name);
	}
	return arena_str(a, buf_str(&out));
}

static bool unknown_function(struct str called, struct arena *a, struct diagnostics *d)
{
	struct nearest nearest = { .word = called };
	for (size_t i = 0; i < path_function_count(); i++)
		nearest_try(&nearest, str_from(path_function_at(i)->name));
	struct str names = function_names(a), name = source_brief(called);
	struct str advice = nearest.best.ptr
				    ? arena_printf(a, "did you mean " STR_FMT "()?", STR_ARG(nearest.best))
				    : arena_printf(a, "there is " STR_FMT, STR_ARG(names));
	diagnostics_error(d, called, advice, "there is no function " STR_FMT "()", STR_ARG(name));
	return false;
}

static bool find_function(struct path_step *step, struct arena *a, struct diagnostics *d)
{
	for (size_t i = 0; i < path_function_count() && !step->function; i++) {
		if (str_eq(str_from(path_function_at(i)->name), step->name))
			step->function = path_function_at(i);
	}
	if (!step->function)
		return unknown_function(step->name, a, d);
	if (step->function->state == SCHEMA_READY)
		return true;
	struct str names = function_names(a);
	diagnostics_error(d, step->name, arena_printf(a, "this version has " STR_FMT, STR_ARG(names)),
			  "the function %s() is not available yet", step->function->name);
	return false;
}

/* Behind a name: "(…)". */
static bool read_call(struct path_step *step, struct str *rest, struct arena *a, struct diagnostics *d)
{
	step->kind = PATH_CALL;
	size_t close = str_find_char(*rest, ')');
	if (close == STR_NONE) {
		diagnostics_error(d, str_sub(*rest, 0, 1),
				  STR("write the ) that ends the function's arguments"),
				  "this ( is never closed");
		return false;
	}
	struct str argument = str_sub(*rest, 1, close - 1);
	*rest = str_sub(*rest, close + 1, rest->len);
	if (!find_function(step, a, d))
		return false;
	if (argument.len) {
		diagnostics_error(d, argument, arena_printf(a, "write %s()", step->function->name),
				  "%s() takes no argument", step->function->name);
		return false;
	}
	return true;
}

static bool read_index(struct path_step *step, struct str *rest, struct diagnostics *d)
{
	step->kind = PATH_INDEX;
	uint64_t index = 0;
	size_t close = str_find_char(*rest, ']');
	struct str digits = str_sub(*rest, 1, close == STR_NONE ? rest->len : close - 1);
	if (close == STR_NONE) {
		diagnostics_error(d, str_sub(*rest, 0, 1), STR("write [0] for the first item"),
				  "this [ is never closed");
		return false;
	}
	if (digits.len > PATH_INDEX_DIGITS_MAX || !str_to_u64(digits, SIZE_MAX, &index)) {
		diagnostics_error(d, str_sub(*rest, 0, close + 1),
				  STR("write [0] for the first item, [1] for the second"),
				  "an index is a whole number from 0 on");
		return false;
	}
	step->index = (size_t)index;
	*rest = str_sub(*rest, close + 1, rest->len);
	return true;
}

static bool read_field(struct path_step *step, struct str *rest, struct arena *a, struct diagnostics *d)
{
	step->kind = PATH_FIELD;
	struct str spot = str_sub(*rest, 0, 1);
	step->name = token_name(rest);
	if (step->name.len == 0) {
		diagnostics_error(d, spot,
				  STR("a name has letters, digits, _ and -, and begins with a letter or _"),
				  "a name is missing here");
		return false;
	}
	return !str_starts(*rest, STR("(")) || read_call(step, rest, a, d);
}

bool path_parse(struct str text, struct arena *a, struct diagnostics *d, struct path *out)
{
	*out = (struct path){ 0 };
	for (struct str rest = text; rest.len;) {
		if (out->count == PATH_STEPS_MAX) {
			diagnostics_error(d, rest, STR("shorten the target"), "a target has at most %d steps",
					  PATH_STEPS_MAX);
			return false;
		}
		struct path_step *step = GROW(a, out->steps, out->count);
		struct str before = rest;
		bool root = out->count == 1, ok;
		if (!root && rest.ptr[0] == '[') {
			ok = read_index(step, &rest, d);
		} else if (!root && rest.ptr[0] != '.') {
			diagnostics_error(d, rest,
					  STR("behind a step there may be .name, [0] or .function()"),
					  "this does not belong to a target");
			ok = false;
		} else {
			rest = root ? rest : str_sub(rest, 1, rest.len);
			ok = read_field(step, &rest, a, d);
		}
		if (!ok)
			return false;
		step->piece = str_sub(before, 0, before.len - rest.len);
		if (root && step->kind == PATH_CALL) {
			diagnostics_error(d, step->piece,
					  arena_printf(a, "write TARGET." STR_FMT, STR_ARG(step->piece)),
					  "a function needs something in front of it");
			return false;
		}
	}
	return true;
}

/* ---- checking ---- */

static const struct schema_type *unknown_name(struct str name, const struct schema_field *fields,
					      struct str owner, struct diagnostics *d)
{
	struct nearest nearest = { .word = name };
	for (const struct schema_field *f = fields; f->name; f++)
		nearest_try(&nearest, str_from(f->name));
	struct str names = schema_names(fields, d->arena), shown = source_brief(name);
	struct str advice =
		nearest.best.ptr ? arena_printf(d->arena, "did you mean " STR_FMT "?", STR_ARG(nearest.best))
		: owner.len ? arena_printf(d->arena, STR_FMT " has " STR_FMT, STR_ARG(owner), STR_ARG(names))
			    : arena_printf(d->arena, "a target begins with one of " STR_FMT, STR_ARG(names));
	if (owner.len)
		diagnostics_error(d, name, advice, STR_FMT " has no field " STR_FMT, STR_ARG(owner),
				  STR_ARG(shown));
	else
		diagnostics_error(d, name, advice, "unknown target " STR_FMT, STR_ARG(shown));
	return NULL;
}

/* A row that is there: its type, unless it is only planned. */
static const struct schema_type *use_field(const struct schema_field *field, const struct schema_field *all,
					   struct str name, struct diagnostics *d)
{
	if (field->state == SCHEMA_READY)
		return field->type;
	struct str names = schema_names(all, d->arena);
	diagnostics_error(d, name, arena_printf(d->arena, "this version has " STR_FMT, STR_ARG(names)),
			  "the target %s is not available yet", field->name);
	return NULL;
}

static const struct schema_type *check_field(const struct path *path, size_t i,
					     const struct schema_type *from, struct diagnostics *d)
{
	struct str name = path->steps[i].name, owner = source_brief(path_prefix(path, i));
	if (from->kind == VALUE_ARRAY) {
		struct str advice =
			arena_printf(d->arena, "write " STR_FMT "[0]." STR_FMT " for that of the first item",
				     STR_ARG(owner), STR_ARG(source_brief(name)));
		diagnostics_error(d, name, advice, STR_FMT " is an array and has no fields of its own",
				  STR_ARG(owner));
		return NULL;
	}
	if (from->kind != VALUE_OBJECT) {
		diagnostics_error(d, path->steps[i].piece,
				  arena_printf(d->arena, "end the target at " STR_FMT, STR_ARG(owner)),
				  STR_FMT " is %s and has no fields", STR_ARG(owner),
				  value_type_text(from->kind));
		return NULL;
	}
	if (!from->fields)
		return &schema_any;
	const struct schema_field *field = schema_find(from->fields, name);
	if (field)
		return use_field(field, from->fields, name, d);
	const struct schema_field *hoisted = schema_find(from->fields, path->shortcut);
	if (hoisted && !hoisted->type->fields)
		return &schema_any;
	field = hoisted ? schema_find(hoisted->type->fields, name) : NULL;
	return field ? use_field(field, hoisted->type->fields, name, d)
		     : unknown_name(name, from->fields, owner, d);
}

static const struct schema_type *check_step(const struct path *path, size_t i, const struct schema_type *from,
					    struct diagnostics *d)
{
	const struct path_step *step = &path->steps[i];
	struct str owner = source_brief(path_prefix(path, i));
	if (from->kind == VALUE_UNDEFINED)
		return step->kind == PATH_CALL ? step->function->result : &schema_any;
	if (step->kind == PATH_FIELD)
		return check_field(path, i, from, d);
	if (from->kind == VALUE_ARRAY) {
		if (step->kind == PATH_CALL)
			return step->function->result;
		return from->item ? from->item : &schema_any;
	}
	struct str advice = arena_printf(d->arena, "end the target at " STR_FMT, STR_ARG(owner));
	if (step->kind == PATH_CALL)
		diagnostics_error(d, step->piece, advice, "%s() needs an array, " STR_FMT " is %s",
				  step->function->name, STR_ARG(owner), value_type_text(from->kind));
	else
		diagnostics_error(d, step->piece, advice, STR_FMT " is %s and has no items", STR_ARG(owner),
				  value_type_text(from->kind));
	return NULL;
}

const struct schema_type *path_check(struct path *path, const struct schema *schema, struct diagnostics *d)
{
	const struct schema_type *type = &schema_any;
	size_t first = 0;
	if (schema) {
		struct str root = path->steps[0].name;
		const struct schema_field *field = schema_find(schema->roots, root);
		path->shortcut = str_from(schema->shortcut);
		type = field ? use_field(field, schema->roots, root, d)
			     : unknown_name(root, schema->roots, (struct str){ NULL, 0 }, d);
		first = 1;
	}
	for (size_t i = first; type && i < path->count; i++)
		type = check_step(path, i, type, d);
	return type;
}
