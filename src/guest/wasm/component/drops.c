/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a resource that the guest drops without having given it away. */
#include "guest/wasm/component/handlers.h"

/* Makes a host call that takes a handle; that the handle was used up before is no error. */
static enum abi_status close_with(struct door *d, const char *module, const char *name, uint32_t rep)
{
	const uint64_t raw[HOSTCALL_PARAMS_MAX] = { rep };
	enum abi_status status = sandbox_call(d->sb, hostcall_find(str_from(module), str_from(name)), raw);
	return status == ABI_TRAP ? ABI_TRAP : ABI_OK;
}

/* Stores, lists, secrets and endpoints: the ABI knows no way to close them. */
enum abi_status door_drop_nothing(struct door *d, uint32_t rep)
{
	(void)d, (void)rep;
	return ABI_OK;
}

enum abi_status door_drop_object(struct door *d, uint32_t rep)
{
	door_object_free(d, rep);
	return ABI_OK;
}

enum abi_status door_drop_request(struct door *d, uint32_t rep)
{
	return close_with(d, "fastly_http_req", "close", rep);
}

enum abi_status door_drop_response(struct door *d, uint32_t rep)
{
	return close_with(d, "fastly_http_resp", "close", rep);
}

enum abi_status door_drop_cache(struct door *d, uint32_t rep)
{
	return close_with(d, "fastly_cache", "close", rep);
}

enum abi_status door_drop_http_cache(struct door *d, uint32_t rep)
{
	return close_with(d, "fastly_http_cache", "close", rep);
}

/* A value of a key-value store whose body nobody took. */
enum abi_status door_drop_entry(struct door *d, uint32_t rep)
{
	struct door_object *o = door_object(d, rep, OBJECT_ENTRY);
	enum abi_status status = ABI_OK;
	if (o && !o->of.entry.taken)
		status = close_with(d, "fastly_http_body", "close", o->of.entry.body);
	door_object_free(d, rep);
	return status;
}

/*
 * WIT has one type for all that can be waited for. A body that is still written to is broken off, as WIT
 * says: only who closes it says that it is complete.
 */
enum abi_status door_drop_item(struct door *d, uint32_t rep)
{
	const struct guest_body *body = sandbox_body(d->sb, rep);
	switch (handles_kind(&d->sb->handles, rep)) {
	case HANDLE_BODY:
		return close_with(d, "fastly_http_body", body->streaming ? "abandon" : "close", rep);
	case HANDLE_CACHE:
		return close_with(d, "fastly_cache", "close_busy", rep);
	case HANDLE_PROMISE:
		return close_with(d, "fastly_http_downstream", "next_request_abandon", rep);
	default:
		return ABI_OK;
	}
}
