/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells when one of some files is another than before: another file under its name (editors and builds
 * rename), other content, gone or there again. Of a folder: something in it came, went or was renamed. The
 * kernel says that something happened in the files' folders; a look at every file now and then covers what it
 * does not see (network file systems, a folder that was replaced).
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "loop/loop.h"

/*
 * How long a file has to be left alone before its change is told of: a build writes in many pieces, and one
 * that pauses for longer is seen twice; an editor writes at once, and somebody waits.
 */
enum { WATCH_BUILD_QUIET_MS = 150, WATCH_EDIT_QUIET_MS = 15 };

struct watch_path {
	const char *path;
	unsigned bit; /* of what `changed` is told */
	unsigned quiet_ms;
};

struct watch;

/*
 * `changed` is called once what changed has been left alone for its time; `which` has the bits of all that
 * did. Paths are copied.
 */
must_use struct watch *watch_new(struct loop *loop, const struct watch_path *paths, size_t count,
				 void (*changed)(void *data, unsigned which), void *data);
/* Leaves NULL; NULL is fine. The loop must run on for its handles to close. */
void watch_destroy(struct watch **pw);

#endif
