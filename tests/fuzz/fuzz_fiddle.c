/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a .fiddle file: read and checked with and without a schema, its complaints printed, its test
 * lines run over a small document, and laid out twice, which must come to the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "script/format.h"
#include "script/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct schema_field fetch_fields[] = {
	{ "status", &schema_number, SCHEMA_READY, "" },
	{ "resp", &schema_string, SCHEMA_READY, "" },
	{ "complete", &schema_bool, SCHEMA_READY, "" },
	{ "attribs", &schema_any, SCHEMA_READY, "" },
	{ 0 },
};
static const struct schema_type fetch_type = { VALUE_OBJECT, .fields = fetch_fields };
static const struct schema_type fetches_type = { VALUE_ARRAY, .item = &fetch_type };
static const struct schema_type logs_type = { VALUE_ARRAY, .item = &schema_string };
static const struct schema_field roots[] = {
	{ "clientFetch", &fetch_type, SCHEMA_READY, "" },
	{ "originFetches", &fetches_type, SCHEMA_READY, "" },
	{ "logs", &logs_type, SCHEMA_READY, "" },
	{ "free", &schema_any, SCHEMA_READY, "" },
	{ "events", &schema_any, SCHEMA_PLANNED, "" },
	{ 0 },
};
static const struct schema schema = { .roots = roots, .shortcut = "attribs" };

static const char document_json[] =
	"{\"clientFetch\":{\"status\":200,\"resp\":\"HTTP/2 200\\nage: 0\\n\",\"complete\":true,"
	"\"attribs\":{\"ttl\":1e9}},"
	"\"originFetches\":[{\"status\":503,\"resp\":\"\"},{}],\"logs\":[\"Hello\",\"\"],"
	"\"free\":{\"text\":\"5\",\"nothing\":null,\"list\":[1,\"a\",[true]],\"shape\":{\"a\":1}}}";

static void run_checks(const struct script *script, struct arena *a, struct buf *out)
{
	struct value *document;
	CHECK(value_from_json(a, str_from(document_json), &document, NULL, NULL));
	for (size_t t = 0; t < script->test_count; t++) {
		const struct script_test *test = &script->tests[t];
		for (size_t r = 0; r < test->request_count; r++) {
			for (size_t c = 0; c < test->requests[r].check_count; c++) {
				struct check_result result =
					check_run(&test->requests[r].checks[c], document, a);
				check_result_print(&result, &script->source, out);
			}
		}
	}
}

static void format_twice(struct str text, struct arena *a)
{
	struct diagnostics d;
	struct str once, twice;
	if (!script_format(a, STR("fuzz"), text, &once, &d))
		return;
	CHECK(script_format(a, STR("fuzz"), once, &twice, &d));
	CHECK(str_eq(once, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct buf out = BUF_INIT(1 << 20);
	struct script script;
	struct diagnostics d;
	/* A copy of its own, so that reading past its end is noticed. */
	char *copy = malloc(size ? size : 1);
	CHECK(copy);
	if (size)
		memcpy(copy, data, size);
	struct str text = { copy, size };
	arena_init(&a);
	if (script_parse(&a, STR("fuzz"), text, &schema, &script, &d))
		run_checks(&script, &a, &out);
	diagnostics_print(&d, &out);
	CHECK(str_is_utf8(buf_str(&out)));
	if (script_parse(&a, STR("fuzz"), text, NULL, &script, &d))
		run_checks(&script, &a, &out);
	format_twice(text, &a);
	buf_fini(&out);
	arena_fini(&a);
	free(copy);
	return 0;
}
