/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fastly_http_downstream, and the calls of fastly_http_req with the same names, which mean the same about the
 * request that the guest was started for: one body serves both doors.
 */
#include <string.h>

#include "guest/wasm/hostcalls/message_headers.h"

/* The request as it came, when the handle is that of a downstream request. */
static enum abi_status find_original(struct sandbox *sb, const struct guest_request *r,
				     const struct http_request **out)
{
	if (!r)
		return ABI_BADF;
	if (!r->downstream)
		return ABI_ERROR;
	*out = sb->asked->http;
	return ABI_OK;
}

static enum abi_status original_names(struct sandbox *sb, const struct guest_request *r,
				      const struct guest_multi *out)
{
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	return status == ABI_OK ? message_names_get(&original->headers, out) : status;
}

static enum abi_status original_count(struct sandbox *sb, const struct guest_request *r, struct guest_ptr out)
{
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	if (status == ABI_OK)
		put_u32(out, (uint32_t)original->headers.count);
	return status;
}

static enum abi_status put_address(struct sandbox *sb, const struct guest_request *r,
				   const struct net_address *address, const struct guest_ip *out)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 }; /* of a request that came through no socket */
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	if (status == ABI_OK)
		put_ip(out, address->ip_len ? address->ip : loopback,
		       address->ip_len ? address->ip_len : sizeof loopback);
	return status;
}

static enum abi_status client_ip(struct sandbox *sb, const struct guest_request *r,
				 const struct guest_ip *out)
{
	return put_address(sb, r, &sb->asked->client, out);
}

static enum abi_status server_ip(struct sandbox *sb, const struct guest_request *r,
				 const struct guest_ip *out)
{
	return put_address(sb, r, &sb->asked->server, out);
}

static enum abi_status request_id(struct sandbox *sb, const struct guest_request *r,
				  const struct guest_buf *out)
{
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	if (status != ABI_OK)
		return status;
	return put_bytes(out,
			 arena_printf(sandbox_arena(sb), "%032llx", (unsigned long long)sb->super.number));
}

static enum abi_status compliance_region(struct sandbox *sb, const struct guest_request *r,
					 const struct guest_buf *out)
{
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	return status == ABI_OK ? put_bytes(out, STR("none")) : status;
}

static enum abi_status ddos_detected(struct sandbox *sb, const struct guest_request *r, struct guest_ptr out)
{
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	if (status == ABI_OK)
		put_u32(out, 0);
	return status;
}

/* What only a TLS or HTTP/2 connection has; this one came in the clear over HTTP/1. */
static enum abi_status absent(struct sandbox *sb, const struct guest_request *r)
{
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	return status == ABI_OK ? ABI_NONE : status;
}

static enum abi_status key_is_valid(struct sandbox *sb, const struct guest_request *r, struct guest_ptr out)
{
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	if (status != ABI_OK)
		return status;
	struct str key = headers_get(&original->headers, STR("fastly-key"));
	put_u32(out, key.ptr && pmap_get(&sb->super.world->fastly_keys, key));
	return ABI_OK;
}

/* Bots are what the request's own headers say, X-Fastly-Bot-Name and so on, as Viceroy has it. */
static enum abi_status bot_flag(struct sandbox *sb, const struct guest_request *r, struct str header,
				struct guest_ptr out)
{
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	if (status == ABI_OK)
		put_u32(out, str_eq(headers_get(&original->headers, header), STR("true")));
	return status;
}

static enum abi_status bot_text(struct sandbox *sb, const struct guest_request *r, struct str header,
				const struct guest_buf *out)
{
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	if (status != ABI_OK)
		return status;
	struct str value = headers_get(&original->headers, header);
	return value.ptr ? put_bytes(out, value) : ABI_NONE;
}

/* ---- the two doors ---- */

#define OLD(name, body, out)                                                                           \
	enum abi_status hostcall_http_req_##name(struct sandbox *sb, struct http_req_##name##_args *a) \
	{                                                                                              \
		return body(sb, sb->downstream, &a->out);                                              \
	}
#define NEW_(name, body, out)                                                                    \
	enum abi_status hostcall_http_downstream_##name(struct sandbox *sb,                      \
							struct http_downstream_##name##_args *a) \
	{                                                                                        \
		return body(sb, sandbox_request(sb, a->req), &a->out);                           \
	}
#define OLD_ABSENT(name)                                                                               \
	enum abi_status hostcall_http_req_##name(struct sandbox *sb, struct http_req_##name##_args *a) \
	{                                                                                              \
		(void)a;                                                                               \
		return absent(sb, sb->downstream);                                                     \
	}
