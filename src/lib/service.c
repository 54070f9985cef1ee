/* SPDX-License-Identifier: Apache-2.0 */
/* Services: found on disk, opened, locked, and kept until nothing of theirs is left. */
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/wasm/code_cache.h"
#include "lib/lib_priv.h"
#include "runner/project.h"

/* ---- life ---- */

struct bl_service *lib_lock(struct bl_service *s)
{
	CHECK(pthread_mutex_lock(&s->lock) == 0);
	s->refs++;
	return s;
}

static void service_destroy_all(struct bl_service *s)
{
	if (s->process == getpid())
		service_destroy(
			&s->service); /* else its threads are not there to be ended, and it is left alone */
	arena_fini(&s->arena);
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

void lib_unlock(struct bl_service **ps)
{
	struct bl_service *s = *ps;
	bool last = --s->refs == 0;
	CHECK(pthread_mutex_unlock(&s->lock) == 0);
	if (last)
		service_destroy_all(s);
}

static struct bl_service *service_new(void)
{
	struct bl_service *s = NEW(struct bl_service);
	pthread_mutexattr_t recursive;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&s->lock, &recursive);
	pthread_mutexattr_destroy(&recursive);
	s->refs = 1;
	s->process = getpid();
	s->last_warning = &s->warnings;
	arena_init(&s->arena);
	return s;
}

void bl_service_free(bl_service *service)
{
	if (!service)
		return;
	lib_locked struct bl_service *s = lib_lock(service);
	s->refs--;
}

/* ---- warnings ---- */

void lib_add_warning(struct arena *a, struct lib_warning ***last, const char *text)
{
	struct lib_warning *w = ARENA_NEW(a, struct lib_warning);
	w->text = arena_str(a, str_from(text));
	**last = w;
	*last = &w->next;
}

const char *lib_warning_at(const struct lib_warning *first, size_t index)
{
	while (first && index-- > 0)
		first = first->next;
	return first ? first->text.ptr : NULL;
}

const char *bl_service_warning(const bl_service *service, size_t index)
{
	if (!service)
		return NULL;
	lib_locked struct bl_service *s = lib_lock((struct bl_service *)service);
	return lib_warning_at(service->warnings, index);
}

const char *bl_service_manifest(const bl_service *service)
{
	return service ? service->manifest : NULL;
}

static void told(void *data, enum wasm_notice kind, const char *text)
{
	struct bl_service *s = data;
	if (kind == WASM_WARNING)
		lib_add_warning(&s->arena, &s->last_warning, text);
}

/* ---- finding ---- */

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return ".";
	return slash == path ? "/" : arena_str(a, (struct str){ path, (size_t)(slash - path) }).ptr;
}

/* The compiled service that is meant, whose project the handle learns of. NULL: there is none. */
static const char *find(struct bl_service *s, const char *path, bl_error **error)
{
	bool folder = is_folder(path), manifest = str_ends(str_from(path), STR(".toml"));
	if (!folder && !manifest)
		return path;
	struct test_files found = { 0 };
	arena_init(&found.arena);
	const struct project *p = test_files_project(&found, folder ? path : folder_of(&s->arena, path),
						     folder ? NULL : path, NULL);
	s->folder = arena_str(&s->arena, str_from(p->folder)).ptr;
	if (p->manifest)
		s->manifest = arena_str(&s->arena, str_from(p->manifest)).ptr;
	const char *service = p->service ? arena_str(&s->arena, str_from(p->service)).ptr : NULL;
	if (!service && !p->manifest)
		lib_failf(error, ERROR_NOT_FOUND,
			  "no fastly.toml at or above %s, and no compiled service in it", path);
	else if (!service)
		lib_failf(error, ERROR_NOT_FOUND,
			  "%s: the compiled service is not there; build it (`fastly compute build` makes "
			  "bin/main.wasm in its folder), or open its .wasm file",
			  p->manifest);
	test_files_fini(&found);
	return service;
}

/* ---- opening ---- */

static const char *lookup(const char *name)
{
	return lib_environment(NULL, name);
}

/* The caller's struct may be that of an earlier version, and then ends earlier. */
static bool read_options(bl_service_options *out, const bl_service_options *options, bl_error **error)
{
	*out = (bl_service_options){ .size = sizeof *out };
	if (!options)
		return true;
	if (options->size < offsetof(bl_service_options, memory_bytes_max) || options->size > sizeof *out)
		return lib_failf(error, ERROR_INVALID,
				 "options->size is %zu; it should be sizeof(bl_service_options), %zu here",
				 options->size, sizeof *out);
	memcpy(out, options, options->size);
	return true;
}

static const char *cache_folder(struct bl_service *s, const bl_service_options *o)
{
	if (!o->cache_folder)
		return code_cache_folder(&s->arena, lookup);
	return *o->cache_folder ? arena_str(&s->arena, str_from(o->cache_folder)).ptr : NULL;
}

static bool open_wasm(struct bl_service *s, const char *path, const bl_service_options *o, bl_error **error)
{
	struct error e;
	struct wasm_service *wasm;
	struct wasm_options options = {
		.memory_bytes_max = o->memory_bytes_max,
		.trap_unknown_imports = o->trap_unknown_imports,
		.adapt = o->adapt,
		.lines = o->lines,
		.wasm_exceptions = o->wasm_exceptions,
		.wasm_gc = o->wasm_gc,
		.cache_folder = cache_folder(s, o),
		.notice = told,
		.notice_data = s,
	};
	if (!wasm_service_open(&wasm, path, &options, &e))
		return lib_fail(error, &e);
	s->service = &wasm->super;
	return true;
}

bl_service *bl_service_open(const char *path, const bl_service_options *options, bl_error **error)
{
	bl_service_options o;
	if (!lib_given(path, "path", error) || !read_options(&o, options, error))
		return NULL;
	struct bl_service *s = service_new();
	const char *file = find(s, path, error);
	if (file && open_wasm(s, file, &o, error))
		return s;
	service_destroy_all(s);
	return NULL;
}
