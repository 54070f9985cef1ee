/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_req: requests, and the registration of dynamic backends. Sending them is in pending.c. */
#include <string.h>

#include "guest/wasm/hostcalls/message_headers.h"
#include "http/uri.h"

enum { METHOD_BYTES_MAX = 1024, BACKEND_TEXT_BYTES_MAX = 1024, BACKEND_PEM_BYTES_MAX = 64 * 1024 };

enum abi_status hostcall_http_req_body_downstream_get(struct sandbox *sb,
						      struct http_req_body_downstream_get_args *a)
{
	put_u32(a->request_out, sb->request_handle);
	put_u32(a->body_out, sb->body_handle);
	return ABI_OK;
}

enum abi_status hostcall_http_req_new(struct sandbox *sb, struct http_req_new_args *a)
{
	struct guest_request *r = ARENA_NEW(sandbox_arena(sb), struct guest_request);
	r->http.method = STR("GET");
	r->http.uri = STR("/");
	r->http.version = HTTP_1_1;
	return sandbox_put(sb, HANDLE_REQUEST, r, a->request_out);
}

enum abi_status hostcall_http_req_close(struct sandbox *sb, struct http_req_close_args *a)
{
	return handles_take(&sb->handles, a->h, HANDLE_REQUEST) ? ABI_OK : ABI_BADF;
}

/* ---- method, URI, version ---- */

enum abi_status hostcall_http_req_method_get(struct sandbox *sb, struct http_req_method_get_args *a)
{
	struct guest_request *r = sandbox_request(sb, a->h);
	return r ? put_bytes(&a->value, r->http.method) : ABI_BADF;
}

enum abi_status hostcall_http_req_method_set(struct sandbox *sb, struct http_req_method_set_args *a)
{
	struct guest_request *r = sandbox_request(sb, a->h);
	if (!r)
		return ABI_BADF;
	if (a->method.len > METHOD_BYTES_MAX ||
	    !header_name_valid(a->method)) /* both are tokens: RFC 9110, 9.1 */
		return ABI_ERROR;
	if (!invocation_within(sb->invocation, LIMIT_method_bytes, a->method.len))
		return ABI_LIMITEXCEEDED;
	r->http.method = arena_str(sandbox_arena(sb), a->method);
	return ABI_OK;
}

enum abi_status hostcall_http_req_uri_get(struct sandbox *sb, struct http_req_uri_get_args *a)
{
	struct guest_request *r = sandbox_request(sb, a->h);
	return r ? put_bytes(&a->value, r->http.uri) : ABI_BADF;
}

enum abi_status hostcall_http_req_uri_set(struct sandbox *sb, struct http_req_uri_set_args *a)
{
	struct guest_request *r = sandbox_request(sb, a->h);
	struct uri uri;
	struct error ignored;
	if (!r)
		return ABI_BADF;
	if (!invocation_within(sb->invocation, LIMIT_uri_bytes, a->uri.len))
		return ABI_LIMITEXCEEDED;
	if (!uri_parse(&uri, a->uri, &ignored))
		return ABI_ERROR;
	bool no_path = uri.scheme.len && uri.path.len == 0;                /* it reads back with one */
	struct str whole = str_sub(a->uri, 0, str_find_char(a->uri, '#')); /* and without a fragment */
	struct str head =
		uri.has_query ? str_sub(a->uri, 0, (size_t)(uri.query.ptr - a->uri.ptr) - 1) : whole;
	r->http.uri = no_path ? arena_printf(sandbox_arena(sb), STR_FMT "/%s" STR_FMT, STR_ARG(head),
					     uri.has_query ? "?" : "", STR_ARG(uri.query))
			      : arena_str(sandbox_arena(sb), whole);
	return ABI_OK;
}

/* ---- headers and version ---- */

MESSAGE_CALLS(http_req, guest_request, sandbox_request)

/* ---- how it is to be sent ---- */

static enum abi_status set_override(struct sandbox *sb, uint32_t h, uint32_t tag, uint32_t ttl, uint32_t swr,
				    struct str keys, uint32_t lookup_timeout_ms)
{
	struct guest_request *r = sandbox_request(sb, h);
	if (!r)
		return ABI_BADF;
	if (tag > REQUEST_CACHE_ALL || !header_value_valid(keys))
		return ABI_INVAL;
	r->cache_override = tag;
	r->cache_ttl = ttl;
	r->cache_swr = swr;
	r->cache_lookup_timeout_ms = lookup_timeout_ms;
	r->surrogate_keys = arena_str(sandbox_arena(sb), keys);
	return ABI_OK;
}

