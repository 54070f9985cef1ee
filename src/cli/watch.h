/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells when one of some files is another than before: another file under its name (editors and builds
 * rename), other content, gone or there again. The kernel says that something happened in the files' folders;
 * a look at every file now and then covers what it does not see (network file systems, a folder that was
 * replaced).
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "loop/loop.h"

enum { WATCH_FILES_MAX = 8 };

struct watch;

/*
 * `changed` is called once all of the files have been left alone for a moment; bit i of `which`: paths[i].
 * NULL paths are passed over.
 */
must_use struct watch *watch_new(struct loop *loop, const char *const *paths, size_t count,
				 void (*changed)(void *data, unsigned which), void *data);
/* Leaves NULL; NULL is fine. The loop must run on for its handles to close. */
void watch_destroy(struct watch **pw);

#endif
