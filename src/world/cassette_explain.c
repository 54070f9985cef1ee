/* SPDX-License-Identifier: Apache-2.0 */
/* The words for what a cassette lacks, and for what has changed since it was recorded. */
#include "world/cassette.h"

#include "http/uri.h"
#include "world/origins_priv.h"

enum { TEXT_BYTES_MAX = 16384, BODY_BEFORE_BYTES = 30, BODY_SHOWN_BYTES = 100, HEADERS_SHOWN_MAX = 100 };

/* ---- pieces ---- */

/* "shop.fiddle.har:12", or the file alone. */
static void add_place(struct buf *out, const struct cassette_take *t, const struct cassette_entry *e)
{
	buf_add(out, t->file);
	if (e && e->line)
		buf_printf(out, ":%zu", e->line);
}

static void add_request(struct buf *out, const struct cassette_entry *e)
{
	struct str target = str_sub(uri_path_and_query(e->url), 0, 200);
	buf_printf(out, STR_FMT " " STR_FMT " of backend '" STR_FMT "'", STR_ARG(e->method), STR_ARG(target),
		   STR_ARG(e->backend));
}

/* A piece of a body, as a JSON string: what stands there may be anything. */
static struct str body_piece(struct str body, size_t at, struct arena *a)
{
	size_t from = at - MIN(at, (size_t)BODY_BEFORE_BYTES);
	scoped(buf_fini) struct buf b = BUF_INIT(8 * (BODY_BEFORE_BYTES + BODY_SHOWN_BYTES));
	buf_add_json(&b, str_sub(body, from, at - from + BODY_SHOWN_BYTES));
	return arena_printf(a, "%s" STR_FMT "%s", from ? "…" : "", STR_ARG(buf_str(&b)),
			    body.len > at + BODY_SHOWN_BYTES ? "…" : "");
}

static size_t first_difference(struct str a, struct str b)
{
	size_t at = 0;
	while (at < a.len && at < b.len && a.ptr[at] == b.ptr[at])
		at++;
	return at;
}

static void add_body(struct buf *out, struct str old, struct str now, struct arena *a)
{
	size_t at = first_difference(old, now);
	origins_add_field(out, true, "body", old.len ? body_piece(old, at, a) : (struct str){ NULL, 0 },
			  now.len ? body_piece(now, at, a) : (struct str){ NULL, 0 });
}

/* ---- what is missing ---- */

static unsigned distance_of(unsigned differs, struct str old_url, struct str url)
{
	unsigned distance = 1000 * (unsigned)__builtin_popcount(differs);
	distance += differs & (CASSETTE_DIFFERS_BACKEND | CASSETTE_DIFFERS_TEST) ? 1500 : 0;
	return distance +
	       (differs & (CASSETTE_DIFFERS_PATH | CASSETTE_DIFFERS_QUERY) ? str_distance(old_url, url) : 0);
}

static const struct cassette_entry *nearest(const struct cassette_take *t, const struct cassette_entry *asked,
					    const struct backend *backend, unsigned *differs)
{
	const struct cassette_entry *best = NULL;
	unsigned best_distance = 0;
	for (size_t i = 0; i < t->old->count; i++) {
		const struct cassette_entry *e = t->old->at[i];
		unsigned d = cassette_entry_differs(t, e, asked, backend);
		unsigned distance = distance_of(d, e->url, asked->url);
		if (best && distance >= best_distance)
			continue;
		best = e;
		best_distance = distance;
		*differs = d;
	}
	return best;
}

/* How often it was recorded: all of them have been given. */
static unsigned times_recorded(const struct cassette_take *t, const struct cassette_entry *asked,
			       const struct backend *backend)
{
	unsigned times = 0;
	for (size_t i = 0; i < t->old->count; i++)
		times += cassette_entry_differs(t, t->old->at[i], asked, backend) == 0;
	return times;
}

static void add_nearest(struct buf *out, const struct cassette_take *t, const struct cassette_entry *near,
			const struct cassette_entry *asked, unsigned differs)
{
	struct arena a = { 0 };
	struct str old_query = uri_path_and_query(near->url), query = uri_path_and_query(asked->url);
	struct str old_path = str_split(&old_query, '?'), path = str_split(&query, '?');
	buf_add(out, STR("\n  the nearest one, "));
	add_place(out, t, near);
	buf_add(out, STR(", was (-), and what the service sent (+):"));
	if (differs & CASSETTE_DIFFERS_TEST)
		origins_add_field(out, true, "test", near->test, t->test);
	origins_add_field(out, differs & CASSETTE_DIFFERS_BACKEND, "backend",
			  near->backend.ptr ? near->backend : near->url, asked->backend);
	origins_add_field(out, differs & CASSETTE_DIFFERS_METHOD, "method", near->method, asked->method);
	origins_add_field(out, differs & CASSETTE_DIFFERS_PATH, "path", old_path, path);
	if (old_query.ptr || query.ptr)
		origins_add_field(out, differs & CASSETTE_DIFFERS_QUERY, "query", old_query, query);
	if (differs & CASSETTE_DIFFERS_BODY)
		add_body(out, near->request_body, asked->request_body, &a);
	arena_fini(&a);
}

