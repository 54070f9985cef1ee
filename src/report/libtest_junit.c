/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JUnit document, as libtest's --format junit, in one line. What libtest leaves out or breaks is there:
 * ignored tests, as skipped, and text that XML has to have escaped, or cannot carry at all.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "report/libtest_priv.h"
#include "report/xml.h"

enum { DOCUMENT_BYTES_MAX = 1 << 30 };

struct junit_report {
	struct libtest_report super;
	const struct libtest_options *o;
	FILE *out;
	struct buf cases; /* the head of the document has their number */
};

static void junit_start(struct libtest_report *super, size_t count, const struct libtest_options *o)
{
	(void)super, (void)count, (void)o;
}

static void junit_begin(struct libtest_report *super, const struct libtest_test *test)
{
	(void)super, (void)test;
}

static void junit_slow(struct libtest_report *super, const struct libtest_test *test, unsigned seconds)
{
	(void)super, (void)test, (void)seconds;
}

/* The path of modules is the class; a test in none is one of "crate". */
static void add_case(struct buf *b, const struct libtest_result *r)
{
	struct str name = r->test->name, class = STR("crate");
	for (size_t at = name.len; at > 1; at--) {
		if (name.ptr[at - 1] != ':' || name.ptr[at - 2] != ':')
			continue;
		class = str_sub(name, 0, at - 2);
		name = str_sub(name, at, name.len);
		break;
	}
	buf_add(b, STR("<testcase classname=\""));
	xml_add_line(b, class);
	buf_add(b, STR("\" name=\""));
	xml_add_line(b, name);
	buf_printf(b, "\" time=\"%.9f\">", (double)r->ns / 1e9);
}

static void junit_result(struct libtest_report *super, const struct libtest_result *result)
{
	struct junit_report *r = (struct junit_report *)super;
	struct buf *b = &r->cases;
	add_case(b, result);
	if (result->verdict == LIBTEST_IGNORED) {
		buf_add(b, STR("<skipped"));
		xml_add_attribute(b, "message", result->test->ignored_why);
		buf_add(b, STR("/>"));
	} else if (result->verdict != LIBTEST_OK) {
		buf_add(b, STR("<failure"));
		xml_add_attribute(b, "message", result->why);
		buf_printf(b, " type=\"%s\"/>", result->verdict == LIBTEST_LATE ? "timeout" : "assert");
	}
	if (result->output.len && (result->verdict != LIBTEST_OK || r->o->show_output)) {
		buf_add(b, STR("<system-out>"));
		xml_add_line(b, result->output);
		buf_add(b, STR("</system-out>"));
	}
	buf_add(b, STR("</testcase>"));
}

static void junit_end(struct libtest_report *super, const struct libtest_totals *t)
{
	struct junit_report *r = (struct junit_report *)super;
	fprintf(r->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?><testsuites><testsuite name=\"test\" package=\"test\" id=\"0\" "
		"errors=\"0\" failures=\"%zu\" tests=\"%zu\" skipped=\"%zu\" time=\"%.9f\">",
		t->failed, t->passed + t->failed + t->ignored, t->ignored, (double)t->ns / 1e9);
	fwrite(r->cases.ptr, 1, r->cases.len, r->out);
	fputs("<system-out/><system-err/></testsuite></testsuites>\n", r->out);
}

static void junit_destroy(struct libtest_report *super)
{
	buf_fini(&((struct junit_report *)super)->cases);
	mem_free(super);
}

static const struct libtest_report_ops junit_ops = {
	.name = "junit",
	.start = junit_start,
	.begin = junit_begin,
	.slow = junit_slow,
	.result = junit_result,
	.end = junit_end,
	.destroy = junit_destroy,
};

struct libtest_report *libtest_junit_new(const struct libtest_options *o, FILE *out)
{
	struct junit_report *r = NEW(struct junit_report);
	*r = (struct junit_report){
		.super.ops = &junit_ops, .o = o, .out = out, .cases = BUF_INIT(DOCUMENT_BYTES_MAX)
	};
	return &r->super;
}
