/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "http/h1_priv.h"

#include <string.h>

void h1_section_reset(struct h1_section *s, bool has_first_line)
{
	buf_reset(&s->text);
	s->line_at = 0;
	s->fields = 0;
	s->has_first_line = has_first_line;
	s->has_length = false;
}

static struct str line_under_way(const struct h1_section *s)
{
	return (struct str){ s->text.ptr + s->line_at, s->text.len - s->line_at };
}

/* False: there was one that differs. A line that only says it again is dropped. */
static bool check_length(struct h1_section *s, struct str line)
{
	static const struct str name = STR_INIT("content-length:");
	uint64_t length;
	if (!str_eq_nocase(str_sub(line, 0, name.len), name))
		return true;
	if (!str_to_u64(str_trim(str_sub(line, name.len, line.len)), INT64_MAX, &length))
		return false;
	if (s->has_length) {
		s->text.len = s->line_at;
		return s->length == length;
	}
	s->has_length = true;
	s->length = length;
	return true;
}

/* What cannot become a request line is refused before its end, which may never come. */
static bool could_be_request(struct str line)
{
	return line.len == 0 || *line.ptr == '\r' || header_name_valid(str_sub(line, 0, 1));
}

/* `text` now ends with a whole line, without its line end. */
static enum h1_section_state end_line(struct h1_section *s, size_t fields_max)
{
	struct str line = line_under_way(s);
	bool first = s->has_first_line && s->line_at == 0;
	if (line.len && line.ptr[line.len - 1] == '\r') {
		s->text.len--;
		line.len--;
	}
	if (line.len == 0)
		return first ? H1_SECTION_MORE
			     : H1_SECTION_DONE; /* empty lines before a request are skipped */
	if (str_find_char(line, '\r') != STR_NONE || (first && !could_be_request(line)))
		return H1_SECTION_BAD;
	if (!first) {
		if (*line.ptr == ' ' || *line.ptr == '\t')
			return H1_SECTION_BAD; /* a folded line */
		if (++s->fields > fields_max)
			return H1_SECTION_TOO_LARGE;
		if (!check_length(s, line))
			return H1_SECTION_BAD;
		if (s->text.len == s->line_at)
			return H1_SECTION_MORE;
	}
	buf_add(&s->text, STR("\r\n"));
	s->line_at = s->text.len;
	return H1_SECTION_MORE;
}

/* Takes bytes up to the next line feed, which is dropped. False: it has not come yet, or the text is full. */
static bool collect_line(struct h1_section *s, struct str *in)
{
	size_t newline = str_find_char(*in, '\n');
	buf_add(&s->text, str_sub(*in, 0, newline));
	*in = newline == STR_NONE ? str_sub(*in, in->len, 0) : str_sub(*in, newline + 1, in->len);
	return newline != STR_NONE && !s->text.full;
}

enum h1_section_state h1_section_feed_line(struct h1_section *s, struct str *in)
{
	bool whole = collect_line(s, in);
	if (s->text.full || s->text.len > H1_CHUNK_LINE_BYTES_MAX)
		return H1_SECTION_BAD;
	if (!whole)
		return H1_SECTION_MORE;
	/* Here a bare LF is no line end: RFC 9112, 2.2 bears it in heads only, and servers disagree about it
	 * elsewhere. */
	if (str_find_char(buf_str(&s->text), '\r') != s->text.len - 1)
		return H1_SECTION_BAD;
	buf_add_char(&s->text, '\n');
	return H1_SECTION_DONE;
}

enum h1_section_state h1_section_feed(struct h1_section *s, struct str *in, size_t fields_max)
{
	enum h1_section_state state = H1_SECTION_MORE;
	while (in->len && state == H1_SECTION_MORE) {
		if (collect_line(s, in))
			state = end_line(s, fields_max);
		if (s->text.full)
			return s->has_first_line && s->line_at == 0 ? H1_SECTION_LINE_TOO_LONG
								    : H1_SECTION_TOO_LARGE;
		if (s->has_first_line && s->line_at == 0 && !could_be_request(line_under_way(s)))
			return H1_SECTION_BAD;
	}
	return state;
}
