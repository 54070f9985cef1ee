/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shared HTTP cache does with requests and responses: RFC 9111 as Fastly documents that its
 * readthrough cache goes by it (developer documentation, "HTTP caching semantics" and "Lifetime and
 * revalidation"). Pure: nothing is stored or sent here. docs/caching.md has the rules in words, and where
 * they leave the RFC.
 */
#ifndef HTTP_CACHE_RULES_H
#define HTTP_CACHE_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "http/message.h"
#include "http/range.h"

enum { CACHE_HASH_BYTES = 32, CACHE_DEFAULT_TTL_S = 120 };

/* ---- requests ---- */

/* GET and HEAD alone. */
bool cache_rules_request_cacheable(const struct http_request *r);

/* The key a request has by default: a hash of host, path and query. GET and HEAD share it. */
void cache_rules_key(const struct http_request *r, unsigned char key[CACHE_HASH_BYTES]);

/*
 * What to ask the backend for, so that its answer can be stored whole: a GET without ranges and without the
 * client's own conditions; with `stale` (may be NULL), on condition that it has changed since. Strings are
 * borrowed from both; there is no body.
 */
void cache_rules_backend_request(const struct http_request *asked, const struct http_response *stale,
				 struct arena *a, struct http_request *out);

/* ---- responses of a backend ---- */

struct cache_lifetime {
	uint64_t max_age_ns; /* since the origin made it, so `age_ns` of it has passed already */
	uint64_t age_ns, stale_while_revalidate_ns, stale_if_error_ns;
};

/*
 * Surrogate-Control's max-age, else Cache-Control's s-maxage, else its max-age, else Expires, else two
 * minutes; the others from Surrogate-Control, else from Cache-Control, else 0; the age from Age, but 0 when
 * Expires counts.
 */
struct cache_lifetime cache_rules_lifetime(const struct headers *h, int64_t now_s);

/* The header names that Vary names, in lower case with single spaces between; empty: none. */
struct str cache_rules_vary(const struct headers *h, struct arena *a);
/* The words of Surrogate-Key with single spaces between. */
struct str cache_rules_surrogate_keys(const struct headers *h, struct arena *a);

/* What to do with a response. The numbers are those of the ABI's http_storage_action. */
enum cache_storage {
	CACHE_STORAGE_INSERT,
	CACHE_STORAGE_UPDATE,     /* what is stored is renewed by it */
	CACHE_STORAGE_NOT,        /* and the next request may have another answer */
	CACHE_STORAGE_UNCACHEABLE /* nor are the next ones to be expected */
};

/*
 * `revalidating`: the request was made conditional by cache_rules_backend_request(). Set-Cookie does not
 * count here: whoever stores asks cache_rules_sets_cookie(), as Fastly's SDKs do.
 */
enum cache_storage cache_rules_storage(const struct http_response *r, bool revalidating);
bool cache_rules_sets_cookie(const struct headers *h);

/* The headers to store: without those of the connection. Strings are borrowed. */
struct headers cache_rules_stored_headers(const struct headers *h, struct arena *a);
/* The stored headers renewed by those of a 304 (RFC 9111, 3.2). Strings are borrowed from both. */
struct headers cache_rules_merged_headers(const struct headers *stored, const struct headers *update,
					  struct arena *a);

/* ---- answers to clients ---- */

struct cache_answer {
	struct http_response
		head;  /* no body in it; strings are borrowed from the stored one or live in the arena */
	bool has_body; /* the part from `first` to `last`, both counted, of the stored body … */
	bool is_part;  /* … or, when false, all of it */
	uint64_t first, last;
};

/*
 * A stored response as the answer to a request: 304 when its conditions say so, 206 or 416 for a range,
 * without a body for HEAD, with its age, and without what is for caches alone.
 */
struct cache_answer_facts {
	uint64_t age_s;
	int64_t now_s;
	bool has_length; /* of the body; it may not be known yet */
	uint64_t length;
};
void cache_rules_answer(const struct http_request *asked, const struct http_response *stored,
			const struct cache_answer_facts *facts, struct arena *a, struct cache_answer *out);

/* Surrogate-Key and Surrogate-Control go, unless the request has Fastly-FF or Fastly-Debug. */
void cache_rules_hide_surrogates(const struct http_request *asked, struct headers *h);

#endif
