/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_geo. */
#include "guest/wasm/sandbox.h"

/* What is said of this very client stands before what is known of addresses. */
static bool look_up(struct sandbox *sb, const uint8_t *ip, uint8_t ip_len, struct str *json, struct error *e)
{
	const struct client *client = sb->asked ? &sb->asked->client : NULL;
	if (!client || !client->geo.ptr || !client_has_address(client, ip, ip_len))
		return geo_lookup(sb->world->geo, ip, ip_len, sandbox_arena(sb), json, e);
	*json = client->geo;
	return true;
}

/* An address of which nothing is known is no error in this call: it has an empty record. */
enum abi_status hostcall_geo_lookup(struct sandbox *sb, struct geo_lookup_args *a)
{
	struct error e;
	struct str json;
	if (a->ip.len != 4 && a->ip.len != 16)
		return ABI_INVAL;
	const uint8_t *ip = (const uint8_t *)a->ip.ptr;
	bool found = look_up(sb, ip, (uint8_t)a->ip.len, &json, &e);
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, "geo");
	if (ev) {
		char text[IP_TEXT_BYTES];
		ip_print(ip, (uint8_t)a->ip.len, text);
		trace_str(trace, ev, "key", str_from(text));
	}
	trace_bool(trace, ev, "found", found);
	if (found)
		return put_bytes(&a->value, json);
	return e.kind == ERROR_NOT_FOUND ? put_bytes(&a->value, STR("")) : ABI_ERROR;
}
