/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "cli/watch.h"

#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/mem.h"

/*
 * QUIET: a build writes a file in many pieces, and one that pauses for longer is seen twice. LOOK: how often
 * files are looked at when nothing is heard.
 */
enum { QUIET_MS = 150, LOOK_MS = 1000, PATH_BYTES_MAX = 4096 };

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
	struct watch *watch;
	unsigned bit;
	char path[PATH_BYTES_MAX], folder[PATH_BYTES_MAX];
	struct stamp seen;
	uv_fs_event_t events;
	bool hearing;
	ino_t folder_inode; /* of the folder that is listened to */
};

struct watch {
	struct loop *loop;
	struct watched files[WATCH_FILES_MAX];
	size_t count, open; /* libuv handles that are not closed yet */
	unsigned which;     /* changed since it was last told */
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
		struct stamp now = stamp_of(w->files[i].path);
		if (!same(&now, &w->files[i].seen)) {
			other = true;
			w->which |= w->files[i].bit;
		}
		w->files[i].seen = now;
	}
	return other;
}

static void something_happened(struct watch *w)
{
	if (!look_at_files(w))
		return;
	timer_start(w->loop, &w->quiet, QUIET_MS * NS_PER_MS);
}

static void heard(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct watched *f = handle->data;
	(void)name; /* whatever it was, the files are looked at: a symbolic link may lead anywhere */
	(void)events;
	(void)status;
	something_happened(f->watch);
}

/* Listens to the folder that has the path now, which may be another than before. */
static void listen_to_folder(struct watched *f)
{
	struct stat st;
	bool there = stat(f->folder, &st) == 0;
	if (f->hearing && there && st.st_ino == f->folder_inode)
		return;
	if (f->hearing)
		uv_fs_event_stop(&f->events);
	f->hearing = there && uv_fs_event_start(&f->events, heard, f->folder, 0) == 0;
	f->folder_inode = there ? st.st_ino : 0;
}

static void time_to_look(struct timer *t)
{
	struct watch *w = container_of(t, struct watch, look);
	for (size_t i = 0; i < w->count; i++)
		listen_to_folder(&w->files[i]);
	something_happened(w);
	timer_start(w->loop, &w->look, LOOK_MS * NS_PER_MS);
}

static void been_quiet(struct timer *t)
{
	struct watch *w = container_of(t, struct watch, quiet);
	if (look_at_files(w)) { /* it was written to meanwhile, and nobody told us */
		timer_start(w->loop, &w->quiet, QUIET_MS * NS_PER_MS);
		return;
	}
	unsigned which = w->which;
	w->which = 0;
	w->changed(w->data, which);
}

static void add_file(struct watch *w, const char *path, unsigned bit)
{
	struct watched *f = &w->files[w->count++];
	size_t len = strlen(path);
	const char *slash = strrchr(path, '/');
	CHECK(w->count <= WATCH_FILES_MAX && len < sizeof f->path);
	f->watch = w;
	f->bit = bit;
	memcpy(f->path, path, len + 1);
	if (slash)
		memcpy(f->folder, path, (size_t)(slash - path) + 1);
	else
		f->folder[0] = '.';
	f->seen = stamp_of(path);
	uv_fs_event_init(loop_uv(w->loop), &f->events);
	f->events.data = f;
	w->open++;
	listen_to_folder(f);
}

struct watch *watch_new(struct loop *loop, const char *const *paths, size_t count,
			void (*changed)(void *data, unsigned which), void *data)
{
	struct watch *w = NEW(struct watch);
	w->loop = loop;
	w->changed = changed;
	w->data = data;
	w->quiet.fire = been_quiet;
	w->look.fire = time_to_look;
	for (size_t i = 0; i < count; i++) {
		if (paths[i])
			add_file(w, paths[i], 1u << i);
	}
	timer_start(loop, &w->look, LOOK_MS * NS_PER_MS);
	return w;
}

static void closed(uv_handle_t *handle)
{
	struct watch *w = ((struct watched *)handle->data)->watch;
	if (--w->open == 0)
		mem_free(w);
}

void watch_destroy(struct watch **pw)
{
	struct watch *w = take(*pw);
	if (!w)
		return;
	timer_stop(w->loop, &w->quiet);
	timer_stop(w->loop, &w->look);
	if (w->open == 0)
		mem_free(w);
	else
		for (size_t i = w->count; i-- > 0;)
			uv_close((uv_handle_t *)&w->files[i].events, closed);
}
