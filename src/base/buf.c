/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { BUF_FIRST_BYTES = 256 };

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf)BUF_INIT(max);
}

void buf_fini(struct buf *b)
{
	mem_free(b->ptr);
	buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->ptr)
		b->ptr[0] = '\0';
}

char *buf_room(struct buf *b, size_t len)
{
	if (b->full || len > b->max - b->len) {
		b->full = true;
		return NULL;
	}
	size_t need = b->len + len + 1;
	if (need > b->cap) {
		CHECK(b->len + len < SIZE_MAX / 2);
		size_t cap = b->cap ? b->cap : BUF_FIRST_BYTES;
		while (cap < need)
			cap *= 2;
		if (cap > b->max) /* a buffer that may hold little takes little */
			cap = MAX(need, b->max + 1);
		b->ptr = mem_realloc(b->ptr, cap);
		b->ptr[b->len] = '\0'; /* the caller may add less than it asked for, or nothing */
		b->cap = cap;
	}
	return b->ptr + b->len;
}

void buf_grew(struct buf *b, size_t len)
{
	CHECK(b->len + len < b->cap);
	b->len += len;
	b->ptr[b->len] = '\0';
}

void buf_add(struct buf *b, struct str s)
{
	CHECK(s.len == 0 || !b->ptr || s.ptr + s.len <= b->ptr || s.ptr >= b->ptr + b->cap);
	char *at = buf_room(b, s.len);
	if (!at)
		return;
	if (s.len)
		memcpy(at, s.ptr, s.len);
	buf_grew(b, s.len);
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, (struct str){ &c, 1 });
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	CHECK(len >= 0);
	char *at = buf_room(b, (size_t)len);
	if (at) {
		vsnprintf(at, (size_t)len + 1, format, again);
		buf_grew(b, (size_t)len);
	}
	va_end(again);
}

void buf_add_u64(struct buf *b, unsigned long long value)
{
	char digits[20];
	size_t n = sizeof digits;
	do {
		digits[--n] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buf_add(b, (struct str){ digits + n, sizeof digits - n });
}

/* The letter behind the backslash for what JSON must not hold as it is; 'u': by number; 0: as it is. */
static char json_escape(unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		return (char)c;
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return c < 0x20 ? 'u' : 0;
	}
}

void buf_add_json(struct buf *b, struct str s)
{
	size_t from = 0, at = 0; /* what stands between them is added as it is */
	buf_add_char(b, '"');
	while (at < s.len) {
		unsigned char c = (unsigned char)s.ptr[at];
		char escape = json_escape(c);
		bool valid = true;
		size_t step = c < 0x80 ? 1 : str_utf8_step(str_sub(s, at, 4), &valid);
		if (escape || !valid) {
			buf_add(b, str_sub(s, from, at - from));
			from = at + step;
		}
		if (escape == 'u')
			buf_printf(b, "\\u%04x", c);
		else if (escape)
			buf_add(b, (struct str){ (char[]){ '\\', escape }, 2 });
		else if (!valid)
			buf_add(b, STR("\xef\xbf\xbd"));
		at += step;
	}
	buf_add(b, str_sub(s, from, at - from));
	buf_add_char(b, '"');
}

struct str buf_str(const struct buf *b)
{
	return (struct str){ b->ptr, b->len };
}
