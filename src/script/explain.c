/* SPDX-License-Identifier: Apache-2.0 */
/* What a failed comparison can tell besides its values. */
#include "script/compare_priv.h"

/* The line of `text` that byte `at` stands in. */
static struct str line_at(struct str text, size_t at, size_t *number)
{
	size_t begin = 0;
	*number = 1;
	for (size_t i = 0; i < at; i++) {
		if (text.ptr[i] == '\n') {
			begin = i + 1;
			++*number;
		}
	}
	struct str line = str_sub(text, begin, text.len);
	line.len = MIN(line.len, str_find_char(line, '\n'));
	return str_trim(line);
}

/* "WORDS line 3: …": of a text of several lines only the one that counts is shown. */
static struct str point_at(struct str text, size_t at, const char *words, struct arena *a)
{
	enum { LINE_BYTES_MAX = 200 };
	size_t number;
	struct str line = line_at(text, at, &number);
	struct value shown = { .type = VALUE_STRING, .string = line };
	struct str json = value_json(&shown, LINE_BYTES_MAX, a);
	return arena_printf(a, "%s line %zu: " STR_FMT, words, number, STR_ARG(json));
}

static struct str lower(struct str s, struct arena *a)
{
	char *copy = arena_alloc(a, s.len + 1);
	for (size_t i = 0; i < s.len; i++)
		copy[i] = ascii_lower(s.ptr[i]);
	return (struct str){ copy, s.len };
}

static struct str explain_string_includes(bool negated, const struct comparison_input *in)
{
	struct str text = in->target->string, piece = value_text(in->reference, in->arena);
	if (negated)
		return point_at(text, str_find(text, piece), "found in", in->arena);
	size_t at = str_find(lower(text, in->arena), lower(piece, in->arena));
	return at == STR_NONE ? STR("")
			      : point_at(text, at, "only the case of letters differs in", in->arena);
}

/* `logs includes "Hell"` looks for an item that is "Hell"; often what was meant is a piece of one. */
static struct str explain_array_includes(const struct comparison_input *in)
{
	const struct value *array = in->target, *wanted = in->reference;
	for (size_t i = 0; i < array->array.count; i++) {
		const struct value *item = array->array.items[i];
		if (item->type == VALUE_STRING && wanted->type == VALUE_STRING &&
		    str_find(item->string, wanted->string) != STR_NONE)
			return arena_printf(
				in->arena,
				"an array includes whole items only; [%zu] has it as a piece: use .concat()",
				i);
		if (value_equal_loose(item, wanted, in->arena))
			return arena_printf(in->arena, "[%zu] has the same text but is %s", i,
					    value_type_text(item->type));
	}
	return STR("");
}

struct str explain_nothing(const struct comparison_input *in, bool negated)
{
	(void)in, (void)negated;
	return STR("");
}

struct str explain_includes(const struct comparison_input *in, bool negated)
{
	if (in->target->type == VALUE_STRING)
		return explain_string_includes(negated, in);
	return in->target->type == VALUE_ARRAY && !negated ? explain_array_includes(in) : STR("");
}

struct str explain_matches(const struct comparison_input *in, bool negated)
{
	struct str text = value_text(in->target, in->arena), found;
	if (!negated || regex_search(in->regex, text, &found) != REGEX_YES)
		return STR("");
	return point_at(text, (size_t)(found.ptr - text.ptr), "found in", in->arena);
}

struct str explain_one_of(const struct comparison_input *in, bool negated)
{
	for (size_t i = 0; !negated && i < in->reference->array.count; i++) {
		const struct value *item = in->reference->array.items[i];
		if (value_equal_loose(in->target, item, in->arena))
			return arena_printf(in->arena, "the target is %s, the item that looks like it is %s",
					    value_type_text(in->target->type), value_type_text(item->type));
	}
	return STR("");
}
