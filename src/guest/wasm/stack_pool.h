/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks that guests run on, for wasmtime_config_host_stack_creator_set(): kept for the next guest, the
 * one that was used last first, so that its pages are there already. What a guest left on a stack is not
 * cleared: compiled Wasm reads no slot that it has not written, and Wasmtime's own pool does not clear it
 * either.
 *
 * May be called from any thread.
 */
#ifndef GUEST_WASM_STACK_POOL_H
#define GUEST_WASM_STACK_POOL_H

#include <wasmtime.h>

#include "base/attr.h"

struct stack_pool;

must_use struct stack_pool *stack_pool_new(void);
/* All stacks must be free. Leaves NULL; NULL is fine. */
void stack_pool_destroy(struct stack_pool **pp);

/* For the engine's configuration; the pool must outlive the engine. */
wasmtime_stack_creator_t stack_pool_creator(struct stack_pool *pool);

#endif
