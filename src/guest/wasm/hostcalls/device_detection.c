/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_device_detection. */
#include "guest/wasm/sandbox.h"

/* What is said of this very client stands before what is known of devices. */
static bool look_up(struct sandbox *sb, struct str user_agent, struct str *json, struct error *e)
{
	const struct invocation_request *asked = sb->asked;
	if (!asked || !asked->client.device.ptr ||
	    !str_eq(headers_get(&asked->http->headers, STR("user-agent")), user_agent))
		return device_lookup(sb->world->device, user_agent, sandbox_arena(sb), json, e);
	*json = asked->client.device;
	return true;
}

enum abi_status hostcall_device_detection_lookup(struct sandbox *sb, struct device_detection_lookup_args *a)
{
	struct error e;
	struct str json;
	if (!str_is_utf8(a->user_agent))
		return ABI_ERROR; /* not INVAL, as elsewhere: this one check is the call's own at Fastly, too
				   */
	bool found = look_up(sb, a->user_agent, &json, &e);
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, "device-lookup");
	trace_str(trace, ev, "key", a->user_agent);
	trace_bool(trace, ev, "found", found);
	if (!found)
		return e.kind == ERROR_NOT_FOUND ? ABI_NONE : ABI_ERROR;
	return put_bytes(&a->value, json);
}
