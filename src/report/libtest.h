/* SPDX-License-Identifier: Apache-2.0 */
/* The reports of a Rust test program, as libtest prints them, so that whatever reads those reads these. */
#ifndef REPORT_LIBTEST_H
#define REPORT_LIBTEST_H

#include <stdbool.h>
#include <stdio.h>

#include "runner/libtest/report.h"

/* The one that the options ask for. Prints to `out`, which is borrowed, as the options are. */
must_use struct libtest_report *libtest_report_new(const struct libtest_options *o, FILE *out, bool color);

#endif
