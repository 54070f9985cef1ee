/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patterns of `matches`: JavaScript's syntax and meaning as far as PCRE2 has them. Written between
 * slashes a pattern has exactly the flags behind it (`/^age: \d+$/m`); written bare it has s, m and i.
 *
 * A pattern's search is bounded: one that backtracks without end gives up instead of hanging.
 */
#ifndef SCRIPT_REGEX_H
#define SCRIPT_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct regex; /* lives in its arena, needs no destroying */

enum regex_verdict {
	REGEX_NO,
	REGEX_YES,
	REGEX_GAVE_UP, /* too many steps, or too much memory, for this text */
};

/*
 * Reads a pattern as it is written. NULL when it is none: `*at` is then the piece of `written` that is wrong,
 * `*why` says how (in the arena or constant).
 */
must_use struct regex *regex_compile(struct str written, struct arena *a, struct str *at, struct str *why);

/* Looks for the first match anywhere in the text; `*found` (may be NULL) is then the piece that matched. */
enum regex_verdict regex_search(const struct regex *r, struct str text, struct str *found);

#endif
