/* SPDX-License-Identifier: Apache-2.0 */
#include "world/http_cache.h"

#include <string.h>

#include "base/buf.h"

enum { HEAD_BYTES_MAX = 4 << 20, KEY_BYTES = 6 + CACHE_HASH_BYTES };

/* ---- heads as metadata ---- */

static const struct str head_magic = STR_INIT("HTTP\2");
/* Nobody's key of the core cache begins like this by chance, and what does is no head. */
static const struct str key_begin = STR_INIT("\377http:");

static void add_u32(struct buf *b, uint32_t n)
{
	buf_add(b, (struct str){ (const char *)&n, sizeof n });
}

static void add_text(struct buf *b, struct str s)
{
	add_u32(b, (uint32_t)s.len);
	buf_add(b, s);
}

/* False: it is too large. */
static bool encode_head(struct buf *b, struct str uri, const struct http_response *head)
{
	buf_add(b, head_magic);
	add_text(b, uri);
	add_u32(b, head->status);
	add_u32(b, (uint32_t)head->headers.count);
	for (size_t i = 0; i < head->headers.count; i++) {
		add_text(b, head->headers.at[i].name);
		add_text(b, head->headers.at[i].value);
	}
	return !b->full;
}

static bool read_u32(struct str *s, uint32_t *n)
{
	if (s->len < sizeof *n)
		return false;
	memcpy(n, s->ptr, sizeof *n);
	*s = str_sub(*s, sizeof *n, s->len);
	return true;
}

static bool read_text(struct str *s, struct str *out)
{
	uint32_t len;
	if (!read_u32(s, &len) || len > s->len)
		return false;
	*out = str_sub(*s, 0, len);
	*s = str_sub(*s, len, s->len);
	return true;
}

/* False: it is no head; somebody stored something else under the key. Strings are borrowed. */
static bool decode_head(struct str text, struct arena *a, struct str *uri, struct http_response *out)
{
	uint32_t status, count;
	struct str name, value;
	*out = (struct http_response){ .version = HTTP_1_1 };
	if (!str_starts(text, head_magic))
		return false;
	text = str_sub(text, head_magic.len, text.len);
	if (!read_text(&text, uri) || !read_u32(&text, &status) || !read_u32(&text, &count) || status < 100 ||
	    status > 999)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!read_text(&text, &name) || !read_text(&text, &value))
			return false;
		headers_add_borrowed(&out->headers, a, name, value);
	}
	out->status = (uint16_t)status;
	return text.len == 0;
}

/* ---- looking up ---- */

struct str http_cache_key(struct str key, struct arena *a)
{
	char *bytes = arena_alloc(a, KEY_BYTES);
	memcpy(bytes, key_begin.ptr, key_begin.len);
	memcpy(bytes + KEY_BYTES - CACHE_HASH_BYTES, key.ptr, CACHE_HASH_BYTES);
	return (struct str){ bytes, KEY_BYTES };
}

void http_lookup_start(struct http_lookup *l, struct cache *c, enum cache_op_kind kind,
		       const struct http_request *r, struct str key, struct arena *a, struct loop *loop)
{
	unsigned char hash[CACHE_HASH_BYTES];
	CHECK(key.len == 0 || key.len == CACHE_HASH_BYTES);
	*l = (struct http_lookup){ .cache = c, .arena = a, .loop = loop };
	l->request = (struct http_request){ .method = arena_str(a, r->method),
					    .uri = arena_str(a, r->uri),
					    .version = r->version,
					    .headers = headers_copy(&r->headers, a) };
	if (key.len == 0) {
		cache_rules_key(r, hash);
		key = (struct str){ (const char *)hash, sizeof hash };
	}
	cache_op_init(&l->op, kind, http_cache_key(key, a), &l->request.headers);
	l->op.past_use = true;
	cache_start(c, &l->op, loop);
}

void http_lookup_of(struct http_lookup *l, const struct http_lookup *like, struct cache_object *taken)
{
	*l = (struct http_lookup){
		.cache = like->cache, .arena = like->arena, .loop = like->loop, .request = like->request
	};
	cache_op_init(&l->op, CACHE_LOOKUP, like->op.key, &l->request.headers);
	l->certain = true;
	l->op.done = true;
	l->op.found = taken;
	l->op.has_length = cache_object_length(taken, &l->op.length);
	l->op.hits = like->op.hits;
}

void http_lookup_fini(struct http_lookup *l)
{
	cache_op_fini(&l->op);
	l->stored.status = 0;
}

static void forget_found(struct http_lookup *l)
{
	cache_object_unref(&l->op.found);
	l->stored.status = 0;
}

/* The head of what was found; NULL when nothing was. */
static const struct http_response *stored(struct http_lookup *l)
{
	if (!l->op.done || !l->op.found)
		return NULL;
	struct str uri;
	if (l->stored.status == 0 &&
	    !decode_head(blob_str(l->op.found->user_metadata), l->arena, &uri, &l->stored))
		forget_found(l);
	return l->stored.status ? &l->stored : NULL;
}

