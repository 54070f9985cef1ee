/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_config_store and fastly_dictionary: every test runs through both doors. */
#include "support/abi_check.h"

static const char *const doors[] = { "fastly_config_store", "fastly_dictionary" };

#define BOTH_DOORS(module)                                       \
	for (size_t door_ = 0; door_ < COUNT_OF(doors); door_++) \
		for (const char *module = doors[door_]; module; module = NULL)

static uint32_t open_settings(struct abi_harness *h, const char *module)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, module, "open", ABI_TEXT(h, "settings"), out), ABI_OK);
	return abi_u32(h, out);
}

TEST(a_value_is_copied_out)
{
	BOTH_DOORS(module)
	{
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t store = open_settings(&h, module);
		assert_str(check_bytes(&h, ABI_OK, module, "get", store, TEXT("greeting")), "hello");
		abi_fini(&h);
	}
}

TEST(an_empty_value_is_there)
{
	BOTH_DOORS(module)
	{
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t store = open_settings(&h, module);
		assert_str(check_bytes(&h, ABI_OK, module, "get", store, TEXT("empty")), "");
		abi_fini(&h);
	}
}

TEST(a_missing_key_is_none)
{
	BOTH_DOORS(module)
	{
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t store = open_settings(&h, module);
		check_bytes(&h, ABI_NONE, module, "get", store, TEXT("Greeting"));
		check_bytes(&h, ABI_NONE, module, "get", store, TEXT(""));
		abi_fini(&h);
	}
}

TEST(an_unknown_store_is_a_bad_handle)
{
	BOTH_DOORS(module)
	{
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t out = abi_room(&h, 4);
		assert_status(abi_call(&h, module, "open", TEXT("nowhere"), out), ABI_BADF);
		assert_status(abi_call(&h, module, "open", TEXT(""), out), ABI_BADF);
		assert_int_equal(abi_u32(&h, out), 0);
		abi_fini(&h);
	}
}

TEST(names_and_keys_must_be_text)
{
	BOTH_DOORS(module)
	{
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t store = open_settings(&h, module);
		assert_status(abi_call(&h, module, "open", TEXT("settings\xff"), abi_room(&h, 4)), ABI_INVAL);
		check_bytes(&h, ABI_INVAL, module, "get", store, TEXT("\xc3("));
		abi_fini(&h);
	}
}

TEST(a_handle_of_one_door_opens_the_other)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t dictionary = open_settings(&h, "fastly_dictionary");
	assert_str(check_bytes(&h, ABI_OK, "fastly_config_store", "get", dictionary, TEXT("greeting")),
		   "hello");
	abi_fini(&h);
}

TEST(a_table_that_cannot_be_read_is_an_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct table *good = tables_find(&h.world->config, STR("settings"));
	tables_add(&h.world->config, STR("broken"), table_failing_new(table_ref(good), 0));
	uint32_t out = abi_room(&h, 4);
	assert_status(abi_call(&h, "fastly_config_store", "open", TEXT("broken"), out), ABI_OK);
	check_bytes(&h, ABI_ERROR, "fastly_config_store", "get", abi_u32(&h, out), TEXT("greeting"));
	abi_fini(&h);
}

TEST(too_many_handles_are_refused)
{
	BOTH_DOORS(module)
	{
		struct abi_harness h;
		abi_init(&h, ABI_MEMORY_BYTES);
		uint32_t out = abi_room(&h, 4);
		h.world->limits.handles = h.sandbox->handles.open + 1;
		assert_status(abi_call(&h, module, "open", TEXT("settings"), out), ABI_OK);
		assert_status(abi_call(&h, module, "open", TEXT("settings"), out), ABI_LIMITEXCEEDED);
		abi_fini(&h);
	}
}

TEST(the_trace_tells_what_was_read)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	abi_furnish(&h);
	h.world->tracing = true;
	abi_start(&h);
	uint32_t store = open_settings(&h, "fastly_dictionary");
	uint32_t buf = abi_room(&h, 16), len = abi_room(&h, 4);
	assert_status(abi_call(&h, "fastly_dictionary", "get", store, TEXT("greeting"), buf, 16, len),
		      ABI_OK);
	assert_status(abi_call(&h, "fastly_config_store", "get", store, TEXT("other"), buf, 16, len),
		      ABI_NONE);
	const struct trace_event *ev = h.sandbox->invocation->trace.first; /* "ecp-start" */
	assert_string_equal((ev = ev->next)->type, "dict-open");
	assert_string_equal((ev = ev->next)->type, "dict-get");
	assert_str(ev->first->text, "settings");
	assert_str(ev->first->next->text, "greeting");
	assert_true(ev->first->next->next->truth);
	assert_string_equal((ev = ev->next)->type, "config-get");
	assert_string_equal(ev->first->next->next->name, "found");
	assert_false(ev->first->next->next->truth);
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	BOTH_DOORS(module)
	{
		assert_handles_checked(module, "");
		assert_covered(module, "");
	}
}
