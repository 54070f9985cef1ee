/* SPDX-License-Identifier: Apache-2.0 */
#include "script/reference.h"

#include <math.h>

#include "script/number.h"
#include "script/token.h"

static bool must_be_absent(struct str text, struct diagnostics *d, const struct check *check)
{
	if (text.len == 0)
		return true;
	diagnostics_error(d, text,
			  arena_printf(d->arena, "end the line behind " STR_FMT,
				       STR_ARG(check->comparison_text)),
			  STR_FMT " takes no reference value", STR_ARG(check->comparison_text));
	return false;
}

static bool read_pattern(struct str text, struct arena *a, struct diagnostics *d, struct check *out)
{
	struct str at, why;
	out->regex = regex_compile(text, a, &at, &why);
	if (!out->regex) {
		diagnostics_error(d, at,
				  STR("the pattern is a regular expression as in JavaScript; put \\ before a "
				      "character that shall stand for itself"),
				  "bad pattern: " STR_FMT, STR_ARG(why));
		return false;
	}
	if (text.len > 1 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
		diagnostics_warn(d, text,
				 arena_printf(a, "write matches " STR_FMT,
					      STR_ARG(str_sub(text, 1, text.len - 2))),
				 "the quotes are part of the pattern: it matches only text in quotes");
	return true;
}

/* ---- JSON values ---- */

static bool bad_json(struct str text, size_t at, struct str why, struct diagnostics *d)
{
	struct str spot = str_sub(text, at ? at - 1 : 0, 1);
	diagnostics_error(d, spot,
			  STR("reference values are written as in JSON: 200, \"text\", true, [1, 2]"),
			  "bad reference value: " STR_FMT, STR_ARG(why));
	return false;
}

/* A word that is no JSON: what was probably meant? */
static bool bad_word(struct str text, struct diagnostics *d, const struct check *check)
{
	struct str rest = text, first = token_word(&rest), shown = source_brief(text);
	if (str_eq(first, STR("not")) && rest.len)
		diagnostics_error(d, first,
				  arena_printf(d->arena, "write %s " STR_FMT, check->comparison->negated_name,
					       STR_ARG(source_brief(rest))),
				  "`not` belongs to the comparison, not to the reference");
	else if (text.ptr[0] == '\'')
		diagnostics_error(d, text,
				  arena_printf(d->arena, "write \"" STR_FMT "\"",
					       STR_ARG(str_sub(shown, 1,
							       shown.len -
								       (str_ends(shown, STR("'")) ? 2 : 1)))),
				  "strings stand in double quotes");
	else if (str_eq(text, STR("null")) || str_eq(text, STR("undefined")))
		diagnostics_error(d, text, STR("test what is there instead, or the count() of an array"),
				  STR_FMT " is no reference value", STR_ARG(text));
	else
		diagnostics_error(d, text,
				  arena_printf(d->arena, "a string? write \"" STR_FMT "\"", STR_ARG(shown)),
				  "this is no reference value");
	return false;
}

static bool read_json(struct str text, struct arena *a, struct diagnostics *d, struct check *out)
{
	struct value *value = NULL;
	struct str why, piece = text, rest = text;
	size_t at;
	if (text.ptr[0] == '"') {
		piece = token_string(&rest);
		if (piece.len == 0) {
			diagnostics_error(d, text,
					  STR("end the string with \"; write \\\" for a quote inside"),
					  "this string has no closing quote");
			return false;
		}
		token_blanks(&rest);
		if (rest.len) {
			diagnostics_error(
				d, rest, STR("end the line behind the string; write \\\" for a quote inside"),
				"nothing may stand behind the reference value");
			return false;
		}
	} else if (!str_eq(text, STR("true")) && !str_eq(text, STR("false")) && text.ptr[0] != '[' &&
		   text.ptr[0] != '{' && isnan(number_from_text(text))) {
		return bad_word(text, d, out);
	}
	if (!value_from_json(a, piece, &value, &at, &why))
		return bad_json(piece, at, why, d);
	out->reference = value;
	return true;
}

/* ---- kinds ---- */

static bool wrong_kind(const struct check *check, const char *needs, struct str advice, struct diagnostics *d)
{
	diagnostics_error(d, check->reference_text, advice, STR_FMT " compares with %s, this is %s",
			  STR_ARG(check->comparison_text), needs, value_type_text(check->reference->type));
	return false;
}

static bool check_kind(const struct check *check, struct arena *a, struct diagnostics *d)
{
	const struct value *value = check->reference;
	struct str text = source_brief(check->reference_text);
	switch (check->comparison->reference) {
	case REFERENCE_NUMBER:
		if (value->type == VALUE_NUMBER)
			return true;
		if (value->type == VALUE_STRING && value->string.len &&
		    !isnan(number_from_text(value->string)))
			return wrong_kind(check, "a number",
					  arena_printf(a, "write " STR_FMT ", without quotes",
						       STR_ARG(value->string)),
					  d);
		return wrong_kind(check, "a number", STR("write a number, such as 200"), d);
	case REFERENCE_STRING:
		return value->type == VALUE_STRING ||
		       wrong_kind(check, "a string", arena_printf(a, "write \"" STR_FMT "\"", STR_ARG(text)),
				  d);
	case REFERENCE_LIST:
		if (value->type != VALUE_ARRAY)
			return wrong_kind(check, "a list",
					  arena_printf(a, "write [" STR_FMT "]", STR_ARG(text)), d);
		for (size_t i = 0; i < value->array.count; i++) {
			enum value_type type = value->array.items[i]->type;
			if (type == VALUE_BOOL || type == VALUE_NUMBER || type == VALUE_STRING)
				continue;
			diagnostics_error(d, check->reference_text, STR("list numbers, strings and booleans"),
					  "item %zu of the list is %s", i + 1, value_type_text(type));
			return false;
		}
		return true;
	default:
		return true;
	}
}

static struct str example_of(enum reference_kind kind)
{
	switch (kind) {
	case REFERENCE_NUMBER:
		return STR("a number such as 200");
	case REFERENCE_STRING:
		return STR("a string such as \"text\"");
	case REFERENCE_LIST:
		return STR("a list such as [200, 204]");
	case REFERENCE_REGEX:
		return STR("a pattern such as /^age: \\d+$/m");
	default:
		return STR("a value such as 200, \"text\" or true");
	}
}

bool reference_parse(struct str text, struct arena *a, struct diagnostics *d, struct check *out)
{
	enum reference_kind kind = out->comparison->reference;
	out->reference = &value_undefined;
	out->reference_text = text;
	if (kind == REFERENCE_NONE)
		return must_be_absent(text, d, out);
	if (text.len == 0) {
		diagnostics_error(d, text,
				  arena_printf(a, "write " STR_FMT " behind it", STR_ARG(example_of(kind))),
				  STR_FMT " needs a reference value", STR_ARG(out->comparison_text));
		return false;
	}
	if (kind == REFERENCE_REGEX)
		return read_pattern(text, a, d, out);
	return read_json(text, a, d, out) && check_kind(out, a, d);
}
