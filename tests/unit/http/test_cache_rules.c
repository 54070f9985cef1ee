/* SPDX-License-Identifier: Apache-2.0 */
/* What a shared cache does, on tables: dates, directives, lifetimes, keys, conditions, ranges. */
#include <string.h>

#include "http/cache_control.h"
#include "http/cache_rules.h"
#include "http/http_date.h"
#include "support/test.h"

#define NOW_S INT64_C(1772600767) /* 2026-03-04 05:06:07 UTC */
#define SECOND UINT64_C(1000000000)

/* "name: value|name: value" */
static struct headers headers_of(struct arena *a, const char *text)
{
	struct headers h = { 0 };
	for (struct str rest = str_from(text); rest.len;) {
		struct str field = str_split(&rest, '|'), name = str_split(&field, ':');
		headers_add(&h, a, str_trim(name), str_trim(field));
	}
	return h;
}

static struct str print_headers(struct arena *a, const struct headers *h)
{
	struct str out = STR("");
	for (size_t i = 0; i < h->count; i++)
		out = arena_printf(a, STR_FMT "%s" STR_FMT ": " STR_FMT, STR_ARG(out), i ? "|" : "",
				   STR_ARG(h->at[i].name), STR_ARG(h->at[i].value));
	return out;
}

/* ---- dates ---- */

