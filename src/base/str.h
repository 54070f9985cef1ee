/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed bytes with a length: the one way strings travel in Backlot. A `struct str` never owns, may hold
 * any byte (NUL too), is not NUL-ended, and `ptr` may be NULL only when `len` is 0.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct str {
	const char *ptr;
	size_t len;
};

#define STR(literal) ((struct str){ "" literal, sizeof literal - 1 })
/* clang-format off */
#define STR_INIT(literal) { "" literal, sizeof literal - 1 } /* for static tables */
/* clang-format on */

/* printf("… " STR_FMT " …", STR_ARG(s)) */
#define STR_FMT "%.*s"
/* A precision is an int: a longer string is cut, where a wrapped length would print what comes behind it. */
#define STR_ARG(s) (int)MIN((s).len, (size_t)INT_MAX), ((s).ptr ? (s).ptr : "")

#define STR_NONE SIZE_MAX /* "not found" of the searches */

struct str str_from(const char *cstr); /* NULL gives the empty string */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only, as HTTP names compare */
int str_cmp(struct str a, struct str b);        /* order of bytes, shorter first */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
size_t str_find(struct str s, struct str needle);          /* index or STR_NONE */
size_t str_find_char(struct str s, char c);                /* index or STR_NONE */
struct str str_sub(struct str s, size_t from, size_t len); /* cut to what is there */
struct str str_trim(struct str s);                         /* spaces, tabs, CR, LF off both ends */

/*
 * Cuts `*rest` at the first `sep`: returns what stands before it and leaves in `*rest` what stands behind it
 * (empty with ptr NULL when there was no separator, so `while (rest.ptr)` walks all parts).
 */
struct str str_split(struct str *rest, char sep);

/* A whole decimal number without sign, no larger than `max`; false leaves `*out` alone. */
must_use bool str_to_u64(struct str s, uint64_t max, uint64_t *out);

bool str_is_utf8(struct str s);

/*
 * How many bytes the first character of `s` takes; 0 when `s` is empty. Where the bytes are not UTF-8,
 * `*valid` is false and the length is that of what one U+FFFD stands for, as in browsers and in Rust: the
 * longest start of a character that breaks off, or else one byte.
 */
size_t str_utf8_step(struct str s, bool *valid);

/* The cheapest edit distance between two short names, for "did you mean". At most 64 bytes each count. */
unsigned str_distance(struct str a, struct str b);

char ascii_lower(char c);

#endif
