/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/readthrough.h"

#include <string.h>

#include "guest/limit.h"
#include "world/http_cache.h"

/*
 * One request on its way through the cache. It lives in the invocation's arena and goes on when nobody waits
 * for its answer any more: what it fetched is for others, too.
 */
struct readthrough {
	struct list link; /* in the invocation's list */
	struct invocation *invocation;
	struct fetch *fetch; /* what the service waits for; a reference */
	struct backend *backend;
	struct str path;
	struct http_request request; /* the body is a reference until it is sent */
	struct cache_override override;
	struct http_lookup lookup;
	struct trace_event *event;
	struct fetch *origin; /* a reference, once it was sent */
	bool direct;          /* what comes is passed on and not stored */
	struct watcher watcher;
	struct timer timer;
	struct event over;
};

/* The node in whose cache it was, in Fastly's form: cache-{datacenter}{node}-{datacenter}. */

static struct loop *loop_of(const struct readthrough *rt)
{
	return rt->invocation->world->loop;
}

static struct arena *arena_of(struct readthrough *rt)
{
	return &rt->invocation->arena;
}

/* ---- the end ---- */

static void let_go(struct readthrough *rt)
{
	watcher_stop(&rt->watcher);
	timer_stop(loop_of(rt), &rt->timer);
	list_remove(&rt->link);
	http_lookup_fini(&rt->lookup);
	if (rt->request.body)
		body_abandon(rt->request.body);
	body_unref(&rt->request.body);
	backend_unref(&rt->backend);
	fetch_unref(&rt->origin);
	fetch_unref(&rt->fetch);
}

static void end(struct readthrough *rt)
{
	let_go(rt);
	event_fire(&rt->over, loop_of(rt));
}

struct event *readthroughs_under_way(struct invocation *i)
{
	return list_empty(&i->readthroughs)
		       ? NULL
		       : &container_of(i->readthroughs.next, struct readthrough, link)->over;
}

void readthroughs_cancel(struct invocation *i)
{
	list_each(it, &i->readthroughs) {
		struct readthrough *rt = container_of(it, struct readthrough, link);
		if (!rt->fetch->settled)
			fetch_fail(rt->fetch, FETCH_INTERNAL_ERROR, STR("the request was given up"));
		let_go(rt);
	}
}

/* ---- answers ---- */

/* Each cache on the way adds its word behind those of the ones before. */
static void add_word(struct headers *h, struct arena *a, struct str name, struct str word)
{
	struct str before = headers_get(h, name);
	headers_set(h, a, name,
		    before.len ? arena_printf(a, STR_FMT ", " STR_FMT, STR_ARG(before), STR_ARG(word))
			       : word);
}

void readthrough_mark(const struct world *w, struct headers *h, struct arena *a, bool hit, uint64_t hits)
{
	add_word(h, a, STR("X-Served-By"), w->served_by);
	add_word(h, a, STR("X-Cache"), hit ? STR("HIT") : STR("MISS"));
	add_word(h, a, STR("X-Cache-Hits"), arena_printf(a, "%llu", (unsigned long long)hits));
}

/* Takes the head's body. */
static void respond(struct readthrough *rt, const struct http_response *head, bool hit, uint64_t hits)
{
	struct fetch *f = rt->fetch;
	const struct fetch *origin = rt->origin;
	struct http_response r = { .status = head->status, .version = head->version, .body = head->body };
	r.reason = arena_str(&f->arena, head->reason);
	r.headers = headers_copy(&head->headers, &f->arena);
	cache_rules_hide_surrogates(&rt->request, &r.headers);
	readthrough_mark(rt->invocation->world, &r.headers, &f->arena, hit, hits);
	if (origin && !hit) {
		f->remote_host = arena_str(&f->arena, origin->remote_host);
		memcpy(f->remote_ip, origin->remote_ip, sizeof f->remote_ip);
		f->remote_ip_len = origin->remote_ip_len;
		f->remote_port = origin->remote_port;
	}
	fetch_respond(f, r);
}

/* Answers with what the lookup has found. */
static void answer_found(struct readthrough *rt, struct http_lookup *l, bool hit)
{
	struct http_response r;
	if (http_lookup_answer(l, true, &r))
		respond(rt, &r, hit, hit ? l->op.hits : 0);
	else
		fetch_fail(rt->fetch, FETCH_INTERNAL_ERROR, STR("what is in the cache cannot be read"));
}

/* Passes the origin's response on. A HEAD that was asked as a GET gets no body. */
static void answer_origin(struct readthrough *rt)
{
	struct http_response r = rt->origin->response;
	r.body = take(rt->origin->response.body);
	if (r.body && !rt->direct && str_eq(rt->request.method, STR("HEAD"))) {
		body_abandon(r.body);
		body_unref(&r.body);
	}
	respond(rt, &r, false, 0);
}

