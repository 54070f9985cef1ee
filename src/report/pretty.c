/* SPDX-License-Identifier: Apache-2.0 */
/* The report for people: what failed, and a line at the end; on a terminal, how far it is. */
#include "base/mem.h"
#include "report/report_priv.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define BOLD "\033[1m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"
#define TO_LINE_START "\r\033[K"

/* Reasons for which tests are skipped: as many as are counted. */
enum { NEEDS_MAX = 32 };

struct pretty {
	struct reporter super;
	struct report_sink *sink;
	struct report_options options;
	struct buf obsolete; /* snapshots, a line each */
	struct arena arena;
	struct {
		struct str what;
		size_t count;
	} needs[NEEDS_MAX];
	size_t need_count;
	bool progress_shown; /* the terminal's last line is ours to write over */
};

static const char *paint(const struct pretty *p, const char *code)
{
	return p->options.color ? code : "";
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* What is printed next begins on a line of its own. */
static struct buf *print(struct pretty *p)
{
	if (p->progress_shown)
		buf_add(&p->sink->pending, STR(TO_LINE_START));
	p->progress_shown = false;
	return &p->sink->pending;
}

static void pretty_progress(struct reporter *r, const struct run_progress *progress)
{
	struct pretty *p = (struct pretty *)r;
	if (!p->options.live)
		return;
	struct buf *b = print(p);
	buf_printf(b, "%s%zu of %zu file%s, %zu passed", paint(p, DIM), progress->files_done, progress->files,
		   plural(progress->files), progress->passed);
	if (progress->failed)
		buf_printf(b, ", %zu failed", progress->failed);
	buf_printf(b, "%s", paint(p, PLAIN));
	p->progress_shown = true;
	report_sink_flush(p->sink);
}

/* A text of several lines, and its end when it has none. */
static void add_lines(struct buf *b, struct str text)
{
	buf_add(b, text);
	if (text.len && !str_ends(text, STR("\n")))
		buf_add_char(b, '\n');
}

static void pretty_broken(struct reporter *r, const char *file, struct str text)
{
	struct pretty *p = (struct pretty *)r;
	struct buf *b = print(p);
	buf_printf(b, "%sBROKEN%s %s\n", paint(p, RED BOLD), paint(p, PLAIN), file);
	add_lines(b, text);
	report_sink_flush(p->sink);
}

static void pretty_warning(struct reporter *r, struct str text)
{
	struct pretty *p = (struct pretty *)r;
	buf_printf(print(p), "%swarning:%s " STR_FMT "\n", paint(p, BOLD), paint(p, PLAIN), STR_ARG(text));
	report_sink_flush(p->sink);
}

static void add_place_and_title(struct buf *b, const struct test_result *t)
{
	buf_printf(b, "%s:%u", t->file, t->line ? t->line : 1);
	if (t->name.len || t->suite_count)
		buf_add(b, STR(": "));
	test_title_print(t, b);
}

/* The word in front of a test, in its colour. */
static void add_status(const struct pretty *p, struct buf *b, const struct test_result *t)
{
	static const struct {
		const char *word, *color;
	} looks[TEST_STATUSES] = {
		[TEST_PASSED] = { "ok", GREEN },
		[TEST_FAILED] = { "FAILED", RED BOLD },
		[TEST_SKIPPED] = { "skipped", DIM },
		[TEST_TODO] = { "todo", DIM },
	};
	bool flaky = t->status == TEST_PASSED && t->flake != TEST_STEADY;
	buf_printf(b, "%s%s%s ", paint(p, flaky ? YELLOW BOLD : looks[t->status].color),
		   flaky ? "FLAKY" : looks[t->status].word, paint(p, PLAIN));
}

/* Why tests were skipped that would run elsewhere: "needs …". What their file skips is not told of. */
static void note_need(struct pretty *p, const struct test_result *t)
{
	if (t->status != TEST_SKIPPED || !str_starts(t->message, STR("needs ")))
		return;
	size_t i = 0;
	while (i < p->need_count && !str_eq(p->needs[i].what, t->message))
		i++;
	if (i == NEEDS_MAX)
		return;
	if (i == p->need_count)
		p->needs[p->need_count++].what = arena_str(&p->arena, t->message);
	p->needs[i].count++;
}

static void add_needs(const struct pretty *p, struct buf *b)
{
	for (size_t i = 0; i < p->need_count; i++)
		buf_printf(b, "%sskipped%s %zu: " STR_FMT "\n", paint(p, DIM), paint(p, PLAIN),
			   p->needs[i].count, STR_ARG(p->needs[i].what));
}

static void pretty_result(struct reporter *r, const struct test_result *t)
{
	struct pretty *p = (struct pretty *)r;
	note_need(p, t);
	if (t->status != TEST_FAILED && !p->options.verbose && t->text.len == 0 && t->flake == TEST_STEADY)
		return;
	struct buf *b = print(p);
	add_status(p, b, t);
	add_place_and_title(b, t);
	if (t->status == TEST_SKIPPED || t->status == TEST_TODO)
		buf_printf(b, "%s" STR_FMT, t->message.len ? ": " : "", STR_ARG(t->message));
	else
		buf_printf(b, " %s(%.2f ms)%s", paint(p, DIM), (double)t->ns / 1e6, paint(p, PLAIN));
	buf_add_char(b, '\n');
	add_lines(b, t->text);
	if (t->runs > 1 && t->runs_failed)
		buf_printf(b, "    failed %u of %u times\n", t->runs_failed, t->runs);
	if (t->command.len)
		buf_printf(b, "    %srepeat:%s " STR_FMT "\n", paint(p, DIM), paint(p, PLAIN),
			   STR_ARG(t->command));
	report_sink_flush(p->sink);
}

static void pretty_obsolete(struct reporter *r, const char *file, struct str snapshot)
{
	struct pretty *p = (struct pretty *)r;
	buf_printf(&p->obsolete, "    %s: ", file);
	for (struct str rest = snapshot; rest.ptr;) {
		struct str line = str_split(&rest, '\n');
		buf_printf(&p->obsolete, "%s" STR_FMT "\n", line.ptr == snapshot.ptr ? "" : "      ",
			   STR_ARG(line));
	}
}

static void add_snapshots(const struct pretty *p, struct buf *b, const struct run_totals *t)
{
	const struct {
		size_t count;
		const char *what;
	} rows[] = { { t->snapshots_written, "written" },
		     { t->snapshots_updated, "updated" },
		     { t->snapshots_removed, "removed" },
		     { t->snapshots_obsolete, "obsolete" } };
	const char *between = "snapshots: ";
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!rows[i].count)
			continue;
		buf_printf(b, "%s%zu %s", between, rows[i].count, rows[i].what);
		between = ", ";
	}
	if (t->snapshots_obsolete)
		buf_add(b, STR("; no test asks for these, and --update removes them:"));
	if (*between == ',')
		buf_add_char(b, '\n');
	buf_add(b, buf_str(&p->obsolete));
}

