/* SPDX-License-Identifier: Apache-2.0 */
#include "script/check.h"

#include "script/reference.h"
#include "script/token.h"

/* "[…]" at the beginning of the line. */
static bool read_label(struct str *rest, struct check *out, struct diagnostics *d)
{
	if (!str_starts(*rest, STR("[")))
		return true;
	size_t at = 1;
	while (at < rest->len && rest->ptr[at] != ']' && rest->ptr[at] != '[')
		at++;
	if (at == rest->len) {
		diagnostics_error(d, str_sub(*rest, 0, 1), STR("write ] behind the label"),
				  "this label is never closed");
		return false;
	}
	if (rest->ptr[at] == '[') {
		diagnostics_error(d, str_sub(*rest, at, 1), STR("write the label without brackets inside"),
				  "a label holds no brackets");
		return false;
	}
	out->label = str_trim(str_sub(*rest, 1, at - 1));
	*rest = str_sub(*rest, at + 1, rest->len);
	token_blanks(rest);
	if (str_starts(*rest, STR("["))) {
		diagnostics_error(d, str_sub(*rest, 0, 1), STR("join the two labels into one"),
				  "a test has one label");
		return false;
	}
	return true;
}

static bool read_comparison(struct str word, struct diagnostics *d, struct check *out)
{
	out->comparison_text = word;
	if (word.len == 0) {
		diagnostics_error(d, word, STR("write what to test, such as: is 200"),
				  "a comparison is missing behind the target");
		return false;
	}
	out->comparison = comparison_find(word, &out->negated);
	if (out->comparison)
		return true;
	scoped(buf_fini) struct buf names = BUF_INIT(512);
	for (size_t i = 0; i < comparison_count(); i++)
		buf_printf(&names, "%s%s", i ? ", " : "", comparison_at(i)->name);
	struct str near = comparison_nearest(word);
	diagnostics_error(d, word,
			  near.ptr ? arena_printf(d->arena, "did you mean " STR_FMT "?", STR_ARG(near))
				   : arena_printf(d->arena,
						  "write one of " STR_FMT ", or its negation with `not`",
						  STR_ARG(buf_str(&names))),
			  "unknown comparison " STR_FMT, STR_ARG(source_brief(word)));
	return false;
}

/* The schema may know that a target is nothing the comparison can ever hold for: worth a word, but no error.
 */
static void warn_of_type(const struct check *check, struct str target, const struct schema_type *type,
			 struct diagnostics *d)
{
	if (type->kind == VALUE_UNDEFINED || (check->comparison->targets & 1u << type->kind))
		return;
	diagnostics_warn(d, target, STR("compare it with `is`, or test another target"),
			 STR_FMT " is %s, for which %s never holds", STR_ARG(source_brief(target)),
			 value_type_text(type->kind), check->comparison->name);
}

bool check_parse(struct str text, size_t line, const struct schema *schema, struct arena *a,
		 struct diagnostics *d, struct check *out)
{
	struct str rest = text;
	*out = (struct check){ .line = line, .reference = &value_undefined };
	if (!read_label(&rest, out, d))
		return false;
	out->text = rest;
	struct str target = token_target(&rest);
	if (target.len == 0) {
		diagnostics_error(d, target, STR("write a test, such as: clientFetch.status is 200"),
				  "a target is missing behind the label");
		return false;
	}
	if (!path_parse(target, a, d, &out->target))
		return false;
	const struct schema_type *type = path_check(&out->target, schema, d);
	/* The rest of the line is checked even when the target is wrong, so that one reading shows all. */
	bool ok = read_comparison(token_word(&rest), d, out) && reference_parse(rest, a, d, out);
	if (ok && type)
		warn_of_type(out, target, type, d);
	return ok && type;
}
