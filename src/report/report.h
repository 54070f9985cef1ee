/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reports of a test run: a row a format. docs/reporters.md is their manual. Each is a reporter
 * (runner/reporter.h) that prints into a sink, which is borrowed and outlives it.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "report/sink.h"
#include "runner/reporter.h"

/* REPORT(ID, name): in the order of the choices of --reporter. */
#define REPORTS(X)          \
	X(PRETTY, "pretty") \
	X(TAP, "tap")       \
	X(JUNIT, "junit")   \
	X(JSON, "json")     \
	X(GITHUB, "github")

enum report_id {
#define X(id, name) REPORT_##id,
	REPORTS(X)
#undef X
		REPORT_COUNT,
};

struct report_options {
	bool color;
	bool verbose; /* passed tests, too, a line each */
	bool live;    /* it goes to a terminal, where a line may be written over */
	/* The repository's root as GitHub names files from there, and the current folder; NULL: not known. */
	const char *root, *folder;
};

must_use struct reporter *report_new(enum report_id id, struct report_sink *sink,
				     const struct report_options *o);

/* One that tells many. They are given over; the list is borrowed for the call. */
must_use struct reporter *report_many_new(struct reporter *const *reporters, size_t count);

/* For `--list`: "FILE:LINE: NAME", a line each. */
must_use struct reporter *report_list_new(struct report_sink *sink);

#endif
