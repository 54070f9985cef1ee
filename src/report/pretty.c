/* SPDX-License-Identifier: Apache-2.0 */
#include "report/pretty.h"

#include "base/buf.h"
#include "base/mem.h"

struct pretty {
	struct reporter super;
	FILE *out;
	bool color, verbose;
};

#define RED "\033[31m"
#define GREEN "\033[32m"
#define BOLD "\033[1m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

static const char *paint(const struct pretty *p, const char *code)
{
	return p->color ? code : "";
}

static void pretty_begin(struct reporter *r, size_t files)
{
	(void)r, (void)files;
}

static void pretty_progress(struct reporter *r, const struct run_progress *progress)
{
	(void)r, (void)progress;
}

static void pretty_broken(struct reporter *r, const char *file, struct str text)
{
	const struct pretty *p = (const struct pretty *)r;
	fprintf(p->out, "%sBROKEN%s %s\n" STR_FMT "%s", paint(p, RED BOLD), paint(p, PLAIN), file,
		STR_ARG(text), str_ends(text, STR("\n")) ? "" : "\n");
}

static void pretty_warning(struct reporter *r, struct str text)
{
	const struct pretty *p = (const struct pretty *)r;
	fprintf(p->out, "%swarning:%s " STR_FMT "\n", paint(p, BOLD), paint(p, PLAIN), STR_ARG(text));
}

enum { TITLE_BYTES_MAX = 1 << 20 };

static void print_title(const struct pretty *p, const struct test_result *t)
{
	scoped(buf_fini) struct buf title = BUF_INIT(TITLE_BYTES_MAX);
	test_title_print(t, &title);
	fprintf(p->out, "%s:%u%s" STR_FMT, t->file, t->line ? t->line : 1, title.len ? ": " : "",
		STR_ARG(buf_str(&title)));
}

/* The word in front of a test, and its colour. */
static void print_status(const struct pretty *p, const struct test_result *t)
{
	static const char *const words[TEST_STATUSES] = { "ok", "FAILED", "skipped", "todo" };
	static const char *const colors[TEST_STATUSES] = { GREEN, RED BOLD, DIM, DIM };
	bool flaky = t->status == TEST_PASSED && t->flake != TEST_STEADY;
	fprintf(p->out, "%s%s%s ", paint(p, flaky ? BOLD : colors[t->status]),
		flaky ? "FLAKY" : words[t->status], paint(p, PLAIN));
}

static void pretty_result(struct reporter *r, const struct test_result *t)
{
	const struct pretty *p = (const struct pretty *)r;
	if (t->status != TEST_FAILED && !p->verbose && t->text.len == 0 && t->flake == TEST_STEADY)
		return;
	print_status(p, t);
	print_title(p, t);
	if (t->status == TEST_SKIPPED || t->status == TEST_TODO)
		fprintf(p->out, "%s" STR_FMT, t->message.len ? ": " : "", STR_ARG(t->message));
	else
		fprintf(p->out, " %s(%.2f ms)%s", paint(p, DIM), (double)t->ns / 1e6, paint(p, PLAIN));
	fprintf(p->out, "\n" STR_FMT "%s", STR_ARG(t->text),
		t->text.len == 0 || str_ends(t->text, STR("\n")) ? "" : "\n");
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void pretty_end(struct reporter *r, const struct run_totals *t)
{
	const struct pretty *p = (const struct pretty *)r;
	bool good = t->failed == 0 && t->broken == 0;
	fprintf(p->out, "%s%zu passed, %zu failed%s", paint(p, good ? GREEN : RED BOLD), t->passed, t->failed,
		paint(p, PLAIN));
	if (t->skipped)
		fprintf(p->out, ", %zu skipped", t->skipped);
	if (t->todo)
		fprintf(p->out, ", %zu todo", t->todo);
	if (t->flaky)
		fprintf(p->out, ", %s%zu flaky%s", paint(p, BOLD), t->flaky, paint(p, PLAIN));
	if (t->broken)
		fprintf(p->out, ", %s%zu file%s could not be run%s", paint(p, RED BOLD), t->broken,
			plural(t->broken), paint(p, PLAIN));
	if (t->failed)
		fprintf(p->out, ", seed %llu", (unsigned long long)t->seed);
	fprintf(p->out, " %s(%zu file%s, %zu request%s, %zu check%s, %.0f ms)%s\n", paint(p, DIM), t->files,
		plural(t->files), t->requests, plural(t->requests), t->checks, plural(t->checks),
		(double)t->ns / 1e6, paint(p, PLAIN));
}

static void pretty_destroy(struct reporter *r)
{
	mem_free(r);
}

static const struct reporter_ops pretty_ops = {
	.name = "pretty",
	.begin = pretty_begin,
	.progress = pretty_progress,
	.broken = pretty_broken,
	.warning = pretty_warning,
	.result = pretty_result,
	.end = pretty_end,
	.destroy = pretty_destroy,
};

struct reporter *report_pretty_new(FILE *out, bool color, bool verbose)
{
	struct pretty *p = NEW(struct pretty);
	p->super.ops = &pretty_ops;
	p->out = out;
	p->color = color;
	p->verbose = verbose;
	return &p->super;
}

/* ---- list ---- */

static void list_result(struct reporter *r, const struct test_result *t)
{
	const struct pretty *p = (const struct pretty *)r;
	print_title(p, t);
	fputc('\n', p->out);
}

static void list_end(struct reporter *r, const struct run_totals *t)
{
	(void)r, (void)t;
}

static const struct reporter_ops list_ops = {
	.name = "list",
	.begin = pretty_begin,
	.progress = pretty_progress,
	.broken = pretty_broken,
	.warning = pretty_warning,
	.result = list_result,
	.end = list_end,
	.destroy = pretty_destroy,
};

struct reporter *report_list_new(FILE *out)
{
	struct reporter *r = report_pretty_new(out, false, false);
	r->ops = &list_ops;
	return r;
}