enum abi_status hostcall_http_req_cache_override_set(struct sandbox *sb,
						     struct http_req_cache_override_set_args *a)
{
	return set_override(sb, a->h, a->tag, a->ttl, a->stale_while_revalidate, STR(""), 0);
}

enum abi_status hostcall_http_req_cache_override_v2_set(struct sandbox *sb,
							struct http_req_cache_override_v2_set_args *a)
{
	return set_override(sb, a->h, a->tag, a->ttl, a->stale_while_revalidate, a->sk, 0);
}

enum abi_status hostcall_http_req_cache_override_v3_set(struct sandbox *sb,
							struct http_req_cache_override_v3_set_args *a)
{
	const struct abi_cache_override *o = &a->cache_override;
	struct str keys = STR("");
	if (o->surrogate_keys_len && !sandbox_str(sb, o->surrogate_keys, o->surrogate_keys_len, &keys))
		return ABI_INVAL;
	return set_override(sb, a->h, a->tag, o->ttl, o->stale_while_revalidate, keys, o->lookup_timeout_ms);
}

enum { ENCODING_GZIP = 1, FRAMING_MANUAL = 1 };

enum abi_status hostcall_http_req_auto_decompress_response_set(
	struct sandbox *sb, struct http_req_auto_decompress_response_set_args *a)
{
	struct guest_request *r = sandbox_request(sb, a->h);
	if (!r)
		return ABI_BADF;
	if (a->encodings & ~(uint32_t)ENCODING_GZIP)
		return ABI_INVAL;
	r->gunzip = a->encodings & ENCODING_GZIP;
	return ABI_OK;
}

enum abi_status hostcall_http_req_framing_headers_mode_set(struct sandbox *sb,
							   struct http_req_framing_headers_mode_set_args *a)
{
	struct guest_request *r = sandbox_request(sb, a->h);
	if (!r)
		return ABI_BADF;
	if (a->mode > FRAMING_MANUAL)
		return ABI_INVAL;
	r->manual_framing = a->mode == FRAMING_MANUAL;
	return ABI_OK;
}

/* ---- dynamic backends ---- */

/* A text of the configuration, when its bit is set: it must have bytes, and not too many. */
static bool config_text(struct sandbox *sb, struct backend *b, bool given, uint32_t offset, uint32_t len,
			uint32_t max, struct str *out)
{
	struct str text;
	if (!given)
		return true;
	if (len == 0 || len > max || !sandbox_str(sb, offset, len, &text) || !str_is_utf8(text))
		return false;
	*out = arena_str(&b->arena, text);
	return true;
}

static bool config_names(struct sandbox *sb, struct backend *b, uint32_t mask,
			 const struct abi_dynamic_backend_config *c)
{
	struct http_target *t = &b->target;
	const uint32_t max = BACKEND_TEXT_BYTES_MAX;
	bool sni = mask & BACKEND_SNI_HOSTNAME;
	if (sni && c->sni_hostname_len == 0) { /* given and empty: without SNI */
		t->use_sni = false;
		sni = false;
	}
	return config_text(sb, b, mask & BACKEND_HOST_OVERRIDE, c->host_override, c->host_override_len, max,
			   &b->override_host) &&
	       header_value_valid(b->override_host) &&
	       config_text(sb, b, mask & BACKEND_CERT_HOSTNAME, c->cert_hostname, c->cert_hostname_len, max,
			   &t->certificate_host) &&
	       config_text(sb, b, sni, c->sni_hostname, c->sni_hostname_len, max, &t->sni) &&
	       config_text(sb, b, mask & BACKEND_CIPHERS, c->ciphers, c->ciphers_len, max, &t->ciphers) &&
	       config_text(sb, b, mask & BACKEND_CA_CERT, c->ca_cert, c->ca_cert_len, BACKEND_PEM_BYTES_MAX,
			   &t->ca_pem);
}

static enum abi_status config_client_cert(struct sandbox *sb, struct backend *b, uint32_t mask,
					  const struct abi_dynamic_backend_config *c)
{
	if (!(mask & BACKEND_CLIENT_CERT))
		return ABI_OK;
	const struct guest_secret *key = handles_get(&sb->handles, c->client_key, HANDLE_SECRET);
	if (!key)
		return ABI_BADF;
	b->target.client_key_pem = arena_str(&b->arena, key->plaintext);
	bool good = config_text(sb, b, true, c->client_certificate, c->client_certificate_len,
				BACKEND_PEM_BYTES_MAX, &b->target.client_cert_pem);
	return good ? ABI_OK : ABI_INVAL;
}

