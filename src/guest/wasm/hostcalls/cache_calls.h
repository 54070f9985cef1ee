/* SPDX-License-Identifier: Apache-2.0 */
/* What the calls of the core cache have in common: options, handles of lookups, bodies, trace. */
#ifndef GUEST_WASM_CACHE_CALLS_H
#define GUEST_WASM_CACHE_CALLS_H

#include "guest/wasm/sandbox.h"

/* The bits of cache_lookup_options_mask, of cache_replace_options_mask, and of cache_write_options_mask. */
enum {
	CACHE_LOOKUP_RESERVED = 1 << 0,
	CACHE_LOOKUP_REQUEST_HEADERS = 1 << 1,
	CACHE_LOOKUP_SERVICE_ID = 1 << 2,
	CACHE_LOOKUP_ALWAYS_RANGE = 1 << 3,
	CACHE_LOOKUP_ALL = (1 << 4) - 1,

	CACHE_REPLACE_STRATEGY = 1 << 2,
	CACHE_REPLACE_SERVICE_ID = 1 << 3,
	CACHE_REPLACE_ALWAYS_RANGE = 1 << 4,
	CACHE_REPLACE_ALL = (1 << 5) - 1,

	CACHE_WRITE_RESERVED = 1 << 0,
	CACHE_WRITE_REQUEST_HEADERS = 1 << 1,
	CACHE_WRITE_VARY = 1 << 2,
	CACHE_WRITE_INITIAL_AGE = 1 << 3,
	CACHE_WRITE_SWR = 1 << 4,
	CACHE_WRITE_SURROGATE_KEYS = 1 << 5,
	CACHE_WRITE_LENGTH = 1 << 6,
	CACHE_WRITE_USER_METADATA = 1 << 7,
	CACHE_WRITE_SENSITIVE = 1 << 8,
	CACHE_WRITE_EDGE_MAX_AGE = 1 << 9,
	CACHE_WRITE_SERVICE_ID = 1 << 10,
	CACHE_WRITE_ALL = (1 << 11) - 1,
};

/* What a write's options say; strings are borrowed from guest memory. The bit for headers is the caller's. */
must_use enum abi_status cache_call_write_options(struct sandbox *sb, uint32_t mask,
						  const struct abi_cache_write_options *o,
						  struct cache_write *w);

/*
 * Starts an operation behind a new handle, which the guest has not been told yet. The key is copied, and so
 * are the headers of the request whose handle is given when `has_request`.
 */
must_use enum abi_status cache_call_start(struct sandbox *sb, enum handle_kind kind, enum cache_op_kind op,
					  struct str key, const struct headers *request, bool always_range,
					  uint32_t *handle);

/* The lookup behind a handle of that kind, NULL when there is none or it is not done. */
struct guest_cache *cache_call_find(struct sandbox *sb, uint32_t handle, enum handle_kind kind);

/* Gives the guest the handle of an op when it is done, or parks it. */
must_use enum abi_status cache_call_wait(struct sandbox *sb, uint32_t handle, enum handle_kind kind,
					 struct guest_ptr out);

/* LIMITEXCEEDED when the guest cannot have so many more handles. */
must_use enum abi_status cache_call_room(struct sandbox *sb, uint32_t handles);

/*
 * Stores by an op and opens the body to write, for whose handle there is room. `*found`: a reference, or
 * NULL.
 */
must_use enum abi_status cache_call_insert(struct sandbox *sb, struct cache_op *op,
					   const struct cache_write *w, const char *how,
					   struct guest_ptr body_out, struct cache_object **found);

void cache_call_trace_write(struct sandbox *sb, const char *how, const struct cache_op *op,
			    const struct cache_write *w);

/* Opens the body of what was found, or a part of it. */
must_use enum abi_status cache_call_get_body(struct sandbox *sb, uint32_t handle, enum handle_kind kind,
					     uint32_t mask, const struct abi_cache_get_body_options *o,
					     struct guest_ptr out);

/*
 * A body that is all there becomes the guest's own to read and to add to, like one it has written. False: it
 * would make its host hold too much.
 */
must_use bool cache_call_own_body(struct sandbox *sb, struct body **b);

/* A number of what was found; NONE when nothing was. */
enum cache_number {
	CACHE_NUMBER_AGE,
	CACHE_NUMBER_MAX_AGE,
	CACHE_NUMBER_SWR,
	CACHE_NUMBER_HITS,
	CACHE_NUMBER_LENGTH
};
must_use enum abi_status cache_call_number(struct sandbox *sb, uint32_t handle, enum handle_kind kind,
					   enum cache_number which, struct guest_ptr out);
must_use enum abi_status cache_call_metadata(struct sandbox *sb, uint32_t handle, enum handle_kind kind,
					     const struct guest_buf *out);

/* Lets go of what a handle stands for: its obligation goes to the next in line. */
void cache_call_fini(struct guest_cache *g);

#endif
