/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shapes of the Fastly Compute ABI: status codes, records in guest memory, and checked places to write
 * results to. Facts from the public witx files. Guest memory is little-endian, and so is every host that
 * Backlot runs on.
 */
#ifndef GUEST_WASM_ABI_H
#define GUEST_WASM_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "guest memory is read as it is");

enum abi_status {
	ABI_OK,
	ABI_ERROR,
	ABI_INVAL,
	ABI_BADF,
	ABI_BUFLEN,
	ABI_UNSUPPORTED,
	ABI_BADALIGN,
	ABI_HTTPINVALID,
	ABI_HTTPUSER,
	ABI_HTTPINCOMPLETE,
	ABI_NONE,
	ABI_HTTPHEADTOOLARGE,
	ABI_HTTPINVALIDSTATUS,
	ABI_LIMITEXCEEDED,
	ABI_AGAIN,

	/* Never seen by a guest: */
	ABI_WAIT = 1000, /* park the guest; the body is called again with the same arguments when what it
			    waits for is there */
	ABI_TRAP,        /* end the guest; see sandbox_trap() */
};

/* "ok", "badf" …; the names of the witx files. */
const char *abi_status_name(enum abi_status s);

/* What the SDKs take for "no handle". */
#define HANDLE_INVALID (UINT32_MAX - 1)

/* Checked places in guest memory. They stay good while the guest is parked: its memory cannot move or grow
 * then. */
struct guest_ptr {
	uint8_t *at;
};

struct guest_buf {
	uint8_t *at;
	uint32_t cap;
	struct guest_ptr len;
};

struct guest_multi {
	uint8_t *at;
	uint32_t cap, cursor;
	struct guest_ptr ending_cursor, len;
};

struct guest_ip {
	uint8_t *at;
	struct guest_ptr len;
};

struct guest_handles {
	const uint8_t *at; /* unaligned u32s */
	uint32_t count;
};

void put_u16(struct guest_ptr p, uint16_t value);
void put_u32(struct guest_ptr p, uint32_t value);
void put_u64(struct guest_ptr p, uint64_t value);

/* The ABI's rule for a short buffer: the length that is needed is always written, BUFLEN when it does not
 * fit. */
enum abi_status put_bytes(const struct guest_buf *out, struct str s);

/* An address or digest of at most 16 bytes. */
void put_ip(const struct guest_ip *out, const uint8_t *bytes, uint32_t len);

uint32_t guest_handle(const struct guest_handles *hs, uint32_t i);

/*
 * The rule for lists of values: values from the cursor on, NUL-ended each, as many as fit; the cursor of the
 * first that did not fit, or -1 when all did. BUFLEN with the size needed when not even one fits. Call
 * multi_begin(), multi_add() for every value from the first on until it is false, and multi_end().
 */
struct multi_writer {
	const struct guest_multi *out;
	uint32_t index, written, needed;
	bool full;
};
struct multi_writer multi_begin(const struct guest_multi *out);
bool multi_add(struct multi_writer *w, struct str value);
enum abi_status multi_end(struct multi_writer *w);

/* ---- records ---- */

