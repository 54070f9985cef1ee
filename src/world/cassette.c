/* SPDX-License-Identifier: Apache-2.0 */
#include "world/cassette.h"

#include "base/check.h"
#include "base/mem.h"
#include "http/uri.h"
#include "world/origins_priv.h"

/* ---- entries ---- */

static void entry_destroy(struct rc *r)
{
	struct cassette_entry *e = (struct cassette_entry *)r;
	arena_fini(&e->arena);
	mem_free(e);
}

struct cassette_entry *cassette_entry_new(void)
{
	struct cassette_entry *e = NEW(struct cassette_entry);
	rc_init(&e->rc, entry_destroy);
	arena_init(&e->arena);
	e->error = FETCH_OK;
	return e;
}

void cassette_entry_unref(struct cassette_entry **pe)
{
	struct cassette_entry *e = take(*pe);
	if (e)
		rc_unref(&e->rc);
}

void cassette_add(struct cassette *c, struct cassette_entry *taken)
{
	if (c->count == c->cap) {
		c->cap = MAX(2 * c->cap, (size_t)16);
		c->at = mem_realloc(c->at, c->cap * sizeof(*c->at));
	}
	c->at[c->count++] = taken;
}

void cassette_fini(struct cassette *c)
{
	for (size_t i = 0; i < c->count; i++)
		cassette_entry_unref(&c->at[i]);
	mem_free(c->at);
	*c = (struct cassette){ 0 };
}

static void add_all(struct cassette *c, const struct cassette *from)
{
	for (size_t i = 0; i < from->count; i++) {
		rc_ref(&from->at[i]->rc);
		cassette_add(c, from->at[i]);
	}
}

void cassette_replace(struct cassette *c, struct str test, const struct cassette *by)
{
	struct cassette result = { 0 };
	bool placed = false;
	for (size_t i = 0; i < c->count; i++) {
		struct cassette_entry *e = c->at[i];
		if (e->test.ptr && str_eq(e->test, test)) {
			if (!placed)
				add_all(&result, by);
			placed = true;
			continue;
		}
		rc_ref(&e->rc);
		cassette_add(&result, e);
	}
	if (!placed)
		add_all(&result, by);
	cassette_fini(c);
	*c = result;
}

/* ---- secrets ---- */

static const struct str secret_headers[] = {
	STR_INIT("authorization"),  STR_INIT("proxy-authorization"), STR_INIT("cookie"),
	STR_INIT("set-cookie"),     STR_INIT("x-api-key"),           STR_INIT("api-key"),
	STR_INIT("fastly-key"),     STR_INIT("x-auth-token"),        STR_INIT("x-amz-security-token"),
	STR_INIT("x-goog-api-key"), STR_INIT("x-vault-token"),       STR_INIT("x-csrf-token"),
};
static const struct str secret_parameters[] = {
	STR_INIT("api_key"),   STR_INIT("apikey"),          STR_INIT("access_token"),
	STR_INIT("token"),     STR_INIT("client_secret"),   STR_INIT("password"),
	STR_INIT("signature"), STR_INIT("X-Amz-Signature"),
};

static bool is_secret(const struct str *table, size_t count, struct str more, struct str name)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq_nocase(table[i], name))
			return true;
	}
	while (more.ptr) {
		if (str_eq_nocase(str_trim(str_split(&more, ',')), name))
			return true;
	}
	return false;
}

static void redact_headers(struct headers *h, struct str more)
{
	for (size_t i = 0; i < h->count; i++) {
		if (is_secret(secret_headers, COUNT_OF(secret_headers), more, h->at[i].name))
			h->at[i].value = STR(CASSETTE_REDACTED);
	}
}

static void redact_url(struct cassette_entry *e, struct str more)
{
	struct str query = e->url, path = str_split(&query, '?');
	if (!query.ptr)
		return;
	scoped(buf_fini) struct buf b = BUF_INIT(2 * URI_BYTES_MAX + e->url.len * sizeof CASSETTE_REDACTED);
	buf_add(&b, path);
	for (char separator = '?'; query.ptr; separator = '&') {
		struct str value = str_split(&query, '&'), name = str_split(&value, '=');
		buf_add_char(&b, separator);
		buf_add(&b, name);
		if (value.ptr)
			buf_add_char(&b, '=');
		if (value.ptr && is_secret(secret_parameters, COUNT_OF(secret_parameters), more, name))
			buf_add(&b, STR(CASSETTE_REDACTED));
		else
			buf_add(&b, value);
	}
	e->url = arena_str(&e->arena, buf_str(&b));
}

