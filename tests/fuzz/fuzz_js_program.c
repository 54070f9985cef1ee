/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled programs that the cache keeps: the parts of what is believed lie behind each other, up to its end.
 */
#include "base/check.h"
#include "guest/js/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str json, code, bytes = { (const char *)data, size };
	if (!program_read(bytes, &json, &code))
		return 0;
	CHECK(json.len + code.len <= size);
	if (code.len)
		CHECK(code.ptr + code.len == bytes.ptr + size);
	if (json.len)
		CHECK(json.ptr >= bytes.ptr && json.ptr + json.len + code.len == bytes.ptr + size);
	return 0;
}
