/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_resp: responses, those of origins and the one that the guest gives. */
#include "guest/wasm/hostcalls/message_headers.h"
#include "guest/wasm/hostcalls/pending.h"

enum { STATUS_MIN = 100, STATUS_MAX = 999, STATUS_INTERIM_END = 200, STATUS_EARLY_HINTS = 103 };

enum abi_status hostcall_http_resp_new(struct sandbox *sb, struct http_resp_new_args *a)
{
	struct guest_response *r = ARENA_NEW(sandbox_arena(sb), struct guest_response);
	r->http.status = 200;
	r->http.version = HTTP_1_1;
	return sandbox_put(sb, HANDLE_RESPONSE, r, a->response_out);
}

enum abi_status hostcall_http_resp_close(struct sandbox *sb, struct http_resp_close_args *a)
{
	return handles_take(&sb->handles, a->h, HANDLE_RESPONSE) ? ABI_OK : ABI_BADF;
}

MESSAGE_CALLS(http_resp, guest_response, sandbox_response)

enum abi_status hostcall_http_resp_status_get(struct sandbox *sb, struct http_resp_status_get_args *a)
{
	struct guest_response *r = sandbox_response(sb, a->h);
	if (!r)
		return ABI_BADF;
	put_u16(a->http_status, r->http.status);
	return ABI_OK;
}

enum abi_status hostcall_http_resp_status_set(struct sandbox *sb, struct http_resp_status_set_args *a)
{
	struct guest_response *r = sandbox_response(sb, a->h);
	if (!r)
		return ABI_BADF;
	if (a->status < STATUS_MIN || a->status > STATUS_MAX)
		return ABI_INVAL;
	r->http.status = (uint16_t)a->status;
	r->http.reason = STR("");
	return ABI_OK;
}

enum abi_status hostcall_http_resp_framing_headers_mode_set(struct sandbox *sb,
							    struct http_resp_framing_headers_mode_set_args *a)
{
	struct guest_response *r = sandbox_response(sb, a->h);
	if (!r)
		return ABI_BADF;
	if (a->mode > 1)
		return ABI_INVAL;
	r->manual_framing = a->mode == 1;
	return ABI_OK;
}

enum abi_status hostcall_http_resp_http_keepalive_mode_set(struct sandbox *sb,
							   struct http_resp_http_keepalive_mode_set_args *a)
{
	struct guest_response *r = sandbox_response(sb, a->h);
	if (!r)
		return ABI_BADF;
	if (a->mode > 1)
		return ABI_INVAL;
	r->no_keepalive = a->mode == 1;
	return ABI_OK;
}

enum abi_status hostcall_http_resp_get_addr_dest_ip(struct sandbox *sb,
						    struct http_resp_get_addr_dest_ip_args *a)
{
	struct guest_response *r = sandbox_response(sb, a->h);
	if (!r)
		return ABI_BADF;
	if (r->remote_ip_len == 0)
		return ABI_NONE;
	put_ip(&a->ip, r->remote_ip, r->remote_ip_len);
	return ABI_OK;
}

enum abi_status hostcall_http_resp_get_addr_dest_port(struct sandbox *sb,
						      struct http_resp_get_addr_dest_port_args *a)
{
	struct guest_response *r = sandbox_response(sb, a->h);
	if (!r)
		return ABI_BADF;
	if (r->remote_ip_len == 0)
		return ABI_NONE;
	put_u16(a->port, r->remote_port);
	return ABI_OK;
}

/* ---- answering ---- */

enum abi_status hostcall_http_resp_send_downstream(struct sandbox *sb,
						   struct http_resp_send_downstream_args *a)
{
	struct guest_response *r = sandbox_response(sb, a->h);
	struct guest_body *b = sandbox_body(sb, a->b);
	if (!r || !b || b->streaming)
		return ABI_BADF;
	if (a->streaming > 1)
		return ABI_INVAL;
	if (sb->sent)
		return ABI_ERROR; /* there is one answer to a request */
	bool interim = r->http.status < STATUS_INTERIM_END;
	if (interim && r->http.status != STATUS_EARLY_HINTS)
		return sandbox_trap(
			sb,
			"a response with status %d cannot be sent: only 103 may come before the final one",
			r->http.status);
	if (interim) { /* both handles stay the guest's: the final response may be made of them */
		invocation_inform(sb->invocation, r->http.status, &r->http.headers);
		return ABI_OK;
	}
	handles_take(&sb->handles, a->h, HANDLE_RESPONSE);
	sandbox_respond(sb, r, a->streaming ? sandbox_stream_body(sb, a->b) : sandbox_take_body(sb, a->b));
	return ABI_OK;
}

enum abi_status hostcall_http_resp_send_downstream_pending(struct sandbox *sb,
							   struct http_resp_send_downstream_pending_args *a)
{
	struct guest_pending *p = handles_get(&sb->handles, a->handle, HANDLE_PENDING);
	struct guest_response *r;
	struct body *body;
	if (!p)
		return ABI_BADF;
	if (sb->sent)
		return ABI_ERROR;
	if (!p->fetch->settled) {
		sandbox_wait_event(sb, &p->fetch->changed);
		return ABI_WAIT;
	}
	handles_take(&sb->handles, a->handle, HANDLE_PENDING);
	pending_answer(sb, p, &r, &body);
	sandbox_respond(sb, r, body);
	return ABI_OK;
}
