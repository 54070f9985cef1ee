/* SPDX-License-Identifier: Apache-2.0 */
/* What one invocation may use. limits.def says what each limit bounds and its value in each profile. */
#ifndef WORLD_LIMITS_H
#define WORLD_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct limits {
#define LIMIT(name, default_value, fastly_value, what) uint64_t name;
#include "world/limits.def"
};

/*
 * NULL when there is no such profile. "default": what a local run needs to catch runaways; "fastly": the
 * platform's.
 */
const struct limits *limits_profile(struct str name);

/* A limit by its name, for settings and messages; NULL when there is none of that name. */
uint64_t *limits_find(struct limits *l, struct str name);

/* For help and documentation: the rows of limits.def; false behind the last. */
bool limits_describe(size_t i, const char **name, const char **what);

#endif
