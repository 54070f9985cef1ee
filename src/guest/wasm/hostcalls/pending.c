/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a request to a backend: sent, under way, answered or failed; and the calls that wait for it. */
#include "guest/wasm/hostcalls/pending.h"

#include <string.h>

#include "guest/readthrough.h"
#include "guest/wasm/hostcalls/message_headers.h"
#include "http/cache_rules.h"
#include "http/gunzip.h"
#include "http/uri.h"

/* The name under which an SDK hands over a cache key, in hex, for the host alone. */
#define CACHE_KEY_HEADER STR("fastly-xqd-cache-key")

/* ---- sending ---- */

static struct str host_header(const struct guest_request *r, const struct backend *backend)
{
	if (backend->override_host.len)
		return backend->override_host;
	struct str host = headers_get(&r->http.headers, STR("host"));
	if (host.len)
		return host;
	host = uri_split(r->http.uri).authority;
	return host.len ? host : backend->target.host;
}

/* Path and query on the wire: the backend's prefix, then the request's, with one slash between. */
static struct str wire_path(struct sandbox *sb, const struct guest_request *r, const struct backend *backend)
{
	struct uri uri = uri_split(r->http.uri);
	struct str path = uri.path.len ? uri.path : STR("/");
	return arena_printf(sandbox_arena(sb), STR_FMT "%s" STR_FMT "%s" STR_FMT,
			    STR_ARG(backend->path_prefix), path.ptr[0] == '/' ? "" : "/", STR_ARG(path),
			    uri.has_query ? "?" : "", STR_ARG(uri.query));
}

/*
 * Framing that the guest may choose: exactly one of the two headers, and a length that is a number.
 * UINT64_MAX: chunked.
 */
static bool framing_valid(const struct headers *h, uint64_t *length)
{
	struct str value = headers_get(h, STR("content-length"));
	bool chunked = headers_has(h, STR("transfer-encoding"));
	*length = UINT64_MAX;
	return value.ptr ? !chunked && str_to_u64(value, INT64_MAX, length) : chunked;
}

/* The body goes out as the guest's own headers say. */
static void frame(const struct guest_request *r, struct body *b)
{
	uint64_t length;
	if (!r->manual_framing || !framing_valid(&r->http.headers, &length))
		return;
	if (length == UINT64_MAX)
		b->length_untold = true;
	else
		body_promise(b, length);
}

static struct headers wire_headers(struct sandbox *sb, const struct guest_request *r,
				   const struct backend *backend)
{
	struct headers out = { 0 };
	struct arena *arena = sandbox_arena(sb);
	uint64_t length;
	bool keep = r->manual_framing && framing_valid(&r->http.headers, &length);
	headers_add_borrowed(&out, arena, STR("Host"), host_header(r, backend));
	for (size_t i = 0; i < r->http.headers.count; i++) {
		struct header f = r->http.headers.at[i];
		bool framing = str_eq_nocase(f.name, STR("content-length")) ||
			       str_eq_nocase(f.name, STR("transfer-encoding"));
		if (!str_eq_nocase(f.name, STR("host")) && !str_eq_nocase(f.name, CACHE_KEY_HEADER) &&
		    (keep || !framing))
			headers_add_borrowed(&out, arena, f.name, f.value);
	}
	return out;
}

static bool has_content(struct body *b)
{
	uint64_t length;
	return !body_known_length(b, &length) || length > 0;
}

/* ---- through the cache ---- */

