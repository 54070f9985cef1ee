/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TAP, version 14: a line a test as it comes, what is known of a failure as YAML under it, the plan at the
 * end. https://testanything.org/tap-version-14-specification.html
 */
#include "base/mem.h"
#include "report/report_priv.h"

enum { TITLE_BYTES_MAX = 1 << 20 };

struct tap {
	struct reporter super;
	struct report_sink *sink;
	size_t count;
};

static void tap_begin(struct reporter *r, size_t files)
{
	struct tap *t = (struct tap *)r;
	(void)files;
	buf_add(&t->sink->pending, STR("TAP version 14\n"));
	report_sink_flush(t->sink);
}

/* A description: what would end the line is a blank, and what would begin a directive is escaped. */
static void add_description(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c == '#' || c == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, c < 0x20 || c == 0x7f ? ' ' : (char)c);
	}
}

/* Can it stand as lines of YAML, as it is? */
static bool is_plain(struct str text)
{
	if (!str_is_utf8(text) || text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char *c = (const unsigned char *)text.ptr + i;
		bool control = (c[0] < 0x20 && c[0] != '\n') || c[0] == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0);
		bool line_end = c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9);
		bool none =
			c[0] == 0xef && ((c[1] == 0xbb && c[2] == 0xbf) || (c[1] == 0xbf && c[2] >= 0xbe));
		if (control || line_end || none)
			return false;
	}
	return true;
}

/*
 * `KEY: |2`, and the lines; a text with anything odd in it is one string as JSON has them, which YAML takes.
 */
static void add_text(struct buf *b, const char *key, struct str text)
{
	if (!is_plain(text)) {
		buf_printf(b, "  %s: ", key);
		buf_add_json(b, text);
		buf_add_char(b, '\n');
		return;
	}
	bool ends = str_ends(text, STR("\n"));
	buf_printf(b, "  %s: |2%s\n", key, ends ? "" : "-");
	for (struct str rest = ends ? str_sub(text, 0, text.len - 1) : text; rest.ptr;) {
		struct str line = str_split(&rest, '\n');
		buf_printf(b, "%s" STR_FMT "\n", line.len ? "    " : "", STR_ARG(line));
	}
}

static void add_string(struct buf *b, const char *key, struct str text)
{
	if (!text.len)
		return;
	buf_printf(b, "  %s: ", key);
	buf_add_json(b, text);
	buf_add_char(b, '\n');
}

static void add_details(struct buf *b, const struct test_result *r)
{
	buf_add(b, STR("  ---\n"));
	add_string(b, "message", r->message);
	if (r->status == TEST_FAILED)
		buf_add(b, STR("  severity: fail\n"));
	buf_add(b, STR("  at:\n    file: "));
	buf_add_json(b, r->failed.file.len ? r->failed.file : str_from(r->file));
	buf_printf(b, "\n    line: %u\n", r->failed.line ? r->failed.line : MAX(r->line, 1u));
	if (r->failed.line && r->failed.column)
		buf_printf(b, "    column: %u\n", r->failed.column);
	if (r->runs)
		buf_printf(b, "  duration_ms: %.3f\n  seed: \"%llu\"\n", (double)r->ns / 1e6,
			   (unsigned long long)r->seed);
	if (r->runs > 1)
		buf_printf(b, "  runs: %u\n  failed_runs: %u\n", r->runs, r->runs_failed);
	if (r->flake != TEST_STEADY)
		buf_printf(b, "  flake: %s\n", test_flake_name(r->flake));
	add_string(b, "repeat", r->command);
	if (r->text.len)
		add_text(b, "output", r->text);
	buf_add(b, STR("  ...\n"));
}

static void tap_result(struct reporter *super, const struct test_result *r)
{
	struct tap *t = (struct tap *)super;
	struct buf *b = &t->sink->pending;
	scoped(buf_fini) struct buf title = BUF_INIT(TITLE_BYTES_MAX);
	bool ok = r->status == TEST_PASSED || r->status == TEST_SKIPPED;
	buf_add(&title, str_from(r->file));
	buf_add(&title, r->name.len || r->suite_count ? STR(": ") : STR(""));
	test_title_print(r, &title);
	buf_printf(b, "%sok %zu - ", ok ? "" : "not ", ++t->count);
	add_description(b, buf_str(&title));
	if (r->status == TEST_SKIPPED || r->status == TEST_TODO) {
		buf_add(b, r->status == TEST_TODO ? STR(" # TO"
							"DO ")
						  : STR(" # SKIP "));
		add_description(b, r->message);
		if (!r->message.len)
			b->len--; /* the blank */
	}
	buf_add_char(b, '\n');
	if (r->status == TEST_FAILED || r->flake != TEST_STEADY || (r->status == TEST_PASSED && r->text.len))
		add_details(b, r);
	report_sink_flush(t->sink);
}

static void tap_broken(struct reporter *super, const char *file, struct str text)
{
	struct test_result r = report_broken_result(file, text);
	tap_result(super, &r);
}

static void tap_warning(struct reporter *super, struct str text)
{
	struct tap *t = (struct tap *)super;
	for (struct str rest = text; rest.ptr;) {
		struct str line = str_split(&rest, '\n');
		buf_printf(&t->sink->pending, "# warning: " STR_FMT "\n", STR_ARG(line));
	}
	report_sink_flush(t->sink);
}

static void tap_obsolete(struct reporter *super, const char *file, struct str snapshot)
{
	struct tap *t = (struct tap *)super;
	buf_printf(&t->sink->pending, "# obsolete snapshot: %s: ", file);
	add_description(&t->sink->pending, snapshot);
	buf_add_char(&t->sink->pending, '\n');
}

static void tap_end(struct reporter *super, const struct run_totals *totals)
{
	struct tap *t = (struct tap *)super;
	struct buf *b = &t->sink->pending;
	if (totals->interrupted)
		buf_add(b, STR("Bail out! interrupted\n"));
	else
		buf_printf(b, "1..%zu\n", t->count);
	if (totals->shard.count)
		buf_printf(b, "# shard %zu of %zu: %zu of %zu files, plan %08x\n", totals->shard.index,
			   totals->shard.count, totals->shard.files, totals->shard.files_of_all,
			   totals->shard.fingerprint);
	buf_printf(
		b,
		"# seed %llu\n# %zu passed, %zu failed, %zu skipped, %zu todo, %zu flaky, %zu broken files\n",
		(unsigned long long)totals->seed, totals->passed, totals->failed, totals->skipped,
		totals->todo, totals->flaky, totals->broken);
	report_sink_flush(t->sink);
}

static void tap_destroy(struct reporter *r)
{
	mem_free(r);
}

static const struct reporter_ops tap_ops = {
	.name = "tap",
	.begin = tap_begin,
	.progress = report_no_progress,
	.broken = tap_broken,
	.warning = tap_warning,
	.result = tap_result,
	.obsolete = tap_obsolete,
	.end = tap_end,
	.destroy = tap_destroy,
};

struct reporter *report_tap_new(struct report_sink *sink)
{
	struct tap *t = NEW(struct tap);
	t->super.ops = &tap_ops;
	t->sink = sink;
	return &t->super;
}
