/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directives of Cache-Control (RFC 9111, 5.2; RFC 5861), and of Surrogate-Control, which has the same
 * form.
 */
#ifndef HTTP_CACHE_CONTROL_H
#define HTTP_CACHE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "http/headers.h"

/* A number of seconds that a directive gives; what is no number counts as 0, which is the careful reading. */
struct cache_seconds {
	bool given;
	uint32_t value; /* at most CACHE_SECONDS_MAX */
};

enum { CACHE_SECONDS_MAX = INT32_MAX };

struct cache_control {
	bool present; /* there was such a header */
	bool no_store, is_private;
	struct cache_seconds max_age, s_maxage, stale_while_revalidate, stale_if_error;
};

/* All fields of that name together; of a directive that stands there twice the first counts. */
struct cache_control cache_control_read(const struct headers *h, struct str name);

/* A number of seconds as in Age and in max-age; too large a one is CACHE_SECONDS_MAX. False: it is none. */
must_use bool cache_seconds_parse(struct str text, uint32_t *out);

#endif
