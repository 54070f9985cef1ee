/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one invocation may use. limits.def says what each limit bounds, its value in each profile, and what
 * happens to what exceeds it.
 *
 * A world has two sets: `limits` is what ends something, `noted` is what is told of. Enforcing a profile sets
 * both to it; warning sets what is noted and leaves `limits` at the guards, so that everything goes on; off
 * leaves both at the guards.
 */
#ifndef WORLD_LIMITS_H
#define WORLD_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

#define UNLIMITED UINT64_MAX

enum limit {
#define LIMIT(member, ...) LIMIT_##member,
#include "world/limits.def"
	LIMITS
};

struct limits {
	union {
		struct {
#define LIMIT(member, ...) uint64_t member;
#include "world/limits.def"
		};
		uint64_t at[LIMITS]; /* by enum limit */
	};
};

enum limit_unit { LIMIT_IN_BYTES, LIMIT_IN_TIME, LIMIT_IN_COUNT };
enum limits_mode { LIMITS_ENFORCE, LIMITS_WARN, LIMITS_OFF }; /* in the order of the option --limits */

/* For settings, messages, help and documentation. */
struct limit_row {
	const char *name; /* "memory", "url", … */
	enum limit_unit unit;
	const char *what, *answer; /* what it bounds; what is done with what exceeds it */
};
extern const struct limit_row limit_rows[LIMITS];

/*
 * NULL when there is no such profile. "guard": what a local run needs to catch runaways; "fastly",
 * "fastly-trial": the platform's; "none": what this program can bear, and the most that may be set.
 */
const struct limits *limits_profile(struct str name);
/* The names that a user may choose, as "fastly|fastly-trial|none". */
extern const char limits_profile_names[];

/* A limit by its name in settings; LIMITS when there is none. */
enum limit limit_find(struct str name);

/*
 * A bound as people write it: "64MiB", "50ms", "32", or "none", which is the most there can be. The error
 * says what is wrong with the text; what it may be, too, but where limit_check() does.
 */
must_use bool limit_parse(enum limit limit, struct str text, uint64_t *number, struct error *e);
/* Is there so much of it? ERROR_INVALID: it says what the most is. */
must_use bool limit_check(enum limit limit, uint64_t number, struct error *e);

/* "128 MiB", "50 ms", "32", "no limit". */
void limit_print(enum limit limit, uint64_t number, struct buf *out);

/*
 * What is in force (`limits`) and noted when the profile is used in that way on top of the guards that are in
 * force.
 */
void limits_use(struct limits *limits, struct limits *noted, enum limits_mode mode,
		const struct limits *profile);
/* The same of one limit; the others are as they were. */
void limits_use_one(struct limits *limits, struct limits *noted, enum limits_mode mode, enum limit limit,
		    uint64_t number);

/*
 * How much room a guest's memory needs: over the limit when that is enforced, so that it can be seen to be
 * exceeded.
 */
uint64_t limits_memory_room(const struct limits *limits, enum limits_mode mode);

#endif
