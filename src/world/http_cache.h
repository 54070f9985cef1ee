/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP responses in a cache: world/cache.h with the rules of http/cache_rules.h. A response is an object
 * whose metadata is the response's head; its key is a hash of the request, in a space of its own beside the
 * core cache's keys.
 *
 *	http_lookup_start(&l, cache, CACHE_TRANSACTION, &request, key, arena, loop);
 *	… wait for l.op.changed until l.op.done …
 *	state = http_lookup_state(&l);
 *	if (state & CACHE_USABLE) … http_lookup_answer() …
 *	if (l.op.obliged) … ask for http_lookup_backend_request(), http_lookup_prepare() the answer, then
 *		http_lookup_insert(), _update(), _pass(), _choose_stale() or _abandon() …
 *	http_lookup_fini(&l);
 *
 * Nothing here waits or sends.
 */
#ifndef WORLD_HTTP_CACHE_H
#define WORLD_HTTP_CACHE_H

#include "http/cache_rules.h"
#include "world/cache.h"
#include "world/trace.h"

struct http_lookup {
	struct cache_op op;          /* its results may be looked at */
	struct http_request request; /* what was looked up, without its body */
	struct http_response stored; /* the head of op.found; status 0: nothing was found */
	bool certain;                /* op.found was stored for this very request: usable whatever its age */
	struct cache *cache;         /* borrowed, as arena and loop are */
	struct arena *arena;
	struct loop *loop;
};

/*
 * Starts looking a request up, a copy of which is kept in the arena. `key`: CACHE_HASH_BYTES bytes, or empty
 * for the one that the request has by default. Kinds: CACHE_LOOKUP, CACHE_TRANSACTION.
 */
void http_lookup_start(struct http_lookup *l, struct cache *c, enum cache_op_kind kind,
		       const struct http_request *r, struct str key, struct arena *a, struct loop *loop);
/* One for the same request that has found `taken` already. */
void http_lookup_of(struct http_lookup *l, const struct http_lookup *like, struct cache_object *taken);
void http_lookup_fini(struct http_lookup *l);

/* What http_lookup_start() looks up for a hash of a request, for cache_purge_key(); it lives in the arena. */
struct str http_cache_key(struct str hash, struct arena *a);

/* ---- once it is done ---- */

/*
 * Flags of cache_state. CACHE_FOUND without CACHE_USABLE: there is something that can be renewed, and nothing
 * else; CACHE_STALE stands beside it.
 */
unsigned http_lookup_state(struct http_lookup *l);

/* What to ask the backend for; strings are borrowed from the lookup. */
void http_lookup_backend_request(struct http_lookup *l, struct http_request *out);

/*
 * A backend's response as it is to be stored or, when it is not, passed on; strings are borrowed from both.
 */
enum cache_storage http_lookup_prepare(struct http_lookup *l, const struct http_response *r,
				       struct http_response *out);

/*
 * How a prepared response is to be stored. Strings live in the arena; surrogate keys that are none are left
 * out.
 */
void http_lookup_suggest(const struct http_lookup *l, const struct headers *h, struct cache_write *w);

/*
 * The surrogate key that stands for what was looked up, whatever its variant: the key in capital hexadecimal
 * digits. Fastly's host suggests it to the SDKs for every object, so that a URL can be purged; in the arena.
 */
struct str http_lookup_own_surrogate_key(const struct http_lookup *l);

/*
 * Each meets the obligation, after which there is nothing found any more but for update (what was found is as
 * it was) and choose_stale (what was found is usable). They fail as those of cache.h do, and then nothing has
 * changed. `w` needs no user_metadata. An insert's body is written as cache.h says.
 */
must_use struct cache_object *http_lookup_insert(struct http_lookup *l, const struct http_response *head,
						 const struct cache_write *w);
must_use bool http_lookup_update(struct http_lookup *l, const struct http_response *head,
				 const struct cache_write *w, struct cache_object **renewed);
/* For so long nothing is stored and nobody waits: at least until those who wait now are let go. */
must_use bool http_lookup_pass(struct http_lookup *l, uint64_t max_age_ns, struct str vary);
must_use bool http_lookup_choose_stale(struct http_lookup *l);
void http_lookup_abandon(struct http_lookup *l);

/*
 * What was found as a response; with `adapt`, as the answer to what was looked up (cache_rules_answer). Its
 * strings live in the arena, its body is a reference for the caller. False: nothing was found.
 */
must_use bool http_lookup_answer(struct http_lookup *l, bool adapt, struct http_response *out);

/*
 * What an object of a cache is, where it is a response: its head, and the URI of the request that it
 * answered, in the arena or borrowed from the object. False: it is none.
 */
must_use bool http_object_head(const struct cache_object *o, struct arena *a, struct http_response *head,
			       struct str *uri);

/*
 * The surrogate keys of what is stored under a key, for people: without http_lookup_own_surrogate_key(),
 * which every object has that an SDK has stored. Borrowed, or in the arena.
 */
struct str http_keys_shown(struct str key, struct str surrogate_keys, struct arena *a);

/* ---- trace ---- */

/*
 * An event "http-cache-lookup", added when a lookup starts, so that events stand in the order of a service's
 * calls, and completed when it is done (`ev` may be NULL); and "http-cache-write" for what meets its
 * obligation: `how` is "insert", "update" or "pass".
 */
struct trace_event *http_lookup_trace_start(struct trace *t, const struct http_request *r,
					    enum cache_op_kind kind);
void http_lookup_trace_end(struct http_lookup *l, struct trace *t, struct trace_event *ev);
void http_lookup_trace_write(const struct http_lookup *l, struct trace *t, const char *how,
			     const struct cache_write *w);

#endif
