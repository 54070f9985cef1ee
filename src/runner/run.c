/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor of a run: hands work to worker processes, keeps what they send, reports it in its order. */
#include "runner/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "loop/clock.h"
#include "runner/crash.h"
#include "runner/plan.h"
#include "runner/run_priv.h"
#include "runner/trace_text.h"

#define PROGRESS_NS (UINT64_C(100) * 1000000) /* how often a terminal is told how far we are */

static void work(void *data, struct worker *self, unsigned index)
{
	const struct supervisor *s = data;
	run_worker(&(struct run_worker){
		.options = s->options,
		.files = s->files,
		.work = s->work,
		.queue = s->queue,
		.queued = s->queued,
		.shared = s->shared,
		.self = self,
		.begin = s->begin[index],
	});
}

/* ---- results ---- */

/* Two passes with one seed were asked for, so that what happened in them can be compared. */
static void compare_traces(struct supervisor *s, const struct work *w, uint32_t index, const struct ending *o)
{
	struct record *record = &s->records[w->file].tests[index];
	const struct ending *other = o->next;
	while (other && s->work[other->work].pass.seed != w->pass.seed)
		other = other->next;
	if (!other || record->shown.flake != TEST_STEADY)
		return;
	bool first = o->work < other->work;
	scoped(buf_fini) struct buf difference = BUF_INIT(WORKER_MESSAGE_BYTES_MAX);
	trace_text_difference(first ? o->trace : other->trace, first ? other->trace : o->trace, &difference);
	if (!difference.len)
		return;
	bool failed = record->shown.status == TEST_FAILED;
	record->shown.text = failed ? record->shown.text : STR("");
	record->shown.message = failed ? record->shown.message : STR("two runs with the same seed differ");
	record->shown.status = TEST_FAILED;
	record->shown.runs_failed += !failed;
	record->failed = true;
	record_note(record, run_net_is_real(s->options->net) ? TEST_FLAKY : TEST_ENGINE_BUG,
		    str_trim(buf_str(&difference)), &s->arena);
}

static void keep_result(struct supervisor *s, uint32_t work, struct test_result *r)
{
	const struct work *w = &s->work[work];
	struct file_record *file = &s->records[w->file];
	bool failed = r->status == TEST_FAILED;
	bool last = !failed || r->runs_failed >= run_retries(s->options, w);
	r->file = s->files->at[w->file].path;
	if (w->probe) {
		struct probe *probe = &s->probes[w->probe - 1];
		if (probe->index == r->index) {
			probe->known = true;
			probe->failed = failed;
		}
		return;
	}
	struct ending *o = record_take(file, r, work, last, &s->arena);
	if (o) {
		o->sequence = s->sequence++;
		if (w->pass.trace)
			compare_traces(s, w, r->index, o);
	}
	file->ns += work == w->file ? r->ns : 0; /* the first passes stand first in the list */
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

/* What further passes over the file do with its snapshots is what the first one did. */
static void keep_snapshots(struct supervisor *s, uint32_t file, struct str bytes)
{
	uint32_t counts[3];
	CHECK(bytes.len >= sizeof counts);
	memcpy(counts, bytes.ptr, sizeof counts);
	s->totals->snapshots_written += counts[0];
	s->totals->snapshots_updated += counts[1];
	s->totals->snapshots_removed += counts[2];
	s->records[file].obsolete = arena_str(&s->arena, str_sub(bytes, sizeof counts, bytes.len));
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
	if (!w->probe && --s->records[w->file].pending == 0)
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
		keep_result(s, m->work, &result);
		break;
	case MESSAGE_BROKEN:
		if (!w->probe)
			keep_broken(s, w->file, bytes);
		break;
	case MESSAGE_WARNING:
		warn_once(s, bytes);
		break;
	case MESSAGE_DEPENDS:
		if (s->options->depends)
			s->options->depends(s->options->data, &s->files->at[w->file], bytes);
		break;
	case MESSAGE_SNAPSHOTS:
		if (m->work == w->file)
			keep_snapshots(s, w->file, bytes);
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
		run_command_print(s->options->command, &r, s->options->shuffle, &command);
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
		for (struct str rest = file->obsolete; rest.len; s->totals->snapshots_obsolete++) {
			struct str name = str_split(&rest, '\0');
			s->reporter->ops->obsolete(s->reporter, s->files->at[s->reported].path, name);
		}
	}
}

