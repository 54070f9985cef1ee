/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A component from its bytes to its end: compiled, linked with component.def, instantiated for each
 * invocation, and called: `handle` of fastly:compute/http-incoming for a request, or `run` of wasi:cli/run
 * where there is only that.
 */
#ifndef GUEST_WASM_COMPONENT_RUN_H
#define GUEST_WASM_COMPONENT_RUN_H

#include <stdbool.h>

#include <wasmtime.h>
#include <wasmtime/component.h>

#include "base/error.h"
#include "base/str.h"

struct engine;
struct sandbox;

/* Bounds of one invocation. Each memory may be as large as a core guest's only one. */
enum { COMPONENT_INSTANCES_MAX = 24, COMPONENT_MEMORIES_MAX = 2, COMPONENT_TABLES_MAX = 8 };

struct component {
	wasmtime_component_t *code;
	wasmtime_component_linker_t *linker;
	wasmtime_component_export_index_t *start;
	uint64_t initial_memory; /* bytes; of the largest of its memories */
	bool handles_requests;   /* `start` is `handle`, else it is `run` */
};

/*
 * Links `c->code`. Errors: what it imports and nobody defines (unless that is to trap when it is called), or
 * that it exports nothing to start.
 */
must_use bool component_link(struct component *c, const struct engine *engine, bool trap_unknown,
			     const char *path, struct error *e);
void component_free(struct component **pc);

/* Is an export of that name what a component is started by? */
bool component_starts_by(struct str interface);

/* The instance of one invocation; then its call. Both are futures to poll; an error is in `sb->error`. */
wasmtime_call_future_t *component_instantiate(struct sandbox *sb);
wasmtime_call_future_t *component_call(struct sandbox *sb);
/* After the call: has it answered with an error? */
bool component_failed(struct sandbox *sb);

#endif
