/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_image_optimizer. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_image_optimizer"
#define CALLED "transform_image_optimizer_request"

enum { CLAIMS = 1 << 1, DETAIL_OK = 1, DETAIL_ERROR = 2 };

struct answer {
	enum abi_status status;
	uint32_t tag, response, body;
	struct str words;
};

static uint32_t new_request(struct abi_harness *h, const char *uri)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, "fastly_http_req", "new", out), ABI_OK);
	struct str text = str_from(uri);
	uint32_t request = abi_u32(h, out);
	assert_status(abi_call(h, "fastly_http_req", "uri_set", request, abi_place(h, text), text.len),
		      ABI_OK);
	return request;
}

static struct answer ask(struct abi_harness *h, uint32_t request, uint32_t body, const char *backend,
			 uint32_t mask, const char *claims)
{
	struct str text = str_from(claims), name = str_from(backend);
	struct abi_image_optimizer_transform_config config = { abi_place(h, text), (uint32_t)text.len };
	struct abi_image_optimizer_error_detail detail = { .message = abi_room(h, 40), .message_len = 40 };
	uint32_t config_at = abi_place(h, (struct str){ (const char *)&config, sizeof config }),
		 detail_at = abi_place(h, (struct str){ (const char *)&detail, sizeof detail }),
		 out = abi_room(h, 8);
	struct answer a = { .status = abi_call(h, MODULE, CALLED, request, body, abi_place(h, name), name.len,
					       mask, config_at, detail_at, out, out + 4) };
	a.tag = abi_u32(h, detail_at);
	a.words = abi_text(h, detail.message, detail_at + 8);
	a.response = abi_u32(h, out);
	a.body = abi_u32(h, out + 4);
	return a;
}

static struct answer ask_for(struct abi_harness *h, const char *uri, const char *claims)
{
	return ask(h, new_request(h, uri), HANDLE_INVALID, "origin", CLAIMS, claims);
}

/* The path of the newest request to an origin. */
static struct str sent_path(struct abi_harness *h)
{
	const struct subrequest *s = h->sandbox->invocation->subrequests;
	while (s->next)
		s = s->next;
	return s->path;
}

static uint32_t status_of(struct abi_harness *h, uint32_t response)
{
	uint32_t out = abi_room(h, 8);
	assert_status(abi_call(h, "fastly_http_resp", "status_get", response, out), ABI_OK);
	uint16_t status;
	memcpy(&status, h->memory + out, sizeof status);
	return status;
}

TEST(the_origins_answer_comes_back_as_it_is)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct answer a = ask_for(&h, "http://o/hello?v=1&width=5", "region=asia&format=webp");
	assert_status(a.status, ABI_OK);
	assert_int_equal(a.tag, DETAIL_OK);
	assert_int_equal(a.words.len, 0);
	assert_int_equal(status_of(&h, a.response), 200);
	assert_str(check_body(&h, a.body), "hello from the origin");
	assert_str(sent_path(&h), "/hello");
	a = ask_for(&h, "http://o/hello?v=1&width=5&x",
		    "region=asia&preserve_query_string_on_origin_request=true");
	assert_status(a.status, ABI_OK);
	assert_str(sent_path(&h), "/hello?v=1&x");
	abi_fini(&h);
}

TEST(it_waits_for_the_origin_and_tells_when_there_is_none)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct answer a =
		ask(&h, new_request(&h, "http://o/x"), HANDLE_INVALID, "slow", CLAIMS, "region=asia");
	assert_status(a.status, ABI_OK);
	assert_str(check_body(&h, a.body), "late");
	a = ask(&h, new_request(&h, "http://o/x"), HANDLE_INVALID, "gone", CLAIMS, "region=asia");
	assert_status(a.status, ABI_ERROR);
	a = ask(&h, new_request(&h, "http://o/x"), HANDLE_INVALID, "nowhere", CLAIMS, "region=asia");
	assert_status(a.status, ABI_INVAL);
	abi_fini(&h);
}

TEST(what_a_service_cannot_ask_for_is_told_in_words)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct answer a = ask_for(&h, "http://o/hello", "region=asia&dpr=11");
	assert_status(a.status, ABI_INVAL);
	assert_int_equal(a.tag, DETAIL_ERROR);
	assert_str(a.words, "'11' is no value of dpr; write a number "); /* as many as fit */
	a = ask(&h, new_request(&h, "http://o/x"), HANDLE_INVALID, "origin", 0, "region=asia");
	assert_status(a.status, ABI_INVAL);
	assert_str(a.words, "the region is missing; write region=us_e");
	a = ask(&h, new_request(&h, "http://o/x"), HANDLE_INVALID, "origin", 1, "region=asia");
	assert_status(a.status, ABI_INVAL);
	assert_null(h.sandbox->invocation->subrequests);
	abi_fini(&h);
}

TEST(what_a_url_cannot_ask_for_is_answered_400_or_forgiven)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct answer a = ask_for(&h, "http://o/hello?width=wide", "region=asia");
	assert_status(a.status, ABI_OK);
	assert_int_equal(status_of(&h, a.response), 400);
	assert_str(check_body(&h, a.body),
		   "'wide' is no value of width; write pixels, or a percentage such as 50p");
	assert_null(h.sandbox->invocation->subrequests);
	a = ask_for(&h, "http://o/hello?width=wide", "region=asia&allow_malformed_query_params=true");
	assert_int_equal(status_of(&h, a.response), 200);
	assert_str(check_bytes(&h, ABI_OK, "fastly_http_resp", "header_value_get", a.response,
			       ABI_TEXT(&h, "fastly-io-compute-warnings")),
		   "'wide' is no value of width; write pixels, or a percentage such as 50p");
	abi_fini(&h);
}

TEST(handles_are_checked_and_the_bodys_is_used_up)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t request = new_request(&h, "http://o/hello"), body = check_new_body(&h, "");
	assert_status(ask(&h, body, HANDLE_INVALID, "origin", CLAIMS, "region=asia").status, ABI_BADF);
	assert_status(ask(&h, request, request, "origin", CLAIMS, "region=asia").status, ABI_BADF);
	assert_status(ask(&h, request, body, "origin", CLAIMS, "region=asia").status, ABI_OK);
	/* The request is still the guest's, which closes it; the body is not. */
	assert_status(ask(&h, request, body, "origin", CLAIMS, "region=asia").status, ABI_BADF);
	assert_status(abi_call(&h, "fastly_http_req", "close", request), ABI_OK);
	assert_status(ask(&h, request, HANDLE_INVALID, "origin", CLAIMS, "region=asia").status, ABI_BADF);
	abi_fini(&h);
}

TEST(what_was_asked_for_is_in_the_trace)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	abi_furnish(&h);
	h.world->tracing = true;
	abi_start(&h);
	assert_status(ask_for(&h, "http://o/hello?height=5p", "region=asia&crop=16%3A9").status, ABI_OK);
	const struct trace_event *ev = h.sandbox->invocation->trace.first;
	while (ev && strcmp(ev->type, "image-optimizer") != 0)
		ev = ev->next;
	assert_non_null(ev);
	struct str all = STR("");
	for (const struct trace_attrib *i = ev->first; i; i = i->next)
		all = arena_printf(&h.arena, STR_FMT " %s=" STR_FMT, STR_ARG(all), i->name, STR_ARG(i->text));
	assert_str(all, " backend=origin region=asia crop=16:9 height=5p");
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered(MODULE, "");
}
