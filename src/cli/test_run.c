/* SPDX-License-Identifier: Apache-2.0 */
/* One run of tests: from the options to the reports and the exit code. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/option_value.h"
#include "cli/service.h"
#include "cli/test_reports.h"
#include "cli/test_run.h"
#include "loop/clock.h"
#include "manifest/pem.h"
#include "runner/fiddle.h"
#include "runner/js/javascript.h"
#include "runner/run.h"
#include "store/file.h"
#include "world/random.h"

enum { INSTANCES_MAX = 128 }; /* requests that are under way at the same time, in one process */
enum { COMMAND_BYTES_MAX = 1 << 16, CA_BYTES_MAX = 16 << 20 };

const struct executor_kind *const test_kinds[] = { &fiddle_kind, &javascript_kind, NULL };

static const char *environment(void *data, const char *name)
{
	return ((const struct test_run *)data)->o->env->lookup(name);
}

static bool open_service(void *data, const char *path, uint64_t memory_bytes_max, struct service **out,
			 struct error *e)
{
	const struct cli_options *o = ((const struct test_run *)data)->o;
	struct wasm_options wasm = cli_wasm_options(o);
	wasm.memory_bytes_max = memory_bytes_max;
	wasm.instances_max = INSTANCES_MAX;
	return cli_open_service(out, path, &wasm, e);
}

static int exit_code(const struct run_totals *t)
{
	if (t->broken)
		return CLI_USAGE;
	return t->failed ? CLI_FAILED : CLI_PASSED;
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
	static const enum option_id choices[] = {
		OPTION_config,     OPTION_service, OPTION_limits,     OPTION_limits_profile,
		OPTION_net,        OPTION_redact,  OPTION_target,     OPTION_target_ca,
		OPTION_http_cache, OPTION_strict,  OPTION_timeout_ns, OPTION_memory_mib
	};
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

/* ---- durations ---- */

/* A file for each project: its name is a number that is made of the folder's. */
static const char *timings_path(const struct cli_options *o, const char *folder, struct arena *a)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	char real[PATH_MAX];
	if (o->timings || !o->env->cache_folder)
		return o->timings;
	for (const char *at = realpath(folder, real) ? real : folder; *at; at++)
		hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
	return arena_printf(a, "%s/timings/%016llx", o->env->cache_folder, (unsigned long long)hash).ptr;
}

/* What it is that durations are remembered for: the first file's project. */
static const char *timings_root(const struct cli_options *o, const struct test_files *files)
{
	const struct project *p = files->count ? files->at[0].project : NULL;
	return p && p->manifest ? p->folder : o->env->folder;
}

static void warn(const struct cli_options *o, const struct error *e, const char *what)
{
	fprintf(o->env->err, "warning: %s; %s\n", e->text, what);
}

/* ---- a run ---- */

/* All that a run needs, from the options. */
struct run_setup {
	struct arena arena;
	struct limits_choice limits;
	struct test_filter *filter;
	struct timings *timings;
	const char *timings_path; /* NULL: they are not kept */
	struct test_reports reports;
	struct shard_plan shard;
	struct blob *target_ca;
	struct run_options options;
};

static void set_up_timings(struct run_setup *s, const struct cli_options *o, const struct test_files *files)
{
	struct error e;
	const char *root = timings_root(o, files);
	s->timings = timings_new(root);
	s->timings_path = timings_path(o, root, &s->arena);
	if (s->timings_path && !timings_read(s->timings, s->timings_path, &e))
		warn(o, &e, "the durations in it are ignored");
}

static enum run_snapshots snapshots(const struct cli_options *o)
{
	const char *ci = o->env->lookup("CI");
	if (o->update)
		return SNAPSHOTS_ALL;
	return ci && *ci && strcmp(ci, "false") != 0 ? SNAPSHOTS_NONE : SNAPSHOTS_NEW;
}

static void depends(void *data, const struct test_file *file, struct str path)
{
	const struct test_run *run = data;
	run->depends(run->data, file, path);
}

static void set_options(struct run_setup *s, const struct test_run *run)
{
	const struct cli_options *o = run->o;
	const char *spare = cli_js_spare(&s->arena);
	s->options = (struct run_options){
		.limits = &s->limits,
		.jobs = (unsigned)o->jobs,
		.seed = choose_seed(o),
		.timeout_ns = o->timeout_ns,
		.memory_bytes_max = o->memory_mib << 20,
		.retry = (uint32_t)o->retry,
		.repeat = (uint32_t)o->repeat,
		.shuffle = o->order == ORDER_RANDOM,
		.check_determinism = o->check_determinism,
		.bail = o->bail,
		.strict = o->strict,
		.net = o->target ? RUN_NET_REAL : o->net,
		.trust = cli_trust(o),
		.target = { .url = str_from(o->target), .ca_pem = blob_str(s->target_ca) },
		.redact = str_from(o->redact),
		.without_http_cache = o->http_cache == HTTP_CACHE_OFF,
		.filter = s->filter,
		.snapshots = snapshots(o),
		.esbuild = cli_esbuild(o, &s->arena),
		.js_cache = cli_js_cache(o, spare, &s->arena),
		.js_spare = spare,
		.timings = s->timings,
		.interrupt = run->interrupt,
		.command = repeat_command(o, &s->arena).ptr,
		.open_service = open_service,
		.depends = run->depends ? depends : NULL,
		.env = environment,
		.data = (void *)(uintptr_t)run,
	};
}

