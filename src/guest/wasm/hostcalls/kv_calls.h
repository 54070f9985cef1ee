/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key-value operations as a guest sees them: started by one call, waited for by another. fastly_kv_store and
 * the older fastly_object_store are two doors to this.
 */
#ifndef GUEST_WASM_KV_CALLS_H
#define GUEST_WASM_KV_CALLS_H

#include "guest/wasm/sandbox.h"

/* Opens a store by name; INVAL when there is none. */
must_use enum abi_status kv_call_open(struct sandbox *sb, struct str name, struct guest_ptr out);

/*
 * A new operation on a store, with a handle that the guest has not been told yet. The key is copied; one that
 * may not be used answers `bad_key`. Not for KV_LIST: its key is empty.
 */
must_use enum abi_status kv_call_new(struct sandbox *sb, uint32_t store, enum kv_kind kind, struct str key,
				     enum abi_status bad_key, struct guest_kv_op **out);

/* Ends it before it is started: the store is not asked. */
void kv_call_settle(struct guest_kv_op *op, enum kv_error error);

/* Starts it in the world's store; its arguments are set. */
void kv_call_start(struct sandbox *sb, struct guest_kv_op *op);

/*
 * Reads the body that is to be inserted to its end and starts the operation then. The first call takes the
 * body, later ones (after ABI_WAIT) ignore the handle. Anything but OK and WAIT: the operation is gone, and
 * so is the body.
 */
must_use enum abi_status kv_call_insert(struct sandbox *sb, struct guest_kv_op *op, uint32_t body);

/* OK and the operation when it is done; BADF when the handle is no operation of that kind. */
must_use enum abi_status kv_call_wait(struct sandbox *sb, uint32_t handle, enum kv_kind kind,
				      struct guest_kv_op **out);

/* A new body with the value that a lookup found. */
must_use enum abi_status kv_call_open_value(struct sandbox *sb, const struct guest_kv_op *op,
					    struct guest_ptr out);

/* Closes the handle of an operation and frees what it holds. */
void kv_call_drop(struct sandbox *sb, struct guest_kv_op *op);

/* Only frees what it holds. */
void kv_call_fini(struct guest_kv_op *op);

#endif
