/* SPDX-License-Identifier: Apache-2.0 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/buf.h"

enum { READ_BYTES = 64 * 1024 };

static struct file_stamp stamp_of(const struct stat *st)
{
	return (struct file_stamp){
		.device = (uint64_t)st->st_dev,
		.inode = (uint64_t)st->st_ino,
		.size = (uint64_t)st->st_size,
		.seconds = (int64_t)st->st_mtim.tv_sec,
		.nanoseconds = (int64_t)st->st_mtim.tv_nsec,
	};
}

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Reads to the end; the size that stat gave is only a hint, since files grow and shrink under us. */
static bool read_all(int fd, struct buf *content)
{
	for (;;) {
		char *room = buf_room(content, READ_BYTES);
		size_t step = READ_BYTES;
		if (!room) { /* the last bytes below the cap, and one more to see whether that was all */
			content->full = false;
			step = content->max - content->len;
			room = step ? buf_room(content, step) : NULL;
		}
		char one_more;
		ssize_t got = read(fd, room ? room : &one_more, room ? step : 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		if (!room) {
			content->full = true;
			return true;
		}
		buf_grew(content, (size_t)got);
	}
}

bool file_read(struct blob **out, const char *path, size_t max, struct file_stamp *stamp, struct error *e)
{
	struct stat st;
	/* Opening a pipe without O_NONBLOCK would wait for a writer. */
	scoped(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0)
		return FAIL(e, IO, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return FAIL(e, IO, "%s: %s", path, S_ISDIR(st.st_mode) ? "is a folder" : "is not a file");
	scoped(buf_fini) struct buf content = BUF_INIT(max);
	if (!read_all(fd, &content))
		return FAIL(e, IO, "%s: %s", path, strerror(errno));
	if (content.full)
		return FAIL(e, LIMIT, "%s: is larger than %zu bytes", path, max);
	if (stamp)
		*stamp = stamp_of(&st);
	*out = blob_new(buf_str(&content));
	return true;
}

bool file_look(const char *path, struct file_stamp *stamp)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return false;
	*stamp = stamp_of(&st);
	return true;
}

bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->seconds == b->seconds && a->nanoseconds == b->nanoseconds;
}
