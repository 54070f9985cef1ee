/* SPDX-License-Identifier: Apache-2.0 */
#include "http/cache_rules.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "base/buf.h"
#include "base/check.h"
#include "http/cache_control.h"
#include "http/http_date.h"
#include "http/uri.h"

enum { NAMES_BYTES_MAX = 1 << 20 };

static const uint64_t ns_per_s = UINT64_C(1000000000);

/* ---- requests ---- */

bool cache_rules_request_cacheable(const struct http_request *r)
{
	return str_eq(r->method, STR("GET")) || str_eq(r->method, STR("HEAD"));
}

static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256",
			      NULL); /* else each digest looks for it, which costs more than it */
	CHECK(sha256);
}

void cache_rules_key(const struct http_request *r, unsigned char key[CACHE_HASH_BYTES])
{
	scoped(buf_fini) struct buf text = BUF_INIT(SIZE_MAX);
	struct str host = headers_get(&r->headers, STR("host"));
	struct str path = uri_path_and_query(r->uri);
	if (!host.len)
		host = uri_split(r->uri).authority;
	uint64_t len = host.len; /* in front, so that no host can look like the begin of a path */
	buf_add(&text, (struct str){ (const char *)&len, sizeof len });
	for (size_t i = 0; i < host.len; i++) /* host names have no case */
		buf_add_char(&text, ascii_lower(host.ptr[i]));
	if (path.len == 0 || path.ptr[0] != '/')
		buf_add_char(&text, '/');
	buf_add(&text, path);
	pthread_once(&sha256_once, fetch_sha256);
	CHECK(EVP_Digest(text.ptr, text.len, key, NULL, sha256, NULL));
}

static bool is_one_of(struct str name, const struct str *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq_nocase(name, names[i]))
			return true;
	}
	return false;
}

void cache_rules_backend_request(const struct http_request *asked, const struct http_response *stale,
				 struct arena *a, struct http_request *out)
{
	static const struct str dropped[] = { STR_INIT("range"),         STR_INIT("if-range"),
					      STR_INIT("if-none-match"), STR_INIT("if-modified-since"),
					      STR_INIT("if-match"),      STR_INIT("if-unmodified-since") };
	*out = (struct http_request){ .uri = asked->uri, .version = asked->version };
	out->method = str_eq(asked->method, STR("HEAD")) ? STR("GET") : asked->method;
	for (size_t i = 0; i < asked->headers.count; i++) {
		const struct header *f = &asked->headers.at[i];
		if (!is_one_of(f->name, dropped, COUNT_OF(dropped)))
			headers_add_borrowed(&out->headers, a, f->name, f->value);
	}
	if (!stale)
		return;
	struct str etag = headers_get(&stale->headers, STR("etag"));
	struct str modified = headers_get(&stale->headers, STR("last-modified"));
	if (etag.len)
		headers_add_borrowed(&out->headers, a, STR("If-None-Match"), etag);
	if (modified.len)
		headers_add_borrowed(&out->headers, a, STR("If-Modified-Since"), modified);
}

/* ---- lifetimes ---- */

static uint64_t seconds_or(const struct cache_seconds *first, const struct cache_seconds *second)
{
	return (first->given ? first->value : second->given ? second->value : 0) * ns_per_s;
}

/* Expires counts from Date. What is no date is in the past. */
static uint64_t expires_s(const struct headers *h, struct str expires, int64_t now_s)
{
	int64_t end, begin = now_s;
	if (!http_date_parse(str_trim(expires), now_s, &end))
		return 0;
	if (!http_date_parse(str_trim(headers_get(h, STR("date"))), now_s, &begin))
		begin = now_s;
	return end > begin ? MIN((uint64_t)(end - begin), (uint64_t)CACHE_SECONDS_MAX) : 0;
}

