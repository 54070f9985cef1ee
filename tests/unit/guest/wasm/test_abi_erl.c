/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_erl: the numbers that go in and out; what they mean has its suite in tests/contract/test_rates.c. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_erl"

static uint32_t lookup(struct abi_harness *h, const char *name, uint32_t window)
{
	uint32_t out = abi_room(h, 4);
	abi_set_u32(h, out, 77);
	assert_status(abi_call(h, MODULE, name, ABI_TEXT(h, "rc"), ABI_TEXT(h, "entry"), window, out),
		      ABI_OK);
	return abi_u32(h, out);
}

static enum abi_status check_rate(struct abi_harness *h, uint32_t delta, uint32_t window, uint32_t limit,
				  uint32_t ttl, uint32_t *blocked)
{
	uint32_t out = abi_room(h, 4);
	abi_set_u32(h, out, 77);
	enum abi_status status = abi_call(h, MODULE, "check_rate", ABI_TEXT(h, "rc"), ABI_TEXT(h, "entry"),
					  delta, window, limit, ABI_TEXT(h, "pb"), ttl, out);
	*blocked = abi_u32(h, out);
	return status;
}

static uint32_t has(struct abi_harness *h)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "penaltybox_has", ABI_TEXT(h, "pb"), ABI_TEXT(h, "entry"), out),
		      ABI_OK);
	return abi_u32(h, out);
}

TEST(a_counter_counts_on_the_worlds_clock)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_int_equal(lookup(&h, "ratecounter_lookup_count", 10), 0);
	assert_status(CALL("ratecounter_increment", TEXT("rc"), TEXT("entry"), 600), ABI_OK);
	assert_int_equal(lookup(&h, "ratecounter_lookup_count", 10), 600);
	assert_int_equal(lookup(&h, "ratecounter_lookup_rate", 1), 600);
	assert_int_equal(lookup(&h, "ratecounter_lookup_rate", 10), 60);
	assert_true(clock_jump(h.clock, clock_monotonic(h.clock) + 20 * NS_PER_S));
	assert_int_equal(lookup(&h, "ratecounter_lookup_count", 20), 0);
	assert_int_equal(lookup(&h, "ratecounter_lookup_count", 30), 600);
	assert_int_equal(lookup(&h, "ratecounter_lookup_rate", 60), 10);
	abi_fini(&h);
}

TEST(a_limit_that_is_exceeded_fills_the_box)
{
	struct abi_harness h;
	uint32_t blocked;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_status(check_rate(&h, 10, 1, 10, 60, &blocked), ABI_OK);
	assert_int_equal(blocked, 0);
	assert_int_equal(has(&h), 0);
	assert_status(check_rate(&h, 1, 1, 10, 60, &blocked), ABI_OK);
	assert_int_equal(blocked, 1);
	assert_int_equal(has(&h), 1);
	assert_true(clock_jump(h.clock, clock_monotonic(h.clock) + 60 * NS_PER_S));
	assert_int_equal(has(&h), 0);
	assert_status(CALL("penaltybox_add", TEXT("pb"), TEXT("entry"), 3600), ABI_OK);
	assert_int_equal(has(&h), 1);
	abi_fini(&h);
}

TEST(numbers_out_of_bounds_are_invalid)
{
	struct abi_harness h;
	uint32_t blocked, out;
	abi_init(&h, ABI_MEMORY_BYTES);
	out = abi_room(&h, 4);
	assert_status(check_rate(&h, 1, 2, 10, 60, &blocked), ABI_INVAL);
	assert_status(check_rate(&h, 1, 1, 10, 59, &blocked), ABI_INVAL);
	assert_status(check_rate(&h, 100001, 1, 10, 60, &blocked), ABI_INVAL);
	assert_int_equal(blocked, 77);
	assert_status(CALL("ratecounter_lookup_rate", TEXT("rc"), TEXT("e"), 20, out), ABI_INVAL);
	assert_status(CALL("ratecounter_lookup_count", TEXT("rc"), TEXT("e"), 1, out), ABI_INVAL);
	assert_status(CALL("ratecounter_increment", TEXT("rc"), TEXT("e"), UINT32_MAX), ABI_INVAL);
	assert_status(CALL("penaltybox_add", TEXT("pb"), TEXT("e"), 3601), ABI_INVAL);
	uint32_t large = abi_room(&h, 300);
	assert_status(CALL("penaltybox_has", TEXT("pb"), large, 257, out), ABI_INVAL);
	assert_int_equal(lookup(&h, "ratecounter_lookup_count", 60), 0);
	abi_fini(&h);
}

TEST(a_store_that_is_gone_is_an_error)
{
	struct abi_harness h;
	uint32_t blocked;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->rates = rates_failing_new(h.world->rates, 0);
	assert_status(check_rate(&h, 1, 1, 10, 60, &blocked), ABI_ERROR);
	assert_int_equal(blocked, 77);
	abi_fini(&h);
}

static bool attrib_is(const struct trace_event *ev, const char *name, double number)
{
	for (const struct trace_attrib *a = ev->first; a; a = a->next) {
		if (strcmp(a->name, name) == 0)
			return a->kind == TRACE_BOOL ? a->truth == (number != 0) : a->number == number;
	}
	return false;
}

TEST(counts_are_in_the_trace)
{
	struct abi_harness h;
	uint32_t blocked;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	h.world->tracing = true;
	abi_start(&h);
	assert_status(check_rate(&h, 11, 1, 10, 60, &blocked), ABI_OK);
	const struct trace_event *ev = h.sandbox->invocation->trace.first;
	while (ev && strcmp(ev->type, "rate-check") != 0)
		ev = ev->next;
	assert_non_null(ev);
	assert_true(attrib_is(ev, "count", 11) && attrib_is(ev, "limit", 10) && attrib_is(ev, "blocked", 1) &&
		    attrib_is(ev, "over", 1));
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered(MODULE, "");
}
