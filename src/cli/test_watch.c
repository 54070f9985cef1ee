/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "cli/test_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pmap.h"
#include "cli/test_run.h"
#include "cli/watch.h"
#include "runner/interrupt.h"
#include "store/file.h"

enum { CHANGES_SHOWN_MAX = 3, PATHS_BYTES_MAX = 1 << 20 };

/* What a path was when it was looked at. */
struct seen {
	const char *path;
	unsigned quiet_ms;
	bool there, folder;
	struct file_stamp stamp;
};

/* All that is there to run, and all that it depends on, as it was at one moment. */
struct scan {
	struct test_files files;
	struct seen *at; /* sorted by path, each once */
	size_t count, cap;
};

struct watching {
	const struct cli_options *o;
	const struct test_search *search;
	struct clock *clock;
	struct interrupt *interrupt;
	struct scan *now;
	struct pmap depends; /* "PATH\nTEST FILE", a set */
	uint64_t began_ns;   /* the newest run, by the wall clock */
	struct loop loop;    /* while it waits */
	bool woken;
};

/* ---- scans ---- */

static void add_seen(struct scan *s, const char *path, unsigned quiet_ms, bool folder)
{
	if (s->count == s->cap) {
		s->cap = MAX(2 * s->cap, (size_t)64);
		s->at = mem_realloc(s->at, s->cap * sizeof *s->at);
	}
	struct seen *seen = &s->at[s->count++];
	*seen = (struct seen){ .path = path, .quiet_ms = quiet_ms, .folder = folder };
	seen->there = file_look(path, &seen->stamp);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->path, ((const struct seen *)b)->path);
}

static void sort_and_unite(struct scan *s)
{
	size_t kept = 0;
	if (s->count)
		qsort(s->at, s->count, sizeof *s->at, by_path);
	for (size_t i = 0; i < s->count; i++) {
		if (kept == 0 || strcmp(s->at[kept - 1].path, s->at[i].path) != 0)
			s->at[kept++] = s->at[i];
	}
	s->count = kept;
}

/* A project's service is where it is, or where it would be built. */
static const char *service_path(struct scan *s, const struct project *p)
{
	return p->service ? p->service : arena_printf(&s->files.arena, "%s/bin/main.wasm", p->folder).ptr;
}

static const char *manifest_path(struct scan *s, const struct project *p)
{
	return p->manifest ? p->manifest : arena_printf(&s->files.arena, "%s/fastly.toml", p->folder).ptr;
}

/* False: the search failed; the scan then has what was found until then. */
static bool scan_new(struct scan **out, struct watching *w, struct error *e)
{
	struct scan *s = NEW(struct scan);
	bool ok = test_files_find(&s->files, w->search, e);
	for (size_t i = 0; i < s->files.count; i++)
		add_seen(s, s->files.at[i].path, WATCH_EDIT_QUIET_MS, false);
	for (const struct test_path *f = s->files.folders; f; f = f->next)
		add_seen(s, f->path, WATCH_EDIT_QUIET_MS, true);
	for (const struct project *p = s->files.projects; p; p = p->next) {
		add_seen(s, manifest_path(s, p), WATCH_EDIT_QUIET_MS, false);
		add_seen(s, service_path(s, p), WATCH_BUILD_QUIET_MS, false);
	}
	for (struct pmap_entry entry = { 0 }; pmap_each(&w->depends, &entry);) {
		struct str path = str_sub(entry.key, 0, str_find_char(entry.key, '\n'));
		add_seen(s, arena_str(&s->files.arena, path).ptr, WATCH_EDIT_QUIET_MS, false);
	}
	for (size_t i = 0; i < w->search->count; i++)
		add_seen(s, w->search->paths[i], WATCH_EDIT_QUIET_MS, true);
	sort_and_unite(s);
	*out = s;
	return ok;
}

static void scan_destroy(struct scan **ps)
{
	struct scan *s = take(*ps);
	if (!s)
		return;
	test_files_fini(&s->files);
	mem_free(s->at);
	mem_free(s);
}

static const struct seen *find(const struct scan *s, const char *path)
{
	struct seen key = { .path = path };
	return s->count ? bsearch(&key, s->at, s->count, sizeof *s->at, by_path) : NULL;
}

static bool is_same(const struct seen *a, const struct seen *b)
{
	return a->there == b->there && (!a->there || file_stamp_same(&a->stamp, &b->stamp));
}

/* ---- what a change touches ---- */

static bool has_changed(const struct scan *before, const struct scan *now, const char *path)
{
	const struct seen *a = find(before, path), *b = find(now, path);
	if (a && b)
		return !is_same(a, b);
	return b && b->there && !a;
}

