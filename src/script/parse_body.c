/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: JSON strings and fences. */
#include "script/parse_priv.h"
#include "script/token.h"

bool parse_string_body(struct parser *p, struct str text, struct str *out)
{
	struct str rest = text, why, piece = token_string(&rest);
	struct value *value;
	size_t at;
	if (piece.len == 0) {
		diagnostics_error(
			p->d, text,
			STR("end it with \"; write \\\" for a quote inside, \\n for a line end, or put "
			    "the body between ``` fences"),
			"this string has no closing quote");
		return false;
	}
	token_blanks(&rest);
	if (rest.len) {
		diagnostics_error(p->d, rest,
				  STR("write the whole body as one string, with \\\" for each quote inside"),
				  "nothing may stand behind the string");
		return false;
	}
	if (!value_from_json(p->arena, piece, &value, &at, &why)) {
		diagnostics_error(p->d, str_sub(piece, at ? at - 1 : 0, 1),
				  STR("write the string as in JSON: \\\" \\\\ \\n \\t \\u00e9"),
				  "bad string: " STR_FMT, STR_ARG(why));
		return false;
	}
	*out = value->string;
	return true;
}

static size_t fence_ticks(struct str text)
{
	size_t ticks = 0;
	while (ticks < text.len && text.ptr[ticks] == '`')
		ticks++;
	return ticks;
}

/* Takes the fence's indentation off a line of the body; a line of blanks only may have less of it. */
static bool strip_indent(struct parser *p, struct str indent, struct str *line)
{
	struct str rest = *line, blanks = token_blanks(&rest);
	if (str_starts(*line, indent)) {
		*line = str_sub(*line, indent.len, line->len);
		return true;
	}
	if (rest.len == 0) {
		*line = rest;
		return true;
	}
	diagnostics_error(p->d, blanks.len ? blanks : str_sub(*line, 0, 1),
			  STR("begin each line with the same blanks as the ``` above"),
			  "this line is indented less than its fence");
	return false;
}

bool parse_fence(struct parser *p, struct str indent, struct str text, struct str *out)
{
	size_t ticks = fence_ticks(text);
	struct str fence = str_sub(text, 0, ticks), line;
	bool good = ticks == text.len, readable, first = true;
	scoped(buf_fini) struct buf body = BUF_INIT(SCRIPT_FILE_BYTES_MAX);
	if (!good)
		diagnostics_error(p->d, str_sub(text, ticks, text.len),
				  STR("begin the body on the next line"), "nothing may stand behind " STR_FMT,
				  STR_ARG(source_brief(fence)));
	while (parse_next_line(p, &line, &readable)) {
		struct script_line *record = parse_line_record(p);
		bool fits = readable && strip_indent(p, indent, &line);
		*record = (struct script_line){ LINE_FENCED, indent.len > 0, line };
		if (fits && str_eq(token_trim_end(line), fence)) {
			*record = (struct script_line){ LINE_FENCE, indent.len > 0, fence };
			*out = arena_str(p->arena, buf_str(&body));
			return good;
		}
		buf_add(&body, first ? STR("") : STR("\n"));
		buf_add(&body, line);
		first = false;
		good &= fits;
	}
	diagnostics_error(p->d, fence,
			  arena_printf(p->arena, "end the body with a line " STR_FMT,
				       STR_ARG(source_brief(fence))),
			  "this fence is never closed");
	return false;
}
