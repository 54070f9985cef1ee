/* SPDX-License-Identifier: Apache-2.0 */
/* The guest that exercises the host without an SDK in between: the first segment of the path chooses a
 * route. `GET /` lists them. Besides what guests of the SDKs do, it does what no SDK would: too small
 * buffers, forged handles, pointers outside its memory. What the host must offer is in
 * tests/guests/fastly.toml. */
#include "fastly.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN(text) (sizeof(text) - 1)

/* The request, its method, its path and the number behind the route's name, for every route. */
static uint32_t client, client_body;
static char method[64], uri[4096], path[4096];
static int number = -1;

static char report[65536];
static size_t report_len;

/* --- answers --- */

static const char *status_name(int32_t status)
{
	static const char *names[] = {
		"ok",
		"error",
		"inval",
		"badf",
		"buflen",
		"unsupported",
		"badalign",
		"httpinvalid",
		"httpuser",
		"httpincomplete",
		"none",
		"httpheadtoolarge",
		"httpinvalidstatus",
		"limitexceeded",
		"again",
	};
	return status >= 0 && status <= AGAIN ? names[status] : "unknown";
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(report + report_len, sizeof(report) - report_len, format, args);
	va_end(args);
	if (n > 0)
		report_len += (size_t)n;
	if (report_len >= sizeof(report))
		report_len = sizeof(report) - 1;
}

static void answer(uint32_t status, const char *type)
{
	uint32_t resp, body;
	size_t written;
	resp_new(&resp);
	resp_status_set(resp, status);
	resp_header_append(resp, "content-type", LEN("content-type"), type, strlen(type));
	body_new(&body);
	for (size_t done = 0; done < report_len; done += written)
		if (body_write(body, report + done, report_len - done, WRITE_BACK, &written) != OK)
			break;
	resp_send(resp, body, 0);
}

/* Ends the guest with what went wrong. */
__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
	report_len = 0;
	say("failed: ");
	va_list args;
	va_start(args, format);
	int n = vsnprintf(report + report_len, sizeof(report) - report_len, format, args);
	va_end(args);
	report_len += n > 0 ? (size_t)n : 0;
	say("\n");
	answer(500, "text/plain");
	exit(0);
}

static void must(const char *what, int32_t status)
{
	if (status != OK)
		fail("%s: %s", what, status_name(status));
}

static void expect(const char *what, int32_t status, int32_t wanted)
{
	if (status != wanted)
		fail("%s: expected %s, got %s", what, status_name(wanted), status_name(status));
}

/* For what must be refused, whatever the words: the report has them. */
static void refused(const char *what, int32_t status)
{
	if (status == OK)
		fail("%s: accepted", what);
	say("%s: %s\n", what, status_name(status));
}

/* Calls that a host may answer with a trap: `/values/3` makes only the fourth of them. */
#define ONE_OF(what, call)                           \
	do {                                         \
		if (number < 0 || number == counted) \
			refused(what, call);         \
		counted++;                           \
	} while (0)

static int counted;

static void log_line(const char *endpoint, const char *line)
{
	uint32_t handle;
	size_t written;
	must("endpoint_get", log_endpoint(endpoint, strlen(endpoint), &handle));
	must("log write", log_write(handle, line, strlen(line), &written));
}

/* --- routes --- */

static void hello(void)
{
	say("Hello from C!");
	answer(200, "text/plain");
}

static void say_json(const char *text, size_t len)
{
	say("\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '"' || c == '\\')
			say("\\%c", c);
		else if (c < 0x20)
			say("\\u%04x", c);
		else
			say("%c", c);
	}
	say("\"");
}

static void echo(void)
{
	char names[8192], value[8192];
	size_t written, value_len, got;
	int64_t next = 0;
	bool first = true;

	say("{\"method\":");
	say_json(method, strlen(method));
	say(",\"uri\":");
	say_json(uri, strlen(uri));
	say(",\"headers\":[");
	for (uint32_t cursor = 0; next != -1; cursor = (uint32_t)next) {
		must("names", req_header_names(client, names, sizeof(names), cursor, &next, &written));
		for (char *name = names; name < names + written; name += strlen(name) + 1) {
			must("value",
			     req_header_get(client, name, strlen(name), value, sizeof(value), &value_len));
			say(first ? "[" : ",[");
			say_json(name, strlen(name));
			say(",");
			say_json(value, value_len);
			say("]");
			first = false;
		}
	}
	say("],\"body\":");
	size_t body_len = 0;
	do {
		must("body", body_read(client_body, value + body_len, sizeof(value) - body_len, &got));
		body_len += got;
	} while (got > 0 && body_len < sizeof(value));
	say_json(value, body_len);
	say("}");
	answer(200, "application/json");
}

