/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service for the tests of libbacklot: it sends its request to backend "api", logs, and passes the answer
 * on.
 */
#ifndef LIB_LIB_SETUP_H
#define LIB_LIB_SETUP_H

#include <backlot.h>
#include <stdio.h>
#include <string.h>

#include "support/guest.h"

static const char proxy_wat[] =
	"(module\n"
	"  (import \"fastly_http_req\" \"body_downstream_get\" (func $get (param i32 i32) (result i32)))\n"
	"  (import \"fastly_http_req\" \"send\" (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))\n"
	"  (import \"fastly_http_resp\" \"new\" (func $resp_new (param i32) (result i32)))\n"
	"  (import \"fastly_http_resp\" \"status_set\" (func $status (param i32 i32) (result i32)))\n"
	"  (import \"fastly_http_body\" \"new\" (func $body_new (param i32) (result i32)))\n"
	"  (import \"fastly_http_resp\" \"send_downstream\" (func $answer (param i32 i32 i32) (result i32)))\n"
	"  (import \"fastly_log\" \"endpoint_get\" (func $endpoint (param i32 i32 i32) (result i32)))\n"
	"  (import \"fastly_log\" \"write\" (func $log (param i32 i32 i32 i32) (result i32)))\n"
	"  (memory (export \"memory\") 1)\n"
	"  (data (i32.const 64) \"api\")\n"
	"  (data (i32.const 80) \"access\")\n"
	"  (data (i32.const 96) \"{\\\"sent\\\":true}\")\n"
	"  (func (export \"_start\")\n"
	"    (drop (call $get (i32.const 0) (i32.const 4)))\n"
	"    (drop (call $endpoint (i32.const 80) (i32.const 6) (i32.const 16)))\n"
	"    (drop (call $log (i32.load (i32.const 16)) (i32.const 96) (i32.const 13) (i32.const 20)))\n"
	"    (if (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 64) (i32.const 3)\n"
	"          (i32.const 8) (i32.const 12))\n"
	"      (then\n"
	"        (drop (call $resp_new (i32.const 8)))\n"
	"        (drop (call $status (i32.load (i32.const 8)) (i32.const 502)))\n"
	"        (drop (call $body_new (i32.const 12)))))\n"
	"    (drop (call $answer (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 0)))))\n";

static inline bl_service *open_wat(const char *wat)
{
	bl_error *e = NULL;
	bl_service_options o = { .size = sizeof o, .cache_folder = "" };
	bl_service *s = bl_service_open(test_write("guest.wat", str_from(wat)), &o, &e);
	if (!s)
		fail_msg("%s", bl_error_text(e));
	guest_signals();
	return s;
}

/* A world of the proxy's, with its backend at http://api.example. */
static inline bl_world *proxy_world(void)
{
	bl_service *s = open_wat(proxy_wat);
	bl_world *w = bl_world_new(s, NULL, NULL);
	assert_non_null(w);
	assert_true(bl_backend_add(w, "api", "http://api.example", NULL));
	bl_service_free(s); /* the world keeps what it needs */
	return w;
}

static inline bl_response *fetch(bl_world *w, const char *method, const char *url, const char *body)
{
	bl_error *e = NULL;
	bl_request *q = bl_request_new(method, url, &e);
	assert_non_null(q);
	if (body)
		assert_true(bl_request_body(q, body, strlen(body), &e));
	bl_response *r = bl_fetch(w, q, &e);
	if (!r)
		fail_msg("%s", bl_error_text(e));
	bl_request_free(q); /* the response keeps what it needs */
	return r;
}

#define assert_bytes(bytes, expected) assert_str(((struct str){ (bytes).data, (bytes).len }), (expected))

/* An error was left, of that kind and with that in its text; it is freed. */
#define assert_bl_error(e, kind, part) assert_bl_error_at(&(e), kind, part, __FILE__, __LINE__)
static inline void assert_bl_error_at(bl_error **e, bl_error_kind kind, const char *part, const char *file,
				      int line)
{
	if (!*e)
		print_error("no error\n"), _fail(file, line);
	if (bl_error_kind_of(*e) != kind || !strstr(bl_error_text(*e), part)) {
		print_error("error %d: %s\n", (int)bl_error_kind_of(*e), bl_error_text(*e));
		_fail(file, line);
	}
	bl_error_free(*e);
	*e = NULL;
}

#endif