#define NEW_ABSENT(name)                                                                         \
	enum abi_status hostcall_http_downstream_##name(struct sandbox *sb,                      \
							struct http_downstream_##name##_args *a) \
	{                                                                                        \
		return absent(sb, sandbox_request(sb, a->req));                                  \
	}

OLD(original_header_names_get, original_names, values)
NEW_(downstream_original_header_names, original_names, values)
OLD(downstream_client_ip_addr, client_ip, ip)
NEW_(downstream_client_ip_addr, client_ip, ip)
OLD(downstream_server_ip_addr, server_ip, ip)
NEW_(downstream_server_ip_addr, server_ip, ip)
OLD(downstream_client_request_id, request_id, reqid)
NEW_(downstream_client_request_id, request_id, reqid)
OLD(downstream_compliance_region, compliance_region, region)
NEW_(downstream_compliance_region, compliance_region, region)

OLD_ABSENT(downstream_client_h2_fingerprint)
NEW_ABSENT(downstream_client_h2_fingerprint)
OLD_ABSENT(downstream_client_oh_fingerprint)
NEW_ABSENT(downstream_client_oh_fingerprint)
OLD_ABSENT(downstream_tls_cipher_openssl_name)
NEW_ABSENT(downstream_tls_cipher_openssl_name)
OLD_ABSENT(downstream_tls_protocol)
NEW_ABSENT(downstream_tls_protocol)
OLD_ABSENT(downstream_tls_client_hello)
NEW_ABSENT(downstream_tls_client_hello)
OLD_ABSENT(downstream_tls_raw_client_certificate)
NEW_ABSENT(downstream_tls_raw_client_certificate)
OLD_ABSENT(downstream_tls_client_cert_verify_result)
NEW_ABSENT(downstream_tls_client_cert_verify_result)
NEW_ABSENT(downstream_tls_client_servername)
OLD_ABSENT(downstream_tls_ja3_md5)
NEW_ABSENT(downstream_tls_ja3_md5)
OLD_ABSENT(downstream_tls_ja4)
NEW_ABSENT(downstream_tls_ja4)
NEW_ABSENT(downstream_resvpnproxy_is_anonymous)
NEW_ABSENT(downstream_resvpnproxy_is_anonymous_vpn)
NEW_ABSENT(downstream_resvpnproxy_is_hosting_provider)
NEW_ABSENT(downstream_resvpnproxy_is_proxy_over_vpn)
NEW_ABSENT(downstream_resvpnproxy_is_public_proxy)
NEW_ABSENT(downstream_resvpnproxy_is_relay_proxy)
NEW_ABSENT(downstream_resvpnproxy_is_residential_proxy)
NEW_ABSENT(downstream_resvpnproxy_is_smart_dns_proxy)
NEW_ABSENT(downstream_resvpnproxy_is_tor_exit_node)
NEW_ABSENT(downstream_resvpnproxy_is_vpn_datacenter)
NEW_ABSENT(downstream_resvpnproxy_vpn_service_name)

enum abi_status hostcall_http_req_original_header_count(struct sandbox *sb,
							struct http_req_original_header_count_args *a)
{
	return original_count(sb, sb->downstream, a->header_count);
}

enum abi_status hostcall_http_downstream_downstream_original_header_count(
	struct sandbox *sb, struct http_downstream_downstream_original_header_count_args *a)
{
	return original_count(sb, sandbox_request(sb, a->req), a->header_count);
}

enum abi_status hostcall_http_req_downstream_client_ddos_detected(
	struct sandbox *sb, struct http_req_downstream_client_ddos_detected_args *a)
{
	return ddos_detected(sb, sb->downstream, a->ddos_detected);
}

enum abi_status hostcall_http_downstream_downstream_client_ddos_detected(
	struct sandbox *sb, struct http_downstream_downstream_client_ddos_detected_args *a)
{
	return ddos_detected(sb, sandbox_request(sb, a->req), a->ddos_detected);
}

enum abi_status hostcall_http_req_fastly_key_is_valid(struct sandbox *sb,
						      struct http_req_fastly_key_is_valid_args *a)
{
	return key_is_valid(sb, sb->downstream, a->is_valid);
}

enum abi_status hostcall_http_downstream_fastly_key_is_valid(
	struct sandbox *sb, struct http_downstream_fastly_key_is_valid_args *a)
{
	return key_is_valid(sb, sandbox_request(sb, a->req), a->is_valid);
}

