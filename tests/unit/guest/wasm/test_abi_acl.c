/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_acl. */
#include "support/abi_check.h"

#define MODULE "fastly_acl"

enum { ACL_OK = 1, ACL_NO_CONTENT = 2 };

static uint32_t open_list(struct abi_harness *h)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "open", ABI_TEXT(h, "list"), out), ABI_OK);
	return abi_u32(h, out);
}

/* The entry that holds, or "" when none does. */
static struct str look_up(struct abi_harness *h, uint32_t list, struct str ip)
{
	uint32_t body = abi_room(h, 4), error = abi_room(h, 4);
	abi_set_u32(h, body, HANDLE_INVALID);
	assert_status(abi_call(h, MODULE, "lookup", list, abi_place(h, ip), ip.len, body, error), ABI_OK);
	if (abi_u32(h, error) == ACL_NO_CONTENT) {
		assert_int_equal(abi_u32(h, body), HANDLE_INVALID);
		return STR("");
	}
	assert_int_equal(abi_u32(h, error), ACL_OK);
	return check_body(h, abi_u32(h, body));
}

TEST(the_longest_prefix_decides)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t list = open_list(&h);
	assert_str(look_up(&h, list, STR("\xc0\x00\x02\x01")),
		   "{\n  \"prefix\": \"192.0.2.0/24\",\n  \"action\": \"BLOCK\"\n}");
	assert_str(look_up(&h, list, STR("\xc0\x00\x02\x07")),
		   "{\n  \"prefix\": \"192.0.2.7/32\",\n  \"action\": \"ALLOW\"\n}");
	assert_str(look_up(&h, list, STR("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05")),
		   "{\n  \"prefix\": \"2001:db8::/32\",\n  \"action\": \"BLOCK\"\n}");
	abi_fini(&h);
}

TEST(an_address_in_no_prefix_has_no_content)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t list = open_list(&h);
	assert_str(look_up(&h, list, STR("\xc0\x00\x03\x01")), "");
	assert_str(look_up(&h, list, STR("\x20\x01\x0d\xb9\0\0\0\0\0\0\0\0\0\0\0\x05")), "");
	/* 192.0.2.1 as an IPv6 address is another address */
	assert_str(look_up(&h, list, STR("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01")), "");
	abi_fini(&h);
}

TEST(an_unknown_list_is_none)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_status(CALL("open", TEXT("nowhere"), abi_room(&h, 4)), ABI_NONE);
	assert_status(CALL("open", TEXT("li\xff"), abi_room(&h, 4)), ABI_INVAL);
	abi_fini(&h);
}

TEST(an_address_has_4_or_16_bytes)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t list = open_list(&h), ip = abi_room(&h, 64), body = abi_room(&h, 4), error = abi_room(&h, 4);
	for (uint32_t len = 0; len < 40; len++) {
		if (len != 4 && len != 16)
			assert_status(CALL("lookup", list, ip, len, body, error), ABI_INVAL);
	}
	abi_fini(&h);
}

TEST(too_many_handles_are_refused)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t list = open_list(&h), body = abi_room(&h, 4), error = abi_room(&h, 4);
	h.world->limits.handles = h.sandbox->handles.open;
	assert_status(CALL("open", TEXT("list"), body), ABI_LIMITEXCEEDED);
	assert_status(CALL("lookup", list, TEXT("\xc0\x00\x02\x01"), body, error), ABI_LIMITEXCEEDED);
	assert_status(CALL("lookup", list, TEXT("\xc0\x00\x03\x01"), body, error), ABI_OK);
	abi_fini(&h);
}

TEST(the_trace_has_list_and_address)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	abi_furnish(&h);
	h.world->tracing = true;
	abi_start(&h);
	look_up(&h, open_list(&h), STR("\xc0\x00\x02\x07"));
	const struct trace_event *ev = h.sandbox->invocation->trace.first->next;
	assert_string_equal(ev->type, "acl-lookup");
	assert_str(ev->first->text, "list");
	assert_str(ev->first->next->text, "192.0.2.7");
	assert_true(ev->first->next->next->truth);
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_handles_checked(MODULE, "");
	assert_covered(MODULE, "");
}
