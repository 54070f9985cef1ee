/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a script and places in it. A place is a piece of the text itself: every `struct str` that
 * points into `source->text` knows its line and column by where it points, so tokens carry no positions of
 * their own. An empty piece marks one spot (behind the end of a line, say).
 */
#ifndef SCRIPT_SOURCE_H
#define SCRIPT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

struct source {
	struct str file; /* as it is printed in front of line and column */
	struct str text;
};

struct source_place {
	size_t line, column; /* both from 1; columns count characters, a tab is one */
};

/* Where a piece of the text begins. It must point into the text. */
struct source_place source_place_of(const struct source *source, struct str piece);

/* The piece from the beginning of `first` to the end of `last`. */
struct str source_join(struct str first, struct str last);

/* The spot behind the end of a piece. */
struct str source_behind(struct str piece);

/* Adds "FILE:LINE:COLUMN: ". */
void source_add_place(const struct source *source, struct str piece, struct buf *out);

/* Adds the piece's first line and, on a line of its own, ^^^ under the piece; of a very long line only the
 * part around it. */
void source_add_quote(const struct source *source, struct str piece, struct buf *out);

/*
 * Adds text that may hold anything so that it can go to a terminal: control characters and bytes that are not
 * UTF-8 become U+FFFD, tabs and line ends stay.
 */
void source_add_clean(struct str text, struct buf *out);

/* The length of the character that begins at byte `at`: 1 for a byte that is not UTF-8. */
size_t source_character(struct str text, size_t at);

/* A word to be quoted inside a message: cut to its beginning when it is long. */
struct str source_brief(struct str word);

#endif
