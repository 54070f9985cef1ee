/* SPDX-License-Identifier: Apache-2.0 */
/* What `backlot inspect` finds out about a guest, before it is printed as text or JSON. */
#ifndef CLI_INSPECTION_H
#define CLI_INSPECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "cli/wasm_outline.h"
#include "guest/wasm/hostcalls/hostcall.h"

/* From good to bad. */
#define IMPORT_STATES(X)                                           \
	X(DONE, "done", "is there")                                \
	X(STUB, "stub", "answers \"unsupported\"")                 \
	X(MISTYPED, "mistyped", "has another type than the ABI's") \
	X(UNKNOWN, "unknown", "is defined by no host")

enum import_state {
#define X(id, name, meaning) IMPORT_##id,
	IMPORT_STATES(X)
#undef X
		IMPORT_STATE_COUNT
};

struct inspected_import {
	struct str module, name;
	enum wasm_kind kind;
	enum import_state state;
	const struct hostcall *call; /* NULL when unknown */
};

struct sdk_guess {
	const char *id;   /* "rust", "js", "go", "as", "c" or "unknown" */
	const char *name; /* for people */
	struct str version, evidence;
};

struct inspection {
	const char *path;
	bool was_text;
	struct wasm_outline outline;
	struct inspected_import *imports; /* ordered by module and name, each once */
	size_t import_count, module_count;
	size_t states[IMPORT_STATE_COUNT];
	struct sdk_guess sdk;
	bool has_start, fastly, xqd, wasi;
	const char **problems; /* what is not supported, in sentences */
	size_t problem_count;
};

/* Strings are borrowed from the bytes of the file, or live in the arena. `wasm` is a binary. */
must_use bool inspect(struct inspection *out, const char *path, struct str wasm, struct arena *a,
		      struct error *e);

const char *import_state_name(enum import_state state);

void inspection_print(const struct inspection *i, bool color, FILE *to);
void inspection_print_json(const struct inspection *i, FILE *to);

/* docs/reference/abi.md. */
void abi_page_print(FILE *to);

#endif
