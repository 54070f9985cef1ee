/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_config_store, and fastly_dictionary, which is the same under its old name: handles of one serve in
 * the other. */
#include "guest/wasm/sandbox.h"

static enum abi_status open_table(struct sandbox *sb, struct str name, struct guest_ptr out)
{
	if (!str_is_utf8(name))
		return ABI_INVAL;
	struct table *table = tables_find(&sb->world->config, name);
	if (!table)
		return ABI_BADF;
	struct guest_name *opened = ARENA_NEW(sandbox_arena(sb), struct guest_name);
	opened->name = arena_str(sandbox_arena(sb), name);
	opened->table = table_ref(table);
	enum abi_status status = sandbox_put(sb, HANDLE_CONFIG, opened, out);
	if (status != ABI_OK)
		table_unref(&opened->table);
	return status;
}

static enum abi_status get(struct sandbox *sb, const char *event, uint32_t h, struct str key,
			   const struct guest_buf *out)
{
	const struct guest_name *opened = handles_get(&sb->handles, h, HANDLE_CONFIG);
	struct error e;
	struct str value;
	if (!opened)
		return ABI_BADF;
	if (!str_is_utf8(key))
		return ABI_INVAL;
	if (!invocation_within(sb->invocation, LIMIT_config_lookups, ++sb->config_lookups))
		return ABI_LIMITEXCEEDED;
	bool found = table_get(opened->table, key, sandbox_arena(sb), &value, &e);
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, event);
	trace_str(trace, ev, "name", opened->name);
	trace_str(trace, ev, "key", key);
	trace_bool(trace, ev, "found", found);
	if (!found)
		return e.kind == ERROR_NOT_FOUND ? ABI_NONE : ABI_ERROR;
	return put_bytes(out, value);
}

enum abi_status hostcall_config_store_open(struct sandbox *sb, struct config_store_open_args *a)
{
	return open_table(sb, a->name, a->config_store_out);
}

enum abi_status hostcall_config_store_get(struct sandbox *sb, struct config_store_get_args *a)
{
	return get(sb, "config-get", a->h, a->key, &a->value);
}

enum abi_status hostcall_dictionary_open(struct sandbox *sb, struct dictionary_open_args *a)
{
	enum abi_status status = open_table(sb, a->name, a->dictionary_out);
	struct trace_event *ev = trace_add(&sb->invocation->trace, "dict-open");
	trace_str(&sb->invocation->trace, ev, "name", a->name);
	trace_bool(&sb->invocation->trace, ev, "found", status == ABI_OK);
	return status;
}

enum abi_status hostcall_dictionary_get(struct sandbox *sb, struct dictionary_get_args *a)
{
	return get(sb, "dict-get", a->h, a->key, &a->value);
}
