/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JUnit document, as libtest's --format junit, in one line. What libtest leaves out or breaks is there:
 * ignored tests, as skipped, and text that XML has to have escaped, or cannot carry at all.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "report/libtest_priv.h"

enum { DOCUMENT_BYTES_MAX = 1 << 30 };

struct junit_report {
	struct libtest_report super;
	const struct libtest_options *o;
	FILE *out;
	struct buf cases; /* the head of the document has their number */
};

/* XML 1.0 has no way to write these characters. */
static bool is_xml(struct str c)
{
	unsigned char first = (unsigned char)c.ptr[0];
	if (c.len == 1)
		return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
	return !(c.len == 3 && first == 0xef && (unsigned char)c.ptr[1] == 0xbf &&
		 (unsigned char)c.ptr[2] >= 0xbe); /* U+FFFE and U+FFFF */
}

static void add_escaped(struct buf *b, struct str s)
{
	bool valid;
	for (size_t len; (len = str_utf8_step(s, &valid)) > 0; s = str_sub(s, len, s.len)) {
		struct str c = str_sub(s, 0, len);
		if (!valid || !is_xml(c))
			buf_add(b, STR("\xef\xbf\xbd"));
		else if (*c.ptr == '&')
			buf_add(b, STR("&amp;"));
		else if (*c.ptr == '<')
			buf_add(b, STR("&lt;"));
		else if (*c.ptr == '>')
			buf_add(b, STR("&gt;"));
		else if (*c.ptr == '"')
			buf_add(b, STR("&quot;"));
		else if (c.len == 1 && (unsigned char)*c.ptr < 0x20)
			buf_printf(b, "&#%d;", *c.ptr); /* all on one line, and whole in an attribute */
		else
			buf_add(b, c);
	}
}

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
	add_escaped(b, class);
	buf_add(b, STR("\" name=\""));
	add_escaped(b, name);
	buf_printf(b, "\" time=\"%.9f\">", (double)r->ns / 1e9);
}

static void add_attribute(struct buf *b, const char *name, struct str value)
{
	if (!value.len)
		return;
	buf_printf(b, " %s=\"", name);
	add_escaped(b, value);
	buf_add_char(b, '"');
}

static void junit_result(struct libtest_report *super, const struct libtest_result *result)
{
	struct junit_report *r = (struct junit_report *)super;
	struct buf *b = &r->cases;
	add_case(b, result);
	if (result->verdict == LIBTEST_IGNORED) {
		buf_add(b, STR("<skipped"));
		add_attribute(b, "message", result->test->ignored_why);
		buf_add(b, STR("/>"));
	} else if (result->verdict != LIBTEST_OK) {
		buf_add(b, STR("<failure"));
		add_attribute(b, "message", result->why);
		buf_printf(b, " type=\"%s\"/>", result->verdict == LIBTEST_LATE ? "timeout" : "assert");
	}
	if (result->output.len && (result->verdict != LIBTEST_OK || r->o->show_output)) {
		buf_add(b, STR("<system-out>"));
		add_escaped(b, result->output);
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
