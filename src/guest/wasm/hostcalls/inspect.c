/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_req.inspect: the firewall's verdict, which is whatever the world says it is. */
#include "guest/wasm/sandbox.h"

enum {
	INSPECT_CORP = 1 << 1,
	INSPECT_WORKSPACE = 1 << 2,
	INSPECT_CLIENT_IP = 1 << 3,
	INSPECT_ALL = INSPECT_CORP | INSPECT_WORKSPACE | INSPECT_CLIENT_IP,
	ANSWER_BYTES_MAX = 1 << 20,
};

/* A name that must be there. */
static enum abi_status read_name(struct sandbox *sb, bool given, uint32_t at, uint32_t len, struct str *out)
{
	if (!given || len == 0)
		return ABI_INVAL;
	*out = (struct str){ (const char *)sandbox_memory(sb, at, len), len };
	return out->ptr && str_is_utf8(*out) ? ABI_OK : ABI_INVAL;
}

enum abi_status hostcall_http_req_inspect(struct sandbox *sb, struct http_req_inspect_args *a)
{
	const struct firewall *firewall = &sb->world->facts->firewall;
	const struct abi_inspect_info *info = &a->insp_info;
	uint32_t mask = a->insp_info_mask;
	struct str corp, workspace;
	if (!sandbox_request(sb, a->req) || !sandbox_body(sb, a->body))
		return ABI_BADF;
	if (mask & ~(uint32_t)INSPECT_ALL ||
	    read_name(sb, mask & INSPECT_CORP, info->corp, info->corp_len, &corp) != ABI_OK ||
	    read_name(sb, mask & INSPECT_WORKSPACE, info->workspace, info->workspace_len, &workspace) !=
		    ABI_OK)
		return ABI_INVAL;
	if (mask & INSPECT_CLIENT_IP &&
	    ((info->override_client_ip_len != 4 && info->override_client_ip_len != 16) ||
	     !sandbox_memory(sb, info->override_client_ip, info->override_client_ip_len)))
		return ABI_INVAL;
	scoped(buf_fini) struct buf answer = BUF_INIT(ANSWER_BYTES_MAX);
	firewall_add_json(firewall, &answer);
	enum abi_status status = put_bytes(&a->value, buf_str(&answer));
	if (status != ABI_OK)
		return status;
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, "inspect");
	trace_str(trace, ev, "corp", corp);
	trace_str(trace, ev, "workspace", workspace);
	trace_str(trace, ev, "verdict", firewall_verdict(firewall));
	trace_number(trace, ev, "status", firewall_status(firewall));
	trace_str(trace, ev, "tags", firewall->tags);
	return ABI_OK;
}
