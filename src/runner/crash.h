/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a worker process was when it crashed, or was stopped: what it writes into a file in memory, by its
 * handler of fatal signals or, where it knows better, in its own words. The process that waits for it reads
 * that. Under AddressSanitizer, which tells more, the handler writes nothing.
 */
#ifndef RUNNER_CRASH_H
#define RUNNER_CRASH_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"

enum { CRASH_BYTES_MAX = 16 << 10 };

/* The file; -1 when there is none to be had, which the others take. The caller's to close. */
int crash_file_new(void);
/*
 * From here on a fatal signal writes this process's frames there, and then ends the process as it would have.
 */
void crash_report_to(int fd);
/* Writes these words there, and ends the process. For the one that crash_report_to() was called in. */
noreturn_fn void crash_say(struct str text);
/* Adds those words; false: there are none. */
bool crash_said(int fd, struct buf *out);
/* Adds the frames, a line each, indented by `indent`; nothing when there are none. */
void crash_report_print(int fd, const char *indent, struct buf *out);

#endif
