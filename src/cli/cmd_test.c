/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot test`: finds test files, runs them, reports. */
#include "cli/cli.h"
#include "cli/service.h"
#include "loop/clock.h"
#include "report/pretty.h"
#include "runner/fiddle.h"
#include "runner/run.h"
#include "world/random.h"

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

static int run(const struct cli_options *o, const struct test_files *files, uint64_t start_ns,
	       struct clock *clock)
{
	struct error e;
	struct run_totals totals;
	struct limits_choice limits;
	scoped(test_filter_destroy) struct test_filter *filter = NULL;
	if (!cli_limits_choice(o, &limits, &e) || !test_filter_new(&filter, str_from(o->filter), &e))
		return cli_error(o, CLI_USAGE, &e);
	const struct run_options options = {
		.limits = &limits,
		.jobs = (unsigned)o->jobs,
		.seed = choose_seed(o),
		.timeout_ns = o->timeout_ns,
		.bail = o->bail,
		.strict = o->strict,
		.real_network = o->net == NET_REAL,
		.without_http_cache = o->http_cache == HTTP_CACHE_OFF,
		.filter = filter,
		.open_service = open_service,
		.env = environment,
		.data = (void *)o,
	};
	struct reporter *reporter = o->list ? report_list_new(o->env->out)
					    : report_pretty_new(o->env->out, o->color_out, o->verbose > 0);
	bool ok = true;
	if (o->list)
		run_list(files, &options, reporter, &totals);
	else
		ok = run_tests(files, &options, reporter, &totals, &e);
	if (ok) {
		totals.ns = clock_monotonic(clock) - start_ns;
		totals.seed = options.seed;
		reporter->ops->end(reporter, &totals);
	}
	reporter_destroy(&reporter);
	bool none = ok && totals.passed + totals.failed + totals.skipped + totals.todo + totals.broken == 0;
	if (none && o->filter)
		ok = FAIL(&e, NOT_FOUND, "no test matches --filter %s", o->filter);
	else if (none)
		ok = FAIL(&e, NOT_FOUND, "nothing was tested: the files have no request in them");
	return ok ? exit_code(&totals) : cli_error(o, CLI_USAGE, &e);
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
