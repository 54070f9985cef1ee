/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/interrupt.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"

static sigset_t heard(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

void interrupt_begin(struct interrupt *i)
{
	sigset_t set = heard();
	*i = (struct interrupt){ 0 };
	CHECK(sigprocmask(SIG_BLOCK, &set, &i->before) == 0);
	i->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	CHECK(i->fd >= 0);
}

void interrupt_end(struct interrupt *i)
{
	struct signalfd_siginfo again;
	while (i->signal && read(i->fd, &again, sizeof again) > 0)
		; /* more of what was heard already is not to end us now */
	close(i->fd);
	CHECK(sigprocmask(SIG_SETMASK, &i->before, NULL) == 0);
}

int interrupt_look(struct interrupt *i)
{
	struct signalfd_siginfo info;
	if (!i->signal && read(i->fd, &info, sizeof info) == (ssize_t)sizeof info)
		i->signal = (int)info.ssi_signo;
	return i->signal;
}

void interrupt_forget(void)
{
	sigset_t set = heard();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
