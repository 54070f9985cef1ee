/* SPDX-License-Identifier: Apache-2.0 */
#include "script/source.h"

#include "base/check.h"

/* A quoted line shows this many characters before the marked piece and this many from its beginning on. */
enum { QUOTE_BEFORE_MAX = 60, QUOTE_FROM_MAX = 100, BRIEF_BYTES_MAX = 60 };

size_t source_character(struct str text, size_t at)
{
	for (size_t len = 1; len <= MIN(text.len - at, (size_t)4); len++) {
		if (str_is_utf8(str_sub(text, at, len)))
			return len;
	}
	return 1;
}

static size_t line_begin(const struct source *source, struct str piece)
{
	size_t at = (size_t)(piece.ptr - source->text.ptr);
	CHECK(at <= source->text.len);
	while (at > 0 && source->text.ptr[at - 1] != '\n')
		at--;
	return at;
}

struct source_place source_place_of(const struct source *source, struct str piece)
{
	struct source_place place = { 1, 1 };
	size_t begin = line_begin(source, piece), end = (size_t)(piece.ptr - source->text.ptr);
	for (size_t i = 0; i < begin; i++)
		place.line += source->text.ptr[i] == '\n';
	for (size_t i = begin; i < end; i += source_character(source->text, i))
		place.column++;
	return place;
}

struct str source_join(struct str first, struct str last)
{
	return (struct str){ first.ptr, (size_t)(last.ptr + last.len - first.ptr) };
}

struct str source_behind(struct str piece)
{
	return (struct str){ piece.ptr + piece.len, 0 };
}

void source_add_place(const struct source *source, struct str piece, struct buf *out)
{
	struct source_place place = source_place_of(source, piece);
	source_add_clean(source->file, out);
	buf_printf(out, ":%zu:%zu: ", place.line, place.column);
}

/* Does a character move the cursor of a terminal in another way than to the right? `c` is its first byte. */
static bool is_control(struct str character)
{
	unsigned char c = (unsigned char)character.ptr[0];
	if (character.len == 1)
		return c < 0x20 || c >= 0x7f;
	return character.len == 2 && c == 0xc2 && (unsigned char)character.ptr[1] < 0xa0;
}

static void add_character(struct str character, struct buf *out)
{
	if (is_control(character) && character.ptr[0] != '\t' && character.ptr[0] != '\n')
		buf_add(out, STR("\ufffd"));
	else
		buf_add(out, character);
}

void source_add_clean(struct str text, struct buf *out)
{
	for (size_t i = 0, len; i < text.len; i += len) {
		len = source_character(text, i);
		add_character(str_sub(text, i, len), out);
	}
}

void source_add_quote(const struct source *source, struct str piece, struct buf *out)
{
	size_t begin = line_begin(source, piece), column = source_place_of(source, piece).column;
	struct str line = str_sub(source->text, begin, source->text.len);
	line.len = MIN(line.len, str_find_char(line, '\n'));
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	size_t first = column > QUOTE_BEFORE_MAX + 1 ? column - QUOTE_BEFORE_MAX : 1; /* column shown first */
	size_t at = (size_t)(piece.ptr - source->text.ptr) - begin, marks = 0, now = 1;

	struct buf marker = BUF_INIT(8 * (QUOTE_BEFORE_MAX + QUOTE_FROM_MAX));
	buf_add(out, first > 1 ? STR("    …") : STR("    "));
	buf_add(&marker, first > 1 ? STR("     ") : STR("    "));
	size_t i = 0;
	for (size_t len; i < line.len && now < column + QUOTE_FROM_MAX; i += len, now++) {
		len = source_character(line, i);
		if (now < first)
			continue;
		add_character(str_sub(line, i, len), out);
		if (i < at) {
			buf_add_char(&marker, line.ptr[i] == '\t' ? '\t' : ' ');
		} else if (i < at + piece.len) {
			buf_add_char(&marker, '^');
			marks++;
		}
	}
	buf_add(out, i < line.len ? STR("…\n") : STR("\n"));
	if (marks == 0) /* an empty piece, or the end of the line itself */
		buf_add_char(&marker, '^');
	buf_add(out, buf_str(&marker));
	buf_add_char(out, '\n');
	buf_fini(&marker);
}

struct str source_brief(struct str word)
{
	if (word.len <= BRIEF_BYTES_MAX)
		return word;
	size_t len = 0;
	while (len < BRIEF_BYTES_MAX)
		len += source_character(word, len);
	return str_sub(word, 0, len);
}
