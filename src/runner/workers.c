/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "loop/clock.h"
#include "runner/crash.h"

/*
 * What ends a worker that is late, and how long behind its time: first it may say where it is, then its
 * process may (crash.h), then nobody is asked. Guests are stopped at the very time (world.h), so that their
 * tests may still end as others do.
 */
static const struct {
	int number;
	uint64_t behind_ns;
} late_signals[] = {
	{ SIGXCPU, 100 * NS_PER_MS },
	{ SIGABRT, 600 * NS_PER_MS },
	{ SIGKILL, 1100 * NS_PER_MS },
};

#define WEIGH_NS (UINT64_C(100) * 1000000) /* how often the workers' memory is looked at */

enum { POLL_MS = 100, READ_BYTES = 64 << 10, PARTS_MAX = 4 };

struct slot { /* what a worker is at */
	_Atomic uint64_t item, since_ns;
	_Atomic uint32_t timed, note_len;
	char note[WORKER_NOTE_BYTES_MAX];
};

struct shared {
	struct workers_shared super;
	struct slot slots[WORKERS_MAX];
};

struct worker {
	struct slot *slot;
	struct clock *clock;
	int fd;
	bool was_timed; /* before it was paused, … */
	uint64_t paused_ns;
};

struct process {
	pid_t pid; /* 0: gone */
	int fd;
	int crash; /* of crash.h */
	struct buf in;
	bool late, fat;        /* it is being ended for that */
	unsigned late_signals; /* so many has it been sent */
};

struct workers {
	const struct workers_ops *ops;
	void *data;
	uint64_t timeout_ns, memory_bytes;
	uint64_t weighed_ns; /* when the workers' memory was last looked at */
	struct interrupt *interrupt;
	struct shared *shared;
	struct clock *clock;
	struct process processes[WORKERS_MAX];
};

/* ---- in the worker process ---- */

void worker_is_at(struct worker *self, uint64_t item, bool timed)
{
	self->slot->since_ns = clock_monotonic(self->clock);
	self->slot->timed = timed;
	self->slot->item = item;
}

void worker_pause(struct worker *self)
{
	self->was_timed = self->slot->timed;
	self->slot->timed = false;
	self->paused_ns = clock_monotonic(self->clock);
}

void worker_resume(struct worker *self)
{
	self->slot->since_ns += clock_monotonic(self->clock) - self->paused_ns;
	self->slot->timed = self->was_timed;
}

void worker_note(struct worker *self, struct str note)
{
	self->slot->note_len = 0;
	if (note.len > sizeof self->slot->note)
		return;
	if (note.len)
		memcpy(self->slot->note, note.ptr, note.len);
	self->slot->note_len = (uint32_t)note.len;
}

static void send_all(int fd, struct str bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);
		if (n < 0 && errno != EINTR)
			_exit(3); /* the supervisor is gone */
		bytes = str_sub(bytes, n > 0 ? (size_t)n : 0, bytes.len);
	}
}

void worker_send(struct worker *self, const struct str *parts, size_t count)
{
	struct iovec pieces[PARTS_MAX + 1];
	uint32_t len = 0;
	CHECK(count <= PARTS_MAX);
	pieces[0] = (struct iovec){ &len, sizeof len };
	for (size_t i = 0; i < count; i++) {
		pieces[i + 1] = (struct iovec){ (void *)(uintptr_t)parts[i].ptr, parts[i].len };
		len += (uint32_t)parts[i].len;
	}
	CHECK(len <= WORKER_MESSAGE_BYTES_MAX);
	ssize_t n = writev(self->fd, pieces, (int)count + 1);
	if (n < 0 && errno != EINTR)
		_exit(3);
	size_t wrote = n > 0 ? (size_t)n : 0;
	for (size_t i = 0; i <= count; i++) {
		struct str piece = { pieces[i].iov_base, pieces[i].iov_len };
		size_t gone = MIN(wrote, piece.len);
		wrote -= gone;
		send_all(self->fd, str_sub(piece, gone, piece.len));
	}
}

/* Where memory runs short, a worker is ended by the kernel, and nobody else. */
static void offer_oneself(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "1000", 4);
	close(fd);
}

