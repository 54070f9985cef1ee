/* SPDX-License-Identifier: Apache-2.0 */
/* Which line is what: the layout of a .fiddle file, its tests, and what can be wrong with any line. */
#include <string.h>

#include "script/grow.h"
#include "script/nearest.h"
#include "script/parse_priv.h"
#include "script/token.h"

/* ---- lines ---- */

static bool is_plain_text(struct parser *p, struct str line)
{
	if (line.len > SCRIPT_LINE_BYTES_MAX) {
		diagnostics_error(p->d, str_sub(line, 0, 1),
				  STR("break it up, or put a long body between ``` fences"),
				  "this line has %zu bytes, more than %d", line.len, SCRIPT_LINE_BYTES_MAX);
		return false;
	}
	size_t nul = str_find_char(line, '\0'), cr = str_find_char(line, '\r');
	if (nul != STR_NONE) {
		diagnostics_error(p->d, str_sub(line, nul, 1), STR("in a JSON string it is written \\u0000"),
				  "a NUL byte");
		return false;
	}
	if (!str_is_utf8(line)) {
		size_t at = 0, len;
		while (len = source_character(line, at), str_is_utf8(str_sub(line, at, len)))
			at += len;
		diagnostics_error(p->d, str_sub(line, at, 1), STR("save the file as UTF-8"),
				  "a byte that is not UTF-8");
		return false;
	}
	if (cr != STR_NONE) {
		diagnostics_error(p->d, str_sub(line, cr, 1), STR("in a JSON string it is written \\r"),
				  "a carriage return inside a line");
		return false;
	}
	return true;
}

bool parse_next_line(struct parser *p, struct str *line, bool *ok)
{
	if (!p->rest.ptr || (p->rest.len == 0 && p->line > 0)) /* nothing stands behind the last line end */
		return false;
	*line = str_split(&p->rest, '\n');
	if (p->rest.ptr && str_ends(*line, STR("\r")))
		line->len--;
	p->script->lines[p->line++] = (struct script_line){ .kind = LINE_BAD, .text = *line };
	*ok = is_plain_text(p, *line);
	return true;
}

struct script_line *parse_line_record(struct parser *p)
{
	return &p->script->lines[p->line - 1];
}

bool parse_same_blanks(struct parser *p, struct str above, struct str indent)
{
	if (!above.ptr || str_starts(above, indent) || str_starts(indent, above))
		return true;
	bool tab = memchr(indent.ptr, '\t', indent.len) != NULL,
	     spaces = memchr(indent.ptr, ' ', indent.len) != NULL;
	diagnostics_error(p->d, indent, STR("indent all lines of a block alike; spaces are usual"),
			  "this line is indented with %s, the lines above are not",
			  tab && spaces ? "tabs and spaces"
			  : tab         ? "tabs"
					: "spaces");
	return false;
}

/* ---- what may stand at the left edge ---- */

static void unknown_word(struct parser *p, struct str word, struct str rest)
{
	struct nearest nearest = { .word = word };
	nearest_try(&nearest, STR("origin"));
	nearest_try(&nearest, STR("test"));
	for (int i = 0; i < SCRIPT_BLOCK_COUNT; i++)
		nearest_try(&nearest, str_from(script_block_name((enum script_block)i)));
	struct str shown = source_brief(word), tail = source_brief(rest);
	struct str advice = STR(
		"a line at the left edge begins with origin, test, client, inspect, products, or a method, as in: GET /path");
	if (nearest.best.ptr)
		advice = arena_printf(p->arena, "did you mean " STR_FMT "?", STR_ARG(nearest.best));
	else if (word.ptr[0] == '/' || str_starts(word, STR("http://")) || str_starts(word, STR("https://")))
		advice = arena_printf(p->arena, "write GET " STR_FMT, STR_ARG(shown));
	if (nearest.best.ptr || !parse_in_head(p) || !token_is_http(word)) {
		diagnostics_error(p->d, word, advice, "unknown word " STR_FMT, STR_ARG(shown));
		p->block = BLOCK_BAD;
		return;
	}
	diagnostics_error(p->d, word,
			  arena_printf(p->arena, "write " STR_FMT ": " STR_FMT, STR_ARG(shown),
				       STR_ARG(tail)),
			  "a header needs a colon behind its name");
}