static bool goes_by_expires(const struct headers *h, const struct cache_control *surrogate,
			    const struct cache_control *cc)
{
	return !surrogate->max_age.given && !cc->s_maxage.given && !cc->max_age.given &&
	       headers_has(h, STR("expires"));
}

static uint64_t max_age_s(const struct headers *h, const struct cache_control *surrogate,
			  const struct cache_control *cc, int64_t now_s)
{
	if (surrogate->max_age.given)
		return surrogate->max_age.value;
	if (cc->s_maxage.given)
		return cc->s_maxage.value;
	if (cc->max_age.given)
		return cc->max_age.value;
	return goes_by_expires(h, surrogate, cc) ? expires_s(h, headers_get(h, STR("expires")), now_s)
						 : CACHE_DEFAULT_TTL_S;
}

struct cache_lifetime cache_rules_lifetime(const struct headers *h, int64_t now_s)
{
	struct cache_control surrogate = cache_control_read(h, STR("surrogate-control"));
	struct cache_control cc = cache_control_read(h, STR("cache-control"));
	struct str first_age = headers_get(h, STR("age"));
	uint32_t age = 0;
	/* Of a list the first member counts, as RFC 9111, 5.1 has it. */
	if (!cache_seconds_parse(str_trim(str_split(&first_age, ',')), &age))
		age = 0;
	/* Expires counts from the response's coming, whatever its age, as Fastly's page about Age says. */
	if (goes_by_expires(h, &surrogate, &cc))
		age = 0;
	return (struct cache_lifetime){
		.max_age_ns = max_age_s(h, &surrogate, &cc, now_s) * ns_per_s,
		.age_ns = age * ns_per_s,
		.stale_while_revalidate_ns =
			seconds_or(&surrogate.stale_while_revalidate, &cc.stale_while_revalidate),
		.stale_if_error_ns = seconds_or(&surrogate.stale_if_error, &cc.stale_if_error),
	};
}

/* The words of all fields of a name, split at `separator` and spaces, with single spaces between. */
static struct str words(const struct headers *h, struct str name, char separator, bool lower, struct arena *a)
{
	scoped(buf_fini) struct buf out = BUF_INIT(NAMES_BYTES_MAX);
	size_t from = 0;
	for (const struct header *f; (f = headers_next(h, name, &from));) {
		for (struct str rest = f->value; rest.ptr;) {
			struct str word = str_trim(str_split(&rest, separator));
			if (word.len == 0 || (lower && !header_name_valid(word)))
				continue;
			if (out.len)
				buf_add_char(&out, ' ');
			for (size_t i = 0; i < word.len; i++)
				buf_add_char(&out, lower ? ascii_lower(word.ptr[i]) : word.ptr[i]);
		}
	}
	return arena_str(a, buf_str(&out));
}

struct str cache_rules_vary(const struct headers *h, struct arena *a)
{
	return words(h, STR("vary"), ',', true, a);
}

struct str cache_rules_surrogate_keys(const struct headers *h, struct arena *a)
{
	return words(h, STR("surrogate-key"), ' ', false, a);
}

/* ---- storing ---- */

bool cache_rules_sets_cookie(const struct headers *h)
{
	return headers_has(h, STR("set-cookie"));
}

static bool status_cacheable(uint16_t status)
{
	static const uint16_t cacheable[] = { 200, 203, 300, 301, 302, 404, 410 };
	for (size_t i = 0; i < COUNT_OF(cacheable); i++) {
		if (cacheable[i] == status)
			return true;
	}
	return false;
}

enum cache_storage cache_rules_storage(const struct http_response *r, bool revalidating)
{
	struct cache_control cc = cache_control_read(&r->headers, STR("surrogate-control"));
	if (!cc.present)
		cc = cache_control_read(&r->headers, STR("cache-control"));
	if (r->status == 304)
		return revalidating ? CACHE_STORAGE_UPDATE : CACHE_STORAGE_NOT;
	if (!status_cacheable(r->status))
		return CACHE_STORAGE_NOT;
	if (cc.no_store || cc.is_private || headers_list_has(&r->headers, STR("vary"), STR("*")))
		return CACHE_STORAGE_UNCACHEABLE;
	return CACHE_STORAGE_INSERT;
}

