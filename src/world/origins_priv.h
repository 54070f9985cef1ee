/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the in-memory origins share. */
#ifndef WORLD_ORIGINS_PRIV_H
#define WORLD_ORIGINS_PRIV_H

#include "world/origins.h"

enum {
	DIFFERS_BACKEND = 1,
	DIFFERS_METHOD = 2,
	DIFFERS_PATH = 4,
	DIFFERS_CONDITION = 8,
	DIFFERS_UNKNOWN = 16, /* the body may, which is not known yet */
	DIFFERS_SILENT = 32,
};

/* Which parts of the request keep the rule from matching; 0: it matches. */
unsigned origin_rule_differs(const struct origin_rule *rule, const struct origin_request *request);
bool origin_pattern_matches(struct str pattern, struct str text); /* '*' matches any run of characters */
bool origin_condition_holds(const struct origin_condition *c, const struct origin_request *request);
/* scheme://host[:port] of a backend, as rules compare it. */
struct str origin_backend_url(const struct backend *b, struct arena *a);
/*
 * The values of that query parameter, decoded, or of that header, joined by ", "; ptr NULL when there is
 * none.
 */
struct str origin_request_part(const struct origin_request *request, enum origin_part part, struct str name,
			       struct arena *a);

/* Rules, newest first; the tail is shared by frames. */
struct rule_link {
	struct rc rc;
	struct rule_link *older;
	struct origin_rule *rule; /* they are numbered from 1, the oldest */
};

/* What no rule answers, and how the nearest one differs from it; one reference. */
must_use struct origin_miss *origins_explain(const struct rule_link *newest,
					     const struct origin_request *request);

/*
 * A field of a difference: one line, or two where it differs: "-" what was wanted, "+" what was sent; ptr
 * NULL: there is none. Begins with a line end.
 */
void origins_add_field(struct buf *out, bool differs, const char *name, struct str wanted, struct str sent);

/*
 * Reads a request's body to its end, and answers as `choose` does then, who is given the request with the
 * body known, and the same request again to send. `list` holds what is under way, for gatherers_fini().
 */
typedef struct fetch *origins_choose_fn(void *data, struct backend *backend,
					const struct origin_request *asked,
					const struct http_request *request, struct loop *loop);
must_use struct fetch *gatherer_start(struct list *all, origins_choose_fn *choose, void *data,
				      struct backend *backend, struct str path,
				      const struct http_request *request, struct loop *loop);
void gatherers_fini(struct list *all); /* fails what is not answered yet */

/* What is under way: answers that are still to come, and requests' bodies that are still to be read. */
struct exchanges {
	struct list all;
};

void exchanges_init(struct exchanges *xs);
void exchanges_fini(struct exchanges *xs); /* fails what is not answered yet */
/* Answers a request, now or later, by one of the rule's answers. `call`, or NULL: where its body is kept. */
must_use struct fetch *rule_exchange_start(struct exchanges *xs, struct origin_rule *rule,
					   const struct origin_answer *answer, const struct backend *backend,
					   const struct http_request *request, struct origin_call *call,
					   struct loop *loop);

#endif
