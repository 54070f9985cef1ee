/* SPDX-License-Identifier: Apache-2.0 */
#include "store/file_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096, PROBE_BYTES = 4096 };

static bool failed(const char *path, int why, struct error *e)
{
	return FAIL(e, IO, "%s: %s", path, strerror(why));
}

static bool write_all(int fd, struct str bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);
		if (n < 0 && errno != EINTR)
			return false;
		bytes = str_sub(bytes, n > 0 ? (size_t)n : 0, bytes.len);
	}
	return true;
}

/*
 * Is it something that is written to as it is? Of a folder, and of what cannot be looked at, the attempt
 * tells.
 */
static bool is_special(const char *path, struct stat *st)
{
	return stat(path, st) == 0 && !S_ISREG(st->st_mode);
}

static bool write_special(const char *path, struct str bytes, struct error *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return failed(path, errno, e);
	bool ok = write_all(fd, bytes);
	int why = errno;
	if (close(fd) != 0 && ok) {
		ok = false;
		why = errno;
	}
	return ok || failed(path, why, e);
}

/*
 * The path of the file itself, when it is a link, and of a new one beside it, which is open. -1: `errno` says
 * why.
 */
static int open_beside(const char *path, char target[PATH_BYTES_MAX], char temporary[PATH_BYTES_MAX + 8])
{
	char real[PATH_MAX];
	const char *meant = realpath(path, real) ? real : path;
	size_t len = strlen(meant);
	if (len >= PATH_BYTES_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(target, meant, len + 1);
	memcpy(temporary, meant, len);
	memcpy(temporary + len, ".XXXXXX", sizeof ".XXXXXX");
	return mkostemp(temporary, O_CLOEXEC);
}

static bool may_be_replaced(const char *target)
{
	return access(target, F_OK) != 0 || access(target, W_OK) == 0;
}

/* The file that is replaced keeps its mode; a new one has what the process gives to its files. */
static mode_t mode_of(const char *target)
{
	struct stat st;
	if (stat(target, &st) == 0)
		return st.st_mode & 07777;
	mode_t mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

bool file_write_check(const char *path, struct error *e)
{
	static const char zeroes[PROBE_BYTES];
	char target[PATH_BYTES_MAX], temporary[PATH_BYTES_MAX + 8];
	struct stat st;
	if (is_special(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return failed(path, EISDIR, e);
		return access(path, W_OK) == 0 || failed(path, errno, e);
	}
	int fd = open_beside(path, target, temporary);
	if (fd < 0)
		return failed(path, errno, e);
	bool ok = write_all(fd, (struct str){ zeroes, sizeof zeroes });
	int why = errno;
	close(fd);
	unlink(temporary);
	if (ok && !may_be_replaced(target))
		return failed(path, EACCES, e);
	return ok || failed(path, why, e);
}

bool file_write(const char *path, struct str bytes, struct error *e)
{
	char target[PATH_BYTES_MAX], temporary[PATH_BYTES_MAX + 8];
	struct stat st;
	if (is_special(path, &st))
		return write_special(path, bytes, e);
	int fd = open_beside(path, target, temporary);
	if (fd < 0)
		return failed(path, errno, e);
	bool ok = write_all(fd, bytes) && fchmod(fd, mode_of(target)) == 0;
	int why = errno;
	if (close(fd) != 0 && ok) {
		ok = false;
		why = errno;
	}
	if (ok && rename(temporary, target) == 0)
		return true;
	why = ok ? errno : why;
	unlink(temporary);
	return failed(path, why, e);
}

bool file_make_folders(const char *path, unsigned mode, struct error *e)
{
	char folder[PATH_BYTES_MAX];
	size_t len = strlen(path);
	if (len >= sizeof folder)
		return failed(path, ENAMETOOLONG, e);
	memcpy(folder, path, len + 1);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, mode) != 0 && errno != EEXIST)
			return failed(folder, errno, e);
		*slash = '/';
	}
	return true;
}
