/* SPDX-License-Identifier: Apache-2.0 */
/* Running a check over a document, and telling why it failed. */
#include "script/check.h"
#include "script/nearest.h"

enum { ACTUAL_BYTES_MAX = 1024, NAMES_BYTES_MAX = 512 };

static struct str object_keys(const struct value *object, struct arena *a)
{
	scoped(buf_fini) struct buf out = BUF_INIT(NAMES_BYTES_MAX);
	for (size_t i = 0; i < object->object.count && !out.full; i++)
		buf_printf(&out, "%s" STR_FMT, i ? ", " : "",
			   STR_ARG(source_brief(object->object.members[i].key)));
	return out.full ? arena_printf(a, STR_FMT ", …", STR_ARG(buf_str(&out)))
			: arena_str(a, buf_str(&out));
}

/* What is there where a path led nowhere. */
static struct str describe(const struct value *v, struct str name, struct str missing, struct arena *a)
{
	if (v->type == VALUE_ARRAY && v->array.count == 1)
		return arena_printf(a, STR_FMT " has 1 item", STR_ARG(name));
	if (v->type == VALUE_ARRAY)
		return arena_printf(a, STR_FMT " has %zu items", STR_ARG(name), v->array.count);
	if (v->type != VALUE_OBJECT)
		return arena_printf(a, STR_FMT " is %s", STR_ARG(name), value_type_text(v->type));
	if (v->object.count == 0)
		return arena_printf(a, STR_FMT " is empty", STR_ARG(name));
	struct nearest nearest = { .word = missing };
	for (size_t i = 0; i < v->object.count; i++)
		nearest_try(&nearest, v->object.members[i].key);
	struct str keys = object_keys(v, a);
	if (!nearest.best.ptr)
		return arena_printf(a, STR_FMT " has " STR_FMT, STR_ARG(name), STR_ARG(keys));
	return arena_printf(a, "did you mean " STR_FMT "? " STR_FMT " has " STR_FMT, STR_ARG(nearest.best),
			    STR_ARG(name), STR_ARG(keys));
}

/* For a target that is undefined: how far it led, and what is there. */
static struct str explain_undefined(const struct path *path, const struct path_end *end, struct arena *a)
{
	if (end->resolved == path->count) /* the runner put an undefined value there itself */
		return STR("");
	const struct path_step *missing = &path->steps[end->resolved];
	struct str name = end->resolved ? path_prefix(path, end->resolved) : STR("the document");
	struct str there = describe(end->last, source_brief(name), missing->name, a);
	return arena_printf(a, STR_FMT " is undefined: " STR_FMT,
			    STR_ARG(source_brief(path_prefix(path, end->resolved + 1))), STR_ARG(there));
}

static struct str expected_text(const struct check *check, struct arena *a)
{
	const char *phrase = check->negated ? check->comparison->negated_phrase : check->comparison->phrase;
	const char *blank = check->reference_text.len ? " " : "";
	struct str reference = source_brief(check->reference_text);
	const char *more = reference.len < check->reference_text.len ? "…" : "";
	return arena_printf(a, "%s%s" STR_FMT "%s", phrase, blank, STR_ARG(reference), more);
}

/* The piece of the line that a failure is about. */
static struct str piece_to_mark(const struct check *check, const struct path_end *end)
{
	if (end->value->type == VALUE_UNDEFINED && end->resolved < check->target.count)
		return check->target.steps[end->resolved].piece;
	return check->reference_text.len ? check->reference_text : check->comparison_text;
}

/* A function such as count() in front of what it cannot work on: fails whether negated or not. */
static struct str explain_call(const struct path *path, const struct path_end *end, struct arena *a)
{
	const char *function = end->failed_call->function->name;
	if (end->failed_call == &path->steps[end->resolved])
		return arena_printf(a, "%s() needs an array, got %s", function,
				    value_type_text(end->last->type));
	struct str more = explain_undefined(path, end, a);
	return arena_printf(a, "%s() needs an array, got undefined: " STR_FMT, function, STR_ARG(more));
}

struct check_result check_run(const struct check *check, const struct value *document, struct arena *a)
{
	struct check_result result = { .label = check->label.len ? check->label : check->text };
	struct path_end end = path_follow(&check->target, document, a);
	bool undefined = end.value->type == VALUE_UNDEFINED;
	struct comparison_input in = { end.value, check->reference, check->regex, a };
	enum comparison_verdict verdict = COMPARISON_UNFIT;
	result.at = piece_to_mark(check, &end);
	if (end.failed_call)
		result.detail = explain_call(&check->target, &end, a);
	else
		verdict = check->comparison->compare(&in, &result.detail);
	result.pass = verdict != COMPARISON_UNFIT && (verdict == COMPARISON_YES) != check->negated;
	result.vacuous = result.pass && undefined;
	if (result.pass && !result.vacuous) {
		result.detail = STR("");
		return result;
	}
	result.expected = expected_text(check, a);
	result.actual = value_json(end.value, ACTUAL_BYTES_MAX, a);
	if (undefined && !end.failed_call)
		result.detail = explain_undefined(&check->target, &end, a);
	else if (verdict != COMPARISON_UNFIT && result.detail.len == 0)
		result.detail = check->comparison->explain(&in, check->negated);
	return result;
}

void check_result_print(const struct check_result *result, const struct source *source, struct buf *out)
{
	source_add_place(source, result->at, out);
	if (result->vacuous)
		buf_add(out, STR("warning: passes only because its target is undefined: "));
	source_add_clean(result->label, out);
	buf_add_char(out, '\n');
	source_add_quote(source, result->at, out);
	buf_add(out, STR("    expected: "));
	source_add_clean(result->expected, out);
	buf_add(out, STR("\n    actual:   "));
	source_add_clean(result->actual, out);
	buf_add_char(out, '\n');
	if (result->detail.len) {
		buf_add(out, STR("    "));
		source_add_clean(result->detail, out);
		buf_add_char(out, '\n');
	}
}
