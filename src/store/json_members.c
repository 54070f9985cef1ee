/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jansson checks the text and decodes escapes. It does not say where values stand, but in a text that is
 * known to be good JSON a scan over strings and brackets finds that.
 */
#include "store/json_members.h"

#include <jansson.h>
#include <string.h>

enum { DECODE_FLAGS = JSON_ALLOW_NUL };

struct scan {
	const char *at, *end;
};

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at)
		s->at++;
}

static void skip_string(struct scan *s)
{
	for (s->at++; s->at < s->end && *s->at != '"'; s->at++) {
		if (*s->at == '\\')
			s->at++;
	}
	s->at++;
}

/*
 * Moves behind the value: a string, anything in brackets, or what reaches to the next comma, bracket or
 * blank.
 */
static struct str skip_value(struct scan *s)
{
	const char *begin = s->at;
	unsigned depth = 0;
	do {
		if (*s->at == '"') {
			skip_string(s);
			continue;
		}
		depth += *s->at == '{' || *s->at == '[';
		depth -= *s->at == '}' || *s->at == ']';
		s->at++;
	} while (s->at < s->end && (depth > 0 || (*begin != '"' && *begin != '{' && *begin != '[' &&
						  !strchr(",}] \t\r\n", *s->at))));
	return (struct str){ begin, (size_t)(s->at - begin) };
}

static struct str decode_string(struct arena *a, struct str quoted)
{
	struct str inside = str_sub(quoted, 1, quoted.len - 2);
	if (str_find_char(inside, '\\') == STR_NONE)
		return inside;
	json_t *decoded = json_loadb(quoted.ptr, quoted.len, DECODE_FLAGS | JSON_DECODE_ANY, NULL);
	struct str copy =
		arena_str(a, (struct str){ json_string_value(decoded), json_string_length(decoded) });
	json_decref(decoded);
	return copy;
}

/* Jansson passes a NUL behind a number over; nowhere may one stand. */
static bool has_no_nul(struct str text, struct error *e)
{
	size_t at = str_find_char(text, '\0'), line = 1, column = 1;
	if (at == STR_NONE)
		return true;
	for (size_t i = 0; i < at; i++) {
		line += text.ptr[i] == '\n';
		column = text.ptr[i] == '\n' ? 1 : column + 1;
	}
	return FAIL(e, INVALID, "%zu:%zu: a NUL byte", line, column);
}

/* Is the whole text one good value that begins with `open`? */
static bool check_text(struct str text, char open, struct error *e)
{
	json_error_t why;
	if (!has_no_nul(text, e))
		return false;
	json_t *root = json_loadb(text.ptr ? text.ptr : "", text.len, DECODE_FLAGS | JSON_DECODE_ANY, &why);
	bool as_wanted = open == '{' ? json_is_object(root) : json_is_array(root);
	if (!root)
		return FAIL(e, INVALID, "%d:%d: %s", why.line, why.column, why.text);
	json_decref(root);
	if (as_wanted)
		return true;
	return open == '{' ? FAIL(e, INVALID, "is not a JSON object; write { \"KEY\": … }")
			   : FAIL(e, INVALID, "is not a JSON array; write [ … ]");
}

static struct json_member *read_member(struct arena *a, struct scan *s, bool with_key)
{
	struct json_member *m = ARENA_NEW(a, struct json_member);
	if (with_key) {
		m->key = decode_string(a, skip_value(s));
		skip_blanks(s);
		s->at++; /* : */
		skip_blanks(s);
	}
	m->text = skip_value(s);
	m->is_string = *m->text.ptr == '"';
	if (m->is_string)
		m->string = decode_string(a, m->text);
	skip_blanks(s);
	s->at += *s->at == ',';
	return m;
}

static bool read_all(struct arena *a, struct str text, char open, struct json_member **first, struct error *e)
{
	struct json_member **last = first;
	*first = NULL;
	if (!check_text(text, open, e))
		return false;
	struct scan s = { text.ptr, text.ptr + text.len };
	skip_blanks(&s);
	s.at++; /* the bracket */
	for (skip_blanks(&s); *s.at != '}' && *s.at != ']'; skip_blanks(&s)) {
		*last = read_member(a, &s, open == '{');
		last = &(*last)->next;
	}
	return true;
}

bool json_members(struct arena *a, struct str text, struct json_member **first, struct error *e)
{
	return read_all(a, text, '{', first, e);
}

bool json_elements(struct arena *a, struct str text, struct json_member **first, struct error *e)
{
	return read_all(a, text, '[', first, e);
}

const struct json_member *json_member_of(const struct json_member *first, struct str key)
{
	const struct json_member *found = NULL;
	for (const struct json_member *m = first; m; m = m->next)
		found = str_eq(m->key, key) ? m : found;
	return found;
}
