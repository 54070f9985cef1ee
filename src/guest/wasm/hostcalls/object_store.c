/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fastly_object_store: the deprecated door to key-value stores. It knows no kv_error: a failure is INVAL, a
 * lookup of what is not there is OK and gives no body.
 */
#include "guest/wasm/hostcalls/kv_calls.h"

enum abi_status hostcall_object_store_open(struct sandbox *sb, struct object_store_open_args *a)
{
	return kv_call_open(sb, a->name, a->object_store_out);
}

/* ---- lookup ---- */

static enum abi_status finish_lookup(struct sandbox *sb, uint32_t handle, struct guest_ptr body_out)
{
	struct guest_kv_op *op;
	enum abi_status status = kv_call_wait(sb, handle, KV_LOOKUP, &op);
	if (status != ABI_OK)
		return status;
	if (op->op.error == KV_OK)
		status = kv_call_open_value(sb, op, body_out);
	else if (op->op.error != KV_NOT_FOUND)
		status = ABI_INVAL;
	kv_call_drop(sb, op);
	return status;
}

enum abi_status hostcall_object_store_lookup(struct sandbox *sb, struct object_store_lookup_args *a)
{
	struct guest_kv_op *op = sb->waiting.state;
	if (!op) {
		enum abi_status status = kv_call_new(sb, a->store, KV_LOOKUP, a->key, ABI_ERROR, &op);
		if (status != ABI_OK)
			return status;
		sb->waiting.state = op;
		kv_call_start(sb, op);
	}
	return finish_lookup(sb, op->handle, a->body_handle_out);
}

enum abi_status hostcall_object_store_lookup_async(struct sandbox *sb,
						   struct object_store_lookup_async_args *a)
{
	struct guest_kv_op *op;
	enum abi_status status = kv_call_new(sb, a->store, KV_LOOKUP, a->key, ABI_ERROR, &op);
	if (status != ABI_OK)
		return status;
	kv_call_start(sb, op);
	put_u32(a->pending_handle_out, op->handle);
	return ABI_OK;
}

enum abi_status hostcall_object_store_pending_lookup_wait(struct sandbox *sb,
							  struct object_store_pending_lookup_wait_args *a)
{
	return finish_lookup(sb, a->pending_objstr_handle, a->body_handle_out);
}

/* ---- insert ---- */

static enum abi_status start_insert(struct sandbox *sb, uint32_t store, struct str key, uint32_t body,
				    struct guest_kv_op **out)
{
	*out = sb->waiting.state;
	if (!*out) {
		enum abi_status status = kv_call_new(sb, store, KV_INSERT, key, ABI_ERROR, out);
		if (status != ABI_OK)
			return status;
		sb->waiting.state = *out;
	}
	return kv_call_insert(sb, *out, body);
}

static enum abi_status finish_insert(struct sandbox *sb, uint32_t handle)
{
	struct guest_kv_op *op;
	enum abi_status status = kv_call_wait(sb, handle, KV_INSERT, &op);
	if (status != ABI_OK)
		return status;
	status = op->op.error == KV_OK ? ABI_OK : ABI_INVAL;
	kv_call_drop(sb, op);
	return status;
}

enum abi_status hostcall_object_store_insert(struct sandbox *sb, struct object_store_insert_args *a)
{
	struct guest_kv_op *op = sb->waiting.state;
	if (!op || op->value) {
		enum abi_status status = start_insert(sb, a->store, a->key, a->body_handle, &op);
		if (status != ABI_OK)
			return status;
	}
	return finish_insert(sb, op->handle);
}

enum abi_status hostcall_object_store_insert_async(struct sandbox *sb,
						   struct object_store_insert_async_args *a)
{
	struct guest_kv_op *op;
	enum abi_status status = start_insert(sb, a->store, a->key, a->body_handle, &op);
	if (status == ABI_OK)
		put_u32(a->pending_handle_out, op->handle);
	return status;
}

enum abi_status hostcall_object_store_pending_insert_wait(struct sandbox *sb,
							  struct object_store_pending_insert_wait_args *a)
{
	return finish_insert(sb, a->pending_objstr_handle);
}

/* ---- delete ---- */

enum abi_status hostcall_object_store_delete_async(struct sandbox *sb,
						   struct object_store_delete_async_args *a)
{
	struct guest_kv_op *op;
	enum abi_status status = kv_call_new(sb, a->store, KV_DELETE, a->key, ABI_ERROR, &op);
	if (status != ABI_OK)
		return status;
	kv_call_start(sb, op);
	put_u32(a->pending_handle_out, op->handle);
	return ABI_OK;
}

enum abi_status hostcall_object_store_pending_delete_wait(struct sandbox *sb,
							  struct object_store_pending_delete_wait_args *a)
{
	struct guest_kv_op *op;
	enum abi_status status = kv_call_wait(sb, a->pending_objstr_handle, KV_DELETE, &op);
	if (status != ABI_OK)
		return status;
	status = op->op.error == KV_OK ? ABI_OK : op->op.error == KV_NOT_FOUND ? ABI_NONE : ABI_INVAL;
	kv_call_drop(sb, op);
	return status;
}
