/* SPDX-License-Identifier: Apache-2.0 */
/* A module that is to be adapted: anything. The adapter is the one that Backlot was built with. */
#include "guest/wasm/adapt/adapt.h"
#include "guest/wasm/adapt/shift.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str module = { (const char *)data, size };
	struct error e;
	struct buf out;
	buf_init(&out, SIZE_MAX);
	(void)!shift_module(module, &out, &e);
	buf_reset(&out);
	(void)!adapt_module(module, adapter_bytes(), &out, &e);
	buf_reset(&out);
	/* And as the adapter, of which the world's types are read. */
	(void)!adapt_module((struct str){ "\0asm\1\0\0\0", 8 }, module, &out, &e);
	buf_fini(&out);
	return 0;
}
