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

enum origin_fault {
	ORIGIN_ANSWERS,
	ORIGIN_REFUSES,   /* FETCH_CONNECTION_REFUSED */
	ORIGIN_RESETS,    /* FETCH_CONNECTION_TERMINATED */
	ORIGIN_TIMES_OUT, /* FETCH_HTTP_RESPONSE_TIMEOUT after the first-byte time-out, 15 s without one */
};

/* Filled by whoever makes it, then given to origins_rules_add() and not changed any more. */
struct origin_rule {
	struct rc rc;
	struct arena arena; /* all strings live here */
	struct str backend; /* name; empty: any */
	struct str method;  /* "*" or empty: any */
	struct str path;    /* '*' matches any run of characters; without '?' any query does */
	enum origin_fault fault;
	uint64_t delay_ns; /* before the answer or the fault, on the world's clock */
	uint16_t status;
	struct headers headers; /* as written; Content-Length is added by whoever frames it */
	struct blob *body;      /* or NULL; the rule's reference */
};

/* Any backend, any method, any path: 200 without a body. */
must_use struct origin_rule *origin_rule_new(void);
must_use struct origin_rule *origin_rule_ref(struct origin_rule *rule);
void origin_rule_unref(struct origin_rule **prule);
/* Would it answer this request? */
bool origin_rule_matches(const struct origin_rule *rule, struct str backend, struct str method,
			 struct str path);

/*
 * Answers from rules; a later rule goes before an earlier one, so that a test overrides its file. A request
 * that no rule matches fails with FETCH_DESTINATION_NOT_FOUND and a text that names the nearest rules; it is
 * also counted, see origins_unmatched(). With `next` (may be NULL; taken) unmatched requests go there
 * instead.
 *
 * An answer does not wait for the request's body, which is read to its end and dropped. With a delay that is
 * not shorter than the backend's first-byte time-out, the time-out comes instead; a HEAD request and a status
 * that has no body get none. A fork starts with its parent's rules and unmatched requests. Destroying it
 * fails what is not answered yet.
 */
must_use struct origins *origins_rules_new(struct origins *next);
void origins_rules_add(struct origins *o, struct origin_rule *taken);

enum { ORIGINS_UNMATCHED_MAX = 1000 }; /* texts kept */

/* Texts of the requests nobody answered, in order; borrowed until `o` is destroyed. */
size_t origins_unmatched(const struct origins *o);
struct str origins_unmatched_text(const struct origins *o, size_t i);

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
