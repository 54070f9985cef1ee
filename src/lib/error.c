/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lib/lib_priv.h"

struct bl_error {
	bl_error_kind kind;
	char text[];
};

struct bl_data {
	size_t len;
	char bytes[];
};

const char *bl_version(void)
{
	return BACKLOT_VERSION;
}

/* ---- errors ---- */

static bl_error_kind kind_of(enum error_kind kind)
{
	static const bl_error_kind kinds[] = {
		[ERROR_NONE] = BL_ERROR_NONE,
		[ERROR_NOT_FOUND] = BL_ERROR_NOT_FOUND,
		[ERROR_INVALID] = BL_ERROR_INVALID,
		[ERROR_LIMIT] = BL_ERROR_LIMIT,
		[ERROR_IO] = BL_ERROR_IO,
		[ERROR_TIMEOUT] = BL_ERROR_TIMEOUT,
		[ERROR_INTERNAL] = BL_ERROR_INTERNAL,
		[ERROR_UNSUPPORTED] = BL_ERROR_UNSUPPORTED,
	};
	return kinds[kind];
}

bool lib_fail_text(bl_error **error, enum error_kind kind, struct str text)
{
	if (!error)
		return false;
	bl_error *e = mem_alloc(sizeof *e + text.len + 1);
	e->kind = kind_of(kind);
	if (text.len)
		memcpy(e->text, text.ptr, text.len);
	e->text[text.len] = '\0';
	*error = e;
	return false;
}

bool lib_fail(bl_error **error, const struct error *e)
{
	return lib_fail_text(error, e->kind, str_from(e->text));
}

bool lib_failf(bl_error **error, enum error_kind kind, const char *format, ...)
{
	char text[ERROR_TEXT_BYTES_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return lib_fail_text(error, kind, str_from(text));
}

bool lib_given(const void *argument, const char *name, bl_error **error)
{
	return argument || lib_failf(error, ERROR_INVALID, "%s is NULL", name);
}

const char *bl_error_text(const bl_error *error)
{
	return error ? error->text : "";
}

bl_error_kind bl_error_kind_of(const bl_error *error)
{
	return error ? error->kind : BL_ERROR_NONE;
}

void bl_error_free(bl_error *error)
{
	mem_free(error);
}

/* ---- bytes ---- */

bl_data *lib_data(struct str bytes)
{
	bl_data *d = mem_alloc(sizeof *d + bytes.len + 1);
	d->len = bytes.len;
	if (bytes.len)
		memcpy(d->bytes, bytes.ptr, bytes.len);
	d->bytes[bytes.len] = '\0';
	return d;
}

bl_bytes lib_bytes(struct str s)
{
	return (bl_bytes){ s.ptr, s.len };
}

bl_bytes bl_data_bytes(const bl_data *data)
{
	return data ? (bl_bytes){ data->bytes, data->len } : (bl_bytes){ NULL, 0 };
}

void bl_data_free(bl_data *data)
{
	mem_free(data);
}
