/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of an invocation: whether a number is within them, and the record of those that were exceeded. */
#ifndef GUEST_LIMIT_H
#define GUEST_LIMIT_H

#include "guest/guest.h"

/* The rest of invocation_within(). */
must_use bool invocation_exceeds(struct invocation *i, enum limit limit, uint64_t number);

/*
 * May it go on with this number? What exceeds a limit is recorded, once for each limit, with the largest
 * number, and as an event "limit" of the trace. False: the limit is in force.
 */
must_use static inline bool invocation_within(struct invocation *i, enum limit limit, uint64_t number)
{
	const struct world *w = i->world;
	return (number <= w->limits.at[limit] && number <= w->noted.at[limit]) ||
	       !invocation_exceeds(i, limit, number);
}

/* The same where it is too late to do anything about it, or something else does. */
static inline void invocation_note(struct invocation *i, enum limit limit, uint64_t number)
{
	bool within = invocation_within(i, limit, number);
	(void)within;
}

/*
 * The same of all that is limited in a request or a response, but for its body. False: `*limit` is in force.
 */
must_use bool invocation_request_within(struct invocation *i, const struct http_request *request,
					enum limit *limit);
must_use bool invocation_response_within(struct invocation *i, const struct headers *headers);

/*
 * Sets a write's meter, by which the limits of what is in the cache are in force, and noted as long as the
 * invocation is there. The second one also looks at the length; false: it may not store that.
 */
void invocation_measure(struct invocation *i, struct cache_write *w);
must_use bool invocation_may_store(struct invocation *i, struct cache_write *w);
void invocation_forget_stored(struct invocation *i);

/* "subrequests: 33, and the limit is 32", for people. */
void limit_breach_print(const struct limit_breach *b, struct buf *out);

#endif