/*
 * Snapshots of a test file that is gone: as those that no test asks for, which are an error where none is
 * written.
 */
static void report_orphan(struct supervisor *s, const char *path)
{
	struct run_totals *t = s->totals;
	if (s->options->snapshots == SNAPSHOTS_ALL) {
		t->snapshots_removed += unlink(path) == 0;
	} else if (s->options->snapshots == SNAPSHOTS_NEW) {
		t->snapshots_obsolete++;
		s->reporter->ops->obsolete(s->reporter, path, STR("all of it: its test file is gone"));
	} else {
		t->broken++;
		s->reporter->ops->broken(
			s->reporter, path,
			STR("the test file of these snapshots is gone; --update removes them\n"));
	}
}

/* Is what is to be said of a test known only when all were run? */
static bool needs_all(const struct supervisor *s)
{
	return s->options->repeat > 1 || s->options->shuffle || s->options->check_determinism;
}

static void report_round(void *data)
{
	struct supervisor *s = data;
	if (!needs_all(s))
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
	if (!w->probe)
		keep_broken(s, w->file,
			    arena_printf(&s->arena, "%s: loading the service %s%s\n",
					 s->files->at[w->file].path, how, what));
	work_is_done(s, w);
	s->begin[end->index] = (struct begin){ 0 };
	return s->shared->stop || s->shared->next >= s->queued || workers_start(s->workers, end->index, e);
}

struct str run_late_words(const struct run_options *options, struct arena *a)
{
	return arena_printf(a, "took longer than %g s and was stopped (--timeout)",
			    (double)options->timeout_ns / 1e9);
}

/* What happened, and where the process was. */
static struct str describe_death(struct supervisor *s, const struct worker_end *end,
				 const struct test_result *r, const char *file)
{
	scoped(buf_fini) struct buf text = BUF_INIT(2 * CRASH_BYTES_MAX);
	size_t before;
	if (crash_said(end->crash, &text))
		return arena_str(&s->arena, buf_str(&text));
	buf_printf(&text, "%s:%u: " STR_FMT "\n    backtrace of the process:\n", file, MAX(r->line, 1u),
		   STR_ARG(r->message));
	before = text.len;
	crash_report_print(end->crash, "      ", &text);
	struct str all = buf_str(&text);
	size_t heading = STR("    backtrace of the process:\n").len;
	return arena_str(&s->arena, before == text.len ? str_sub(all, 0, all.len - heading) : all);
}