void cassette_entry_redact(struct cassette_entry *e, struct str more)
{
	redact_headers(&e->request_headers, more);
	redact_headers(&e->headers, more);
	redact_headers(&e->trailers, more);
	redact_url(e, more);
}

/* ---- what is the same ---- */

bool cassette_value_same(struct str recorded, struct str value)
{
	static const struct str redacted = STR_INIT(CASSETTE_REDACTED);
	return str_eq(recorded, redacted) || str_eq(value, redacted) || str_eq(recorded, value);
}

static bool query_same(struct str recorded, struct str query)
{
	if (!recorded.ptr || !query.ptr)
		return recorded.ptr == query.ptr;
	while (recorded.ptr && query.ptr) {
		struct str old = str_split(&recorded, '&'), now = str_split(&query, '&');
		if (!str_eq(str_split(&old, '='), str_split(&now, '=')) || !old.ptr != !now.ptr ||
		    (old.ptr && !cassette_value_same(old, now)))
			return false;
	}
	return !recorded.ptr && !query.ptr;
}

/* Where others have made the file, the URL says which backend it was. */
static bool backend_same(const struct cassette_entry *e, const struct cassette_entry *asked,
			 const struct backend *backend)
{
	scoped(arena_fini) struct arena scratch = { 0 };
	if (e->backend.ptr)
		return str_eq(e->backend, asked->backend);
	struct str base = origin_backend_url(backend, &scratch), rest = e->url;
	if (!str_starts(rest, base))
		return false;
	rest = str_sub(rest, base.len, rest.len);
	return rest.len == 0 || rest.ptr[0] == '/' || rest.ptr[0] == '?';
}

unsigned cassette_entry_differs(const struct cassette_take *t, const struct cassette_entry *e,
				const struct cassette_entry *asked, const struct backend *backend)
{
	struct str old_query = uri_path_and_query(e->url), query = uri_path_and_query(asked->url);
	struct str old_path = str_split(&old_query, '?'), path = str_split(&query, '?');
	unsigned parts = 0;
	parts |= e->test.ptr && !str_eq(e->test, t->test) ? CASSETTE_DIFFERS_TEST : 0;
	parts |= backend_same(e, asked, backend) ? 0 : CASSETTE_DIFFERS_BACKEND;
	parts |= str_eq(e->method, asked->method) ? 0 : CASSETTE_DIFFERS_METHOD;
	parts |= str_eq(old_path, path) ? 0 : CASSETTE_DIFFERS_PATH;
	parts |= query_same(old_query, query) ? 0 : CASSETTE_DIFFERS_QUERY;
	parts |= str_eq(e->request_body, asked->request_body) ? 0 : CASSETTE_DIFFERS_BODY;
	return parts;
}

/* ---- takes ---- */

void cassette_take_init(struct cassette_take *t, enum cassette_mode mode, struct str test,
			const struct cassette *old)
{
	*t = (struct cassette_take){ .mode = mode, .test = test, .old = old };
	arena_init(&t->arena);
	t->used = arena_zalloc(&t->arena, old->count + 1);
	t->problems_last = &t->problems;
}

void cassette_take_fini(struct cassette_take *t)
{
	cassette_fini(&t->recorded);
	arena_fini(&t->arena);
}

void cassette_take_problem(struct cassette_take *t, struct str text)
{
	struct cassette_problem *p = ARENA_NEW(&t->arena, struct cassette_problem);
	p->text = arena_str(&t->arena, text);
	*t->problems_last = p;
	t->problems_last = &p->next;
}

const struct cassette_entry *cassette_take_find(struct cassette_take *t, const struct cassette_entry *asked,
						const struct backend *backend)
{
	for (size_t i = 0; i < t->old->count; i++) {
		const struct cassette_entry *e = t->old->at[i];
		if (t->used[i] || cassette_entry_differs(t, e, asked, backend) != 0)
			continue;
		t->used[i] = true;
		return e;
	}
	cassette_explain_missing(t, asked, backend);
	return NULL;
}
