/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor. Workers are forked, so they know the files and options already; they take the next file by
 * a counter in shared memory and write results to a pipe. What a worker is doing stands in shared memory,
 * too: when it dies, or takes too long, that is the test that is to blame.
 */
#include "runner/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/pmap.h"
#include "runner/executor.h"

enum { WORKERS_MAX = 256, MESSAGE_BYTES_MAX = 4 << 20, POLL_MS = 200 };

/* ---- shared memory ---- */

struct slot {                  /* what a worker is doing */
	_Atomic uint32_t file; /* index + 1; 0: nothing */
	_Atomic uint32_t test; /* index + 1; 0: still loading */
	_Atomic uint64_t since_ns;
};

struct shared {
	_Atomic uint32_t next_file;
	_Atomic uint32_t stop;
	struct slot slots[WORKERS_MAX];
};

/* ---- messages: a header, then the bytes of name and text ---- */

enum message_kind { MESSAGE_RESULT, MESSAGE_BROKEN, MESSAGE_WARNING, MESSAGE_FILE_DONE };

struct message {
	uint32_t kind, file, line, passed, requests, checks, checks_failed, name_len, text_len;
	uint64_t ns;
};

static void send_all(int fd, struct str bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);
		if (n < 0 && errno != EINTR)
			_exit(3); /* the supervisor is gone */
		bytes = str_sub(bytes, n > 0 ? (size_t)n : 0, bytes.len);
	}
}

/* ---- worker ---- */

struct worker_side {
	struct executor_listener super;
	const struct run_options *options;
	struct shared *shared;
	struct slot *slot;
	struct clock *clock;
	int fd;
	uint32_t file;
	struct buf out;
};

static void send_message(struct worker_side *w, struct message m, struct str name, struct str text)
{
	m.file = w->file;
	m.name_len = (uint32_t)name.len;
	m.text_len = (uint32_t)text.len;
	buf_reset(&w->out);
	buf_add(&w->out, (struct str){ (const char *)&m, sizeof m });
	buf_add(&w->out, name);
	buf_add(&w->out, text);
	send_all(w->fd, buf_str(&w->out));
}

static void worker_starts(struct executor_listener *l, size_t test)
{
	struct worker_side *w = (struct worker_side *)l;
	w->slot->since_ns = clock_monotonic(w->clock);
	w->slot->test = (uint32_t)test + 1;
}

static void worker_ended(struct executor_listener *l, const struct test_result *r)
{
	struct worker_side *w = (struct worker_side *)l;
	send_message(w,
		     (struct message){ .kind = MESSAGE_RESULT,
				       .line = r->line,
				       .passed = r->passed,
				       .ns = r->ns,
				       .requests = r->requests,
				       .checks = r->checks,
				       .checks_failed = r->checks_failed },
		     r->name, str_sub(r->text, 0, MESSAGE_BYTES_MAX / 2));
	if (!r->passed && w->options->bail)
		w->shared->stop = 1;
}

static void worker_broken(struct executor_listener *l, struct str text)
{
	struct worker_side *w = (struct worker_side *)l;
	send_message(w, (struct message){ .kind = MESSAGE_BROKEN }, STR(""),
		     str_sub(text, 0, MESSAGE_BYTES_MAX / 2));
}

static void worker_warning(struct executor_listener *l, struct str text)
{
	struct worker_side *w = (struct worker_side *)l;
	send_message(w, (struct message){ .kind = MESSAGE_WARNING }, STR(""), text);
}

static bool worker_stop(struct executor_listener *l)
{
	return ((struct worker_side *)l)->shared->stop;
}

static void run_file(struct worker_side *w, struct executor *x, const struct test_files *files, uint32_t file,
		     size_t first)
{
	w->file = file;
	w->slot->since_ns = clock_monotonic(w->clock);
	w->slot->test = 0;
	w->slot->file = file + 1;
	executor_run(x, &files->at[file], first, &w->super);
	w->slot->file = 0;
	send_message(w, (struct message){ .kind = MESSAGE_FILE_DONE }, STR(""), STR(""));
}

