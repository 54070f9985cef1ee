/* SPDX-License-Identifier: Apache-2.0 */
/* Cassettes: what is read is written, and what was written can be read again and is then written alike. */
#include "base/check.h"
#include "runner/har.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cassette c = { 0 }, again = { 0 };
	struct error e = { 0 };
	scoped(buf_fini) struct buf text = BUF_INIT(HAR_BYTES_MAX);
	scoped(buf_fini) struct buf second = BUF_INIT(HAR_BYTES_MAX);
	if (har_read(&c, (struct str){ (const char *)data, size }, &e)) {
		har_write(&c, &text);
		CHECK(har_read(&again, buf_str(&text), &e));
		CHECK(again.count == c.count);
		har_write(&again, &second);
		CHECK(str_eq(buf_str(&text), buf_str(&second)));
	} else {
		CHECK(e.text[0] >= '0' && e.text[0] <= '9');
		CHECK(c.count == 0);
	}
	cassette_fini(&c);
	cassette_fini(&again);
	return 0;
}
