/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kind of tests that are C functions, and a reporter that keeps what it is told: for tests of the runner.
 */
#ifndef TESTS_UNIT_RUNNER_RUN_SETUP_H
#define TESTS_UNIT_RUNNER_RUN_SETUP_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/executor.h"
#include "runner/run.h"
#include "support/test.h"

/* ---- tests that are functions ---- */

/*
 * What a fake test is asked: its pass's seed, and which tests of the file this process has run in this pass.
 */
struct fake_run {
	uint64_t seed;
	const bool *ran; /* by index */
};

struct fake_test {
	const char *name;
	enum test_status (*run)(const struct fake_run *);
};

/* Of every file: the tests that stand in the table, which ends with a NULL name. */
extern const struct fake_test *fake_tests;

struct fake_executor {
	struct executor super;
	const struct run_options *options;
};

static size_t fake_count(void)
{
	size_t count = 0;
	while (fake_tests[count].name)
		count++;
	return count;
}

static bool fake_wants(void *data, uint32_t index)
{
	const struct fake_executor *x = data;
	return test_filter_wants(x->options->filter,
				 &(struct test_result){ .file = "fake",
							.name = str_from(fake_tests[index].name) });
}

extern _Atomic uint32_t *wavering;

static struct str fake_trace(struct str name, uint64_t seed, struct arena *a)
{
	uint32_t odd = str_eq(name, STR("trace differs")) ? atomic_fetch_add(wavering, 1) : 0;
	return arena_printf(a, "begin\nseed %llu\nend %u\n", (unsigned long long)seed, odd);
}

static void fake_run(struct executor *super, const struct test_file *file, const struct test_pass *pass,
		     struct executor_listener *l)
{
	bool ran[64] = { false };
	size_t count;
	scoped(arena_fini) struct arena a = { 0 };
	uint32_t *plan = executor_plan(pass, fake_count(), fake_wants, super, &a, &count);
	if (strstr(file->path, "broken")) {
		l->broken(l, STR("it is broken"));
		return;
	}
	for (size_t i = 0; i < pass->first; i++)
		ran[plan[i]] = true;
	for (size_t i = pass->first; i < count && !l->stop(l); i++) {
		static const struct str suites[] = { STR_INIT("outer"), STR_INIT("inner") };
		struct test_result r;
		uint64_t seed = i == pass->first ? pass->first_seed : pass->seed;
		do {
			r = (struct test_result){ .file = file->path,
						  .index = plan[i],
						  .suites = suites,
						  .suite_count = 2,
						  .name = str_from(fake_tests[plan[i]].name),
						  .line = plan[i] + 1 };
			l->starts(l, i, &r);
			r.status = fake_tests[plan[i]].run(&(struct fake_run){ seed, ran });
			r.ns = 1000;
			r.requests = 1;
			r.trace = pass->trace ? fake_trace(r.name, seed, &a) : STR("");
			r.text = r.status == TEST_FAILED ? STR("it failed\n") : STR("");
			l->ended(l, &r);
		} while (r.status == TEST_FAILED && l->again(l, &seed));
		ran[plan[i]] = true;
	}
	l->snapshots(l, &(struct test_snapshots){ 1, 2, 3, { "one 1\0two 1", 12 } });
}

static void fake_list(struct executor *super, const struct test_file *file, struct executor_listener *l)
{
	for (uint32_t i = 0; i < fake_count(); i++) {
		if (fake_wants(super, i))
			l->ended(l, &(struct test_result){ .file = file->path,
							   .index = i,
							   .name = str_from(fake_tests[i].name) });
	}
}

static void fake_destroy(struct executor *x)
{
	free(x);
}

static const struct executor_ops fake_ops = { fake_run, fake_list, fake_destroy };

static struct executor *fake_new(const struct run_options *options)
{
	struct fake_executor *x = calloc(1, sizeof *x);
	assert_non_null(x);
	x->super.ops = &fake_ops;
	x->options = options;
	return &x->super;
}

static bool fake_takes(struct str name)
{
	(void)name;
	return true;
}

static const struct executor_kind fake_kind = {
	.name = "fake",
	.files = "all files",
	.takes = fake_takes,
	.executor_new = fake_new,
};

/* ---- a reporter that keeps its results ---- */

struct kept {
	struct reporter super;
	struct arena arena;
	struct test_result results[64];
	struct str broken[8];
	char obsolete[32][64];
	size_t count, broken_count, obsolete_count;
};

static void kept_begin(struct reporter *r, size_t files)
{
	(void)r, (void)files;
}

static void kept_progress(struct reporter *r, const struct run_progress *p)
{
	(void)r, (void)p;
}

static void kept_broken(struct reporter *r, const char *file, struct str text)
{
	struct kept *k = (struct kept *)r;
	(void)file;
	k->broken[k->broken_count++] = arena_str(&k->arena, text);
}

static void kept_warning(struct reporter *r, struct str text)
{
	(void)r, (void)text;
}

static void kept_result(struct reporter *r, const struct test_result *t)
{
	struct kept *k = (struct kept *)r;
	assert_true(k->count < 64);
	k->results[k->count++] = test_result_copy(t, &k->arena);
}

static void kept_obsolete(struct reporter *r, const char *file, struct str snapshot)
{
	struct kept *k = (struct kept *)r;
	snprintf(k->obsolete[k->obsolete_count++], sizeof k->obsolete[0], "%s: " STR_FMT, file,
		 STR_ARG(snapshot));
}

static void kept_end(struct reporter *r, const struct run_totals *t)
{
	(void)r, (void)t;
}

static void kept_destroy(struct reporter *r)
{
	(void)r;
}

static const struct reporter_ops kept_ops = {
	.name = "kept",
	.begin = kept_begin,
	.progress = kept_progress,
	.broken = kept_broken,
	.warning = kept_warning,
	.result = kept_result,
	.obsolete = kept_obsolete,
	.end = kept_end,
	.destroy = kept_destroy,
};

/* Runs the tests of that table, as those of so many files; the totals say how it went. */
static struct run_totals run_fakes(const struct fake_test *tests, size_t files, struct run_options options,
				   struct kept *kept)
{
	struct error e;
	struct run_totals totals;
	struct test_file at[8];
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	assert_true(files <= 8);
	for (size_t i = 0; i < files; i++)
		at[i] = (struct test_file){ .path = names[i], .kind = &fake_kind };
	fake_tests = tests;
	*kept = (struct kept){ .super.ops = &kept_ops };
	if (!options.jobs)
		options.jobs = 2;
	if (!options.timeout_ns)
		options.timeout_ns = UINT64_C(20000000000);
	if (!(run_tests)(&(struct test_files){ .at = at, .count = files }, &options, &kept->super, &totals,
			 &e))
		fail_msg("%s", e.text);
	return totals;
}

#endif
