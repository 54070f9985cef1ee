/* SPDX-License-Identifier: Apache-2.0 */
/* Prints entries. The descriptor and the count of lost entries are shared by all forks. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/rc.h"
#include "world/log.h"

/*
 * A reader that takes nothing for so long has gone away; a descriptor that does not block must not lose lines
 * before.
 */
enum { STALL_MS = 1000, LINE_BYTES_MAX = 1 << 30, LINE_BYTES_KEPT = 64 * 1024 };

struct shared_fd {
	struct rc rc;
	int fd;
	size_t lost;
	struct buf line; /* kept between entries */
};

struct log_fd {
	struct log_sink super;
	struct shared_fd *to;
};

static const struct log_sink_ops log_fd_ops;

static void shared_fd_destroy(struct rc *r)
{
	struct shared_fd *to = (struct shared_fd *)r;
	buf_fini(&to->line);
	mem_free(to);
}

static bool write_all(int fd, struct str s)
{
	while (s.len > 0) {
		ssize_t wrote = write(fd, s.ptr, s.len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0 && errno == EAGAIN &&
		    poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, STALL_MS) > 0)
			continue;
		if (wrote < 0)
			return false;
		s.ptr += wrote;
		s.len -= (size_t)wrote;
	}
	return true;
}

void log_line_add(struct buf *out, struct str endpoint, struct str message)
{
	buf_add(out, endpoint);
	buf_add(out, STR(" :: "));
	while (message.ptr) {
		buf_add(out, str_split(&message, '\n'));
		if (message.ptr)
			buf_add(out, STR("\\n"));
	}
	buf_add_char(out, '\n');
}

static void log_fd_write(struct log_sink *super, struct str endpoint, struct str message)
{
	struct shared_fd *to = ((struct log_fd *)super)->to;
	struct buf *line = &to->line;
	buf_reset(line);
	log_line_add(line, endpoint, message);
	if (line->full || !write_all(to->fd, buf_str(line)))
		to->lost++;
	if (line->cap > LINE_BYTES_KEPT)
		buf_fini(line);
}

size_t log_fd_lost(const struct log_sink *s)
{
	CHECK(s->ops == &log_fd_ops);
	return ((const struct log_fd *)s)->to->lost;
}

static struct log_sink *new_sink(struct shared_fd *to)
{
	struct log_fd *self = NEW(struct log_fd);
	self->super.ops = &log_fd_ops;
	self->to = to;
	return &self->super;
}

static struct log_sink *log_fd_fork(struct log_sink *super)
{
	struct shared_fd *to = ((struct log_fd *)super)->to;
	rc_ref(&to->rc);
	return new_sink(to);
}

static void log_fd_destroy(struct log_sink *super)
{
	struct log_fd *self = (struct log_fd *)super;
	rc_unref(&self->to->rc);
	mem_free(self);
}

static const struct log_sink_ops log_fd_ops = {
	.name = "fd",
	.write = log_fd_write,
	.fork = log_fd_fork,
	.destroy = log_fd_destroy,
};

struct log_sink *log_fd_new(int fd)
{
	struct shared_fd *to = NEW(struct shared_fd);
	rc_init(&to->rc, shared_fd_destroy);
	to->fd = fd;
	buf_init(&to->line, LINE_BYTES_MAX);
	return new_sink(to);
}
