/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations for GitHub Actions: what failed is shown at its line of the change. A workflow command is one
 * line, and its values are escaped as
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions has them.
 */
#include <string.h>

#include "base/mem.h"
#include "report/report_priv.h"

struct github {
	struct reporter super;
	struct report_sink *sink;
	struct arena arena;
	struct str
		prefix; /* of files, to name them from the repository's root: "services/shop/", or nothing */
};

/* `property`: between the command's name and ::, where commas and colons separate. */
static void add_escaped(struct buf *b, struct str s, bool property)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
			buf_printf(b, "%%%02X", (unsigned)(unsigned char)c);
		else
			buf_add_char(b, c);
	}
}

static void add_file(const struct github *g, struct buf *b, struct str file)
{
	if (!str_starts(file, STR("/")))
		add_escaped(b, g->prefix, true);
	add_escaped(b, str_starts(file, STR("./")) ? str_sub(file, 2, file.len) : file, true);
}

static void annotate_test(struct github *g, const char *level, const struct test_result *r)
{
	struct buf *b = &g->sink->pending;
	scoped(buf_fini) struct buf title = BUF_INIT(REPORT_BYTES_MAX);
	struct test_place at = r->failed;
	if (!at.line)
		at = (struct test_place){ .line = MAX(r->line, 1u), .column = r->line ? r->column : 0 };
	test_title_print(r, &title);
	buf_printf(b, "::%s file=", level);
	add_file(g, b, at.file.len ? at.file : str_from(r->file));
	buf_printf(b, ",line=%u", at.line);
	if (at.column)
		buf_printf(b, ",col=%u", at.column);
	buf_add(b, STR(",title="));
	add_escaped(b, title.len ? buf_str(&title) : str_from(r->file), true);
	buf_add(b, STR("::"));
	if (r->flake != TEST_STEADY)
		buf_printf(b, "%s: failed %u of %u times%%0A", test_flake_name(r->flake), r->runs_failed,
			   r->runs);
	add_escaped(b, r->text.len ? r->text : r->message, false);
	if (r->command.len) {
		buf_add(b, STR("repeat: "));
		add_escaped(b, r->command, false);
	}
	buf_add_char(b, '\n');
	report_sink_flush(g->sink);
}

static void github_result(struct reporter *super, const struct test_result *r)
{
	struct github *g = (struct github *)super;
	if (r->status == TEST_FAILED)
		annotate_test(g, "error", r);
	else if (r->flake != TEST_STEADY)
		annotate_test(g, "warning", r);
}

static void github_broken(struct reporter *super, const char *file, struct str text)
{
	struct test_result r = report_broken_result(file, text);
	annotate_test((struct github *)super, "error", &r);
}

static void github_warning(struct reporter *super, struct str text)
{
	struct github *g = (struct github *)super;
	buf_add(&g->sink->pending, STR("::warning::"));
	add_escaped(&g->sink->pending, text, false);
	buf_add_char(&g->sink->pending, '\n');
	report_sink_flush(g->sink);
}

static void github_obsolete(struct reporter *super, const char *file, struct str snapshot)
{
	struct github *g = (struct github *)super;
	struct buf *b = &g->sink->pending;
	scoped(buf_fini) struct buf name = BUF_INIT(REPORT_BYTES_MAX);
	buf_printf(&name, STR_FMT "%s", STR_ARG(g->prefix), file);
	buf_add(b, STR("::notice file="));
	add_escaped(b, buf_str(&name), true);
	buf_add(b, STR(",title=obsolete snapshot::no test asks for it, and --update removes it: "));
	add_escaped(b, snapshot, false);
	buf_add_char(b, '\n');
}

static void github_end(struct reporter *super, const struct run_totals *t)
{
	struct github *g = (struct github *)super;
	if (t->interrupted)
		buf_add(&g->sink->pending, STR("::error::interrupted: tests are missing\n"));
	report_sink_flush(g->sink);
}

static void github_destroy(struct reporter *super)
{
	arena_fini(&((struct github *)super)->arena);
	mem_free(super);
}

static const struct reporter_ops github_ops = {
	.name = "github",
	.begin = report_no_begin,
	.progress = report_no_progress,
	.broken = github_broken,
	.warning = github_warning,
	.result = github_result,
	.obsolete = github_obsolete,
	.end = github_end,
	.destroy = github_destroy,
};

struct reporter *report_github_new(struct report_sink *sink, const struct report_options *o)
{
	struct github *g = NEW(struct github);
	struct str folder = str_from(o->folder), root = str_from(o->root);
	g->super.ops = &github_ops;
	g->sink = sink;
	if (root.len && str_ends(root, STR("/")))
		root.len--;
	if (root.len && str_starts(folder, root) && folder.len > root.len && folder.ptr[root.len] == '/')
		g->prefix = arena_printf(&g->arena, STR_FMT "/",
					 STR_ARG(str_sub(folder, root.len + 1, folder.len)));
	return &g->super;
}