static bool config_versions(struct backend *b, uint32_t mask, const struct abi_dynamic_backend_config *c)
{
	if (mask & BACKEND_SSL_MIN_VERSION)
		b->target.tls_min = (enum tls_version)c->ssl_min_version;
	if (mask & BACKEND_SSL_MAX_VERSION)
		b->target.tls_max = (enum tls_version)c->ssl_max_version;
	return (!(mask & BACKEND_SSL_MIN_VERSION) || c->ssl_min_version <= TLS_1_3) &&
	       (!(mask & BACKEND_SSL_MAX_VERSION) || c->ssl_max_version <= TLS_1_3) &&
	       ((mask & (BACKEND_SSL_MIN_VERSION | BACKEND_SSL_MAX_VERSION)) !=
			(BACKEND_SSL_MIN_VERSION | BACKEND_SSL_MAX_VERSION) ||
		c->ssl_min_version <= c->ssl_max_version);
}

static void config_numbers(struct backend *b, uint32_t mask, const struct abi_dynamic_backend_config *c)
{
	struct http_target *t = &b->target;
	if (mask & BACKEND_CONNECT_TIMEOUT) {
		b->connect_timeout_ms = c->connect_timeout_ms;
		t->connect_timeout_ns = c->connect_timeout_ms * NS_PER_MS;
	}
	if (mask & BACKEND_FIRST_BYTE_TIMEOUT) {
		b->first_byte_timeout_ms = c->first_byte_timeout_ms;
		t->first_byte_timeout_ns = c->first_byte_timeout_ms * NS_PER_MS;
	}
	if (mask & BACKEND_BETWEEN_BYTES_TIMEOUT) {
		b->between_bytes_timeout_ms = c->between_bytes_timeout_ms;
		t->between_bytes_timeout_ns = c->between_bytes_timeout_ms * NS_PER_MS;
	}
	if (mask & BACKEND_KEEPALIVE) {
		b->keepalive_time_ms = c->http_keepalive_time_ms;
		b->tcp_keepalive_enable = c->tcp_keepalive_enable != 0;
		b->tcp_keepalive_interval_s = c->tcp_keepalive_interval_secs;
		b->tcp_keepalive_probes = c->tcp_keepalive_probes;
		b->tcp_keepalive_time_s = c->tcp_keepalive_time_secs;
	}
	b->dont_pool = mask & BACKEND_DONT_POOL;
	b->grpc = mask & BACKEND_GRPC;
	t->http2 = b->grpc;
	t->prefer_ipv4 = mask & BACKEND_PREFER_IPV4;
}

static enum abi_status fill_backend(struct sandbox *sb, struct backend *b,
				    struct http_req_register_dynamic_backend_args *a)
{
	struct error ignored;
	uint32_t mask = a->backend_config_mask;
	const struct abi_dynamic_backend_config *c = &a->backend_configuration;
	struct str url = arena_printf(sandbox_arena(sb), "%s://" STR_FMT,
				      mask & BACKEND_USE_SSL ? "https" : "http", STR_ARG(a->target));
	b->dynamic = true;
	if (!backend_set_url(b, url, &ignored))
		return ABI_ERROR;
	if (!config_names(sb, b, mask, c) || !config_versions(b, mask, c))
		return ABI_INVAL;
	config_numbers(b, mask, c);
	return config_client_cert(sb, b, mask, c);
}

static enum abi_status start_registration(struct sandbox *sb,
					  struct http_req_register_dynamic_backend_args *a)
{
	const uint32_t known = 2 * BACKEND_HEALTHCHECK - 2; /* all bits but the reserved first */
	if (a->backend_config_mask & ~known || !str_is_utf8(a->name_prefix) || a->name_prefix.len == 0)
		return ABI_INVAL;
	if (sandbox_backend(sb, a->name_prefix))
		return ABI_ERROR; /* a name is given once */
	if (!invocation_within(sb->invocation, LIMIT_dynamic_backends, pmap_count(&sb->dynamic_backends) + 1))
		return ABI_LIMITEXCEEDED;
	struct backend *b = backend_new(a->name_prefix);
	enum abi_status status = fill_backend(sb, b, a);
	if (status == ABI_OK)
		sandbox_register_backend(sb, b, a->target);
	else
		backend_unref(&b);
	return status;
}

enum abi_status hostcall_http_req_register_dynamic_backend(struct sandbox *sb,
							   struct http_req_register_dynamic_backend_args *a)
{
	return sandbox_register_wait(sb, sb->waiting.state ? ABI_OK : start_registration(sb, a));
}
