/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The readthrough cache: requests that a service just sends, answered from the cache where that may be, with
 * request collapsing, revalidation in the background and stale responses in place of errors. What Fastly's
 * host does for guests whose SDK does not drive the HTTP cache itself.
 */
#ifndef GUEST_READTHROUGH_H
#define GUEST_READTHROUGH_H

#include "guest/guest.h"

/* What a service says about caching when it sends. */
struct cache_override {
	bool has_ttl, has_swr; /* in place of what the response says */
	bool sensitive;
	uint32_t ttl_s, swr_s;
	uint32_t lookup_timeout_ms; /* 0: none */
	struct str surrogate_keys;  /* beside those of the response */
};

struct readthrough_request {
	struct backend *backend;
	struct str path;                 /* on the wire */
	const struct http_request *http; /* a cacheable one, as it would be sent; its body goes along */
	struct str key;                  /* CACHE_HASH_BYTES bytes */
	struct cache_override override;
};

/*
 * Like invocation_send(): everything is copied. Fails with FETCH_HTTP_RESPONSE_TIMEOUT after the lookup's
 * time-out.
 */
must_use struct fetch *readthrough_send(struct invocation *i, const struct readthrough_request *r);

/*
 * A request whose method is PURGE: what is cached for its URL, all variants, is purged, softly with
 * Fastly-Soft-Purge, and the answer is that of the API for purging.
 */
must_use struct fetch *readthrough_purge(struct invocation *i, const struct readthrough_request *r);

/* What the API for purging answers; in the invocation's arena. */
struct str readthrough_purge_text(struct invocation *i);

/*
 * X-Cache, X-Cache-Hits and X-Served-By, as Fastly's host sets them on each response to what a service sent.
 */
void readthrough_mark(const struct world *w, struct headers *h, struct arena *a, bool hit, uint64_t hits);

/* ---- for guest.c ---- */

/* Fired when one of them is over; NULL when there is none under way. */
struct event *readthroughs_under_way(struct invocation *i);
void readthroughs_cancel(struct invocation *i);

#endif
