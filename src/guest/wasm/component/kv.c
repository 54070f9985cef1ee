/* SPDX-License-Identifier: Apache-2.0 */
/* fastly:compute/kv-store and acl: each function of WIT is a host call that starts and one that waits. */
#include <string.h>

#include "guest/wasm/component/handlers.h"
#include "guest/wasm/component/names.h"
#include "store/kv.h"

#define KV "fastly_kv_store"

static enum door_next kv_failure(struct door *d, uint32_t error)
{
	const char *name = error < KV_TOO_MANY_REQUESTS + 1 ? names_kv_error[error] : names_kv_error[0];
	return door_err_val(d, val_case(name, NULL));
}

/* The host call itself has failed. */
static enum door_next call_failure(struct door *d)
{
	return kv_failure(d, d->status == ABI_INVAL           ? KV_BAD_REQUEST
			     : d->status == ABI_LIMITEXCEEDED ? KV_TOO_MANY_REQUESTS
							      : KV_UNINITIALIZED);
}

/* ---- lookup ---- */

static enum door_next wait_lookup(struct door *d, uint32_t handle)
{
	door_prepare(d, KV, "lookup_wait_v2");
	door_arg(d, handle);
	door_arg_cell(d);
	door_arg_buffer(d, KV_METADATA_BYTES_MAX);
	door_arg_cell(d);
	door_arg_cell(d);
	return DOOR_CALL;
}

static enum door_next lift_lookup(struct door *d)
{
	if (d->status != ABI_OK)
		return call_failure(d);
	uint32_t error = door_u32(d, 2);
	if (error == KV_NOT_FOUND)
		return door_ok_val(d, val_none());
	if (error != KV_OK)
		return kv_failure(d, error);
	uint32_t rep = door_object_new(d, OBJECT_ENTRY);
	if (d->wrong)
		return DOOR_TRAP;
	struct door_object *o = &d->objects[rep];
	o->of.entry.body = door_u32(d, 0);
	o->of.entry.generation = door_u64(d, 1);
	o->of.entry.metadata = arena_str(sandbox_arena(d->sb), door_out(d));
	return door_ok_val(d, val_some(door_resource_val(d, rep, 0)));
}

enum door_next door_kv_lookup(struct door *d)
{
	if (d->step == 0) {
		door_prepare(d, KV, "lookup");
		door_lower(d, "hsZq", 0);
		return DOOR_CALL;
	}
	if (d->step == 1)
		return d->status == ABI_OK ? wait_lookup(d, door_u32(d, 0)) : call_failure(d);
	return lift_lookup(d);
}

enum door_next door_kv_await_lookup(struct door *d)
{
	return d->step == 0 ? wait_lookup(d, door_rep(d, 0)) : lift_lookup(d);
}

/* ---- insert, delete and list ---- */

static enum door_next wait_for(struct door *d, const char *name, uint32_t handle, bool body)
{
	door_prepare(d, KV, name);
	door_arg(d, handle);
	if (body)
		door_arg_cell(d);
	door_arg_cell(d);
	return DOOR_CALL;
}

static enum door_next lift_insert(struct door *d)
{
	if (d->status != ABI_OK)
		return call_failure(d);
	return door_u32(d, 0) == KV_OK ? door_ok(d) : kv_failure(d, door_u32(d, 0));
}

enum door_next door_kv_insert(struct door *d)
{
	if (d->step == 0) {
		door_prepare(d, KV, "insert");
		door_lower(d, "hshJq", 0);
		return DOOR_CALL;
	}
	if (d->step == 1)
		return d->status == ABI_OK ? wait_for(d, "insert_wait", door_u32(d, 0), false)
					   : call_failure(d);
	return lift_insert(d);
}

enum door_next door_kv_await_insert(struct door *d)
{
	return d->step == 0 ? wait_for(d, "insert_wait", door_rep(d, 0), false) : lift_insert(d);
}

