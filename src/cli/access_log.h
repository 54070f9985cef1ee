/* SPDX-License-Identifier: Apache-2.0 */
/* A line for each request that `serve` has handled, for people or as JSON. */
#ifndef CLI_ACCESS_LOG_H
#define CLI_ACCESS_LOG_H

#include <stdbool.h>

#include "base/error.h"
#include "guest/front.h"

enum access_format { ACCESS_TEXT, ACCESS_JSON }; /* in the order of the option --log-format */

struct access_log {
	enum access_format format;
	const char *path; /* NULL: not a file of ours */
	int fd;           /* -1: nothing is logged */
	bool failed;      /* it was said that it cannot be written */
};

/*
 * Lines go to a file that is appended to, "-": standard output, NULL: standard error. Errors name the file.
 */
must_use bool access_log_open(struct access_log *l, enum access_format format, const char *path,
			      struct error *e);
/* Opens the file anew, after somebody has moved it away; on an error the one that is open stays. */
must_use bool access_log_reopen(struct access_log *l, struct error *e);
void access_log_close(struct access_log *l);

/*
 * `pop`: where it was handled, empty when there is one. A line is one write. False: it could not be written.
 */
bool access_log_write(struct access_log *l, const struct front_record *r, struct str pop, uint64_t wall_ns);

#endif