noreturn_fn static void worker_main(struct worker_side *w, const struct test_files *files, uint32_t file,
				    size_t first)
{
	struct error e;
	struct executor *x = executor_new(w->options, &e);
	CHECK(x); /* the supervisor has tried the options */
	if (file != UINT32_MAX)
		run_file(w, x, files, file, first);
	while (!w->shared->stop) {
		uint32_t next = atomic_fetch_add(&w->shared->next_file, 1);
		if (next >= files->count)
			break;
		run_file(w, x, files, next, 0);
	}
	executor_destroy(&x);
	clock_destroy(&w->clock);
	buf_fini(&w->out);
	exit(0);
}

/* ---- supervisor ---- */

struct kept_result {
	struct kept_result *next;
	struct test_result result;
};

struct file_state {
	bool done;
	struct str broken;
	struct kept_result *results, **last;
};

struct worker {
	pid_t pid; /* 0: gone */
	int fd;
	struct buf in;
	bool killed; /* by us, for taking too long */
};

struct supervisor {
	const struct test_files *files;
	const struct run_options *options;
	struct reporter *reporter;
	struct run_totals *totals;
	struct arena arena;
	struct shared *shared;
	struct clock *clock;
	struct pmap warned; /* warnings that were passed on */
	struct file_state *states;
	size_t reported; /* files */
	struct worker workers[WORKERS_MAX];
	unsigned count;
};

static bool spawn(struct supervisor *s, unsigned index, uint32_t file, size_t first, struct error *e)
{
	int fds[2];
	struct worker *w = &s->workers[index];
	if (pipe2(fds, O_CLOEXEC) != 0)
		return FAIL(e, IO, "no pipe for a worker process: %s", strerror(errno));
	fflush(NULL); /* else the child would print what is buffered again */
	pid_t pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return FAIL(e, IO, "no worker process: %s", strerror(errno));
	}
	if (pid == 0) {
		struct worker_side side = {
			.super = { worker_starts, worker_ended, worker_broken, worker_warning, worker_stop },
			.options = s->options,
			.shared = s->shared,
			.slot = &s->shared->slots[index],
			.clock = clock_system_new(),
			.fd = fds[1],
			.out = BUF_INIT(MESSAGE_BYTES_MAX),
		};
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		worker_main(&side, s->files, file, first);
	}
	close(fds[1]);
	w->pid = pid;
	w->fd = fds[0];
	w->killed = false;
	buf_init(&w->in, MESSAGE_BYTES_MAX);
	return true;
}

static void keep_result(struct supervisor *s, uint32_t file, const struct test_result *r)
{
	struct file_state *state = &s->states[file];
	struct kept_result *k = ARENA_NEW(&s->arena, struct kept_result);
	k->result = *r;
	k->result.file = s->files->at[file].path;
	k->result.name = arena_str(&s->arena, r->name);
	k->result.text = arena_str(&s->arena, r->text);
	*state->last = k;
	state->last = &k->next;
	s->totals->passed += r->passed;
	s->totals->failed += !r->passed;
	s->totals->requests += r->requests;
	s->totals->checks += r->checks;
}

static void keep_broken(struct supervisor *s, uint32_t file, struct str text)
{
	if (!s->states[file].broken.ptr)
		s->totals->broken++;
	s->states[file].broken = arena_str(&s->arena, text);
}

/* Every worker reads the manifest, and says the same about it. */
static void warn_once(struct supervisor *s, struct str text)
{
	if (pmap_get(&s->warned, text))
		return;
	pmap_put(&s->warned, text, &blob_new(STR(""))->rc);
	s->reporter->ops->warning(s->reporter, text);
}

static void take_message(struct supervisor *s, const struct message *m, struct str name, struct str text)
{
	CHECK(m->file < s->files->count);
	switch ((enum message_kind)m->kind) {
	case MESSAGE_RESULT:
		keep_result(s, m->file,
			    &(struct test_result){ .name = name,
						   .line = m->line,
						   .passed = m->passed,
						   .ns = m->ns,
						   .requests = m->requests,
						   .checks = m->checks,
						   .checks_failed = m->checks_failed,
						   .text = text });
		break;
	case MESSAGE_BROKEN:
		keep_broken(s, m->file, text);
		break;
	case MESSAGE_WARNING:
		warn_once(s, text);
		break;
	case MESSAGE_FILE_DONE:
		s->states[m->file].done = true;
		break;
	}
}

