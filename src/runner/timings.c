/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/timings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/pmap.h"
#include "store/file.h"
#include "store/file_write.h"

#define FIRST_LINE "backlot timings 1"

struct timings {
	struct arena arena;
	struct str root;   /* real, without a slash at its end */
	struct pmap files; /* name to its nanoseconds, as text */
};

struct timings *timings_new(const char *root)
{
	char real[PATH_MAX];
	struct timings *t = NEW(struct timings);
	t->root = arena_str(&t->arena, str_from(realpath(root, real) ? real : root));
	if (str_ends(t->root, STR("/")))
		t->root.len--;
	return t;
}

void timings_destroy(struct timings **pt)
{
	struct timings *t = take(*pt);
	if (!t)
		return;
	pmap_fini(&t->files);
	arena_fini(&t->arena);
	mem_free(t);
}

static void put(struct timings *t, struct str name, uint64_t ns)
{
	char text[24];
	struct buf b = BUF_INIT(sizeof text);
	buf_add_u64(&b, ns);
	pmap_put(&t->files, name, &blob_new(buf_str(&b))->rc);
	buf_fini(&b);
}

static uint64_t ns_of(const struct rc *value)
{
	uint64_t ns = 0;
	return value && str_to_u64(blob_str((const struct blob *)value), UINT64_MAX, &ns) ? ns : 0;
}

/* ---- as text ---- */

bool timings_parse(struct timings *t, struct str text, struct error *e)
{
	size_t line = 1;
	struct str rest = text;
	if (!str_eq(str_split(&rest, '\n'), STR(FIRST_LINE)))
		return FAIL(e, INVALID, "the first line is not \"" FIRST_LINE "\"");
	while (rest.len) {
		uint64_t ns;
		struct str name = str_split(&rest, '\n'), number = str_split(&name, ' ');
		line++;
		if (!str_to_u64(number, UINT64_MAX, &ns) || name.len == 0 ||
		    memchr(name.ptr, '\0', name.len)) {
			pmap_fini(&t->files);
			return FAIL(e, INVALID, "line %zu is not a number and a file's name", line);
		}
		put(t, name, ns);
	}
	return true;
}

void timings_print(const struct timings *t, struct buf *out)
{
	buf_add(out, STR(FIRST_LINE "\n"));
	for (struct pmap_entry entry = { 0 }; pmap_each(&t->files, &entry);) {
		buf_add_u64(out, ns_of(entry.value));
		buf_add_char(out, ' ');
		buf_add(out, entry.key);
		buf_add_char(out, '\n');
	}
}

bool timings_read(struct timings *t, const char *path, struct error *e)
{
	struct blob *text;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	if (!file_read(&text, path, TIMINGS_BYTES_MAX, NULL, e))
		return false;
	bool ok = timings_parse(t, blob_str(text), e) || error_wrap(e, "%s", path);
	blob_unref(&text);
	return ok;
}

/* Is the file of that name there? */
static bool is_there(const struct timings *t, struct str name)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct str path = str_starts(name, STR("/"))
				  ? arena_str(&a, name)
				  : arena_printf(&a, STR_FMT "/" STR_FMT, STR_ARG(t->root), STR_ARG(name));
	return access(path.ptr, F_OK) == 0;
}

bool timings_write(struct timings *t, const char *path, struct error *e)
{
	scoped(buf_fini) struct buf text = BUF_INIT(TIMINGS_BYTES_MAX);
	struct pmap all = pmap_copy(&t->files);
	for (struct pmap_entry entry = { 0 }; pmap_each(&all, &entry);) {
		if (!is_there(t, entry.key))
			pmap_remove(&t->files, entry.key);
	}
	pmap_fini(&all);
	timings_print(t, &text);
	if (text.full)
		return FAIL(e, LIMIT, "%s: would be larger than %d MiB", path, TIMINGS_BYTES_MAX >> 20);
	return file_make_folders(path, 0700, e) && file_write(path, buf_str(&text), e);
}

/* ---- by path ---- */

/* The path from the root, or from the file system's where it is not below it. Empty: it cannot be a name. */
static struct str name_of(const struct timings *t, const char *path, char real[PATH_MAX])
{
	struct str name = str_from(realpath(path, real) ? real : path);
	if (str_starts(name, t->root) && name.len > t->root.len && name.ptr[t->root.len] == '/')
		name = str_sub(name, t->root.len + 1, name.len);
	return str_find_char(name, '\n') == STR_NONE ? name : STR("");
}

uint64_t timings_get(const struct timings *t, const char *path)
{
	char real[PATH_MAX];
	return ns_of(pmap_get(&t->files, name_of(t, path, real)));
}

void timings_put(struct timings *t, const char *path, uint64_t ns)
{
	char real[PATH_MAX];
	struct str name = name_of(t, path, real);
	if (name.len)
		put(t, name, ns);
}
