/* SPDX-License-Identifier: Apache-2.0 */
/* A guest from the time when every host function was `env.xqd_…`: it calls each of them, and answers
 * with a report. `/send` sends to the backend `origin` in every way there was. Sending downstream has no
 * such name, so that one call is by its newer name. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XQD(name, ...) \
	int32_t xqd_##name(__VA_ARGS__) __attribute__((import_module("env"), import_name("xqd_" #name)))

XQD(init, uint64_t version);

XQD(body_append, uint32_t dest, uint32_t src);
XQD(body_new, uint32_t *body);
XQD(body_read, uint32_t body, void *buf, size_t len, size_t *read);
XQD(body_write, uint32_t body, const void *buf, size_t len, uint32_t end, size_t *written);
XQD(body_close, uint32_t body);
XQD(body_close_downstream, uint32_t body);

XQD(log_endpoint_get, const char *name, size_t len, uint32_t *endpoint);
XQD(log_write, uint32_t endpoint, const char *text, size_t len, size_t *written);

XQD(req_body_downstream_get, uint32_t *req, uint32_t *body);
XQD(req_cache_override_set, uint32_t req, uint32_t tag, uint32_t ttl, uint32_t stale);
XQD(req_downstream_client_ip_addr, uint8_t *octets, size_t *written);
XQD(req_downstream_client_request_id, char *buf, size_t len, size_t *written);
XQD(req_downstream_tls_cipher_openssl_name, char *buf, size_t len, size_t *written);
XQD(req_downstream_tls_protocol, char *buf, size_t len, size_t *written);
XQD(req_downstream_tls_client_hello, char *buf, size_t len, size_t *written);
XQD(req_original_header_names_get, char *buf, size_t len, uint32_t cursor, int64_t *next, size_t *written);
XQD(req_original_header_count, uint32_t *count);

#define MESSAGE(kind)                                                                                       \
	XQD(kind##_new, uint32_t *h);                                                                       \
	XQD(kind##_header_names_get, uint32_t h, char *buf, size_t len, uint32_t cursor, int64_t *next,     \
	    size_t *written);                                                                               \
	XQD(kind##_header_value_get, uint32_t h, const char *name, size_t name_len, char *buf, size_t len,  \
	    size_t *written);                                                                               \
	XQD(kind##_header_values_get, uint32_t h, const char *name, size_t name_len, char *buf, size_t len, \
	    uint32_t cursor, int64_t *next, size_t *written);                                               \
	XQD(kind##_header_values_set, uint32_t h, const char *name, size_t name_len, const char *values,    \
	    size_t len);                                                                                    \
	XQD(kind##_header_insert, uint32_t h, const char *name, size_t name_len, const char *value,         \
	    size_t len);                                                                                    \
	XQD(kind##_header_append, uint32_t h, const char *name, size_t name_len, const char *value,         \
	    size_t len);                                                                                    \
	XQD(kind##_header_remove, uint32_t h, const char *name, size_t name_len);                           \
	XQD(kind##_version_get, uint32_t h, uint32_t *version);                                             \
	XQD(kind##_version_set, uint32_t h, uint32_t version)

MESSAGE(req);
MESSAGE(resp);

XQD(req_method_get, uint32_t req, char *buf, size_t len, size_t *written);
XQD(req_method_set, uint32_t req, const char *method, size_t len);
XQD(req_uri_get, uint32_t req, char *buf, size_t len, size_t *written);
XQD(req_uri_set, uint32_t req, const char *uri, size_t len);
XQD(req_send, uint32_t req, uint32_t body, const char *backend, size_t len, uint32_t *resp,
    uint32_t *resp_body);
XQD(req_send_async, uint32_t req, uint32_t body, const char *backend, size_t len, uint32_t *pending);
XQD(req_send_async_streaming, uint32_t req, uint32_t body, const char *backend, size_t len,
    uint32_t *pending);
XQD(pending_req_poll, uint32_t pending, uint32_t *done, uint32_t *resp, uint32_t *body);
XQD(pending_req_wait, uint32_t pending, uint32_t *resp, uint32_t *body);
XQD(pending_req_select, const uint32_t *pending, size_t count, uint32_t *index, uint32_t *resp,
    uint32_t *body);
XQD(resp_status_get, uint32_t resp, uint16_t *status);
XQD(resp_status_set, uint32_t resp, uint32_t status);

int32_t send_downstream(uint32_t resp, uint32_t body, uint32_t streaming)
	__attribute__((import_module("fastly_http_resp"), import_name("send_downstream")));

static char report[16384];
static size_t report_len;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(report + report_len, sizeof(report) - report_len, format, args);
	va_end(args);
	if (n > 0 && report_len + (size_t)n < sizeof(report))
		report_len += (size_t)n;
}

__attribute__((noreturn)) static void answer(uint32_t status)
{
	uint32_t resp, body;
	size_t written;
	xqd_resp_new(&resp);
	xqd_resp_status_set(resp, status);
	xqd_resp_header_append(resp, "content-type", 12, "text/plain", 10);
	xqd_body_new(&body);
	xqd_body_write(body, report, report_len, 0, &written);
	send_downstream(resp, body, 0);
	exit(0);
}

#define CHECK(condition)                                                     \
	do {                                                                 \
		if (!(condition)) {                                          \
			report_len = 0;                                      \
			say("failed: %s (line %d)\n", #condition, __LINE__); \
			answer(500);                                         \
		}                                                            \
	} while (0)

/* The same for requests and responses, which had the same functions under two names. */
#define CHECK_MESSAGE(kind)                                                                                \
	do {                                                                                               \
		uint32_t h, version = 99;                                                                  \
		CHECK(xqd_##kind##_new(&h) == 0);                                                          \
		CHECK(xqd_##kind##_header_insert(h, "x-a", 3, "1", 1) == 0);                               \
		CHECK(xqd_##kind##_header_append(h, "x-a", 3, "2", 1) == 0);                               \
		CHECK(xqd_##kind##_header_values_set(h, "x-b", 3,                                          \
						     "3\0"                                                 \
						     "4\0",                                                \
						     4) == 0);                                             \
		CHECK(xqd_##kind##_header_value_get(h, "x-a", 3, buf, sizeof(buf), &len) == 0);            \
		CHECK(len == 1 && buf[0] == '1');                                                          \
		CHECK(xqd_##kind##_header_values_get(h, "x-b", 3, buf, sizeof(buf), 0, &next, &len) == 0); \
		CHECK(len == 4 &&                                                                          \
		      memcmp(buf,                                                                          \
			     "3\0"                                                                         \
			     "4\0",                                                                        \
			     4) == 0 &&                                                                    \
		      next == -1);                                                                         \
		CHECK(xqd_##kind##_header_remove(h, "x-b", 3) == 0);                                       \
		CHECK(xqd_##kind##_header_names_get(h, buf, sizeof(buf), 0, &next, &len) == 0);            \
		CHECK(len == 4 && memcmp(buf, "x-a\0", 4) == 0 && next == -1);                             \
		CHECK(xqd_##kind##_version_set(h, 2) == 0);                                                \
		CHECK(xqd_##kind##_version_get(h, &version) == 0 && version == 2);                         \
	} while (0)

static void everything(void)
{
	static char buf[4096];
	uint32_t req, resp, body, tail, endpoint, count;
	uint8_t octets[16];
	uint16_t status;
	size_t len;
	int64_t next;

	CHECK_MESSAGE(req);
	CHECK_MESSAGE(resp);

	CHECK(xqd_req_new(&req) == 0);
	CHECK(xqd_req_method_set(req, "PUT", 3) == 0);
	CHECK(xqd_req_method_get(req, buf, sizeof(buf), &len) == 0 && len == 3);
	CHECK(xqd_req_uri_set(req, "http://origin.example/x", 23) == 0);
	CHECK(xqd_req_uri_get(req, buf, sizeof(buf), &len) == 0 && len == 23);
	CHECK(xqd_req_cache_override_set(req, 2, 60, 0) == 0);
	CHECK(xqd_resp_new(&resp) == 0);
	CHECK(xqd_resp_status_set(resp, 418) == 0);
	CHECK(xqd_resp_status_get(resp, &status) == 0 && status == 418);

	CHECK(xqd_body_new(&body) == 0 && xqd_body_new(&tail) == 0);
	CHECK(xqd_body_write(body, "one ", 4, 0, &len) == 0 && len == 4);
	CHECK(xqd_body_write(tail, "two", 3, 0, &len) == 0 && len == 3);
	CHECK(xqd_body_append(body, tail) == 0);
	CHECK(xqd_body_read(body, buf, 7, &len) == 0 && len > 0 && buf[0] == 'o');
	CHECK(xqd_body_close(body) == 0);
	CHECK(xqd_body_close(body) != 0);
	CHECK(xqd_body_new(&body) == 0);
	CHECK(xqd_body_close_downstream(body) == 0);

	CHECK(xqd_log_endpoint_get("legacy", 6, &endpoint) == 0);
	CHECK(xqd_log_write(endpoint, "a line", 6, &len) == 0 && len == 6);

	CHECK(xqd_req_downstream_client_ip_addr(octets, &len) == 0 && (len == 4 || len == 16));
	CHECK(xqd_req_downstream_client_request_id(buf, sizeof(buf), &len) == 0 && len > 0);
	CHECK(xqd_req_original_header_count(&count) == 0);
	CHECK(xqd_req_original_header_names_get(buf, sizeof(buf), 0, &next, &len) == 0);
	/* What only a TLS connection has; the report says whether there was one. */
	say("protocol: %d\n", xqd_req_downstream_tls_protocol(buf, sizeof(buf), &len));
	say("cipher: %d\n", xqd_req_downstream_tls_cipher_openssl_name(buf, sizeof(buf), &len));
	say("client hello: %d\n", xqd_req_downstream_tls_client_hello(buf, sizeof(buf), &len));
}

static uint32_t request(const char *uri)
{
	uint32_t req;
	CHECK(xqd_req_new(&req) == 0);
	CHECK(xqd_req_uri_set(req, uri, strlen(uri)) == 0);
	CHECK(xqd_req_cache_override_set(req, 1, 0, 0) == 0);
	return req;
}

static uint32_t empty(void)
{
	uint32_t body;
	CHECK(xqd_body_new(&body) == 0);
	return body;
}

static uint32_t start(const char *uri)
{
	uint32_t pending;
	CHECK(xqd_req_send_async(request(uri), empty(), "origin", 6, &pending) == 0);
	return pending;
}

static void arrived(const char *how, uint32_t resp, uint32_t body)
{
	char text[1024];
	uint16_t status;
	size_t len;
	CHECK(xqd_resp_status_get(resp, &status) == 0);
	CHECK(xqd_body_read(body, text, sizeof(text), &len) == 0);
	say("%s: %d %.*s\n", how, status, (int)len, text);
}

static void sending(void)
{
	uint32_t resp, body, upload, pending, done = 0, index = 9;
	size_t len;

	CHECK(xqd_req_send(request("http://origin.example/send"), empty(), "origin", 6, &resp, &body) == 0);
	arrived("send", resp, body);
	CHECK(xqd_pending_req_wait(start("http://origin.example/wait"), &resp, &body) == 0);
	arrived("wait", resp, body);

	uint32_t both[] = { start("http://origin.example/select"), start("http://origin.example/select") };
	CHECK(xqd_pending_req_select(both, 2, &index, &resp, &body) == 0 && index < 2);
	arrived("select", resp, body);
	CHECK(xqd_pending_req_wait(both[1 - index], &resp, &body) == 0);
	arrived("the other", resp, body);

	upload = empty();
	CHECK(xqd_req_send_async_streaming(request("http://origin.example/upload"), upload, "origin", 6,
					   &pending) == 0);
	CHECK(xqd_body_write(upload, "streamed", 8, 0, &len) == 0);
	CHECK(xqd_body_close(upload) == 0);
	CHECK(xqd_pending_req_wait(pending, &resp, &body) == 0);
	arrived("streaming", resp, body);

	/* Polling is only asked whether it works: this guest has no way to let time pass. */
	pending = start("http://origin.example/poll");
	CHECK(xqd_pending_req_poll(pending, &done, &resp, &body) == 0);
	if (!done)
		CHECK(xqd_pending_req_wait(pending, &resp, &body) == 0);
	arrived("poll", resp, body);
}

int main(void)
{
	static char uri[4096];
	uint32_t req, body;
	size_t len;

	CHECK(xqd_init(1) == 0);
	CHECK(xqd_req_body_downstream_get(&req, &body) == 0);
	CHECK(xqd_req_uri_get(req, uri, sizeof(uri) - 1, &len) == 0);
	say("ok\n");
	if (strstr(uri, "/send") != NULL)
		sending();
	else
		everything();
	answer(200);
}