/* Was there something to delete? */
static enum door_next lift_delete(struct door *d)
{
	if (d->status != ABI_OK)
		return call_failure(d);
	uint32_t error = door_u32(d, 0);
	return error == KV_OK || error == KV_NOT_FOUND ? door_ok_val(d, val_bool(error == KV_OK))
						       : kv_failure(d, error);
}

enum door_next door_kv_delete(struct door *d)
{
	if (d->step == 0) {
		door_prepare(d, KV, "delete");
		door_lower(d, "hsZq", 0);
		return DOOR_CALL;
	}
	if (d->step == 1)
		return d->status == ABI_OK ? wait_for(d, "delete_wait", door_u32(d, 0), false)
					   : call_failure(d);
	return lift_delete(d);
}

enum door_next door_kv_await_delete(struct door *d)
{
	return d->step == 0 ? wait_for(d, "delete_wait", door_rep(d, 0), false) : lift_delete(d);
}

static enum door_next lift_list(struct door *d)
{
	if (d->status != ABI_OK)
		return call_failure(d);
	if (door_u32(d, 1) != KV_OK)
		return kv_failure(d, door_u32(d, 1));
	return door_ok_val(d, door_resource_val(d, door_u32(d, 0), 0));
}

enum door_next door_kv_list(struct door *d)
{
	if (d->step == 0) {
		door_prepare(d, KV, "list");
		door_lower(d, "hLq", 0);
		return DOOR_CALL;
	}
	if (d->step == 1)
		return d->status == ABI_OK ? wait_for(d, "list_wait", door_u32(d, 0), true) : call_failure(d);
	return lift_list(d);
}

enum door_next door_kv_await_list(struct door *d)
{
	return d->step == 0 ? wait_for(d, "list_wait", door_rep(d, 0), true) : lift_list(d);
}

/* ---- an entry that was found ---- */

enum door_next door_entry_body(struct door *d)
{
	struct door_object *o = door_object(d, door_rep(d, 0), OBJECT_ENTRY);
	if (!o)
		return DOOR_TRAP;
	if (o->of.entry.taken)
		return door_plain(d, val_none());
	o->of.entry.taken = true;
	return door_plain(d, val_some(door_resource_val(d, o->of.entry.body, 0)));
}

enum door_next door_entry_metadata(struct door *d)
{
	struct door_object *o = door_object(d, door_rep(d, 0), OBJECT_ENTRY);
	uint64_t max = door_number(d, 1);
	if (!o || d->wrong)
		return DOOR_TRAP;
	struct str metadata = o->of.entry.metadata;
	if (metadata.len > max) {
		struct wasmtime_component_val needed = val_u64(metadata.len);
		return door_err_val(d, val_case("buffer-len", &needed));
	}
	if (!str_is_utf8(metadata))
		return door_error(d, ABI_INVAL);
	return door_ok_val(d, metadata.len ? val_some(val_string(metadata)) : val_none());
}

enum door_next door_entry_generation(struct door *d)
{
	struct door_object *o = door_object(d, door_rep(d, 0), OBJECT_ENTRY);
	return o ? door_plain(d, val_u64(o->of.entry.generation)) : DOOR_TRAP;
}

/* ---- access lists ---- */

enum door_next door_acl_lookup(struct door *d)
{
	enum { OK = 1, NO_CONTENT, TOO_MANY_REQUESTS };
	if (d->step == 0) {
		door_prepare(d, "fastly_acl", "lookup");
		door_lower(d, "haqq", 0);
		return DOOR_CALL;
	}
	uint32_t error = d->status == ABI_OK ? door_u32(d, 1) : 0;
	if (error == OK)
		return door_ok_val(d, val_some(door_resource_val(d, door_u32(d, 0), 0)));
	if (error == NO_CONTENT)
		return door_ok_val(d, val_none());
	return door_err_val(d, val_enum(error == TOO_MANY_REQUESTS ? "too-many-requests" : "generic-error"));
}
