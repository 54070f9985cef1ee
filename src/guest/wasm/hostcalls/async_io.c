/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_async_io: waiting for whichever of several things happens first. */
#include "guest/wasm/hostcalls/http_cache_calls.h"

enum readiness { READY, NOT_READY, NO_SUCH_ITEM };

/* Is there something to do with this handle without waiting? When not, `*event` is what will say so. */
static enum readiness item_readiness(struct sandbox *sb, uint32_t handle, struct event **event)
{
	switch (handles_kind(&sb->handles, handle)) {
	case HANDLE_BODY: {
		struct guest_body *b = sandbox_body(sb, handle);
		struct str bytes;
		*event = b->streaming ? &b->body->writable : &b->body->readable;
		if (b->streaming)
			return body_has_room(b->body) ? READY : NOT_READY;
		enum body_state state = body_peek(b->body, &bytes);
		return guest_body_all_there(b) || state != BODY_WAIT ? READY : NOT_READY;
	}
	case HANDLE_PENDING: {
		struct guest_pending *p = handles_get(&sb->handles, handle, HANDLE_PENDING);
		*event = &p->fetch->changed;
		return p->fetch->settled ? READY : NOT_READY;
	}
	case HANDLE_KV_OP: {
		struct guest_kv_op *op = handles_get(&sb->handles, handle, HANDLE_KV_OP);
		*event = &op->op.changed;
		return op->op.done ? READY : NOT_READY;
	}
	case HANDLE_CACHE: {
		struct guest_cache *g = handles_get(&sb->handles, handle, HANDLE_CACHE);
		if (!g->op || g->op->done)
			return READY;
		*event = &g->op->changed;
		return NOT_READY;
	}
	case HANDLE_HTTP_CACHE: {
		struct guest_http_cache *g = handles_get(&sb->handles, handle, HANDLE_HTTP_CACHE);
		*event = &g->lookup.op.changed;
		return g->lookup.op.done ? READY : NOT_READY;
	}
	case HANDLE_PROMISE:
		*event = &sb->next.changed;
		return next_request_ready(sb) ? READY : NOT_READY;
	default:
		return NO_SUCH_ITEM;
	}
}

enum abi_status hostcall_async_io_select(struct sandbox *sb, struct async_io_select_args *a)
{
	struct event *event;
	if (a->hs.count == 0 && a->timeout_ms == 0)
		return ABI_INVAL; /* this would wait for ever */
	if (a->hs.count > sb->world->limits.handles)
		return ABI_INVAL; /* more than there can be: some stand there twice */
	for (uint32_t i = 0; i < a->hs.count; i++) {
		enum readiness is = item_readiness(sb, guest_handle(&a->hs, i), &event);
		if (is == NO_SUCH_ITEM)
			return ABI_BADF;
		if (is == READY) {
			put_u32(a->ready_idx, i);
			return ABI_OK;
		}
	}
	if (a->timeout_ms && sandbox_wait_time(sb, a->timeout_ms * NS_PER_MS)) {
		put_u32(a->ready_idx, UINT32_MAX);
		return ABI_OK;
	}
	for (uint32_t i = 0; i < a->hs.count; i++) {
		if (item_readiness(sb, guest_handle(&a->hs, i), &event) == NOT_READY)
			sandbox_wait_event(sb, event);
	}
	if (a->hs.count == 1 && event == &sb->next.changed)
		sb->next.sought = true;
	return ABI_WAIT;
}

enum abi_status hostcall_async_io_is_ready(struct sandbox *sb, struct async_io_is_ready_args *a)
{
	struct event *event;
	enum readiness is = item_readiness(sb, a->handle, &event);
	if (is == NO_SUCH_ITEM)
		return ABI_BADF;
	if (is == NOT_READY && event == &sb->next.changed)
		sb->next.sought = true;
	put_u32(a->is_done, is == READY);
	return ABI_OK;
}