static bool is_of_connection(const struct headers *h, struct str name)
{
	static const struct str names[] = { STR_INIT("connection"),
					    STR_INIT("keep-alive"),
					    STR_INIT("proxy-authenticate"),
					    STR_INIT("proxy-authentication-info"),
					    STR_INIT("proxy-authorization"),
					    STR_INIT("proxy-connection"),
					    STR_INIT("te"),
					    STR_INIT("trailer"),
					    STR_INIT("transfer-encoding"),
					    STR_INIT("upgrade") };
	return is_one_of(name, names, COUNT_OF(names)) || headers_list_has(h, STR("connection"), name);
}

struct headers cache_rules_stored_headers(const struct headers *h, struct arena *a)
{
	struct headers out = { 0 };
	for (size_t i = 0; i < h->count; i++) {
		if (!is_of_connection(h, h->at[i].name))
			headers_add_borrowed(&out, a, h->at[i].name, h->at[i].value);
	}
	return out;
}

/* A 304 says nothing about the content that is stored already. */
static bool renews(const struct headers *update, struct str name)
{
	static const struct str kept[] = { STR_INIT("content-length"), STR_INIT("content-encoding"),
					   STR_INIT("content-range") };
	return headers_has(update, name) && !is_one_of(name, kept, COUNT_OF(kept)) &&
	       !is_of_connection(update, name);
}

struct headers cache_rules_merged_headers(const struct headers *stored, const struct headers *update,
					  struct arena *a)
{
	struct headers out = { 0 };
	for (size_t i = 0; i < stored->count; i++) {
		const struct header *f = &stored->at[i];
		/* The age of what was stored is over: the renewed one has that of the 304. */
		if (!renews(update, f->name) && !str_eq_nocase(f->name, STR("age")))
			headers_add_borrowed(&out, a, f->name, f->value);
	}
	for (size_t i = 0; i < update->count; i++) {
		if (renews(update, update->at[i].name))
			headers_add_borrowed(&out, a, update->at[i].name, update->at[i].value);
	}
	return out;
}

/* ---- conditions ---- */

/* An entity tag without the mark of a weak one. */
static struct str opaque(struct str etag)
{
	return str_starts(etag, STR("W/")) ? str_sub(etag, 2, etag.len) : etag;
}

/* Is the tag in the list? Weakly, RFC 9110, 8.8.3.2. Between quotes a comma separates nothing. */
static bool names_etag(struct str list, struct str etag)
{
	bool quoted = false;
	size_t begin = 0;
	if (str_eq(str_trim(list), STR("*")))
		return true;
	for (size_t i = 0; i <= list.len; i++) {
		if (i < list.len && list.ptr[i] == '"')
			quoted = !quoted;
		if (i < list.len && (list.ptr[i] != ',' || quoted))
			continue;
		if (str_eq(opaque(str_trim(str_sub(list, begin, i - begin))), opaque(etag)))
			return true;
		begin = i + 1;
	}
	return false;
}

static bool not_modified(const struct http_request *asked, const struct headers *h, int64_t now_s)
{
	struct str etag = headers_get(h, STR("etag")), modified = headers_get(h, STR("last-modified"));
	struct str since = headers_get(&asked->headers, STR("if-modified-since"));
	size_t from = 0;
	bool by_etag = false;
	for (const struct header *f; (f = headers_next(&asked->headers, STR("if-none-match"), &from));) {
		by_etag = true;
		if (etag.len && names_etag(f->value, str_trim(etag)))
			return true;
	}
	if (by_etag)
		return false; /* the other condition does not count then */
	int64_t then, last;
	if (!modified.len)
		modified = headers_get(h, STR("date"));
	return http_date_parse(str_trim(since), now_s, &then) &&
	       http_date_parse(str_trim(modified), now_s, &last) && last <= then;
}

