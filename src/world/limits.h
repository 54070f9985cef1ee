/* SPDX-License-Identifier: Apache-2.0 */
/* What one invocation may use. Profiles by name come from a table. */
#ifndef WORLD_LIMITS_H
#define WORLD_LIMITS_H

#include <stdint.h>

#include "base/str.h"

struct limits {
	uint64_t memory_bytes;        /* linear memory; memory.grow beyond it answers -1 */
	uint64_t table_elements;
	uint64_t cpu_ns;              /* guest CPU time; UINT64_MAX: none */
	uint64_t wall_ns;             /* on the world's clock, from the start; UINT64_MAX: none */
	uint64_t body_bytes;          /* that a host-side body may hold */
	uint64_t handles;             /* open at the same time, all kinds together */
	uint64_t headers;             /* fields of one message */
	uint64_t header_bytes;        /* all fields of one message */
	uint64_t uri_bytes;
	uint64_t log_bytes;           /* of one invocation */
	uint64_t dynamic_backends;    /* of one invocation */
	uint64_t subrequests;         /* of one invocation */
};

/* NULL when there is no such profile. "default": what a local run needs to catch runaways. */
const struct limits *limits_profile(struct str name);

#endif
