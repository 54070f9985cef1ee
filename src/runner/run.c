/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor of a run: hands work to worker processes, keeps what they send, reports it in its order. */
#include "runner/run.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/pmap.h"
#include "loop/clock.h"
#include "runner/run_priv.h"

#define PROGRESS_NS (UINT64_C(100) * 1000000) /* how often a terminal is told how far we are */

struct supervisor {
	const struct test_files *files;
	const struct run_options *options;
	struct reporter *reporter;
	struct run_totals *totals;
	struct run_progress progress;
	struct clock *clock;
	uint64_t progress_ns; /* when it was last told */
	struct arena arena;
	struct workers *workers;
	struct workers_shared *shared;
	struct pmap warned; /* warnings that were passed on */
	struct work *work;
	uint32_t *queue;
	size_t work_count;
	struct file_record *records; /* by file */
	size_t reported;             /* files */
	struct begin begin[WORKERS_MAX];
};

static void work(void *data, struct worker *self, unsigned index)
{
	const struct supervisor *s = data;
	run_worker(&(struct run_worker){
		.options = s->options,
		.files = s->files,
		.work = s->work,
		.queue = s->queue,
		.queued = s->work_count,
		.shared = s->shared,
		.self = self,
		.begin = s->begin[index],
	});
}

/* ---- results ---- */

static void keep_result(struct supervisor *s, const struct work *w, struct test_result *r)
{
	bool failed = r->status == TEST_FAILED, last = !failed || r->runs_failed >= s->options->retry;
	r->file = s->files->at[w->file].path;
	record_take(&s->records[w->file], r, last, &s->arena);
	s->progress.passed += r->status == TEST_PASSED;
	s->progress.failed += failed && last;
}

static void keep_broken(struct supervisor *s, uint32_t file, struct str text)
{
	if (s->records[file].broken.ptr)
		return;
	s->totals->broken++;
	s->records[file].broken = arena_str(&s->arena, text);
}

/* Every worker reads the manifest, and says the same about it. */
static void warn_once(struct supervisor *s, struct str text)
{
	if (pmap_get(&s->warned, text))
		return;
	pmap_put(&s->warned, text, &blob_new(STR(""))->rc);
	s->reporter->ops->warning(s->reporter, text);
}

static void work_is_done(struct supervisor *s, const struct work *w)
{
	if (--s->records[w->file].pending == 0)
		s->progress.files_done++;
}

static void take_message(struct supervisor *s, const struct message *m, struct str bytes)
{
	struct test_result result;
	CHECK(m->work < s->work_count);
	const struct work *w = &s->work[m->work];
	switch ((enum message_kind)m->kind) {
	case MESSAGE_RESULT:
		CHECK(test_result_unpack(bytes, &s->arena, &result));
		keep_result(s, w, &result);
		break;
	case MESSAGE_BROKEN:
		keep_broken(s, w->file, bytes);
		break;
	case MESSAGE_WARNING:
		warn_once(s, bytes);
		break;
	case MESSAGE_DEPENDS:
		if (s->options->depends)
			s->options->depends(s->options->data, &s->files->at[w->file], bytes);
		break;
	case MESSAGE_WORK_DONE:
		work_is_done(s, w);
		break;
	}
}

static void hear(void *data, unsigned index, struct str message)
{
	struct message m;
	(void)index;
	CHECK(message.len >= sizeof m);
	memcpy(&m, message.ptr, sizeof m);
	take_message(data, &m, str_sub(message, sizeof m, message.len));
}

/* ---- reporting ---- */

static void report_test(struct supervisor *s, const struct record *record)
{
	struct run_totals *t = s->totals;
	struct test_result r = record_result(record);
	scoped(buf_fini) struct buf command = BUF_INIT(COMMAND_BYTES_MAX);
	if (s->options->command && (r.status == TEST_FAILED || r.flake != TEST_STEADY)) {
		run_command_print(s->options->command, &r, &command);
		r.command = buf_str(&command);
	}
	t->passed += r.status == TEST_PASSED;
	t->failed += r.status == TEST_FAILED;
	t->skipped += r.status == TEST_SKIPPED;
	t->todo += r.status == TEST_TODO;
	t->flaky += r.flake != TEST_STEADY;
	t->requests += r.requests;
	t->checks += r.checks;
	s->reporter->ops->result(s->reporter, &r);
}

/* Files are reported in their order, each when it and all before it are done. */
static void report_ready(struct supervisor *s, bool all)
{
	for (; s->reported < s->files->count && (all || !s->records[s->reported].pending); s->reported++) {
		const struct file_record *file = &s->records[s->reported];
		if (file->broken.ptr)
			s->reporter->ops->broken(s->reporter, s->files->at[s->reported].path, file->broken);
		for (size_t i = 0; i < file->count; i++) {
			if (file->tests[i].known)
				report_test(s, &file->tests[i]);
		}
	}
}

static void report_round(void *data)
{
	struct supervisor *s = data;
	report_ready(s, false);
	uint64_t now = clock_monotonic(s->clock);
	if (now - s->progress_ns < PROGRESS_NS)
		return;
	s->progress_ns = now;
	s->reporter->ops->progress(s->reporter, &s->progress);
}

/* ---- workers that died ---- */

/* The service did not even load: the file is broken. */
static bool bury_loading(struct supervisor *s, const struct worker_end *end, const struct work *w,
			 const char *how, const char *what, struct error *e)
{
	keep_broken(s, w->file,
		    arena_printf(&s->arena, "%s: loading the service %s%s\n", s->files->at[w->file].path, how,
				 what));
	work_is_done(s, w);
	s->begin[end->index] = (struct begin){ 0 };
	return s->shared->stop || s->shared->next >= s->work_count ||
	       workers_start(s->workers, end->index, e);
}

