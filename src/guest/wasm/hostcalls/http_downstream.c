/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fastly_http_downstream, and the calls of fastly_http_req with the same names, which mean the same about the
 * request that the guest was started for: one body serves both doors.
 */
#include <stddef.h>
#include <string.h>

#include "guest/wasm/hostcalls/message_headers.h"

/* What the invocation was asked, when the handle is that of a downstream request. */
static enum abi_status find_asked(struct sandbox *sb, const struct guest_request *r,
				  const struct invocation_request **out)
{
	if (!r)
		return ABI_BADF;
	if (!r->downstream)
		return ABI_ERROR;
	*out = sb->asked;
	return ABI_OK;
}

static enum abi_status original_names(struct sandbox *sb, const struct guest_request *r,
				      const struct guest_multi *out)
{
	const struct invocation_request *asked;
	enum abi_status status = find_asked(sb, r, &asked);
	return status == ABI_OK ? message_names_get(&asked->http->headers, out) : status;
}

static enum abi_status original_count(struct sandbox *sb, const struct guest_request *r, struct guest_ptr out)
{
	const struct invocation_request *asked;
	enum abi_status status = find_asked(sb, r, &asked);
	if (status == ABI_OK)
		put_u32(out, (uint32_t)asked->http->headers.count);
	return status;
}

static enum abi_status request_id(struct sandbox *sb, const struct guest_request *r,
				  const struct guest_buf *out)
{
	const struct invocation_request *asked;
	enum abi_status status = find_asked(sb, r, &asked);
	if (status != ABI_OK)
		return status;
	if (asked->client.request_id.ptr)
		return put_bytes(out, asked->client.request_id);
	return put_bytes(out, arena_printf(sandbox_arena(sb), "%032llx",
					   (unsigned long long)sb->invocation->number));
}

static enum abi_status compliance_region(struct sandbox *sb, const struct guest_request *r,
					 const struct guest_buf *out)
{
	const struct invocation_request *asked;
	enum abi_status status = find_asked(sb, r, &asked);
	if (status != ABI_OK)
		return status;
	return put_bytes(out, asked->client.region.ptr ? asked->client.region : STR("none"));
}

static enum abi_status ddos_detected(struct sandbox *sb, const struct guest_request *r, struct guest_ptr out)
{
	const struct invocation_request *asked;
	enum abi_status status = find_asked(sb, r, &asked);
	if (status == ABI_OK)
		put_u32(out, asked->client.ddos_detected == KNOWN_YES);
	return status;
}

static enum abi_status key_is_valid(struct sandbox *sb, const struct guest_request *r, struct guest_ptr out)
{
	const struct invocation_request *asked;
	enum abi_status status = find_asked(sb, r, &asked);
	if (status != ABI_OK)
		return status;
	struct str key = headers_get(&asked->http->headers, STR("fastly-key"));
	bool valid = asked->client.fastly_key_valid == KNOWN_YES;
	if (asked->client.fastly_key_valid == NOT_KNOWN)
		valid = key.ptr && world_fastly_key_valid(sb->world, key);
	put_u32(out, valid);
	return ABI_OK;
}

/* ---- members of struct client, by their place in it; what is not known is absent ---- */

static enum abi_status find_member(struct sandbox *sb, const struct guest_request *r, size_t offset,
				   const void **out)
{
	const struct invocation_request *asked;
	enum abi_status status = find_asked(sb, r, &asked);
	if (status == ABI_OK)
		*out = (const char *)&asked->client + offset;
	return status;
}

static enum abi_status client_address(struct sandbox *sb, const struct guest_request *r, size_t offset,
				      const struct guest_ip *out)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 }; /* of a request that came through no socket */
	const void *member;
	enum abi_status status = find_member(sb, r, offset, &member);
	if (status != ABI_OK)
		return status;
	const struct net_address *address = member;
	put_ip(out, address->ip_len ? address->ip : loopback,
	       address->ip_len ? address->ip_len : sizeof loopback);
	return ABI_OK;
}

