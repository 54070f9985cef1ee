/* SPDX-License-Identifier: Apache-2.0 */
/* Cassettes as text and back, and what is wrong with a text. */
#include <string.h>

#include "runner/har.h"
#include "support/test.h"

static struct cassette_entry *entry(struct cassette *c)
{
	struct cassette_entry *e = cassette_entry_new();
	e->test = STR("a \"test\"");
	e->backend = STR("api");
	e->method = STR("POST");
	e->url = STR("https://api.example:8443/x?a=1&b");
	headers_add(&e->request_headers, &e->arena, STR("Content-Type"), STR("text/plain"));
	e->request_body = STR("line\n\xc3\xa9");
	e->status = 201;
	headers_add(&e->headers, &e->arena, STR("X-Many"), STR("1"));
	headers_add(&e->headers, &e->arena, STR("X-Many"), STR("2"));
	headers_add(&e->trailers, &e->arena, STR("X-Sum"), STR("3"));
	e->body = (struct str){ "\xff\0\x01", 3 };
	e->failure = BODY_FAILURE_TIMEOUT;
	e->wall_ns = UINT64_C(1735732800123) * NS_PER_MS;
	cassette_add(c, e);
	return e;
}

static struct str write(const struct cassette *c, struct buf *out)
{
	buf_init(out, HAR_BYTES_MAX);
	har_write(c, out);
	return buf_str(out);
}

TEST(what_is_written_is_read_again)
{
	struct cassette c = { 0 }, read = { 0 };
	struct buf text, again;
	struct error e;
	entry(&c);
	struct cassette_entry *second = entry(&c);
	second->error = FETCH_DNS_ERROR;
	second->status = 0;
	second->test = STR("");
	second->request_body = (struct str){ "\xfe", 1 };
	assert_true(har_read(&read, write(&c, &text), &e));
	assert_int_equal(read.count, 2);
	const struct cassette_entry *r = read.at[0];
	assert_str(r->test, "a \"test\"");
	assert_str(r->backend, "api");
	assert_str(r->method, "POST");
	assert_str(r->url, "https://api.example:8443/x?a=1&b");
	assert_str(r->request_body, "line\n\xc3\xa9");
	assert_int_equal(r->status, 201);
	assert_int_equal(r->headers.count, 2);
	assert_str(r->headers.at[1].value, "2");
	assert_str(headers_get(&r->trailers, STR("x-sum")), "3");
	assert_int_equal(r->body.len, 3);
	assert_memory_equal(r->body.ptr, "\xff\0\x01", 3);
	assert_int_equal(r->failure, BODY_FAILURE_TIMEOUT);
	assert_int_equal(r->line, 6);
	assert_int_equal(r->wall_ns, UINT64_C(1735732800123) * NS_PER_MS);
	assert_int_equal(read.at[1]->error, FETCH_DNS_ERROR);
	assert_non_null(read.at[1]->test.ptr);
	assert_str(read.at[1]->test, "");
	assert_str(read.at[1]->request_body, "\xfe");
	assert_true(str_eq(write(&read, &again), buf_str(&text)));
	buf_fini(&text);
	buf_fini(&again);
	cassette_fini(&c);
	cassette_fini(&read);
}

TEST(a_recording_of_a_browser_is_read)
{
	struct cassette c = { 0 };
	struct error e;
	assert_true(har_read(
		&c,
		STR("{\"log\":{\"pages\":[],\"entries\":[{\"startedDateTime\":\"2025-01-01T14:00:00.123+02:00\","
		    "\"request\":{\"method\":\"GET\","
		    "\"url\":\"https://a.example/\",\"headers\":[{\"name\":\":path\",\"value\":\"/\"},"
		    "{\"name\":\"accept\",\"value\":\"*/*\"}]},\"response\":{\"status\":200,\"headers\":[],"
		    "\"content\":{\"text\":\"aGk=\",\"encoding\":\"base64\"},\"_transferSize\":1}},"
		    "{\"startedDateTime\":\"yesterday\","
		    "\"request\":{\"method\":\"GET\",\"url\":\"https://a.example/\"},"
		    "\"response\":{\"status\":0,\"_error\":\"net::ERR_FAILED\"}}]}}"),
		&e));
	assert_int_equal(c.count, 2);
	assert_null(c.at[0]->test.ptr);
	assert_null(c.at[0]->backend.ptr);
	assert_int_equal(c.at[0]->request_headers.count, 1);
	assert_int_equal(c.at[0]->wall_ns, UINT64_C(1735732800123) * NS_PER_MS);
	assert_int_equal(c.at[1]->wall_ns, 0);
	assert_str(c.at[0]->body, "hi");
	assert_int_equal(c.at[1]->error, FETCH_INTERNAL_ERROR);
	cassette_fini(&c);
}

