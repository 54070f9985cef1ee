/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "world/log.h"

struct log_raw {
	struct log_sink super;
	int fd;
};

static void raw_write(struct log_sink *s, struct str endpoint, struct str message)
{
	const struct log_raw *self = (const struct log_raw *)s;
	(void)endpoint;
	while (message.len) {
		ssize_t n = write(self->fd, message.ptr, message.len);
		if (n < 0 && errno != EINTR)
			return; /* nobody is there to be told: this is where we would tell it */
		message = str_sub(message, n > 0 ? (size_t)n : 0, message.len);
	}
}

static struct log_sink *raw_fork(struct log_sink *s)
{
	return log_raw_new(((const struct log_raw *)s)->fd);
}

static void raw_destroy(struct log_sink *s)
{
	mem_free(s);
}

static const struct log_sink_ops raw_ops = {
	.name = "raw",
	.write = raw_write,
	.fork = raw_fork,
	.destroy = raw_destroy,
};

struct log_sink *log_raw_new(int fd)
{
	struct log_raw *self = NEW(struct log_raw);
	self->super.ops = &raw_ops;
	self->fd = fd;
	return &self->super;
}
