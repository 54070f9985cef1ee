/* SPDX-License-Identifier: Apache-2.0 */
/* The host functions that the C guests call, as the ABI lowers them: every call answers a status, a
 * string or buffer is a pointer and a length, and each result is one more pointer at the end. */
#ifndef FASTLY_H
#define FASTLY_H

#include <stddef.h>
#include <stdint.h>

enum status {
	OK,
	ERROR,
	INVAL,
	BADF,
	BUFLEN,
	UNSUPPORTED,
	BADALIGN,
	HTTPINVALID,
	HTTPUSER,
	HTTPINCOMPLETE,
	NONE,
	HTTPHEADTOOLARGE,
	HTTPINVALIDSTATUS,
	LIMITEXCEEDED,
	AGAIN,
};

#define INVALID_HANDLE 0xffffffffu

enum { WRITE_BACK, WRITE_FRONT };

#define HOST(module, wasm_name, name, ...) \
	int32_t name(__VA_ARGS__) __attribute__((import_module(module), import_name(wasm_name)))

HOST("fastly_abi", "init", abi_init, uint64_t version);

HOST("fastly_http_req", "body_downstream_get", req_downstream, uint32_t *req, uint32_t *body);
HOST("fastly_http_req", "new", req_new, uint32_t *req);
HOST("fastly_http_req", "close", req_close, uint32_t req);
HOST("fastly_http_req", "method_get", req_method_get, uint32_t req, char *buf, size_t len, size_t *written);
HOST("fastly_http_req", "method_set", req_method_set, uint32_t req, const char *method, size_t len);
HOST("fastly_http_req", "uri_get", req_uri_get, uint32_t req, char *buf, size_t len, size_t *written);
HOST("fastly_http_req", "uri_set", req_uri_set, uint32_t req, const char *uri, size_t len);
HOST("fastly_http_req", "version_set", req_version_set, uint32_t req, uint32_t version);
HOST("fastly_http_req", "header_names_get", req_header_names, uint32_t req, char *buf, size_t len,
     uint32_t cursor, int64_t *next, size_t *written);
HOST("fastly_http_req", "header_value_get", req_header_get, uint32_t req, const char *name, size_t name_len,
     char *buf, size_t len, size_t *written);
HOST("fastly_http_req", "header_values_get", req_header_values, uint32_t req, const char *name,
     size_t name_len, char *buf, size_t len, uint32_t cursor, int64_t *next, size_t *written);
HOST("fastly_http_req", "header_insert", req_header_insert, uint32_t req, const char *name, size_t name_len,
     const char *value, size_t value_len);
HOST("fastly_http_req", "cache_override_set", req_cache_override, uint32_t req, uint32_t tag, uint32_t ttl,
     uint32_t stale);
HOST("fastly_http_req", "send", req_send, uint32_t req, uint32_t body, const char *backend, size_t len,
     uint32_t *resp, uint32_t *resp_body);
HOST("fastly_http_req", "pending_req_wait", req_pending_wait, uint32_t pending, uint32_t *resp,
     uint32_t *body);

HOST("fastly_http_resp", "new", resp_new, uint32_t *resp);
HOST("fastly_http_resp", "close", resp_close, uint32_t resp);
HOST("fastly_http_resp", "status_get", resp_status_get, uint32_t resp, uint16_t *status);
HOST("fastly_http_resp", "status_set", resp_status_set, uint32_t resp, uint32_t status);
HOST("fastly_http_resp", "header_append", resp_header_append, uint32_t resp, const char *name,
     size_t name_len, const char *value, size_t value_len);
HOST("fastly_http_resp", "send_downstream", resp_send, uint32_t resp, uint32_t body, uint32_t streaming);

HOST("fastly_http_body", "new", body_new, uint32_t *body);
HOST("fastly_http_body", "append", body_append, uint32_t dest, uint32_t src);
HOST("fastly_http_body", "read", body_read, uint32_t body, void *buf, size_t len, size_t *read);
HOST("fastly_http_body", "write", body_write, uint32_t body, const void *buf, size_t len, uint32_t end,
     size_t *written);
HOST("fastly_http_body", "close", body_close, uint32_t body);

HOST("fastly_log", "endpoint_get", log_endpoint, const char *name, size_t len, uint32_t *endpoint);
HOST("fastly_log", "write", log_write, uint32_t endpoint, const char *text, size_t len, size_t *written);

HOST("fastly_dictionary", "open", dictionary_open, const char *name, size_t len, uint32_t *dictionary);
HOST("fastly_dictionary", "get", dictionary_get, uint32_t dictionary, const char *key, size_t key_len,
     char *buf, size_t len, size_t *written);
HOST("fastly_config_store", "open", config_open, const char *name, size_t len, uint32_t *store);
HOST("fastly_config_store", "get", config_get, uint32_t store, const char *key, size_t key_len, char *buf,
     size_t len, size_t *written);

#undef HOST
#endif
