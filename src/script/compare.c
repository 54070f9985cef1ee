/* SPDX-License-Identifier: Apache-2.0 */
#include "script/compare.h"

#include "script/compare_priv.h"
#include "script/nearest.h"
#include "script/token.h"

/* ---- bodies of the rows ---- */

static enum comparison_verdict verdict(bool holds)
{
	return holds ? COMPARISON_YES : COMPARISON_NO;
}

static enum comparison_verdict unfit(const struct comparison_input *in, const char *needs, struct str *detail)
{
	*detail = arena_printf(in->arena, "this comparison needs %s, the target is %s", needs,
			       value_type_text(in->target->type));
	return COMPARISON_UNFIT;
}

static enum comparison_verdict compare_equal(const struct comparison_input *in, struct str *detail)
{
	(void)detail;
	return verdict(value_equal_loose(in->target, in->reference, in->arena));
}

static enum comparison_verdict compare_is_true(const struct comparison_input *in, struct str *detail)
{
	(void)detail;
	return verdict(in->target->type == VALUE_BOOL && in->target->boolean);
}

static enum comparison_verdict compare_is_json(const struct comparison_input *in, struct str *detail)
{
	size_t at;
	struct str why;
	if (in->target->type != VALUE_STRING)
		return COMPARISON_NO;
	if (value_from_json(in->arena, in->target->string, NULL, &at, &why))
		return COMPARISON_YES;
	*detail = arena_printf(in->arena, "byte %zu: " STR_FMT, at, STR_ARG(why));
	return COMPARISON_NO;
}

#define COMPARE_NUMBERS(id, operator)                                                                      \
	static enum comparison_verdict compare_##id(const struct comparison_input *in, struct str *detail) \
	{                                                                                                  \
		if (in->target->type != VALUE_NUMBER)                                                      \
			return unfit(in, "a number", detail);                                              \
		return verdict(in->target->number operator in->reference->number);                         \
	}
COMPARE_NUMBERS(at_least, >=)
COMPARE_NUMBERS(above, >)
COMPARE_NUMBERS(at_most, <=)
COMPARE_NUMBERS(below, <)

static enum comparison_verdict compare_includes(const struct comparison_input *in, struct str *detail)
{
	const struct value *target = in->target, *reference = in->reference;
	bool holds = false;
	if (target->type == VALUE_STRING)
		return verdict(str_find(target->string, value_text(reference, in->arena)) != STR_NONE);
	if (target->type == VALUE_ARRAY) {
		for (size_t i = 0; !holds && i < target->array.count; i++)
			holds = value_same(target->array.items[i], reference);
		return verdict(holds);
	}
	if (target->type == VALUE_OBJECT && reference->type == VALUE_OBJECT) {
		holds = true;
		for (size_t i = 0; holds && i < reference->object.count; i++) {
			const struct value_member *member = &reference->object.members[i];
			holds = value_same(value_get(target, member->key), member->value);
		}
		return verdict(holds);
	}
	return unfit(in,
		     target->type == VALUE_OBJECT ? "an object as its reference"
						  : "a string, an array or an object",
		     detail);
}

static enum comparison_verdict compare_matches(const struct comparison_input *in, struct str *detail)
{
	enum regex_verdict found = regex_search(in->regex, value_text(in->target, in->arena), NULL);
	if (found != REGEX_GAVE_UP)
		return verdict(found == REGEX_YES);
	*detail = STR("the search was given up: this pattern tries too many ways to match this text "
		      "(look for one repetition inside another)");
	return COMPARISON_UNFIT;
}

static enum comparison_verdict compare_one_of(const struct comparison_input *in, struct str *detail)
{
	(void)detail;
	for (size_t i = 0; i < in->reference->array.count; i++) {
		if (value_same(in->target, in->reference->array.items[i]))
			return COMPARISON_YES;
	}
	return COMPARISON_NO;
}

