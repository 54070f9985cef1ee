/* SPDX-License-Identifier: Apache-2.0 */
/* docs/reference/fiddle.md says what the tables say, and its examples are files that can be read. */
#include <stdlib.h>

#include "unit/script/fixture.h"

/* Test programs run in the root of the source tree. */
static const char manual_path[] = "docs/reference/fiddle.md";

static struct str manual(void)
{
	enum { MANUAL_BYTES_MAX = 1 << 20 };
	FILE *f = fopen(manual_path, "rb");
	if (!f)
		fail_msg("no %s here: run this in the root of the source tree", manual_path);
	char *text = arena_alloc(&arena, MANUAL_BYTES_MAX);
	size_t len = fread(text, 1, MANUAL_BYTES_MAX, f);
	fclose(f);
	return (struct str){ text, len };
}

/* The text must stand in the manual; if it does not, it is printed, ready to be put there. */
static void assert_in_manual(const struct buf *text)
{
	if (str_find(manual(), buf_str(text)) != STR_NONE)
		return;
	fprintf(stderr, "%s should hold:\n" STR_FMT, manual_path, STR_ARG(buf_str(text)));
	fail();
}

static void add_targets(struct buf *out, unsigned targets)
{
	static const struct {
		enum value_type type;
		const char *name;
	} types[] = {
		{ VALUE_STRING, "string" }, { VALUE_NUMBER, "number" }, { VALUE_BOOL, "boolean" },
		{ VALUE_ARRAY, "array" },   { VALUE_OBJECT, "object" },
	};
	const char *comma = "";
	if (targets & 1u << VALUE_NULL) {
		buf_add(out, STR("anything"));
		return;
	}
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (!(targets & 1u << types[i].type))
			continue;
		buf_printf(out, "%s%s", comma, types[i].name);
		comma = ", ";
	}
}

TEST(the_manual_has_the_table_of_comparisons)
{
	static const char *const references[] = {
		[REFERENCE_NONE] = "none",     [REFERENCE_ANY] = "any value", [REFERENCE_NUMBER] = "number",
		[REFERENCE_STRING] = "string", [REFERENCE_LIST] = "list",     [REFERENCE_REGEX] = "pattern",
	};
	struct buf out = BUF_INIT(1 << 16);
	buf_add(&out, STR("| comparison | negated | also | target | reference | it holds for | example |\n"
			  "|---|---|---|---|---|---|---|\n"));
	for (size_t i = 0; i < comparison_count(); i++) {
		const struct comparison *c = comparison_at(i);
		buf_printf(&out, "| `%s` | `%s` |", c->name, c->negated_name);
		struct str aliases = str_from(c->aliases);
		for (const char *comma = ""; aliases.ptr && aliases.len; comma = ",") {
			struct str alias = str_split(&aliases, ' ');
			buf_printf(&out, "%s `" STR_FMT "`", comma, STR_ARG(alias));
		}
		buf_add(&out, STR(" | "));
		add_targets(&out, c->targets);
		buf_printf(&out, " | %s | %s | `%s` |\n", references[c->reference], c->doc, c->example);
	}
	assert_in_manual(&out);
	buf_fini(&out);
}

TEST(the_manual_has_the_table_of_functions)
{
	struct buf out = BUF_INIT(1 << 16);
	buf_add(&out, STR("| function | state | gives | example |\n|---|---|---|---|\n"));
	for (size_t i = 0; i < path_function_count(); i++) {
		const struct path_function *f = path_function_at(i);
		buf_printf(&out, "| `%s()` | %s | %s | `%s` |\n", f->name,
			   f->state == SCHEMA_READY ? "ready" : "planned", f->doc, f->example);
	}
	assert_in_manual(&out);
	buf_fini(&out);
}

TEST(the_manual_has_the_table_of_faults)
{
	struct buf out = BUF_INIT(1 << 16);
#define X(id, word, doc) buf_printf(&out, "| `%s` | %s |\n", word, doc);
	SCRIPT_FAULTS(X)
#undef X
	assert_in_manual(&out);
	buf_fini(&out);
}

TEST(the_manual_has_the_table_of_what_happens_in_a_body)
{
	struct buf out = BUF_INIT(1 << 16);
#define X(id, word, example, doc) buf_printf(&out, "| `%s %s` | %s |\n", word, example, doc);
	SCRIPT_STEPS(X)
#undef X
	assert_in_manual(&out);
	buf_fini(&out);
}

/* Blocks between ````fiddle and ```` are whole files, and laid out as script_format() does it. */
TEST(the_manual_s_examples_are_good_files)
{
	struct str rest = manual(), out;
	size_t at, examples = 0;
	while ((at = str_find(rest, STR("\n````fiddle\n"))) != STR_NONE) {
		rest = str_sub(rest, at + 12, rest.len);
		struct str text = str_sub(rest, 0, str_find(rest, STR("\n````\n")) + 1);
		struct diagnostics d;
		if (!script_format(&arena, STR("fiddle.md"), text, &out, &d) || d.warnings > 0)
			fail_msg(STR_FMT, STR_ARG(printed(&d)));
		assert_str(text, out.ptr);
		examples++;
	}
	assert_true(examples >= 3);
}
