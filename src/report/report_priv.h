/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_REPORT_PRIV_H
#define REPORT_REPORT_PRIV_H

#include "report/report.h"

/* What a report that has no more to say of it is given for an event. */
void report_no_begin(struct reporter *r, size_t files);
void report_no_progress(struct reporter *r, const struct run_progress *progress);
void report_no_warning(struct reporter *r, struct str text);
void report_no_obsolete(struct reporter *r, const char *file, struct str snapshot);

/* A file that cannot be run, as a result: failed, at the first place that a line of its text begins with. */
struct test_result report_broken_result(const char *file, struct str text);

/* A report that needs nothing but its sink. */
struct plain_report {
	struct reporter super;
	struct report_sink *sink;
};
struct reporter *plain_report_new(const struct reporter_ops *ops, struct report_sink *sink);
void plain_report_destroy(struct reporter *r);

struct reporter *report_pretty_new(struct report_sink *sink, const struct report_options *o);
struct reporter *report_tap_new(struct report_sink *sink);
struct reporter *report_junit_new(struct report_sink *sink);
struct reporter *report_json_new(struct report_sink *sink);
struct reporter *report_github_new(struct report_sink *sink, const struct report_options *o);

#endif