static bool is_touched(struct watching *w, const struct scan *before, struct scan *now,
		       const struct test_file *f)
{
	const struct project *p = f->project;
	if (has_changed(before, now, f->path) || has_changed(before, now, manifest_path(now, p)) ||
	    has_changed(before, now, service_path(now, p)))
		return true;
	for (struct pmap_entry entry = { 0 }; pmap_each(&w->depends, &entry);) {
		struct str file = entry.key, path = str_split(&file, '\n');
		scoped(arena_fini) struct arena a = { 0 };
		const char *name = arena_str(&a, path).ptr;
		if (str_eq(file, str_from(f->path)) && has_changed(before, now, name))
			return true;
	}
	return false;
}

/* ---- a run ---- */

static void depends(void *data, const struct test_file *file, struct str path)
{
	struct watching *w = data;
	scoped(buf_fini) struct buf key = BUF_INIT(PATHS_BYTES_MAX);
	if (str_find_char(path, '\n') != STR_NONE || path.len == 0)
		return;
	buf_add(&key, path);
	buf_add_char(&key, '\n');
	buf_add(&key, str_from(file->path));
	pmap_put(&w->depends, buf_str(&key), &blob_new(STR(""))->rc);
}

/* What the files depend on is learnt anew. */
static void forget_depends(struct watching *w, const struct test_files *files)
{
	struct pmap all = pmap_copy(&w->depends);
	for (struct pmap_entry entry = { 0 }; pmap_each(&all, &entry);) {
		struct str file = entry.key;
		str_split(&file, '\n');
		for (size_t i = 0; i < files->count; i++) {
			if (str_eq(file, str_from(files->at[i].path)))
				pmap_remove(&w->depends, entry.key);
		}
	}
	pmap_fini(&all);
}

/* A run that failed may have ended before it came to all that it depends on: what was known stays. */
static void keep_depends(struct watching *w, const struct pmap *before)
{
	for (struct pmap_entry entry = { 0 }; pmap_each(before, &entry);)
		pmap_put(&w->depends, entry.key, &blob_new(STR(""))->rc);
}

static int run(struct watching *w, struct test_files *files, uint64_t start_ns)
{
	struct pmap before = pmap_copy(&w->depends);
	forget_depends(w, files);
	w->began_ns = clock_wall(w->clock);
	int code = test_run(&(struct test_run){ .o = w->o,
						.files = files,
						.clock = w->clock,
						.start_ns = start_ns,
						.interrupt = w->interrupt,
						.depends = depends,
						.data = w });
	if (code != CLI_PASSED)
		keep_depends(w, &before);
	pmap_fini(&before);
	fflush(w->o->env->out);
	return code;
}

/* The files of the scan that a change has touched; the list is the caller's, its strings are the scan's. */
static struct test_files touched(struct watching *w, const struct scan *before, struct scan *now)
{
	struct test_files some = { .projects = now->files.projects };
	some.at = mem_alloc((now->files.count + 1) * sizeof *some.at);
	for (size_t i = 0; i < now->files.count; i++) {
		if (is_touched(w, before, now, &now->files.at[i]))
			some.at[some.count++] = now->files.at[i];
	}
	return some;
}

/* ---- waiting ---- */

static void changed(void *data, unsigned which)
{
	(void)which;
	((struct watching *)data)->woken = true;
}

static void interrupted(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	((struct watching *)handle->data)->woken = true;
}

static bool is_as_seen(const struct scan *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct seen now = s->at[i];
		now.there = file_look(now.path, &now.stamp);
		if (!is_same(&s->at[i], &now))
			return false;
	}
	return true;
}

static void no_more(uv_handle_t *handle)
{
	(void)handle;
}

/* Until something is not as it was scanned. The signal that ended the wait; 0: none did. */
static int wait_for_change(struct watching *w)
{
	uv_poll_t poll;
	struct watch_path *paths = mem_alloc((w->now->count + 1) * sizeof *paths);
	bool never = false;
	for (size_t i = 0; i < w->now->count; i++)
		paths[i] = (struct watch_path){ w->now->at[i].path, 1, w->now->at[i].quiet_ms };
	w->woken = false;
	loop_init(&w->loop, w->clock);
	struct watch *watch = watch_new(&w->loop, paths, w->now->count, changed, w);
	uv_poll_init(loop_uv(&w->loop), &poll, w->interrupt->fd);
	poll.data = w;
	uv_poll_start(&poll, UV_READABLE, interrupted);
	if (is_as_seen(w->now)) /* else it has changed since it was scanned */
		(void)loop_run(&w->loop, &w->woken, UINT64_MAX);
	watch_destroy(&watch);
	uv_close((uv_handle_t *)&poll, no_more);
	(void)loop_run(&w->loop, &never, UINT64_MAX); /* until all is closed */
	loop_fini(&w->loop);
	mem_free(paths);
	return interrupt_look(w->interrupt);
}

