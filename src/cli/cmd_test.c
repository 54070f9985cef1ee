/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot test`: finds test files, runs them, reports. */
#include <signal.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/option_value.h"
#include "cli/service.h"
#include "cli/test_reports.h"
#include "loop/clock.h"
#include "runner/fiddle.h"
#include "runner/run.h"
#include "world/random.h"

enum { COMMAND_BYTES_MAX = 1 << 16 };

/* Who runs which files. */
static const struct executor_kind *const kinds[] = { &fiddle_kind, NULL };

static const char *environment(void *data, const char *name)
{
	return ((const struct cli_options *)data)->env->lookup(name);
}

static bool open_service(void *data, const char *path, uint64_t memory_bytes_max, struct service **out,
			 struct error *e)
{
	const struct cli_options *o = data;
	struct wasm_options wasm = cli_wasm_options(o);
	wasm.memory_bytes_max = memory_bytes_max;
	wasm.instances_max = 4; /* a test's requests come one after another */
	return cli_open_service(out, path, &wasm, e);
}

static int exit_code(const struct run_totals *t)
{
	if (t->broken)
		return CLI_USAGE;
	return t->failed ? CLI_FAILED : CLI_PASSED;
}

static int no_tests(const struct cli_options *o)
{
	struct error e;
	FAIL(&e, NOT_FOUND,
	     "no tests here: no file that ends in .fiddle. A first one, tests/first.fiddle:\n\n"
	     "    GET /\n"
	     "      clientFetch.status is 200\n\n"
	     "`%s help test` says more",
	     o->program);
	return cli_error(o, CLI_USAGE, &e);
}

/* The one that was given, or a new one, small enough to be typed. */
static uint64_t choose_seed(const struct cli_options *o)
{
	if (cli_given(o, seed))
		return o->seed;
	struct random *r = random_system_new();
	uint64_t seed = random_u64(r) % 1000000000;
	random_destroy(&r);
	return seed;
}

/* "backlot test" with the options that change how a test runs, for whoever repeats one. */
static struct str repeat_command(const struct cli_options *o, struct arena *a)
{
	static const enum option_id choices[] = { OPTION_config,         OPTION_service,   OPTION_limits,
						  OPTION_limits_profile, OPTION_net,       OPTION_http_cache,
						  OPTION_strict,         OPTION_timeout_ns };
	scoped(buf_fini) struct buf b = BUF_INIT(COMMAND_BYTES_MAX);
	buf_printf(&b, "%s test", o->program);
	for (size_t i = 0; i < COUNT_OF(choices); i++) {
		const struct option_row *row = &option_rows[choices[i]];
		if (o->given >> choices[i] & 1) {
			buf_printf(&b, " --%s%s", row->name, row->value ? " " : "");
			option_value_print(row, o, &b);
		}
	}
	return arena_str(a, buf_str(&b));
}

/* How the run went, once its reports are written. */
static int finish(const struct cli_options *o, struct test_reports *reports, const struct run_totals *t)
{
	struct error e;
	bool written = test_reports_commit(reports, &e);
	int code = t->interrupted == SIGTERM ? CLI_TERMINATED
		   : t->interrupted          ? CLI_INTERRUPTED
					     : exit_code(t);
	if (!written)
		cli_error(o, CLI_INTERNAL, &e);
	if (!written && code == CLI_PASSED)
		code = CLI_INTERNAL;
	if (t->interrupted || t->passed + t->failed + t->skipped + t->todo + t->broken > 0)
		return code;
	if (o->filter)
		FAIL(&e, NOT_FOUND, "no test matches --filter %s", o->filter);
	else
		FAIL(&e, NOT_FOUND, "nothing was tested: the files have no request in them");
	return cli_error(o, CLI_USAGE, &e);
}

static int run_and_report(const struct cli_options *o, const struct test_files *files,
			  const struct run_options *options, struct test_reports *reports, uint64_t start_ns,
			  struct clock *clock)
{
	struct error e;
	struct run_totals totals;
	if (o->list)
		run_list(files, options, reports->reporter, &totals);
	else if (!run_tests(files, options, reports->reporter, &totals, &e))
		return cli_error(o, CLI_INTERNAL, &e);
	totals.ns = clock_monotonic(clock) - start_ns;
	totals.seed = options->seed;
	reports->reporter->ops->end(reports->reporter, &totals);
	return finish(o, reports, &totals);
}

static int run(const struct cli_options *o, const struct test_files *files, uint64_t start_ns,
	       struct clock *clock)
{
	struct error e;
	struct limits_choice limits;
	struct interrupt interrupt;
	struct test_reports reports;
	scoped(arena_fini) struct arena arena = { 0 };
	scoped(test_filter_destroy) struct test_filter *filter = NULL;
	if (!cli_limits_choice(o, &limits, &e) || !test_filter_new(&filter, str_from(o->filter), &e))
		return cli_error(o, CLI_USAGE, &e);
	const struct run_options options = {
		.limits = &limits,
		.jobs = (unsigned)o->jobs,
		.seed = choose_seed(o),
		.timeout_ns = o->timeout_ns,
		.retry = (uint32_t)o->retry,
		.bail = o->bail,
		.strict = o->strict,
		.real_network = o->net == NET_REAL,
		.without_http_cache = o->http_cache == HTTP_CACHE_OFF,
		.filter = filter,
		.interrupt = &interrupt,
		.command = repeat_command(o, &arena).ptr,
		.open_service = open_service,
		.env = environment,
		.data = (void *)o,
	};
	interrupt_begin(&interrupt);
	int code = test_reports_open(&reports, o, &e)
			   ? run_and_report(o, files, &options, &reports, start_ns, clock)
			   : cli_error(o, CLI_USAGE, &e);
	test_reports_close(&reports);
	interrupt_end(&interrupt);
	return code;
}

int cmd_test(const struct cli_options *o)
{
	struct error e;
	struct test_files files;
	struct clock *clock = clock_system_new();
	uint64_t start_ns = clock_monotonic(clock);
	int code;
	const struct test_search search = {
		.paths = o->operands,
		.count = o->operand_count,
		.manifest = o->config,
		.service = o->service,
		.kinds = kinds,
	};
	if (!test_files_find(&files, &search, &e))
		code = cli_error(o, CLI_USAGE, &e);
	else if (files.count == 0)
		code = no_tests(o);
	else
		code = run(o, &files, start_ns, clock);
	test_files_fini(&files);
	clock_destroy(&clock);
	return code;
}
