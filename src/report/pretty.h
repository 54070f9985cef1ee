/* SPDX-License-Identifier: Apache-2.0 */
/* The report for people. */
#ifndef REPORT_PRETTY_H
#define REPORT_PRETTY_H

#include <stdbool.h>
#include <stdio.h>

#include "runner/reporter.h"

/* Prints to `out`, which is borrowed. `verbose`: passed tests, too, a line each. */
must_use struct reporter *report_pretty_new(FILE *out, bool color, bool verbose);

/* For `--list`: "FILE:LINE: NAME", a line each. */
must_use struct reporter *report_list_new(FILE *out);

#endif
