/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_acl. */
#include "guest/wasm/sandbox.h"

/* Says how a lookup went beside its status. */
enum acl_error { ACL_UNINITIALIZED, ACL_OK, ACL_NO_CONTENT, ACL_TOO_MANY_REQUESTS };

enum abi_status hostcall_acl_open(struct sandbox *sb, struct acl_open_args *a)
{
	if (!str_is_utf8(a->name))
		return ABI_INVAL;
	if (!acl_has(sb->world->acl, a->name))
		return ABI_NONE;
	struct guest_name *opened = ARENA_NEW(sandbox_arena(sb), struct guest_name);
	opened->name = arena_str(sandbox_arena(sb), a->name);
	return sandbox_put(sb, HANDLE_ACL, opened, a->acl_out);
}

/* The JSON text, white space included, is what Fastly's local server gives. */
static struct body *entry_body(struct sandbox *sb, const struct acl_entry *entry)
{
	char prefix[IP_TEXT_BYTES];
	acl_print_prefix(entry, prefix);
	struct body *body = body_new(sandbox_loop(sb));
	body_write(body, arena_printf(sandbox_arena(sb), "{\n  \"prefix\": \"%s\",\n  \"action\": \"%s\"\n}",
				      prefix, entry->allow ? "ALLOW" : "BLOCK"));
	return body;
}

enum abi_status hostcall_acl_lookup(struct sandbox *sb, struct acl_lookup_args *a)
{
	const struct guest_name *opened = handles_get(&sb->handles, a->acl, HANDLE_ACL);
	struct acl_entry entry;
	uint32_t handle;
	if (!opened)
		return ABI_BADF;
	if (a->ip.len != 4 && a->ip.len != 16)
		return ABI_INVAL;
	const uint8_t *ip = (const uint8_t *)a->ip.ptr;
	bool found = acl_lookup(sb->world->acl, opened->name, ip, (uint8_t)a->ip.len, &entry);
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, "acl-lookup");
	if (ev) {
		char text[IP_TEXT_BYTES];
		ip_print(ip, (uint8_t)a->ip.len, text);
		trace_str(trace, ev, "name", opened->name);
		trace_str(trace, ev, "key", str_from(text));
		trace_bool(trace, ev, "found", found);
	}
	if (!found) {
		put_u32(a->acl_error_out, ACL_NO_CONTENT);
		return ABI_OK;
	}
	enum abi_status status = sandbox_open_body(sb, entry_body(sb, &entry), &handle);
	if (status != ABI_OK)
		return status;
	put_u32(a->body_handle_out, handle);
	put_u32(a->acl_error_out, ACL_OK);
	return ABI_OK;
}