/* Does If-Range, if there is one, want the part? A weak tag never does. */
static bool if_range_holds(const struct http_request *asked, const struct headers *h)
{
	struct str condition = str_trim(headers_get(&asked->headers, STR("if-range")));
	if (!condition.len)
		return true;
	if (condition.ptr[0] == '"')
		return str_eq(condition, str_trim(headers_get(h, STR("etag"))));
	return str_eq(condition, str_trim(headers_get(h, STR("last-modified"))));
}

/* ---- answers ---- */

void cache_rules_hide_surrogates(const struct http_request *asked, struct headers *h)
{
	if (headers_has(&asked->headers, STR("fastly-ff")) ||
	    headers_has(&asked->headers, STR("fastly-debug")))
		return;
	headers_remove(h, STR("surrogate-key"));
	headers_remove(h, STR("surrogate-control"));
}

static void answer_not_modified(struct cache_answer *out)
{
	static const struct str about_content[] = { STR_INIT("content-length"), STR_INIT("content-encoding"),
						    STR_INIT("content-language"), STR_INIT("content-range"),
						    STR_INIT("content-type") };
	out->head.status = 304;
	out->head.reason = STR("");
	out->has_body = false;
	for (size_t i = 0; i < COUNT_OF(about_content); i++)
		headers_remove(&out->head.headers, about_content[i]);
}

static void set_length(struct cache_answer *out, struct arena *a, uint64_t length)
{
	headers_set(&out->head.headers, a, STR("Content-Length"),
		    arena_printf(a, "%llu", (unsigned long long)length));
}

static void answer_range(const struct http_request *asked, uint64_t length, struct arena *a,
			 struct cache_answer *out)
{
	struct headers *h = &out->head.headers;
	struct str value = headers_get(&asked->headers, STR("range"));
	switch (range_parse(value, length, &out->first, &out->last)) {
	case RANGE_WHOLE:
		return;
	case RANGE_PART:
		out->is_part = true;
		out->head.status = 206;
		set_length(out, a, out->last - out->first + 1);
		headers_set(h, a, STR("Content-Range"),
			    arena_printf(a, "bytes %llu-%llu/%llu", (unsigned long long)out->first,
					 (unsigned long long)out->last, (unsigned long long)length));
		break;
	case RANGE_UNSATISFIABLE:
		out->has_body = false;
		out->head.status = 416;
		set_length(out, a, 0);
		headers_set(h, a, STR("Content-Range"),
			    arena_printf(a, "bytes */%llu", (unsigned long long)length));
		break;
	}
	out->head.reason = STR("");
}

void cache_rules_answer(const struct http_request *asked, const struct http_response *stored,
			const struct cache_answer_facts *facts, struct arena *a, struct cache_answer *out)
{
	struct headers h = { 0 };
	for (size_t i = 0; i < stored->headers.count; i++)
		headers_add_borrowed(&h, a, stored->headers.at[i].name, stored->headers.at[i].value);
	headers_set(&h, a, STR("Age"), arena_printf(a, "%llu", (unsigned long long)facts->age_s));
	cache_rules_hide_surrogates(asked, &h);
	*out = (struct cache_answer){ .head = *stored, .has_body = true };
	out->head.headers = h;
	out->head.body = NULL;
	if (facts->has_length)
		set_length(out, a, facts->length);
	else
		headers_remove(&out->head.headers, STR("content-length"));
	bool head_only = str_eq(asked->method, STR("HEAD"));
	if (stored->status == 200 && not_modified(asked, &stored->headers, facts->now_s))
		answer_not_modified(out);
	else if (stored->status == 200 && facts->has_length && !head_only &&
		 if_range_holds(asked, &stored->headers))
		answer_range(asked, facts->length, a, out);
	if (head_only || !http_status_has_body(out->head.status))
		out->has_body = false;
}
