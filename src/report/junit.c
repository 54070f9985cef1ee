/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JUnit's XML as Jenkins, GitLab and the Maven plugin that made it have it: a testsuite a file, and of a test
 * that passed when it was run again a flakyFailure. A file that could not be run is an error of a test that
 * has its name.
 */
#include "base/mem.h"
#include "report/report_priv.h"
#include "report/xml.h"

struct counts {
	size_t tests, failures, errors, skipped;
	uint64_t ns;
};

struct junit {
	struct reporter super;
	struct report_sink *sink;
	const char *file; /* whose cases are being gathered; NULL: none yet */
	struct buf cases, suites, warnings, title;
	struct counts here, all;
};

static void add_counts(struct buf *b, const struct counts *c)
{
	buf_printf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.6f\"",
		   c->tests, c->failures, c->errors, c->skipped, (double)c->ns / 1e9);
}

static void end_file(struct junit *j)
{
	struct counts *a = &j->all, *h = &j->here;
	if (!j->file)
		return;
	buf_add(&j->suites, STR("  <testsuite"));
	xml_add_attribute(&j->suites, "name", str_from(j->file));
	add_counts(&j->suites, h);
	buf_add(&j->suites, STR(">\n"));
	buf_add(&j->suites, buf_str(&j->cases));
	buf_add(&j->suites, STR("  </testsuite>\n"));
	*a = (struct counts){ a->tests + h->tests, a->failures + h->failures, a->errors + h->errors,
			      a->skipped + h->skipped, a->ns + h->ns };
	*h = (struct counts){ 0 };
	buf_reset(&j->cases);
}

static void begin_case(struct junit *j, const struct test_result *r)
{
	if (!j->file || j->file != r->file)
		end_file(j);
	j->file = r->file;
	j->here.tests++;
	j->here.ns += r->ns;
	buf_reset(&j->title);
	test_title_print(r, &j->title);
	buf_add(&j->cases, STR("    <testcase"));
	xml_add_attribute(&j->cases, "name", j->title.len ? buf_str(&j->title) : str_from(r->file));
	xml_add_attribute(&j->cases, "classname", str_from(r->file));
	xml_add_attribute(&j->cases, "file", str_from(r->file));
	if (r->line)
		buf_printf(&j->cases, " line=\"%u\"", r->line);
	buf_printf(&j->cases, " time=\"%.6f\">\n", (double)r->ns / 1e9);
}

/* `<TAG message="…" type="…">` */
static void open_tag(struct junit *j, const char *tag, struct str message, const char *type)
{
	buf_printf(&j->cases, "      <%s", tag);
	xml_add_attribute(&j->cases, "message", message);
	xml_add_attribute(&j->cases, "type", str_from(type));
	buf_add_char(&j->cases, '>');
}

static void add_failure_text(struct junit *j, const struct test_result *r)
{
	xml_add_text(&j->cases, r->text);
	if (r->command.len) {
		buf_add(&j->cases, STR("repeat: "));
		xml_add_text(&j->cases, r->command);
		buf_add_char(&j->cases, '\n');
	}
}

static void add_outcome(struct junit *j, const struct test_result *r)
{
	struct buf *b = &j->cases;
	switch (r->status) {
	case TEST_FAILED:
		j->here.failures++;
		open_tag(j, "failure", r->message,
			 r->flake == TEST_STEADY ? "failed" : test_flake_name(r->flake));
		add_failure_text(j, r);
		buf_add(b, STR("</failure>\n"));
		break;
	case TEST_SKIPPED:
	case TEST_TODO:
		j->here.skipped++;
		open_tag(j, "skipped", r->status == TEST_TODO && !r->message.len ? STR("todo") : r->message,
			 NULL);
		buf_add(b, STR("</skipped>\n"));
		break;
	default:
		if (r->flake != TEST_STEADY) {
			open_tag(j, "flakyFailure", r->message, test_flake_name(r->flake));
			add_failure_text(j, r);
			buf_add(b, STR("</flakyFailure>\n"));
		} else if (r->text.len) {
			buf_add(b, STR("      <system-out>"));
			xml_add_text(b, r->text);
			buf_add(b, STR("</system-out>\n"));
		}
	}
}

