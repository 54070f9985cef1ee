/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a ClientHello: they are read or refused, and what was read has both fingerprints. */
#include <stdint.h>

#include "base/check.h"
#include "net/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client_hello h;
	uint8_t ja3[JA3_BYTES];
	char ja4[JA4_BYTES];
	if (!client_hello_parse(&h, (struct str){ (const char *)data, size }))
		return 0;
	client_hello_ja3(&h, ja3);
	client_hello_ja4(&h, ja4);
	CHECK(ja4[0] == 't' && ja4[10] == '_' && ja4[23] == '_');
	for (size_t i = 0; i < JA4_BYTES; i++)
		CHECK((ja4[i] >= '0' && ja4[i] <= '9') || (ja4[i] >= 'a' && ja4[i] <= 'z') || ja4[i] == '_' ||
		      i == 8 || i == 9);
	return 0;
}
