/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <time.h>

#include "base/base64.h"
#include "http/uri.h"
#include "loop/clock.h"
#include "runner/har.h"
#include "runner/har_priv.h"

static const char no_headers[] = "[]";

/* "NAME": "VALUE" with what stands in front of it. */
static void add_text(struct buf *out, const char *before, const char *name, struct str value)
{
	buf_printf(out, "%s\"%s\": ", before, name);
	buf_add_json(out, value);
}

static void add_pairs(struct buf *out, const char *name, const struct headers *h)
{
	buf_printf(out, ",\n          \"%s\": ", name);
	if (h->count == 0)
		buf_add(out, str_from(no_headers));
	for (size_t i = 0; i < h->count; i++) {
		buf_add(out, i ? STR(",\n            { ") : STR("[\n            { "));
		add_text(out, "", "name", h->at[i].name);
		add_text(out, ", ", "value", h->at[i].value);
		buf_add(out, STR(" }"));
	}
	if (h->count)
		buf_add(out, STR("\n          ]"));
}

static void add_query(struct buf *out, struct str url)
{
	struct arena a = { 0 };
	struct headers pairs = { 0 };
	struct str query = url;
	str_split(&query, '?');
	while (query.ptr) {
		struct str value = str_split(&query, '&'), name = str_split(&value, '=');
		headers_add_borrowed(&pairs, &a, name, value.ptr ? value : STR(""));
	}
	add_pairs(out, "queryString", &pairs);
	arena_fini(&a);
}

/* The members of a body: text, and how it is encoded, under the name that the standard has or would have. */
static void add_body(struct buf *out, const char *encoding, const struct headers *h, struct str body)
{
	struct arena a = { 0 };
	struct str type = headers_get(h, STR("content-type"));
	add_text(out, "", "mimeType", type.ptr ? type : STR(""));
	if (str_is_utf8(body)) {
		add_text(out, ", ", "text", body);
	} else {
		add_text(out, ", ", encoding, STR("base64"));
		add_text(out, ", ", "text", base64_encode(&a, body));
	}
	arena_fini(&a);
}

static void add_time(struct buf *out, uint64_t wall_ns)
{
	char text[32];
	struct tm tm;
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(out, "        \"startedDateTime\": \"%s.%03dZ\",\n        \"time\": 0", text,
		   (int)(wall_ns / NS_PER_MS % 1000));
}

static void add_request(struct buf *out, const struct cassette_entry *e)
{
	buf_add(out, STR(",\n        \"request\": {\n          "));
	add_text(out, "", "method", e->method);
	add_text(out, ",\n          ", "url", e->url);
	add_text(out, ",\n          ", "httpVersion", STR("HTTP/1.1"));
	buf_add(out, STR(",\n          \"cookies\": []"));
	add_pairs(out, "headers", &e->request_headers);
	add_query(out, e->url);
	if (e->request_body.len) {
		buf_add(out, STR(",\n          \"postData\": { "));
		add_body(out, "_encoding", &e->request_headers, e->request_body);
		buf_add(out, STR(" }"));
	}
	buf_printf(out, ",\n          \"headersSize\": -1,\n          \"bodySize\": %zu\n        }",
		   e->request_body.len);
}

const char *const har_endings[HAR_ENDINGS] = {
	[BODY_FAILURE_NONE] = "whole",
	[BODY_FAILURE_ABANDONED] = "abandoned",
	[BODY_FAILURE_INCOMPLETE] = "incomplete",
	[BODY_FAILURE_TIMEOUT] = "timeout",
	[BODY_FAILURE_PROTOCOL] = "protocol",
	[BODY_FAILURE_LIMIT] = "limit",
};

static void add_response(struct buf *out, const struct cassette_entry *e)
{
	struct str location = headers_get(&e->headers, STR("location"));
	buf_printf(out, ",\n        \"response\": {\n          \"status\": %d", e->status);
	add_text(out, ",\n          ", "statusText", http_reason(e->status));
	add_text(out, ",\n          ", "httpVersion", STR("HTTP/1.1"));
	buf_add(out, STR(",\n          \"cookies\": []"));
	add_pairs(out, "headers", &e->headers);
	buf_printf(out, ",\n          \"content\": { \"size\": %zu, ", e->body.len);
	add_body(out, "encoding", &e->headers, e->body);
	buf_add(out, STR(" }"));
	add_text(out, ",\n          ", "redirectURL", location.ptr ? location : STR(""));
	buf_printf(out, ",\n          \"headersSize\": -1,\n          \"bodySize\": %zu", e->body.len);
	if (e->trailers.count)
		add_pairs(out, "_trailers", &e->trailers);
	if (e->failure != BODY_FAILURE_NONE)
		add_text(out, ",\n          ", "_ending", str_from(har_endings[e->failure]));
	if (e->error != FETCH_OK)
		add_text(out, ",\n          ", "_error", str_from(fetch_error_name(e->error)));
	buf_add(out, STR("\n        }"));
}

static void add_entry(struct buf *out, const struct cassette_entry *e)
{
	buf_add(out, STR("      {\n"));
	if (e->test.ptr)
		add_text(out, "        ", "_test", e->test);
	if (e->test.ptr)
		buf_add(out, STR(",\n"));
	if (e->backend.ptr)
		add_text(out, "        ", "_backend", e->backend);
	if (e->backend.ptr)
		buf_add(out, STR(",\n"));
	add_time(out, e->wall_ns);
	add_request(out, e);
	add_response(out, e);
	buf_add(out, STR(",\n        \"cache\": {},\n"
			 "        \"timings\": { \"send\": 0, \"wait\": 0, \"receive\": 0 }\n      }"));
}

void har_write(const struct cassette *c, struct buf *out)
{
	buf_printf(out,
		   "{\n  \"log\": {\n    \"version\": \"1.2\",\n"
		   "    \"creator\": { \"name\": \"Backlot\", \"version\": \"%s\" },\n    \"entries\": [\n",
		   BACKLOT_VERSION);
	for (size_t i = 0; i < c->count; i++) {
		add_entry(out, c->at[i]);
		buf_add(out, i + 1 < c->count ? STR(",\n") : STR("\n"));
	}
	buf_add(out, STR("    ]\n  }\n}\n"));
}