TEST(dates_of_all_three_forms_are_read_and_nothing_else)
{
	static const struct {
		const char *text;
		bool good;
		int64_t seconds;
	} rows[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", true, 784111777 },
		{ "Sun Nov  6 08:49:37 1994", true, 784111777 },
		{ "Sun Nov 06 08:49:37 1994", true, 784111777 },
		{ "sun, 06 NOV 1994 08:49:37 gmt", true, 784111777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", true, 0 },
		{ "Wed, 31 Dec 1969 23:59:59 GMT", true, -1 },
		{ "Tue, 29 Feb 2000 12:00:00 GMT", true, 951825600 },
		{ "Fri, 01 Jan 2038 01:01:01 GMT", true, 2145920461 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", true, INT64_C(253402300799) },
		{ "Saturday, 01-Jan-78 00:00:00 GMT", true, 252460800 },
		{ "Saturday, 01-Jan-70 00:00:00 GMT", true,
		  INT64_C(3155760000) }, /* 2070 is not 50 years ahead */
		{ "Mon, 29 Feb 1999 12:00:00 GMT", false, 0 },
		{ "Sun, 06 Nov 1994 24:00:00 GMT", false, 0 },
		{ "Sun, 06 Nov 1994 08:60:37 GMT", false, 0 },
		{ "Sun, 6 Nov 1994 08:49:37 GMT", false, 0 },
		{ "Sun, 06 Nov 94 08:49:37 GMT", false, 0 },
		{ "Sun, 06 Nov 1994 8:49:37 GMT", false, 0 },
		{ "Sun, 06 Nov 1994 08.49.37 GMT", false, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", false, 0 },
		{ "Sun, 06 Nov 1994 08:49:37", false, 0 },
		{ "Sun 06 Nov 1994 08:49:37 GMT", false, 0 },
		{ "Sun, 06-Nov-1994 08:49:37 GMT", false, 0 },
		{ "Sun, 06  Nov 1994 08:49:37 GMT", false, 0 },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", false, 0 },
		{ "Son, 06 Nov 1994 08:49:37 GMT", false, 0 },
		{ "0", false, 0 },
		{ "", false, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t seconds = 0;
		bool good = http_date_parse(str_from(rows[i].text), NOW_S, &seconds);
		if (good != rows[i].good || (good && seconds != rows[i].seconds))
			fail_msg("%s: %d, %lld", rows[i].text, good, (long long)seconds);
	}
}

/* ---- directives ---- */

TEST(directives_are_read_one_by_one)
{
	static const struct {
		const char *headers;
		int no_store, is_private;
		int64_t max_age, s_maxage; /* -1: not given */
	} rows[] = {
		{ "", 0, 0, -1, -1 },
		{ "Cache-Control: max-age=5", 0, 0, 5, -1 },
		{ "Cache-Control: public, MAX-AGE=5 , s-maxage=7", 0, 0, 5, 7 },
		{ "Cache-Control: max-age=\"5\"", 0, 0, 5, -1 },
		{ "Cache-Control: max-age=", 0, 0, 0, -1 },
		{ "Cache-Control: max-age", 0, 0, 0, -1 },
		{ "Cache-Control: max-age=-1", 0, 0, 0, -1 },
		{ "Cache-Control: max-age=1.5", 0, 0, 0, -1 },
		{ "Cache-Control: max-age=5a", 0, 0, 0, -1 },
		{ "Cache-Control: max-age= 5", 0, 0, 0, -1 },
		{ "Cache-Control: max-age =5", 0, 0, -1, -1 },
		{ "Cache-Control: max-age=0005", 0, 0, 5, -1 },
		{ "Cache-Control: max-age=2147483647", 0, 0, 2147483647, -1 },
		{ "Cache-Control: max-age=99999999999999999999999", 0, 0, 2147483647, -1 },
		{ "Cache-Control: max-age=5, max-age=9", 0, 0, 5, -1 },
		{ "Cache-Control: max-age=5|Cache-Control: max-age=9, private", 0, 1, 5, -1 },
		{ "Cache-Control: no-store", 1, 0, -1, -1 },
		{ "Cache-Control: foo=\"no-store, private\", max-age=5", 0, 0, 5, -1 },
		{ "Cache-Control: foo=\"a\\\", no-store\"", 0, 0, -1, -1 },
		{ "Cache-Control: foo=\"no-store", 0, 0, -1, -1 },
		{ "Cache-Control: private=\"set-cookie\"", 0, 1, -1, -1 },
		{ "Cache-Control: not-private, x-no-store", 0, 0, -1, -1 },
		{ "Cache-Control: ,, ,no-store", 1, 0, -1, -1 },
	};
	struct arena a;
	arena_init(&a);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct headers h = headers_of(&a, rows[i].headers);
		struct cache_control cc = cache_control_read(&h, STR("cache-control"));
		int64_t max_age = cc.max_age.given ? (int64_t)cc.max_age.value : -1;
		int64_t s_maxage = cc.s_maxage.given ? (int64_t)cc.s_maxage.value : -1;
		if (cc.no_store != rows[i].no_store || cc.is_private != rows[i].is_private ||
		    max_age != rows[i].max_age || s_maxage != rows[i].s_maxage)
			fail_msg("%s: %d %d %lld %lld", rows[i].headers, cc.no_store, cc.is_private,
				 (long long)max_age, (long long)s_maxage);
	}
	arena_fini(&a);
}

/* ---- lifetimes ---- */

TEST(lifetimes_come_from_the_headers_in_fastlys_order)
{
	static const struct {
		const char *headers;
		unsigned max_age, age, swr, sie;
	} rows[] = {
		{ "", 120, 0, 0, 0 },
		{ "Surrogate-Control: max-age=1|Cache-Control: s-maxage=2, max-age=3|Expires: Wed, 04 Mar 2026 06:06:07 GMT",
		  1, 0, 0, 0 },
		{ "Cache-Control: max-age=3, s-maxage=2|Expires: Wed, 04 Mar 2026 06:06:07 GMT", 2, 0, 0, 0 },
		{ "Cache-Control: max-age=3|Expires: Wed, 04 Mar 2026 06:06:07 GMT", 3, 0, 0, 0 },
		{ "Expires: Wed, 04 Mar 2026 06:06:07 GMT", 3600, 0, 0, 0 },
		{ "Expires: Wed, 04 Mar 2026 06:06:07 GMT|Date: Wed, 04 Mar 2026 06:05:57 GMT", 10, 0, 0, 0 },
		{ "Expires: Wed, 04 Mar 2026 06:06:07 GMT|Date: today", 3600, 0, 0, 0 },
		{ "Expires: Wed, 04 Mar 2026 05:06:07 GMT", 0, 0, 0, 0 },
		{ "Expires: 0", 0, 0, 0, 0 },
		{ "Expires:", 0, 0, 0, 0 },
		{ "Cache-Control: max-age=0|Expires: Wed, 04 Mar 2026 06:06:07 GMT", 0, 0, 0, 0 },
		{ "Cache-Control: stale-while-revalidate=5, stale-if-error=6", 120, 0, 5, 6 },
		{ "Surrogate-Control: stale-while-revalidate=1|Cache-Control: stale-while-revalidate=5, "
		  "stale-if-error=6, max-age=9",
		  9, 0, 1, 6 },
		{ "Surrogate-Control: max-age=8;abc, stale-if-error=2; x|Cache-Control: max-age=9", 8, 0, 0,
		  2 },
		{ "Cache-Control: max-age=9;abc", 0, 0, 0, 0 },
		{ "Age: 7|Cache-Control: max-age=10", 10, 7, 0, 0 },
		{ "Age: 7, 9|Cache-Control: max-age=10", 10, 7, 0, 0 },
		{ "Age: -7|Cache-Control: max-age=10", 10, 0, 0, 0 },
		{ "Age: 7.5|Cache-Control: max-age=10", 10, 0, 0, 0 },
		{ "Age: 99999999999|Cache-Control: max-age=10", 10, 2147483647, 0, 0 },
		{ "Age: 7", 120, 7, 0, 0 },
		{ "Age: 7|Expires: Wed, 04 Mar 2026 06:06:07 GMT", 3600, 0, 0, 0 },
		{ "Age: 7|Expires: Wed, 04 Mar 2026 06:06:07 GMT|Cache-Control: max-age=10", 10, 7, 0, 0 },
	};
	struct arena a;
	arena_init(&a);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct headers h = headers_of(&a, rows[i].headers);
		struct cache_lifetime l = cache_rules_lifetime(&h, NOW_S);
		if (l.max_age_ns != rows[i].max_age * SECOND || l.age_ns != rows[i].age * SECOND ||
		    l.stale_while_revalidate_ns != rows[i].swr * SECOND ||
		    l.stale_if_error_ns != rows[i].sie * SECOND)
			fail_msg("%s: %llu %llu %llu %llu", rows[i].headers,
				 (unsigned long long)(l.max_age_ns / SECOND),
				 (unsigned long long)(l.age_ns / SECOND),
				 (unsigned long long)(l.stale_while_revalidate_ns / SECOND),
				 (unsigned long long)(l.stale_if_error_ns / SECOND));
	}
	arena_fini(&a);
}

TEST(lists_of_names_and_keys_are_read_over_all_fields)
{
	struct arena a;
	arena_init(&a);
	struct headers h = headers_of(
		&a, "Vary: Accept-Encoding , ,x-A|vary: Cookie, b@d|Surrogate-Key: a  b|Surrogate-Key: C");
	assert_str(cache_rules_vary(&h, &a), "accept-encoding x-a cookie");
	assert_str(cache_rules_surrogate_keys(&h, &a), "a b C");
	h = headers_of(&a, "");
	assert_str(cache_rules_vary(&h, &a), "");
	arena_fini(&a);
}

/* ---- storing ---- */

TEST(what_may_be_stored)
{
	static const struct {
		uint16_t status;
		const char *headers;
		bool revalidating;
		enum cache_storage storage;
	} rows[] = {
		{ 200, "", false, CACHE_STORAGE_INSERT },
		{ 203, "", false, CACHE_STORAGE_INSERT },
		{ 300, "", false, CACHE_STORAGE_INSERT },
		{ 301, "", false, CACHE_STORAGE_INSERT },
		{ 302, "", true, CACHE_STORAGE_INSERT },
		{ 404, "", false, CACHE_STORAGE_INSERT },
		{ 410, "", false, CACHE_STORAGE_INSERT },
		{ 201, "Cache-Control: max-age=9", false, CACHE_STORAGE_NOT },
		{ 204, "Cache-Control: max-age=9", false, CACHE_STORAGE_NOT },
		{ 206, "Cache-Control: max-age=9", false, CACHE_STORAGE_NOT },
		{ 307, "", false, CACHE_STORAGE_NOT },
		{ 500, "Cache-Control: private", false, CACHE_STORAGE_NOT },
		{ 304, "", true, CACHE_STORAGE_UPDATE },
		{ 304, "", false, CACHE_STORAGE_NOT },
		{ 200, "Cache-Control: private, max-age=9", false, CACHE_STORAGE_UNCACHEABLE },
		{ 200, "Cache-Control: no-store", true, CACHE_STORAGE_UNCACHEABLE },
		{ 200, "Cache-Control: no-cache", false, CACHE_STORAGE_INSERT },
		{ 200, "Cache-Control: private|Surrogate-Control: max-age=9", false, CACHE_STORAGE_INSERT },
		{ 200, "Cache-Control: max-age=9|Surrogate-Control: no-store", false,
		  CACHE_STORAGE_UNCACHEABLE },
		{ 200, "Vary: a, *", false, CACHE_STORAGE_UNCACHEABLE },
		{ 200, "Set-Cookie: a=b", false, CACHE_STORAGE_INSERT },
	};
	struct arena a;
	arena_init(&a);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_response r = { .status = rows[i].status,
					   .headers = headers_of(&a, rows[i].headers) };
		enum cache_storage storage = cache_rules_storage(&r, rows[i].revalidating);
		if (storage != rows[i].storage)
			fail_msg("%d %s: %d", rows[i].status, rows[i].headers, storage);
	}
	struct headers h = headers_of(&a, "set-cookie: a=b");
	assert_true(cache_rules_sets_cookie(&h));
	arena_fini(&a);
}

TEST(headers_of_the_connection_are_not_stored)
{
	struct arena a;
	arena_init(&a);
	struct headers h =
		headers_of(&a,
			   "A: 1|Connection: close, x-hop|X-Hop: 2|Transfer-Encoding: chunked|Te: x|B: 3");
	struct headers stored = cache_rules_stored_headers(&h, &a);
	assert_str(print_headers(&a, &stored), "A: 1|B: 3");
	arena_fini(&a);
}

TEST(a_304_renews_what_it_names_but_not_what_is_about_the_content)
{
	struct arena a;
	arena_init(&a);
	struct headers stored =
		headers_of(&a,
			   "A: 1|Content-Length: 5|Content-Type: text/plain|ETag: \"x\"|Age: 100|B: 2|B: 3");
	struct headers update = headers_of(
		&a,
		"content-length: 0|Content-Encoding: gzip|content-type: text/html|b: 4|Connection: c|C: 5|D: 6");
	struct headers merged = cache_rules_merged_headers(&stored, &update, &a);
	assert_str(print_headers(&a, &merged),
		   "A: 1|Content-Length: 5|ETag: \"x\"|content-type: text/html|b: 4|D: 6");
	arena_fini(&a);
}

/* ---- requests ---- */

static bool same_key(struct arena *a, const char *uri, const char *headers, const char *uri2,
		     const char *headers2)
{
	unsigned char key[CACHE_HASH_BYTES], key2[CACHE_HASH_BYTES];
	struct http_request r = { .method = STR("GET"),
				  .uri = str_from(uri),
				  .headers = headers_of(a, headers) };
	struct http_request r2 = { .method = STR("HEAD"),
				   .uri = str_from(uri2),
				   .headers = headers_of(a, headers2) };
	cache_rules_key(&r, key);
	cache_rules_key(&r2, key2);
	return memcmp(key, key2, sizeof key) == 0;
}

TEST(a_key_is_host_path_and_query)
{
	struct arena a;
	arena_init(&a);
	assert_true(same_key(&a, "http://h/p?q", "", "https://H/p?q", "Accept: x"));
	assert_true(same_key(&a, "http://other/p?q", "Host: h", "http://h/p?q", ""));
	assert_true(same_key(&a, "http://h", "", "http://h/", ""));
	assert_true(same_key(&a, "http://h?q", "", "http://h/?q", ""));
	assert_true(same_key(&a, "/p", "Host: h", "http://h/p", ""));
	assert_false(same_key(&a, "http://h/p?q", "", "http://h/p", ""));
	assert_false(same_key(&a, "http://h/p", "", "http://h/P", ""));
	assert_false(same_key(&a, "http://h/p", "", "http://h:81/p", ""));
	assert_false(same_key(&a, "http://ha/b", "", "http://h/a/b", ""));
	arena_fini(&a);
}

TEST(a_backend_is_asked_for_the_whole_on_the_caches_own_conditions)
{
	struct arena a;
	arena_init(&a);
	struct http_request out, asked = {
		.method = STR("HEAD"),
		.uri = STR("http://h/p"),
		.headers =
			headers_of(&a,
				   "Host: h|Range: bytes=0-1|If-Range: \"x\"|If-None-Match: \"c\"|Accept: y|"
				   "If-Modified-Since: z|If-Match: *|If-Unmodified-Since: z"),
	};
	struct http_response stale = { .status = 200,
				       .headers = headers_of(&a, "ETag: \"e\"|Last-Modified: yesterday") };
	cache_rules_backend_request(&asked, NULL, &a, &out);
	assert_str(out.method, "GET");
	assert_str(print_headers(&a, &out.headers), "Host: h|Accept: y");
	cache_rules_backend_request(&asked, &stale, &a, &out);
	assert_str(print_headers(&a, &out.headers),
		   "Host: h|Accept: y|If-None-Match: \"e\"|If-Modified-Since: yesterday");
	asked.method = STR("POST");
	assert_false(cache_rules_request_cacheable(&asked));
	asked.method = STR("get");
	assert_false(cache_rules_request_cacheable(&asked));
	arena_fini(&a);
}

/* ---- answers ---- */

TEST(ranges_are_cut_from_what_there_is)
{
	static const struct {
		const char *value;
		uint64_t length;
		enum range_kind kind;
		uint64_t first, last;
	} rows[] = {
		{ "bytes=0-4", 10, RANGE_PART, 0, 4 },
		{ "bytes=5-", 10, RANGE_PART, 5, 9 },
		{ "bytes=-3", 10, RANGE_PART, 7, 9 },
		{ "bytes=-30", 10, RANGE_PART, 0, 9 },
		{ "bytes=5-99", 10, RANGE_PART, 5, 9 },
		{ "BYTES=9-9", 10, RANGE_PART, 9, 9 },
		{ "bytes=10-", 10, RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=-0", 10, RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=-1", 0, RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=4-3", 10, RANGE_WHOLE, 0, 0 },
		{ "bytes=0-1,3-4", 10, RANGE_WHOLE, 0, 0 },
		{ "bytes=-", 10, RANGE_WHOLE, 0, 0 },
		{ "bytes=x-4", 10, RANGE_WHOLE, 0, 0 },
		{ "bytes=0-x", 10, RANGE_WHOLE, 0, 0 },
		{ "bytes=5", 10, RANGE_WHOLE, 0, 0 },
		{ "bytes", 10, RANGE_WHOLE, 0, 0 },
		{ "lines=0-4", 10, RANGE_WHOLE, 0, 0 },
		{ "bytes=99999999999999999999-", 10, RANGE_WHOLE, 0, 0 },
		{ "", 10, RANGE_WHOLE, 0, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t first = 0, last = 0;
		enum range_kind kind = range_parse(str_from(rows[i].value), rows[i].length, &first, &last);
		if (kind != rows[i].kind || first != rows[i].first || last != rows[i].last)
			fail_msg("%s: %d %llu-%llu", rows[i].value, kind, (unsigned long long)first,
				 (unsigned long long)last);
	}
}

TEST(answers_fit_what_was_asked)
{
	static const char stored_headers[] =
		"ETag: \"e\"|Last-Modified: Wed, 04 Mar 2026 05:00:00 GMT|Content-Type: text/plain|Content-Length: 3|"
		"Surrogate-Key: k|Surrogate-Control: max-age=9|Age: 1";
#define VALIDATORS "ETag: \"e\"|Last-Modified: Wed, 04 Mar 2026 05:00:00 GMT|"
#define WHOLE VALIDATORS "Content-Type: text/plain|Content-Length: 10|Age: 60"
	static const struct {
		const char *method, *headers;
		uint16_t status;
		bool has_body, is_part;
		const char *answer;
	} rows[] = {
		{ "GET", "", 200, true, false, WHOLE },
		{ "HEAD", "", 200, false, false, WHOLE },
		{ "GET", "If-None-Match: \"e\"", 304, false, false, VALIDATORS "Age: 60" },
		{ "HEAD", "If-None-Match: \"e\"", 304, false, false, VALIDATORS "Age: 60" },
		{ "GET", "If-None-Match: W/\"e\"", 304, false, false, VALIDATORS "Age: 60" },
		{ "GET", "If-None-Match: *", 304, false, false, VALIDATORS "Age: 60" },
		{ "GET", "If-None-Match: \"a,b\" , \"e\",\"f\"", 304, false, false, VALIDATORS "Age: 60" },
		{ "GET", "If-None-Match: \"a\"|If-None-Match: \"e\"", 304, false, false,
		  VALIDATORS "Age: 60" },
		{ "GET", "If-None-Match: \"a,e\"", 200, true, false, WHOLE },
		{ "GET", "If-None-Match: \"f\"|If-Modified-Since: Wed, 04 Mar 2026 05:00:00 GMT", 200, true,
		  false, WHOLE },
		{ "GET", "If-Modified-Since: Wed, 04 Mar 2026 05:00:00 GMT", 304, false, false,
		  VALIDATORS "Age: 60" },
		{ "GET", "If-Modified-Since: Wed, 04 Mar 2026 04:59:59 GMT", 200, true, false, WHOLE },
		{ "GET", "If-Modified-Since: some day", 200, true, false, WHOLE },
		{ "GET", "If-Match: \"f\"", 200, true, false, WHOLE },
		{ "GET", "Range: bytes=2-4", 206, true, true,
		  VALIDATORS
		  "Content-Type: text/plain|Content-Length: 3|Age: 60|Content-Range: bytes 2-4/10" },
		{ "GET", "Range: bytes=2-4|If-Range: \"e\"", 206, true, true,
		  VALIDATORS
		  "Content-Type: text/plain|Content-Length: 3|Age: 60|Content-Range: bytes 2-4/10" },
		{ "GET", "Range: bytes=2-4|If-Range: Wed, 04 Mar 2026 05:00:00 GMT", 206, true, true,
		  VALIDATORS
		  "Content-Type: text/plain|Content-Length: 3|Age: 60|Content-Range: bytes 2-4/10" },
		{ "GET", "Range: bytes=2-4|If-Range: W/\"e\"", 200, true, false, WHOLE },
		{ "GET", "Range: bytes=2-4|If-Range: \"f\"", 200, true, false, WHOLE },
		{ "GET", "Range: bytes=10-", 416, false, false,
		  VALIDATORS "Content-Type: text/plain|Content-Length: 0|Age: 60|Content-Range: bytes */10" },
		{ "HEAD", "Range: bytes=2-4", 200, false, false, WHOLE },
		{ "GET", "Range: bytes=2-4|If-None-Match: \"e\"", 304, false, false, VALIDATORS "Age: 60" },
		{ "GET", "Fastly-Debug: 1", 200, true, false,
		  VALIDATORS
		  "Content-Type: text/plain|Content-Length: 10|Surrogate-Key: k|Surrogate-Control: max-age=9|Age: 60" },
	};
	struct arena a;
	arena_init(&a);
	const struct cache_answer_facts facts = {
		.age_s = 60, .now_s = NOW_S, .has_length = true, .length = 10
	};
	struct http_response stored = { .status = 200, .headers = headers_of(&a, stored_headers) };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cache_answer out;
		struct http_request asked = { .method = str_from(rows[i].method),
					      .uri = STR("/"),
					      .headers = headers_of(&a, rows[i].headers) };
		cache_rules_answer(&asked, &stored, &facts, &a, &out);
		struct str text = print_headers(&a, &out.head.headers);
		if (out.head.status != rows[i].status || out.has_body != rows[i].has_body ||
		    out.is_part != rows[i].is_part || !str_eq(text, str_from(rows[i].answer)))
			fail_msg("%s %s: %d %d %d " STR_FMT, rows[i].method, rows[i].headers, out.head.status,
				 out.has_body, out.is_part, STR_ARG(text));
	}
	arena_fini(&a);
}

TEST(what_is_no_200_or_has_no_length_yet_is_given_whole)
{
	struct arena a;
	arena_init(&a);
	struct cache_answer out;
	struct cache_answer_facts facts = { .has_length = true, .length = 10 };
	struct http_request asked = { .method = STR("GET"),
				      .uri = STR("/"),
				      .headers = headers_of(&a, "Range: bytes=0-1") };
	struct http_response stored = { .status = 404, .headers = headers_of(&a, "Content-Length: 10") };
	cache_rules_answer(&asked, &stored, &facts, &a, &out);
	assert_int_equal(out.head.status, 404);
	assert_true(out.has_body && !out.is_part);
	stored.status = 200;
	facts.has_length = false;
	cache_rules_answer(&asked, &stored, &facts, &a, &out);
	assert_int_equal(out.head.status, 200);
	assert_false(out.is_part);
	assert_str(print_headers(&a, &out.head.headers), "Age: 0");
	arena_fini(&a);
}