struct abi_cache_lookup_options {
	uint32_t request_headers, service_id, service_id_len;
};
struct abi_cache_replace_options {
	uint32_t request_headers, replace_strategy, service_id, service_id_len;
};
struct abi_cache_write_options {
	uint64_t max_age_ns;
	uint32_t request_headers, vary_rule, vary_rule_len;
	uint64_t initial_age_ns, stale_while_revalidate_ns;
	uint32_t surrogate_keys, surrogate_keys_len;
	uint64_t length;
	uint32_t user_metadata, user_metadata_len;
	uint64_t edge_max_age_ns;
	uint32_t service_id, service_id_len;
};
struct abi_cache_get_body_options {
	uint64_t from, to;
};
struct abi_http_cache_lookup_options {
	uint32_t override_key, override_key_len, backend_name, backend_name_len;
};
struct abi_http_cache_write_options {
	uint64_t max_age_ns;
	uint32_t vary_rule, vary_rule_len;
	uint64_t initial_age_ns, stale_while_revalidate_ns;
	uint32_t surrogate_keys, surrogate_keys_len;
	uint64_t length, stale_if_error_ns;
};
struct abi_shield_backend_config {
	uint32_t cache_key, cache_key_len, first_byte_timeout_ms, between_bytes_timeout_ms;
};
struct abi_kv_lookup_config {
	uint32_t reserved;
};
struct abi_kv_delete_config {
	uint32_t reserved;
};
struct abi_kv_insert_config {
	uint32_t mode, unused, metadata, metadata_len, time_to_live_sec;
	uint64_t if_generation_match;
};
struct abi_kv_list_config {
	uint32_t mode, cursor, cursor_len, limit, prefix, prefix_len;
};
struct abi_dynamic_backend_config {
	uint32_t host_override, host_override_len;
	uint32_t connect_timeout_ms, first_byte_timeout_ms, between_bytes_timeout_ms;
	uint32_t ssl_min_version, ssl_max_version;
	uint32_t cert_hostname, cert_hostname_len;
	uint32_t ca_cert, ca_cert_len;
	uint32_t ciphers, ciphers_len;
	uint32_t sni_hostname, sni_hostname_len;
	uint32_t client_certificate, client_certificate_len, client_key;
	uint32_t http_keepalive_time_ms, tcp_keepalive_enable, tcp_keepalive_interval_secs;
	uint32_t tcp_keepalive_probes, tcp_keepalive_time_secs;
	uint32_t max_connections, max_use, max_lifetime_ms, healthcheck;
};
struct abi_purge_options {
	uint32_t ret_buf, ret_buf_len, ret_buf_nwritten_out;
};
struct abi_send_error_detail {
	uint32_t tag, mask;
	uint16_t dns_error_rcode, dns_error_info_code;
	uint8_t tls_alert_id, h2_error_frame;
	uint32_t h2_error_code;
};
struct abi_inspect_info {
	uint32_t corp, corp_len, workspace, workspace_len, override_client_ip, override_client_ip_len;
};
struct abi_image_optimizer_transform_config {
	uint32_t sdk_claims_opts, sdk_claims_opts_len;
};
struct abi_image_optimizer_error_detail {
	uint32_t tag, message, message_len;
};
struct abi_next_request_options {
	uint64_t timeout_ms;
};
struct abi_cache_override {
	uint32_t ttl, stale_while_revalidate, surrogate_keys, surrogate_keys_len, lookup_timeout_ms;
};

#define KIND(name, type, wasm)
#define RECORD(name, bytes) \
	_Static_assert(sizeof(struct abi_##name) == (bytes), "the guest's layout of " #name);
#include "guest/wasm/hostcalls/abi_kinds.def"

/* dynamic_backend_config: which fields count. The first bit of every mask is reserved. */
enum {
	BACKEND_HOST_OVERRIDE = 1 << 1,
	BACKEND_CONNECT_TIMEOUT = 1 << 2,
	BACKEND_FIRST_BYTE_TIMEOUT = 1 << 3,
	BACKEND_BETWEEN_BYTES_TIMEOUT = 1 << 4,
	BACKEND_USE_SSL = 1 << 5,
	BACKEND_SSL_MIN_VERSION = 1 << 6,
	BACKEND_SSL_MAX_VERSION = 1 << 7,
	BACKEND_CERT_HOSTNAME = 1 << 8,
	BACKEND_CA_CERT = 1 << 9,
	BACKEND_CIPHERS = 1 << 10,
	BACKEND_SNI_HOSTNAME = 1 << 11,
	BACKEND_DONT_POOL = 1 << 12,
	BACKEND_CLIENT_CERT = 1 << 13,
	BACKEND_GRPC = 1 << 14,
	BACKEND_KEEPALIVE = 1 << 15,
	BACKEND_POOLING_LIMITS = 1 << 16,
	BACKEND_PREFER_IPV4 = 1 << 17,
	BACKEND_HEALTHCHECK = 1 << 18,
};

#endif
