/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world that an adapter was made for: its custom section "component-type…" holds it as the type of a
 * component. Each of its declarations is also what a component that imports all of it begins with, byte for
 * byte but for the section around it, so they are copied, and the indexes noted that the rest refers to.
 */
#ifndef GUEST_WASM_ADAPT_WORLD_H
#define GUEST_WASM_ADAPT_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct world_import {
	struct str name; /* of an interface; borrowed from the adapter */
	uint32_t instance;
};

enum { WORLD_IMPORTS_MAX = 256 };

struct adapter_world {
	struct world_import imports[WORLD_IMPORTS_MAX];
	uint32_t imports_count;
	uint32_t types, instances; /* how many there are by then */
};

/* Adds the sections to `out`. */
must_use bool world_encode(struct str adapter, struct buf *out, struct adapter_world *world, struct error *e);

#endif
