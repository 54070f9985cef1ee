/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that code gives: a function in JavaScript, a callback of a program that embeds Backlot. An answer
 * of a rule (origin_rule.h) that has a responder is asked for when a request has come, with all of its body;
 * the rule is matched, counted and recorded as any other, and what the code gives is played as any other.
 *
 * The responder is asked in a task of the loop, so never on a guest's stack. It answers now or later; what it
 * does not answer before the backend's first-byte time-out (15 s without one) times out.
 */
#ifndef WORLD_ORIGIN_ASK_H
#define WORLD_ORIGIN_ASK_H

#include "world/origin_call.h"

/* One request that waits for an answer. Counted: whoever answers later takes a reference. */
struct origin_ask {
	struct rc rc;
	struct origin_call *call; /* the request, body included; a reference */
	struct backend *backend;  /* where it goes; a reference */
	struct str uri;           /* as the service has it */
	struct loop *loop;        /* of the world; not to be used when over */
	bool over; /* it was answered, or nobody waits any more: given up, timed out, the world has ended */
	struct rule_exchange *exchange; /* the origins'; NULL when over */
};

void origin_ask_unref(struct origin_ask **pa); /* leaves NULL; NULL is fine */

/*
 * Answers by the first answer of a rule, which is taken, and of which nothing else counts; its delay begins
 * now. False: it was over already. Not to be called on a guest's stack.
 */
bool origin_ask_answer(struct origin_ask *ask, struct origin_rule *taken);

struct origin_responder {
	struct rc rc; /* counted: rules and frames share it; destroyed with its last reference */
	const struct origin_responder_ops *ops;
};

struct origin_responder_ops {
	const char *name;
	void (*respond)(struct origin_responder *, struct origin_ask *);
};

#endif
