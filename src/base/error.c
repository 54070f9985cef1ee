/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

const char *error_kind_text(enum error_kind kind)
{
	switch (kind) {
#define X(name, text)      \
	case ERROR_##name: \
		return text;
		ERROR_KINDS(X)
#undef X
	}
	return "?";
}

/* A text that did not fit ends with a sign that it was cut, and not in the middle of a character. */
static void mark_cut(char *text, size_t bytes, int needed)
{
	static const char mark[] = "...";
	if (needed >= 0 && (size_t)needed < bytes)
		return;
	size_t at = bytes - sizeof mark;
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, mark, sizeof mark);
}

bool error_set(struct error *e, enum error_kind kind, const char *file, int line, const char *format, ...)
{
	char text[ERROR_TEXT_BYTES_MAX]; /* the words may quote the error's old ones */
	va_list args;
	va_start(args, format);
	int needed = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	mark_cut(text, sizeof text, needed);
	e->kind = kind;
	e->file = file;
	e->line = line;
	snprintf(e->text, sizeof e->text, "%s", text);
	return false;
}

bool error_wrap(struct error *e, const char *format, ...)
{
	char words[ERROR_TEXT_BYTES_MAX], whole[2 * ERROR_TEXT_BYTES_MAX];
	va_list args;
	CHECK(e->kind != ERROR_NONE);
	va_start(args, format);
	int needed = vsnprintf(words, sizeof words, format, args);
	va_end(args);
	mark_cut(words, sizeof words, needed);
	needed = snprintf(whole, sizeof whole, "%s: %s", words, e->text);
	memcpy(e->text, whole, sizeof e->text);
	mark_cut(e->text, sizeof e->text, needed);
	return false;
}