static enum abi_status client_text(struct sandbox *sb, const struct guest_request *r, size_t offset,
				   const struct guest_buf *out)
{
	const void *member;
	enum abi_status status = find_member(sb, r, offset, &member);
	if (status != ABI_OK)
		return status;
	const struct str *text = member;
	return text->ptr ? put_bytes(out, *text) : ABI_NONE;
}

static enum abi_status client_md5(struct sandbox *sb, const struct guest_request *r, size_t offset,
				  const struct guest_ip *out)
{
	const void *member;
	enum abi_status status = find_member(sb, r, offset, &member);
	if (status != ABI_OK)
		return status;
	const struct str *digest = member;
	if (!digest->ptr)
		return ABI_NONE;
	put_ip(out, (const uint8_t *)digest->ptr, (uint32_t)digest->len);
	return ABI_OK;
}

static enum abi_status client_flag(struct sandbox *sb, const struct guest_request *r, size_t offset,
				   const struct guest_ptr *out)
{
	const void *member;
	enum abi_status status = find_member(sb, r, offset, &member);
	if (status != ABI_OK)
		return status;
	const enum known *flag = member;
	if (*flag == NOT_KNOWN)
		return ABI_NONE;
	put_u32(*out, *flag == KNOWN_YES);
	return ABI_OK;
}

static enum abi_status client_verdict(struct sandbox *sb, const struct guest_request *r, size_t offset,
				      const struct guest_ptr *out)
{
	const void *member;
	enum abi_status status = find_member(sb, r, offset, &member);
	if (status != ABI_OK)
		return status;
	const uint32_t *verdict = member;
	if (*verdict == CERT_NOT_KNOWN)
		return ABI_NONE;
	put_u32(*out, *verdict - CERT_OK);
	return ABI_OK;
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
#define OLD_MEMBER(name, member, kind, out)                                                            \
	enum abi_status hostcall_http_req_##name(struct sandbox *sb, struct http_req_##name##_args *a) \
	{                                                                                              \
		return client_##kind(sb, sb->downstream, offsetof(struct client, member), &a->out);    \
	}
#define NEW_MEMBER(name, member, kind, out)                                                            \
	enum abi_status hostcall_http_downstream_##name(struct sandbox *sb,                            \
							struct http_downstream_##name##_args *a)       \
	{                                                                                              \
		return client_##kind(sb, sandbox_request(sb, a->req), offsetof(struct client, member), \
				     &a->out);                                                         \
	}
#define BOTH_MEMBER(name, member, kind, out) \
	OLD_MEMBER(name, member, kind, out)  \
	NEW_MEMBER(name, member, kind, out)

OLD(original_header_names_get, original_names, values)
NEW_(downstream_original_header_names, original_names, values)
OLD(downstream_client_request_id, request_id, reqid)
NEW_(downstream_client_request_id, request_id, reqid)
OLD(downstream_compliance_region, compliance_region, region)
NEW_(downstream_compliance_region, compliance_region, region)

BOTH_MEMBER(downstream_client_ip_addr, address, address, ip)
BOTH_MEMBER(downstream_server_ip_addr, server, address, ip)
BOTH_MEMBER(downstream_client_h2_fingerprint, h2_fingerprint, text, h2fp)
BOTH_MEMBER(downstream_client_oh_fingerprint, oh_fingerprint, text, ohfp)
BOTH_MEMBER(downstream_tls_cipher_openssl_name, tls_cipher, text, cipher)
BOTH_MEMBER(downstream_tls_protocol, tls_protocol, text, protocol)
BOTH_MEMBER(downstream_tls_client_hello, tls_client_hello, text, chello)
BOTH_MEMBER(downstream_tls_raw_client_certificate, tls_certificate, text, raw_client_cert)
BOTH_MEMBER(downstream_tls_client_cert_verify_result, tls_certificate_verdict, verdict,
	    client_cert_verify_result)
