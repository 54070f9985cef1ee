/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/test_program.h"

#include <errno.h>
#include <string.h>

#include "cli/edge.h"
#include "guest/wasm/wasm_file.h"
#include "guest/wasm/wasm_segments.h"
#include "report/libtest.h"
#include "runner/libtest/run.h"
#include "runner/workers.h"

/* As libtest ends when tests failed, and when its arguments are wrong. */
enum { EXIT_TESTS_FAILED = 101 };
#define TIMEOUT_NS_DEFAULT (60 * NS_PER_S)

/* ---- is it one? ---- */

void test_program_open(struct test_program *p, const char *path)
{
	struct error ignored;
	struct wasm_file file;
	const struct wasm_segment *segments;
	*p = (struct test_program){ 0 };
	if (!wasm_file_open(&file, path, &ignored))
		return;
	p->bytes = file.bytes;
	size_t count = wasm_segments(p->bytes, &segments, &p->arena);
	struct libtest_segment *at = arena_alloc(&p->arena, (count + 1) * sizeof *at);
	for (size_t i = 0; i < count; i++)
		at[i] = (struct libtest_segment){ segments[i].address, segments[i].bytes };
	p->image = (struct libtest_image){ at, count };
	p->is_one = libtest_recognise(&p->image);
}

void test_program_close(struct test_program *p)
{
	struct wasm_file file = { p->bytes };
	wasm_file_close(&file);
	arena_fini(&p->arena);
}

/* ---- running its tests ---- */

/* Of a worker process. */
struct opened {
	const struct cli_options *o;
	struct edge edge;
};

static bool open_world(void *data, struct world **out, struct error *e)
{
	struct opened *opened = data;
	struct edge *edge = &opened->edge;
	/* The manifest's warnings were printed by the first process. */
	if (!edge_begin(edge, opened->o, e) ||
	    !edge_world(edge, opened->o, opened->o->config, &edge->manifest, &edge->world, e))
		return false;
	*out = opened->edge.world;
	return true;
}

static void close_world(void *data)
{
	edge_close(&((struct opened *)data)->edge);
}

static const char *lookup(void *data, const char *name)
{
	return ((const struct cli_options *)data)->env->lookup(name);
}

static int libtest_error(const struct cli_options *o, const struct error *e)
{
	return cli_error(o, EXIT_TESTS_FAILED, e);
}

static FILE *open_log(const struct cli_options *o, const char *path, struct error *e)
{
	FILE *log = fopen(path, "we");
	if (!log)
		FAIL(e, IO, "--logfile %s: %s", path, strerror(errno));
	else
		fprintf(o->env->err, "warning: `--logfile` is deprecated\n");
	return log;
}

static bool use_color(const struct cli_options *o, const struct libtest_options *t)
{
	if (t->color != LIBTEST_COLOR_AUTO)
		return t->color == LIBTEST_COLOR_ALWAYS;
	return o->color_out && !t->nocapture;
}

static int run_tests(const struct cli_options *o, const struct test_program *p, struct service *service,
		     const struct libtest_options *t, FILE *log)
{
	struct error e;
	struct opened opened = { .o = o };
	struct libtest_run run = {
		.options = t,
		.image = &p->image,
		.service = service,
		.open_world = open_world,
		.close_world = close_world,
		.data = &opened,
		.timeout_ns = cli_given(o, timeout_ns) ? o->timeout_ns : TIMEOUT_NS_DEFAULT,
		.report = libtest_report_new(t, o->env->out, use_color(o, t)),
		.out = o->env->out,
		.err = o->env->err,
		.log = log,
	};
	enum libtest_ending ending = libtest_run(&run, &e);
	libtest_report_destroy(&run.report);
	switch (ending) {
	case LIBTEST_ALL_OK:
		return 0;
	case LIBTEST_SOME_FAILED:
		return EXIT_TESTS_FAILED;
	case LIBTEST_NO_TESTS:
		fprintf(o->env->err,
			"%s: warning: %s: it looks like a Rust test program, but %s; it is run as it is, whole\n",
			o->program, o->input, e.text);
		return -1;
	case LIBTEST_MEASURES:
		return -1;
	default:
		return libtest_error(o, &e);
	}
}

int test_program_run(const struct cli_options *o, const struct test_program *p, struct service *service)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct error e;
	struct libtest_options t;
	FILE *log = NULL;
	if (!libtest_options_parse(&t, o->guest_args, lookup, (void *)(uintptr_t)o, &a, &e))
		return libtest_error(o, &e);
	if (t.help || t.list)
		return -1;
	if (t.logfile && !(log = open_log(o, t.logfile, &e)))
		return libtest_error(o, &e);
	if (t.shuffle && !t.seeded) {
		struct clock *clock = clock_system_new();
		t.seed = clock_wall(clock);
		clock_destroy(&clock);
	}
	int code = run_tests(o, p, service, &t, log);
	if (log)
		fclose(log);
	return code;
}

struct guest_program test_program_plain(const struct cli_options *o, struct test_program *p)
{
	static const char *const nightly[] = { "RUSTC_BOOTSTRAP=1", NULL };
	struct error ignored;
	struct libtest_options t;
	size_t count = 0;
	while (o->guest_args[count])
		count++;
	struct guest_program plain = { .args = o->guest_args };
	if (!libtest_options_parse(&t, o->guest_args, lookup, (void *)(uintptr_t)o, &p->arena, &ignored) ||
	    !t.list)
		return plain;
	const char **args = arena_alloc(&p->arena, (count + 2) * sizeof *args);
	args[0] = "-Zunstable-options";
	memcpy(args + 1, o->guest_args, (count + 1) * sizeof *args);
	plain.args = args;
	plain.variables = nightly;
	return plain;
}
