/* SPDX-License-Identifier: Apache-2.0 */
/* Reading whole files: the one place where stores and manifests touch the file system. */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/rc.h"

enum { FILE_BYTES_MAX = 256 * 1024 * 1024 };

/* What changes when a file changes. Comparing two is enough to know whether to read again. */
struct file_stamp {
	uint64_t device, inode, size;
	int64_t seconds, nanoseconds;
};

/*
 * The whole content; the reference is the caller's. Only regular files are read (a pipe or device could hang
 * or never end), of at most `max` bytes. `stamp` (or NULL) is the file's as it was read. Errors name the
 * path.
 */
must_use bool file_read(struct blob **out, const char *path, size_t max, struct file_stamp *stamp,
			struct error *e);

/* False, and `stamp` untouched, when the file cannot be looked at. */
bool file_look(const char *path, struct file_stamp *stamp);
bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b);

#endif
