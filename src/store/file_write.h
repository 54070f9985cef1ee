/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing whole files: all or nothing. A temporary file beside the one that is meant takes its name when
 * everything is in it, so nobody reads half of it, whenever we are ended. What is no regular file
 * (/dev/stdout, a pipe) is written to as it is; of a symbolic link, what it leads to is replaced.
 */
#ifndef STORE_FILE_WRITE_H
#define STORE_FILE_WRITE_H

#include "base/error.h"
#include "base/str.h"

/* Could it be written, now? Errors name the path. Leaves nothing behind. */
must_use bool file_write_check(const char *path, struct error *e);
must_use bool file_write(const char *path, struct str bytes, struct error *e);

/* Makes the folders above the path that are not there, with this mode, of which the umask takes away. */
must_use bool file_make_folders(const char *path, unsigned mode, struct error *e);

#endif
