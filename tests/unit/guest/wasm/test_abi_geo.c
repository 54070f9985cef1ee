/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_geo. */
#include "support/abi_check.h"

#define MODULE "fastly_geo"

TEST(the_record_of_an_address_is_copied_out)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "lookup", TEXT("\xc0\x00\x02\x01")), "{\"known\":1}");
	abi_fini(&h);
}

TEST(an_unknown_address_has_an_empty_record)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "lookup", TEXT("\xc0\x00\x02\x02")), "");
	assert_str(check_bytes(&h, ABI_OK, MODULE, "lookup", TEXT("0123456789abcdef")), "");
	abi_fini(&h);
}

TEST(loopback_is_fastlys_office)
{
	static const char ipv6[16] = { [15] = 1 };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t at = abi_place(&h, (struct str){ ipv6, sizeof ipv6 });
	struct str json = check_bytes(&h, ABI_OK, MODULE, "lookup", at, 16);
	assert_true(str_find(json, STR("San Francisco")) != STR_NONE);
	json = check_bytes(&h, ABI_OK, MODULE, "lookup", TEXT("\x7f\x00\x00\x01"));
	assert_true(str_find(json, STR("San Francisco")) != STR_NONE);
	abi_fini(&h);
}

TEST(an_address_has_4_or_16_bytes)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t at = abi_room(&h, 64);
	for (uint32_t len = 0; len < 40; len++) {
		if (len != 4 && len != 16)
			check_bytes(&h, ABI_INVAL, MODULE, "lookup", at, len);
	}
	abi_fini(&h);
}

TEST(data_that_cannot_be_read_is_an_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	geo_destroy(&h.world->geo);
	h.world->geo = geo_table_new(table_failing_new(table_memory_new(), 0), true);
	check_bytes(&h, ABI_ERROR, MODULE, "lookup", TEXT("\xc0\x00\x02\x01"));
	abi_fini(&h);
}

TEST(the_trace_has_the_address)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	h.world->tracing = true;
	abi_start(&h);
	uint32_t buf = abi_room(&h, 8);
	assert_status(CALL("lookup", TEXT("\xc0\x00\x02\x09"), buf, 0, abi_room(&h, 4)), ABI_OK);
	const struct trace_event *ev = h.sandbox->invocation->trace.first->next;
	assert_string_equal(ev->type, "geo");
	assert_str(ev->first->text, "192.0.2.9");
	assert_false(ev->first->next->truth);
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered(MODULE, "");
}