/* An entry whose request or response has one member that is wrong. */
#define ENTRY(request, response) \
	"{\"log\":\n{\"entries\":[\n{\"request\":{" request "},\"response\":{" response "}}]}}"
#define GOOD_REQUEST "\"method\":\"GET\",\"url\":\"http://a/\""
#define GOOD_RESPONSE "\"status\":200"

TEST(what_is_wrong_with_a_text_is_told_with_its_place)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "1: the file is empty" },
		{ "{", "1:1: " },
		{ "{\n\"log\": {}\n", "3:0: " },
		{ "[]", "1: is not a JSON object" },
		{ "{}", "1: this is no HAR: there is no \"log\"" },
		{ "{\n\"log\": 3}", "2: log: is not a JSON object" },
		{ "{\"log\":{}}", "1: this is no HAR: there is no \"entries\"" },
		{ "{\"log\":\n{\"entries\":{}}}", "2: log.entries: is not a JSON array" },
		{ "{\"log\":{\"entries\":[\n\n7]}}", "3: entry 1: entry: an object is wanted" },
		{ "{\"log\":{\"entries\":[{}]}}", "1: entry 1: request: an object is wanted" },
		{ ENTRY("\"url\":\"http://a/\"", GOOD_RESPONSE),
		  "3: entry 1: request.method: a string is wanted" },
		{ ENTRY("\"method\":\"A B\",\"url\":\"http://a/\"", GOOD_RESPONSE),
		  "request.method: this is no method" },
		{ ENTRY("\"method\":\"GET\",\"url\":\"/x\"", GOOD_RESPONSE),
		  "request.url: a whole URL is wanted" },
		{ ENTRY("\"method\":\"GET\",\"url\":\"http://a/ b\"", GOOD_RESPONSE),
		  "request.url: a whole URL" },
		{ ENTRY(GOOD_REQUEST ",\"headers\":{}", GOOD_RESPONSE), "request.headers: an array" },
		{ ENTRY(GOOD_REQUEST ",\"headers\":[{\"name\":\"a\"}]", GOOD_RESPONSE),
		  "request.headers: a string" },
		{ ENTRY(GOOD_REQUEST ",\"headers\":[{\"name\":\"a b\",\"value\":\"\"}]", GOOD_RESPONSE),
		  "request.headers: this is no header" },
		{ ENTRY(GOOD_REQUEST ",\"postData\":1", GOOD_RESPONSE), "request.postData: an object" },
		{ ENTRY(GOOD_REQUEST, "\"status\":\"200\""), "response.status: a status from 100 to 599" },
		{ ENTRY(GOOD_REQUEST, "\"status\":99"), "response.status: a status from 100 to 599" },
		{ ENTRY(GOOD_REQUEST, GOOD_RESPONSE ",\"content\":{\"text\":1}"),
		  "response.content: a string" },
		{ ENTRY(GOOD_REQUEST, GOOD_RESPONSE ",\"content\":{\"text\":\"x\",\"encoding\":\"gzip\"}"),
		  "response.content: the encoding is base64" },
		{ ENTRY(GOOD_REQUEST, GOOD_RESPONSE ",\"content\":{\"text\":\"x\",\"encoding\":\"base64\"}"),
		  "response.content: the text is not base64" },
		{ ENTRY(GOOD_REQUEST, GOOD_RESPONSE ",\"_ending\":\"happy\""),
		  "response._ending: one of whole" },
		{ ENTRY(GOOD_REQUEST, GOOD_RESPONSE ",\"_error\":1"), "response._error: a string" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cassette c = { 0 };
		struct error e = { 0 };
		if (har_read(&c, str_from(rows[i].text), &e))
			fail_msg("row %zu was read", i);
		assert_error(&e, INVALID, rows[i].error);
		assert_int_equal(c.count, 0);
		cassette_fini(&c);
	}
}
