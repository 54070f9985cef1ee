/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fastly_image_optimizer: what is asked for is checked and noted, a request goes to the backend, and its
 * answer comes back as it is; the guest's request stays its own. As at Fastly, the origin sees no query,
 * unless the service wants the parameters kept that are not the optimizer's; and a URL that asks for nonsense
 * is answered 400, unless the service is forgiving.
 */
#include <string.h>

#include "guest/wasm/hostcalls/pending.h"
#include "http/uri.h"
#include "world/image_options.h"

enum {
	IMAGE_CLAIMS = 1 << 1,
	DETAIL_OK = 1,
	DETAIL_ERROR = 2,
	WARNINGS_BYTES_MAX = 4096,
};

/* What the guest finds in its record; the words go where it has room for them. */
static void put_detail(struct sandbox *sb, struct guest_ptr out, uint32_t tag, struct str words)
{
	struct abi_image_optimizer_error_detail detail;
	memcpy(&detail, out.at, sizeof detail);
	uint8_t *room = detail.message_len ? sandbox_memory(sb, detail.message, detail.message_len) : NULL;
	detail.tag = tag;
	detail.message_len = room ? (uint32_t)MIN(words.len, (size_t)detail.message_len) : 0;
	if (room)
		memcpy(room, words.ptr ? words.ptr : "", detail.message_len);
	memcpy(out.at, &detail, sizeof detail);
}

static void note(struct sandbox *sb, const struct image_options *options, struct str backend)
{
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, "image-optimizer");
	trace_str(trace, ev, "backend", backend);
	for (const struct image_option *o = options->first; ev && o; o = o->next)
		trace_str(trace, ev, arena_str(sandbox_arena(sb), o->name).ptr, o->value);
}

/* The request as the origin gets it: another one, because the guest keeps its own. */
static enum abi_status open_origin_request(struct sandbox *sb, const struct guest_request *r,
					   const struct image_options *options, uint32_t *handle)
{
	struct guest_request *copy = ARENA_NEW(sandbox_arena(sb), struct guest_request);
	struct uri uri = uri_split(r->http.uri);
	bool keep = options->keep_others && options->others.len;
	*copy = *r;
	copy->downstream = false;
	copy->cache_override |= REQUEST_CACHE_PASS; /* the optimizer caches, not this request */
	if (uri.has_query) {
		struct str before = str_sub(r->http.uri, 0, (size_t)(uri.query.ptr - r->http.uri.ptr) - 1);
		copy->http.uri = arena_printf(sandbox_arena(sb), STR_FMT "%s" STR_FMT, STR_ARG(before),
					      keep ? "?" : "", STR_ARG(keep ? options->others : STR("")));
	}
	return sandbox_open(sb, HANDLE_REQUEST, copy, handle);
}

/* What the optimizer answers by itself. */
static enum abi_status refuse(struct sandbox *sb, uint32_t body, struct str words,
			      struct guest_ptr response_out, struct guest_ptr body_out)
{
	struct guest_response *r = ARENA_NEW(sandbox_arena(sb), struct guest_response);
	struct body *content = body_new(sandbox_loop(sb));
	uint32_t handle;
	struct body *unused = sandbox_take_body(sb, body);
	if (unused)
		body_abandon(unused);
	body_unref(&unused);
	r->http.status = 400;
	r->http.version = HTTP_1_1;
	headers_add(&r->http.headers, sandbox_arena(sb), STR("content-type"), STR("text/plain"));
	body_write(content, words);
	body_end(content);
	enum abi_status status = sandbox_open_body(sb, content, &handle);
	if (status != ABI_OK)
		return status;
	put_u32(body_out, handle);
	return sandbox_put(sb, HANDLE_RESPONSE, r, response_out);
}

typedef struct image_optimizer_transform_image_optimizer_request_args args;

/* The options of service and URL; *answered when the URL's were answered already. */
static enum abi_status read_options(struct sandbox *sb, args *a, struct guest_request *r,
				    struct image_options *options, struct buf *warnings, bool *answered)
{
	const struct abi_image_optimizer_transform_config *c = &a->io_transform_configuration;
	struct str claims = { "", 0 };
	struct error e;
	if (a->io_transform_config_mask & ~(uint32_t)IMAGE_CLAIMS)
		return ABI_INVAL;
	if (a->io_transform_config_mask & IMAGE_CLAIMS)
		claims = (struct str){ (const char *)sandbox_memory(sb, c->sdk_claims_opts,
								    c->sdk_claims_opts_len),
				       c->sdk_claims_opts_len };
	if (!claims.ptr)
		return ABI_INVAL;
	if (!image_options_read(options, sandbox_arena(sb), claims, &e)) {
		put_detail(sb, a->io_error_detail, DETAIL_ERROR, str_from(e.text));
		return ABI_INVAL;
	}
	*answered = !image_options_read_url(options, sandbox_arena(sb), uri_split(r->http.uri).query,
					    options->forgiving ? warnings : NULL, &e);
	if (!*answered)
		return ABI_OK;
	put_detail(sb, a->io_error_detail, DETAIL_OK, STR(""));
	return refuse(sb, a->origin_image_request_body, str_from(e.text), a->response_out, a->body_out);
}

/* Without a body it is an empty one. */
static enum abi_status find_body(struct sandbox *sb, uint32_t *handle)
{
	if (*handle != HANDLE_INVALID)
		return sandbox_body(sb, *handle) ? ABI_OK : ABI_BADF;
	struct body *empty = body_new(sandbox_loop(sb));
	return sandbox_open_body(sb, empty, handle);
}

static enum abi_status begin(struct sandbox *sb, args *a, struct guest_pending **p)
{
	struct image_options options;
	struct guest_request *r = sandbox_request(sb, a->origin_image_request);
	bool answered = false;
	if (!r)
		return ABI_BADF;
	enum abi_status status = find_body(sb, &a->origin_image_request_body);
	if (status != ABI_OK)
		return status;
	scoped(buf_fini) struct buf warnings = BUF_INIT(WARNINGS_BYTES_MAX);
	status = read_options(sb, a, r, &options, &warnings, &answered);
	if (status != ABI_OK || answered)
		return status;
	note(sb, &options, a->origin_image_request_backend);
	uint32_t request;
	status = open_origin_request(sb, r, &options, &request);
	if (status != ABI_OK)
		return status;
	status = pending_send(sb, request, a->origin_image_request_body, a->origin_image_request_backend, 0,
			      p);
	if (status != ABI_OK) {
		handles_take(&sb->handles, request, HANDLE_REQUEST);
		return status;
	}
	if (warnings.len)
		headers_add(&(*p)->response_headers[0], sandbox_arena(sb), STR("fastly-io-compute-warnings"),
			    buf_str(&warnings));
	put_detail(sb, a->io_error_detail, DETAIL_OK, STR(""));
	return ABI_OK;
}

enum abi_status hostcall_image_optimizer_transform_image_optimizer_request(struct sandbox *sb, args *a)
{
	struct guest_pending *p = sb->waiting.state;
	if (!p) {
		enum abi_status status = begin(sb, a, &p);
		if (status != ABI_OK || !p)
			return status;
		sb->waiting.state = p;
		sb->waiting.handle = handles_open(&sb->handles, HANDLE_PENDING, p);
	}
	if (!p->fetch->settled) {
		sandbox_wait_event(sb, &p->fetch->changed);
		return ABI_WAIT;
	}
	handles_take(&sb->handles, sb->waiting.handle, HANDLE_PENDING);
	return pending_finish(sb, p, (struct guest_ptr){ NULL }, a->response_out, a->body_out);
}
