/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_LIBTEST_PRIV_H
#define REPORT_LIBTEST_PRIV_H

#include "report/libtest.h"

struct libtest_report *libtest_text_new(const struct libtest_options *o, FILE *out,
					bool color); /* pretty, terse */
struct libtest_report *libtest_json_new(const struct libtest_options *o, FILE *out);
struct libtest_report *libtest_junit_new(const struct libtest_options *o, FILE *out);

#endif