static void junit_result(struct reporter *super, const struct test_result *r)
{
	struct junit *j = (struct junit *)super;
	begin_case(j, r);
	add_outcome(j, r);
	buf_add(&j->cases, STR("    </testcase>\n"));
}

static void junit_broken(struct reporter *super, const char *file, struct str text)
{
	struct junit *j = (struct junit *)super;
	begin_case(j, &(struct test_result){ .file = file });
	j->here.errors++;
	open_tag(j, "error", STR("the file could not be run"), "broken");
	xml_add_text(&j->cases, text);
	buf_add(&j->cases, STR("</error>\n    </testcase>\n"));
}

static void junit_warning(struct reporter *super, struct str text)
{
	struct junit *j = (struct junit *)super;
	buf_add(&j->warnings, STR("warning: "));
	xml_add_text(&j->warnings, text);
	buf_add_char(&j->warnings, '\n');
}

static void junit_obsolete(struct reporter *super, const char *file, struct str snapshot)
{
	struct junit *j = (struct junit *)super;
	buf_add(&j->warnings, STR("obsolete snapshot: "));
	xml_add_text(&j->warnings, str_from(file));
	buf_add(&j->warnings, STR(": "));
	xml_add_text(&j->warnings, snapshot);
	buf_add_char(&j->warnings, '\n');
}

/* Warnings are nobody's test; they have a suite without any, as do interruptions. */
static void add_notes(struct junit *j, struct buf *b, const struct run_totals *t)
{
	if (t->interrupted)
		buf_add(&j->warnings, STR("interrupted: tests are missing\n"));
	if (!j->warnings.len)
		return;
	buf_add(b, STR("  <testsuite name=\"backlot\""));
	add_counts(b, &(struct counts){ 0 });
	buf_add(b, STR(">\n    <system-err>"));
	buf_add(b, buf_str(&j->warnings));
	buf_add(b, STR("</system-err>\n  </testsuite>\n"));
}

static void junit_end(struct reporter *super, const struct run_totals *t)
{
	struct junit *j = (struct junit *)super;
	struct buf *b = &j->sink->pending;
	end_file(j);
	j->all.ns = t->ns;
	buf_add(b, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"backlot test\""));
	add_counts(b, &j->all);
	buf_add(b, STR(">\n"));
	buf_add(b, buf_str(&j->suites));
	add_notes(j, b, t);
	buf_add(b, STR("</testsuites>\n"));
	report_sink_flush(j->sink);
}

static void junit_destroy(struct reporter *super)
{
	struct junit *j = (struct junit *)super;
	buf_fini(&j->cases);
	buf_fini(&j->suites);
	buf_fini(&j->warnings);
	buf_fini(&j->title);
	mem_free(j);
}

static const struct reporter_ops junit_ops = {
	.name = "junit",
	.begin = report_no_begin,
	.progress = report_no_progress,
	.broken = junit_broken,
	.warning = junit_warning,
	.result = junit_result,
	.obsolete = junit_obsolete,
	.end = junit_end,
	.destroy = junit_destroy,
};

struct reporter *report_junit_new(struct report_sink *sink)
{
	struct junit *j = NEW(struct junit);
	*j = (struct junit){
		.super.ops = &junit_ops,
		.sink = sink,
		.cases = BUF_INIT(REPORT_BYTES_MAX),
		.suites = BUF_INIT(REPORT_BYTES_MAX),
		.warnings = BUF_INIT(REPORT_BYTES_MAX),
		.title = BUF_INIT(REPORT_BYTES_MAX),
	};
	return &j->super;
}