/* A worker ended before its time: blames the test it was at, and goes on behind it with a new one. */
static bool bury(void *data, const struct worker_end *end, struct error *e)
{
	struct supervisor *s = data;
	uint32_t position = (uint32_t)end->item;
	const char *how = "made its worker process crash";
	char fat[96], what[64];
	struct test_result r;
	if (end->item == 0)
		return true;
	uint32_t at = (uint32_t)(end->item >> 32) - 1;
	CHECK(at < s->work_count);
	const struct work *w = &s->work[at];
	worker_end_print(end, what, sizeof what);
	if (end->late)
		how = run_late_words(s->options, &s->arena).ptr;
	if (end->fat) {
		snprintf(fat, sizeof fat, "took more than %llu MiB of memory and was stopped (--memory)",
			 (unsigned long long)(s->options->memory_bytes_max >> 20));
		how = fat;
	}
	if (position == 0)
		return bury_loading(s, end, w, how, what, e);
	CHECK(test_result_unpack(end->note, &s->arena, &r));
	uint32_t failed = r.runs_failed;
	r.status = TEST_FAILED;
	r.ns = end->ns;
	r.seed = run_seed(w, failed);
	r.message = arena_printf(&s->arena, "the test %s%s", how, what);
	r.text = describe_death(s, end, &r, s->files->at[w->file].path);
	keep_result(s, at, &r);
	bool last = failed >= run_retries(s->options, w);
	if (s->options->bail && last && !w->probe)
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

uint32_t supervisor_add_work(struct supervisor *s, struct work w)
{
	if (s->work_count == s->work_cap) {
		s->work_cap = MAX(2 * s->work_cap, (size_t)64);
		s->work = mem_realloc(s->work, s->work_cap * sizeof *s->work);
	}
	s->work[s->work_count] = w;
	return (uint32_t)s->work_count++;
}

bool supervisor_round(struct supervisor *s, struct error *e)
{
	unsigned wanted = s->queued ? workers_wanted(s->options->jobs, s->queued) : 0;
	bool ok = true;
	memset(s->begin, 0, sizeof s->begin);
	s->workers = workers_new(&workers_ops, s, s->options->timeout_ns, s->options->memory_bytes_max,
				 s->options->interrupt);
	s->shared = workers_shared(s->workers);
	for (unsigned i = 0; ok && i < wanted; i++)
		ok = workers_start(s->workers, i, e);
	ok = ok && workers_run(s->workers, e);
	s->stopped = s->stopped || s->shared->stop;
	s->shared = NULL;
	workers_destroy(&s->workers);
	return ok;
}

/* So many passes over every file, the longest begun first; the first pass of file i is piece of work i. */
static void plan_work(struct supervisor *s)
{
	size_t count = s->files->count,
	       passes = MAX(s->options->repeat, 1u) * (s->options->check_determinism ? 2u : 1u);
	uint64_t *guess = arena_alloc(&s->arena, (count + 1) * sizeof *guess);
	uint32_t *order = arena_alloc(&s->arena, (count + 1) * sizeof *order);
	s->records = arena_zalloc(&s->arena, (count + 1) * sizeof *s->records);
	s->queue = arena_alloc(&s->arena, (count * passes + 1) * sizeof *s->queue);
	plan_guess(s->files, s->options->timings, guess);
	plan_order(guess, count, order);
	for (size_t pass = 0; pass < passes; pass++) {
		for (uint32_t i = 0; i < count; i++) {
			struct work w = { .file = i };
			w.pass.seed = s->options->seed + (s->options->check_determinism ? pass / 2 : pass);
			w.pass.shuffled = s->options->shuffle;
			w.pass.trace = s->options->check_determinism;
			supervisor_add_work(s, w);
			s->records[i].pending++;
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t pass = 0; pass < passes; pass++)
			s->queue[s->queued++] = (uint32_t)(pass * count) + order[i];
	}
}

static bool was_interrupted(const struct supervisor *s)
{
	return s->options->interrupt && interrupt_look(s->options->interrupt);
}

/* How long a file takes is known when all of it was run. */
static void remember_timings(struct supervisor *s)
{
	if (!s->options->timings || s->options->filter || s->stopped || was_interrupted(s))
		return;
	for (size_t i = 0; i < s->files->count; i++) {
		if (!s->records[i].broken.ptr)
			timings_put(s->options->timings, s->files->at[i].path, s->records[i].ns);
	}
}

static bool run_all(struct supervisor *s, struct error *e)
{
	plan_work(s);
	if (!supervisor_round(s, e))
		return false;
	if (needs_all(s) && !was_interrupted(s) && !flakes_explain(s, e))
		return false;
	report_ready(s, true);
	remember_timings(s);
	for (const struct test_path *p = s->options->filter ? NULL : s->files->orphans; p; p = p->next)
		report_orphan(s, p->path);
	if (was_interrupted(s))
		s->totals->interrupted = s->options->interrupt->signal;
	return true;
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
	bool ok = run_all(s, e);
	clock_destroy(&s->clock);
	for (size_t i = 0; i < files->count; i++)
		file_record_fini(&s->records[i]);
	pmap_fini(&s->warned);
	arena_fini(&s->arena);
	mem_free(s->work);
	mem_free(s->probes);
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

static void list_compiling(struct executor_listener *l, bool begins)
{
	(void)l, (void)begins;
}

static void list_text(struct executor_listener *l, struct str text)
{
	(void)l, (void)text;
}

static void list_snapshots(struct executor_listener *l, const struct test_snapshots *t)
{
	(void)l, (void)t;
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
		.super = { list_starts, list_ended, list_again, list_broken, list_compiling, list_text,
			   list_text, list_snapshots, list_stop },
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
