/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_abi. */
#include "guest/wasm/sandbox.h"

enum { ABI_VERSION = 1 };

enum abi_status hostcall_abi_init(struct sandbox *sb, struct abi_init_args *a)
{
	(void)sb;
	return a->abi_version == ABI_VERSION ? ABI_OK : ABI_ERROR;
}
