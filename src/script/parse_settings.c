/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of settings: a word at the left edge, and below it a name and a value a line. */
#include "script/parse_priv.h"
#include "script/token.h"

const char *script_block_name(enum script_block block)
{
	static const char *const names[] = {
#define X(id, word, doc) word,
		SCRIPT_BLOCKS(X)
#undef X
	};
	return names[block];
}

bool parse_block_word(struct str word, enum script_block *out)
{
	for (int i = 0; i < SCRIPT_BLOCK_COUNT; i++) {
		if (!str_eq(word, str_from(script_block_name((enum script_block)i))))
			continue;
		*out = (enum script_block)i;
		return true;
	}
	return false;
}

void parse_settings(struct parser *p, struct str word, struct str rest, enum script_block block)
{
	p->block = BLOCK_SETTINGS;
	p->settings_block = block;
	p->indent = p->indent_inner = (struct str){ NULL, 0 };
	p->unset = NULL;
	if (rest.len == 0)
		return;
	diagnostics_error(p->d, rest,
			  arena_printf(p->arena, "write it on a line of its own below " STR_FMT ", indented",
				       STR_ARG(word)),
			  "nothing stands behind the word " STR_FMT, STR_ARG(word));
	p->block = BLOCK_BAD;
}

/* Whoever knows the names looks at name and value; the words behind "; " in what they say are the advice. */
static void check_setting(struct parser *p, const struct script_setting *s, struct str name, struct str value)
{
	struct error e;
	schema_setting_fn *known = p->schema && p->schema->settings ? p->schema->settings[s->block] : NULL;
	if (!known || known(s->name, s->value, p->arena, &e))
		return;
	struct str words = arena_str(p->arena, str_from(e.text)),
		   advice = STR("see the manual of this block");
	size_t cut = str_find(words, STR("; "));
	if (cut != STR_NONE) {
		advice = str_sub(words, cut + 2, words.len);
		words.len = cut;
	}
	diagnostics_error(p->d, e.kind == ERROR_NOT_FOUND ? name : value, advice, STR_FMT, STR_ARG(words));
}

static bool fence_follows(const struct parser *p)
{
	return str_starts(str_trim(str_sub(p->rest, 0, str_find_char(p->rest, '\n'))), STR("```"));
}

static enum line_kind read_setting(struct parser *p, struct str text)
{
	struct str value = text, name = token_word(&value);
	struct script_setting *s = ARENA_NEW(p->arena, struct script_setting);
	*s = (struct script_setting){ .above = p->settings,
				      .block = p->settings_block,
				      .name = name,
				      .value = value,
				      .line = p->line };
	p->unset = NULL;
	p->settings = s;
	if (!p->test || p->test_implied)
		p->file_settings = s;
	if (value.len && value.ptr[0] == '"' && !parse_string_body(p, value, &s->value))
		return LINE_SETTING;
	if (value.len) {
		check_setting(p, s, name, value);
	} else if (fence_follows(p)) {
		p->unset = s;
		p->unset_name = name;
	} else {
		diagnostics_error(p->d, source_behind(name),
				  arena_printf(p->arena,
					       "write " STR_FMT
					       " VALUE, or \"\" for an empty one, or put a long "
					       "value between ``` fences below",
					       STR_ARG(source_brief(name))),
				  STR_FMT " has no value", STR_ARG(source_brief(name)));
	}
	return LINE_SETTING;
}

static enum line_kind read_fence(struct parser *p, struct str indent, struct str text)
{
	struct script_setting *s = p->unset;
	struct str value = { NULL, 0 };
	bool good = parse_fence(p, indent, text, &value);
	p->unset = NULL;
	if (!s) {
		diagnostics_error(p->d, text, STR("take it out, or write a setting without a value above it"),
				  "a value without a setting");
	} else if (good) {
		s->value = value;
		check_setting(p, s, p->unset_name, text);
	}
	return s ? LINE_FENCE : LINE_BAD;
}

enum line_kind parse_setting(struct parser *p, struct str indent, struct str text)
{
	if (str_starts(text, STR("```")))
		return read_fence(p, indent, text);
	if (!parse_same_blanks(p, p->indent, indent))
		return LINE_BAD;
	if (!p->indent.ptr)
		p->indent = indent;
	return read_setting(p, text);
}
