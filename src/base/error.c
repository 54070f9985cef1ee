/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

const char *error_kind_text(enum error_kind kind)
{
	switch (kind) {
#define X(name, text)        \
	case ERROR_##name:   \
		return text;
		ERROR_KINDS(X)
#undef X
	}
	return "?";
}

bool error_set(struct error *e, enum error_kind kind, const char *file, int line, const char *format, ...)
{
	va_list args;
	e->kind = kind;
	e->file = file;
	e->line = line;
	va_start(args, format);
	vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	return false;
}

bool error_wrap(struct error *e, const char *format, ...)
{
	char inner[ERROR_TEXT_BYTES_MAX];
	va_list args;
	CHECK(e->kind != ERROR_NONE);
	memcpy(inner, e->text, sizeof inner);
	va_start(args, format);
	int used = vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	if (used >= 0 && (size_t)used < sizeof e->text)
		snprintf(e->text + used, sizeof e->text - (size_t)used, ": %s", inner);
	return false;
}