/* ---- bots ---- */

enum abi_status hostcall_http_downstream_downstream_bot_analyzed(
	struct sandbox *sb, struct http_downstream_downstream_bot_analyzed_args *a)
{
	return bot_flag(sb, sandbox_request(sb, a->req), STR("x-fastly-bot-analyzed"), a->bot_analyzed);
}

enum abi_status hostcall_http_downstream_downstream_bot_detected(
	struct sandbox *sb, struct http_downstream_downstream_bot_detected_args *a)
{
	return bot_flag(sb, sandbox_request(sb, a->req), STR("x-fastly-bot-detected"), a->bot_detected);
}

enum abi_status hostcall_http_downstream_downstream_bot_verified(
	struct sandbox *sb, struct http_downstream_downstream_bot_verified_args *a)
{
	struct guest_request *r = sandbox_request(sb, a->req);
	const struct http_request *original;
	enum abi_status status = find_original(sb, r, &original);
	/* Unlike the other two, this one tells "no" from "not known", and then writes nothing. */
	if (status == ABI_OK && !headers_has(&original->headers, STR("x-fastly-bot-verified")))
		return ABI_NONE;
	return bot_flag(sb, r, STR("x-fastly-bot-verified"), a->bot_verified);
}

enum abi_status hostcall_http_downstream_downstream_bot_name(
	struct sandbox *sb, struct http_downstream_downstream_bot_name_args *a)
{
	return bot_text(sb, sandbox_request(sb, a->req), STR("x-fastly-bot-name"), &a->bot_name);
}

enum abi_status hostcall_http_downstream_downstream_bot_category(
	struct sandbox *sb, struct http_downstream_downstream_bot_category_args *a)
{
	return bot_text(sb, sandbox_request(sb, a->req), STR("x-fastly-bot-category"), &a->bot_category);
}

/* Categories by the number that the ABI gives them. */
static const struct str bot_categories[] = {
	STR_INIT("none"),
	STR_INIT("suspected"),
	STR_INIT("accessibility"),
	STR_INIT("ai-crawler"),
	STR_INIT("ai-fetcher"),
	STR_INIT("content-fetcher"),
	STR_INIT("monitoring-site-tools"),
	STR_INIT("online-marketing"),
	STR_INIT("page-preview"),
	STR_INIT("platform-integration"),
	STR_INIT("research"),
	STR_INIT("search-engine-crawler"),
	STR_INIT("search-engine-optimization"),
	STR_INIT("security-tools"),
	STR_INIT("headless"),
};

enum abi_status hostcall_http_downstream_downstream_bot_category_kind(
	struct sandbox *sb, struct http_downstream_downstream_bot_category_kind_args *a)
{
	const struct http_request *original;
	enum abi_status status = find_original(sb, sandbox_request(sb, a->req), &original);
	if (status != ABI_OK)
		return status;
	struct str category = headers_get(&original->headers, STR("x-fastly-bot-category"));
	if (!category.ptr)
		return ABI_NONE;
	uint64_t kind;
	if (!str_to_u64(category, UINT32_MAX, &kind)) { /* a number stands for itself */
		for (kind = 0; kind < COUNT_OF(bot_categories); kind++) {
			if (str_eq_nocase(bot_categories[kind], category))
				break;
		}
		if (kind == COUNT_OF(bot_categories))
			return ABI_NONE;
	}
	put_u32(a->bot_category_kind, (uint32_t)kind);
	return ABI_OK;
}

/* ---- further requests for the same instance: here an instance handles one, so there never is another ----
 */

enum { NEXT_REQUEST_OPTIONS = 1 << 1 };

enum abi_status hostcall_http_downstream_next_request(struct sandbox *sb,
						      struct http_downstream_next_request_args *a)
{
	if (a->options_mask & ~(uint32_t)NEXT_REQUEST_OPTIONS)
		return ABI_INVAL;
	return sandbox_put(sb, HANDLE_PROMISE, sb, a->request_promise_out);
}

enum abi_status hostcall_http_downstream_next_request_wait(struct sandbox *sb,
							   struct http_downstream_next_request_wait_args *a)
{
	return handles_take(&sb->handles, a->handle, HANDLE_PROMISE) ? ABI_NONE : ABI_BADF;
}

enum abi_status hostcall_http_downstream_next_request_abandon(
	struct sandbox *sb, struct http_downstream_next_request_abandon_args *a)
{
	return handles_take(&sb->handles, a->handle, HANDLE_PROMISE) ? ABI_OK : ABI_BADF;
}
