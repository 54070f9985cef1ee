/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor. The first worker asks the program for its tests and tells; both make the same plan of the
 * answers. Then the others are forked, and all take tests of the plan by a counter.
 */
#include "runner/libtest/run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "runner/libtest/worker.h"

enum { SLOW_SECONDS = 60 };
/*
 * The guest's own limit, of CPU time where it computes, ends it with a backtrace, and comes late where the
 * machine is busy. This one is for what that cannot end.
 */
#define GRACE_NS (2 * NS_PER_S)

/* What a worker is at, as the supervisor knows it. */
struct under_way {
	const struct libtest_test *test; /* NULL: nothing */
	uint64_t since_ns;
	bool slow; /* that was said */
	struct buf output;
};

struct supervisor {
	const struct libtest_run *run;
	struct workers *workers;
	struct workers_shared *shared;
	struct clock *clock;
	struct libtest_answers answers;
	struct libtest_totals totals;
	struct under_way under_way[WORKERS_MAX];
	unsigned wanted;
	uint64_t begun_ns;
	bool broken;
	enum libtest_ending ending;
	struct error *e;
};

/* ---- results ---- */

static void add_to_log(struct supervisor *s, const struct libtest_result *r)
{
	static const char *const words[] = { "ok", "failed", "ignored", "failed (time limit exceeded)" };
	FILE *log = s->run->log;
	struct str why = r->verdict == LIBTEST_IGNORED ? r->test->ignored_why : r->why;
	if (!log)
		return;
	fprintf(log, "%s%s" STR_FMT " " STR_FMT, words[r->verdict], why.len ? ": " : "", STR_ARG(why),
		STR_ARG(r->test->name));
	if (s->run->options->report_time)
		fprintf(log, " <%.3fs>", (double)r->ns / 1e9);
	fputc('\n', log);
}

static void take_result(struct supervisor *s, struct under_way *u, enum libtest_verdict verdict, uint64_t ns,
			struct str why)
{
	const struct libtest_result result = {
		.test = u->test, .verdict = verdict, .ns = ns, .output = buf_str(&u->output), .why = why
	};
	s->totals.passed += verdict == LIBTEST_OK;
	s->totals.ignored += verdict == LIBTEST_IGNORED;
	s->totals.failed += verdict == LIBTEST_FAILED || verdict == LIBTEST_LATE;
	add_to_log(s, &result);
	s->run->report->ops->result(s->run->report, &result);
	buf_fini(&u->output);
	u->test = NULL;
}

static void begin(struct supervisor *s, struct under_way *u, uint32_t number)
{
	CHECK(number < s->answers.plan.count);
	*u = (struct under_way){ .test = s->answers.plan.at[number],
				 .since_ns = clock_monotonic(s->clock),
				 .output = BUF_INIT(2 * LIBTEST_CAPTURED_BYTES_MAX) };
	s->run->report->ops->begin(s->run->report, u->test);
}

static void take_output(struct supervisor *s, struct under_way *u, uint32_t fd, struct str bytes)
{
	if (!s->run->options->nocapture) {
		buf_add(&u->output, bytes);
		return;
	}
	FILE *to = fd == 2 ? s->run->err : s->run->out;
	fflush(s->run->out);
	fwrite(bytes.ptr, 1, bytes.len, to);
	fflush(to);
}

/* ---- the list ---- */

static void give_up(struct supervisor *s, enum libtest_ending ending)
{
	s->broken = true;
	s->ending = ending;
	s->shared->stop = 1;
}

static void start_others(struct supervisor *s)
{
	const struct libtest_run *run = s->run;
	if (run->options->bench && s->answers.tests.benches) {
		give_up(s, LIBTEST_MEASURES);
		return;
	}
	s->totals.count = s->answers.plan.count;
	s->totals.filtered_out = s->answers.plan.filtered_out;
	run->report->ops->start(run->report, s->totals.count, run->options);
	s->wanted = workers_wanted(run->options->threads, s->answers.plan.count);
	for (unsigned i = 1; i < s->wanted && !s->broken; i++) {
		if (!workers_start(s->workers, i, s->e))
			give_up(s, LIBTEST_NO_RUN);
	}
}

static void take_list(struct supervisor *s, const struct libtest_message *m, struct str piece)
{
	buf_add(&s->answers.text, piece);
	if (!m->last || s->broken)
		return;
	if (!libtest_answers_take(&s->answers, (enum libtest_question)m->what, s->run, s->e))
		give_up(s, LIBTEST_NO_TESTS);
	else if (s->answers.complete)
		start_others(s);
}

static void take_error(struct supervisor *s, const struct libtest_message *m, struct str text)
{
	if (s->broken)
		return;
	FAIL(s->e, INVALID, STR_FMT, STR_ARG(text));
	give_up(s, (enum libtest_ending)m->what);
}

/* ---- the workers ---- */

