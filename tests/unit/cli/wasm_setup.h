/* SPDX-License-Identifier: Apache-2.0 */
/* Wasm binaries for tests, written as text. */
#ifndef WASM_SETUP_H
#define WASM_SETUP_H

#include <stdlib.h>
#include <string.h>

#include "guest/wasm/engine.h"
#include "support/test.h"

/* A block of exactly the binary's size, so that a sanitizer sees a read behind it. */
static inline struct str wasm_from(const char *text)
{
	wasm_byte_vec_t wasm;
	wasmtime_error_t *failed = wasmtime_wat2wasm(text, strlen(text), &wasm);
	if (failed) {
		struct error e;
		engine_error(&e, failed, "this test's module");
		fail_msg("%s", e.text);
	}
	char *copy = malloc(wasm.size);
	memcpy(copy, wasm.data, wasm.size);
	struct str s = { copy, wasm.size };
	wasm_byte_vec_delete(&wasm);
	return s;
}

static inline void wasm_free(struct str *wasm)
{
	free((void *)wasm->ptr);
}

#endif
