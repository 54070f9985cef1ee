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

bool limit_parse(enum limit limit, struct str text, uint64_t *number, struct error *e)
{
	if (str_eq(text, STR("none"))) {
		*number = limits_profile(STR("none"))->at[limit];
		return true;
	}
	switch (limit_rows[limit].unit) {
	case LIMIT_IN_BYTES:
		return size_parse(text, number, e);
	case LIMIT_IN_TIME:
		if (text.len && text.ptr[text.len - 1] >= '0' && text.ptr[text.len - 1] <= '9')
			return FAIL(e, INVALID, "'" STR_FMT "' has no unit (ns, us, ms, s, m, h)",
				    STR_ARG(text));
		return duration_parse(text, number, e);
	case LIMIT_IN_COUNT:
		break;
	}
	return str_to_u64(text, UINT64_MAX, number) ||
	       FAIL(e, INVALID, "it is counted, and '" STR_FMT "' is no number", STR_ARG(text));
}

bool limit_check(enum limit limit, uint64_t number, struct error *e)
{
	scoped(buf_fini) struct buf text = BUF_INIT(256);
	uint64_t most = limits_profile(STR("none"))->at[limit];
	if (number <= most)
		return true;
	limit_print(limit, most, &text);
	return FAIL(e, INVALID, "the most that there can be is %s; write less, or \"none\"", text.ptr);
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

void limits_use_one(struct limits *limits, struct limits *noted, enum limits_mode mode, enum limit limit,
		    uint64_t number)
{
	if (mode == LIMITS_OFF)
		return;
	noted->at[limit] = number;
	if (mode == LIMITS_ENFORCE)
		limits->at[limit] = number;
	else if (limit == LIMIT_memory_bytes) /* the guard is the platform's: nobody could exceed it */
		limits->at[limit] = limits_profile(STR("none"))->at[limit];
	else
		limits->at[limit] = MAX(limits->at[limit], number);
}

void limits_use(struct limits *limits, struct limits *noted, enum limits_mode mode,
		const struct limits *profile)
{
	for (size_t i = 0; i < LIMITS; i++)
		limits_use_one(limits, noted, mode, (enum limit)i, profile->at[i]);
}

uint64_t limits_memory_room(const struct limits *limits, enum limits_mode mode)
{
	uint64_t most = limits_profile(STR("none"))->memory_bytes;
	return mode == LIMITS_ENFORCE ? MIN(limits->memory_bytes + MEMORY_OVERSHOOT_BYTES, most)
				      : limits->memory_bytes;
}