NEW_MEMBER(downstream_tls_client_servername, tls_servername, text, tls_sni)
BOTH_MEMBER(downstream_tls_ja3_md5, tls_ja3, md5, md5)
BOTH_MEMBER(downstream_tls_ja4, tls_ja4, text, ja4)
NEW_MEMBER(downstream_resvpnproxy_is_anonymous, proxy_anonymous, flag, resvpnproxy_is_anonymous)
NEW_MEMBER(downstream_resvpnproxy_is_anonymous_vpn, proxy_anonymous_vpn, flag, resvpnproxy_is_anonymous_vpn)
NEW_MEMBER(downstream_resvpnproxy_is_hosting_provider, proxy_hosting_provider, flag,
	   resvpnproxy_is_hosting_provider)
NEW_MEMBER(downstream_resvpnproxy_is_proxy_over_vpn, proxy_over_vpn, flag, resvpnproxy_is_proxy_over_vpn)
NEW_MEMBER(downstream_resvpnproxy_is_public_proxy, proxy_public, flag, resvpnproxy_is_public_proxy)
NEW_MEMBER(downstream_resvpnproxy_is_relay_proxy, proxy_relay, flag, resvpnproxy_is_relay_proxy)
NEW_MEMBER(downstream_resvpnproxy_is_residential_proxy, proxy_residential, flag,
	   resvpnproxy_is_residential_proxy)
NEW_MEMBER(downstream_resvpnproxy_is_smart_dns_proxy, proxy_smart_dns, flag, resvpnproxy_is_smart_dns_proxy)
NEW_MEMBER(downstream_resvpnproxy_is_tor_exit_node, proxy_tor_exit, flag, resvpnproxy_is_tor_exit_node)
NEW_MEMBER(downstream_resvpnproxy_is_vpn_datacenter, proxy_vpn_datacenter, flag,
	   resvpnproxy_is_vpn_datacenter)
NEW_MEMBER(downstream_resvpnproxy_vpn_service_name, proxy_vpn_service, text, vpn_service_name)

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

/* ---- a chain of services ---- */

enum abi_status hostcall_http_downstream_downstream_visits_this_service(
	struct sandbox *sb, struct http_downstream_downstream_visits_this_service_args *a)
{
	put_u32(a->num_hops, sb->asked->client.visits_this_service);
	return ABI_OK;
}

enum abi_status hostcall_http_downstream_downstream_visits_this_pop(
	struct sandbox *sb, struct http_downstream_downstream_visits_this_pop_args *a)
{
	put_u32(a->num_hops, sb->asked->client.visits_this_pop);
	return ABI_OK;
}

/* ---- bots: what the client's facts say, else what the request's own headers do, as Viceroy has it ---- */

static enum abi_status bot_flag(struct sandbox *sb, const struct guest_request *r, size_t offset,
				struct str header, bool *present, bool *value)
{
	const struct invocation_request *asked;
	enum abi_status status = find_asked(sb, r, &asked);
	if (status != ABI_OK)
		return status;
	enum known flag = *(const enum known *)((const char *)&asked->client + offset);
	struct str text = headers_get(&asked->http->headers, header);
	*present = flag != NOT_KNOWN || text.ptr;
	*value = flag == KNOWN_YES || (flag == NOT_KNOWN && str_eq(text, STR("true")));
	return ABI_OK;
}

static enum abi_status bot_text(struct sandbox *sb, const struct guest_request *r, size_t offset,
				struct str header, struct str *out)
{
	const struct invocation_request *asked;
	enum abi_status status = find_asked(sb, r, &asked);
	if (status != ABI_OK)
		return status;
	*out = *(const struct str *)((const char *)&asked->client + offset);
	if (!out->ptr)
		*out = headers_get(&asked->http->headers, header);
	return out->ptr ? ABI_OK : ABI_NONE;
}

enum abi_status hostcall_http_downstream_downstream_bot_analyzed(
	struct sandbox *sb, struct http_downstream_downstream_bot_analyzed_args *a)
{
	bool present, value;
	enum abi_status status =
		bot_flag(sb, sandbox_request(sb, a->req), offsetof(struct client, bot_analyzed),
			 STR("x-fastly-bot-analyzed"), &present, &value);
	if (status == ABI_OK)
		put_u32(a->bot_analyzed, value);
	return status;
}