static uint16_t forward(void)
{
	uint32_t resp, body;
	uint16_t status = 0;
	req_cache_override(client, 1, 0, 0);
	if (req_send(client, client_body, "origin", LEN("origin"), &resp, &body) != OK) {
		say("origin does not answer\n");
		answer(502, "text/plain");
		return 502;
	}
	resp_status_get(resp, &status);
	resp_send(resp, body, 0);
	return status;
}

static void proxy(void)
{
	forward();
}

/* One backend request and one line of JSON. */
static void proxy_log(void)
{
	char line[8192];
	uint16_t status = forward();
	snprintf(line, sizeof(line), "{\"method\":\"%s\",\"path\":\"%s\",\"status\":%d}", method, path,
		 status);
	log_line("access", line);
}

static void logs(void)
{
	uint32_t handle;
	log_line("first", "one");
	log_line("second", "two");
	log_line("first", "two\nlines");
	printf("a line on stdout\n");
	fprintf(stderr, "a line on stderr\n");
	refused("an endpoint named stdout", log_endpoint("stdout", LEN("stdout"), &handle));
	answer(200, "text/plain");
}

/* Both stores by the same protocol: a buffer that is too small is told how much it needs. */
static void store(const char *what, int32_t (*open)(const char *, size_t, uint32_t *),
		  int32_t (*get)(uint32_t, const char *, size_t, char *, size_t, size_t *))
{
	uint32_t handle;
	char value[64] = "";
	size_t len = 0;
	int32_t status = open("no-such-store", LEN("no-such-store"), &handle);
	if (status == OK)
		fail("a %s that is not there can be opened", what);
	say("a %s that is not there: %s\n", what, status_name(status));
	must(what, open("config", LEN("config"), &handle));
	must("greeting", get(handle, "greeting", LEN("greeting"), value, sizeof(value), &len));
	if (len != 5 || memcmp(value, "hello", 5) != 0)
		fail("greeting: expected hello, got %.*s", (int)len, value);
	len = 0;
	expect("greeting in two bytes", get(handle, "greeting", LEN("greeting"), value, 2, &len), BUFLEN);
	if (len != 5)
		fail("greeting in two bytes: it says %zu are needed", len);
	status = get(handle, "missing", LEN("missing"), value, sizeof(value), &len);
	if (status == OK)
		fail("a key that is not there has a value of %zu bytes", len);
	say("a key that is not there: %s\n", status_name(status));
	answer(200, "text/plain");
}

static void config_store(void)
{
	store("config store", config_open, config_get);
}

static void dictionary(void)
{
	store("dictionary", dictionary_open, dictionary_get);
}

/* What every getter does with buffers: exactly enough, one byte less, nothing. */
static void buffers(void)
{
	uint32_t req;
	char buf[256];
	size_t len;
	int64_t next;

	must("new", req_new(&req));
	must("method_set", req_method_set(req, "PATCH", 5));
	expect("5 of 5", req_method_get(req, buf, 5, &len), OK);
	expect("4 of 5", req_method_get(req, buf, 4, &len), BUFLEN);
	if (len != 5)
		fail("4 of 5: it says %zu are needed", len);
	expect("0 of 5", req_method_get(req, buf, 0, &len), BUFLEN);

	must("insert", req_header_insert(req, "x-a", 3, "one", 3));
	must("insert", req_header_insert(req, "x-bcd", 5, "two", 3));
	/* Names end with a zero byte each, so `x-a` needs four. */
	expect("4 for x-a", req_header_names(req, buf, 4, 0, &next, &len), OK);
	if (len != 4 || next != 1)
		fail("4 for x-a: %zu bytes, next is %lld", len, (long long)next);
	expect("5 for x-bcd", req_header_names(req, buf, 5, 1, &next, &len), BUFLEN);
	if (len != 6)
		fail("5 for x-bcd: it says %zu are needed", len);
	expect("6 for x-bcd", req_header_names(req, buf, 6, 1, &next, &len), OK);
	if (next != -1)
		fail("after the last name the cursor is %lld", (long long)next);
	expect("a cursor past the end", req_header_names(req, buf, sizeof(buf), 7, &next, &len), OK);
	if (len != 0 || next != -1)
		fail("a cursor past the end: %zu bytes, next is %lld", len, (long long)next);
	expect("a header that is not there", req_header_get(req, "x-no", 4, buf, sizeof(buf), &len), INVAL);
	expect("no value", req_header_values(req, "x-no", 4, buf, sizeof(buf), 0, &next, &len), OK);
	if (len != 0 || next != -1)
		fail("no value: %zu bytes, next is %lld", len, (long long)next);

	say("ok\n");
	answer(200, "text/plain");
}

