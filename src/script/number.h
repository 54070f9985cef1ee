/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to text and back as JavaScript does it, whatever the locale. */
#ifndef SCRIPT_NUMBER_H
#define SCRIPT_NUMBER_H

#include "base/str.h"

enum { NUMBER_TEXT_BYTES_MAX = 32 };

/* The shortest decimal text that reads back as the same number; written to `room`, which is also where it
 * points. */
struct str number_text(double number, char room[NUMBER_TEXT_BYTES_MAX]);

/* JavaScript's Number(text): blanks around it do not count, empty is 0, what is no number is NaN. */
double number_from_text(struct str text);

#endif