static void fail(struct readthrough *rt, enum fetch_error error, struct str text)
{
	fetch_fail(rt->fetch, error, text);
}

/* ---- the origin's response ---- */

static void apply_override(struct readthrough *rt, struct cache_write *w)
{
	const struct cache_override *o = &rt->override;
	w->sensitive = o->sensitive;
	if (o->has_ttl)
		w->max_age_ns = w->edge_max_age_ns = w->initial_age_ns + o->ttl_s * NS_PER_S;
	if (o->has_swr)
		w->swr_ns = o->swr_s * NS_PER_S;
	if (o->surrogate_keys.len)
		w->surrogate_keys = arena_printf(arena_of(rt), STR_FMT " " STR_FMT,
						 STR_ARG(o->surrogate_keys), STR_ARG(w->surrogate_keys));
}

/* False: it could not be stored, and nothing was done. */
static bool insert(struct readthrough *rt, const struct http_response *head, struct cache_write *w)
{
	struct http_lookup back;
	struct body *body = rt->origin->response.body;
	w->has_length = !body || body_known_length(body, &w->length);
	if (!invocation_may_store(rt->invocation, w))
		return false;
	http_lookup_trace_write(&rt->lookup, &rt->invocation->trace, "insert", w);
	struct cache_object *o = http_lookup_insert(&rt->lookup, head, w);
	if (!o)
		return false;
	struct body *in = body_ref(cache_object_input(o));
	if (body)
		body_append(in, take(rt->origin->response.body));
	body_end(in);
	body_unref(&in);
	http_lookup_of(&back, &rt->lookup, o);
	if (!rt->fetch->settled)
		answer_found(rt, &back, false);
	http_lookup_fini(&back);
	return true;
}

static bool update(struct readthrough *rt, const struct http_response *head, struct cache_write *w)
{
	struct http_lookup fresh;
	struct cache_object *o;
	invocation_measure(rt->invocation, w);
	http_lookup_trace_write(&rt->lookup, &rt->invocation->trace, "update", w);
	if (!http_lookup_update(&rt->lookup, head, w, &o))
		return false;
	http_lookup_of(&fresh, &rt->lookup, o);
	if (!rt->fetch->settled)
		answer_found(rt, &fresh, true);
	http_lookup_fini(&fresh);
	return true;
}

static bool do_not_store(struct readthrough *rt, bool record, const struct cache_write *w)
{
	if (record)
		http_lookup_trace_write(&rt->lookup, &rt->invocation->trace, "pass", w);
	if (!record || !http_lookup_pass(&rt->lookup, w->max_age_ns, w->vary))
		http_lookup_abandon(&rt->lookup);
	if (!rt->fetch->settled)
		answer_origin(rt);
	return true;
}

static void store(struct readthrough *rt)
{
	struct http_response head;
	struct cache_write w;
	bool done = true;
	enum cache_storage storage = http_lookup_prepare(&rt->lookup, &rt->origin->response, &head);
	if (storage == CACHE_STORAGE_INSERT && cache_rules_sets_cookie(&head.headers))
		storage = CACHE_STORAGE_UNCACHEABLE;
	http_lookup_suggest(&rt->lookup, &head.headers, &w);
	apply_override(rt, &w);
	switch (storage) {
	case CACHE_STORAGE_INSERT:
		done = insert(rt, &head, &w);
		break;
	case CACHE_STORAGE_UPDATE:
		done = update(rt, &head, &w);
		break;
	case CACHE_STORAGE_NOT:
	case CACHE_STORAGE_UNCACHEABLE:
		do_not_store(rt, storage == CACHE_STORAGE_UNCACHEABLE, &w);
		break;
	}
	if (!done && storage == CACHE_STORAGE_INSERT)
		do_not_store(rt, false, &w);
	else if (!done && !rt->fetch->settled)
		fail(rt, FETCH_INTERNAL_ERROR, STR("what was to be renewed in the cache is gone"));
}

/* The origin could not be asked: what is stale may do, for this one and for all who wait for it. */
static void origin_failed(struct readthrough *rt, enum fetch_error error, struct str text)
{
	bool stale = !rt->direct && http_lookup_state(&rt->lookup) & CACHE_USABLE_IF_ERROR &&
		     http_lookup_choose_stale(&rt->lookup);
	if (rt->fetch->settled)
		return;
	if (stale)
		answer_found(rt, &rt->lookup, true);
	else
		fail(rt, error, text);
}

static void origin_settled(struct readthrough *rt)
{
	if (rt->origin->error != FETCH_OK)
		origin_failed(rt, rt->origin->error, rt->origin->error_text);
	else if (rt->direct)
		answer_origin(rt);
	else
		store(rt);
	end(rt);
}

