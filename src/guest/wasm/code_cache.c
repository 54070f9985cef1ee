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
#include "guest/wasm/wasm_image.h"

enum { SETTLED_S = 2, META_BYTES = 1024, TEMPORARY_KEPT_S = 3600, SOURCE_KEPT_S = 30 * 24 * 3600 };

/* ---- hashing ---- */

static void to_hex(const unsigned char digest[32], char *out)
{
	for (int i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void hash(const struct str *pieces, size_t count, char *hex)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	for (size_t i = 0; i < count; i++)
		EVP_DigestUpdate(ctx, pieces[i].ptr, pieces[i].len);
	EVP_DigestFinal_ex(ctx, digest, NULL);
	EVP_MD_CTX_free(ctx);
	to_hex(digest, hex);
}

void code_cache_key(struct str wasm, const char *fingerprint, struct code_key *out)
{
	hash((struct str[]){ wasm, str_from(fingerprint) }, 2, out->hex);
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
static bool write_pieces(const char *path, const struct str *pieces, size_t count, struct error *e)
{
	char temporary[CODE_PATH_MAX];
	int n = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
	if (n <= 0 || n >= (int)sizeof temporary)
		return FAIL(e, INVALID, "%s: the path is too long", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL(e, IO, "%s: %s", temporary, strerror(errno));
	bool written = true;
	for (size_t i = 0; i < count && written; i++)
		written = write_all(fd, pieces[i]);
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

static bool write_file(const char *path, struct str bytes, struct error *e)
{
	return write_pieces(path, &bytes, 1, e);
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

enum { SOURCE_STATE_BYTES = 384, SOURCE_ID_CHARS = 16 };

/* What the memory of a source must be of: the file as it is, and the engine. */
static void print_source(const struct stat *st, const char *fingerprint, char *out)
{
	char state[256];
	print_stat(st, state, sizeof state);
	snprintf(out, SOURCE_STATE_BYTES, "%s %s", state, fingerprint);
}

/*
 * The file is named by a plain hash (FNV-1a): all that was hashed stands in it too and is compared, so
 * nothing depends on it, and starting OpenSSL would take longer than all the rest.
 */
static bool source_meta_path(const char *folder, const char *source, char *out)
{
	char id[SOURCE_ID_CHARS + 1];
	uint64_t fnv = UINT64_C(0xcbf29ce484222325);
	for (const char *c = source; *c; c++)
		fnv = (fnv ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	snprintf(id, sizeof id, "%016" PRIx64, fnv);
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
	char path[CODE_PATH_MAX], text[META_BYTES], state[SOURCE_STATE_BYTES], was[SOURCE_STATE_BYTES];
	if (stat(source, &st) != 0)
		return false;
	int component;
	print_source(&st, fingerprint, state);
	if (!source_meta_path(folder, state, path) || !read_small(path, text))
		return false;
	bool read = sscanf(text, "backlot-source 3\n%64[0-9a-f]\n%" SCNu64 "\n%d\n%383[^\n]\n", out->hex,
			   &out->initial_memory, &component, was) == 4;
	out->component = read && component;
	return read && strlen(out->hex) == CODE_KEY_CHARS && strcmp(was, state) == 0;
}

void code_cache_remember(const char *folder, const char *source, const char *fingerprint,
			 const struct code_key *key)
{
	struct stat st;
	char path[CODE_PATH_MAX], text[META_BYTES + CODE_KEY_CHARS], state[SOURCE_STATE_BYTES];
	struct error ignored;
	if (stat(source, &st) != 0 || !settled(&st))
		return;
	print_source(&st, fingerprint, state);
	if (!source_meta_path(folder, state, path))
		return;
	snprintf(text, sizeof text, "backlot-source 3\n%s\n%" PRIu64 "\n%d\n%s\n", key->hex,
		 key->initial_memory, key->component, state);
	(void)!write_file(path, str_from(text),
			  &ignored); /* without it the next start hashes, nothing else */
}

/* ---- code ---- */

static bool hash_file(int fd, const struct stat *st, char *hex)
{
	void *map = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	hash(&(struct str){ map, (size_t)st->st_size }, 1, hex);
	munmap(map, (size_t)st->st_size);
	return true;
}

/* What stands in a code file's .meta beside the file's state. */
struct code_meta {
	char sha256[CODE_KEY_CHARS + 1];
	bool own_memory;
	uint64_t image_file_at, image_len, image_at;
};

static bool write_code_meta(const char *folder, const struct code_key *key, const struct code_meta *meta,
			    const struct stat *st, struct error *e)
{
	char path[CODE_PATH_MAX], text[META_BYTES], state[256];
	print_stat(st, state, sizeof state);
	snprintf(text, sizeof text, "backlot-code 2\n%s\n%s\n%d %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		 meta->sha256, state, meta->own_memory, meta->image_file_at, meta->image_len, meta->image_at);
	return entry_path(path, folder, "", key->hex, ".meta") && write_file(path, str_from(text), e);
}

static bool sensible(const struct code_meta *m, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;
	return m->image_file_at <= size && m->image_len <= size - m->image_file_at &&
	       m->image_file_at % WASM_IMAGE_UNIT == 0 && m->image_len % WASM_IMAGE_UNIT == 0 &&
	       m->image_at % WASM_IMAGE_UNIT == 0;
}

static bool trusted(const char *folder, const struct code_key *key, int fd, const struct stat *st,
		    struct code_meta *meta)
{
	char path[CODE_PATH_MAX], text[META_BYTES], state[256];
	char was_state[256], sha256[CODE_KEY_CHARS + 1];
	struct error ignored;
	int own_memory;
	if (!entry_path(path, folder, "", key->hex, ".meta") || !read_small(path, text))
		return false;
	if (sscanf(text,
		   "backlot-code 2\n%64[0-9a-f]\n%255[0-9:.-]\n%d %" SCNu64 " %" SCNu64 " %" SCNu64 "\n",
		   meta->sha256, was_state, &own_memory, &meta->image_file_at, &meta->image_len,
		   &meta->image_at) != 6 ||
	    !sensible(meta, st))
		return false;
	meta->own_memory = own_memory;
	utimensat(AT_FDCWD, path, NULL, 0); /* used now: the oldest go first */
	print_stat(st, state, sizeof state);
	if (strcmp(state, was_state) == 0)
		return true;
	if (st->st_size == 0 || !hash_file(fd, st, sha256) || strcmp(sha256, meta->sha256) != 0)
		return false;
	(void)!write_code_meta(folder, key, meta, st, &ignored);
	return true;
}

bool code_cache_find(const char *folder, const struct code_key *key, struct code_found *out)
{
	struct stat st;
	struct code_meta meta;
	if (!entry_path(out->path, folder, "", key->hex, ".cwasm"))
		return false;
	int fd = open_ours(out->path, &st);
	if (fd < 0)
		return false;
	bool ok = trusted(folder, key, fd, &st, &meta);
	if (!ok || meta.image_len == 0) {
		close(fd);
		fd = -1;
	}
	if (!ok)
		return false;
	out->own_memory = meta.own_memory;
	out->image = (struct memory_image){
		.fd = fd, .file_at = meta.image_file_at, .len = meta.image_len, .at = meta.image_at
	};
	return true;
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

bool code_cache_store(const char *folder, const struct code_key *key, struct str code,
		      const struct wasm_image *image, struct error *e)
{
	static const char zeros[WASM_IMAGE_UNIT];
	char path[CODE_PATH_MAX];
	struct stat st;
	struct str padding = { zeros, (WASM_IMAGE_UNIT - code.len % WASM_IMAGE_UNIT) % WASM_IMAGE_UNIT };
	struct str pieces[] = { code, padding, image ? image->bytes : STR("") };
	size_t count = image && image->bytes.len ? 3 : 1;
	struct code_meta meta = { .own_memory = image != NULL };
	if (count > 1) {
		meta.image_file_at = code.len + padding.len;
		meta.image_len = image->bytes.len;
		meta.image_at = image->at;
	}
	if (!entry_path(path, folder, "", key->hex, ".cwasm"))
		return FAIL(e, INVALID, "the path of the code cache is too long");
	if (!write_pieces(path, pieces, count, e))
		return false;
	hash(pieces, count, meta.sha256);
	if (stat(path, &st) != 0)
		return FAIL(e, IO, "%s: %s", path, strerror(errno));
	if (!write_code_meta(folder, key, &meta, &st, e))
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

/* ---- where it is ---- */

const char *code_cache_folder(struct arena *a, const char *(*lookup)(const char *name))
{
	const char *folder = lookup("XDG_CACHE_HOME"), *home = lookup("HOME");
	/* The XDG specification: what is not absolute is to be ignored. */
	if (folder && folder[0] == '/')
		return arena_printf(a, "%s/backlot", folder).ptr;
	return home && home[0] == '/' ? arena_printf(a, "%s/.cache/backlot", home).ptr : NULL;
}
