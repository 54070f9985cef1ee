/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a service fetches from, as an interface: rules that answer in memory, the real network, or one
 * before the other. An origin gets the request as it would go over the wire and answers a fetch.
 */
#ifndef WORLD_ORIGINS_H
#define WORLD_ORIGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "http/fetch.h"
#include "world/backend.h"
#include "world/origin_call.h"
#include "world/origin_rule.h"

struct origins {
	const struct origins_ops *ops;
};

struct origins_ops {
	const char *name;
	struct fetch *(*send)(struct origins *, struct backend *, struct str path,
			      const struct http_request *, struct loop *);
	struct origins *(*fork)(struct origins *); /* O(1); neither sees what is later done to the other */
	void (*destroy)(struct origins *);
};

/*
 * Starts a request. `path`: path and query on the wire, prefix included. The request's strings are borrowed
 * for the call, its body (or NULL) is referenced and will be read or abandoned. Never NULL: what goes wrong
 * settles the fetch.
 */
must_use static inline struct fetch *origins_send(struct origins *o, struct backend *backend, struct str path,
						  const struct http_request *request, struct loop *loop)
{
	return o->ops->send(o, backend, path, request, loop);
}

must_use static inline struct origins *origins_fork(struct origins *o)
{
	return o->ops->fork(o);
}

static inline void origins_destroy(struct origins **po)
{
	if (*po)
		(*po)->ops->destroy(*po);
	*po = NULL;
}

/* ---- rules in memory ---- */

/*
 * Answers from rules; a later rule goes before an earlier one, so that a test overrides its file. A request
 * that no rule matches fails with FETCH_DESTINATION_NOT_FOUND and a text that shows how the nearest rule
 * differs; it is also counted, see origins_unmatched(). With `next` (may be NULL; taken) unmatched requests
 * go there instead.
 *
 * An answer does not wait for the request's body, which is read to its end and dropped, or recorded. The
 * backend's time-outs hold: with a delay that is not shorter than that for the first byte, or in a body that
 * for the time between bytes, the time-out comes instead, and a fault of connecting that is delayed as long
 * as the one for connecting is that. A HEAD request and a status that has no body get none, whatever its
 * steps.
 *
 * A fork starts with its parent's rules, unmatched requests, counts and calls. Destroying it fails what is
 * not answered yet, and abandons bodies that are not over.
 */
must_use struct origins *origins_rules_new(struct origins *next);
/* The rule's number, from 1: the same in all forks, and nobody else's in them. */
uint32_t origins_rules_add(struct origins *o, struct origin_rule *taken);
/*
 * Puts another rule in the place of one, in all forks that have it too: its number, its calls and its count
 * stay. What is being answered goes on as it began. False: there is none of that number.
 */
bool origins_rules_replace(struct origins *o, uint32_t number, struct origin_rule *taken);
/* Other origins for unmatched requests, taken, in place of those there are; NULL: none. */
void origins_rules_set_next(struct origins *o, struct origins *next);

enum { ORIGINS_UNMATCHED_MAX = 1000, ORIGINS_CALLS_MAX = 100000 }; /* misses, and calls, that are kept */

/* A field of a request beside what the nearest rule wants there; ptr NULL: there is none. */
struct origin_field {
	const char *name;
	bool differs;
	struct str wanted, sent;
};

/* A request that nobody answered. */
struct origin_miss {
	struct rc rc;
	struct arena arena; /* all strings live here */
	struct str method, uri, backend;
	struct origin_rule *nearest; /* a reference; NULL: there is no rule at all */
	struct origin_field *fields; /* of the nearest rule */
	size_t field_count;
	struct str text; /* all of it for people: several lines without an end behind the last */
};

/* The requests that nobody answered, in order; borrowed until `o` is destroyed. */
size_t origins_unmatched(const struct origins *o);
const struct origin_miss *origins_unmatched_at(const struct origins *o, size_t i);
static inline struct str origins_unmatched_text(const struct origins *o, size_t i)
{
	return origins_unmatched_at(o, i)->text;
}

/* Rules that were not asked as often as they expect, the newest first. */
typedef void origins_unmet_fn(void *data, const struct origin_rule *rule, uint32_t asked);
void origins_unmet(const struct origins *o, origins_unmet_fn *unmet, void *data);
/*
 * "the origin's rule GET /x of 'api' (shop.fiddle:3) was expected to be asked 2 times, and was asked 1 time"
 */
void origins_unmet_print(const struct origin_rule *rule, uint32_t asked, struct buf *out);

/*
 * From now on what a service sends to rules, or to nobody, is kept, with its body: the fetch's `asked` is the
 * struct origin_call too. In order; a call is borrowed until `o` is destroyed.
 */
void origins_record(struct origins *o, bool on);
size_t origins_calls(const struct origins *o);
const struct origin_call *origins_call(const struct origins *o, size_t i);

/* ---- the network ---- */

/* Sends to the backend's own address by `client`, which is borrowed and must outlive all forks. */
must_use struct origins *origins_network_new(struct http_client *client);

/* ---- for tests ---- */

/*
 * A decorator; takes `inner`. After `calls_left` good sends one fails with FETCH_INTERNAL_ERROR, its
 * request's body abandoned; later ones work.
 */
must_use struct origins *origins_failing_new(struct origins *inner, unsigned calls_left);

#endif