/* A test line that is not indented: known by its label, or by a comparison behind its first word. */
static bool looks_like_check(struct str word, struct str rest)
{
	bool negated;
	struct str second = token_word(&rest);
	return word.ptr[0] == '[' || (second.len && comparison_find(second, &negated));
}

static void begin_test(struct parser *p, struct str word, struct str name)
{
	struct script *script = p->script;
	if (p->test_implied)
		diagnostics_error(p->d, script->lines[p->test->line - 1].text,
				  STR("write a `test NAME` line above it, as the requests below have one"),
				  "this request belongs to no test");
	if (script->test_count == SCRIPT_TESTS_MAX) {
		diagnostics_error(p->d, word, STR("go on in another file"), "a file has at most %d tests",
				  SCRIPT_TESTS_MAX);
		return;
	}
	if (name.len == 0)
		diagnostics_error(p->d, word, STR("write what it tests: test serves the page in French"),
				  "this test has no name");
	for (size_t i = 0; name.len && i < script->test_count; i++) {
		if (!str_eq(script->tests[i].name, name))
			continue;
		diagnostics_warn(p->d, name, STR("give each test a name of its own, reports go by it"),
				 "the test in line %zu has the same name", script->tests[i].line);
		break;
	}
	p->test = GROW(p->arena, script->tests, script->test_count);
	*p->test = (struct script_test){ .name = name, .line = p->line };
	p->test_implied = false;
	p->settings = p->file_settings;
	p->block = BLOCK_NONE;
}

static bool begins_target(struct str s)
{
	return str_starts(s, STR("/")) || str_starts(s, STR("http://")) || str_starts(s, STR("https://"));
}

/* A word in capitals is a method, whatever follows: better words about a bad target can then be found. */
static bool is_upper(struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] < 'A' || word.ptr[i] > 'Z')
			return false;
	}
	return word.len > 0;
}

static enum line_kind read_left_edge(struct parser *p, struct str text)
{
	struct str rest = text;
	enum script_block block;
	if (str_starts(text, STR("\"")) || str_starts(text, STR("```")))
		return parse_request_body(p, text);
	if (parse_looks_like_header(text))
		return parse_request_header(p, text);
	struct str word = token_word(&rest);
	if (str_eq(word, STR("origin"))) {
		parse_origin(p, word, rest);
		return LINE_ORIGIN;
	}
	if (parse_block_word(word, &block)) {
		parse_settings(p, word, rest, block);
		return LINE_SETTINGS;
	}
	if (str_eq(word, STR("test"))) {
		begin_test(p, word, rest);
		return LINE_TEST;
	}
	if (begins_target(rest) || is_upper(word))
		return parse_request(p, text);
	if (looks_like_check(word, rest))
		diagnostics_error(p->d, text,
				  STR("put two blanks in front of it, below the request it is about"),
				  "a test line at the left edge");
	else
		unknown_word(p, word, rest);
	return LINE_BAD;
}

static enum line_kind read_indented(struct parser *p, struct str indent, struct str text)
{
	switch (p->block) {
	case BLOCK_ORIGIN:
		return parse_origin_line(p, indent, text);
	case BLOCK_SETTINGS:
		return parse_setting(p, indent, text);
	case BLOCK_REQUEST:
		return parse_check(p, indent, text);
	case BLOCK_NONE:
		diagnostics_error(p->d, text, STR("write a request above it, at the left edge: GET /path"),
				  "a test line before any request");
		p->block = BLOCK_BAD;
		break;
	case BLOCK_BAD:
		break;
	}
	return LINE_BAD;
}

