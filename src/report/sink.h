/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a report goes. A report to a stream is printed as it comes; one to a file is kept, and written whole
 * at the end (store/file_write.h), so that no half of it is ever there.
 */
#ifndef REPORT_SINK_H
#define REPORT_SINK_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"

enum { REPORT_BYTES_MAX = 1 << 30 };

struct report_sink {
	struct buf pending;
	FILE *stream;     /* borrowed; NULL: a file */
	const char *path; /* borrowed */
};

/* A stream, which is borrowed. */
void report_sink_stream(struct report_sink *s, FILE *stream);
/* A file; the path is borrowed. False: it could not be written now, so the run need not begin. */
must_use bool report_sink_file(struct report_sink *s, const char *path, struct error *e);
void report_sink_fini(struct report_sink *s);

/* What is pending goes to a stream; of a file it stays. */
void report_sink_flush(struct report_sink *s);
/* The report is whole. */
must_use bool report_sink_commit(struct report_sink *s, struct error *e);

#endif
