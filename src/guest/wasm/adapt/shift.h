/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes room for an adapter in a guest's memory: two pages in front of everything, of which the guest knows
 * nothing. Its loads and stores, its data and what it is told of its memory's size are moved by so much;
 * addresses that it hands to the host stay as they are, because Fastly's adapter, which is what they are
 * handed to, adds the offset itself.
 */
#ifndef GUEST_WASM_ADAPT_SHIFT_H
#define GUEST_WASM_ADAPT_SHIFT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum { SHIFT_PAGES = 2, SHIFT_BYTES = SHIFT_PAGES << 16, SHIFT_IMPORTS_MAX = 4096 };

/* Stands behind the name of an import that is there for the second time, with a number behind it. */
#define SHIFT_COPY_MARK '$'

/*
 * Errors: the module is damaged, or uses what cannot be moved (several memories, 64-bit ones, garbage
 * collection).
 */
must_use bool shift_module(struct str module, struct buf *out, struct error *e);

#endif
