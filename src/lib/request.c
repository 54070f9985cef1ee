/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, and the header fields of everything. */
#include "base/mem.h"
#include "http/uri.h"
#include "lib/lib_priv.h"

/* ---- header fields ---- */

bl_bytes lib_header(const struct headers *h, const char *name)
{
	return name ? lib_bytes(headers_get(h, str_from(name))) : (bl_bytes){ NULL, 0 };
}

bool lib_header_at(const struct headers *h, size_t index, bl_bytes *name, bl_bytes *value)
{
	if (index >= h->count)
		return false;
	if (name)
		*name = lib_bytes(h->at[index].name);
	if (value)
		*value = lib_bytes(h->at[index].value);
	return true;
}

bool lib_header_add(struct headers *h, struct arena *a, const char *name, const char *value, bl_error **error)
{
	if (!lib_given(name, "name", error) || !lib_given(value, "value", error))
		return false;
	if (!header_name_valid(str_from(name)))
		return lib_failf(error, ERROR_INVALID, "'%s' is not the name of a header field", name);
	if (!header_value_valid(str_from(value)))
		return lib_failf(error, ERROR_INVALID,
				 "the value of '%s' has characters that no header field has", name);
	headers_add(h, a, str_from(name), str_from(value));
	return true;
}

/* ---- requests ---- */

static bool valid_target(struct str url, bl_error **error)
{
	struct error e;
	struct uri uri;
	if (url.len && url.ptr[0] == '/')
		return true;
	if (!uri_parse(&uri, url, &e)) {
		error_wrap(&e, STR_FMT, STR_ARG(url));
		return lib_fail(error, &e);
	}
	return (str_starts(url, STR("http://")) || str_starts(url, STR("https://"))) ||
	       lib_failf(error, ERROR_INVALID,
			 STR_FMT ": it begins neither with http:// or https:// nor with '/'", STR_ARG(url));
}

bl_request *bl_request_new(const char *method, const char *url, bl_error **error)
{
	if (!lib_given(method, "method", error) || !lib_given(url, "url", error) ||
	    !valid_target(str_from(url), error))
		return NULL;
	if (!header_name_valid(str_from(method))) { /* both are tokens */
		lib_failf(error, ERROR_INVALID, "'%s' is not a method", method);
		return NULL;
	}
	struct bl_request *r = NEW(struct bl_request);
	atomic_init(&r->refs, 1);
	arena_init(&r->arena);
	r->method = arena_str(&r->arena, str_from(method));
	r->url = arena_str(&r->arena, str_from(url));
	return r;
}

bool bl_request_header(bl_request *request, const char *name, const char *value, bl_error **error)
{
	return lib_given(request, "request", error) &&
	       lib_header_add(&request->headers, &request->arena, name, value, error);
}

bool bl_request_body(bl_request *request, const void *bytes, size_t len, bl_error **error)
{
	if (!lib_given(request, "request", error) || (len && !lib_given(bytes, "bytes", error)))
		return false;
	request->body = arena_str(&request->arena, (struct str){ bytes, len });
	request->has_body = true;
	return true;
}

bool bl_request_client(bl_request *request, const char *name, const char *value, bl_error **error)
{
	struct error e;
	if (!lib_given(request, "request", error) || !lib_given(name, "name", error) ||
	    !lib_given(value, "value", error))
		return false;
	return settings_set(&client_settings, &request->client, &request->arena, str_from(name),
			    str_from(value), &e) ||
	       lib_fail(error, &e);
}

const bl_request *lib_request_ref(const bl_request *request)
{
	atomic_fetch_add(&((struct bl_request *)request)->refs, 1);
	return request;
}

void bl_request_free(bl_request *request)
{
	if (!request || atomic_fetch_sub(&request->refs, 1) != 1)
		return;
	arena_fini(&request->arena);
	mem_free(request);
}

void lib_request_make(const bl_request *request, struct http_request *out, struct loop *loop, struct arena *a)
{
	memory_request(out, request->method, request->url, &request->headers,
		       request->has_body ? memory_body(loop, request->body) : NULL, a);
}
