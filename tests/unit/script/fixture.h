/* SPDX-License-Identifier: Apache-2.0 */
/* What the script tests share: a schema and a document such as a runner hands in, and short ways to ask and
 * to look. */
#ifndef TESTS_SCRIPT_FIXTURE_H
#define TESTS_SCRIPT_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "script/format.h"
#include "script/script.h"
#include "support/test.h"

static const struct schema_field client_fetch_fields[] = {
	{ "req", &schema_string, SCHEMA_READY, "the request as text" },
	{ "resp", &schema_string, SCHEMA_READY, "status line and headers as text" },
	{ "respType", &schema_string, SCHEMA_READY, "the media type" },
	{ "status", &schema_number, SCHEMA_READY, "the status" },
	{ "bodyPreview", &schema_string, SCHEMA_READY, "the first kilobyte of the body" },
	{ "complete", &schema_bool, SCHEMA_READY, "did it end properly?" },
	{ "attribs", &schema_any, SCHEMA_READY, "more" },
	{ 0 },
};
static const struct schema_type client_fetch_type = { VALUE_OBJECT, .fields = client_fetch_fields };

static const struct schema_field origin_fetch_fields[] = {
	{ "req", &schema_string, SCHEMA_READY, "the request as text" },
	{ "status", &schema_number, SCHEMA_READY, "the status" },
	{ "elapsedTime", &schema_number, SCHEMA_READY, "milliseconds" },
	{ "remoteHost", &schema_string, SCHEMA_PLANNED, "the host" },
	{ 0 },
};
static const struct schema_type origin_fetch_type = { VALUE_OBJECT, .fields = origin_fetch_fields };
static const struct schema_type origin_fetches_type = { VALUE_ARRAY, .item = &origin_fetch_type };
static const struct schema_type logs_type = { VALUE_ARRAY, .item = &schema_string };

static const struct schema_field roots[] = {
	{ "clientFetch", &client_fetch_type, SCHEMA_READY, "what came back" },
	{ "originFetches", &origin_fetches_type, SCHEMA_READY, "what was fetched" },
	{ "logs", &logs_type, SCHEMA_READY, "what was logged" },
	{ "free", &schema_any, SCHEMA_READY, "anything" },
	{ "events", &schema_any, SCHEMA_PLANNED, "what happened" },
	{ "insights", &schema_any, SCHEMA_PLANNED, "what could be better" },
	{ 0 },
};
static const struct schema schema = { .roots = roots };

/* One arena for all tests of a file: what they leave in it is little. */
static struct arena arena;

static inline struct value *from_json(const char *text)
{
	struct value *v = NULL;
	assert_true(value_from_json(&arena, str_from(text), &v, NULL, NULL));
	return v;
}

/* GET /a?b=1: a miss, one origin fetch, one log line. */
static inline struct value *document(void)
{
	return from_json(
		"{\"clientFetch\":{\"req\":\"GET /a?b=1 HTTP/2\\nhost: shop.example\\n\","
		"\"resp\":\"HTTP/2 200\\ncontent-type: application/json\\nage: 0\\nx-cache: MISS\\n\","
		"\"respType\":\"application/json\",\"status\":200,\"bodyPreview\":\"{\\\"id\\\":\\\"1\\\"}\","
		"\"complete\":true,\"attribs\":{}},"
		"\"originFetches\":[{\"req\":\"GET /a?b=1 HTTP/1.1\\nhost: o.example\\n\",\"status\":200,"
		"\"elapsedTime\":12.5}],"
		"\"logs\":[\"Hello\"],"
		"\"free\":{\"text\":\"5\",\"yes\":true,\"nothing\":null,\"numbers\":[1,2],\"one\":[\"HIT\"],"
		"\"empty\":\"\",\"shape\":{\"a\":1,\"b\":\"x\",\"c\":{\"d\":1}},\"names\":[\"a\",\"b\"]}}");
}

static inline bool has(struct str text, const char *piece)
{
	return str_find(text, str_from(piece)) != STR_NONE;
}

#define assert_has(text, piece) assert_has_at((text), (piece), __FILE__, __LINE__)
static inline void assert_has_at(struct str text, const char *piece, const char *file, int line)
{
	if (has(text, piece))
		return;
	print_error("%s:%d: no <<%s>> in <<" STR_FMT ">>\n", file, line, piece, STR_ARG(text));
	fail();
}

/* A file's text read; prints what is wrong when it should be right. */
struct reading {
	struct script script;
	struct diagnostics d;
	bool ok;
};

static inline struct reading *read_text(struct str text)
{
	struct reading *r = ARENA_NEW(&arena, struct reading);
	r->ok = script_parse(&arena, STR("t.fiddle"), text, &schema, &r->script, &r->d);
	return r;
}

static inline struct reading *read_file(const char *text)
{
	return read_text(str_from(text));
}

static inline struct str printed(const struct diagnostics *d)
{
	struct buf out = BUF_INIT(1 << 20);
	diagnostics_print(d, &out);
	struct str text = arena_str(&arena, buf_str(&out));
	buf_fini(&out);
	return text;
}

#define read_good(text) read_good_at((text), __FILE__, __LINE__)
static inline struct script *read_good_at(const char *text, const char *file, int line)
{
	struct reading *r = read_file(text);
	if (!r->ok) {
		print_error("%s:%d: errors:\n" STR_FMT, file, line, STR_ARG(printed(&r->d)));
		fail();
	}
	return &r->script;
}

/* One test line, run over the fixture's document. */
#define run_line(text) run_line_at((text), __FILE__, __LINE__)
static inline struct check_result run_line_at(const char *line_text, const char *file, int line)
{
	struct str text = arena_printf(&arena, "GET /a?b=1\n  %s\n", line_text);
	struct script *script = read_good_at(text.ptr, file, line);
	return check_run(&script->tests[0].requests[0].checks[0], document(), &arena);
}

#define assert_passes(text) assert_true(run_line(text).pass)
#define assert_fails(text) assert_false(run_line(text).pass)

/*
 * Reading the text gives, among others, exactly this diagnostic: "LINE:COLUMN: words" must begin with
 * `where`, its words and its advice must hold the pieces.
 */
#define assert_complains(text, where, words, advice) \
	assert_complains_at(str_from(text), SEVERITY_ERROR, where, words, advice, __FILE__, __LINE__)
#define assert_warns(text, where, words, advice) \
	assert_complains_at(str_from(text), SEVERITY_WARNING, where, words, advice, __FILE__, __LINE__)
static inline void assert_complains_at(struct str text, enum severity severity, const char *where,
				       const char *words, const char *advice, const char *file, int line)
{
	struct reading *r = read_text(text);
	for (size_t i = 0; i < r->d.count; i++) {
		const struct diagnostic *item = &r->d.items[i];
		struct source_place place = source_place_of(&r->script.source, item->at);
		struct str at = arena_printf(&arena, "%zu:%zu", place.line, place.column);
		if (item->severity == severity && str_eq(at, str_from(where)) && has(item->text, words) &&
		    has(item->advice, advice) && r->ok == (r->d.errors == 0))
			return;
	}
	print_error("%s:%d: no «%s: %s» with advice «%s» in:\n" STR_FMT, file, line, where, words, advice,
		    STR_ARG(printed(&r->d)));
	fail();
}

#endif