noreturn_fn static void be_worker(struct workers *w, unsigned index, int fd, pid_t parent)
{
	struct worker self = { .slot = &w->shared->slots[index], .clock = clock_system_new(), .fd = fd };
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	offer_oneself();
	if (w->interrupt)
		interrupt_forget();
	if (getppid() != parent)
		_exit(3); /* it was gone before we could ask to go with it */
	w->ops->work(w->data, &self, index);
	clock_destroy(&self.clock);
	exit(0);
}

/* ---- in the supervisor ---- */

struct workers *workers_new(const struct workers_ops *ops, void *data, uint64_t timeout_ns,
			    uint64_t memory_bytes, struct interrupt *interrupt)
{
	struct workers *w = NEW(struct workers);
	w->ops = ops;
	w->data = data;
	w->timeout_ns = timeout_ns;
	w->memory_bytes = memory_bytes;
	w->interrupt = interrupt;
	w->clock = clock_system_new();
	w->shared = mmap(NULL, sizeof *w->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(w->shared != MAP_FAILED);
	return w;
}

static void forget(struct process *p)
{
	close(p->fd);
	if (p->crash >= 0)
		close(p->crash);
	buf_fini(&p->in);
	p->pid = 0;
}

void workers_destroy(struct workers **pw)
{
	struct workers *w = take(*pw);
	if (!w)
		return;
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		if (!w->processes[i].pid)
			continue;
		kill(w->processes[i].pid, SIGKILL);
		waitpid(w->processes[i].pid, NULL, 0);
		forget(&w->processes[i]);
	}
	munmap(w->shared, sizeof *w->shared);
	clock_destroy(&w->clock);
	mem_free(w);
}

struct workers_shared *workers_shared(struct workers *w)
{
	return &w->shared->super;
}

unsigned workers_wanted(uint64_t jobs, size_t work)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t wanted = jobs ? jobs : (uint64_t)MAX(cores, 1L);
	return (unsigned)MAX(MIN(MIN(wanted, (uint64_t)work), (uint64_t)WORKERS_MAX), UINT64_C(1));
}

bool workers_start(struct workers *w, unsigned index, struct error *e)
{
	int fds[2];
	struct process *p = &w->processes[index];
	CHECK(index < WORKERS_MAX && !p->pid);
	if (pipe2(fds, O_CLOEXEC) != 0)
		return FAIL(e, IO, "no pipe for a worker process: %s", strerror(errno));
	fflush(NULL); /* else the child would print what is buffered again */
	w->shared->slots[index].item = 0;
	int crash = crash_file_new();
	pid_t self = getpid(), pid = fork();
	if (pid < 0) {
		if (crash >= 0)
			close(crash);
		close(fds[0]);
		close(fds[1]);
		return FAIL(e, IO, "no worker process: %s", strerror(errno));
	}
	if (pid == 0) {
		close(fds[0]);
		crash_report_to(crash);
		be_worker(w, index, fds[1], self);
	}
	close(fds[1]);
	*p = (struct process){
		.pid = pid, .fd = fds[0], .crash = crash, .in = BUF_INIT(2 * WORKER_MESSAGE_BYTES_MAX)
	};
	return true;
}

/* Takes whole messages off the front of what has come. */
static void take_messages(struct workers *w, unsigned index)
{
	struct buf *in = &w->processes[index].in;
	struct str left = buf_str(in);
	uint32_t len;
	while (left.len >= sizeof len) {
		memcpy(&len, left.ptr, sizeof len);
		if (left.len - sizeof len < len)
			break;
		w->ops->message(w->data, index, str_sub(left, sizeof len, len));
		left = str_sub(left, sizeof len + len, left.len);
	}
	if (left.len)
		memmove(in->ptr, left.ptr, left.len);
	in->len = left.len;
}

