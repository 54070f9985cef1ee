/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_kv_store. What went wrong in a store is told by the wait calls' kv_error; their status is about the
 * handle. */
#include "base/buf.h"
#include "guest/wasm/hostcalls/kv_calls.h"

enum { RESERVED = 1 << 0 };
enum {
	INSERT_BACKGROUND_FETCH = 1 << 1,
	INSERT_RESERVED_2 = 1 << 2,
	INSERT_METADATA = 1 << 3,
	INSERT_TTL = 1 << 4,
	INSERT_IF_GENERATION = 1 << 5,
	INSERT_ALL = RESERVED | INSERT_BACKGROUND_FETCH | INSERT_RESERVED_2 | INSERT_METADATA | INSERT_TTL |
		     INSERT_IF_GENERATION,
};
enum {
	LIST_CURSOR = 1 << 1,
	LIST_LIMIT = 1 << 2,
	LIST_PREFIX = 1 << 3,
	LIST_ALL = RESERVED | LIST_CURSOR | LIST_LIMIT | LIST_PREFIX
};
enum { LIST_STRONG, LIST_EVENTUAL };

/* Room for KV_LIST_LIMIT_MAX keys of KV_KEY_BYTES_MAX bytes, each byte escaped. */
enum { LIST_JSON_BYTES_MAX = 8 << 20 };

enum abi_status hostcall_kv_store_open(struct sandbox *sb, struct kv_store_open_args *a)
{
	return kv_call_open(sb, a->name, a->kv_store_out);
}

/* ---- lookup ---- */

enum abi_status hostcall_kv_store_lookup(struct sandbox *sb, struct kv_store_lookup_args *a)
{
	struct guest_kv_op *op;
	if (a->lookup_config_mask & ~(uint32_t)RESERVED)
		return ABI_INVAL;
	enum abi_status status = kv_call_new(sb, a->store, KV_LOOKUP, a->key, ABI_INVAL, &op);
	if (status != ABI_OK)
		return status;
	kv_call_start(sb, op);
	put_u32(a->handle_out, op->handle);
	return ABI_OK;
}

/*
 * Gives value and metadata of a lookup that is done, and `*generation` when it found something. Metadata that
 * does not fit leaves the handle open, so that the guest can ask again with more room.
 */
static enum abi_status finish_lookup(struct sandbox *sb, uint32_t handle, struct guest_ptr body_out,
				     const struct guest_buf *metadata, struct guest_ptr error_out,
				     uint64_t *generation)
{
	struct guest_kv_op *op;
	enum abi_status status = kv_call_wait(sb, handle, KV_LOOKUP, &op);
	*generation = 0;
	if (status != ABI_OK)
		return status;
	if (op->op.error == KV_OK) {
		status = put_bytes(metadata, blob_str(op->op.found_metadata));
		if (status == ABI_OK)
			status = kv_call_open_value(sb, op, body_out);
		if (status != ABI_OK)
			return status;
		*generation = op->op.found_generation;
	}
	put_u32(error_out, op->op.error);
	kv_call_drop(sb, op);
	return ABI_OK;
}

/* A generation never fits into 32 bits, so this version of the call has none to give. */
enum abi_status hostcall_kv_store_lookup_wait(struct sandbox *sb, struct kv_store_lookup_wait_args *a)
{
	uint64_t generation;
	enum abi_status status = finish_lookup(sb, a->handle, a->body_handle_out, &a->metadata_buf,
					       a->kv_error_out, &generation);
	if (generation)
		put_u32(a->generation_out, 0);
	return status;
}

enum abi_status hostcall_kv_store_lookup_wait_v2(struct sandbox *sb, struct kv_store_lookup_wait_v2_args *a)
{
	uint64_t generation;
	enum abi_status status = finish_lookup(sb, a->handle, a->body_handle_out, &a->metadata_buf,
					       a->kv_error_out, &generation);
	if (generation)
		put_u64(a->generation_out, generation);
	return status;
}

/* ---- insert ---- */

/* A string of a config record: must be there and be text when its bit is set. Copied. */
static bool read_text(struct sandbox *sb, bool given, uint32_t offset, uint32_t len, struct str *out)
{
	struct str s;
	if (!given)
		return true;
	if (len == 0 || !sandbox_str(sb, offset, len, &s) || !str_is_utf8(s))
		return false;
	*out = arena_str(sandbox_arena(sb), s);
	return true;
}

static bool read_insert_config(struct sandbox *sb, uint32_t mask, const struct abi_kv_insert_config *c,
			       struct kv_op *op)
{
	if (mask & ~(uint32_t)INSERT_ALL || c->mode > KV_PREPEND)
		return false;
	op->mode = (enum kv_insert_mode)c->mode;
	op->if_generation = mask & INSERT_IF_GENERATION;
	op->generation = c->if_generation_match;
	/* A time to live of 0 s is over as soon as time moves; to the store, 0 means that there is none. */
	if (mask & INSERT_TTL)
		op->ttl_ns = MAX(c->time_to_live_sec * NS_PER_S, UINT64_C(1));
	return read_text(sb, mask & INSERT_METADATA, c->metadata, c->metadata_len, &op->metadata);
}

