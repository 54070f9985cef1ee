/* SPDX-License-Identifier: Apache-2.0 */
/* "did you mean …?": the candidate that is spelled most like a word. */
#ifndef SCRIPT_NEAREST_H
#define SCRIPT_NEAREST_H

#include <stdbool.h>

#include "base/str.h"

struct nearest {
	struct str word; /* set by the caller, the rest zero */
	struct str best; /* ptr NULL: nothing is near enough */
	unsigned distance;
};

static inline void nearest_try(struct nearest *n, struct str candidate)
{
	unsigned distance = str_distance(n->word, candidate);
	unsigned allowed = (unsigned)MIN(MAX(n->word.len, candidate.len) + 1, (size_t)12) / 3;
	/* One letter for one letter is another word, not a slip. */
	if (distance > MAX(allowed, 1u) || distance >= MIN(n->word.len, candidate.len))
		return;
	if (n->best.ptr && distance >= n->distance)
		return;
	n->best = candidate;
	n->distance = distance;
}

#endif
