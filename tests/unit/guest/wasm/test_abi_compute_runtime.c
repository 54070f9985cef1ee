/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_compute_runtime. */
#include "support/abi_check.h"

#define MODULE "fastly_compute_runtime"

TEST(cpu_time_is_the_guests_own_in_whole_ms)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8);
	h.sandbox->cpu_ns =
		1234 * NS_PER_MS + 999; /* of earlier polls; the one under way adds next to nothing */
	assert_status(CALL("get_vcpu_ms", out), ABI_OK);
	assert_in_range(abi_u64(&h, out), 1234, 1300);
	abi_fini(&h);
}

TEST(the_heap_is_rounded_up_to_mib)
{
	static const struct {
		uint32_t bytes, mib;
	} sizes[] = { { 64 << 10, 1 }, { 1 << 20, 1 }, { (1 << 20) + (64 << 10), 2 }, { 5 << 20, 5 } };
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct abi_harness h;
		abi_init(&h, sizes[i].bytes);
		uint32_t out = abi_room(&h, 4);
		assert_status(CALL("get_heap_mib", out), ABI_OK);
		assert_int_equal(abi_u32(&h, out), sizes[i].mib);
		abi_fini(&h);
	}
}

TEST(products_of_the_platform_are_not_enabled)
{
	static const char *const names[] = { "has_domain_inspector", "has_image_optimizer",
					     "has_origin_inspector" };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		uint32_t out = abi_room(&h, 4);
		abi_set_u32(&h, out, 7);
		assert_status(abi_call(&h, MODULE, names[i], out), ABI_OK);
		assert_int_equal(abi_u32(&h, out), 0);
	}
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered(MODULE, "");
}
