/* SPDX-License-Identifier: Apache-2.0 */
#include "world/limits.h"

#include "base/attr.h"
#include "base/quantity.h"

/*
 * A guest may grow so far over an enforced limit until it is ended: wide enough for the steps in which
 * allocators grow.
 */
#define MEMORY_OVERSHOOT_BYTES (UINT64_C(64) << 20)

static const struct {
	struct str name;
	struct limits limits;
} profiles[] = {
	{ STR_INIT("guard"),
	  { .at = {
#define LIMIT(member, name, unit, guard, fastly, trial, most, what, answer) (guard),
#include "world/limits.def"
	    } } },
	{ STR_INIT("fastly"),
	  { .at = {
#define LIMIT(member, name, unit, guard, fastly, trial, most, what, answer) (fastly),
#include "world/limits.def"
	    } } },
	{ STR_INIT("fastly-trial"),
	  { .at = {
#define LIMIT(member, name, unit, guard, fastly, trial, most, what, answer) (trial),
#include "world/limits.def"
	    } } },
	{ STR_INIT("none"),
	  { .at = {
#define LIMIT(member, name, unit, guard, fastly, trial, most, what, answer) (most),
#include "world/limits.def"
	    } } },
};

const char limits_profile_names[] = "fastly|fastly-trial|none";

const struct limit_row limit_rows[LIMITS] = {
#define LIMIT(member, lname, unit_, guard, fastly, trial, most, what_, answer_) \
	{ .name = (lname), .unit = LIMIT_IN_##unit_, .what = (what_), .answer = (answer_) },
#include "world/limits.def"
};

const struct limits *limits_profile(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(profiles); i++) {
		if (str_eq(profiles[i].name, name))
			return &profiles[i].limits;
	}
	return NULL;
}

enum limit limit_find(struct str name)
{
	size_t i = 0;
	while (i < LIMITS && !str_eq(str_from(limit_rows[i].name), name))
		i++;
	return (enum limit)i;
}

void limit_print(enum limit limit, uint64_t number, struct buf *out)
{
	if (number == UNLIMITED)
		buf_add(out, STR("no limit"));
	else if (limit_rows[limit].unit == LIMIT_IN_TIME)
		duration_print(number, out);
	else if (limit_rows[limit].unit == LIMIT_IN_BYTES)
		size_print(number, out);
	else
		buf_printf(out, "%llu", (unsigned long long)number);
}

void limits_use(struct limits *limits, struct limits *noted, enum limits_mode mode,
		const struct limits *profile)
{
	if (mode == LIMITS_OFF)
		return;
	*noted = *profile;
	if (mode == LIMITS_ENFORCE) {
		*limits = *profile;
		return;
	}
	for (size_t i = 0; i < LIMITS; i++)
		limits->at[i] = MAX(limits->at[i], profile->at[i]);
	/* The guard is the platform's own limit here: nobody could exceed it to be warned of it. */
	limits->memory_bytes = limits_profile(STR("none"))->memory_bytes;
}

uint64_t limits_memory_room(const struct limits *limits, enum limits_mode mode)
{
	uint64_t most = limits_profile(STR("none"))->memory_bytes;
	return mode == LIMITS_ENFORCE ? MIN(limits->memory_bytes + MEMORY_OVERSHOOT_BYTES, most)
				      : limits->memory_bytes;
}
