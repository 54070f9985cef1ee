/* SPDX-License-Identifier: Apache-2.0 */
#include "report/libtest_priv.h"

struct libtest_report *libtest_report_new(const struct libtest_options *o, FILE *out, bool color)
{
	switch (o->format) {
	case LIBTEST_JSON:
		return libtest_json_new(o, out);
	case LIBTEST_JUNIT:
		return libtest_junit_new(o, out);
	default:
		return libtest_text_new(o, out, color);
	}
}
