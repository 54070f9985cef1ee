/* SPDX-License-Identifier: Apache-2.0 */
/* For people: a line a test (pretty), or a sign (terse); what failed at the end. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "report/libtest_priv.h"
#include "runner/workers.h"

enum { TERSE_COLUMNS = 100 };

static const struct {
	const char *color, *word, *sign;
} verdicts[] = {
	[LIBTEST_OK] = { "\033[32m", "ok", "." },
	[LIBTEST_FAILED] = { "\033[31m", "FAILED", "F" },
	[LIBTEST_IGNORED] = { "\033[33m", "ignored", "i" },
	[LIBTEST_LATE] = { "\033[31m", "FAILED (time limit exceeded)", "F" },
};

/* A test that ended, for the end of the report. */
struct kept {
	struct kept *next;
	struct str name, output;
};

struct kept_list {
	struct kept *first, **last;
	size_t count;
};

struct text_report {
	struct libtest_report super;
	const struct libtest_options *o;
	FILE *out;
	bool color, alone; /* alone: one test at a time, so its name is printed when it begins */
	struct arena arena;
	struct kept_list failed, late, passed;
	size_t count, done, column; /* column: signs since the last end of line */
};

static void print_name(struct text_report *r, const struct libtest_test *test)
{
	bool panics = test->should_panic && !libtest_is_ignored(test, r->o);
	fprintf(r->out, "test " STR_FMT "%s ... ", STR_ARG(test->name), panics ? " - should panic" : "");
}

static void print_colored(struct text_report *r, enum libtest_verdict v, const char *word, struct str more)
{
	fprintf(r->out, "%s%s%s" STR_FMT "%s", r->color ? verdicts[v].color : "", word, more.len ? ", " : "",
		STR_ARG(more), r->color ? "\033[0m" : "");
}

static void text_start(struct libtest_report *super, size_t count, const struct libtest_options *o)
{
	struct text_report *r = (struct text_report *)super;
	r->count = count;
	r->alone = workers_wanted(o->threads, SIZE_MAX) == 1;
	fprintf(r->out, "\nrunning %zu test%s", count, count == 1 ? "" : "s");
	if (o->shuffle)
		fprintf(r->out, " (shuffle seed: %llu)", (unsigned long long)o->seed);
	fputc('\n', r->out);
}

static void text_begin(struct libtest_report *super, const struct libtest_test *test)
{
	struct text_report *r = (struct text_report *)super;
	if (!r->alone || r->o->format == LIBTEST_TERSE)
		return;
	print_name(r, test);
	fflush(r->out);
}

static void text_slow(struct libtest_report *super, const struct libtest_test *test, unsigned seconds)
{
	struct text_report *r = (struct text_report *)super;
	fprintf(r->out, "test " STR_FMT " has been running for over %u seconds\n", STR_ARG(test->name),
		seconds);
}

static void keep(struct text_report *r, struct kept_list *list, const struct libtest_result *result)
{
	struct kept *k = ARENA_NEW(&r->arena, struct kept);
	const char *end = result->output.len && !str_ends(result->output, STR("\n")) ? "\n" : "";
	k->name = result->test->name;
	if (result->why.len)
		k->output = arena_printf(&r->arena, STR_FMT "%snote: " STR_FMT, STR_ARG(result->output), end,
					 STR_ARG(result->why));
	else
		k->output = arena_str(&r->arena, result->output);
	if (!list->last)
		list->last = &list->first;
	*list->last = k;
	list->last = &k->next;
	list->count++;
}

static void print_sign(struct text_report *r, const struct libtest_result *result)
{
	if (result->verdict == LIBTEST_FAILED || result->verdict == LIBTEST_LATE) {
		if (r->column)
			fprintf(r->out, " %zu/%zu\n", r->done, r->count);
		r->column = 0;
		r->done++;
		fprintf(r->out, STR_FMT " --- ", STR_ARG(result->test->name));
		print_colored(r, result->verdict, "FAILED", STR(""));
		fputc('\n', r->out);
		return;
	}
	print_colored(r, result->verdict, verdicts[result->verdict].sign, STR(""));
	r->done++;
	if (++r->column % TERSE_COLUMNS)
		return;
	fprintf(r->out, " %zu/%zu\n", r->done, r->count);
	r->column = 0;
}

static void text_result(struct libtest_report *super, const struct libtest_result *result)
{
	struct text_report *r = (struct text_report *)super;
	if (r->o->format == LIBTEST_TERSE) {
		print_sign(r, result);
	} else {
		if (!r->alone)
			print_name(r, result->test);
		print_colored(r, result->verdict, verdicts[result->verdict].word,
			      result->verdict == LIBTEST_IGNORED ? result->test->ignored_why : STR(""));
		if (r->o->report_time && result->verdict != LIBTEST_IGNORED)
			fprintf(r->out, " <%.3fs>", (double)result->ns / 1e9);
		fputc('\n', r->out);
	}
	if (result->verdict == LIBTEST_FAILED)
		keep(r, &r->failed, result);
	else if (result->verdict == LIBTEST_LATE)
		keep(r, &r->late, result);
	else if (result->verdict == LIBTEST_OK && r->o->show_output)
		keep(r, &r->passed, result);
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void print_list(struct text_report *r, const struct kept_list *list, const char *title)
{
	struct str *names = arena_alloc(&r->arena, (list->count + 1) * sizeof *names);
	size_t count = 0;
	bool any = false;
	fprintf(r->out, "\n%s:\n", title);
	for (const struct kept *k = list->first; k; k = k->next) {
		names[count++] = k->name;
		if (!k->output.len)
			continue;
		fprintf(r->out, "%s---- " STR_FMT " stdout ----\n", any ? "" : "\n", STR_ARG(k->name));
		fwrite(k->output.ptr, 1, k->output.len, r->out);
		fputc('\n', r->out);
		any = true;
	}
	qsort(names, count, sizeof *names, by_name);
	fprintf(r->out, "\n%s:\n", title);
	for (size_t i = 0; i < count; i++)
		fprintf(r->out, "    " STR_FMT "\n", STR_ARG(names[i]));
}

static void text_end(struct libtest_report *super, const struct libtest_totals *t)
{
	struct text_report *r = (struct text_report *)super;
	if (r->o->show_output)
		print_list(r, &r->passed, "successes");
	if (r->failed.count)
		print_list(r, &r->failed, "failures");
	if (r->late.count)
		print_list(r, &r->late, "failures (time limit exceeded)");
	fputs("\ntest result: ", r->out);
	print_colored(r, t->failed ? LIBTEST_FAILED : LIBTEST_OK, t->failed ? "FAILED" : "ok", STR(""));
	fprintf(r->out,
		". %zu passed; %zu failed; %zu ignored; 0 measured; %zu filtered out; finished in %.2fs\n\n",
		t->passed, t->failed, t->ignored, t->filtered_out, (double)t->ns / 1e9);
}

static void text_destroy(struct libtest_report *super)
{
	arena_fini(&((struct text_report *)super)->arena);
	mem_free(super);
}

static const struct libtest_report_ops text_ops = {
	.name = "text",
	.start = text_start,
	.begin = text_begin,
	.slow = text_slow,
	.result = text_result,
	.end = text_end,
	.destroy = text_destroy,
};

struct libtest_report *libtest_text_new(const struct libtest_options *o, FILE *out, bool color)
{
	struct text_report *r = NEW(struct text_report);
	*r = (struct text_report){ .super.ops = &text_ops, .o = o, .out = out, .color = color };
	return &r->super;
}
