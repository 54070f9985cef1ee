/* SPDX-License-Identifier: Apache-2.0 */
#include "script/format.h"

#include "script/parse_priv.h"
#include "script/token.h"

enum { INDENT_BLOCK = 2, INDENT_INNER = 4 };

struct layout {
	const struct script *script;
	struct buf out;
	enum line_kind
		above; /* of the last line that was put out, comments left out; LINE_BLANK at the beginning */
	bool blank;    /* blank lines stood here */
	bool after_comment; /* the last line that was put out is a comment */
};

static bool begins_block(enum line_kind kind)
{
	return kind == LINE_ORIGIN || kind == LINE_SETTINGS || kind == LINE_TEST || kind == LINE_REQUEST;
}

static int indent_of(const struct script_line *line)
{
	switch (line->kind) {
	case LINE_RULE:
	case LINE_THEN:
	case LINE_SETTING:
	case LINE_CHECK:
		return INDENT_BLOCK;
	case LINE_ANSWER:
		return INDENT_INNER;
	case LINE_FENCE:
	case LINE_FENCED:
		return line->indented ? INDENT_INNER : 0;
	default:
		return 0;
	}
}

/* The line that a comment stands directly above, comments in between left out; NULL when a blank line comes
 * first. */
static const struct script_line *line_below(const struct layout *l, size_t i)
{
	for (i++; i < l->script->line_count; i++) {
		const struct script_line *line = &l->script->lines[i];
		if (line->kind != LINE_COMMENT)
			return line->kind == LINE_BLANK ? NULL : line;
	}
	return NULL;
}

/* A comment is indented as what it speaks of: the line below it, or else the block it was indented into. */
static int comment_indent(const struct layout *l, size_t i)
{
	const struct script_line *below = line_below(l, i);
	if (below)
		return indent_of(below);
	if (!l->script->lines[i].indented || l->above == LINE_BLANK || l->above == LINE_TEST)
		return 0;
	return INDENT_BLOCK;
}

static void add_words(struct buf *out, struct str text)
{
	for (struct str rest = text; rest.len;) {
		buf_add(out, token_word(&rest));
		buf_add(out, rest.len ? STR(" ") : STR(""));
	}
}

static void add_piece(struct buf *out, struct str piece)
{
	if (piece.len)
		buf_add_char(out, ' ');
	buf_add(out, piece);
}

/* "GET /path -> 200", "then -> 200" */
static void add_rule(struct buf *out, struct str text, int words)
{
	struct str rest = text;
	buf_add(out, token_word(&rest));
	for (int word = 1; word < words; word++)
		add_piece(out, token_word(&rest));
	add_piece(out, token_media_type(&rest));
	add_piece(out, rest);
}

/* "Name: value", "delay 2s", and words in front of either; behind "when body" nothing is ours to change. */
static void add_header(struct buf *out, struct str text)
{
	struct str rest = text, value = text;
	bool body = str_eq(token_word(&rest), STR("when")) && str_eq(token_word(&rest), STR("body"));
	if (body) {
		buf_add(out, STR("when body"));
		add_piece(out, rest);
		return;
	}
	if (str_find_char(text, ':') == STR_NONE) {
		add_words(out, text);
		return;
	}
	add_words(out, token_trim_end(str_split(&value, ':')));
	buf_add_char(out, ':');
	add_piece(out, str_trim(value));
}

static void add_check(struct buf *out, struct str text)
{
	struct str rest = text;
	if (rest.ptr[0] == '[') {
		size_t close = str_find_char(rest, ']');
		buf_printf(out, "[" STR_FMT "] ", STR_ARG(str_trim(str_sub(rest, 1, close - 1))));
		rest = str_sub(rest, close + 1, rest.len);
		token_blanks(&rest);
	}
	buf_add(out, token_target(&rest));
	add_piece(out, token_word(&rest));
	add_piece(out, rest);
}

static void add_line(struct layout *l, const struct script_line *line, int indent)
{
	if (line->text.len)
		buf_printf(&l->out, "%*s", indent, "");
	switch (line->kind) {
	case LINE_ORIGIN:
	case LINE_SETTINGS:
	case LINE_REQUEST:
		add_words(&l->out, line->text);
		break;
	case LINE_SETTING:
	case LINE_TEST: {
		struct str rest = line->text;
		buf_add(&l->out, token_word(&rest));
		add_piece(&l->out, rest);
		break;
	}
	case LINE_RULE:
		add_rule(&l->out, line->text, 4);
		break;
	case LINE_THEN:
		add_rule(&l->out, line->text, 3);
		break;
	case LINE_ANSWER:
	case LINE_HEADER:
		add_header(&l->out, line->text);
		break;
	case LINE_CHECK:
		add_check(&l->out, line->text);
		break;
	default:
		buf_add(&l->out, line->text);
	}
	buf_add_char(&l->out, '\n');
}

/* One blank line where some stood, and in front of every block; its comments count as its beginning. */
static bool wants_blank(const struct layout *l, size_t i)
{
	const struct script_line *line = &l->script->lines[i], *below = line_below(l, i);
	if (l->out.len == 0 || line->kind == LINE_FENCED)
		return false;
	if (l->above == LINE_TEST && !l->after_comment)
		return line->kind == LINE_TEST ||
		       (line->kind == LINE_COMMENT && below && below->kind == LINE_TEST);
	if (l->blank)
		return true;
	if (line->kind == LINE_COMMENT)
		return !l->after_comment && below && begins_block(below->kind);
	return begins_block(line->kind) && !l->after_comment;
}

bool script_format(struct arena *a, struct str file, struct str text, struct str *out, struct diagnostics *d)
{
	struct script *script = ARENA_NEW(a, struct script);
	if (!script_parse(a, file, text, NULL, script, d))
		return false;
	/* Each line grows by its indentation and a blank line at most. */
	struct layout l = { .script = script, .out = BUF_INIT(2 * text.len + script->line_count * 8 + 1) };
	bool inside = false; /* between fences, where nothing is ours to change */
	for (size_t i = 0; i < script->line_count; i++) {
		const struct script_line *line = &script->lines[i];
		if (line->kind == LINE_BLANK) {
			l.blank = true;
			continue;
		}
		if (!inside && wants_blank(&l, i))
			buf_add_char(&l.out, '\n');
		inside = line->kind == LINE_FENCED || (line->kind == LINE_FENCE && !inside);
		add_line(&l, line, line->kind == LINE_COMMENT ? comment_indent(&l, i) : indent_of(line));
		l.blank = false;
		l.after_comment = line->kind == LINE_COMMENT;
		if (line->kind != LINE_COMMENT && line->kind != LINE_FENCED && line->kind != LINE_FENCE)
			l.above = line->kind;
	}
	*out = arena_str(a, buf_str(&l.out));
	buf_fini(&l.out);
	return true;
}
