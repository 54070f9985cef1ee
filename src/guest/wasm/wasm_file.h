/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's bytes: reading them, and what can be told without an engine. */
#ifndef GUEST_WASM_WASM_FILE_H
#define GUEST_WASM_WASM_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum { WASM_FILE_BYTES_MAX = 512 << 20 };

enum wasm_format { WASM_UNKNOWN, WASM_MODULE, WASM_COMPONENT, WASM_TEXT };

enum wasm_format wasm_format(struct str bytes);

/* Bytes of linear memory the module starts with; 0 when it has none or is damaged. */
uint64_t wasm_initial_memory(struct str module);

/* The same of the largest memory that one of a component's own core modules has. */
uint64_t wasm_component_memory(struct str component);

struct wasm_file {
	struct str bytes; /* mapped */
};

/* Maps a file. Errors say what is wrong with it in the system's words. */
must_use bool wasm_file_open(struct wasm_file *f, const char *path, struct error *e);
void wasm_file_close(struct wasm_file *f);

#endif
