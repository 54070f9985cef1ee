/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "cli/watch.h"

#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/mem.h"

enum { LOOK_MS = 1000 }; /* how often files are looked at when nothing is heard */

/*
 * What tells two states of a file apart; equal or not is all that is asked, so a clock set back does not
 * matter.
 */
struct stamp {
	bool there;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

struct watched {
	unsigned bit, quiet_ms;
	const char *path;
	struct stamp seen;
};

/* A folder that is listened to, for all that is watched in it. */
struct ear {
	uv_fs_event_t events;
	struct ear *next;
	struct watch *watch;
	const char *folder;
	bool hearing;
	ino_t inode; /* of the folder that is listened to */
};

struct watch {
	struct loop *loop;
	struct arena arena;
	struct watched *files;
	size_t count, open; /* `open`: libuv handles that are not closed yet */
	struct ear *ears;
	unsigned which, quiet_ms; /* of what has changed since it was last told */
	struct timer quiet, look;
	void (*changed)(void *data, unsigned which);
	void *data;
};

static struct stamp stamp_of(const char *path)
{
	struct stat st;
	struct stamp s = { 0 };
	if (stat(path, &st) == 0)
		s = (struct stamp){ true, st.st_dev, st.st_ino, st.st_size, st.st_mtim };
	return s;
}

static bool same(const struct stamp *a, const struct stamp *b)
{
	return a->there == b->there && a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}

/* Takes note of what is there now; true when it is something else. */
static bool look_at_files(struct watch *w)
{
	bool other = false;
	for (size_t i = 0; i < w->count; i++) {
		struct watched *f = &w->files[i];
		struct stamp now = stamp_of(f->path);
		if (!same(&now, &f->seen)) {
			other = true;
			w->which |= f->bit;
			w->quiet_ms = MAX(w->quiet_ms, f->quiet_ms);
		}
		f->seen = now;
	}
	return other;
}

static void something_happened(struct watch *w)
{
	if (look_at_files(w))
		timer_start(w->loop, &w->quiet, w->quiet_ms * NS_PER_MS);
}

static void heard(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct ear *ear = handle->data;
	(void)name; /* whatever it was, the files are looked at: a symbolic link may lead anywhere */
	(void)events;
	(void)status;
	something_happened(ear->watch);
}

/* Listens to the folder that has the path now, which may be another than before. */
static void listen_to_folder(struct ear *ear)
{
	struct stat st;
	bool there = stat(ear->folder, &st) == 0;
	if (ear->hearing && there && st.st_ino == ear->inode)
		return;
	if (ear->hearing)
		uv_fs_event_stop(&ear->events);
	ear->hearing = there && uv_fs_event_start(&ear->events, heard, ear->folder, 0) == 0;
	ear->inode = there ? st.st_ino : 0;
}

static void time_to_look(struct timer *t)
{
	struct watch *w = container_of(t, struct watch, look);
	for (struct ear *ear = w->ears; ear; ear = ear->next)
		listen_to_folder(ear);
	something_happened(w);
	timer_start(w->loop, &w->look, LOOK_MS * NS_PER_MS);
}

static void been_quiet(struct timer *t)
{
	struct watch *w = container_of(t, struct watch, quiet);
	if (look_at_files(w)) { /* it was written to meanwhile, and nobody told us */
		timer_start(w->loop, &w->quiet, w->quiet_ms * NS_PER_MS);
		return;
	}
	unsigned which = w->which;
	w->which = w->quiet_ms = 0;
	w->changed(w->data, which);
}

static void add_ear(struct watch *w, struct str folder)
{
	for (struct ear *ear = w->ears; ear; ear = ear->next) {
		if (str_eq(str_from(ear->folder), folder))
			return;
	}
	struct ear *ear = ARENA_NEW(&w->arena, struct ear);
	ear->watch = w;
	ear->folder = arena_str(&w->arena, folder).ptr;
	ear->next = w->ears;
	w->ears = ear;
	uv_fs_event_init(loop_uv(w->loop), &ear->events);
	ear->events.data = ear;
	w->open++;
	listen_to_folder(ear);
}

static void add_file(struct watch *w, const struct watch_path *given)
{
	struct watched *f = &w->files[w->count++];
	struct stat st;
	const char *slash = strrchr(given->path, '/');
	*f = (struct watched){ .bit = given->bit, .quiet_ms = given->quiet_ms };
	f->path = arena_str(&w->arena, str_from(given->path)).ptr;
	f->seen = stamp_of(f->path);
	if (stat(f->path, &st) == 0 && S_ISDIR(st.st_mode))
		add_ear(w, str_from(f->path));
	else if (slash)
		add_ear(w, (struct str){ given->path, MAX((size_t)(slash - given->path), (size_t)1) });
	else
		add_ear(w, STR("."));
}

struct watch *watch_new(struct loop *loop, const struct watch_path *paths, size_t count,
			void (*changed)(void *data, unsigned which), void *data)
{
	struct watch *w = NEW(struct watch);
	w->loop = loop;
	w->changed = changed;
	w->data = data;
	w->quiet.fire = been_quiet;
	w->look.fire = time_to_look;
	w->files = arena_alloc(&w->arena, (count + 1) * sizeof *w->files);
	for (size_t i = 0; i < count; i++) {
		if (paths[i].path)
			add_file(w, &paths[i]);
	}
	timer_start(loop, &w->look, LOOK_MS * NS_PER_MS);
	return w;
}

static void free_watch(struct watch *w)
{
	arena_fini(&w->arena);
	mem_free(w);
}

static void closed(uv_handle_t *handle)
{
	struct watch *w = ((struct ear *)handle->data)->watch;
	if (--w->open == 0)
		free_watch(w);
}

void watch_destroy(struct watch **pw)
{
	struct watch *w = take(*pw);
	if (!w)
		return;
	timer_stop(w->loop, &w->quiet);
	timer_stop(w->loop, &w->look);
	if (w->open == 0)
		free_watch(w);
	else
		for (struct ear *ear = w->ears; ear; ear = ear->next)
			uv_close((uv_handle_t *)&ear->events, closed);
}
