/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/code_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/mem.h"

enum { SETTLED_S = 2, META_BYTES = 512, TEMPORARY_KEPT_S = 3600, SOURCE_KEPT_S = 30 * 24 * 3600 };

/* ---- hashing ---- */

static void to_hex(const unsigned char digest[32], char *out)
{
	for (int i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void hash_two(struct str a, struct str b, char *hex)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	EVP_DigestUpdate(ctx, a.ptr, a.len);
	EVP_DigestUpdate(ctx, b.ptr, b.len);
	EVP_DigestFinal_ex(ctx, digest, NULL);
	EVP_MD_CTX_free(ctx);
	to_hex(digest, hex);
}

void code_cache_key(struct str wasm, const char *fingerprint, struct code_key *out)
{
	hash_two(wasm, str_from(fingerprint), out->hex);
}

/* ---- small files ---- */

static bool entry_path(char *out, const char *folder, const char *prefix, const char *name,
		       const char *suffix)
{
	int n = snprintf(out, CODE_PATH_MAX, "%s/%s%s%s", folder, prefix, name, suffix);
	return n > 0 && n < CODE_PATH_MAX;
}

/* Owned by us and writable by nobody else. */
static bool ours(const struct stat *st)
{
	return st->st_uid == geteuid() && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Opens a file of ours; -1 when it is not there or not to be trusted. */
static int open_ours(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) && ours(st))
		return fd;
	close(fd);
	return -1;
}

static bool read_small(const char *path, char *out)
{
	struct stat st;
	int fd = open_ours(path, &st);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, out, META_BYTES - 1);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool write_all(int fd, struct str bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.ptr, MIN(bytes.len, (size_t)1 << 30));
		if (n < 0 && errno != EINTR)
			return false;
		bytes = str_sub(bytes, n > 0 ? (size_t)n : 0, bytes.len);
	}
	return true;
}