static void work(void *data, struct worker *self, unsigned index)
{
	struct supervisor *s = data;
	(void)index;
	libtest_work(s->run, &s->answers, s->shared, self);
	/*
	 * At once: the first process may have compiled, in threads that are not here, so what they hold looks
	 * lost to those who look for leaks when a process ends.
	 */
	_exit(0);
}

static void hear(void *data, unsigned index, struct str message)
{
	struct supervisor *s = data;
	struct under_way *u = &s->under_way[index];
	struct libtest_message m;
	CHECK(message.len >= sizeof m);
	memcpy(&m, message.ptr, sizeof m);
	struct str why = str_sub(message, sizeof m, m.why_len),
		   text = str_sub(message, sizeof m + m.why_len, message.len);
	switch (m.kind) {
	case LIBTEST_TOLD_LIST:
		take_list(s, &m, text);
		break;
	case LIBTEST_TOLD_ERROR:
		take_error(s, &m, why);
		break;
	case LIBTEST_TOLD_BEGIN:
		begin(s, u, m.test);
		break;
	case LIBTEST_TOLD_OUTPUT:
		take_output(s, u, m.what, text);
		break;
	case LIBTEST_TOLD_RESULT:
		take_result(s, u, (enum libtest_verdict)m.what, m.ns, why);
		break;
	}
}

/* A worker that died costs the test it was at. */
static void blame(struct supervisor *s, const struct worker_end *end)
{
	struct under_way *u = &s->under_way[end->index];
	char how[64], why[160];
	worker_end_print(end, how, sizeof how);
	if (end->late)
		snprintf(why, sizeof why, "the test took longer than %g s and was stopped (--timeout)",
			 (double)s->run->timeout_ns / 1e9);
	else
		snprintf(why, sizeof why, "the test made its worker process end%s", how);
	take_result(s, u, LIBTEST_FAILED, end->ns, str_from(why));
	if (s->run->options->fail_fast)
		s->shared->stop = 1;
}

static bool ended(void *data, const struct worker_end *end, struct error *e)
{
	struct supervisor *s = data;
	char how[64];
	worker_end_print(end, how, sizeof how);
	bool died = how[0] || end->late;
	if (s->under_way[end->index].test)
		blame(s, end);
	if (!died || s->broken)
		return true;
	if (s->answers.complete)
		return s->shared->stop || workers_start(s->workers, end->index, e);
	FAIL(e, INTERNAL, "a worker process ended%s while it listed the tests", how);
	give_up(s, LIBTEST_NO_RUN);
	return true;
}

static void each_round(void *data)
{
	struct supervisor *s = data;
	uint64_t now = clock_monotonic(s->clock);
	for (unsigned i = 0; i < s->wanted; i++) {
		struct under_way *u = &s->under_way[i];
		if (!u->test || u->slow || now - u->since_ns < SLOW_SECONDS * NS_PER_S)
			continue;
		u->slow = true;
		s->run->report->ops->slow(s->run->report, u->test, SLOW_SECONDS);
	}
	fflush(s->run->out);
}

static const struct workers_ops workers_ops = {
	.work = work,
	.message = hear,
	.ended = ended,
	.round = each_round,
};

static enum libtest_ending finish(struct supervisor *s)
{
	const struct libtest_run *run = s->run;
	if (s->broken)
		return s->ending;
	size_t seen = s->totals.passed + s->totals.failed + s->totals.ignored;
	s->totals.ns = clock_monotonic(s->clock) - s->begun_ns;
	run->report->ops->end(run->report, &s->totals);
	if (run->log && (fflush(run->log) != 0 || ferror(run->log))) {
		FAIL(s->e, IO, "%s: not all of the log could be written: %s", run->options->logfile,
		     strerror(errno));
		return LIBTEST_NO_RUN;
	}
	if (seen < s->totals.count && !s->shared->stop) {
		FAIL(s->e, INTERNAL, "%zu tests were not run: a worker process ended between two tests",
		     s->totals.count - seen);
		return LIBTEST_NO_RUN;
	}
	return s->totals.failed ? LIBTEST_SOME_FAILED : LIBTEST_ALL_OK;
}

enum libtest_ending libtest_run(const struct libtest_run *run, struct error *e)
{
	struct supervisor *s = NEW(struct supervisor);
	s->run = run;
	s->e = e;
	s->clock = clock_system_new();
	s->begun_ns = clock_monotonic(s->clock);
	s->wanted = 1;
	libtest_answers_init(&s->answers);
	s->workers = workers_new(&workers_ops, s, 2 * run->timeout_ns + GRACE_NS, 0, NULL);
	s->shared = workers_shared(s->workers);
	if (!workers_start(s->workers, 0, e) || !workers_run(s->workers, e))
		give_up(s, LIBTEST_NO_RUN);
	enum libtest_ending ending = finish(s);
	workers_destroy(&s->workers);
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		buf_fini(&s->under_way[i].output);
	libtest_answers_fini(&s->answers);
	clock_destroy(&s->clock);
	mem_free(s);
	return ending;
}