/* Takes whole messages off the front of what has come. */
static void take_messages(struct supervisor *s, struct worker *w)
{
	struct str in = buf_str(&w->in);
	for (;;) {
		struct message m;
		if (in.len < sizeof m)
			break;
		memcpy(&m, in.ptr, sizeof m);
		size_t whole = sizeof m + m.name_len + m.text_len;
		if (in.len < whole)
			break;
		take_message(s, &m, str_sub(in, sizeof m, m.name_len),
			     str_sub(in, sizeof m + m.name_len, m.text_len));
		in = str_sub(in, whole, in.len);
	}
	if (in.len)
		memmove(w->in.ptr, in.ptr, in.len);
	w->in.len = in.len;
}

/* Files are reported in their order, each when it and all before it are done. */
static void report_ready(struct supervisor *s, bool all)
{
	for (; s->reported < s->files->count && (all || s->states[s->reported].done); s->reported++) {
		const struct file_state *state = &s->states[s->reported];
		if (state->broken.ptr)
			s->reporter->ops->broken(s->reporter, s->files->at[s->reported].path, state->broken);
		for (const struct kept_result *k = state->results; k; k = k->next)
			s->reporter->ops->result(s->reporter, &k->result);
	}
}

/* A worker ended before its time: blames the test it was at, and goes on behind it with a new one. */
static bool bury(struct supervisor *s, unsigned index, int status, struct error *e)
{
	struct slot *slot = &s->shared->slots[index];
	uint32_t file = slot->file, test = slot->test;
	const char *how = "made its worker process crash";
	char late[96], what[64] = "";
	if (s->workers[index].killed) {
		snprintf(late, sizeof late, "took longer than %g s and was stopped (--timeout)",
			 (double)s->options->timeout_ns / 1e9);
		how = late;
	}
	if (WIFSIGNALED(status) && !s->workers[index].killed)
		snprintf(what, sizeof what, " (%s)", strsignal(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		snprintf(what, sizeof what, " (exit code %d)", WEXITSTATUS(status));
	if (file == 0)
		return true;
	file--;
	slot->file = 0;
	if (test == 0) {
		keep_broken(s, file,
			    arena_printf(&s->arena, "%s: loading the service %s%s\n", s->files->at[file].path,
					 how, what));
		s->states[file].done = true;
		return s->shared->stop || s->shared->next_file >= s->files->count ||
		       spawn(s, index, UINT32_MAX, 0, e);
	}
	struct script script;
	struct str text;
	bool parsed = executor_parse(&s->files->at[file], &s->arena, &script, &text);
	bool known = parsed && test <= script.test_count;
	uint32_t line = known && script.tests[test - 1].line ? (uint32_t)script.tests[test - 1].line : 1;
	keep_result(s, file,
		    &(struct test_result){ .name = known ? script.tests[test - 1].name : STR(""),
					   .line = line,
					   .ns = clock_monotonic(s->clock) - slot->since_ns,
					   .text = arena_printf(&s->arena, "%s:%u: the test %s%s\n",
								s->files->at[file].path, line, how, what) });
	if (s->options->bail)
		s->shared->stop = 1;
	return spawn(s, index, file, test, e);
}

static void kill_late(struct supervisor *s)
{
	uint64_t now = clock_monotonic(s->clock);
	for (unsigned i = 0; i < s->count; i++) {
		const struct slot *slot = &s->shared->slots[i];
		uint64_t since = slot->since_ns;
		/* Loading has no limit: compiling a large guest takes as long as it takes. */
		if (!s->workers[i].pid || !slot->file || !slot->test || now < since ||
		    now - since < s->options->timeout_ns)
			continue;
		s->workers[i].killed = true;
		kill(s->workers[i].pid, SIGKILL);
	}
}

/* Reads from a worker; at its end, waits for it. */
static bool hear(struct supervisor *s, unsigned index, struct error *e)
{
	struct worker *w = &s->workers[index];
	char *room = buf_room(&w->in, 64 * 1024);
	CHECK(room);
	ssize_t n = read(w->fd, room, 64 * 1024);
	if (n > 0) {
		buf_grew(&w->in, (size_t)n);
		take_messages(s, w);
		return true;
	}
	if (n < 0 && errno == EINTR)
		return true;
	int status = 0;
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(w->fd);
	buf_fini(&w->in);
	w->pid = 0;
	return bury(s, index, status, e);
}

static bool supervise(struct supervisor *s, struct error *e)
{
	for (;;) {
		struct pollfd polled[WORKERS_MAX];
		unsigned who[WORKERS_MAX], alive = 0;
		for (unsigned i = 0; i < s->count; i++) {
			if (!s->workers[i].pid)
				continue;
			who[alive] = i;
			polled[alive++] = (struct pollfd){ .fd = s->workers[i].fd, .events = POLLIN };
		}
		if (alive == 0)
			return true;
		if (poll(polled, alive, POLL_MS) < 0 && errno != EINTR)
			return FAIL(e, IO, "poll: %s", strerror(errno));
		for (unsigned i = 0; i < alive; i++) {
			if (polled[i].revents && !hear(s, who[i], e))
				return false;
		}
		kill_late(s);
		report_ready(s, false);
	}
}

static unsigned workers_wanted(const struct run_options *options, size_t files)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = options->jobs ? options->jobs : (size_t)MAX(cores, 1L);
	return (unsigned)MIN(MIN(wanted, files), (size_t)WORKERS_MAX);
}

static void stop_workers(struct supervisor *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct worker *w = &s->workers[i];
		if (!w->pid)
			continue;
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
		close(w->fd);
		buf_fini(&w->in);
	}
}

