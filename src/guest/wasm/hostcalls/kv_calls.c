/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/hostcalls/kv_calls.h"

#include <string.h>

#include "base/mem.h"

/* ENTRY_BYTES: what a store needs for an entry beside its value, about. */
enum { VALUE_FIRST_BYTES = 4096, ENTRY_BYTES = 256 };

static const char *const error_names[] = {
	[KV_UNINITIALIZED] = "uninitialized",
	[KV_OK] = "ok",
	[KV_BAD_REQUEST] = "bad_request",
	[KV_NOT_FOUND] = "not_found",
	[KV_PRECONDITION_FAILED] = "precondition_failed",
	[KV_PAYLOAD_TOO_LARGE] = "payload_too_large",
	[KV_INTERNAL_ERROR] = "internal_error",
	[KV_TOO_MANY_REQUESTS] = "too_many_requests",
};

enum abi_status kv_call_open(struct sandbox *sb, struct str name, struct guest_ptr out)
{
	if (!str_is_utf8(name) || !kv_has_store(sb->world->kv, name))
		return ABI_INVAL;
	struct guest_name *opened = ARENA_NEW(sandbox_arena(sb), struct guest_name);
	opened->name = arena_str(sandbox_arena(sb), name);
	return sandbox_put(sb, HANDLE_KV, opened, out);
}

enum abi_status kv_call_new(struct sandbox *sb, uint32_t store, enum kv_kind kind, struct str key,
			    enum abi_status bad_key, struct guest_kv_op **out)
{
	const struct guest_name *opened = handles_get(&sb->handles, store, HANDLE_KV);
	if (!opened)
		return ABI_BADF;
	if (!str_is_utf8(key))
		return ABI_INVAL;
	if (kind != KV_LIST &&
	    (*kv_key_fault(key) || !invocation_within(sb->invocation, LIMIT_kv_key_bytes, key.len)))
		return bad_key;
	struct guest_kv_op *op = ARENA_NEW(sandbox_arena(sb), struct guest_kv_op);
	enum abi_status status = sandbox_open(sb, HANDLE_KV_OP, op, &op->handle);
	if (status != ABI_OK)
		return status;
	kv_op_init(&op->op, kind, opened->name, arena_str(sandbox_arena(sb), key));
	*out = op;
	return ABI_OK;
}

/* ---- trace ---- */

static void trace_start(struct sandbox *sb, struct guest_kv_op *op)
{
	static const char *const events[] = {
		[KV_LOOKUP] = "kv-get",
		[KV_INSERT] = "kv-put",
		[KV_DELETE] = "kv-delete",
		[KV_LIST] = "kv-list",
	};
	struct trace *trace = &sb->invocation->trace;
	op->invocation = sb->invocation->number;
	op->event = trace_add(trace, events[op->op.kind]);
	trace_str(trace, op->event, "name", op->op.store);
	trace_str(trace, op->event, "key", op->op.kind == KV_LIST ? op->op.prefix : op->op.key);
	if (op->op.ttl_ns)
		trace_number(trace, op->event, "ttl", (double)op->op.ttl_ns / (double)NS_PER_S);
}

/* The event was added when the operation began, so that events stand in the order of the guest's calls. */
static void trace_end(struct sandbox *sb, struct guest_kv_op *op)
{
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = take(op->event);
	if (!ev || op->invocation != sb->invocation->number)
		return;
	if (op->op.kind == KV_LOOKUP)
		trace_bool(trace, ev, "found", op->op.error == KV_OK);
	trace_str(trace, ev, "status", str_from(error_names[op->op.error]));
	uint64_t now = clock_wall(sandbox_loop(sb)->clock); /* which may have been set back */
	trace_number(trace, ev, "elapsed", (double)(MAX(now, ev->wall_ns) - ev->wall_ns) / (double)NS_PER_US);
}

/* ---- starting ---- */

static bool value_within(struct sandbox *sb, const struct kv_op *op)
{
	bool value = invocation_within(sb->invocation, LIMIT_kv_value_bytes, op->value->len);
	return invocation_within(sb->invocation, LIMIT_kv_metadata_bytes, op->metadata.len) && value;
}

void kv_call_start(struct sandbox *sb, struct guest_kv_op *op)
{
	trace_start(sb, op);
	if (op->op.kind == KV_INSERT && !op->op.done && !value_within(sb, &op->op))
		kv_call_settle(op, KV_PAYLOAD_TOO_LARGE);
	if (!op->op.done)
		kv_start(sb->world->kv, &op->op, sandbox_loop(sb));
	if (op->op.done)
		trace_end(sb, op);
}

