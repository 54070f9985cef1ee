/* SPDX-License-Identifier: Apache-2.0 */
#include "world/limits.h"

#include "base/attr.h"

static const struct {
	struct str name;
	struct limits limits;
} profiles[] = {
	{ STR_INIT("default"),
	  {
#define LIMIT(name, default_value, fastly_value, what) .name = (default_value),
#include "world/limits.def"
	  } },
	{ STR_INIT("fastly"),
	  {
#define LIMIT(name, default_value, fastly_value, what) .name = (fastly_value),
#include "world/limits.def"
	  } },
};

static const struct {
	const char *name, *what;
	size_t offset;
} rows[] = {
#define LIMIT(name, default_value, fastly_value, what) { #name, what, offsetof(struct limits, name) },
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

uint64_t *limits_find(struct limits *l, struct str name)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (str_eq(str_from(rows[i].name), name))
			return (uint64_t *)(void *)((char *)l + rows[i].offset);
	}
	return NULL;
}

bool limits_describe(size_t i, const char **name, const char **what)
{
	if (i >= COUNT_OF(rows))
		return false;
	*name = rows[i].name;
	*what = rows[i].what;
	return true;
}
