/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_secret_store. Plaintexts stay out of traces. */
#include "guest/wasm/sandbox.h"

enum abi_status hostcall_secret_store_open(struct sandbox *sb, struct secret_store_open_args *a)
{
	if (!str_is_utf8(a->name))
		return ABI_INVAL;
	struct table *table = tables_find(&sb->world->secrets, a->name);
	if (!table)
		return ABI_NONE;
	struct guest_name *opened = ARENA_NEW(sandbox_arena(sb), struct guest_name);
	opened->name = arena_str(sandbox_arena(sb), a->name);
	opened->table = table_ref(table);
	enum abi_status status = sandbox_put(sb, HANDLE_SECRETS, opened, a->secret_store_out);
	if (status != ABI_OK)
		table_unref(&opened->table);
	return status;
}

static enum abi_status open_secret(struct sandbox *sb, struct str plaintext, struct guest_ptr out)
{
	struct guest_secret *secret = ARENA_NEW(sandbox_arena(sb), struct guest_secret);
	secret->plaintext = plaintext;
	return sandbox_put(sb, HANDLE_SECRET, secret, out);
}

enum abi_status hostcall_secret_store_get(struct sandbox *sb, struct secret_store_get_args *a)
{
	const struct guest_name *opened = handles_get(&sb->handles, a->store, HANDLE_SECRETS);
	struct error e;
	struct str plaintext;
	if (!opened)
		return ABI_BADF;
	if (!str_is_utf8(a->key))
		return ABI_INVAL;
	bool found = table_get(opened->table, a->key, sandbox_arena(sb), &plaintext, &e);
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, "secret-get");
	trace_str(trace, ev, "name", opened->name);
	trace_str(trace, ev, "key", a->key);
	trace_bool(trace, ev, "found", found);
	if (!found)
		return e.kind == ERROR_NOT_FOUND ? ABI_NONE : ABI_ERROR;
	return open_secret(sb, plaintext, a->secret_out);
}

enum abi_status hostcall_secret_store_plaintext(struct sandbox *sb, struct secret_store_plaintext_args *a)
{
	const struct guest_secret *secret = handles_get(&sb->handles, a->secret, HANDLE_SECRET);
	return secret ? put_bytes(&a->value, secret->plaintext) : ABI_BADF;
}

enum abi_status hostcall_secret_store_from_bytes(struct sandbox *sb, struct secret_store_from_bytes_args *a)
{
	return open_secret(sb, arena_str(sandbox_arena(sb), a->value), a->secret_out);
}
