/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_secret_store. */
#include "support/abi_check.h"

#define MODULE "fastly_secret_store"

static uint32_t open_vault(struct abi_harness *hp)
{
	struct abi_harness h = *hp;
	uint32_t out = abi_room(&h, 4);
	assert_status(CALL("open", TEXT("vault"), out), ABI_OK);
	hp->used = h.used;
	return abi_u32(&h, out);
}

TEST(a_secret_is_opened_and_then_copied_out)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t vault = open_vault(&h), out = abi_room(&h, 4);
	assert_status(CALL("get", vault, TEXT("token"), out), ABI_OK);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "plaintext", abi_u32(&h, out)), "s3cret");
	abi_fini(&h);
}

TEST(what_is_missing_is_none)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t vault = open_vault(&h), out = abi_room(&h, 4);
	assert_status(CALL("open", TEXT("nowhere"), out), ABI_NONE);
	assert_status(CALL("get", vault, TEXT("Token"), out), ABI_NONE);
	assert_int_equal(abi_u32(&h, out), 0);
	abi_fini(&h);
}

TEST(names_must_be_text)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t vault = open_vault(&h), out = abi_room(&h, 4);
	assert_status(CALL("open", TEXT("\xfe"), out), ABI_INVAL);
	assert_status(CALL("get", vault, TEXT("\xfe"), out), ABI_INVAL);
	abi_fini(&h);
}

TEST(a_guests_own_bytes_become_a_secret_whatever_they_are)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4), at = abi_place(&h, STR("a\xff b"));
	assert_status(CALL("from_bytes", at, 4, out), ABI_OK);
	uint32_t secret = abi_u32(&h, out);
	h.memory[at] = 'x'; /* it is a copy */
	assert_str(check_bytes(&h, ABI_OK, MODULE, "plaintext", secret), "a\xff b");
	assert_status(CALL("from_bytes", at, 0, out), ABI_OK);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "plaintext", abi_u32(&h, out)), "");
	abi_fini(&h);
}

TEST(a_store_that_cannot_be_read_is_an_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4);
	tables_add(&h.world->secrets, STR("broken"), table_failing_new(table_memory_new(), 0));
	assert_status(CALL("open", TEXT("broken"), out), ABI_OK);
	assert_status(CALL("get", abi_u32(&h, out), TEXT("token"), out), ABI_ERROR);
	abi_fini(&h);
}

TEST(too_many_handles_are_refused)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t vault = open_vault(&h), out = abi_room(&h, 4);
	h.world->limits.handles = h.sandbox->handles.open;
	assert_status(CALL("open", TEXT("vault"), out), ABI_LIMITEXCEEDED);
	assert_status(CALL("get", vault, TEXT("token"), out), ABI_LIMITEXCEEDED);
	assert_status(CALL("from_bytes", TEXT("x"), out), ABI_LIMITEXCEEDED);
	abi_fini(&h);
}

/* Who reads a trace may not read secrets. */
TEST(the_trace_has_the_name_and_not_the_secret)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	abi_furnish(&h);
	h.world->tracing = true;
	abi_start(&h);
	uint32_t vault = open_vault(&h), out = abi_room(&h, 4);
	assert_status(CALL("get", vault, TEXT("token"), out), ABI_OK);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "plaintext", abi_u32(&h, out)), "s3cret");
	const struct trace_event *ev = h.sandbox->invocation->trace.first->next;
	assert_string_equal(ev->type, "secret-get");
	assert_str(ev->first->text, "vault");
	assert_str(ev->first->next->text, "token");
	assert_null(ev->next);
	for (const struct trace_attrib *a = ev->first; a; a = a->next)
		assert_true(str_find(a->text, STR("s3cret")) == STR_NONE);
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_handles_checked(MODULE, "");
	assert_covered(MODULE, "");
}
