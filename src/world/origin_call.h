/* SPDX-License-Identifier: Apache-2.0 */
/* A request that a service made of its origins, kept for tests: what was sent, body included. */
#ifndef WORLD_ORIGIN_CALL_H
#define WORLD_ORIGIN_CALL_H

#include "base/buf.h"
#include "world/origin_rule.h"

enum { ORIGIN_CALL_BODY_BYTES_MAX = 16 << 20 }; /* of a body that are kept; `body.full`: there was more */

struct origin_call {
	struct rc rc;
	struct arena arena;                    /* all strings live here */
	struct origin_rule *rule;              /* the one that answers; NULL: none does. A reference */
	uint32_t nth;                          /* of the rule's calls, from 1; 0 without a rule */
	struct str backend, method, uri, path; /* uri: as the service has it; path: on the wire */
	struct headers headers;
	struct buf body; /* as far as it has come by now */
	bool complete;   /* the body has come to its end */
	uint64_t at_ns;  /* on the world's monotonic clock */
};

/* Copies all but the body, which is for whoever answers to fill in. `rule` may be NULL. */
must_use struct origin_call *origin_call_new(const struct origin_request *request, struct origin_rule *rule,
					     uint32_t nth, uint64_t at_ns);

#endif