enum abi_status hostcall_http_downstream_downstream_bot_detected(
	struct sandbox *sb, struct http_downstream_downstream_bot_detected_args *a)
{
	bool present, value;
	enum abi_status status =
		bot_flag(sb, sandbox_request(sb, a->req), offsetof(struct client, bot_detected),
			 STR("x-fastly-bot-detected"), &present, &value);
	if (status == ABI_OK)
		put_u32(a->bot_detected, value);
	return status;
}

enum abi_status hostcall_http_downstream_downstream_bot_verified(
	struct sandbox *sb, struct http_downstream_downstream_bot_verified_args *a)
{
	bool present, value;
	enum abi_status status =
		bot_flag(sb, sandbox_request(sb, a->req), offsetof(struct client, bot_verified),
			 STR("x-fastly-bot-verified"), &present, &value);
	/* Unlike the other two, this one tells "no" from "not known", and then writes nothing. */
	if (status == ABI_OK && !present)
		return ABI_NONE;
	if (status == ABI_OK)
		put_u32(a->bot_verified, value);
	return status;
}

enum abi_status hostcall_http_downstream_downstream_bot_name(
	struct sandbox *sb, struct http_downstream_downstream_bot_name_args *a)
{
	struct str name;
	enum abi_status status = bot_text(sb, sandbox_request(sb, a->req), offsetof(struct client, bot_name),
					  STR("x-fastly-bot-name"), &name);
	return status == ABI_OK ? put_bytes(&a->bot_name, name) : status;
}

static enum abi_status bot_category(struct sandbox *sb, uint32_t request, struct str *out)
{
	return bot_text(sb, sandbox_request(sb, request), offsetof(struct client, bot_category),
			STR("x-fastly-bot-category"), out);
}

enum abi_status hostcall_http_downstream_downstream_bot_category(
	struct sandbox *sb, struct http_downstream_downstream_bot_category_args *a)
{
	struct str category;
	enum abi_status status = bot_category(sb, a->req, &category);
	return status == ABI_OK ? put_bytes(&a->bot_category, category) : status;
}

enum abi_status hostcall_http_downstream_downstream_bot_category_kind(
	struct sandbox *sb, struct http_downstream_downstream_bot_category_kind_args *a)
{
	struct str category;
	uint32_t kind;
	enum abi_status status = bot_category(sb, a->req, &category);
	if (status != ABI_OK)
		return status;
	if (!client_bot_category(category, &kind))
		return ABI_NONE;
	put_u32(a->bot_category_kind, kind);
	return ABI_OK;
}

/* ---- further requests for the same instance ---- */

enum { NEXT_REQUEST_TIMEOUT = 1 << 1 };

enum abi_status hostcall_http_downstream_next_request(struct sandbox *sb,
						      struct http_downstream_next_request_args *a)
{
	uint32_t handle;
	uint64_t wait_ns = NEXT_REQUEST_WAIT_NS_MAX;
	if (a->options_mask & ~(uint32_t)NEXT_REQUEST_TIMEOUT)
		return ABI_INVAL;
	if (a->options_mask & NEXT_REQUEST_TIMEOUT)
		wait_ns = MIN(a->options.timeout_ms, NEXT_REQUEST_WAIT_NS_MAX / NS_PER_MS) * NS_PER_MS;
	enum abi_status status = next_request_ask(sb, wait_ns, &handle);
	if (status == ABI_OK)
		put_u32(a->request_promise_out, handle);
	return status;
}

enum abi_status hostcall_http_downstream_next_request_wait(struct sandbox *sb,
							   struct http_downstream_next_request_wait_args *a)
{
	enum abi_status status = next_request_take(sb, a->handle);
	if (status == ABI_OK) {
		put_u32(a->request_out, sb->request_handle);
		put_u32(a->body_out, sb->body_handle);
	}
	return status;
}

enum abi_status hostcall_http_downstream_next_request_abandon(
	struct sandbox *sb, struct http_downstream_next_request_abandon_args *a)
{
	return next_request_abandon(sb, a->handle);
}
