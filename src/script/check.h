/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One test line, `[LABEL] TARGET COMPARISON REFERENCE`: read and held against the schema as a whole first,
 * then run over as many documents as one likes.
 */
#ifndef SCRIPT_CHECK_H
#define SCRIPT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "script/compare.h"
#include "script/diagnostics.h"
#include "script/path.h"

/* All pieces are pieces of the script's text (source.h), which a check borrows. */
struct check {
	struct str label;                           /* empty when there is none */
	struct str text;                            /* the test without its label, as written */
	struct str comparison_text, reference_text; /* the latter is empty when there is none */
	size_t line;
	struct path target;
	const struct comparison *comparison;
	bool negated;
	const struct value *reference; /* undefined for a pattern and where the comparison takes none */
	const struct regex *regex;     /* NULL unless the comparison takes a pattern */
};

/*
 * Reads one test line, without blanks around it. False after an error was added to `d`; warnings may have
 * been added either way. `schema` NULL: every target is fine.
 */
must_use bool check_parse(struct str text, size_t line, const struct schema *schema, struct arena *a,
			  struct diagnostics *d, struct check *out);

/*
 * The outcome of one check. All texts live in the arena given to check_run(), or are pieces of the script. Of
 * a check that passed and is not vacuous, `expected`, `actual` and `detail` are empty.
 */
struct check_result {
	bool pass;
	/* It passed only because its target is undefined: nothing was tested. A strict run counts that as
	 * failed. */
	bool vacuous;
	struct str label;    /* the label, or the test as written */
	struct str at;       /* the piece to mark: the reference, or the step that led nowhere */
	struct str expected; /* `is at least 5` */
	struct str actual;   /* as JSON, cut when long; undefined is `undefined` */
	struct str detail;   /* why, what the document has instead, where the difference is; may be empty */
};

/* Runs a check over a document: an object with the schema's roots as its members. Never fails, never waits.
 */
struct check_result check_run(const struct check *check, const struct value *document, struct arena *a);

/* Prints a failed (or vacuous) result: place, label, the line with a marker, expected, actual, detail. */
void check_result_print(const struct check_result *result, const struct source *source, struct buf *out);

#endif
