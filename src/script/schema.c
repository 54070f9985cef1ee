/* SPDX-License-Identifier: Apache-2.0 */
#include "script/schema.h"

#include "base/buf.h"

const struct schema_type schema_any = { .kind = VALUE_UNDEFINED };
const struct schema_type schema_bool = { .kind = VALUE_BOOL };
const struct schema_type schema_number = { .kind = VALUE_NUMBER };
const struct schema_type schema_string = { .kind = VALUE_STRING };

const struct schema_field *schema_find(const struct schema_field *fields, struct str name)
{
	for (const struct schema_field *f = fields; f && f->name; f++) {
		if (str_eq(str_from(f->name), name))
			return f;
	}
	return NULL;
}

struct str schema_names(const struct schema_field *fields, struct arena *a)
{
	enum { LIST_BYTES_MAX = 1024 };
	scoped(buf_fini) struct buf out = BUF_INIT(LIST_BYTES_MAX);
	for (const struct schema_field *f = fields; f && f->name; f++) {
		if (f->state == SCHEMA_READY)
			buf_printf(&out, "%s%s", out.len ? ", " : "", f->name);
	}
	return arena_str(a, buf_str(&out));
}
