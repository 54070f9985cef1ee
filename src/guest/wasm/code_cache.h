/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled code, kept between runs: a folder of `KEY.cwasm` files, KEY being the hash of the Wasm and of
 * everything else that the code depends on. Loading native code from a file means trusting that file, so:
 *
 *   - folder and files must belong to this user and be writable by nobody else, or the cache is not used;
 *   - behind the code, in the same file, stands the image of the guest's memory (wasm_image.h), if it was
 *     taken out, at a place from which it can be mapped;
 *   - beside each file stands `KEY.meta` with its hash and with what stat() said when that hash was last
 * checked. When stat() says the same again the file was not touched; else it is hashed anew; a file that
 * differs is not loaded;
 *   - files appear by rename(), complete or not at all; a lock file keeps two processes from compiling the
 * same guest;
 *   - the oldest files go when all together pass CODE_CACHE_BYTES_MAX; what a killed process left goes, too.
 *
 * To find the key without hashing an 11 MB guest at every start, `source-ID.meta` remembers the hash of a
 * source file and what stat() said of it, unless the file had been changed within the two seconds before (it
 * might have changed again).
 */
#ifndef GUEST_WASM_CODE_CACHE_H
#define GUEST_WASM_CODE_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "guest/wasm/memory_pool.h"

struct wasm_image;

#define CODE_CACHE_BYTES_MAX (UINT64_C(2) << 30)

enum { CODE_KEY_CHARS = 64, CODE_PATH_MAX = 4096 };

struct code_key {
	char hex[CODE_KEY_CHARS + 1];
	uint64_t initial_memory; /* of the guest, known before its code is loaded */
	bool component;          /* so is that */
};

/*
 * Where a user's compiled code is: $XDG_CACHE_HOME/backlot or ~/.cache/backlot; NULL when neither is known.
 * `lookup` gives the value of an environment variable, or NULL.
 */
const char *code_cache_folder(struct arena *a, const char *(*lookup)(const char *name));

/* The folder, made when it is not there (0700). An error: why it cannot be used. */
must_use bool code_cache_open(const char *folder, struct error *e);

/* The key of a source file that has not changed since code_cache_remember(). */
must_use bool code_cache_recall(const char *folder, const char *source_path, const char *fingerprint,
				struct code_key *out);
void code_cache_remember(const char *folder, const char *source_path, const char *fingerprint,
			 const struct code_key *key);

/* Hashes the Wasm and the fingerprint. */
void code_cache_key(struct str wasm, const char *fingerprint, struct code_key *out);

struct code_found {
	char path[CODE_PATH_MAX];
	bool own_memory;           /* compiled without the module's data, which is … */
	struct memory_image image; /* … here, in the file of the code. The finder's to close */
};
/* Trusted code; false when there is none. */
must_use bool code_cache_find(const char *folder, const struct code_key *key, struct code_found *out);
/* `image`: what was taken out of the module; NULL: nothing was. */
must_use bool code_cache_store(const char *folder, const struct code_key *key, struct str code,
			       const struct wasm_image *image, struct error *e);
/* What was found turned out to be of no use. */
void code_cache_drop(const char *folder, const struct code_key *key);

/* Waits until nobody else compiles this; -1 when the folder cannot be locked (compile then, without waiting).
 */
int code_cache_lock(const char *folder, const struct code_key *key);
void code_cache_unlock(int lock);

struct code_cache_entry {
	char key[CODE_KEY_CHARS + 1];
	uint64_t bytes;
	uint64_t used_s; /* last use, Unix time */
};
/* Calls `see` for every entry, in no order. False: the folder cannot be read. */
must_use bool code_cache_each(const char *folder, void (*see)(void *data, const struct code_cache_entry *),
			      void *data, struct error *e);
/* Removes everything of ours from the folder; counts what went. */
must_use bool code_cache_clear(const char *folder, size_t *entries, uint64_t *bytes, struct error *e);

#endif
