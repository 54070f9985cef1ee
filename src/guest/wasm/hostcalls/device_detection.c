/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_device_detection. */
#include "guest/wasm/sandbox.h"

enum abi_status hostcall_device_detection_lookup(struct sandbox *sb, struct device_detection_lookup_args *a)
{
	struct error e;
	struct str json;
	if (!str_is_utf8(a->user_agent))
		return ABI_ERROR; /* not INVAL, as elsewhere: this one check is the call's own at Fastly, too
				   */
	bool found = device_lookup(sb->world->device, a->user_agent, sandbox_arena(sb), &json, &e);
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, "device-lookup");
	trace_str(trace, ev, "key", a->user_agent);
	trace_bool(trace, ev, "found", found);
	if (!found)
		return e.kind == ERROR_NOT_FOUND ? ABI_NONE : ABI_ERROR;
	return put_bytes(&a->value, json);
}
