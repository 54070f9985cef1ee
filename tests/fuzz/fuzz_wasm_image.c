/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a module of which the memory's image is taken: what is left has no active segments, so its
 * image is empty and it is left as it is; and image and memory fit.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "guest/wasm/wasm_file.h"
#include "guest/wasm/wasm_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TABLE_MAX = 98765 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str module = { (const char *)data, size };
	struct wasm_image image, again;
	if (wasm_format(module) != WASM_MODULE || !wasm_image_take(&image, module, TABLE_MAX))
		return 0;
	uint64_t memory = wasm_initial_memory(module);
	CHECK(image.at <= memory && image.bytes.len <= memory - image.at);
	CHECK(image.bytes.len % WASM_IMAGE_UNIT == 0 && image.at % WASM_IMAGE_UNIT == 0);
	CHECK(wasm_initial_memory(image.module) == memory);
	CHECK(wasm_image_take(&again, image.module, TABLE_MAX));
	CHECK(again.bytes.len == 0 && str_eq(again.module, image.module));
	wasm_image_fini(&again);
	wasm_image_fini(&image);
	return 0;
}
