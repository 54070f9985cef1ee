/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any header fields of a request and of a response that is stored for it: lines of "name: value", a line of
 * its own between the two. Whatever they say, answers keep to what was stored, and lifetimes to their bounds.
 */
#include <stdint.h>

#include "base/check.h"
#include "http/cache_control.h"
#include "http/cache_rules.h"
#include "http/http_date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LENGTH = 100 };

static const uint64_t most_ns = UINT64_C(2147483647) * UINT64_C(1000000000);

static struct headers read_fields(struct str *text, struct arena *a)
{
	struct headers h = { 0 };
	while (text->ptr) {
		struct str value = str_split(text, '\n');
		if (value.len == 0)
			break;
		struct str name = str_split(&value, ':');
		headers_add(&h, a, name, value);
	}
	return h;
}

static void check_lifetime(const struct headers *h, int64_t now_s)
{
	struct cache_lifetime l = cache_rules_lifetime(h, now_s);
	CHECK(l.max_age_ns <= most_ns && l.age_ns <= most_ns && l.stale_while_revalidate_ns <= most_ns &&
	      l.stale_if_error_ns <= most_ns);
}

static void check_vary(struct str vary)
{
	for (struct str rest = vary; rest.len;)
		CHECK(header_name_valid(str_split(&rest, ' ')));
}

static void check_answer(const struct http_request *asked, const struct http_response *stored,
			 struct arena *a)
{
	struct cache_answer answer;
	const struct cache_answer_facts facts = { .now_s = 1772600767, .has_length = true, .length = LENGTH };
	cache_rules_answer(asked, stored, &facts, a, &answer);
	CHECK(!answer.is_part || (answer.has_body && answer.head.status == 206 &&
				  answer.first <= answer.last && answer.last < LENGTH));
	CHECK(answer.head.status != 304 || !answer.has_body);
	CHECK(headers_has(&answer.head.headers, STR("age")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct arena a;
	int64_t seconds;
	arena_init(&a);
	struct http_request out,
		asked = { .method = STR("GET"), .uri = STR("http://a/"), .headers = read_fields(&text, &a) };
	struct http_response stored = { .status = 200, .headers = read_fields(&text, &a) };
	check_lifetime(&stored.headers, 1772600767);
	check_vary(cache_rules_vary(&stored.headers, &a));
	(void)cache_rules_surrogate_keys(&stored.headers, &a);
	(void)cache_rules_storage(&stored, true);
	check_answer(&asked, &stored, &a);
	cache_rules_backend_request(&asked, &stored, &a, &out);
	CHECK(!headers_has(&out.headers, STR("range")));
	struct headers merged = cache_rules_merged_headers(&stored.headers, &asked.headers, &a);
	CHECK(merged.count <= stored.headers.count + asked.headers.count);
	if (http_date_parse((struct str){ (const char *)data, size }, 1772600767, &seconds))
		CHECK(seconds >= -62200000000 && seconds < 253500000000);
	arena_fini(&a);
	return 0;
}
