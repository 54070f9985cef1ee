/* SPDX-License-Identifier: Apache-2.0 */
/* Backlot's own JavaScript, as the build bundled it (prelude/, tools/bundle-js): for realm_load(). */
#ifndef GUEST_JS_BUNDLES_H
#define GUEST_JS_BUNDLES_H

#include "base/str.h"

struct str js_bundle_web(void); /* the web platform: every realm loads it */

#endif
