/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the in-memory origins share. */
#ifndef WORLD_ORIGINS_PRIV_H
#define WORLD_ORIGINS_PRIV_H

#include "world/origins.h"

enum { DIFFERS_BACKEND = 1, DIFFERS_METHOD = 2, DIFFERS_PATH = 4 };

/* Which parts of the request keep the rule from matching; 0: it matches. */
unsigned origin_rule_differs(const struct origin_rule *rule, struct str backend, struct str method,
			     struct str path);

/* Rules, newest first; the tail is shared by frames. */
struct rule_link {
	struct rc rc;
	struct rule_link *older;
	struct origin_rule *rule;
};

/* "no origin answers GET /x of backend 'api'; nearest: POST /x (method differs)", a new blob. */
must_use struct blob *origins_explain(const struct rule_link *newest, struct str backend, struct str method,
				      struct str path);

/* What is under way: answers that are still to come, and requests' bodies that are still to be read. */
struct exchanges {
	struct list all;
};

void exchanges_init(struct exchanges *xs);
void exchanges_fini(struct exchanges *xs); /* fails what is not answered yet */
/* Answers a request by a rule, now or later. */
must_use struct fetch *rule_exchange_start(struct exchanges *xs, struct origin_rule *rule,
					   const struct backend *backend, const struct http_request *request,
					   struct loop *loop);

#endif
