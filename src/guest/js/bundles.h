/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backlot's own JavaScript, as the build bundled it (src/meson.build names the bundles): for realm_load().
 * The types of what tests import are with them, as they are: "backlot-test.d.ts", "backlot-vitest.d.ts".
 */
#ifndef GUEST_JS_BUNDLES_H
#define GUEST_JS_BUNDLES_H

#include <stdbool.h>

#include "base/str.h"

/* False: there is no bundle of that name. */
bool js_bundle(struct str name, struct str *out);

#endif
