/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wasmtime, set up once a process: pooled instances, copy-on-write memory, fibers for host calls that wait,
 * and an epoch that ticks so that no guest runs for ever.
 */
#ifndef GUEST_WASM_ENGINE_H
#define GUEST_WASM_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include <wasmtime.h>

#include "base/error.h"

enum { ENGINE_TICK_MS = 5 };

struct engine_options {
	uint32_t instances_max;    /* guests alive at the same time */
	uint64_t memory_bytes_max; /* linear memory of one */
	uint64_t table_elements_max;
	bool wasm_exceptions, wasm_gc;
};

struct engine {
	wasm_engine_t *wasm;
	struct engine_options options;
	struct ticker *ticker;
};

must_use struct engine *engine_new(const struct engine_options *options, struct error *e);
void engine_destroy(struct engine **pe); /* leaves NULL; NULL is fine */

/* Starts the thread that advances the epoch; the first guest to run calls it. After fork() only in the child.
 */
void engine_start_ticking(struct engine *e);

/* What compiled code depends on besides the Wasm: engine version and settings. Part of the code cache's key.
 */
void engine_fingerprint(const struct engine_options *o, char *out, size_t cap);

/* Moves a Wasmtime error's words into ours and frees it. Yields false. */
bool engine_error(struct error *e, wasmtime_error_t *taken, const char *doing);

#endif