static bool read_target_ca(struct run_setup *s, const char *path, struct error *e)
{
	if (!path)
		return true;
	if (!file_read(&s->target_ca, path, CA_BYTES_MAX, NULL, e))
		return error_wrap(e, "--target-ca");
	return pem_check_certificates(blob_str(s->target_ca), e) || error_wrap(e, "--target-ca %s", path);
}

/* What one that is deployed has no part in. */
static const char *target_excludes(const struct cli_options *o)
{
	return o->service                                             ? "--service"
	       : o->check_determinism                                 ? "--check-determinism"
	       : cli_given(o, net) && o->net != RUN_NET_REAL          ? "--net"
	       : cli_given(o, limits) || cli_given(o, limits_profile) ? "--limits"
								      : NULL;
}

static bool set_up_target(struct run_setup *s, const struct cli_options *o, struct error *e)
{
	struct service *service = NULL;
	struct deployment_target at = { .url = str_from(o->target) };
	if (!o->target)
		return !o->target_ca || FAIL(e, INVALID, "--target-ca is for --target, which is not given");
	if (target_excludes(o))
		return FAIL(
			e, INVALID,
			"%s is about a service that runs here, and --target names one that does not: leave one of "
			"them out",
			target_excludes(o));
	if (!read_target_ca(s, o->target_ca, e))
		return false;
	if (!deployed_service_new(&service, &at, e))
		return error_wrap(e, "--target %s", o->target);
	service_destroy(&service);
	return true;
}

/* False: the options are wrong. To be taken down either way. */
static bool set_up(struct run_setup *s, const struct test_run *run, struct error *e)
{
	const struct cli_options *o = run->o;
	*s = (struct run_setup){ 0 };
	if (!cli_limits_choice(o, &s->limits, e) || !test_filter_new(&s->filter, str_from(o->filter), e) ||
	    !set_up_target(s, o, e))
		return false;
	if (!run->reporter)
		set_up_timings(s, o, run->files);
	if (o->shard.count)
		s->shard = plan_shard(run->files, s->timings, o->shard.index, o->shard.count);
	set_options(s, run);
	return run->reporter || test_reports_open(&s->reports, o, e);
}

static void take_down(struct run_setup *s)
{
	test_reports_close(&s->reports);
	timings_destroy(&s->timings);
	test_filter_destroy(&s->filter);
	blob_unref(&s->target_ca);
	arena_fini(&s->arena);
}

/* Shards leave the durations alone: all of one run must have the same plan. */
static void keep_timings(struct run_setup *s, const struct cli_options *o)
{
	struct error e;
	if (s->timings_path && !s->shard.count && !o->list && !timings_write(s->timings, s->timings_path, &e))
		warn(o, &e, "how long the files took is not remembered");
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
	bool some = t->passed + t->failed + t->skipped + t->todo + t->broken > 0;
	if (some || t->interrupted || (t->shard.count && !t->shard.files))
		return code;
	if (o->filter)
		FAIL(&e, NOT_FOUND, "no test matches --filter %s", o->filter);
	else
		FAIL(&e, NOT_FOUND, "nothing was tested: the files have no test in them");
	return cli_error(o, CLI_USAGE, &e);
}

static int run_and_report(const struct test_run *run, struct run_setup *s)
{
	struct error e;
	struct run_totals totals;
	const struct cli_options *o = run->o;
	struct reporter *r = run->reporter ? run->reporter : s->reports.reporter;
	if (o->list)
		run_list(run->files, &s->options, r, &totals);
	else if (!run_tests(run->files, &s->options, r, &totals, &e))
		return cli_error(o, CLI_INTERNAL, &e);
	keep_timings(s, o);
	totals.ns = clock_monotonic(run->clock) - run->start_ns;
	totals.seed = s->options.seed;
	totals.shard = s->shard;
	r->ops->end(r, &totals);
	return finish(o, &s->reports, &totals);
}

int test_run(const struct test_run *run)
{
	struct error e;
	struct run_setup setup;
	int code = set_up(&setup, run, &e) ? run_and_report(run, &setup) : cli_error(run->o, CLI_USAGE, &e);
	take_down(&setup);
	return code;
}
