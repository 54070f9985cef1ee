/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON object a line, as libtest's --format json has them. */
#include "base/buf.h"
#include "base/mem.h"
#include "report/libtest_priv.h"

enum { LINE_BYTES_MAX = 64 << 20 };

struct json_report {
	struct libtest_report super;
	const struct libtest_options *o;
	FILE *out;
	struct buf line;
};

static void print_line(struct json_report *r)
{
	buf_add_char(&r->line, '\n');
	fwrite(r->line.ptr, 1, r->line.len, r->out);
	buf_reset(&r->line);
}

static void json_start(struct libtest_report *super, size_t count, const struct libtest_options *o)
{
	struct json_report *r = (struct json_report *)super;
	buf_printf(&r->line, "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": %zu", count);
	if (o->shuffle)
		buf_printf(&r->line, ", \"shuffle_seed\": %llu", (unsigned long long)o->seed);
	buf_add(&r->line, STR(" }"));
	print_line(r);
}

static void add_event(struct json_report *r, const struct libtest_test *test, const char *event)
{
	buf_printf(&r->line, "{ \"type\": \"test\", \"event\": \"%s\", \"name\": ", event);
	buf_add_json(&r->line, test->name);
	buf_add(&r->line, STR(" }"));
	print_line(r);
}

static void json_begin(struct libtest_report *super, const struct libtest_test *test)
{
	add_event((struct json_report *)super, test, "started");
}

static void json_slow(struct libtest_report *super, const struct libtest_test *test, unsigned seconds)
{
	(void)seconds;
	add_event((struct json_report *)super, test, "timeout");
}

static void json_result(struct libtest_report *super, const struct libtest_result *result)
{
	static const char *const events[] = { "ok", "failed", "ignored", "failed" };
	struct json_report *r = (struct json_report *)super;
	struct str message = result->verdict == LIBTEST_IGNORED ? result->test->ignored_why : result->why;
	buf_add(&r->line, STR("{ \"type\": \"test\", \"name\": "));
	buf_add_json(&r->line, result->test->name);
	buf_printf(&r->line, ", \"event\": \"%s\"", events[result->verdict]);
	if (r->o->report_time && result->verdict != LIBTEST_IGNORED)
		buf_printf(&r->line, ", \"exec_time\": %.9f", (double)result->ns / 1e9);
	if (result->output.len && (result->verdict != LIBTEST_OK || r->o->show_output)) {
		buf_add(&r->line, STR(", \"stdout\": "));
		buf_add_json(&r->line, result->output);
	}
	if (result->verdict == LIBTEST_LATE)
		buf_add(&r->line, STR(", \"reason\": \"time limit exceeded\""));
	if (message.len) {
		buf_add(&r->line, STR(", \"message\": "));
		buf_add_json(&r->line, message);
	}
	buf_add(&r->line, STR(" }"));
	print_line(r);
}

static void json_end(struct libtest_report *super, const struct libtest_totals *t)
{
	struct json_report *r = (struct json_report *)super;
	buf_printf(
		&r->line,
		"{ \"type\": \"suite\", \"event\": \"%s\", \"passed\": %zu, \"failed\": %zu, \"ignored\": %zu, "
		"\"measured\": 0, \"filtered_out\": %zu, \"exec_time\": %.9f }",
		t->failed ? "failed" : "ok", t->passed, t->failed, t->ignored, t->filtered_out,
		(double)t->ns / 1e9);
	print_line(r);
}

static void json_destroy(struct libtest_report *super)
{
	buf_fini(&((struct json_report *)super)->line);
	mem_free(super);
}

static const struct libtest_report_ops json_ops = {
	.name = "json",
	.start = json_start,
	.begin = json_begin,
	.slow = json_slow,
	.result = json_result,
	.end = json_end,
	.destroy = json_destroy,
};

struct libtest_report *libtest_json_new(const struct libtest_options *o, FILE *out)
{
	struct json_report *r = NEW(struct json_report);
	*r = (struct json_report){
		.super.ops = &json_ops, .o = o, .out = out, .line = BUF_INIT(LINE_BYTES_MAX)
	};
	return &r->super;
}
