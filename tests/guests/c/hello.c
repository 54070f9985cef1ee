/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest service that says something, without an SDK: five host calls. */
#include "fastly.h"

int main(void)
{
	static const char hello[] = "Hello from C!";
	uint32_t resp, body;
	size_t written;

	abi_init(1);
	resp_new(&resp);
	body_new(&body);
	body_write(body, hello, sizeof(hello) - 1, WRITE_BACK, &written);
	return resp_send(resp, body, 0);
}
