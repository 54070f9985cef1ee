/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a worker process was when it crashed: what its own handler of fatal signals writes into a file in
 * memory, which the process that waits for it reads. Under AddressSanitizer, which tells more, nothing is
 * written.
 */
#ifndef RUNNER_CRASH_H
#define RUNNER_CRASH_H

#include "base/buf.h"

enum { CRASH_BYTES_MAX = 16 << 10 };

/* The file; -1 when there is none to be had, which the others take. The caller's to close. */
int crash_file_new(void);
/*
 * From here on a fatal signal writes this process's frames there, and then ends the process as it would have.
 */
void crash_report_to(int fd);
/* Adds the frames, a line each, indented by `indent`; nothing when there are none. */
void crash_report_print(int fd, const char *indent, struct buf *out);

#endif
