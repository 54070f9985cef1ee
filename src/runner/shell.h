/* SPDX-License-Identifier: Apache-2.0 */
/* Words for a shell's command line. */
#ifndef RUNNER_SHELL_H
#define RUNNER_SHELL_H

#include "base/buf.h"

/* The word as it is when no shell reads anything into it, else within single quotes. */
void shell_quote(struct str word, struct buf *out);

#endif
