/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong in a script, collected while it is read: each with its place, words, and what to write
 * instead. Errors stop a script from running, warnings do not. All of it lives in the arena the script was
 * read into, and borrows the script's text.
 */
#ifndef SCRIPT_DIAGNOSTICS_H
#define SCRIPT_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "script/source.h"

/* Behind these many of one kind the rest is counted, not kept: they seldom tell anything new. */
enum { DIAGNOSTICS_KEPT_MAX = 20 };

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct diagnostic {
	enum severity severity;
	struct str at;     /* the offending piece of the source text */
	struct str text;   /* what is wrong */
	struct str advice; /* what to write instead */
};

struct diagnostics {
	struct arena *arena;
	const struct source *source;
	struct diagnostic *items; /* in the order of their places, after the script has been read */
	size_t count;
	size_t errors, warnings; /* all of them, also those not kept */
};

void diagnostics_init(struct diagnostics *d, struct arena *a, const struct source *source);

/* Adds one. `advice` must live as long as the arena. */
printf_like(4, 5) void diagnostics_error(struct diagnostics *d, struct str at, struct str advice,
					 const char *format, ...);
printf_like(4, 5) void diagnostics_warn(struct diagnostics *d, struct str at, struct str advice,
					const char *format, ...);

/* Puts them in the order of their places. */
void diagnostics_sort(struct diagnostics *d);

/* Prints each as FILE:LINE:COLUMN, words, the line with a marker, and the advice. */
void diagnostics_print(const struct diagnostics *d, struct buf *out);
void diagnostic_print(const struct diagnostic *item, const struct source *source, struct buf *out);

#endif
