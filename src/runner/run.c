/* SPDX-License-Identifier: Apache-2.0 */
/* Files and results between the supervisor and its workers. */
#include "runner/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/pmap.h"
#include "runner/executor.h"
#include "runner/workers.h"

/* ---- messages: a header, then the bytes of name and text ---- */

enum message_kind { MESSAGE_RESULT, MESSAGE_BROKEN, MESSAGE_WARNING, MESSAGE_FILE_DONE };

struct message {
	uint32_t kind, file, line, passed, requests, checks, checks_failed, name_len;
	uint64_t ns;
};

/* ---- worker ---- */

struct worker_side {
	struct executor_listener super;
	const struct run_options *options;
	struct workers_shared *shared;
	struct worker *self;
	uint32_t file;
};

/*
 * What a worker is at: a file, and a test of it; 0: the service is being loaded, which takes as long as it
 * takes.
 */
static uint64_t item_of(uint32_t file, uint32_t test)
{
	return (uint64_t)(file + 1) << 32 | test;
}

static void send_message(struct worker_side *w, struct message m, struct str name, struct str text)
{
	m.file = w->file;
	m.name_len = (uint32_t)name.len;
	const struct str parts[] = { { (const char *)&m, sizeof m }, name, text };
	worker_send(w->self, parts, COUNT_OF(parts));
}

static void worker_starts(struct executor_listener *l, size_t test)
{
	struct worker_side *w = (struct worker_side *)l;
	worker_is_at(w->self, item_of(w->file, (uint32_t)test + 1), true);
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
		     r->name, str_sub(r->text, 0, WORKER_MESSAGE_BYTES_MAX / 2));
	if (!r->passed && w->options->bail)
		w->shared->stop = 1;
}

static void worker_broken(struct executor_listener *l, struct str text)
{
	struct worker_side *w = (struct worker_side *)l;
	send_message(w, (struct message){ .kind = MESSAGE_BROKEN }, STR(""),
		     str_sub(text, 0, WORKER_MESSAGE_BYTES_MAX / 2));
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
	worker_is_at(w->self, item_of(file, 0), false);
	executor_run(x, &files->at[file], first, &w->super);
	worker_is_at(w->self, 0, false);
	send_message(w, (struct message){ .kind = MESSAGE_FILE_DONE }, STR(""), STR(""));
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

/* Where a worker that is started begins: in the file, at the test; else with the next file. */
struct begin {
	bool given;
	uint32_t file;
	size_t test;
};

struct supervisor {
	const struct test_files *files;
	const struct run_options *options;
	struct reporter *reporter;
	struct run_totals *totals;
	struct arena arena;
	struct workers *workers;
	struct workers_shared *shared;
	struct pmap warned; /* warnings that were passed on */
	struct file_state *states;
	size_t reported; /* files */
	struct begin begin[WORKERS_MAX];
};

static void work(void *data, struct worker *self, unsigned index)
{
	struct supervisor *s = data;
	struct error e;
	const struct begin *begin = &s->begin[index];
	struct worker_side side = {
		.super = { worker_starts, worker_ended, worker_broken, worker_warning, worker_stop },
		.options = s->options,
		.shared = s->shared,
		.self = self,
	};
	struct executor *x = executor_new(s->options, &e);
	CHECK(x); /* the supervisor has tried the options */
	if (begin->given)
		run_file(&side, x, s->files, begin->file, begin->test);
	while (!s->shared->stop) {
		uint32_t next = atomic_fetch_add(&s->shared->next, 1);
		if (next >= s->files->count)
			break;
		run_file(&side, x, s->files, next, 0);
	}
	_exit(0); /* all has been sent; taking the engine apart would only take time */
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

static void hear(void *data, unsigned index, struct str message)
{
	struct supervisor *s = data;
	struct message m;
	(void)index;
	CHECK(message.len >= sizeof m);
	memcpy(&m, message.ptr, sizeof m);
	take_message(s, &m, str_sub(message, sizeof m, m.name_len),
		     str_sub(message, sizeof m + m.name_len, message.len));
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

static void report_round(void *data)
{
	report_ready(data, false);
}

/* The service did not even load: the file is broken. */
static bool bury_loading(struct supervisor *s, const struct worker_end *end, uint32_t file, const char *how,
			 const char *what, struct error *e)
{
	keep_broken(s, file,
		    arena_printf(&s->arena, "%s: loading the service %s%s\n", s->files->at[file].path, how,
				 what));
	s->states[file].done = true;
	s->begin[end->index] = (struct begin){ 0 };
	return s->shared->stop || s->shared->next >= s->files->count ||
	       workers_start(s->workers, end->index, e);
}

/* A worker ended before its time: blames the test it was at, and goes on behind it with a new one. */
static bool bury(void *data, const struct worker_end *end, struct error *e)
{
	struct supervisor *s = data;
	uint32_t test = (uint32_t)end->item;
	const char *how = "made its worker process crash";
	char late[96], what[64];
	if (end->item == 0)
		return true;
	uint32_t file = (uint32_t)(end->item >> 32) - 1;
	worker_end_print(end, what, sizeof what);
	if (end->late) {
		snprintf(late, sizeof late, "took longer than %g s and was stopped (--timeout)",
			 (double)s->options->timeout_ns / 1e9);
		how = late;
	}
	if (test == 0)
		return bury_loading(s, end, file, how, what, e);
	struct script script;
	struct str text;
	bool parsed = executor_parse(&s->files->at[file], &s->arena, &script, &text);
	bool known = parsed && test <= script.test_count;
	uint32_t line = known && script.tests[test - 1].line ? (uint32_t)script.tests[test - 1].line : 1;
	keep_result(s, file,
		    &(struct test_result){ .name = known ? script.tests[test - 1].name : STR(""),
					   .line = line,
					   .ns = end->ns,
					   .text = arena_printf(&s->arena, "%s:%u: the test %s%s\n",
								s->files->at[file].path, line, how, what) });
	if (s->options->bail)
		s->shared->stop = 1;
	s->begin[end->index] = (struct begin){ true, file, test };
	return workers_start(s->workers, end->index, e);
}

static const struct workers_ops workers_ops = {
	.work = work,
	.message = hear,
	.ended = bury,
	.round = report_round,
};

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
	s->workers = workers_new(&workers_ops, s, options->timeout_ns);
	s->shared = workers_shared(s->workers);
	s->states = arena_zalloc(&s->arena, MAX(files->count, (size_t)1) * sizeof(*s->states));
	for (size_t i = 0; i < files->count; i++)
		s->states[i].last = &s->states[i].results;
	reporter->ops->begin(reporter, files->count);
	unsigned wanted = files->count ? workers_wanted(options->jobs, files->count) : 0;
	bool ok = true;
	for (unsigned i = 0; ok && i < wanted; i++)
		ok = workers_start(s->workers, i, e);
	ok = ok && workers_run(s->workers, e);
	workers_destroy(&s->workers);
	if (ok)
		report_ready(s, true);
	pmap_fini(&s->warned);
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
