/* SPDX-License-Identifier: Apache-2.0 */
/* The one canonical layout of a .fiddle file. Formatting what is formatted changes nothing. */
#ifndef SCRIPT_FORMAT_H
#define SCRIPT_FORMAT_H

#include "script/script.h"

/*
 * Lays out a file's text: two blanks before answers and test lines, four before what belongs to an answer,
 * one blank line between blocks, single blanks between words, no blanks at line ends. Comments stay, bodies
 * stay to the byte. False, with `d` filled as by script_parse(), when the text has errors; targets are not
 * held against a schema.
 * `*out` lives in the arena.
 */
must_use bool script_format(struct arena *a, struct str file, struct str text, struct str *out,
			    struct diagnostics *d);

#endif
