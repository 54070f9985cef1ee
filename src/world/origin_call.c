/* SPDX-License-Identifier: Apache-2.0 */
#include "world/origin_call.h"

#include "base/mem.h"

static void call_destroy(struct rc *r)
{
	struct origin_call *call = (struct origin_call *)r;
	origin_rule_unref(&call->rule);
	buf_fini(&call->body);
	arena_fini(&call->arena);
	mem_free(call);
}

struct origin_call *origin_call_new(const struct origin_request *request, struct origin_rule *rule,
				    uint32_t nth, uint64_t at_ns)
{
	struct origin_call *call = NEW(struct origin_call);
	rc_init(&call->rc, call_destroy);
	arena_init(&call->arena);
	buf_init(&call->body, ORIGIN_CALL_BODY_BYTES_MAX);
	call->rule = rule ? origin_rule_ref(rule) : NULL;
	call->nth = nth;
	call->backend = arena_str(&call->arena, request->backend->name);
	call->method = arena_str(&call->arena, request->method);
	call->uri = arena_str(&call->arena, request->uri);
	call->path = arena_str(&call->arena, request->path);
	call->headers = headers_copy(request->headers, &call->arena);
	call->at_ns = at_ns;
	return call;
}
