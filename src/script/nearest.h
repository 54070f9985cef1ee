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

/* Are two letters beside each other in the wrong order, and is that all? */
static inline bool nearest_swapped(struct str a, struct str b)
{
	size_t i = 0;
	if (a.len != b.len)
		return false;
	while (i < a.len && a.ptr[i] == b.ptr[i])
		i++;
	return i + 1 < a.len && a.ptr[i] == b.ptr[i + 1] && a.ptr[i + 1] == b.ptr[i] &&
	       str_eq(str_sub(a, i + 2, a.len), str_sub(b, i + 2, b.len));
}

static inline void nearest_try(struct nearest *n, struct str candidate)
{
	unsigned distance = nearest_swapped(n->word, candidate) ? 1 : str_distance(n->word, candidate);
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