static int hex_digit(char c)
{
	char lower = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The key that the request has, or was given; false: that is none. */
static bool cache_key(const struct guest_request *r, unsigned char key[CACHE_HASH_BYTES])
{
	struct str hex = headers_get(&r->http.headers, CACHE_KEY_HEADER);
	if (!hex.ptr) {
		cache_rules_key(&r->http, key);
		return true;
	}
	for (size_t i = 0; hex.len == (size_t)2 * CACHE_HASH_BYTES && i < CACHE_HASH_BYTES; i++) {
		int high = hex_digit(hex.ptr[2 * i]), low = hex_digit(hex.ptr[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		key[i] = (unsigned char)(high << 4 | low);
	}
	return hex.len == (size_t)2 * CACHE_HASH_BYTES;
}

static struct fetch *failed_fetch(struct sandbox *sb, enum fetch_error error)
{
	struct fetch *f = fetch_new(sandbox_loop(sb));
	fetch_fail(f, error, STR(""));
	return f;
}

static struct fetch *send_through_cache(struct sandbox *sb, const struct guest_request *r,
					struct backend *backend, const struct http_request *http)
{
	unsigned char key[CACHE_HASH_BYTES];
	uint32_t tags = r->cache_override;
	bool purge = str_eq(http->method, STR("PURGE"));
	if (!cache_key(r, key))
		return failed_fetch(sb, FETCH_HTTP_REQUEST_CACHE_KEY_INVALID);
	struct readthrough_request request = {
		.backend = backend,
		.path = wire_path(sb, r, backend),
		.http = http,
		.key = { (const char *)key, sizeof key },
		.override = {
			.has_ttl = tags & REQUEST_CACHE_TTL,
			.has_swr = tags & REQUEST_CACHE_SWR,
			.sensitive = tags & REQUEST_CACHE_PCI,
			.ttl_s = r->cache_ttl,
			.swr_s = r->cache_swr,
			.surrogate_keys = r->surrogate_keys,
		},
	};
	if (tags & REQUEST_CACHE_LOOKUP_TIMEOUT)
		request.override.lookup_timeout_ms = r->cache_lookup_timeout_ms;
	return purge ? readthrough_purge(sb->invocation, &request)
		     : readthrough_send(sb->invocation, &request);
}

/* Sends it through the cache when it is to go there and may, else at once. */
static void start_fetch(struct sandbox *sb, const struct guest_request *r, struct backend *backend,
			const struct http_request *http, unsigned flags, struct guest_pending *p)
{
	bool cached = flags & SEND_CACHED && sb->world->http_cache;
	bool purge = str_eq(http->method, STR("PURGE"));
	bool passed =
		r->cache_override & REQUEST_CACHE_PASS || !(purge || cache_rules_request_cacheable(http));
	p->passed = cached && passed;
	p->fetch = cached && !passed
			   ? send_through_cache(sb, r, backend, http)
			   : invocation_send(sb->invocation, backend, wire_path(sb, r, backend), http);
}

enum abi_status pending_send(struct sandbox *sb, uint32_t request, uint32_t body, struct str backend_name,
			     unsigned flags, struct guest_pending **out)
{
	bool streaming = flags & SEND_STREAMING;
	struct guest_request *r = sandbox_request(sb, request);
	struct guest_body *b = sandbox_body(sb, body);
	if (!r || !b || b->streaming)
		return ABI_BADF;
	struct backend *backend = sandbox_backend(sb, backend_name);
	if (!backend)
		return ABI_INVAL;
	struct http_request http = r->http;
	enum limit limit;
	if (!invocation_within(sb->invocation, LIMIT_subrequests, sb->invocation->subrequest_count + 1))
		return ABI_LIMITEXCEEDED;
	http.headers = wire_headers(sb, r, backend);
	if (!invocation_request_within(sb->invocation, &http, &limit))
		return ABI_LIMITEXCEEDED;
	handles_take(&sb->handles, request, HANDLE_REQUEST);
	struct body *content = streaming ? sandbox_stream_body(sb, body) : sandbox_take_body(sb, body);
	frame(r, content);
	if (!streaming && !has_content(content)) {
		body_abandon(content);
		body_unref(&content);
	}
	http.body = content;
	*out = ARENA_NEW(sandbox_arena(sb), struct guest_pending);
	(*out)->gunzip = r->gunzip;
	start_fetch(sb, r, backend, &http, flags, *out);
	body_unref(&content);
	return ABI_OK;
}

/* ---- answers ---- */

static enum abi_status fetch_status(enum fetch_error error)
{
	switch (error) {
	case FETCH_OK:
		return ABI_OK;
	case FETCH_HTTP_PROTOCOL_ERROR:
	case FETCH_HTTP_RESPONSE_STATUS_INVALID:
		return ABI_HTTPINVALID;
	case FETCH_HTTP_INCOMPLETE_RESPONSE:
	case FETCH_CONNECTION_TERMINATED:
		return ABI_HTTPINCOMPLETE;
	case FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE:
		return ABI_HTTPHEADTOOLARGE;
	default:
		return ABI_ERROR;
	}
}

static void put_detail(struct guest_ptr out, enum fetch_error error)
{
	struct abi_send_error_detail detail = { .tag = error };
	if (out.at)
		memcpy(out.at, &detail, sizeof detail);
}

/* Applies what pending_req_header_* said: insertions, additions, removals. */
static void adjust_headers(struct sandbox *sb, struct headers *h, const struct headers changes[3])
{
	for (size_t i = 0; i < changes[0].count; i++)
		headers_set(h, sandbox_arena(sb), changes[0].at[i].name, changes[0].at[i].value);
	for (size_t i = 0; i < changes[1].count; i++)
		headers_add_borrowed(h, sandbox_arena(sb), changes[1].at[i].name, changes[1].at[i].value);
	for (size_t i = 0; i < changes[2].count; i++)
		headers_remove(h, changes[2].at[i].name);
}

static bool is_gzip(const struct headers *h)
{
	struct str encoding = headers_get(h, STR("content-encoding"));
	return str_eq_nocase(encoding, STR("gzip")) || str_eq_nocase(encoding, STR("x-gzip"));
}

/* A response of an origin and its body, a reference for the caller; the fetch is settled and OK. */
static struct guest_response *take_response(struct sandbox *sb, struct guest_pending *p, struct body **body)
{
	struct guest_response *r = ARENA_NEW(sandbox_arena(sb), struct guest_response);
	struct fetch *f = p->fetch;
	r->http = f->response;
	/* The strings live in the fetch, which may be gone before the response is: through the cache nobody
	 * else keeps it, and a sandbox outlives the record of its invocation. */
	r->http.reason = arena_str(sandbox_arena(sb), f->response.reason);
	r->http.headers = headers_copy(&f->response.headers, sandbox_arena(sb));
	r->http.body = NULL;
	memcpy(r->remote_ip, f->remote_ip, sizeof r->remote_ip);
	r->remote_ip_len = f->remote_ip_len;
	r->remote_port = f->remote_port;
	*body = take(f->response.body);
	if (!*body) {
		*body = body_new(sandbox_loop(sb));
		body_end(*body);
	}
	if (p->gunzip && is_gzip(&r->http.headers) && r->http.status != 206 && has_content(*body)) {
		headers_remove(&r->http.headers, STR("content-encoding"));
		headers_remove(&r->http.headers, STR("content-length"));
		*body = body_gunzip(*body);
	}
	if (p->passed)
		readthrough_mark(sb->world, &r->http.headers, sandbox_arena(sb), false, 0);
	adjust_headers(sb, &r->http.headers, p->response_headers);
	return r;
}

enum abi_status pending_finish(struct sandbox *sb, struct guest_pending *p, struct guest_ptr detail,
			       struct guest_ptr response_out, struct guest_ptr body_out)
{
	struct body *body = NULL;
	uint32_t handle;
	enum fetch_error error = p->fetch->error;
	if (error == FETCH_OK && !invocation_response_within(sb->invocation, &p->fetch->response.headers))
		error = FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE;
	put_detail(detail, error);
	if (error != FETCH_OK) {
		fetch_unref(&p->fetch);
		return fetch_status(error);
	}
	struct guest_response *r = take_response(sb, p, &body);
	fetch_unref(&p->fetch);
	enum abi_status status = sandbox_open_body(sb, body, &handle);
	if (status != ABI_OK)
		return status;
	put_u32(body_out, handle);
	return sandbox_put(sb, HANDLE_RESPONSE, r, response_out);
}

void pending_answer(struct sandbox *sb, struct guest_pending *p, struct guest_response **response,
		    struct body **body)
{
	enum fetch_error error = p->fetch->error;
	if (error == FETCH_OK && !invocation_response_within(sb->invocation, &p->fetch->response.headers))
		error = FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE;
	if (error == FETCH_OK) {
		*response = take_response(sb, p, body);
		fetch_unref(&p->fetch);
		return;
	}
	bool late = error == FETCH_HTTP_RESPONSE_TIMEOUT || error == FETCH_CONNECTION_TIMEOUT ||
		    error == FETCH_DNS_TIMEOUT;
	struct guest_response *r = ARENA_NEW(sandbox_arena(sb), struct guest_response);
	r->http.status = late ? 504 : 502;
	r->http.version = HTTP_1_1;
	adjust_headers(sb, &r->http.headers, p->error_headers);
	*response = r;
	*body = body_new(sandbox_loop(sb));
	body_write(*body, str_from(fetch_error_text(error)));
	body_end(*body);
	fetch_unref(&p->fetch);
}

/* ---- the calls that send ---- */

/*
 * Sends at the first call, then waits: what all three versions of `send` do; the third is not for the
 * readthrough cache, because the guest drives the cache itself. Between the calls the request is
 * behind a handle that the guest never learns, so that it is let go like any other if the guest is ended
 * meanwhile.
 */
static enum abi_status send_and_wait(struct sandbox *sb, uint32_t h, uint32_t b, struct str backend,
				     unsigned flags, struct guest_ptr detail, struct guest_ptr response_out,
				     struct guest_ptr body_out)
{
	struct guest_pending *p = sb->waiting.state;
	if (!p) {
		enum abi_status status = pending_send(sb, h, b, backend, flags, &p);
		if (status != ABI_OK) {
			put_detail(detail,
				   status == ABI_INVAL ? FETCH_DESTINATION_NOT_FOUND : FETCH_UNINITIALIZED);
			return status;
		}
		sb->waiting.state = p;
		sb->waiting.handle = handles_open(&sb->handles, HANDLE_PENDING, p);
	}
	if (!p->fetch->settled) {
		sandbox_wait_event(sb, &p->fetch->changed);
		return ABI_WAIT;
	}
	handles_take(&sb->handles, sb->waiting.handle, HANDLE_PENDING);
	return pending_finish(sb, p, detail, response_out, body_out);
}

enum abi_status hostcall_http_req_send(struct sandbox *sb, struct http_req_send_args *a)
{
	return send_and_wait(sb, a->h, a->b, a->backend, SEND_CACHED, (struct guest_ptr){ NULL },
			     a->response_out, a->body_out);
}

enum abi_status hostcall_http_req_send_v2(struct sandbox *sb, struct http_req_send_v2_args *a)
{
	return send_and_wait(sb, a->h, a->b, a->backend, SEND_CACHED, a->error_detail, a->response_out,
			     a->body_out);
}

enum abi_status hostcall_http_req_send_v3(struct sandbox *sb, struct http_req_send_v3_args *a)
{
	return send_and_wait(sb, a->h, a->b, a->backend, 0, a->error_detail, a->response_out, a->body_out);
}

static enum abi_status send_async(struct sandbox *sb, uint32_t h, uint32_t b, struct str backend,
				  unsigned flags, struct guest_ptr out)
{
	struct guest_pending *p;
	enum abi_status status = pending_send(sb, h, b, backend, flags, &p);
	if (status != ABI_OK)
		return status;
	status = sandbox_put(sb, HANDLE_PENDING, p, out);
	if (status != ABI_OK)
		fetch_unref(&p->fetch);
	return status;
}

enum abi_status hostcall_http_req_send_async(struct sandbox *sb, struct http_req_send_async_args *a)
{
	return send_async(sb, a->h, a->b, a->backend, SEND_CACHED, a->pending_request_out);
}

enum abi_status hostcall_http_req_send_async_v2(struct sandbox *sb, struct http_req_send_async_v2_args *a)
{
	return send_async(sb, a->h, a->b, a->backend, a->streaming == 1 ? SEND_STREAMING : 0,
			  a->pending_request_out);
}

enum abi_status hostcall_http_req_send_async_streaming(struct sandbox *sb,
						       struct http_req_send_async_streaming_args *a)
{
	return send_async(sb, a->h, a->b, a->backend, SEND_STREAMING | SEND_CACHED, a->pending_request_out);
}

/* ---- the calls that look after it ---- */

static struct guest_pending *find_pending(struct sandbox *sb, uint32_t h)
{
	return handles_get(&sb->handles, h, HANDLE_PENDING);
}

static enum abi_status poll_pending(struct sandbox *sb, uint32_t h, struct guest_ptr detail,
				    struct guest_ptr is_done, struct guest_ptr response_out,
				    struct guest_ptr body_out)
{
	struct guest_pending *p = find_pending(sb, h);
	if (!p)
		return ABI_BADF;
	put_u32(is_done, p->fetch->settled);
	if (!p->fetch->settled) {
		put_detail(detail, FETCH_UNINITIALIZED);
		put_u32(response_out, HANDLE_INVALID);
		put_u32(body_out, HANDLE_INVALID);
		return ABI_OK;
	}
	handles_take(&sb->handles, h, HANDLE_PENDING);
	return pending_finish(sb, p, detail, response_out, body_out);
}

enum abi_status hostcall_http_req_pending_req_poll(struct sandbox *sb,
						   struct http_req_pending_req_poll_args *a)
{
	return poll_pending(sb, a->h, (struct guest_ptr){ NULL }, a->is_done, a->response_out, a->body_out);
}

enum abi_status hostcall_http_req_pending_req_poll_v2(struct sandbox *sb,
						      struct http_req_pending_req_poll_v2_args *a)
{
	return poll_pending(sb, a->h, a->error_detail, a->is_done, a->response_out, a->body_out);
}

static enum abi_status wait_pending(struct sandbox *sb, uint32_t h, struct guest_ptr detail,
				    struct guest_ptr response_out, struct guest_ptr body_out)
{
	struct guest_pending *p = find_pending(sb, h);
	if (!p)
		return ABI_BADF;
	if (!p->fetch->settled) {
		sandbox_wait_event(sb, &p->fetch->changed);
		return ABI_WAIT;
	}
	handles_take(&sb->handles, h, HANDLE_PENDING);
	return pending_finish(sb, p, detail, response_out, body_out);
}

enum abi_status hostcall_http_req_pending_req_wait(struct sandbox *sb,
						   struct http_req_pending_req_wait_args *a)
{
	return wait_pending(sb, a->h, (struct guest_ptr){ NULL }, a->response_out, a->body_out);
}

enum abi_status hostcall_http_req_pending_req_wait_v2(struct sandbox *sb,
						      struct http_req_pending_req_wait_v2_args *a)
{
	return wait_pending(sb, a->h, a->error_detail, a->response_out, a->body_out);
}

/* The first of them that is settled. A failed one is reported by handles that are invalid, and its detail. */
static enum abi_status select_pending(struct sandbox *sb, const struct guest_handles *hs,
				      struct guest_ptr detail, struct guest_ptr done_idx,
				      struct guest_ptr response_out, struct guest_ptr body_out)
{
	if (hs->count == 0 || hs->count > sb->world->limits.handles) /* more than there can be */
		return ABI_INVAL;
	for (uint32_t i = 0; i < hs->count; i++) {
		if (!find_pending(sb, guest_handle(hs, i)))
			return ABI_BADF;
	}
	for (uint32_t i = 0; i < hs->count; i++) {
		struct guest_pending *p = find_pending(sb, guest_handle(hs, i));
		if (!p->fetch->settled)
			continue;
		bool failed = p->fetch->error != FETCH_OK;
		handles_take(&sb->handles, guest_handle(hs, i), HANDLE_PENDING);
		put_u32(done_idx, i);
		put_u32(response_out, HANDLE_INVALID);
		put_u32(body_out, HANDLE_INVALID);
		enum abi_status status = pending_finish(sb, p, detail, response_out, body_out);
		return failed ? ABI_OK : status;
	}
	for (uint32_t i = 0; i < hs->count; i++)
		sandbox_wait_event(sb, &find_pending(sb, guest_handle(hs, i))->fetch->changed);
	return ABI_WAIT;
}

enum abi_status hostcall_http_req_pending_req_select(struct sandbox *sb,
						     struct http_req_pending_req_select_args *a)
{
	return select_pending(sb, &a->hs, (struct guest_ptr){ NULL }, a->done_idx, a->response_out,
			      a->body_out);
}

enum abi_status hostcall_http_req_pending_req_select_v2(struct sandbox *sb,
							struct http_req_pending_req_select_v2_args *a)
{
	return select_pending(sb, &a->hs, a->error_detail, a->done_idx, a->response_out, a->body_out);
}

/* ---- headers for when it will be sent downstream ---- */

enum { CHANGE_INSERT, CHANGE_APPEND, CHANGE_REMOVE };
enum { KIND_ANY, KIND_RESPONSE, KIND_ERROR };

static enum abi_status change_headers(struct sandbox *sb, uint32_t h, int change, struct str name,
				      struct str value, uint32_t target)
{
	struct guest_pending *p = find_pending(sb, h);
	if (!p)
		return ABI_BADF;
	if (target > KIND_ERROR)
		return ABI_INVAL;
	enum abi_status status = message_field_status(name, value);
	if (status != ABI_OK)
		return status;
	size_t count = MAX(p->response_headers[change].count, p->error_headers[change].count);
	if (!invocation_within(sb->invocation, LIMIT_headers, count + 1))
		return ABI_LIMITEXCEEDED;
	if (target != KIND_ERROR)
		headers_add(&p->response_headers[change], sandbox_arena(sb), name, value);
	if (target != KIND_RESPONSE)
		headers_add(&p->error_headers[change], sandbox_arena(sb), name, value);
	return ABI_OK;
}

enum abi_status hostcall_http_req_pending_req_header_insert(struct sandbox *sb,
							    struct http_req_pending_req_header_insert_args *a)
{
	return change_headers(sb, a->h, CHANGE_INSERT, a->name, a->value, a->target);
}

enum abi_status hostcall_http_req_pending_req_header_append(struct sandbox *sb,
							    struct http_req_pending_req_header_append_args *a)
{
	return change_headers(sb, a->h, CHANGE_APPEND, a->name, a->value, a->target);
}

enum abi_status hostcall_http_req_pending_req_header_remove(struct sandbox *sb,
							    struct http_req_pending_req_header_remove_args *a)
{
	return change_headers(sb, a->h, CHANGE_REMOVE, a->name, STR(""), a->target);
}