/* "# backlot-fiddle 1", on the first line only (blank ones left out). */
static void check_version(struct parser *p, struct str text)
{
	static const char mark[] = "backlot-fiddle";
	struct str rest = str_sub(text, 1, text.len);
	uint64_t version = 0;
	token_blanks(&rest);
	if (!str_eq(token_word(&rest), str_from(mark)) || rest.len == 0 || rest.ptr[0] < '0' ||
	    rest.ptr[0] > '9')
		return;
	if (!str_to_u64(rest, UINT32_MAX, &version) || version == 0)
		diagnostics_error(p->d, rest, arena_printf(p->arena, "write # %s %d", mark, SCRIPT_VERSION),
				  "a version is a whole number from 1 on");
	else if (version > SCRIPT_VERSION)
		diagnostics_error(p->d, rest,
				  STR("use a newer Backlot, or write the file for the version above"),
				  "this file is of version %llu, this Backlot reads up to %d",
				  (unsigned long long)version, SCRIPT_VERSION);
}

static void read_line(struct parser *p, struct str line)
{
	struct script_line *record = parse_line_record(p);
	struct str text = line, indent = token_blanks(&text);
	text = token_trim_end(text);
	record->text = text;
	record->indented = indent.len > 0;
	if (text.len == 0) {
		record->kind = LINE_BLANK;
		return;
	}
	if (text.ptr[0] == '#') {
		record->kind = LINE_COMMENT;
		if (p->first)
			check_version(p, text);
	} else {
		/* Fences read on: the record is that of the line that was current here. */
		record->kind = indent.len ? read_indented(p, indent, text) : read_left_edge(p, text);
	}
	p->first = false;
}

/* ---- the whole file ---- */

static void warn_of_empty(struct parser *p)
{
	struct script *script = p->script;
	struct str top = str_sub(script->source.text, 0, 0);
	if (script->test_count == 0)
		diagnostics_warn(p->d, top, STR("write a request at the left edge: GET /path"),
				 "this file has no request");
	for (size_t i = 0; i < script->test_count; i++) {
		const struct script_test *test = &script->tests[i];
		if (test->request_count == 0)
			diagnostics_warn(p->d, script->lines[test->line - 1].text,
					 STR("write a request below it: GET /path"),
					 "this test has no request");
	}
}

static bool set_up(struct parser *p, struct str file, struct str text)
{
	struct script *script = p->script;
	bool fits = text.len <= SCRIPT_FILE_BYTES_MAX;
	if (str_starts(text, STR("\xef\xbb\xbf"))) /* a byte order mark says nothing in UTF-8 */
		text = str_sub(text, 3, text.len);
	script->source = (struct source){ arena_str(p->arena, file),
					  arena_str(p->arena, str_sub(text, 0, fits ? text.len : 0)) };
	diagnostics_init(p->d, p->arena, &script->source);
	p->rest = script->source.text;
	if (!fits) {
		diagnostics_error(p->d, p->rest, STR("split it into several files"),
				  "this file has %zu bytes, more than %d", text.len, SCRIPT_FILE_BYTES_MAX);
		return false;
	}
	size_t lines = 1;
	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	script->lines = arena_alloc(p->arena, lines * sizeof *script->lines);
	return true;
}

bool script_parse(struct arena *a, struct str file, struct str text, const struct schema *schema,
		  struct script *out, struct diagnostics *d)
{
	enum { COVER_STEPS = 20000000 };
	struct parser p = { .arena = a,
			    .script = out,
			    .d = d,
			    .schema = schema,
			    .first = true,
			    .cover_steps_left = COVER_STEPS };
	struct str line;
	bool ok;
	*out = (struct script){ 0 };
	if (!set_up(&p, file, text))
		return false;
	while (parse_next_line(&p, &line, &ok)) {
		if (ok)
			read_line(&p, line);
	}
	out->line_count = p.line;
	parse_check_origins(&p);
	warn_of_empty(&p);
	diagnostics_sort(d);
	return d->errors == 0;
}
