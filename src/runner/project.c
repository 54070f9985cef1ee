/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/project.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "runner/executor.h"

enum { DEPTH_MAX = 32 };

static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static const char *join(struct arena *a, const char *folder, const char *name)
{
	if (strcmp(folder, ".") == 0)
		return arena_str(a, str_from(name)).ptr;
	bool slash = folder[0] && folder[strlen(folder) - 1] == '/';
	return arena_printf(a, "%s%s%s", folder, slash ? "" : "/", name).ptr;
}

static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return ".";
	return slash == path ? "/" : arena_str(a, (struct str){ path, (size_t)(slash - path) }).ptr;
}

/* ---- projects ---- */

/* The folder above, as a path; NULL at the root. */
static const char *folder_above(struct arena *a, const char *folder)
{
	char real[4096 + 1];
	if (!realpath(folder, real) || strcmp(real, "/") == 0)
		return NULL;
	return folder_of(a, real);
}

/* Looks upwards for the first folder that has a fastly.toml; NULL when none has. */
static const char *manifest_above(struct arena *a, const char *folder)
{
	for (int depth = 0; folder && depth < DEPTH_MAX; depth++) {
		const char *path = join(a, folder, "fastly.toml");
		if (is_file(path))
			return path;
		folder = folder_above(a, folder);
	}
	return NULL;
}

/* Where the Fastly CLI leaves a compiled service, and where others do. */
static const char *find_service(struct arena *a, const char *folder)
{
	static const char *const places[] = { "bin/main.wasm", "main.wasm" };
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const char *path = join(a, folder, places[i]);
		if (is_file(path))
			return path;
	}
	return NULL;
}

static struct str say_missing(struct arena *a, const char *folder, const char *manifest)
{
	if (!manifest)
		return arena_printf(
			a,
			"no fastly.toml at or above %s; run in a project, or name the service with "
			"--service",
			folder);
	return arena_printf(
		a,
		"%s: the compiled service is not there; build it (`fastly compute build` makes %s), "
		"or name it with --service",
		manifest, join(a, folder, "bin/main.wasm"));
}

static struct project *new_project(struct test_files *f, const char *folder, const char *manifest,
				   const char *service)
{
	struct project *p = ARENA_NEW(&f->arena, struct project);
	p->folder = manifest ? folder_of(&f->arena, manifest) : folder;
	p->manifest = manifest;
	p->service = service ? service : find_service(&f->arena, p->folder);
	if (!p->service)
		p->missing = say_missing(&f->arena, p->folder, manifest).ptr;
	p->next = f->projects;
	f->projects = p;
	return p;
}

struct project *test_files_project(struct test_files *f, const char *folder, const char *manifest,
				   const char *service)
{
	if (!manifest)
		manifest = manifest_above(&f->arena, folder);
	for (struct project *p = f->projects; p; p = p->next) {
		if (manifest ? p->manifest && strcmp(p->manifest, manifest) == 0
			     : !p->manifest && (service || !strcmp(p->folder, folder)))
			return p;
	}
	return new_project(f, folder, manifest, service);
}

struct project *project_at(struct arena *a, const char *path, struct error *e)
{
	struct project *p = ARENA_NEW(a, struct project);
	bool code = is_file(path);
	const char *folder = code ? folder_of(a, path) : arena_str(a, str_from(path)).ptr;
	const char *manifest = code ? manifest_above(a, folder) : join(a, folder, "fastly.toml");
	p->manifest = manifest && is_file(manifest) ? manifest : NULL;
	p->folder = p->manifest ? folder_of(a, p->manifest) : folder;
	p->service = code ? arena_str(a, str_from(path)).ptr : find_service(a, folder);
	if (p->service)
		return p;
	if (p->manifest)
		FAIL(e, NOT_FOUND, "%s: the compiled service is not there; `fastly compute build` makes %s",
		     p->manifest, join(a, folder, "bin/main.wasm"));
	else
		FAIL(e, NOT_FOUND,
		     "%s: no service is there; write the path of compiled code, or of a project's folder",
		     path);
	return NULL;
}

/* ---- files ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Who runs a file of that name; NULL: it is no test. */
static const struct executor_kind *kind_of(const struct test_search *search, const char *path)
{
	for (const struct executor_kind *const *k = search->kinds; *k; k++) {
		if ((*k)->takes(str_from(base_name(path))))
			return *k;
	}
	return NULL;
}