unsigned http_lookup_state(struct http_lookup *l)
{
	const struct http_response *found = stored(l);
	unsigned state = cache_op_state(&l->op, l->loop);
	if (found && l->certain)
		return CACHE_FOUND | CACHE_USABLE;
	if (!found)
		return state & CACHE_MUST_INSERT_OR_UPDATE;
	return state & CACHE_FOUND ? state : state | CACHE_FOUND | CACHE_STALE;
}

/* ---- revalidating ---- */

/* What is to be renewed: with nothing to compare by, nobody can say whether it has changed. */
static const struct http_response *renewable(struct http_lookup *l)
{
	const struct http_response *found = l->op.obliged ? stored(l) : NULL;
	bool can = found && (headers_get(&found->headers, STR("etag")).len ||
			     headers_get(&found->headers, STR("last-modified")).len);
	return can ? found : NULL;
}

void http_lookup_backend_request(struct http_lookup *l, struct http_request *out)
{
	cache_rules_backend_request(&l->request, renewable(l), l->arena, out);
}

enum cache_storage http_lookup_prepare(struct http_lookup *l, const struct http_response *r,
				       struct http_response *out)
{
	const struct http_response *old = renewable(l);
	enum cache_storage storage = cache_rules_storage(r, old != NULL);
	*out = *r;
	out->body = NULL;
	if (storage == CACHE_STORAGE_UPDATE) {
		out->status = old->status;
		out->reason = STR("");
		out->headers = cache_rules_merged_headers(&old->headers, &r->headers, l->arena);
	} else {
		out->headers = cache_rules_stored_headers(&r->headers, l->arena);
	}
	if (storage != CACHE_STORAGE_NOT &&
	    cache_rules_vary(&out->headers, l->arena).len > CACHE_VARY_BYTES_MAX)
		return storage == CACHE_STORAGE_UPDATE ? storage : CACHE_STORAGE_UNCACHEABLE;
	return storage;
}

void http_lookup_suggest(const struct http_lookup *l, const struct headers *h, struct cache_write *w)
{
	struct cache_lifetime life =
		cache_rules_lifetime(h, (int64_t)(clock_wall(l->loop->clock) / NS_PER_S));
	*w = (struct cache_write){
		.max_age_ns = life.max_age_ns,
		.edge_max_age_ns = life.max_age_ns,
		.initial_age_ns = life.age_ns,
		.swr_ns = life.stale_while_revalidate_ns,
		.sie_ns = life.stale_if_error_ns,
		.has_vary = true,
		.vary = cache_rules_vary(h, l->arena),
		.surrogate_keys =
			cache_surrogate_keys_good(cache_rules_surrogate_keys(h, l->arena), l->arena),
	};
}

/* The key is one of http_cache_key(). */
static struct str own_surrogate_key(struct str key, struct arena *a)
{
	static const char digits[] = "0123456789ABCDEF";
	char *text = arena_alloc(a, (size_t)2 * CACHE_HASH_BYTES);
	struct str hash = str_sub(key, KEY_BYTES - CACHE_HASH_BYTES, KEY_BYTES);
	for (size_t i = 0; i < CACHE_HASH_BYTES; i++) {
		text[2 * i] = digits[(unsigned char)hash.ptr[i] >> 4];
		text[2 * i + 1] = digits[hash.ptr[i] & 15];
	}
	return (struct str){ text, (size_t)2 * CACHE_HASH_BYTES };
}

struct str http_lookup_own_surrogate_key(const struct http_lookup *l)
{
	return own_surrogate_key(l->op.key, l->arena);
}

struct str http_keys_shown(struct str key, struct str surrogate_keys, struct arena *a)
{
	struct str shown = STR("");
	if (key.len != KEY_BYTES || !str_starts(key, key_begin))
		return surrogate_keys;
	struct str own = own_surrogate_key(key, a);
	for (struct str rest = surrogate_keys; rest.len;) {
		struct str word = str_split(&rest, ' ');
		if (!str_eq(word, own))
			shown = shown.len
					? arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(shown), STR_ARG(word))
					: word;
	}
	return shown;
}

/* ---- meeting the obligation ---- */

struct cache_object *http_lookup_insert(struct http_lookup *l, const struct http_response *head,
					const struct cache_write *w)
{
	scoped(buf_fini) struct buf metadata = BUF_INIT(HEAD_BYTES_MAX);
	struct cache_write with_head = *w;
	if (!encode_head(&metadata, l->request.uri, head))
		return NULL;
	with_head.user_metadata = buf_str(&metadata);
	with_head.surrogate_keys = cache_surrogate_keys_good(w->surrogate_keys, l->arena);
	struct cache_object *o = cache_insert(l->cache, &l->op, &with_head, l->loop);
	if (o)
		forget_found(l);
	return o;
}

bool http_lookup_update(struct http_lookup *l, const struct http_response *head, const struct cache_write *w,
			struct cache_object **renewed)
{
	scoped(buf_fini) struct buf metadata = BUF_INIT(HEAD_BYTES_MAX);
	struct cache_write with_head = *w;
	if (!encode_head(&metadata, l->request.uri, head))
		return false;
	with_head.user_metadata = buf_str(&metadata);
	with_head.surrogate_keys = cache_surrogate_keys_good(w->surrogate_keys, l->arena);
	return cache_update(l->cache, &l->op, &with_head, l->loop, renewed);
}

