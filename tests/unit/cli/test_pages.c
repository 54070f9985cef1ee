/* SPDX-License-Identifier: Apache-2.0 */
/* What is printed from the tables: reference pages (which are committed), manual page, completion. */
#include "cli_setup.h"
#include "guest/wasm/hostcalls/hostcall.h"

/* Tests run in the project's folder. */
static char *read_page(const char *path)
{
	char *text;
	size_t len;
	FILE *in = fopen(path, "rb"), *out = open_memstream(&text, &len);
	if (!in)
		fail_msg("%s cannot be read: run the tests in the project's folder", path);
	for (int c; (c = fgetc(in)) != EOF;)
		fputc(c, out);
	fclose(in);
	fclose(out);
	return text;
}

static void assert_current(const char *path, const char *printed)
{
	char *page = read_page(path);
	if (strcmp(page, printed) != 0)
		fail_msg("%s is not what its table says; print it anew: make docs", path);
	free(page);
}

TEST(the_reference_of_the_command_line_is_current)
{
	RUN(r, "help", "--markdown");
	assert_int_equal(r.code, CLI_PASSED);
	assert_current("docs/reference/cli.md", r.out);
}

TEST(the_reference_of_host_calls_is_current)
{
	RUN(r, "inspect", "--abi");
	assert_int_equal(r.code, CLI_PASSED);
	assert_current("docs/reference/abi.md", r.out);
}

/* ---- the page that names tests ---- */

/* The file that a row like "| `RC` | `tests/…` |" gives to some letters; the caller frees its text. */
static char *read_tests(const char *page, const char *letters, size_t len)
{
	char row[32], path[128];
	snprintf(row, sizeof row, "\n| `%.*s` | `", (int)len, letters);
	const char *at = strstr(page, row), *end = at ? strchr(at + strlen(row), '`') : NULL;
	if (!end)
		fail_msg("no row says which file %.*s is", (int)len, letters);
	snprintf(path, sizeof path, "%.*s", (int)(end - at - (ptrdiff_t)strlen(row)), at + strlen(row));
	return read_page(path);
}

/* "test name" of a .fiddle file, "(name)" of C, "def name(" of Python. */
static bool has_test(const char *tests, const char *name, size_t len)
{
	static const char *const around[][2] = { { "\ntest ", "\n" }, { "(", ")\n" }, { "\ndef ", "(t" } };
	char text[256];
	for (size_t i = 0; i < COUNT_OF(around); i++) {
		snprintf(text, sizeof text, "%s%.*s%s", around[i][0], (int)len, name, around[i][1]);
		if (strstr(tests, text))
			return true;
	}
	return false;
}

TEST(the_page_about_caching_names_tests_that_there_are)
{
	char *page = read_page("docs/reference/caching.md");
	size_t count = 0;
	for (const char *at = page, *end; (at = strchr(at, '`')); at = end + 1) {
		const char *name = at + 1, *colon;
		end = strchr(name, '`');
		assert_non_null(end);
		for (colon = name; *colon >= 'A' && *colon <= 'Z'; colon++)
			continue;
		if (colon == name || strncmp(colon, ": ", 2) != 0)
			continue;
		char *tests = read_tests(page, name, (size_t)(colon - name));
		if (!has_test(tests, colon + 2, (size_t)(end - colon - 2)))
			fail_msg("there is no test %.*s", (int)(end - name), name);
		free(tests);
		count++;
	}
	assert_in_range(count, 100, 1000);
	free(page);
}

TEST(the_reference_of_host_calls_has_each_once)
{
	RUN(r, "inspect", "--abi");
	size_t rows = 0, headings = 0;
	for (const char *at = r.out; (at = strstr(at, "\n| `")); at++)
		rows++;
	for (const char *at = r.out; (at = strstr(at, "\n## ")); at++)
		headings++;
	size_t stubs = 0; /* stand once more where it is said why */
	for (size_t i = 0; i < hostcalls_count; i++)
		stubs += !hostcalls[i].done;
	assert_int_equal(rows, hostcalls_count + hostcall_aliases_count + stubs);
	/* A module's calls stand together in the table. */
	size_t modules = 0;
	for (size_t i = 0; i < hostcalls_count; i++) {
		bool seen = false;
		for (size_t k = 0; k < i; k++)
			seen = seen || strcmp(hostcalls[k].module, hostcalls[i].module) == 0;
		modules += !seen;
	}
	assert_int_equal(headings, modules + 2 + (stubs > 0)); /* and kinds, old names, stubs */
}

TEST(the_manual_has_everything)
{
	RUN(r, "help", "--man");
	assert_int_equal(r.code, CLI_PASSED);
	assert_int_equal(strncmp(r.out, ".TH BACKLOT 1 ", 14), 0);
	for (size_t i = 0; i < COMMANDS; i++)
		assert_has(r.out, command_rows[i].name);
	assert_has(r.out, "\\-\\-unknown\\-import\\-behavior");
	assert_has(r.out, "NO_COLOR");
}

TEST(the_manual_is_plain_roff)
{
	static const char *const requests[] = { ".TH ", ".SH ", ".SS ", ".TP", ".PP", ".br" };
	RUN(r, "help", "--man");
	for (struct str rest = str_from(r.out); rest.ptr;) {
		struct str line = str_split(&rest, '\n');
		bool known = line.len == 0 || (*line.ptr != '.' && *line.ptr != '\'');
		for (size_t i = 0; i < COUNT_OF(requests); i++)
			known = known || str_starts(line, str_from(requests[i]));
		for (size_t i = 0; i < line.len; i++)
			known = known && (unsigned char)line.ptr[i] < 0x80; /* whatever the locale */
		if (!known)
			fail_msg("in the manual: " STR_FMT, STR_ARG(line));
	}
}

TEST(completion_offers_what_works_and_only_that)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };
	for (size_t i = 0; i < COUNT_OF(shells); i++) {
		RUN(r, "help", "--completion", shells[i]);
		assert_int_equal(r.code, CLI_PASSED);
		for (size_t k = 0; k < OPTIONS; k++) {
			const struct option_row *row = &option_rows[k];
			char option[64];
			snprintf(option, sizeof option, "%s%s", strcmp(shells[i], "fish") == 0 ? "-l " : "--",
				 row->name);
			if (row->missing && !row->missing_for)
				assert_has_not(r.out, option);
			else
				assert_has(r.out, option);
		}
		assert_has(r.out, "ls clear path");
		assert_has(r.out, "none real");
	}
	RUN(other, "help", "--completion", "csh");
	assert_int_equal(other.code, CLI_USAGE);
	assert_has(other.err, "bash, zsh, fish");
}

TEST(help_prints_one_text_at_a_time)
{
	RUN(two, "help", "--man", "--markdown");
	assert_int_equal(two.code, CLI_USAGE);
	RUN(both, "help", "run", "--man");
	assert_int_equal(both.code, CLI_USAGE);
}
