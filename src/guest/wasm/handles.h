/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest holds by number. One table for all kinds, because the ABI lets kinds mix (async items). A
 * number carries the generation of its slot, so a handle that was closed is never taken for a newer one, and
 * never guessed by adding one.
 */
#ifndef GUEST_WASM_HANDLES_H
#define GUEST_WASM_HANDLES_H

#include <stdbool.h>
#include <stdint.h>

enum handle_kind {
	HANDLE_FREE,
	HANDLE_REQUEST,
	HANDLE_RESPONSE,
	HANDLE_BODY,
	HANDLE_PENDING, /* a request under way */
	HANDLE_ENDPOINT,
	HANDLE_CONFIG, /* config store or dictionary */
	HANDLE_SECRETS,
	HANDLE_SECRET,
	HANDLE_KV,
	HANDLE_KV_OP,
	HANDLE_ACL,
	HANDLE_PROMISE, /* of the next request */
	HANDLE_CACHE,   /* a lookup, busy or done */
	HANDLE_CACHE_REPLACE,
	HANDLE_HTTP_CACHE,
};

struct handle_slot {
	void *object;
	uint32_t next_free; /* index + 1 */
	uint16_t generation;
	uint8_t kind;
};

struct handles {
	struct handle_slot *slots;
	uint32_t count, cap, first_free /* index + 1 */, open;
};

enum { HANDLES_MAX = 1 << 20 };

void handles_init(struct handles *hs);
void handles_fini(struct handles *hs);  /* frees the table; the objects are the owner's to release first */
void handles_reset(struct handles *hs); /* closes all, keeps the memory */

#define HANDLES_FULL UINT32_MAX

/* A new handle; HANDLES_FULL when HANDLES_MAX are open. */
uint32_t handles_open(struct handles *hs, enum handle_kind kind, void *object);
/* The object when `handle` is open and of that kind, else NULL. */
void *handles_get(const struct handles *hs, uint32_t handle, enum handle_kind kind);
/* HANDLE_FREE when it is not open. */
enum handle_kind handles_kind(const struct handles *hs, uint32_t handle);
/* The same as get, and closes it. */
void *handles_take(struct handles *hs, uint32_t handle, enum handle_kind kind);

#endif