bool http_lookup_pass(struct http_lookup *l, uint64_t max_age_ns, struct str vary)
{
	const struct cache_write w = {
		.max_age_ns = MAX(max_age_ns, NS_PER_MS), .pass = true, .has_vary = true, .vary = vary
	};
	struct cache_object *o = cache_insert(l->cache, &l->op, &w, l->loop);
	if (!o)
		return false;
	cache_object_unref(&o);
	forget_found(l);
	return true;
}

bool http_lookup_choose_stale(struct http_lookup *l)
{
	return cache_choose_stale(l->cache, &l->op);
}

void http_lookup_abandon(struct http_lookup *l)
{
	(void)cache_op_cancel(&l->op);
	forget_found(l);
}

/* ---- answers ---- */

static struct body *empty_body(struct loop *loop)
{
	struct body *b = body_new(loop);
	body_end(b);
	return b;
}

static struct body *open_part(struct http_lookup *l, const struct cache_answer *answer)
{
	struct body *b = NULL;
	const struct cache_range range = { .has_from = answer->is_part,
					   .has_to = answer->is_part,
					   .from = answer->first,
					   .to = answer->last };
	if (!answer->has_body)
		return empty_body(l->loop);
	/* It never has to wait: a part is only asked for when the length is known. */
	CHECK(cache_object_open(l->op.found, &range, l->loop, &b) == CACHE_OPENED);
	return b;
}

bool http_lookup_answer(struct http_lookup *l, bool adapt, struct http_response *out)
{
	const struct http_response *found = stored(l);
	struct cache_answer answer = { .has_body = true };
	if (!found)
		return false;
	if (adapt) {
		struct cache_answer_facts facts = {
			.age_s = cache_object_age_ns(l->op.found, l->loop) / NS_PER_S,
			.now_s = (int64_t)(clock_wall(l->loop->clock) / NS_PER_S),
		};
		facts.has_length = cache_object_length(l->op.found, &facts.length);
		cache_rules_answer(&l->request, found, &facts, l->arena, &answer);
	} else {
		answer.head = *found;
	}
	*out = answer.head;
	out->headers = headers_copy(&answer.head.headers, l->arena);
	out->body = open_part(l, &answer);
	return true;
}

bool http_object_head(const struct cache_object *o, struct arena *a, struct http_response *head,
		      struct str *uri)
{
	return decode_head(blob_str(o->user_metadata), a, uri, head);
}

/* ---- trace ---- */

struct trace_event *http_lookup_trace_start(struct trace *t, const struct http_request *r,
					    enum cache_op_kind kind)
{
	struct trace_event *ev = trace_add(t, "http-cache-lookup");
	trace_str(t, ev, "method", r->method);
	trace_str(t, ev, "url", r->uri);
	trace_bool(t, ev, "collapsing", kind == CACHE_TRANSACTION);
	return ev;
}

static void trace_seconds(struct trace *t, struct trace_event *ev, const char *name, uint64_t ns)
{
	trace_number(t, ev, name, (double)ns / (double)NS_PER_S);
}

void http_lookup_trace_end(struct http_lookup *l, struct trace *t, struct trace_event *ev)
{
	if (!ev)
		return;
	unsigned state = http_lookup_state(l);
	trace_str(t, ev, "state",
		  l->op.failed              ? STR("failed")
		  : l->op.pass              ? STR("pass")
		  : !(state & CACHE_USABLE) ? STR("miss")
		  : state & CACHE_STALE     ? STR("stale")
					    : STR("hit"));
	trace_bool(t, ev, "obliged", l->op.obliged);
	if (state & CACHE_FOUND) {
		trace_seconds(t, ev, "age", cache_object_age_ns(l->op.found, l->loop));
		trace_seconds(t, ev, "ttl", l->op.found->max_age_ns);
		trace_number(t, ev, "hits", (double)l->op.hits);
	}
	uint64_t now = clock_wall(l->loop->clock); /* which may have been set back */
	trace_number(t, ev, "elapsed", (double)(MAX(now, ev->wall_ns) - ev->wall_ns) / (double)NS_PER_US);
}

void http_lookup_trace_write(const struct http_lookup *l, struct trace *t, const char *how,
			     const struct cache_write *w)
{
	struct trace_event *ev = trace_add(t, "http-cache-write");
	trace_str(t, ev, "url", l->request.uri);
	trace_str(t, ev, "how", str_from(how));
	trace_seconds(t, ev, "ttl", w->max_age_ns);
	trace_seconds(t, ev, "swr", w->swr_ns);
	trace_seconds(t, ev, "sie", w->sie_ns);
	trace_str(t, ev, "vary", w->vary);
	trace_str(t, ev, "surrogateKeys", http_keys_shown(l->op.key, w->surrogate_keys, l->arena));
}
