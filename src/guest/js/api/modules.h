/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modules of C functions behind the web's interfaces, a file an area; prelude/host.d.ts has their types.
 */
#ifndef GUEST_JS_API_MODULES_H
#define GUEST_JS_API_MODULES_H

#include "guest/js/realm.h"

extern const struct js_module js_ciphers_module, js_compression_module, js_hash_module, js_keys_module,
	js_signing_module;

#endif