/* The path from the current folder, when it is below that. */
static const char *from_here(const struct watching *w, const char *path)
{
	size_t len = strlen(w->o->env->folder);
	return strncmp(path, w->o->env->folder, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

/* A test file is in the scan as it was named, and as what its test depends on. */
static bool is_told(const struct watching *w, const struct scan *before, const struct scan *now, size_t index)
{
	const char *name = from_here(w, now->at[index].path);
	for (size_t i = 0; i < index; i++) {
		if (strcmp(from_here(w, now->at[i].path), name) == 0 && !now->at[i].folder &&
		    has_changed(before, now, now->at[i].path))
			return true;
	}
	return false;
}

static void say_changed(struct watching *w, const struct scan *before, const struct scan *now, size_t files)
{
	FILE *err = w->o->env->err;
	size_t count = 0;
	fputs("\nchanged:", err);
	for (size_t i = 0; i < now->count; i++) {
		if (now->at[i].folder || !has_changed(before, now, now->at[i].path) ||
		    is_told(w, before, now, i))
			continue;
		if (++count <= CHANGES_SHOWN_MAX)
			fprintf(err, "%s %s", count > 1 ? "," : "", from_here(w, now->at[i].path));
	}
	if (count > CHANGES_SHOWN_MAX)
		fprintf(err, " and %zu more", count - CHANGES_SHOWN_MAX);
	fprintf(err, " (%zu of %zu test files)\n", files, now->files.count);
	fflush(err);
}

static void say_waiting(struct watching *w)
{
	fprintf(w->o->env->err, "watching %zu test file%s; Ctrl-C ends it\n", w->now->files.count,
		w->now->files.count == 1 ? "" : "s");
	fflush(w->o->env->err);
}

/*
 * Looks anew, and runs what was touched since. Returns the exit code of a run that was interrupted, else -1.
 */
static int look_and_run(struct watching *w)
{
	struct error e;
	struct scan *before = w->now, *now;
	uint64_t start_ns = clock_monotonic(w->clock);
	int code = -1;
	if (!scan_new(&now, w, &e))
		cli_error(w->o, CLI_USAGE, &e);
	struct test_files some = touched(w, before, now);
	w->now = now;
	if (some.count) {
		say_changed(w, before, now, some.count);
		code = run(w, &some, start_ns);
		/*
		 * What was learnt in the run is looked at from here on; what changed meanwhile is found by
		 * the stamps before.
		 */
		say_waiting(w);
	}
	mem_free(some.at);
	scan_destroy(&before);
	return code == CLI_INTERRUPTED || code == CLI_TERMINATED ? code : -1;
}

/*
 * Nobody knows what the file was when the run began; when it was saved since, a test may have read it before.
 */
static void doubt_when_newer(struct seen *s, uint64_t ns)
{
	uint64_t saved_ns = (uint64_t)s->stamp.seconds * NS_PER_S + (uint64_t)s->stamp.nanoseconds;
	if (s->there && saved_ns >= ns)
		s->stamp = (struct file_stamp){ 0 };
}

/* Adds what the run has learnt of to what is watched. */
static void learn(struct watching *w)
{
	for (struct pmap_entry entry = { 0 }; pmap_each(&w->depends, &entry);) {
		struct str path = str_sub(entry.key, 0, str_find_char(entry.key, '\n'));
		const char *name = arena_str(&w->now->files.arena, path).ptr;
		if (!find(w->now, name)) {
			add_seen(w->now, name, WATCH_EDIT_QUIET_MS, false);
			doubt_when_newer(&w->now->at[w->now->count - 1], w->began_ns);
			sort_and_unite(w->now);
		}
	}
}

int test_watch(const struct cli_options *o, const struct test_search *search, struct clock *clock,
	       struct interrupt *interrupt)
{
	struct error e;
	struct watching w = { .o = o, .search = search, .clock = clock, .interrupt = interrupt };
	uint64_t start_ns = clock_monotonic(clock);
	int code = CLI_PASSED;
	if (o->list || o->shard.count) {
		FAIL(&e, INVALID, "--watch and --%s are no pair; leave out one of the two",
		     o->list ? "list" : "shard");
		return cli_error(o, CLI_USAGE, &e);
	}
	if (!scan_new(&w.now, &w, &e))
		code = cli_error(o, CLI_USAGE, &e);
	else if (w.now->files.count)
		code = run(&w, &w.now->files, start_ns);
	bool over = code == CLI_INTERRUPTED || code == CLI_TERMINATED || (code && !w.now->files.count);
	if (!over)
		say_waiting(&w);
	while (!over) {
		learn(&w);
		over = wait_for_change(&w) != 0;
		code = over ? CLI_PASSED : look_and_run(&w);
		over = over || code >= 0;
	}
	scan_destroy(&w.now);
	pmap_fini(&w.depends);
	return code;
}