/* A worker ended before its time: blames the test it was at, and goes on behind it with a new one. */
static bool bury(void *data, const struct worker_end *end, struct error *e)
{
	struct supervisor *s = data;
	uint32_t position = (uint32_t)end->item;
	const char *how = "made its worker process crash";
	char late[96], what[64];
	struct test_result r;
	if (end->item == 0)
		return true;
	uint32_t at = (uint32_t)(end->item >> 32) - 1;
	CHECK(at < s->work_count);
	const struct work *w = &s->work[at];
	worker_end_print(end, what, sizeof what);
	if (end->late) {
		snprintf(late, sizeof late, "took longer than %g s and was stopped (--timeout)",
			 (double)s->options->timeout_ns / 1e9);
		how = late;
	}
	if (position == 0)
		return bury_loading(s, end, w, how, what, e);
	CHECK(test_result_unpack(end->note, &s->arena, &r));
	uint32_t failed = r.runs_failed;
	r.status = TEST_FAILED;
	r.ns = end->ns;
	r.seed = run_seed(w, failed);
	r.message = arena_printf(&s->arena, "the test %s%s", how, what);
	r.text = arena_printf(&s->arena, "%s:%u: the test %s%s\n", s->files->at[w->file].path,
			      MAX(r.line, 1u), how, what);
	keep_result(s, w, &r);
	bool last = failed >= s->options->retry;
	if (s->options->bail && last)
		s->shared->stop = 1;
	s->begin[end->index] = last ? (struct begin){ true, at, position, 0 }
				    : (struct begin){ true, at, position - 1, failed + 1 };
	return workers_start(s->workers, end->index, e);
}

static const struct workers_ops workers_ops = {
	.work = work,
	.message = hear,
	.ended = bury,
	.round = report_round,
};

/* ---- the run ---- */

static void plan_work(struct supervisor *s)
{
	size_t count = s->files->count;
	s->work = arena_zalloc(&s->arena, MAX(count, (size_t)1) * sizeof *s->work);
	s->queue = arena_zalloc(&s->arena, MAX(count, (size_t)1) * sizeof *s->queue);
	s->records = arena_zalloc(&s->arena, MAX(count, (size_t)1) * sizeof *s->records);
	for (uint32_t i = 0; i < count; i++) {
		s->work[s->work_count] = (struct work){ .file = i, .pass.seed = s->options->seed };
		s->queue[s->work_count] = (uint32_t)s->work_count;
		s->work_count++;
		s->records[i].pending++;
	}
}

static bool do_work(struct supervisor *s, struct error *e)
{
	unsigned wanted = s->work_count ? workers_wanted(s->options->jobs, s->work_count) : 0;
	bool ok = true;
	s->workers = workers_new(&workers_ops, s, s->options->timeout_ns, s->options->interrupt);
	s->shared = workers_shared(s->workers);
	for (unsigned i = 0; ok && i < wanted; i++)
		ok = workers_start(s->workers, i, e);
	ok = ok && workers_run(s->workers, e);
	workers_destroy(&s->workers);
	return ok;
}

bool run_tests(const struct test_files *files, const struct run_options *options, struct reporter *reporter,
	       struct run_totals *totals, struct error *e)
{
	struct supervisor *s = NEW(struct supervisor);
	*s = (struct supervisor){ .files = files,
				  .options = options,
				  .reporter = reporter,
				  .totals = totals,
				  .progress.files = files->count };
	*totals = (struct run_totals){ .files = files->count };
	s->clock = clock_system_new();
	s->progress_ns = clock_monotonic(s->clock);
	reporter->ops->begin(reporter, files->count);
	plan_work(s);
	bool ok = do_work(s, e);
	if (ok)
		report_ready(s, true);
	if (options->interrupt)
		totals->interrupted = interrupt_look(options->interrupt);
	clock_destroy(&s->clock);
	for (size_t i = 0; i < files->count; i++)
		file_record_fini(&s->records[i]);
	pmap_fini(&s->warned);
	arena_fini(&s->arena);
	mem_free(s);
	return ok;
}

/* ---- the list ---- */

struct lister {
	struct executor_listener super;
	const struct test_file *file;
	struct reporter *reporter;
	struct run_totals *totals;
};

static void list_starts(struct executor_listener *l, size_t position, const struct test_result *who)
{
	(void)l, (void)position, (void)who;
}

static void list_ended(struct executor_listener *super, const struct test_result *r)
{
	struct lister *l = (struct lister *)super;
	l->totals->passed++;
	l->reporter->ops->result(l->reporter, r);
}

static bool list_again(struct executor_listener *l, uint64_t *seed)
{
	(void)l, (void)seed;
	return false;
}

static void list_broken(struct executor_listener *super, struct str text)
{
	struct lister *l = (struct lister *)super;
	l->totals->broken++;
	l->reporter->ops->broken(l->reporter, l->file->path, text);
}

static void list_text(struct executor_listener *l, struct str text)
{
	(void)l, (void)text;
}

static bool list_stop(struct executor_listener *l)
{
	(void)l;
	return false;
}

void run_list(const struct test_files *files, const struct run_options *options, struct reporter *reporter,
	      struct run_totals *totals)
{
	struct lister l = {
		.super = { list_starts, list_ended, list_again, list_broken, list_text, list_text,
			   list_stop },
		.reporter = reporter,
		.totals = totals,
	};
	*totals = (struct run_totals){ .files = files->count };
	reporter->ops->begin(reporter, files->count);
	for (size_t i = 0; i < files->count; i++) {
		struct executor *x = files->at[i].kind->executor_new(options);
		l.file = &files->at[i];
		x->ops->list(x, l.file, &l.super);
		executor_destroy(&x);
	}
}
