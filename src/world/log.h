/* SPDX-License-Identifier: Apache-2.0 */
/* Where a service's log messages go, as an interface: captured for a test, or printed. */
#ifndef WORLD_LOG_H
#define WORLD_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct buf;

struct log_sink {
	const struct log_sink_ops *ops;
};

struct log_sink_ops {
	const char *name;
	void (*write)(struct log_sink *, struct str endpoint, struct str message);
	struct log_sink *(*fork)(struct log_sink *); /* O(1) */
	void (*destroy)(struct log_sink *);
};

/* One entry. The message is whatever the service wrote, without a final newline. */
static inline void log_write(struct log_sink *s, struct str endpoint, struct str message)
{
	s->ops->write(s, endpoint, message);
}

must_use static inline struct log_sink *log_fork(struct log_sink *s)
{
	return s->ops->fork(s);
}

static inline void log_destroy(struct log_sink **ps)
{
	if (*ps)
		(*ps)->ops->destroy(*ps);
	*ps = NULL;
}

/* Keeps every entry in order. A fork starts with what its parent had and adds to its own. */
must_use struct log_sink *log_capture_new(void);
size_t log_capture_count(const struct log_sink *s);
/* Entry `i`; borrowed until the sink is destroyed. */
bool log_capture_get(const struct log_sink *s, size_t i, struct str *endpoint, struct str *message);

/*
 * Writes "ENDPOINT :: MESSAGE\n" to a file descriptor (not owned), newlines inside shown as "\n", one write()
 * an entry, so that lines of several processes do not mix. Forks write to the same place. A descriptor that
 * fails (full disk, closed pipe; SIGPIPE is the process's business) makes entries count as lost:
 * log_fd_lost(), one count for all forks.
 */
must_use struct log_sink *log_fd_new(int fd);
size_t log_fd_lost(const struct log_sink *s);

/* Adds an entry as log_fd_new() writes it. */
void log_line_add(struct buf *out, struct str endpoint, struct str message);

/* For a guest's own output: writes the messages' bytes to a file descriptor (not owned), as they are. */
must_use struct log_sink *log_raw_new(int fd);

#endif
