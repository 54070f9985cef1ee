/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report_priv.h"

#include "base/check.h"
#include "base/mem.h"

struct reporter *report_new(enum report_id id, struct report_sink *sink, const struct report_options *o)
{
	switch (id) {
	case REPORT_PRETTY:
		return report_pretty_new(sink, o);
	case REPORT_TAP:
		return report_tap_new(sink);
	case REPORT_JUNIT:
		return report_junit_new(sink);
	case REPORT_JSON:
		return report_json_new(sink);
	case REPORT_GITHUB:
		return report_github_new(sink, o);
	case REPORT_COUNT:
		break;
	}
	const bool there_is_such_a_report = false;
	CHECK(there_is_such_a_report);
	return NULL;
}

/* ---- what many have in common ---- */

void report_no_begin(struct reporter *r, size_t files)
{
	(void)r, (void)files;
}

void report_no_progress(struct reporter *r, const struct run_progress *progress)
{
	(void)r, (void)progress;
}

void report_no_warning(struct reporter *r, struct str text)
{
	(void)r, (void)text;
}

void report_no_obsolete(struct reporter *r, const char *file, struct str snapshot)
{
	(void)r, (void)file, (void)snapshot;
}

/* The place that a line begins with: "FILE:LINE:COLUMN: …", or without a column; else none. */
static struct test_place place_of(struct str line)
{
	uint64_t number;
	struct test_place place = { .file = str_split(&line, ':') };
	if (!place.file.len || !str_to_u64(str_split(&line, ':'), UINT32_MAX, &number))
		return (struct test_place){ 0 };
	place.line = (uint32_t)number;
	if (str_to_u64(str_split(&line, ':'), UINT32_MAX, &number))
		place.column = (uint32_t)number;
	return place;
}

struct test_result report_broken_result(const char *file, struct str text)
{
	struct test_result r = {
		.file = file, .status = TEST_FAILED, .message = STR("the file could not be run"), .text = text
	};
	for (struct str rest = text; rest.ptr && !r.failed.line;)
		r.failed = place_of(str_trim(str_split(&rest, '\n')));
	if (str_eq(r.failed.file, str_from(file)))
		r.failed.file = STR("");
	return r;
}

struct reporter *plain_report_new(const struct reporter_ops *ops, struct report_sink *sink)
{
	struct plain_report *p = NEW(struct plain_report);
	p->super.ops = ops;
	p->sink = sink;
	return &p->super;
}

void plain_report_destroy(struct reporter *r)
{
	mem_free(r);
}

/* ---- several at once ---- */

enum { MANY_MAX = 16 };

struct many {
	struct reporter super;
	struct reporter *at[MANY_MAX];
	size_t count;
};

#define EACH(r, call, ...)                                              \
	do {                                                            \
		struct many *m_ = (struct many *)(r);                   \
		for (size_t i_ = 0; i_ < m_->count; i_++)               \
			m_->at[i_]->ops->call(m_->at[i_], __VA_ARGS__); \
	} while (0)

static void many_begin(struct reporter *r, size_t files)
{
	EACH(r, begin, files);
}

static void many_progress(struct reporter *r, const struct run_progress *progress)
{
	EACH(r, progress, progress);
}

static void many_broken(struct reporter *r, const char *file, struct str text)
{
	EACH(r, broken, file, text);
}

static void many_warning(struct reporter *r, struct str text)
{
	EACH(r, warning, text);
}

static void many_result(struct reporter *r, const struct test_result *t)
{
	EACH(r, result, t);
}

static void many_obsolete(struct reporter *r, const char *file, struct str snapshot)
{
	EACH(r, obsolete, file, snapshot);
}

static void many_end(struct reporter *r, const struct run_totals *totals)
{
	EACH(r, end, totals);
}

static void many_destroy(struct reporter *r)
{
	struct many *m = (struct many *)r;
	for (size_t i = 0; i < m->count; i++)
		reporter_destroy(&m->at[i]);
	mem_free(m);
}

static const struct reporter_ops many_ops = {
	.name = "many",
	.begin = many_begin,
	.progress = many_progress,
	.broken = many_broken,
	.warning = many_warning,
	.result = many_result,
	.obsolete = many_obsolete,
	.end = many_end,
	.destroy = many_destroy,
};

struct reporter *report_many_new(struct reporter *const *reporters, size_t count)
{
	struct many *m = NEW(struct many);
	CHECK(count <= MANY_MAX);
	m->super.ops = &many_ops;
	m->count = count;
	for (size_t i = 0; i < count; i++)
		m->at[i] = reporters[i];
	return &m->super;
}