enum abi_status hostcall_kv_store_insert(struct sandbox *sb, struct kv_store_insert_args *a)
{
	struct guest_kv_op *op = sb->waiting.state;
	enum abi_status status;
	if (!op) {
		status = kv_call_new(sb, a->store, KV_INSERT, a->key, ABI_INVAL, &op);
		if (status != ABI_OK)
			return status;
		if (!read_insert_config(sb, a->insert_config_mask, &a->insert_configuration, &op->op)) {
			kv_call_drop(sb, op);
			return ABI_INVAL;
		}
		sb->waiting.state = op;
	}
	status = kv_call_insert(sb, op, a->body_handle);
	if (status == ABI_OK)
		put_u32(a->handle_out, op->handle);
	return status;
}

enum abi_status hostcall_kv_store_insert_wait(struct sandbox *sb, struct kv_store_insert_wait_args *a)
{
	struct guest_kv_op *op;
	enum abi_status status = kv_call_wait(sb, a->handle, KV_INSERT, &op);
	if (status != ABI_OK)
		return status;
	put_u32(a->kv_error_out, op->op.error);
	kv_call_drop(sb, op);
	return ABI_OK;
}

/* ---- delete ---- */

enum abi_status hostcall_kv_store_delete(struct sandbox *sb, struct kv_store_delete_args *a)
{
	struct guest_kv_op *op;
	if (a->delete_config_mask & ~(uint32_t)RESERVED)
		return ABI_INVAL;
	enum abi_status status = kv_call_new(sb, a->store, KV_DELETE, a->key, ABI_INVAL, &op);
	if (status != ABI_OK)
		return status;
	kv_call_start(sb, op);
	put_u32(a->handle_out, op->handle);
	return ABI_OK;
}

enum abi_status hostcall_kv_store_delete_wait(struct sandbox *sb, struct kv_store_delete_wait_args *a)
{
	struct guest_kv_op *op;
	enum abi_status status = kv_call_wait(sb, a->handle, KV_DELETE, &op);
	if (status != ABI_OK)
		return status;
	put_u32(a->kv_error_out, op->op.error);
	kv_call_drop(sb, op);
	return ABI_OK;
}

/* ---- list ---- */

/*
 * Without a limit, and with one that is larger, a page has as many keys as a page can have: who asks for more
 * than that in one go follows the cursor.
 */
static bool read_list_config(struct sandbox *sb, uint32_t mask, const struct abi_kv_list_config *c,
			     struct kv_op *op)
{
	if (mask & ~(uint32_t)LIST_ALL || c->mode > LIST_EVENTUAL)
		return false;
	op->limit = mask & LIST_LIMIT ? MIN(c->limit, (uint32_t)KV_LIST_LIMIT_MAX) : KV_LIST_LIMIT_MAX;
	return read_text(sb, mask & LIST_CURSOR, c->cursor, c->cursor_len, &op->cursor) &&
	       read_text(sb, mask & LIST_PREFIX, c->prefix, c->prefix_len, &op->prefix);
}

/* What no store can have an answer to: a page of nothing, a prefix or cursor beyond the longest key. */
static bool list_is_absurd(const struct kv_op *op)
{
	return op->limit == 0 || op->prefix.len > KV_KEY_BYTES_MAX || op->cursor.len > 2 * KV_KEY_BYTES_MAX;
}

enum abi_status hostcall_kv_store_list(struct sandbox *sb, struct kv_store_list_args *a)
{
	struct guest_kv_op *op;
	enum abi_status status = kv_call_new(sb, a->store, KV_LIST, STR(""), ABI_INVAL, &op);
	if (status != ABI_OK)
		return status;
	if (!read_list_config(sb, a->list_config_mask, &a->list_configuration, &op->op)) {
		kv_call_drop(sb, op);
		return ABI_INVAL;
	}
	if (list_is_absurd(&op->op))
		kv_call_settle(op, KV_BAD_REQUEST);
	kv_call_start(sb, op);
	put_u32(a->handle_out, op->handle);
	return ABI_OK;
}

/* The answer of Fastly's API, as its local server writes it: what there is none of is left out. */
static struct body *list_body(struct sandbox *sb, const struct kv_op *op)
{
	scoped(buf_fini) struct buf json = BUF_INIT(LIST_JSON_BYTES_MAX);
	buf_add(&json, STR("{\"data\":["));
	for (size_t i = 0; i < op->keys_count; i++) {
		if (i)
			buf_add_char(&json, ',');
		buf_add_json(&json, op->keys[i]);
	}
	buf_add(&json, STR("],\"meta\":{\"limit\":"));
	buf_add_u64(&json, op->limit);
	if (op->prefix.len) {
		buf_add(&json, STR(",\"prefix\":"));
		buf_add_json(&json, op->prefix);
	}
	if (op->next_cursor.len) {
		buf_add(&json, STR(",\"next_cursor\":"));
		buf_add_json(&json, op->next_cursor);
	}
	buf_add(&json, STR("}}"));
	struct body *body = body_new(sandbox_loop(sb));
	body_write(body, buf_str(&json));
	return body;
}

enum abi_status hostcall_kv_store_list_wait(struct sandbox *sb, struct kv_store_list_wait_args *a)
{
	struct guest_kv_op *op;
	uint32_t handle;
	enum abi_status status = kv_call_wait(sb, a->handle, KV_LIST, &op);
	if (status != ABI_OK)
		return status;
	if (op->op.error == KV_OK) {
		status = sandbox_open_body(sb, list_body(sb, &op->op), &handle);
		if (status != ABI_OK)
			return status;
		put_u32(a->body_handle_out, handle);
	}
	put_u32(a->kv_error_out, op->op.error);
	kv_call_drop(sb, op);
	return ABI_OK;
}
