/* SPDX-License-Identifier: Apache-2.0 */
/* A service that is a compiled Wasm guest of the Fastly ABI (modules fastly_*, env.xqd_*, and WASI preview
 * 1). */
#ifndef GUEST_WASM_WASM_SERVICE_H
#define GUEST_WASM_WASM_SERVICE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "guest/guest.h"
#include "guest/wasm/profile.h"
#include "guest/wasm/memory_pool.h"

struct component;
struct engine;

enum wasm_notice {
	WASM_COMPILING, /* `text`: the file; this takes seconds for a large guest */
	WASM_COMPILED,
	WASM_WARNING, /* `text`: what does not work, and why that is no error */
};
typedef void wasm_notice_fn(void *data, enum wasm_notice kind, const char *text);

/* Where the guests' memories come from. Others than the first are for tests and measurements. */
enum wasm_memory {
	WASM_MEMORY_BEST,   /* a memory_pool, where the module allows for it */
	WASM_MEMORY_RESCAN, /* the same; see memory_pool.h for these two */
	WASM_MEMORY_REMAP,
	WASM_MEMORY_ENGINE, /* Wasmtime's own pool, whatever the module */
};

struct wasm_options {
	uint32_t instances_max;    /* guests alive at the same time; 0: a default */
	uint64_t memory_bytes_max; /* 0: 128 MiB */
	bool yield; /* let others run every few ms of guest CPU (a server does, a test does not) */
	bool trap_unknown_imports; /* instead of refusing the guest */
	bool wasm_exceptions, wasm_gc;
	bool lines;      /* backtraces name lines of source; makes traps of guests that have them slow */
	bool debug_info; /* compiled code carries it, for native debuggers */
	struct profile_options profile; /* its path is borrowed */
	enum wasm_memory memory;
	bool adapt;               /* make a component of a core module first */
	const char *const *args;  /* argv after the program's name; NULL-ended; NULL: none */
	struct str program;       /* argv[0]; empty: "compute-app" */
	const char *cache_folder; /* compiled code; NULL: is not kept */
	wasm_notice_fn *notice;   /* may be NULL */
	void *notice_data;
};

struct wasm_service {
	struct service super;
	struct engine *engine;
	struct wasm_options options;
	struct arena arena;        /* strings of the options */
	struct memory_image image; /* of the guest's memory; the engine's pool maps it */
	struct wasmtime_linker *linker;
	struct wasmtime_module *module;
	struct wasmtime_instance_pre *pre;
	struct component *component; /* instead of the three above, when the guest is one */
	struct sandbox *free_sandboxes;
	struct wasm_invocation *free_invocations;
	struct list promises;         /* struct next_request: may be offered a request, the newest last */
	struct list between_requests; /* struct sandbox, the oldest first */
	uint64_t package_bytes;       /* of the guest's file */
	uint32_t alive;               /* instances */
	bool profile_lost;            /* one could not be written */
	uint64_t started;             /* instances so far */
};

/*
 * Loads a guest from a file, Wasm binary or text (.wat). Compiles it unless the cache folder has its code.
 * Errors name the file and say what is wrong with it: not Wasm, unknown imports (listed), no `_start`, too
 * much memory …
 */
must_use bool wasm_service_open(struct wasm_service **out, const char *path,
				const struct wasm_options *options, struct error *e);

/* The same from bytes; `name` is for messages. Nothing is cached. */
must_use bool wasm_service_from_bytes(struct wasm_service **out, const char *name, struct str wasm,
				      const struct wasm_options *options, struct error *e);

/* Tells whoever listens what does not work; for the sandboxes. */
printf_like(2, 3) void wasm_service_warn(struct wasm_service *s, const char *format, ...);

#endif
