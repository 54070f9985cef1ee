/* SPDX-License-Identifier: Apache-2.0 */
/* What the calls of the HTTP cache have in common: the lookup behind a handle. */
#ifndef GUEST_WASM_HTTP_CACHE_CALLS_H
#define GUEST_WASM_HTTP_CACHE_CALLS_H

#include "guest/wasm/sandbox.h"
#include "world/http_cache.h"

struct guest_http_cache {
	struct http_lookup lookup;
	struct trace_event *event; /* until its end was noted in it, … */
	uint64_t invocation;       /* … of the invocation with this number, which may be gone by then */
};

/*
 * The lookup behind a handle, once it is done. Else a status to return: WAIT while it is not, BADF without
 * one, ERROR when it failed.
 */
must_use enum abi_status http_cache_call_find(struct sandbox *sb, uint32_t handle, struct http_lookup **out);

/* The same for one that is obliged; BADF when it is not. */
must_use enum abi_status http_cache_call_find_obliged(struct sandbox *sb, uint32_t handle,
						      struct http_lookup **out);

/* Lets go of what a handle stands for: its obligation goes to the next in line. */
void http_cache_call_fini(struct guest_http_cache *g);

/* How a guest wants a response stored; strings are borrowed from guest memory or live in the arena. */
must_use enum abi_status http_cache_call_options(struct sandbox *sb, uint32_t mask,
						 const struct abi_http_cache_write_options *o,
						 struct cache_write *w);

/* The bits of http_cache_write_options_mask. */
enum {
	HTTP_CACHE_WRITE_RESERVED = 1 << 0,
	HTTP_CACHE_WRITE_VARY = 1 << 1,
	HTTP_CACHE_WRITE_INITIAL_AGE = 1 << 2,
	HTTP_CACHE_WRITE_SWR = 1 << 3,
	HTTP_CACHE_WRITE_SURROGATE_KEYS = 1 << 4,
	HTTP_CACHE_WRITE_LENGTH = 1 << 5,
	HTTP_CACHE_WRITE_SENSITIVE = 1 << 6,
	HTTP_CACHE_WRITE_SIE = 1 << 7,
	HTTP_CACHE_WRITE_ALL = (1 << 8) - 1,
};

#endif
