/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
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
	if (b->len + len + 1 > b->cap) {
		size_t cap = b->cap ? b->cap : BUF_FIRST_BYTES;
		while (cap < b->len + len + 1)
			cap *= 2;
		b->ptr = mem_realloc(b->ptr, cap);
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

void buf_add_json(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789abcdef";
	buf_add_char(b, '"');
	for (size_t i = 0, step; i < s.len; i += step) {
		unsigned char c = (unsigned char)s.ptr[i];
		size_t left = s.len - i;
		step = 1;
		if (c == '"' || c == '\\') {
			buf_add(b, (struct str){ (char[]){ '\\', (char)c }, 2 });
		} else if (c == '\n') {
			buf_add(b, STR("\\n"));
		} else if (c == '\r') {
			buf_add(b, STR("\\r"));
		} else if (c == '\t') {
			buf_add(b, STR("\\t"));
		} else if (c < 0x20) {
			buf_add(b, (struct str){ (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6 });
		} else if (c < 0x80) {
			buf_add_char(b, (char)c);
		} else {
			for (step = 2; step <= MIN(left, (size_t)4); step++) {
				if (str_is_utf8(str_sub(s, i, step)))
					break;
			}
			if (step <= MIN(left, (size_t)4)) {
				buf_add(b, str_sub(s, i, step));
			} else {
				buf_add(b, STR("\xef\xbf\xbd"));
				step = 1;
			}
		}
	}
	buf_add_char(b, '"');
}

struct str buf_str(const struct buf *b)
{
	return (struct str){ b->ptr, b->len };
}