/* Reads from a worker; at its end, waits for it. */
static bool hear(struct workers *w, unsigned index, struct error *e)
{
	struct process *p = &w->processes[index];
	const struct slot *slot = &w->shared->slots[index];
	char *room = buf_room(&p->in, READ_BYTES);
	CHECK(room);
	ssize_t n = read(p->fd, room, READ_BYTES);
	if (n > 0) {
		buf_grew(&p->in, (size_t)n);
		take_messages(w, index);
		return true;
	}
	if (n < 0 && errno == EINTR)
		return true;
	struct worker_end end = { .index = index, .late = p->late, .fat = p->fat };
	while (waitpid(p->pid, &end.status, 0) < 0 && errno == EINTR)
		;
	end.item = slot->item;
	end.ns = clock_monotonic(w->clock) - slot->since_ns;
	end.note = (struct str){ slot->note, MIN(slot->note_len, (uint32_t)sizeof slot->note) };
	/* It may be started anew at this place. */
	end.crash = p->crash;
	p->crash = -1;
	forget(p);
	bool ok = w->ops->ended(w->data, &end, e);
	if (end.crash >= 0)
		close(end.crash);
	return ok;
}

static void kill_late(struct workers *w)
{
	uint64_t now = clock_monotonic(w->clock);
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		const struct slot *slot = &w->shared->slots[i];
		struct process *p = &w->processes[i];
		uint64_t since = slot->since_ns;
		if (!p->pid || p->late_signals == COUNT_OF(late_signals) || !slot->item || !slot->timed ||
		    now < since || now - since < w->timeout_ns + late_signals[p->late_signals].behind_ns)
			continue;
		p->late = true;
		kill(p->pid, late_signals[p->late_signals++].number);
	}
}

/* What is a process's own, in bytes; 0: it is gone. */
static uint64_t weight(pid_t pid)
{
	char path[64], text[128];
	unsigned long long resident, shared;
	snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	if (fd >= 0)
		close(fd);
	text[MAX(n, (ssize_t)0)] = '\0';
	if (sscanf(text, "%*u %llu %llu", &resident, &shared) != 2 || resident < shared)
		return 0;
	return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void kill_fat(struct workers *w)
{
	uint64_t now = clock_monotonic(w->clock);
	if (!w->memory_bytes || now - w->weighed_ns < WEIGH_NS)
		return;
	w->weighed_ns = now;
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		struct process *p = &w->processes[i];
		if (!p->pid || p->late || weight(p->pid) <= w->memory_bytes)
			continue;
		p->fat = true;
		kill(p->pid, SIGKILL);
	}
}

/* Kills all, and hears what they had sent until then. */
static void end_all(struct workers *w)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		struct process *p = &w->processes[i];
		ssize_t n = 1;
		if (!p->pid)
			continue;
		kill(p->pid, SIGKILL);
		while (n > 0 || (n < 0 && errno == EINTR)) {
			char *room = buf_room(&p->in, READ_BYTES);
			CHECK(room);
			n = read(p->fd, room, READ_BYTES);
			if (n > 0) {
				buf_grew(&p->in, (size_t)n);
				take_messages(w, i);
			}
		}
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
		forget(p);
	}
}

bool workers_run(struct workers *w, struct error *e)
{
	for (;;) {
		struct pollfd polled[WORKERS_MAX + 1];
		unsigned who[WORKERS_MAX], alive = 0;
		for (unsigned i = 0; i < WORKERS_MAX; i++) {
			if (!w->processes[i].pid)
				continue;
			who[alive] = i;
			polled[alive++] = (struct pollfd){ .fd = w->processes[i].fd, .events = POLLIN };
		}
		if (alive == 0)
			return true;
		polled[alive] =
			(struct pollfd){ .fd = w->interrupt ? w->interrupt->fd : -1, .events = POLLIN };
		if (poll(polled, alive + 1, POLL_MS) < 0 && errno != EINTR)
			return FAIL(e, IO, "poll: %s", strerror(errno));
		if (w->interrupt && interrupt_look(w->interrupt)) {
			end_all(w);
			return true;
		}
		for (unsigned i = 0; i < alive; i++) {
			if (polled[i].revents && !hear(w, who[i], e))
				return false;
		}
		kill_late(w);
		kill_fat(w);
		w->ops->round(w->data);
	}
}

void worker_end_print(const struct worker_end *end, char *out, size_t cap)
{
	out[0] = '\0';
	if (WIFSIGNALED(end->status) && !end->late && !end->fat)
		snprintf(out, cap, " (%s)", strsignal(WTERMSIG(end->status)));
	else if (WIFEXITED(end->status) && WEXITSTATUS(end->status) != 0)
		snprintf(out, cap, " (exit code %d)", WEXITSTATUS(end->status));
}
