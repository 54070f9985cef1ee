/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a component of a core module of the Fastly ABI, as `viceroy adapt` does: the module, its memory
 * shifted (shift.h), together with Fastly's own adapter, which has the ABI's functions on one side and
 * imports those of fastly:compute on the other, and exports fastly:compute/http-incoming.
 *
 * The adapter is read out of the published crate when Backlot is built (tools/get-adapter); a build that
 * could not get it cannot adapt, and says so.
 */
#ifndef GUEST_WASM_ADAPT_ADAPT_H
#define GUEST_WASM_ADAPT_ADAPT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/* The adapter this was built with; empty: none. */
struct str adapter_bytes(void);
/*
 * Which it is, for the code cache's key: "viceroy-lib-0.22.0". Without one it is "none", so that nothing is
 * found in the cache that could not be made anew.
 */
const char *adapter_version(void);

/*
 * Adds the component's bytes to `out`. Errors: it is no module, has no `_start` or memory of its own, imports
 * what the adapter has not (listed), or cannot be shifted.
 */
must_use bool adapt_module(struct str module, struct str adapter, struct buf *out, struct error *e);

#endif
