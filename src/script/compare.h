/* SPDX-License-Identifier: Apache-2.0 */
/* The comparisons of the test language as a table: reading, checking, running and the manual all go by it. */
#ifndef SCRIPT_COMPARE_H
#define SCRIPT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "script/regex.h"
#include "script/value.h"

enum reference_kind {
	REFERENCE_NONE, /* must not be there */
	REFERENCE_ANY,  /* any JSON value but null */
	REFERENCE_NUMBER,
	REFERENCE_STRING,
	REFERENCE_LIST, /* a JSON array of numbers, strings and booleans */
	REFERENCE_REGEX,
};

struct comparison_input {
	const struct value *target;
	const struct value *reference; /* undefined when the comparison takes none, or a pattern */
	const struct regex *regex;     /* NULL when it takes none */
	struct arena *arena;
};

enum comparison_verdict {
	COMPARISON_NO,
	COMPARISON_YES,
	COMPARISON_UNFIT, /* the target is nothing it can judge: the test fails, negated or not */
};

struct comparison {
	const char *name, *negated_name;
	const char *aliases; /* separated by blanks */
	unsigned targets;    /* 1 << enum value_type of each that can pass */
	enum reference_kind reference;
	const char *phrase, *negated_phrase;
	const char *doc, *example;
	/* May put words about its verdict into `*detail`. */
	enum comparison_verdict (*compare)(const struct comparison_input *, struct str *detail);
	/*
	 * What a failure can tell besides expected and actual value, such as the line that holds the unwanted
	 * text, or a match that differs in case only. Empty when there is nothing. Not called for what was
	 * UNFIT.
	 */
	struct str (*explain)(const struct comparison_input *, bool negated);
};

size_t comparison_count(void);
const struct comparison *comparison_at(size_t i);

/* The comparison a word names in any accepted spelling; NULL when it names none. */
const struct comparison *comparison_find(struct str word, bool *negated);

/* The documented spelling that is nearest to a word that names none; ptr NULL when nothing is near. */
struct str comparison_nearest(struct str word);

#endif
