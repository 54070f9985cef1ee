/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backlot's own JavaScript, as the build bundled it (src/meson.build names the bundles), for
 * realm_load_bundle(), and the types of what tests import.
 */
#ifndef GUEST_JS_BUNDLES_H
#define GUEST_JS_BUNDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* In UTF-16 units, for as long as the program runs. */
struct js_bundle {
	const uint16_t *text;
	size_t length;
};

/* False: there is no bundle of that name. */
bool js_bundle(struct str name, struct js_bundle *out);

/* "backlot-test.d.ts", "backlot-vitest.d.ts". False: there are no types of that name. */
bool js_types(struct str name, struct str *out);

#endif