static bool check_options(const struct run_options *options, struct error *e)
{
	struct executor *x = executor_new(options, e);
	bool ok = x != NULL;
	executor_destroy(&x);
	return ok;
}

bool run_tests(const struct test_files *files, const struct run_options *options, struct reporter *reporter,
	       struct run_totals *totals, struct error *e)
{
	struct supervisor *s = NEW(struct supervisor);
	*s = (struct supervisor){
		.files = files, .options = options, .reporter = reporter, .totals = totals
	};
	*totals = (struct run_totals){ .files = files->count };
	if (!check_options(options, e)) {
		mem_free(s);
		return false;
	}
	s->clock = clock_system_new();
	s->shared = mmap(NULL, sizeof *s->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(s->shared != MAP_FAILED);
	s->states = arena_zalloc(&s->arena, MAX(files->count, (size_t)1) * sizeof(*s->states));
	for (size_t i = 0; i < files->count; i++)
		s->states[i].last = &s->states[i].results;
	reporter->ops->begin(reporter, files->count);
	unsigned wanted = workers_wanted(options, files->count);
	bool ok = true;
	for (; ok && s->count < wanted; s->count++)
		ok = spawn(s, s->count, UINT32_MAX, 0, e);
	ok = ok && supervise(s, e);
	stop_workers(s);
	if (ok)
		report_ready(s, true);
	munmap(s->shared, sizeof *s->shared);
	pmap_fini(&s->warned);
	clock_destroy(&s->clock);
	arena_fini(&s->arena);
	mem_free(s);
	return ok;
}

bool run_list(const struct test_files *files, const struct run_options *options, struct reporter *reporter,
	      struct run_totals *totals, struct error *e)
{
	struct executor *x = executor_new(options, e);
	*totals = (struct run_totals){ .files = files->count };
	if (!x)
		return false;
	reporter->ops->begin(reporter, files->count);
	for (size_t i = 0; i < files->count; i++) {
		struct arena a;
		struct script script;
		struct str text;
		arena_init(&a);
		bool parsed = executor_parse(&files->at[i], &a, &script, &text);
		if (!parsed) {
			totals->broken++;
			reporter->ops->broken(reporter, files->at[i].path, text);
		}
		for (size_t t = 0; parsed && t < script.test_count; t++) {
			if (!executor_wants(x, files->at[i].path, script.tests[t].name))
				continue;
			totals->passed++;
			reporter->ops->result(reporter,
					      &(struct test_result){ .file = files->at[i].path,
								     .name = script.tests[t].name,
								     .line = (uint32_t)script.tests[t].line,
								     .passed = true });
		}
		arena_fini(&a);
	}
	executor_destroy(&x);
	return true;
}
