/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fastly_http_req: the client's request is given to a backend, or to the GRIP proxy, which answers in the
 * guest's place. What goes there is what Viceroy sends: the request as it came, or one of the guest's making
 * with the fields of the connection taken from the one that came.
 */
#include "guest/wasm/sandbox.h"
#include "http/uri.h"

/* Fields that a guest cannot change, in a request that it hands over. */
static bool is_protected(struct str name)
{
	static const struct str names[] = {
		STR_INIT("connection"),
		STR_INIT("sec-websocket-version"),
		STR_INIT("sec-websocket-key"),
		STR_INIT("upgrade"),
		STR_INIT("content-length"),
		STR_INIT("content-range"),
		STR_INIT("expect"),
		STR_INIT("fastly-ff"),
		STR_INIT("proxy-authenticate"),
		STR_INIT("proxy-authorization"),
		STR_INIT("te"),
		STR_INIT("trailer"),
		STR_INIT("transfer-encoding"),
		STR_INIT("cdn-loop"),
	};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (str_eq_nocase(name, names[i]))
			return true;
	}
	return false;
}

/* Host and the route are said here, whatever the request has. */
static bool is_ours(struct str name)
{
	return str_eq_nocase(name, STR("host")) || str_eq_nocase(name, STR("pushpin-route"));
}

static void copy_fields(struct sandbox *sb, struct headers *to, const struct headers *from, bool protected,
			bool others)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct header *f = &from->at[i];
		if (!is_ours(f->name) && (is_protected(f->name) ? protected : others))
			headers_add_borrowed(to, sandbox_arena(sb), f->name, f->value);
	}
}

/* As the backend's URL says it, without a port that goes without saying. */
static struct str own_host(struct sandbox *sb, const struct backend *b)
{
	const struct http_target *t = &b->target;
	bool usual = t->port == (str_eq(t->scheme, STR("https")) ? 443 : 80);
	const char *format = str_find_char(t->host, ':') == STR_NONE ? STR_FMT : "[" STR_FMT "]";
	struct arena *a = sandbox_arena(sb);
	struct str host = b->override_host.len ? b->override_host : arena_printf(a, format, STR_ARG(t->host));
	return b->override_host.len || usual
		       ? host
		       : arena_printf(a, STR_FMT ":%u", STR_ARG(host), (unsigned)t->port);
}

static struct str target_path(struct sandbox *sb, const struct backend *b, struct str uri_text)
{
	struct uri uri = uri_split(uri_text);
	struct str path = uri.path.len ? uri.path : STR("/");
	return arena_printf(sandbox_arena(sb), STR_FMT "%s" STR_FMT "%s" STR_FMT, STR_ARG(b->path_prefix),
			    path.ptr[0] == '/' ? "" : "/", STR_ARG(path), uri.has_query ? "?" : "",
			    STR_ARG(uri.query));
}

/*
 * Where a GRIP request goes: the proxy that the world names, which knows the backend as a route; without one,
 * in tests, the backend itself.
 */
static struct backend *grip_backend(struct sandbox *sb, struct str name)
{
	struct error ignored;
	struct backend *known = sandbox_backend(sb, name);
	uint16_t port = sb->world->handoff.grip_port;
	if (!port && known)
		return backend_ref(known);
	struct backend *b = backend_new(name);
	bool good =
		backend_set_url(b, arena_printf(sandbox_arena(sb), "http://127.0.0.1:%u", port ? port : 80u),
				&ignored);
	CHECK(good);
	return b;
}

/* `r`: the guest's request; NULL: as it came. */
static enum abi_status hand_off(struct sandbox *sb, enum handoff_kind kind, const struct guest_request *r,
				struct str name)
{
	bool grip = kind == HANDOFF_GRIP;
	const struct http_request *asked = sb->asked->http;
	if (sb->sent)
		return ABI_ERROR;
	if (grip ? !sb->world->handoff.grip : !sb->world->handoff.websocket)
		return ABI_UNSUPPORTED;
	struct backend *b = grip ? grip_backend(sb, name) : sandbox_backend(sb, name);
	if (!b)
		return ABI_INVAL;
	struct http_request request = { .method = r ? r->http.method : asked->method,
					.uri = r ? r->http.uri : asked->uri,
					.version = HTTP_1_1 };
	headers_add_borrowed(&request.headers, sandbox_arena(sb), STR("Host"), own_host(sb, b));
	copy_fields(sb, &request.headers, &asked->headers, true, !r);
	if (r)
		copy_fields(sb, &request.headers, &r->http.headers, false, true);
	if (grip)
		headers_add_borrowed(&request.headers, sandbox_arena(sb), STR("pushpin-route"), name);
	request.body = asked->body && !body_abandoned(asked->body) ? asked->body : NULL;
	sb->sent = true;
	sb->body_closed = false; /* who reads it now gives it up */
	invocation_hand_off(sb->invocation, kind, b, target_path(sb, b, request.uri), &request);
	if (grip)
		backend_unref(&b);
	return ABI_OK;
}

static enum abi_status hand_off_v2(struct sandbox *sb, enum handoff_kind kind, uint32_t request,
				   struct str name)
{
	const struct guest_request *r = sandbox_request(sb, request);
	return r ? hand_off(sb, kind, r, name) : ABI_BADF;
}

enum abi_status hostcall_http_req_upgrade_websocket(struct sandbox *sb,
						    struct http_req_upgrade_websocket_args *a)
{
	return hand_off(sb, HANDOFF_WEBSOCKET, NULL, a->backend_name);
}

enum abi_status hostcall_http_req_redirect_to_websocket_proxy(
	struct sandbox *sb, struct http_req_redirect_to_websocket_proxy_args *a)
{
	return hand_off(sb, HANDOFF_WEBSOCKET, NULL, a->backend_name);
}

enum abi_status hostcall_http_req_redirect_to_grip_proxy(struct sandbox *sb,
							 struct http_req_redirect_to_grip_proxy_args *a)
{
	return hand_off(sb, HANDOFF_GRIP, NULL, a->backend_name);
}

enum abi_status hostcall_http_req_redirect_to_websocket_proxy_v2(
	struct sandbox *sb, struct http_req_redirect_to_websocket_proxy_v2_args *a)
{
	return hand_off_v2(sb, HANDOFF_WEBSOCKET, a->h, a->backend_name);
}

enum abi_status hostcall_http_req_redirect_to_grip_proxy_v2(struct sandbox *sb,
							    struct http_req_redirect_to_grip_proxy_v2_args *a)
{
	return hand_off_v2(sb, HANDOFF_GRIP, a->h, a->backend_name);
}
