/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and sizes: what is read is printed, and what is printed can be read again. */
#include "base/check.h"
#include "base/quantity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printed(void (*print)(uint64_t, struct buf *), uint64_t number)
{
	struct buf b = BUF_INIT(256);
	print(number, &b);
	CHECK(b.len > 0 && !b.full);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct error e;
	uint64_t number;
	if (duration_parse(text, &number, &e))
		check_printed(duration_print, number);
	if (size_parse(text, &number, &e))
		check_printed(size_print, number);
	return 0;
}