static enum comparison_verdict compare_starts_with(const struct comparison_input *in, struct str *detail)
{
	(void)detail;
	return verdict(in->target->type == VALUE_STRING &&
		       str_starts(in->target->string, in->reference->string));
}

static enum comparison_verdict compare_ends_with(const struct comparison_input *in, struct str *detail)
{
	(void)detail;
	return verdict(in->target->type == VALUE_STRING &&
		       str_ends(in->target->string, in->reference->string));
}

/* ---- the table ---- */

enum {
	BOOLS = 1 << VALUE_BOOL,
	NUMBERS = 1 << VALUE_NUMBER,
	STRINGS = 1 << VALUE_STRING,
	SCALARS = BOOLS | NUMBERS | STRINGS,
	CONTAINERS = STRINGS | 1 << VALUE_ARRAY | 1 << VALUE_OBJECT,
	ANYTHING = SCALARS | CONTAINERS | 1 << VALUE_NULL,
};

static const struct comparison comparisons[] = {
#define COMPARISON(id, word, negation, also, can_pass, kind, yes, no, why, sample, rule) \
	{                                                                                \
		.name = word,                                                            \
		.negated_name = negation,                                                \
		.aliases = also,                                                         \
		.targets = can_pass,                                                     \
		.reference = kind,                                                       \
		.phrase = yes,                                                           \
		.negated_phrase = no,                                                    \
		.doc = rule,                                                             \
		.example = sample,                                                       \
		.compare = compare_##id,                                                 \
		.explain = why,                                                          \
	},
#include "script/comparisons.def"
};

size_t comparison_count(void)
{
	return COUNT_OF(comparisons);
}

const struct comparison *comparison_at(size_t i)
{
	return &comparisons[i];
}

static bool strip(struct str *word, struct str prefix)
{
	if (!str_eq_nocase(str_sub(*word, 0, prefix.len), prefix))
		return false;
	*word = str_sub(*word, prefix.len, word->len);
	return true;
}

const struct comparison *comparison_find(struct str word, bool *negated)
{
	strip(&word, STR("is"));
	*negated = strip(&word, STR("not"));
	strip(&word, STR("is"));
	for (size_t i = 0; i < COUNT_OF(comparisons); i++) {
		struct str name = str_from(comparisons[i].name), aliases = str_from(comparisons[i].aliases);
		strip(&name, STR("is"));
		if (str_eq_nocase(word, name))
			return &comparisons[i];
		while (aliases.len) {
			if (str_eq_nocase(word, token_word(&aliases)))
				return &comparisons[i];
		}
	}
	return NULL;
}

/* What people write who come from elsewhere. */
static const char *const foreign[][2] = {
	{ "=", "is" },       { "==", "is" },        { "===", "is" },    { "equals", "is" },
	{ "equal", "is" },   { "isEqual", "is" },   { "!=", "isNot" },  { "!==", "isNot" },
	{ "isnt", "isNot" }, { "<>", "isNot" },     { ">", "isAbove" }, { ">=", "isAtLeast" },
	{ "<", "isBelow" },  { "<=", "isAtMost" },  { "~", "matches" }, { "=~", "matches" },
	{ "in", "oneOf" },   { "has", "includes" },
};

struct str comparison_nearest(struct str word)
{
	for (size_t i = 0; i < COUNT_OF(foreign); i++) {
		if (str_eq_nocase(word, str_from(foreign[i][0])))
			return str_from(foreign[i][1]);
	}
	struct nearest nearest = { .word = word };
	for (size_t i = 0; i < COUNT_OF(comparisons); i++) {
		struct str aliases = str_from(comparisons[i].aliases), name = str_from(comparisons[i].name),
			   bare = name;
		strip(&bare, STR("is"));
		nearest_try(&nearest, name);
		nearest_try(&nearest, bare);
		nearest_try(&nearest, str_from(comparisons[i].negated_name));
		while (aliases.len)
			nearest_try(&nearest, token_word(&aliases));
	}
	return nearest.best;
}
