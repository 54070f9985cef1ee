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
