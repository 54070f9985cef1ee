/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_log. */
#include "guest/wasm/sandbox.h"

/* The platform's own names, in any case of letters; everything else, bytes that are not text too, is an
 * endpoint. */
static bool reserved(struct str name)
{
	struct str managed = STR("fst_managed_");
	return str_eq_nocase(name, STR("stdout")) || str_eq_nocase(name, STR("stderr")) ||
	       str_eq_nocase(str_sub(name, 0, managed.len), managed);
}

/* An endpoint that is asked for again has the same handle: many guests ask before each message. */
enum abi_status hostcall_log_endpoint_get(struct sandbox *sb, struct log_endpoint_get_args *a)
{
	if (reserved(a->name))
		return ABI_INVAL;
	for (const struct guest_endpoint *known = sb->endpoints; known; known = known->next) {
		if (str_eq(known->name, a->name)) {
			put_u32(a->endpoint_out, known->handle);
			return ABI_OK;
		}
	}
	struct guest_endpoint *endpoint = ARENA_NEW(sandbox_arena(sb), struct guest_endpoint);
	enum abi_status status = sandbox_open(sb, HANDLE_ENDPOINT, endpoint, &endpoint->handle);
	if (status != ABI_OK)
		return status;
	endpoint->name = arena_str(sandbox_arena(sb), a->name);
	endpoint->next = sb->endpoints;
	sb->endpoints = endpoint;
	put_u32(a->endpoint_out, endpoint->handle);
	return ABI_OK;
}

enum abi_status hostcall_log_write(struct sandbox *sb, struct log_write_args *a)
{
	const struct guest_endpoint *endpoint = handles_get(&sb->handles, a->h, HANDLE_ENDPOINT);
	struct str entry = a->msg;
	if (!endpoint)
		return ABI_BADF;
	if (str_ends(entry, STR("\n")))
		entry.len--;
	if (!sandbox_may_log(sb, entry.len))
		return ABI_LIMITEXCEEDED;
	if (entry.len)
		invocation_log(sb->invocation, endpoint->name, entry);
	put_u32(a->num_bytes, (uint32_t)a->msg.len);
	return ABI_OK;
}