static void origin_came(struct task *t)
{
	origin_settled(container_of(t, struct readthrough, watcher.task));
}

static void ask_origin(struct readthrough *rt, const struct http_request *request)
{
	struct invocation *i = rt->invocation;
	if (!invocation_within(i, LIMIT_subrequests, i->subrequest_count + 1)) {
		origin_failed(rt, FETCH_INTERNAL_ERROR, STR("the service may send no more requests"));
		end(rt);
		return;
	}
	struct http_request sent = *request;
	sent.body = rt->request.body;
	rt->origin = invocation_send(i, rt->backend, rt->path, &sent);
	body_unref(&rt->request.body);
	if (rt->origin->settled)
		origin_settled(rt);
	else
		watcher_start(&rt->watcher, &rt->origin->changed, origin_came);
}

/* ---- looking up ---- */

static void looked_up(struct readthrough *rt)
{
	struct http_request request;
	struct http_lookup *l = &rt->lookup;
	timer_stop(loop_of(rt), &rt->timer);
	http_lookup_trace_end(l, &rt->invocation->trace, take(rt->event));
	unsigned state = http_lookup_state(l);
	if (state & CACHE_USABLE)
		answer_found(rt, l, true);
	if (l->op.obliged) {
		http_lookup_backend_request(l, &request);
		ask_origin(rt, &request);
	} else if (state & CACHE_USABLE) {
		end(rt);
	} else {
		rt->direct = true;
		ask_origin(rt, &rt->request);
	}
}

static void lookup_came(struct task *t)
{
	looked_up(container_of(t, struct readthrough, watcher.task));
}

static void lookup_late(struct timer *t)
{
	struct readthrough *rt = container_of(t, struct readthrough, timer);
	fail(rt, FETCH_HTTP_RESPONSE_TIMEOUT, STR("the cache lookup took longer than its time-out"));
	end(rt);
}

struct fetch *readthrough_send(struct invocation *i, const struct readthrough_request *r)
{
	struct loop *loop = i->world->loop;
	struct readthrough *rt = ARENA_NEW(&i->arena, struct readthrough);
	rt->invocation = i;
	rt->fetch = fetch_new(loop);
	rt->backend = backend_ref(r->backend);
	rt->path = arena_str(&i->arena, r->path);
	rt->override = r->override;
	rt->override.surrogate_keys = arena_str(&i->arena, r->override.surrogate_keys);
	rt->timer.fire = lookup_late;
	event_init(&rt->over);
	list_push(&i->readthroughs, &rt->link);
	rt->event = http_lookup_trace_start(&i->trace, r->http, CACHE_TRANSACTION);
	i->cache_lookups++;
	http_lookup_start(&rt->lookup, i->world->cache, CACHE_TRANSACTION, r->http, r->key, &i->arena, loop);
	rt->request = rt->lookup.request;
	rt->request.body = r->http->body ? body_ref(r->http->body) : NULL;
	struct fetch *f = fetch_ref(rt->fetch);
	if (rt->lookup.op.done) {
		looked_up(rt);
		return f;
	}
	watcher_start(&rt->watcher, &rt->lookup.op.changed, lookup_came);
	if (r->override.lookup_timeout_ms)
		timer_start(loop, &rt->timer, r->override.lookup_timeout_ms * NS_PER_MS);
	return f;
}

/* ---- purging a URL ---- */

struct str readthrough_purge_text(struct invocation *i)
{
	return arena_printf(&i->arena, "{\"status\":\"ok\",\"id\":\"%llu-%llu-%llu\"}",
			    (unsigned long long)i->number,
			    (unsigned long long)(clock_wall(i->world->loop->clock) / NS_PER_S),
			    (unsigned long long)i->hostcalls);
}

struct fetch *readthrough_purge(struct invocation *i, const struct readthrough_request *r)
{
	struct world *w = i->world;
	struct fetch *f = fetch_new(w->loop);
	bool soft = headers_has(&r->http->headers, STR("fastly-soft-purge"));
	struct trace_event *ev = trace_add(&i->trace, "cache-purge");
	uint64_t count;
	trace_str(&i->trace, ev, "url", r->http->uri);
	trace_bool(&i->trace, ev, "soft", soft);
	if (!purge_relay_purge_key(w->purges, w->cache, http_cache_key(r->key, &i->arena), soft, &count)) {
		fetch_fail(f, FETCH_INTERNAL_ERROR, STR("the cache could not be purged"));
		return f;
	}
	trace_number(&i->trace, ev, "count", (double)count);
	struct http_response answer = { .status = 200, .version = HTTP_1_1, .body = body_new(w->loop) };
	headers_add(&answer.headers, &f->arena, STR("Content-Type"), STR("application/json"));
	body_write(answer.body, readthrough_purge_text(i));
	body_end(answer.body);
	fetch_respond(f, answer);
	return f;
}
