/* SPDX-License-Identifier: Apache-2.0 */
/* Remembered durations: what is read is printed as it was read, in order, and reads the same again. */
#include "base/check.h"
#include "runner/timings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e;
	struct timings *t = timings_new("/r"), *other = timings_new("/r");
	scoped(buf_fini) struct buf once = BUF_INIT(TIMINGS_BYTES_MAX), twice = BUF_INIT(TIMINGS_BYTES_MAX);
	if (timings_parse(t, (struct str){ (const char *)data, size }, &e)) {
		timings_print(t, &once);
		CHECK(timings_parse(other, buf_str(&once), &e));
		timings_print(other, &twice);
		CHECK(str_eq(buf_str(&once), buf_str(&twice)));
	}
	timings_destroy(&t);
	timings_destroy(&other);
	return 0;
}
