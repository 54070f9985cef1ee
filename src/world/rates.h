/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rate counters and penalty boxes, as Fastly's Edge Rate Limiting documents them. A counter adds up what its
 * entries are incremented by, for a minute. A window of N seconds holds the current second, as far as it has
 * come, and the N-1 before it: windows begin at whole seconds, so one of 10 s holds 9 to 10 seconds. A
 * penalty box keeps entries for whole minutes, from 1 to 60.
 *
 * Counters and boxes are made by being named; a counter and a box of one name have nothing to do with each
 * other. Times are the monotonic time of the world's clock. Everything is bounded: beyond
 * RATES_ENTRIES_MAX, a new entry takes the place of the one that was incremented longest ago, or in boxes of
 * the one with the shortest time left.
 */
#ifndef WORLD_RATES_H
#define WORLD_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/pmap.h"
#include "base/str.h"

enum {
	RATES_ENTRY_BYTES_MAX = 256,
	RATES_NAME_BYTES_MAX = 256,
	RATES_DELTA_MAX = 100000,
	RATES_LIMIT_MAX = 70000000,
	RATES_WINDOW_S_MAX = 60,
	RATES_PENALTY_S_MIN = 60,
	RATES_PENALTY_S_MAX = 60 * 60,
	RATES_ENTRIES_MAX = 200000, /* of all counters together, and of all boxes */
};

/* What there is of an entry, in a counter or in a box. */
struct rates_item {
	struct str name, entry; /* borrowed, until the next change */
	struct pmap_entry at;   /* the implementation's */
};

struct rates {
	const struct rates_ops *ops;
};

struct rates_ops {
	const char *name;
	bool (*add)(struct rates *, uint64_t now_ns, struct str counter, struct str entry, uint32_t delta,
		    struct error *);
	bool (*count)(struct rates *, uint64_t now_ns, struct str counter, struct str entry,
		      uint32_t window_s, uint64_t *count, struct error *);
	bool (*penalize)(struct rates *, uint64_t now_ns, struct str box, struct str entry, uint64_t ns,
			 struct error *);
	bool (*penalized)(struct rates *, uint64_t now_ns, struct str box, struct str entry,
			  uint64_t *left_ns, struct error *);
	bool (*forget)(struct rates *, bool box, struct str name, struct str entry);
	bool (*next)(struct rates *, bool boxes, struct rates_item *);
	struct rates *(*fork)(struct rates *); /* O(1); neither sees what is later done to the other */
	void (*destroy)(struct rates *);
};

/* Below: ERROR_INVALID when a name, an entry or a number is not within the bounds above. */

must_use bool rates_add(struct rates *r, uint64_t now_ns, struct str counter, struct str entry,
			uint32_t delta, struct error *e);

/* What the entry was incremented by within a window of 1, 10, 20, 30, 40, 50 or 60 seconds. */
must_use bool rates_count(struct rates *r, uint64_t now_ns, struct str counter, struct str entry,
			  uint32_t window_s, uint64_t *count, struct error *e);

/* The average per second over a window of 1, 10 or 60 seconds, cut to a whole number. */
must_use bool rates_rate(struct rates *r, uint64_t now_ns, struct str counter, struct str entry,
			 uint32_t window_s, uint32_t *rate, struct error *e);

/* From now on for that long, whatever was left; seconds beyond whole minutes do not count. */
must_use bool rates_penalize(struct rates *r, uint64_t now_ns, struct str box, struct str entry,
			     uint32_t ttl_s, struct error *e);

/* For how long it still is in the box; 0: it is not. */
must_use bool rates_penalized(struct rates *r, uint64_t now_ns, struct str box, struct str entry,
			      uint64_t *left_ns, struct error *e);

/* As if the entry had never been incremented in the counter, or put into the box. False: it was not. */
static inline bool rates_forget(struct rates *r, bool box, struct str name, struct str entry)
{
	return r->ops->forget(r, box, name, entry);
}

/*
 * for (struct rates_item i = { 0 }; rates_next(r, boxes, &i);) …: the entries of all counters, or of all
 * boxes; those whose time is over may be among them. Nothing may be changed meanwhile.
 */
static inline bool rates_next(struct rates *r, bool boxes, struct rates_item *item)
{
	return r->ops->next(r, boxes, item);
}

/* What rates_check() does, and what came of it. */
struct rates_check {
	struct str counter, entry, box;
	uint32_t delta, window_s, limit, ttl_s; /* the limit is an average per second */

	uint64_t count; /* within the window, with delta */
	bool over;      /* the limit is exceeded: the entry went into the box */
	bool blocked;   /* it is in the box */
};
/* Increments, and puts what goes over the limit into the box. Nothing is done when something is not within
 * bounds. */
must_use bool rates_check(struct rates *r, uint64_t now_ns, struct rates_check *check, struct error *e);

must_use static inline struct rates *rates_fork(struct rates *r)
{
	return r->ops->fork(r);
}

static inline void rates_destroy(struct rates **pr)
{
	if (*pr)
		(*pr)->ops->destroy(*pr);
	*pr = NULL;
}

/* `entries_max` is the bound of counters' entries and of boxes' entries each, from 1 on. */
must_use struct rates *rates_memory_new(size_t entries_max);

/* A decorator for tests: takes `inner`; call number `nth` (from 0) fails with ERROR_IO, as if the store were
 * gone. */
must_use struct rates *rates_failing_new(struct rates *inner, unsigned nth);

#endif
