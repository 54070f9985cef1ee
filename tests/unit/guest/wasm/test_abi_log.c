/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_log. */
#include "support/abi_check.h"

#define MODULE "fastly_log"

static uint32_t open_endpoint(struct abi_harness *h, struct str name)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "endpoint_get", abi_place(h, name), name.len, out), ABI_OK);
	return abi_u32(h, out);
}

/* The call counts all bytes as written, whatever becomes of them. */
static void write_log(struct abi_harness *h, uint32_t endpoint, struct str message)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "write", endpoint, abi_place(h, message), message.len, out),
		      ABI_OK);
	assert_int_equal(abi_u32(h, out), message.len);
}

/* What the world's log has, as "name=message;…". */
static struct str logged(struct abi_harness *h)
{
	struct str all = STR(""), name, message;
	for (size_t i = 0; log_capture_get(h->world->log, i, &name, &message); i++)
		all = arena_printf(&h->arena, STR_FMT STR_FMT "=" STR_FMT ";", STR_ARG(all), STR_ARG(name),
				   STR_ARG(message));
	return all;
}

TEST(one_write_is_one_entry)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t a = open_endpoint(&h, STR("access")), b = open_endpoint(&h, STR("errors"));
	write_log(&h, a, STR("one"));
	write_log(&h, b, STR("two"));
	write_log(&h, a, STR("three"));
	assert_str(logged(&h), "access=one;errors=two;access=three;");
	const struct log_entry *entry =
		h.sandbox->invocation->logs; /* the invocation's own record has the same */
	assert_str(entry->endpoint, "access");
	assert_str(entry->message, "one");
	assert_str(entry->next->next->message, "three");
	assert_null(entry->next->next->next);
	abi_fini(&h);
}

TEST(one_newline_at_the_end_is_dropped_and_others_are_kept)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t a = open_endpoint(&h, STR("a"));
	write_log(&h, a, STR("one\n"));
	write_log(&h, a, STR("two\n\n"));
	write_log(&h, a, STR("\nthr\nee\r\n"));
	assert_str(logged(&h), "a=one;a=two\n;a=\nthr\nee\r;");
	abi_fini(&h);
}

TEST(empty_entries_are_dropped)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t a = open_endpoint(&h, STR("a"));
	write_log(&h, a, STR(""));
	write_log(&h, a, STR("\n"));
	assert_str(logged(&h), "");
	abi_fini(&h);
}

TEST(any_bytes_are_a_message)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	write_log(&h, open_endpoint(&h, STR("a")), STR("\xff\0x"));
	assert_int_equal(h.sandbox->invocation->logs->message.len, 3);
	assert_memory_equal(h.sandbox->invocation->logs->message.ptr, "\xff\0x", 3);
	abi_fini(&h);
}

TEST(an_endpoint_has_one_handle)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t a = open_endpoint(&h, STR("a")), b = open_endpoint(&h, STR("b"));
	assert_int_not_equal(a, b);
	assert_int_not_equal(open_endpoint(&h, STR("A")), a);
	assert_int_equal(open_endpoint(&h, STR("a")), a);
	assert_int_equal(open_endpoint(&h, STR("b")), b);
	abi_fini(&h);
}

TEST(the_platforms_own_names_are_refused)
{
	static const char *const names[] = { "stdout", "stderr",       "STDOUT",
					     "StdErr", "fst_managed_", "FST_Managed_x" };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct str name = str_from(names[i]);
		assert_status(CALL("endpoint_get", abi_place(&h, name), name.len, abi_room(&h, 4)),
			      ABI_INVAL);
	}
	abi_fini(&h);
}

TEST(everything_else_is_a_name)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	open_endpoint(&h, STR(""));
	open_endpoint(&h, STR("stdout "));
	open_endpoint(&h, STR("stdout1"));
	open_endpoint(&h, STR("a fst_managed_"));
	open_endpoint(&h, STR("fst_managed"));
	open_endpoint(&h, STR("\xff\n"));
	abi_fini(&h);
}

TEST(the_limit_is_on_all_that_one_invocation_logs)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t a = open_endpoint(&h, STR("a")), out = abi_room(&h, 4);
	h.world->limits.log_bytes = 10;
	write_log(&h, a, STR("123456\n"));
	write_log(&h, a, STR("1234\n")); /* the newlines do not count */
	assert_status(CALL("write", a, TEXT("5"), out), ABI_LIMITEXCEEDED);
	assert_status(CALL("write", a, TEXT("\n"), out), ABI_OK);
	assert_str(logged(&h), "a=123456;a=1234;");
	abi_fini(&h);
}

TEST(too_many_handles_are_refused)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t a = open_endpoint(&h, STR("a"));
	h.world->limits.handles = h.sandbox->handles.open;
	assert_status(CALL("endpoint_get", TEXT("b"), abi_room(&h, 4)), ABI_LIMITEXCEEDED);
	assert_int_equal(open_endpoint(&h, STR("a")), a);
	assert_status(CALL("endpoint_get", TEXT("b"), abi_room(&h, 4)), ABI_LIMITEXCEEDED);
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_handles_checked(MODULE, "");
	assert_covered(MODULE, "");
}
