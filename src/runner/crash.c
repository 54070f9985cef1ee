/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/crash.h"

#include <execinfo.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"

enum { FRAMES_MAX = 40, OWN_FRAMES = 2 };

/* The last one is what stops a process that is late (workers.c). */
static const int fatal[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU };
static int report_fd = -1; /* a handler has nothing else to look at */

/* The file begins with what it has. */
enum content { CONTENT_FRAMES = 'F', CONTENT_WORDS = 'W' };

static void begin_file(enum content content)
{
	char c = (char)content;
	(void)!write(report_fd, &c, 1);
}

int crash_file_new(void)
{
	return memfd_create("crash", MFD_CLOEXEC);
}

static void report(int number)
{
	void *frames[FRAMES_MAX];
	int count = backtrace(frames, FRAMES_MAX);
	begin_file(CONTENT_FRAMES);
	if (count > OWN_FRAMES)
		backtrace_symbols_fd(frames + OWN_FRAMES, count - OWN_FRAMES, report_fd);
	signal(number, SIG_DFL);
	raise(number);
}

void crash_report_to(int fd)
{
	void *frame[1];
	struct sigaction action = { .sa_handler = report, .sa_flags = SA_ONSTACK };
	report_fd = fd;
	if (fd < 0 || UNDER_ASAN)
		return;
	(void)backtrace(frame, 1); /* loads what it needs, which a handler should not */
	for (size_t i = 0; i < COUNT_OF(fatal); i++) {
		struct sigaction before;
		/*
		 * An engine that was opened before the fork makes traps of guests from signals; it keeps
		 * them.
		 */
		if (sigaction(fatal[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(fatal[i], &action, NULL);
	}
}

void crash_say(struct str text)
{
	begin_file(CONTENT_WORDS);
	(void)!write(report_fd, text.ptr, MIN(text.len, (size_t)CRASH_BYTES_MAX - 1));
	_exit(3);
}

/* The file, when it has that; lives in `text`. */
static struct str read_file(int fd, enum content content, char text[CRASH_BYTES_MAX])
{
	ssize_t n = fd < 0 ? 0 : pread(fd, text, CRASH_BYTES_MAX, 0);
	if (n < 1 || text[0] != (char)content)
		return STR("");
	return (struct str){ text + 1, (size_t)n - 1 };
}

bool crash_said(int fd, struct buf *out)
{
	char text[CRASH_BYTES_MAX];
	struct str words = read_file(fd, CONTENT_WORDS, text);
	buf_add(out, words);
	return words.len > 0;
}

void crash_report_print(int fd, const char *indent, struct buf *out)
{
	char text[CRASH_BYTES_MAX];
	struct str rest = read_file(fd, CONTENT_FRAMES, text);
	while (rest.len) {
		struct str line = str_split(&rest, '\n');
		buf_printf(out, "%s" STR_FMT "\n", indent, STR_ARG(line));
	}
}