static void add_count(const struct pretty *p, struct buf *b, size_t count, const char *what,
		      const char *color)
{
	if (count)
		buf_printf(b, ", %s%zu %s%s", paint(p, color), count, what, paint(p, PLAIN));
}

static void pretty_end(struct reporter *r, const struct run_totals *t)
{
	struct pretty *p = (struct pretty *)r;
	struct buf *b = print(p);
	bool good = t->failed == 0 && t->broken == 0;
	if (t->interrupted)
		buf_printf(b, "%sinterrupted:%s what was finished until then:\n", paint(p, RED BOLD),
			   paint(p, PLAIN));
	if (t->shard.count)
		buf_printf(b, "shard %zu of %zu: %zu of %zu files, plan %08x\n", t->shard.index,
			   t->shard.count, t->shard.files, t->shard.files_of_all, t->shard.fingerprint);
	add_snapshots(p, b, t);
	add_needs(p, b);
	buf_printf(b, "%s%zu passed, %zu failed%s", paint(p, good ? GREEN : RED BOLD), t->passed, t->failed,
		   paint(p, PLAIN));
	add_count(p, b, t->skipped, "skipped", DIM);
	add_count(p, b, t->todo, "todo", DIM);
	add_count(p, b, t->flaky, "flaky", YELLOW BOLD);
	if (t->broken)
		add_count(p, b, t->broken,
			  t->broken == 1 ? "file could not be run" : "files could not be run", RED BOLD);
	if (t->failed)
		buf_printf(b, ", seed %llu", (unsigned long long)t->seed);
	buf_printf(b, " %s(%zu file%s, %zu request%s, %zu check%s, %.0f ms)%s\n", paint(p, DIM), t->files,
		   plural(t->files), t->requests, plural(t->requests), t->checks, plural(t->checks),
		   (double)t->ns / 1e6, paint(p, PLAIN));
	report_sink_flush(p->sink);
}

static void pretty_destroy(struct reporter *r)
{
	buf_fini(&((struct pretty *)r)->obsolete);
	arena_fini(&((struct pretty *)r)->arena);
	mem_free(r);
}

static const struct reporter_ops pretty_ops = {
	.name = "pretty",
	.begin = report_no_begin,
	.progress = pretty_progress,
	.broken = pretty_broken,
	.warning = pretty_warning,
	.result = pretty_result,
	.obsolete = pretty_obsolete,
	.end = pretty_end,
	.destroy = pretty_destroy,
};

struct reporter *report_pretty_new(struct report_sink *sink, const struct report_options *o)
{
	struct pretty *p = NEW(struct pretty);
	p->super.ops = &pretty_ops;
	p->sink = sink;
	p->options = *o;
	buf_init(&p->obsolete, REPORT_BYTES_MAX);
	return &p->super;
}

/* ---- list ---- */

static void list_result(struct reporter *r, const struct test_result *t)
{
	struct plain_report *p = (struct plain_report *)r;
	add_place_and_title(&p->sink->pending, t);
	if (t->status == TEST_SKIPPED || t->status == TEST_TODO)
		buf_printf(&p->sink->pending, " (%s)", test_status_name(t->status));
	buf_add_char(&p->sink->pending, '\n');
	report_sink_flush(p->sink);
}

static void list_broken(struct reporter *r, const char *file, struct str text)
{
	struct plain_report *p = (struct plain_report *)r;
	buf_printf(&p->sink->pending, "BROKEN %s\n", file);
	add_lines(&p->sink->pending, text);
	report_sink_flush(p->sink);
}

static void list_end(struct reporter *r, const struct run_totals *t)
{
	(void)r, (void)t;
}

static const struct reporter_ops list_ops = {
	.name = "list",
	.begin = report_no_begin,
	.progress = report_no_progress,
	.broken = list_broken,
	.warning = report_no_warning,
	.result = list_result,
	.obsolete = report_no_obsolete,
	.end = list_end,
	.destroy = plain_report_destroy,
};

struct reporter *report_list_new(struct report_sink *sink)
{
	return plain_report_new(&list_ops, sink);
}
