/* SPDX-License-Identifier: Apache-2.0 */
/* What implementations of kv.h share. */
#ifndef STORE_KV_PRIV_H
#define STORE_KV_PRIV_H

#include "store/kv.h"

/* Ends an operation: its results stand, whoever waits is woken. An operation ends once. */
void kv_op_finish(struct kv_op *op, enum kv_error error, struct loop *loop);

/* Adds a key to a page that has room for it (op->limit keys). Copied. */
void kv_op_add_key(struct kv_op *op, struct str key);

/*
 * The cursor that continues behind `last`. It is text, because services put it into URLs: the key in base64.
 */
struct str kv_cursor_after(struct arena *a, struct str last);
/* The key that a cursor stands behind, in the arena; false when no page gave that cursor. */
must_use bool kv_cursor_key(struct arena *a, struct str cursor, struct str *key);

#endif
