/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be told of a Wasm binary by reading its sections: imports, exports, memory, who made it. Nothing
 * is compiled or validated; a file that ends early, counts wrongly or names what is not there is an error,
 * never a crash.
 */
#ifndef CLI_WASM_OUTLINE_H
#define CLI_WASM_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "guest/wasm/wasm_file.h"

enum { OUTLINE_ITEMS_MAX = 1000000, WASM_PAGE_BYTES = 64 * 1024 }; /* of a kind; engines accept no more */

enum wasm_kind {
	WASM_KIND_FUNC,
	WASM_KIND_TABLE,
	WASM_KIND_MEMORY,
	WASM_KIND_GLOBAL,
	WASM_KIND_TAG,
	WASM_KINDS
};

struct wasm_import {
	struct str module, name;
	enum wasm_kind kind;
	const char *signature; /* of a function: see wasm_outline.types; NULL when it was not understood */
};

struct wasm_export {
	struct str name;
	enum wasm_kind kind;
};

/* A line of the producers section: ("language", "Rust", ""), ("processed-by", "rustc", "1.90.0"). */
struct wasm_producer {
	struct str field, name, version;
};

struct wasm_outline {
	enum wasm_format format;                             /* WASM_MODULE or WASM_COMPONENT */
	uint64_t bytes, code_bytes, data_bytes, debug_bytes; /* debug: names and DWARF */
	struct wasm_import *imports;                         /* a component's have no module and no kind */
	struct wasm_export *exports;
	struct wasm_producer *producers;
	size_t import_count, export_count, producer_count;
	uint64_t functions; /* of its own */
	const char *
		*types; /* "iI>i": parameters > results, of i32 (i), i64 (I), f32 (f), f64 (F), others (?) */
	size_t type_count;
	bool has_memory, memory_has_max;
	uint64_t memory_bytes, memory_bytes_max;
	bool start_section;
	bool assemblyscript;   /* its functions' names are AssemblyScript's */
	uint64_t core_modules; /* in a component */
};

/* Everything in `out` is borrowed from the bytes, or lives in the arena. Errors say what is damaged, and
 * where. */
must_use bool wasm_outline_read(struct wasm_outline *out, struct str bytes, struct arena *a, struct error *e);

/* "func", "table" … */
const char *wasm_kind_name(enum wasm_kind kind);

#endif
