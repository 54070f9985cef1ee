/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGINT and SIGTERM, heard in between instead of ending the process in the middle of something. One at a
 * time in a process. What is forked meanwhile calls interrupt_forget().
 */
#ifndef RUNNER_INTERRUPT_H
#define RUNNER_INTERRUPT_H

#include <signal.h>

#include "base/attr.h"

struct interrupt {
	int fd;     /* readable when there was one */
	int signal; /* which came; 0: none so far */
	sigset_t before;
};

void interrupt_begin(struct interrupt *i);
/* Signals end the process again; one that came since and was not looked at does so now. */
void interrupt_end(struct interrupt *i);
/* Has one come? Never waits. */
int interrupt_look(struct interrupt *i);

/*
 * In a forked process, which gets what the terminal or a supervisor sends to all: its parent hears it, and
 * ends it.
 */
void interrupt_forget(void);

#endif
