/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON document, as docs/reporters.md has its schema. Seeds are strings: they need all of 64 bits. */
#include "base/mem.h"
#include "report/report_priv.h"

struct json {
	struct reporter super;
	struct report_sink *sink;
	const char *file; /* whose tests are being listed; NULL: none yet */
	struct buf files, warnings, obsolete;
	bool first_test;
};

static void add_string(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, "\"%s\": ", key);
	buf_add_json(b, value);
	buf_add(b, STR(", "));
}

/* As add_string(), but null for the empty one. */
static void add_optional(struct buf *b, const char *key, struct str value)
{
	if (value.len)
		add_string(b, key, value);
	else
		buf_printf(b, "\"%s\": null, ", key);
}

static void end_file(struct json *j)
{
	if (j->file)
		buf_add(&j->files, j->first_test ? STR("]}") : STR("\n    ]}"));
}

static void begin_file(struct json *j, const char *file, struct str error)
{
	if (j->file == file)
		return;
	end_file(j);
	buf_add(&j->files, j->file ? STR(",\n    {") : STR("\n    {"));
	add_string(&j->files, "file", str_from(file));
	add_optional(&j->files, "error", error);
	buf_add(&j->files, STR("\"tests\": ["));
	j->file = file;
	j->first_test = true;
}

static void add_place(struct buf *b, const struct test_result *r)
{
	if (!r->failed.line) {
		buf_add(b, STR("\"at\": null, "));
		return;
	}
	buf_add(b, STR("\"at\": {"));
	add_string(b, "file", r->failed.file.len ? r->failed.file : str_from(r->file));
	buf_printf(b, "\"line\": %u, \"column\": %u}, ", r->failed.line, r->failed.column);
}

static void json_result(struct reporter *super, const struct test_result *r)
{
	struct json *j = (struct json *)super;
	struct buf *b = &j->files;
	begin_file(j, r->file, STR(""));
	buf_add(b, j->first_test ? STR("\n      {") : STR(",\n      {"));
	j->first_test = false;
	add_string(b, "name", r->name);
	buf_add(b, STR("\"suites\": ["));
	for (size_t i = 0; i < r->suite_count; i++) {
		buf_add(b, i ? STR(", ") : STR(""));
		buf_add_json(b, r->suites[i]);
	}
	buf_printf(b, "], \"line\": %u, \"column\": %u, \"status\": \"%s\", ", r->line, r->column,
		   test_status_name(r->status));
	add_optional(b, "message", r->message);
	add_optional(b, "text", r->text);
	add_place(b, r);
	buf_printf(b, "\"duration_ms\": %.6f, \"requests\": %u, \"checks\": %u, \"checks_failed\": %u, ",
		   (double)r->ns / 1e6, r->requests, r->checks, r->checks_failed);
	buf_printf(b, "\"runs\": %u, \"runs_failed\": %u, \"seed\": \"%llu\", ", r->runs, r->runs_failed,
		   (unsigned long long)r->seed);
	add_optional(b, "flake", str_from(r->flake == TEST_STEADY ? NULL : test_flake_name(r->flake)));
	add_optional(b, "repeat", r->command);
	b->len -= 2; /* the last comma and blank */
	buf_add_char(b, '}');
}

static void json_broken(struct reporter *super, const char *file, struct str text)
{
	begin_file((struct json *)super, file, text.len ? text : STR("it could not be run"));
}

static void json_warning(struct reporter *super, struct str text)
{
	struct json *j = (struct json *)super;
	buf_add(&j->warnings, j->warnings.len ? STR(", ") : STR(""));
	buf_add_json(&j->warnings, text);
}

static void json_obsolete(struct reporter *super, const char *file, struct str snapshot)
{
	struct json *j = (struct json *)super;
	buf_add(&j->obsolete, j->obsolete.len ? STR(", {") : STR("{"));
	add_string(&j->obsolete, "file", str_from(file));
	buf_add(&j->obsolete, STR("\"name\": "));
	buf_add_json(&j->obsolete, snapshot);
	buf_add_char(&j->obsolete, '}');
}

static void json_end(struct reporter *super, const struct run_totals *t)
{
	struct json *j = (struct json *)super;
	struct buf *b = &j->sink->pending;
	end_file(j);
	buf_printf(b,
		   "{\n  \"schema\": \"backlot-test/1\",\n  \"success\": %s,\n  \"interrupted\": %s,\n"
		   "  \"seed\": \"%llu\",\n  \"duration_ms\": %.3f,\n",
		   t->failed + t->broken || t->interrupted ? "false" : "true",
		   t->interrupted ? "true" : "false", (unsigned long long)t->seed, (double)t->ns / 1e6);
	buf_printf(b,
		   "  \"totals\": {\"files\": %zu, \"broken\": %zu, \"passed\": %zu, \"failed\": %zu, "
		   "\"skipped\": %zu, \"todo\": %zu, \"flaky\": %zu, \"requests\": %zu, \"checks\": %zu},\n",
		   t->files, t->broken, t->passed, t->failed, t->skipped, t->todo, t->flaky, t->requests,
		   t->checks);
	if (t->shard.count)
		buf_printf(
			b,
			"  \"shard\": {\"index\": %zu, \"count\": %zu, \"files_of_all\": %zu, \"plan\": \"%08x\"},\n",
			t->shard.index, t->shard.count, t->shard.files_of_all, t->shard.fingerprint);
	else
		buf_add(b, STR("  \"shard\": null,\n"));
	buf_printf(b,
		   "  \"snapshots\": {\"written\": %zu, \"updated\": %zu, \"removed\": %zu, \"obsolete\": [",
		   t->snapshots_written, t->snapshots_updated, t->snapshots_removed);
	buf_add(b, buf_str(&j->obsolete));
	buf_add(b, STR("]},\n  \"warnings\": ["));
	buf_add(b, buf_str(&j->warnings));
	buf_add(b, STR("],\n  \"files\": ["));
	buf_add(b, buf_str(&j->files));
	buf_add(b, j->file ? STR("\n  ]\n}\n") : STR("]\n}\n"));
	report_sink_flush(j->sink);
}

static void json_destroy(struct reporter *super)
{
	struct json *j = (struct json *)super;
	buf_fini(&j->files);
	buf_fini(&j->warnings);
	buf_fini(&j->obsolete);
	mem_free(j);
}

static const struct reporter_ops json_ops = {
	.name = "json",
	.begin = report_no_begin,
	.progress = report_no_progress,
	.broken = json_broken,
	.warning = json_warning,
	.result = json_result,
	.obsolete = json_obsolete,
	.end = json_end,
	.destroy = json_destroy,
};

struct reporter *report_json_new(struct report_sink *sink)
{
	struct json *j = NEW(struct json);
	*j = (struct json){
		.super.ops = &json_ops,
		.sink = sink,
		.files = BUF_INIT(REPORT_BYTES_MAX),
		.warnings = BUF_INIT(REPORT_BYTES_MAX),
		.obsolete = BUF_INIT(REPORT_BYTES_MAX),
	};
	return &j->super;
}
