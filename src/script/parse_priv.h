/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a .fiddle file, line by line: parse.c knows what a line is by where it stands, parse_origin.c reads
 * what stands under `origin`, parse_settings.c what stands under `client`, parse_request.c what stands under
 * a request line, parse_body.c bodies.
 */
#ifndef SCRIPT_PARSE_PRIV_H
#define SCRIPT_PARSE_PRIV_H

#include "script/script.h"

enum line_kind {
	LINE_BLANK,
	LINE_BAD, /* not understood: an error was added, or one above covers it */
	LINE_COMMENT,
	LINE_ORIGIN,
	LINE_RULE,
	LINE_THEN,   /* one more answer of the rule above */
	LINE_ANSWER, /* what belongs to a rule or an answer: a header, a delay, … */
	LINE_SETTINGS,
	LINE_SETTING,
	LINE_TEST,
	LINE_REQUEST,
	LINE_HEADER,
	LINE_BODY, /* a JSON string */
	LINE_FENCE,
	LINE_FENCED, /* a line between fences: `text` is what belongs to the body */
	LINE_CHECK,
};

struct script_line {
	enum line_kind kind;
	bool indented;
	/* Without indentation and without blanks at its end (between fences: without the fence's indentation
	 * only). */
	struct str text;
};

/* What indented lines and headers belong to. */
enum block { BLOCK_NONE, BLOCK_BAD, BLOCK_ORIGIN, BLOCK_SETTINGS, BLOCK_REQUEST };

struct parser {
	struct arena *arena;
	struct script *script;
	struct diagnostics *d;
	const struct schema *schema;
	struct str rest; /* the lines not read yet; ptr NULL at the end */
	size_t line;     /* number of the current line, from 1 */
	bool first;      /* no line with text was read yet */
	enum block block;
	struct script_test *test;         /* the last one; NULL before the first */
	bool test_implied;                /* … and no `test` line said so */
	struct script_origin *origin;     /* valid in BLOCK_ORIGIN */
	enum script_block settings_block; /* valid in BLOCK_SETTINGS */
	/* The last setting that holds here, and the last one that holds for every test. */
	const struct script_setting *settings, *file_settings;
	struct script_setting *unset; /* its value is the fence on the next line */
	struct str unset_name;
	struct str indent,
		indent_inner; /* of the block's lines, of those below one of them; ptr NULL: not known yet */
	unsigned cover_steps_left; /* for glob_covers(), over all rules of the file */
};

/*
 * Takes the next line: with its indentation, without line end. False at the end of the file. `*ok` is false
 * when the line is unreadable, which was then said.
 */
bool parse_next_line(struct parser *p, struct str *line, bool *ok);

/* The record of the line taken last. */
struct script_line *parse_line_record(struct parser *p);

/*
 * Do two indentations go together, the shorter one being the beginning of the longer one? If not, says so.
 */
bool parse_same_blanks(struct parser *p, struct str above, struct str indent);

/* A line "Name: value". False after an error was added. */
bool parse_header(struct parser *p, struct str text, struct script_header *out);

/* Is it a name with a colon right behind it? */
bool parse_looks_like_header(struct str text);

/* A JSON string that is all there is. False after an error was added. */
bool parse_string_body(struct parser *p, struct str text, struct str *out);

/* A fenced body; `text` is the opening line, `indent` what stands in front of it. Reads on to the closing
 * line. */
bool parse_fence(struct parser *p, struct str indent, struct str text, struct str *out);

/* What stands behind the word `origin`, and the indented lines below. */
void parse_origin(struct parser *p, struct str word, struct str name);
enum line_kind parse_origin_line(struct parser *p, struct str indent, struct str text);
/* What can only be checked when all of the file was read. */
void parse_check_origins(struct parser *p);

/* What stands behind the arrow of a rule, and a line below. */
void parse_answer(struct parser *p, struct str rest, struct script_answer *answer);
enum line_kind parse_answer_line(struct parser *p, struct str indent, struct str text,
				 struct script_answer *answer);
/* Are the places of what happens in its body within it? */
void parse_check_steps(struct parser *p, const struct script_answer *answer);

/* Is it the word of a block of settings? What stands behind the word, and the indented lines below. */
bool parse_block_word(struct str word, enum script_block *out);
void parse_settings(struct parser *p, struct str word, struct str rest, enum script_block block);
enum line_kind parse_setting(struct parser *p, struct str indent, struct str text);

/* A request line, and the lines below. */
enum line_kind parse_request(struct parser *p, struct str text);
enum line_kind parse_request_header(struct parser *p, struct str text);
enum line_kind parse_request_body(struct parser *p, struct str text);
enum line_kind parse_check(struct parser *p, struct str indent, struct str text);

/* May headers of a request stand here? */
bool parse_in_head(const struct parser *p);

#endif
