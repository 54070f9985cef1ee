/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One store seen from several POPs: writes go to the one store behind, at once and in order, generations and
 * preconditions included; what a POP reads is that store as it was a delay ago, but for what it wrote itself,
 * which it reads back at once. So all of them agree when nothing was written for as long as the delay.
 *
 * A list that follows a write of the POP's own to the same store within the delay is as of that write.
 */
#ifndef STORE_KV_POP_H
#define STORE_KV_POP_H

#include "store/kv.h"

enum {
	KV_POP_WRITES_MAX = 10000, /* under way at once; beyond it the oldest arrives before its time */
};

struct kv_shared;

/* Takes `inner`, whose operations must be done at once (kv_memory_new). The loop outlives it. */
must_use struct kv_shared *kv_shared_new(struct kv *inner, struct loop *loop, uint64_t delay_ns);
void kv_shared_unref(struct kv_shared **ps); /* leaves NULL; NULL is fine */

/* A POP's view; holds a reference. A fork of it is alone in its world, with what is stored by then. */
must_use struct kv *kv_pop_new(struct kv_shared *shared);

#endif