static bool no_test(const struct test_search *search, const char *path, struct error *e)
{
	scoped(buf_fini) struct buf kinds = BUF_INIT(ERROR_TEXT_BYTES_MAX);
	for (const struct executor_kind *const *k = search->kinds; *k; k++)
		buf_printf(&kinds, "%s%s", k == search->kinds ? "" : ", and ", (*k)->files);
	return FAIL(e, INVALID, "%s: not a test file; tests are " STR_FMT, path, STR_ARG(buf_str(&kinds)));
}

static void add_file(struct test_files *f, const char *path, const struct executor_kind *kind)
{
	if (f->count == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 64;
		f->at = mem_realloc(f->at, f->cap * sizeof(*f->at));
	}
	f->at[f->count++] = (struct test_file){ .path = path, .kind = kind };
}

static bool passed_over(const char *name)
{
	return name[0] == '.' || strcmp(name, "node_modules") == 0 || strcmp(name, "target") == 0;
}

static void add_path(struct test_files *f, struct test_path **list, const char *path)
{
	struct test_path *added = ARENA_NEW(&f->arena, struct test_path);
	*added = (struct test_path){ *list, arena_str(&f->arena, str_from(path)).ptr };
	*list = added;
}

/* Is it DIR/__snapshots__/TEST.snap, and no DIR/TEST is there? */
static bool is_orphan(struct test_files *f, const struct test_search *search, const char *folder,
		      const char *name)
{
	struct str test = str_from(name);
	if (strcmp(base_name(folder), "__snapshots__") != 0 || !str_ends(test, STR(".snap")))
		return false;
	const char *owner = arena_str(&f->arena, str_sub(test, 0, test.len - strlen(".snap"))).ptr;
	return kind_of(search, owner) && !is_file(join(&f->arena, folder_of(&f->arena, folder), owner));
}

static bool walk(struct test_files *f, const struct test_search *search, const char *folder, int depth,
		 struct error *e)
{
	DIR *dir = opendir(folder);
	bool ok = true;
	if (!dir)
		return FAIL(e, IO, "%s: %s", folder, strerror(errno));
	add_path(f, &f->folders, folder);
	for (struct dirent *d; ok && (d = readdir(dir));) {
		struct stat st;
		const struct executor_kind *kind = kind_of(search, d->d_name);
		if (passed_over(d->d_name) || fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			ok = walk(f, search, join(&f->arena, folder, d->d_name), depth + 1, e);
		else if (kind && is_file(join(&f->arena, folder, d->d_name)))
			add_file(f, join(&f->arena, folder, d->d_name), kind);
		else if (S_ISREG(st.st_mode) && is_orphan(f, search, folder, d->d_name))
			add_path(f, &f->orphans, join(&f->arena, folder, d->d_name));
	}
	closedir(dir);
	return ok;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct test_file *)a)->path, ((const struct test_file *)b)->path);
}

static void sort_and_unite(struct test_files *f)
{
	size_t kept = 0;
	if (f->count)
		qsort(f->at, f->count, sizeof(*f->at), by_path);
	for (size_t i = 0; i < f->count; i++) {
		if (kept == 0 || strcmp(f->at[kept - 1].path, f->at[i].path) != 0)
			f->at[kept++] = f->at[i];
	}
	f->count = kept;
}

bool test_files_find(struct test_files *out, const struct test_search *search, struct error *e)
{
	static const char *const here[] = { "." };
	const char *const *paths = search->count ? search->paths : here;
	*out = (struct test_files){ 0 };
	for (size_t i = 0; i < MAX(search->count, (size_t)1); i++) {
		struct stat st;
		const struct executor_kind *kind = kind_of(search, paths[i]);
		if (stat(paths[i], &st) != 0)
			return FAIL(e, NOT_FOUND, "%s: %s", paths[i], strerror(errno));
		if (S_ISDIR(st.st_mode)) {
			if (!walk(out, search, paths[i], 0, e))
				return false;
		} else if (!kind) {
			return no_test(search, paths[i], e);
		} else {
			add_file(out, arena_str(&out->arena, str_from(paths[i])).ptr, kind);
		}
	}
	sort_and_unite(out);
	for (size_t i = 0; i < out->count; i++)
		out->at[i].project = test_files_project(out, folder_of(&out->arena, out->at[i].path),
							search->manifest, search->service);
	return true;
}

void test_files_fini(struct test_files *f)
{
	mem_free(f->at);
	arena_fini(&f->arena);
	*f = (struct test_files){ 0 };
}
