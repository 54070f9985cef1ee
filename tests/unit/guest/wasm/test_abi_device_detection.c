/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_device_detection. */
#include "support/abi_check.h"

#define MODULE "fastly_device_detection"

TEST(the_record_of_a_device_is_copied_out)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "lookup", TEXT("Phone/1")), "{\"known\":1}");
	abi_fini(&h);
}

TEST(an_unknown_device_is_none)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	check_bytes(&h, ABI_NONE, MODULE, "lookup", TEXT("phone/1"));
	check_bytes(&h, ABI_NONE, MODULE, "lookup", TEXT(""));
	abi_fini(&h);
}

TEST(a_user_agent_that_is_no_text_is_an_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	check_bytes(&h, ABI_ERROR, MODULE, "lookup", TEXT("Phone/\xff"));
	abi_fini(&h);
}

TEST(data_that_cannot_be_read_is_an_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	device_destroy(&h.world->device);
	h.world->device = device_table_new(table_failing_new(table_memory_new(), 0));
	check_bytes(&h, ABI_ERROR, MODULE, "lookup", TEXT("Phone/1"));
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered(MODULE, "");
}
