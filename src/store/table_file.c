/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table in a JSON file. What was read is shared by all forks, so that a change of the file is read once; a
 * fork that was written to holds a memory table instead and does not look at the file any more.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/file.h"
#include "store/json_members.h"
#include "store/table.h"

struct shared_file {
	struct rc rc;
	char *path;
	bool json_values;
	table_check_fn *check;
	struct file_stamp stamp; /* of what `content` was read from, or of what could not be used */
	struct table *content;   /* a memory table */
	unsigned failures;
	struct error why; /* of the last failure */
};

struct table_file {
	struct table super;
	struct shared_file *file;
	struct table *own; /* once written to; else NULL */
};

static const struct table_ops table_file_ops;

static void shared_file_destroy(struct rc *r)
{
	struct shared_file *f = (struct shared_file *)r;
	table_unref(&f->content);
	mem_free(f->path);
	mem_free(f);
}

/* ---- reading ---- */

static bool add_member(struct shared_file *f, struct table *content, struct arena *a,
		       const struct json_member *m, struct error *e)
{
	struct str key = m->key, value = f->json_values ? m->text : m->string;
	if (!f->json_values && !m->is_string)
		return FAIL(e, INVALID, "the value of '" STR_FMT "' is not a string", STR_ARG(key));
	if (f->check && !f->check(a, &key, &value, e))
		return false;
	return table_put(content, key, value, e);
}

static bool read_file(struct shared_file *f, struct error *e)
{
	scoped(blob_unref) struct blob *text = NULL;
	scoped(table_unref) struct table *content = table_memory_new();
	scoped(arena_fini) struct arena a;
	struct json_member *first;
	arena_init(&a);
	if (!file_read(&text, f->path, FILE_BYTES_MAX, &f->stamp, e))
		return false;
	if (!json_members(&a, blob_str(text), &first, e)) {
		bool place = e->text[0] >= '0' && e->text[0] <= '9';
		char inner[ERROR_TEXT_BYTES_MAX];
		memcpy(inner, e->text, sizeof inner);
		return FAIL(e, INVALID, "%s:%s%s", f->path, place ? "" : " ", inner);
	}
	for (const struct json_member *m = first; m; m = m->next) {
		if (!add_member(f, content, &a, m, e))
			return error_wrap(e, "%s", f->path);
	}
	table_unref(&f->content);
	f->content = take(content);
	return true;
}

/* Reads the file again when it changed. What cannot be used is remembered, so that it is tried only once. */
static void refresh(struct shared_file *f)
{
	struct file_stamp now = { 0 }; /* and stays so when the file is gone */
	file_look(f->path, &now);
	if (file_stamp_same(&now, &f->stamp))
		return;
	if (read_file(f, &f->why))
		return;
	f->failures++;
	f->stamp = now;
}

unsigned table_file_failures(const struct table *t, const char **why)
{
	const struct table_file *self = (const struct table_file *)t;
	CHECK(t->ops == &table_file_ops);
	*why = self->file->failures ? self->file->why.text : "";
	return self->file->failures;
}

/* ---- the table ---- */

static struct table *new_table(struct shared_file *f, struct table *own)
{
	struct table_file *self = NEW(struct table_file);
	table_init(&self->super, &table_file_ops);
	self->file = f;
	self->own = own;
	return &self->super;
}

static bool table_file_get(struct table *super, struct str key, struct arena *a, struct str *value,
			   struct error *e)
{
	const struct table_file *self = (const struct table_file *)super;
	if (!self->own)
		refresh(self->file);
	return table_get(self->own ? self->own : self->file->content, key, a, value, e);
}

static struct table *own_content(struct table_file *self)
{
	if (!self->own) {
		refresh(self->file);
		self->own = table_fork(self->file->content);
	}
	return self->own;
}

static bool table_file_put(struct table *super, struct str key, struct str value, struct error *e)
{
	return table_put(own_content((struct table_file *)super), key, value, e);
}

static bool table_file_remove(struct table *super, struct str key, struct error *e)
{
	return table_remove(own_content((struct table_file *)super), key, e);
}

static bool table_file_next(struct table *super, struct table_item *item)
{
	const struct table_file *self = (const struct table_file *)super;
	if (!self->own && !item->at.started)
		refresh(self->file);
	return table_next(self->own ? self->own : self->file->content, item);
}

static struct table *table_file_fork(struct table *super)
{
	const struct table_file *self = (const struct table_file *)super;
	rc_ref(&self->file->rc);
	return new_table(self->file, self->own ? table_fork(self->own) : NULL);
}

static void table_file_destroy(struct table *super)
{
	struct table_file *self = (struct table_file *)super;
	table_unref(&self->own);
	rc_unref(&self->file->rc);
	mem_free(self);
}

static const struct table_ops table_file_ops = {
	.name = "file",
	.get = table_file_get,
	.put = table_file_put,
	.remove = table_file_remove,
	.next = table_file_next,
	.fork = table_file_fork,
	.destroy = table_file_destroy,
};

bool table_file_open(struct table **out, const char *path, bool json_values, table_check_fn *check,
		     struct error *e)
{
	struct shared_file *f = NEW(struct shared_file);
	size_t path_bytes = strlen(path) + 1;
	rc_init(&f->rc, shared_file_destroy);
	f->path = mem_alloc(path_bytes);
	memcpy(f->path, path, path_bytes);
	f->json_values = json_values;
	f->check = check;
	if (!read_file(f, e)) {
		rc_unref(&f->rc);
		return false;
	}
	*out = new_table(f, NULL);
	return true;
}