/* Handles that were never given out, are of another kind, or are used up. */
static void handles(void)
{
	uint32_t req, resp, resp2, body, other;
	size_t len;
	uint16_t status;
	char byte;

	must("new request", req_new(&req));
	must("new response", resp_new(&resp));
	must("new body", body_new(&body));
	refused("a forged request", req_method_get(req + 1000, &byte, 1, &len));
	refused("a forged response", resp_status_get(resp + 1000, &status));
	refused("a forged body", body_read(body + 1000, &byte, 1, &len));
	refused("the invalid handle", body_read(INVALID_HANDLE, &byte, 1, &len));
	refused("a forged endpoint", log_write(1000, "x", 1, &len));
	refused("a forged pending request", req_pending_wait(1000, &resp2, &other));

	must("close request", req_close(req));
	refused("a closed request", req_method_get(req, &byte, 1, &len));
	refused("a request closed twice", req_close(req));
	must("close response", resp_close(resp));
	refused("a closed response", resp_status_get(resp, &status));
	must("close body", body_close(body));
	refused("writing to a closed body", body_write(body, "x", 1, WRITE_BACK, &len));
	refused("a body closed twice", body_close(body));

	must("new body", body_new(&body));
	must("new body", body_new(&other));
	must("append", body_append(body, other));
	refused("a body that was appended", body_write(other, "x", 1, WRITE_BACK, &len));
	refused("a body appended to itself", body_append(body, body));
	answer(200, "text/plain");
}

/* The `i`th of those that are held: in turn a request, a response and a body, with its number in it. */
static int32_t open_held(int i, uint32_t *held)
{
	char text[16];
	size_t len = (size_t)snprintf(text, sizeof(text), "M%d", i);
	int32_t status = i % 3 == 0 ? req_new(held) : i % 3 == 1 ? resp_new(held) : body_new(held);
	if (status != OK)
		return status;
	if (i % 3 == 0)
		must("method_set", req_method_set(*held, text, len));
	else if (i % 3 == 1)
		must("status_set", resp_status_set(*held, (uint32_t)(200 + i % 300)));
	else
		must("write", body_write(*held, text, len, WRITE_BACK, &len));
	return OK;
}

static bool still_held(int i, uint32_t held)
{
	char text[16], got[16];
	uint16_t status;
	size_t len = 0;
	int written = snprintf(text, sizeof(text), "M%d", i);
	if (i % 3 == 1)
		return resp_status_get(held, &status) == OK && status == 200 + i % 300;
	if (i % 3 == 0)
		must("method_get", req_method_get(held, got, sizeof(got), &len));
	else
		must("read", body_read(held, got, sizeof(got), &len));
	return len == (size_t)written && memcmp(text, got, len) == 0;
}

/*
 * `/hold/N`: N handles (10000 unless given) open at once. Each still holds what was put into it when the last
 * one is open; then they are closed, the oldest first.
 */
static void hold(void)
{
	enum { HELD_MAX = 100000 };
	static uint32_t held[HELD_MAX];
	int wanted = number < 0 ? 10000 : number < HELD_MAX ? number : HELD_MAX;
	int count = 0, kept = 0;
	int32_t status = OK;

	for (; count < wanted && status == OK; count += status == OK)
		status = open_held(count, &held[count]);
	for (int i = 0; i < count; i++)
		kept += still_held(i, held[i]);
	for (int i = 0; i < count; i++) {
		uint32_t h = held[i];
		must("close", i % 3 == 0 ? req_close(h) : i % 3 == 1 ? resp_close(h) : body_close(h));
	}
	say("%d handles, then %s; %d held what was put into them\n", count, status_name(status), kept);
	answer(200, "text/plain");
}

/* Values that the ABI has no meaning for, and text that is none. */
static void values(void)
{
	uint32_t req, resp, body;
	size_t len;

	must("new request", req_new(&req));
	must("new response", resp_new(&resp));
	must("new body", body_new(&body));
	ONE_OF("an unknown version", req_version_set(req, 77));
	ONE_OF("an unknown end", body_write(body, "x", 1, 9, &len));
	ONE_OF("status 99", resp_status_set(resp, 99));
	ONE_OF("status 65636", resp_status_set(resp, 65636));
	ONE_OF("a method with a space", req_method_set(req, "GET IT", 6));
	ONE_OF("a method that is not UTF-8", req_method_set(req, "\xff\xfe", 2));
	ONE_OF("a URI that is none", req_uri_set(req, "http://[", 8));
	ONE_OF("a header name with a space", req_header_insert(req, "x y", 3, "v", 1));
	ONE_OF("a header name without a letter", req_header_insert(req, "", 0, "v", 1));
	ONE_OF("a header value with a newline", req_header_insert(req, "x", 1, "a\r\nb: c", 7));
	ONE_OF("unknown cache bits", req_cache_override(req, 0xffff0000u, 0, 0));
	answer(200, "text/plain");
}

