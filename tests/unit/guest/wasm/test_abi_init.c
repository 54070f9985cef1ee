/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_abi. */
#include "support/abi_check.h"

#define MODULE "fastly_abi"

TEST(only_version_1_is_known)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_status(CALL("init", 1), ABI_OK);
	assert_status(CALL("init", 0), ABI_ERROR);
	assert_status(CALL("init", 2), ABI_ERROR);
	assert_status(CALL("init", UINT64_C(0x100000001)), ABI_ERROR);
	abi_fini(&h);
}

TEST(the_oldest_name_still_works)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_status(abi_call(&h, "env", "xqd_init", 1), ABI_OK);
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered(MODULE, "");
}