/* All or nothing: a temporary file that takes the name by rename(). */
static bool write_file(const char *path, struct str bytes, struct error *e)
{
	char temporary[CODE_PATH_MAX];
	int n = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
	if (n <= 0 || n >= (int)sizeof temporary)
		return FAIL(e, INVALID, "%s: the path is too long", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL(e, IO, "%s: %s", temporary, strerror(errno));
	bool written = write_all(fd, bytes);
	int why = errno;
	if (close(fd) != 0 && written) {
		written = false;
		why = errno;
	}
	if (written && rename(temporary, path) == 0)
		return true;
	why = written ? errno : why;
	unlink(temporary);
	return FAIL(e, IO, "%s: %s", path, strerror(why));
}

/* What identifies the state of a file: any write changes it. */
static void print_stat(const struct stat *st, char *out, size_t cap)
{
	snprintf(out, cap, "%" PRIuMAX ":%" PRIuMAX ":%" PRIdMAX ":%" PRIdMAX ".%09ld:%" PRIdMAX ".%09ld",
		 (uintmax_t)st->st_dev, (uintmax_t)st->st_ino, (intmax_t)st->st_size,
		 (intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (intmax_t)st->st_ctim.tv_sec,
		 st->st_ctim.tv_nsec);
}

/* ---- the folder ---- */

static bool make_folders(const char *folder)
{
	char path[CODE_PATH_MAX];
	snprintf(path, sizeof path, "%s", folder);
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		mkdir(path, 0700); /* the last one tells whether it worked */
		*at = '/';
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

bool code_cache_open(const char *folder, struct error *e)
{
	struct stat st;
	if (strlen(folder) > CODE_PATH_MAX - 128)
		return FAIL(e, INVALID, "the path of the code cache is too long");
	if (!make_folders(folder) || stat(folder, &st) != 0)
		return FAIL(e, IO, "%s: %s", folder, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return FAIL(e, INVALID, "%s: not a folder", folder);
	if (!ours(&st))
		return FAIL(e, INVALID,
			    "%s: belongs to somebody else or others may write to it; `chmod 700` it, or name "
			    "another folder with XDG_CACHE_HOME",
			    folder);
	return true;
}

/* ---- sources ---- */

static bool source_meta_path(const char *folder, const char *fingerprint, const struct stat *st, char *out)
{
	char state[256], id[CODE_KEY_CHARS + 1];
	print_stat(st, state, sizeof state);
	hash_two(str_from(state), str_from(fingerprint), id);
	return entry_path(out, folder, "source-", id, ".meta");
}

static bool settled(const struct stat *st)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return false;
	time_t newest = MAX(st->st_mtim.tv_sec, st->st_ctim.tv_sec);
	return now.tv_sec - newest > SETTLED_S;
}

bool code_cache_recall(const char *folder, const char *source, const char *fingerprint, struct code_key *out)
{
	struct stat st;
	char path[CODE_PATH_MAX], text[META_BYTES];
	if (stat(source, &st) != 0 || !source_meta_path(folder, fingerprint, &st, path) ||
	    !read_small(path, text))
		return false;
	return sscanf(text, "backlot-source 1\n%64[0-9a-f]\n%" SCNu64 "\n", out->hex, &out->initial_memory) ==
		       2 &&
	       strlen(out->hex) == CODE_KEY_CHARS;
}

void code_cache_remember(const char *folder, const char *source, const char *fingerprint,
			 const struct code_key *key)
{
	struct stat st;
	char path[CODE_PATH_MAX], text[META_BYTES];
	struct error ignored;
	if (stat(source, &st) != 0 || !settled(&st) || !source_meta_path(folder, fingerprint, &st, path))
		return;
	snprintf(text, sizeof text, "backlot-source 1\n%s\n%" PRIu64 "\n", key->hex, key->initial_memory);
	(void)!write_file(path, str_from(text),
			  &ignored); /* without it the next start hashes, nothing else */
}

/* ---- code ---- */

static bool hash_file(int fd, const struct stat *st, char *hex)
{
	void *map = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	hash_two((struct str){ map, (size_t)st->st_size }, STR(""), hex);
	munmap(map, (size_t)st->st_size);
	return true;
}

static bool write_code_meta(const char *folder, const struct code_key *key, const char *sha256,
			    const struct stat *st, struct error *e)
{
	char path[CODE_PATH_MAX], text[META_BYTES], state[256];
	print_stat(st, state, sizeof state);
	snprintf(text, sizeof text, "backlot-code 1\n%s\n%s\n", sha256, state);
	return entry_path(path, folder, "", key->hex, ".meta") && write_file(path, str_from(text), e);
}

static bool trusted(const char *folder, const struct code_key *key, int fd, const struct stat *st)
{
	char path[CODE_PATH_MAX], text[META_BYTES], state[256];
	char was_sha256[CODE_KEY_CHARS + 1], was_state[256], sha256[CODE_KEY_CHARS + 1];
	struct error ignored;
	if (!entry_path(path, folder, "", key->hex, ".meta") || !read_small(path, text))
		return false;
	if (sscanf(text, "backlot-code 1\n%64[0-9a-f]\n%255[0-9:.-]\n", was_sha256, was_state) != 2)
		return false;
	utimensat(AT_FDCWD, path, NULL, 0); /* used now: the oldest go first */
	print_stat(st, state, sizeof state);
	if (strcmp(state, was_state) == 0)
		return true;
	if (st->st_size == 0 || !hash_file(fd, st, sha256) || strcmp(sha256, was_sha256) != 0)
		return false;
	(void)!write_code_meta(folder, key, sha256, st, &ignored);
	return true;
}

bool code_cache_find(const char *folder, const struct code_key *key, char *path)
{
	struct stat st;
	if (!entry_path(path, folder, "", key->hex, ".cwasm"))
		return false;
	int fd = open_ours(path, &st);
	if (fd < 0)
		return false;
	bool ok = trusted(folder, key, fd, &st);
	close(fd);
	return ok;
}

void code_cache_drop(const char *folder, const struct code_key *key)
{
	char path[CODE_PATH_MAX];
	if (entry_path(path, folder, "", key->hex, ".cwasm"))
		unlink(path);
	if (entry_path(path, folder, "", key->hex, ".meta"))
		unlink(path);
}

int code_cache_lock(const char *folder, const struct code_key *key)
{
	char path[CODE_PATH_MAX];
	if (!entry_path(path, folder, "", key->hex, ".lock"))
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void code_cache_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}

/* ---- the whole folder ---- */

bool code_cache_each(const char *folder, void (*see)(void *, const struct code_cache_entry *), void *data,
		     struct error *e)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return FAIL(e, IO, "%s: %s", folder, strerror(errno));
	for (struct dirent *d; (d = readdir(dir));) {
		struct code_cache_entry entry = { 0 };
		struct stat code, meta;
		char path[CODE_PATH_MAX];
		if (strlen(d->d_name) != CODE_KEY_CHARS + strlen(".cwasm") ||
		    !str_ends(str_from(d->d_name), STR(".cwasm")))
			continue;
		memcpy(entry.key, d->d_name, CODE_KEY_CHARS);
		if (fstatat(dirfd(dir), d->d_name, &code, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		entry.bytes = (uint64_t)code.st_size;
		entry.used_s = (uint64_t)code.st_mtim.tv_sec;
		if (entry_path(path, folder, "", entry.key, ".meta") && stat(path, &meta) == 0)
			entry.used_s = (uint64_t)meta.st_mtim.tv_sec;
		see(data, &entry);
	}
	closedir(dir);
	return true;
}

struct eviction {
	struct code_cache_entry oldest;
	uint64_t total;
	const char *keep;
};

static void weigh(void *data, const struct code_cache_entry *entry)
{
	struct eviction *ev = data;
	ev->total += entry->bytes;
	if (strcmp(entry->key, ev->keep) != 0 && (!ev->oldest.key[0] || entry->used_s < ev->oldest.used_s))
		ev->oldest = *entry;
}

static void evict(const char *folder, const struct code_key *keep)
{
	struct error ignored;
	for (;;) {
		struct eviction ev = { .keep = keep->hex };
		struct code_key oldest = { .hex = "" };
		if (!code_cache_each(folder, weigh, &ev, &ignored) || ev.total <= CODE_CACHE_BYTES_MAX ||
		    !ev.oldest.key[0])
			return;
		memcpy(oldest.hex, ev.oldest.key, sizeof oldest.hex);
		code_cache_drop(folder, &oldest);
	}
}

/* What killed processes left behind, and locks and notes on sources that nobody has used for a month. */
static void sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	struct timespec now;
	if (!dir)
		return;
	bool timed = clock_gettime(CLOCK_REALTIME, &now) == 0;
	for (struct dirent *d; timed && (d = readdir(dir));) {
		struct stat st;
		struct str name = str_from(d->d_name);
		time_t keep_s = str_ends(name, STR(".tmp"))        ? TEMPORARY_KEPT_S
				: str_starts(name, STR("source-")) ? SOURCE_KEPT_S
				: str_ends(name, STR(".lock"))     ? SOURCE_KEPT_S
								   : 0;
		if (keep_s && fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    now.tv_sec - st.st_mtim.tv_sec > keep_s)
			unlinkat(dirfd(dir), d->d_name, 0);
	}
	closedir(dir);
}

bool code_cache_store(const char *folder, const struct code_key *key, struct str code, struct error *e)
{
	char path[CODE_PATH_MAX], sha256[CODE_KEY_CHARS + 1];
	struct stat st;
	if (!entry_path(path, folder, "", key->hex, ".cwasm"))
		return FAIL(e, INVALID, "the path of the code cache is too long");
	if (!write_file(path, code, e))
		return false;
	hash_two(code, STR(""), sha256);
	if (stat(path, &st) != 0)
		return FAIL(e, IO, "%s: %s", path, strerror(errno));
	if (!write_code_meta(folder, key, sha256, &st, e))
		return false;
	evict(folder, key);
	sweep(folder);
	return true;
}

static bool is_ours_by_name(struct str name)
{
	return str_ends(name, STR(".cwasm")) || str_ends(name, STR(".meta")) ||
	       str_ends(name, STR(".lock")) || str_ends(name, STR(".tmp"));
}

bool code_cache_clear(const char *folder, size_t *entries, uint64_t *bytes, struct error *e)
{
	*entries = 0;
	*bytes = 0;
	DIR *dir = opendir(folder);
	if (!dir && errno == ENOENT)
		return true;
	if (!dir)
		return FAIL(e, IO, "%s: %s", folder, strerror(errno));
	bool ok = true;
	for (struct dirent *d; ok && (d = readdir(dir));) {
		struct stat st;
		if (!is_ours_by_name(str_from(d->d_name)) ||
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		ok = unlinkat(dirfd(dir), d->d_name, 0) == 0 || errno == ENOENT;
		if (!ok) {
			FAIL(e, IO, "%s/%s: %s", folder, d->d_name, strerror(errno));
		} else if (str_ends(str_from(d->d_name), STR(".cwasm"))) {
			++*entries;
			*bytes += (uint64_t)st.st_size;
		}
	}
	closedir(dir);
	return ok;
}
