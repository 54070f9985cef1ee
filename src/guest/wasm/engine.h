/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wasmtime, set up once a process: memories and stacks that are used again, fibers for host calls that wait,
 * and an epoch that ticks so that no guest runs for ever.
 */
#ifndef GUEST_WASM_ENGINE_H
#define GUEST_WASM_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include <wasmtime.h>

#include "base/error.h"
#include "guest/wasm/memory_pool.h"
#include "guest/wasm/profile.h"
#include "loop/crew.h"

enum { ENGINE_TICK_MS = 5 };

struct engine_options {
	uint32_t instances_max;    /* guests alive at the same time */
	uint64_t memory_bytes_max; /* linear memory of one */
	uint64_t table_elements_max;
	bool wasm_exceptions, wasm_gc;
	bool debug_info; /* native debuggers are told of the guest's */
	bool lines;      /* backtraces name lines of source, where the guest says; a trap takes longer then */
	enum profile_strategy profile;
	uint64_t tick_ns; /* 0: ENGINE_TICK_MS */
	bool component;   /* guests are components: several core instances, memories and tables each */
	/*
	 * The memories come from a memory_pool, which fits one module alone. NULL: from Wasmtime's own pool,
	 * which fits all modules. Borrowed for engine_new(), but for the image's file.
	 */
	const struct memory_pool_options *memory;
};

struct engine {
	wasm_engine_t *wasm;
	struct engine_options options;
	struct ticker *ticker;
	struct memory_pool *memories; /* NULL: Wasmtime's own */
	struct stack_pool *stacks;
};

must_use struct engine *engine_new(const struct engine_options *options, struct error *e);
void engine_destroy(struct engine **pe); /* leaves NULL; NULL is fine */

/*
 * Starts the thread that advances the epoch; the first guest to run calls it. After fork() only in the child.
 * The crew that guests run on, or NULL, gets its ticks from the same thread; it must outlive the engine.
 */
void engine_start_ticking(struct engine *e, struct crew *crew);

/*
 * What compiled code depends on besides the Wasm: engine version and settings, and whether modules are to be
 * compiled without their data where that can be done. Part of the code cache's key.
 */
void engine_fingerprint(const struct engine_options *o, bool own_memory, char *out, size_t cap);

/*
 * Wasmtime's words as ours, in place: without a hint at an environment variable that this program does not
 * heed, and without blank lines at the end. The new length.
 */
size_t engine_clean(char *text, size_t len);

/* Moves a Wasmtime error's words into ours and frees it. Yields false. */
bool engine_error(struct error *e, wasmtime_error_t *taken, const char *doing);

#endif