/* Pointers and lengths that leave the guest's memory, and results that are not aligned. */
static void pointers(void)
{
	uint32_t req, body;
	size_t len;
	const char *end = (const char *)(__builtin_wasm_memory_size(0) << 16);
	uint32_t words[2];

	must("new request", req_new(&req));
	must("new body", body_new(&body));
	ONE_OF("a result past the end", req_new((uint32_t *)end));
	ONE_OF("a result across the end", req_new((uint32_t *)(end - 2)));
	ONE_OF("a result at the last address", req_new((uint32_t *)0xfffffffc));
	ONE_OF("text past the end", req_method_set(req, end, 1));
	ONE_OF("text across the end", req_method_set(req, end - 1, 2));
	ONE_OF("a length that wraps", req_method_set(req, end - 1, 0xffffffff));
	ONE_OF("a buffer that wraps", body_write(body, end - 16, 0xfffffff0, WRITE_BACK, &len));
	ONE_OF("a buffer of four gigabytes", body_read(body, words, 0xffffffff, &len));
	ONE_OF("a count past the end", body_write(body, "x", 1, WRITE_BACK, (size_t *)end));
	ONE_OF("a result that is not aligned", req_new((uint32_t *)((char *)words + 1)));
	must("the last byte of memory", body_write(body, end - 1, 1, WRITE_BACK, &len));
	answer(200, "text/plain");
}

/* `/many-headers/N`: a response with N headers (10000 unless given), if the host takes them. */
static void many_headers(void)
{
	int wanted = number < 0 ? 10000 : number;
	uint32_t resp, body;
	char name[32];
	size_t written;
	int32_t status = OK;
	int taken = 0;

	must("new response", resp_new(&resp));
	must("new body", body_new(&body));
	for (; taken < wanted && status == OK; taken += status == OK) {
		int n = snprintf(name, sizeof(name), "x-%d", taken);
		status = resp_header_append(resp, name, (size_t)n, "v", 1);
	}
	say("%d headers, then %s\n", taken, status_name(status));
	must("write", body_write(body, report, report_len, WRITE_BACK, &written));
	must("send", resp_send(resp, body, 0));
}

/* Sends a response, then another: the second is refused, and the log says how. */
static void twice(void)
{
	uint32_t resp, body;
	say("the first of two\n");
	answer(200, "text/plain");
	resp_new(&resp);
	body_new(&body);
	log_line("twice", status_name(resp_send(resp, body, 0)));
}

static void trap(void)
{
	__builtin_trap();
}

/* `/exit/N`: without a response. */
static void quit(void)
{
	exit(number);
}

static void silent(void)
{
}

static void list(void);

static const struct route {
	const char *name;
	void (*run)(void);
} routes[] = {
	{ "", list },
	{ "buffers", buffers },
	{ "config-store", config_store },
	{ "dictionary", dictionary },
	{ "echo", echo },
	{ "exit", quit },
	{ "handles", handles },
	{ "hello", hello },
	{ "hold", hold },
	{ "log", logs },
	{ "many-headers", many_headers },
	{ "pointers", pointers },
	{ "proxy", proxy },
	{ "proxy-log", proxy_log },
	{ "silent", silent },
	{ "trap", trap },
	{ "twice", twice },
	{ "values", values },
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

static void list(void)
{
	for (size_t i = 0; i < ROUTES; i++)
		say("/%s\n", routes[i].name);
	answer(200, "text/plain");
}

/* The path of a URI with or without scheme and host. */
static void find_path(void)
{
	const char *start = strstr(uri, "://");
	start = strchr(start != NULL ? start + 3 : uri, '/');
	if (start == NULL)
		start = "/";
	size_t len = strcspn(start, "?#");
	memcpy(path, start, len);
	path[len] = '\0';
}

int main(void)
{
	size_t len;
	must("init", abi_init(1));
	must("body_downstream_get", req_downstream(&client, &client_body));
	must("method_get", req_method_get(client, method, sizeof(method) - 1, &len));
	must("uri_get", req_uri_get(client, uri, sizeof(uri) - 1, &len));
	uri[len] = '\0';
	find_path();

	size_t name_len = strcspn(path + 1, "/");
	if (path[1 + name_len] == '/')
		number = atoi(path + 1 + name_len + 1);
	for (size_t i = 0; i < ROUTES; i++) {
		if (strlen(routes[i].name) == name_len && memcmp(routes[i].name, path + 1, name_len) == 0) {
			routes[i].run();
			return 0;
		}
	}
	say("there is no route %s; GET / lists them\n", path);
	answer(404, "text/plain");
	return 0;
}