void cassette_explain_missing(struct cassette_take *t, const struct cassette_entry *asked,
			      const struct backend *backend)
{
	unsigned differs = 0;
	scoped(buf_fini) struct buf out = BUF_INIT(TEXT_BYTES_MAX);
	const struct cassette_entry *near = nearest(t, asked, backend, &differs);
	buf_add(&out, t->file);
	buf_add(&out, STR(" has no answer to "));
	add_request(&out, asked);
	if (!near) {
		buf_add(&out, STR(": nothing was recorded; --net record records"));
	} else if (differs == 0) {
		unsigned times = times_recorded(t, asked, backend);
		buf_printf(&out, ": it was recorded %u time%s, and is asked once more", times,
			   times == 1 ? "" : "s");
	} else {
		add_nearest(&out, t, near, asked, differs);
	}
	cassette_take_problem(t, buf_str(&out));
}

/* ---- what has changed ---- */

/* What is another one each time, or belongs to one connection only, or is told by the body. */
static bool is_volatile(struct str name)
{
	static const struct str names[] = {
		STR_INIT("date"),
		STR_INIT("age"),
		STR_INIT("expires"),
		STR_INIT("connection"),
		STR_INIT("keep-alive"),
		STR_INIT("transfer-encoding"),
		STR_INIT("x-timer"),
		STR_INIT("x-request-id"),
		STR_INIT("x-served-by"),
		STR_INIT("cf-ray"),
		STR_INIT("x-amzn-requestid"),
		STR_INIT("content-length"),
	};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (str_eq_nocase(names[i], name))
			return true;
	}
	return false;
}

/* All values of a name, joined; ptr NULL when there is none. */
static struct str joined(const struct headers *h, struct str name, struct arena *a)
{
	struct str all = { NULL, 0 };
	const struct header *field;
	for (size_t at = 0; (field = headers_next(h, name, &at));) {
		if (str_eq(field->value, STR(CASSETTE_REDACTED)))
			return field->value; /* whatever the others are */
		all = all.ptr ? arena_printf(a, STR_FMT ", " STR_FMT, STR_ARG(all), STR_ARG(field->value))
			      : arena_str(a, field->value);
	}
	return all;
}

static bool is_first(const struct headers *h, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (str_eq_nocase(h->at[j].name, h->at[i].name))
			return false;
	}
	return true;
}

static void compare_one(struct buf *out, const char *what, struct str name, struct str old, struct str now,
			struct arena *a)
{
	if (old.ptr && now.ptr && cassette_value_same(old, now))
		return;
	origins_add_field(out, true, what,
			  old.ptr ? arena_printf(a, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(old)) : old,
			  now.ptr ? arena_printf(a, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(now)) : now);
}

static void compare_headers(struct buf *out, const char *what, const struct headers *old,
			    const struct headers *now, struct arena *a)
{
	for (size_t i = 0; i < MIN(old->count, (size_t)HEADERS_SHOWN_MAX); i++) {
		struct str name = old->at[i].name;
		if (!is_volatile(name) && is_first(old, i))
			compare_one(out, what, name, joined(old, name, a), joined(now, name, a), a);
	}
	for (size_t i = 0; i < MIN(now->count, (size_t)HEADERS_SHOWN_MAX); i++) {
		struct str name = now->at[i].name;
		if (!is_volatile(name) && is_first(now, i) && !headers_has(old, name))
			compare_one(out, what, name, (struct str){ NULL, 0 }, joined(now, name, a), a);
	}
}

/* "200", "connection_refused". */
static struct str outcome(const struct cassette_entry *e, struct arena *a)
{
	return e->error == FETCH_OK ? arena_printf(a, "%d", e->status) : str_from(fetch_error_name(e->error));
}

void cassette_take_compare(struct cassette_take *t, const struct cassette_entry *old,
			   const struct cassette_entry *now)
{
	struct arena a = { 0 };
	scoped(buf_fini) struct buf differences = BUF_INIT(TEXT_BYTES_MAX);
	scoped(buf_fini) struct buf out = BUF_INIT(2 * TEXT_BYTES_MAX);
	struct str was = outcome(old, &a), is = outcome(now, &a);
	if (!str_eq(was, is))
		origins_add_field(&differences, true, "status", was, is);
	compare_headers(&differences, "header", &old->headers, &now->headers, &a);
	if (!str_eq(old->body, now->body))
		add_body(&differences, old->body, now->body, &a);
	compare_headers(&differences, "trailer", &old->trailers, &now->trailers, &a);
	if (old->failure != now->failure)
		origins_add_field(&differences, true, "ending",
				  old->failure ? STR("broken off") : STR("whole"),
				  now->failure ? STR("broken off") : STR("whole"));
	if (differences.len) {
		add_place(&out, t, old);
		buf_add(&out, STR(": the answer to "));
		add_request(&out, now);
		buf_add(&out, STR(" has changed; it was (-), and is now (+):"));
		buf_add(&out, buf_str(&differences));
		cassette_take_problem(t, buf_str(&out));
	}
	arena_fini(&a);
}

void cassette_take_compare_rest(struct cassette_take *t)
{
	for (size_t i = 0; i < t->old->count; i++) {
		const struct cassette_entry *e = t->old->at[i];
		if (t->used[i] || !e->test.ptr || !str_eq(e->test, t->test))
			continue;
		scoped(buf_fini) struct buf out = BUF_INIT(TEXT_BYTES_MAX);
		add_place(&out, t, e);
		buf_add(&out, STR(": the service does not ask any more for "));
		add_request(&out, e);
		cassette_take_problem(t, buf_str(&out));
	}
}