void kv_call_settle(struct guest_kv_op *op, enum kv_error error)
{
	op->op.done = true;
	op->op.error = error;
}

/* Adds bytes to the value, which nobody else holds yet. False: it would be longer than any value may be. */
static bool add_to_value(struct guest_kv_op *op, struct str bytes)
{
	size_t len = op->bytes->len;
	if (bytes.len > KV_VALUE_BYTES_MAX - len)
		return false;
	if (len + bytes.len > op->bytes_cap) {
		op->bytes_cap = MAX(len + bytes.len, MAX(2 * op->bytes_cap, (size_t)VALUE_FIRST_BYTES));
		op->bytes = mem_realloc(op->bytes, sizeof *op->bytes + op->bytes_cap + 1);
	}
	memcpy(op->bytes->bytes + len, bytes.ptr, bytes.len);
	op->bytes->len = len + bytes.len;
	op->bytes->bytes[op->bytes->len] = '\0';
	return true;
}

/* BODY_ENDED: all of it is there, or so much that it is too much. */
static enum body_state read_value(struct guest_kv_op *op)
{
	struct str bytes;
	enum body_state state;
	while ((state = body_peek(op->value, &bytes)) == BODY_DATA) {
		if (!add_to_value(op, bytes)) {
			body_abandon(op->value);
			kv_call_settle(op, KV_PAYLOAD_TOO_LARGE);
			return BODY_ENDED;
		}
		body_consume(op->value, bytes.len);
	}
	return state;
}

enum abi_status kv_call_insert(struct sandbox *sb, struct guest_kv_op *op, uint32_t body)
{
	if (!op->value) {
		op->value = sandbox_take_body(sb, body);
		if (!op->value) {
			kv_call_drop(sb, op);
			return ABI_BADF;
		}
		op->bytes = blob_new(STR(""));
		if (!op->value->streaming && !op->value->source)
			sandbox_let_go(
				sb,
				op->value->buffered); /* it was the guest's own; the store takes it over */
	}
	switch (read_value(op)) {
	case BODY_WAIT:
		sandbox_wait_event(sb, &op->value->readable);
		return ABI_WAIT;
	case BODY_FAILED: {
		enum body_failure why = body_why(op->value);
		kv_call_drop(sb, op);
		return why == BODY_FAILURE_INCOMPLETE || why == BODY_FAILURE_ABANDONED ? ABI_HTTPINCOMPLETE
										       : ABI_ERROR;
	}
	case BODY_DATA:
	case BODY_ENDED:
		break;
	}
	body_unref(&op->value);
	op->op.value = op->bytes;
	if (!op->op.done && !sandbox_hold(sb, op->bytes->len + ENTRY_BYTES))
		kv_call_settle(op, KV_TOO_MANY_REQUESTS);
	kv_call_start(sb, op);
	return ABI_OK;
}

/* ---- waiting and ending ---- */

enum abi_status kv_call_wait(struct sandbox *sb, uint32_t handle, enum kv_kind kind, struct guest_kv_op **out)
{
	struct guest_kv_op *op = handles_get(&sb->handles, handle, HANDLE_KV_OP);
	if (!op || op->op.kind != kind)
		return ABI_BADF;
	if (!op->op.done) {
		sandbox_wait_event(sb, &op->op.changed);
		return ABI_WAIT;
	}
	trace_end(sb, op);
	*out = op;
	return ABI_OK;
}

enum abi_status kv_call_open_value(struct sandbox *sb, const struct guest_kv_op *op, struct guest_ptr out)
{
	uint32_t handle;
	struct body *body = body_new(sandbox_loop(sb));
	body_write_blob(body, op->op.found);
	enum abi_status status = sandbox_open_body(sb, body, &handle);
	if (status == ABI_OK)
		put_u32(out, handle);
	return status;
}

void kv_call_fini(struct guest_kv_op *op)
{
	if (op->value)
		body_abandon(op->value);
	body_unref(&op->value);
	kv_op_fini(&op->op);
	blob_unref(&op->bytes);
}

void kv_call_drop(struct sandbox *sb, struct guest_kv_op *op)
{
	handles_take(&sb->handles, op->handle, HANDLE_KV_OP);
	kv_call_fini(op);
}
