/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/component/names.h"

#include <stddef.h>

const char *const names_http_version[] = { "http09", "http10", "http11", "h2", "h3", NULL };
const char *const names_framing_mode[] = { "automatic", "manually-from-headers", NULL };
const char *const names_keepalive_mode[] = { "automatic", "no-keepalive", NULL };
const char *const names_pending_kind[] = { "any", "response", "error", NULL };
const char *const names_encodings[] = { "gzip", "br", "zstd", "dcb", "dcz", "aes128gcm", NULL };
const char *const names_certificate[] = {
	"ok",         "bad-certificate",     "certificate-revoked", "certificate-expired",
	"unknown-ca", "certificate-missing", "certificate-unknown", NULL,
};
const char *const names_health[] = { "unknown", "healthy", "unhealthy", NULL };
const char *const names_lookup_state[] = {
	"found", "usable", "stale", "must-insert-or-update", "usable-if-error", NULL,
};
const char *const names_bot_category[] = {
	"none",
	"suspected",
	"accessibility",
	"ai-crawler",
	"ai-fetcher",
	"content-fetcher",
	"monitoring-site-tools",
	"online-marketing",
	"page-preview",
	"platform-integrations",
	"research",
	"search-engine-crawler",
	"search-engine-optimization",
	"security-tools",
	NULL,
};
const char *const names_storage_action[] = { "insert", "update", "do-not-store", "record-uncacheable", NULL };
const char *const names_replace_strategy[] = { "immediate", "immediate-force-miss", "wait", NULL };
const char *const names_insert_mode[] = { "overwrite", "add", "append", "prepend", NULL };
const char *const names_list_mode[] = { "strong", "eventual", NULL };
const char *const names_send_error[] = {
	"dns-timeout",
	"dns-error",
	"destination-not-found",
	"destination-unavailable",
	"destination-ip-unroutable",
	"connection-refused",
	"connection-terminated",
	"connection-timeout",
	"connection-limit-reached",
	"tls-certificate-error",
	"tls-configuration-error",
	"http-incomplete-response",
	"http-response-header-section-too-large",
	"http-response-body-too-large",
	"http-response-timeout",
	"http-response-status-invalid",
	"http-upgrade-failed",
	"http-protocol-error",
	"http-request-cache-key-invalid",
	"http-request-uri-invalid",
	"internal-error",
	"tls-alert-received",
	"tls-protocol-error",
	"h2-error",
	NULL,
};
const char *const names_kv_error[] = {
	"generic-error",  "generic-error",       "bad-request",
	"generic-error",  "precondition-failed", "payload-too-large",
	"internal-error", "too-many-requests",   NULL,
};
const char *const names_cache_override[] = { "none", "pass", "override", NULL };
const char *const names_ip[] = { "ipv4", "ipv6", NULL };
