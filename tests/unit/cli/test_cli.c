/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_setup.h"

#include <sys/stat.h>

#include "guest/wasm/code_cache.h"

/* ---- what is printed, and where ---- */

TEST(the_version_names_the_engines_too)
{
	RUN(r, "--version");
	assert_int_equal(r.code, CLI_PASSED);
	assert_int_equal(strncmp(r.out, "backlot ", 8), 0);
	assert_has(r.out, " (wasmtime ");
	assert_string_equal(r.err, "");
}

TEST(called_as_viceroy_it_uses_that_name)
{
	RUN_IN(version, ((struct cli_env){ 0 }), "/opt/bin/viceroy", "-V");
	assert_int_equal(strncmp(version.out, "viceroy ", 8), 0);
	assert_has(version.out, "(backlot, wasmtime ");
	RUN_IN(usage, ((struct cli_env){ 0 }), "viceroy");
	assert_has(usage.err, "Usage: viceroy ");
	assert_has(usage.err, "viceroy --help");
	RUN_IN(other, ((struct cli_env){ 0 }), "/opt/viceroy/bin/bl", "-V");
	assert_int_equal(strncmp(other.out, "backlot ", 8), 0);
}

TEST(usage_errors_go_to_stderr_with_the_usage)
{
	RUN(none);
	assert_int_equal(none.code, CLI_USAGE);
	assert_string_equal(none.out, "");
	assert_has(none.err, "error: ");
	assert_has(none.err, "Usage: backlot COMMAND");
	RUN(unknown, "serve", "--no-such-option", "x");
	assert_int_equal(unknown.code, CLI_USAGE);
	assert_has(unknown.err, "--no-such-option");
	assert_has(unknown.err, "Usage: backlot serve [OPTIONS] [DIR|WASM]");
	assert_has(unknown.err, "backlot serve --help");
}

TEST(help_goes_to_stdout)
{
	RUN(all, "--help");
	assert_int_equal(all.code, CLI_PASSED);
	assert_string_equal(all.err, "");
	for (size_t i = 0; i < COMMANDS; i++)
		assert_has(all.out, command_rows[i].summary);
	RUN(run, "run", "-h");
	assert_has(run.out, "Usage: backlot run [OPTIONS] WASM [ARGS…]");
	assert_has_not(run.out, "--filter");
	RUN(same, "help", "run");
	RUN(long_run, "run", "--help");
	assert_string_equal(same.out, long_run.out);
	assert_true(strlen(run.out) < strlen(long_run.out));
}

TEST(every_commands_help_has_its_options_and_no_others)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		RUN(r, "help", command_rows[i].name);
		for (size_t k = 0; k < OPTIONS; k++) {
			char name[80];
			snprintf(name, sizeof name, "--%s", option_rows[k].name);
			const char *at = strstr(r.out, name);
			if (option_rows[k].commands & 1u << i)
				assert_non_null(at);
		}
	}
}

TEST(help_lines_fit_a_terminal)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		RUN(r, "help", command_rows[i].name);
		for (struct str rest = str_from(r.out); rest.ptr;) {
			struct str line = str_split(&rest, '\n');
			if (line.len > 104) /* bytes: a line may hold a few signs of several */
				fail_msg("too wide: " STR_FMT, STR_ARG(line));
			assert_true(line.len == 0 || line.ptr[line.len - 1] != ' ');
		}
	}
}

/* ---- colours ---- */

static bool coloured(struct cli_env env, const char *when)
{
	RUN_IN(r, env, "backlot", "help", when);
	return strchr(r.out, '\033') != NULL;
}

static const char *dumb_terminal(const char *name)
{
	return strcmp(name, "TERM") == 0 ? "dumb" : NULL;
}

TEST(colours_are_for_terminals_unless_asked_for)
{
	struct cli_env terminal = { .out_terminal = true }, file = { 0 };
	assert_true(coloured(terminal, "--color=auto"));
	assert_false(coloured(file, "--color=auto"));
	assert_true(coloured(file, "--color=always"));
	assert_false(coloured(terminal, "--color=never"));
	terminal.no_color = true;
	assert_false(coloured(terminal, "--color=auto"));
	assert_true(coloured(terminal, "--color=always"));
	terminal.no_color = false;
	terminal.lookup = dumb_terminal;
	assert_false(coloured(terminal, "--color=auto"));
}

/* ---- the input ---- */

TEST(an_input_that_is_not_there_is_a_usage_error)
{
	RUN(r, "path/to/a/nonexistent/file");
	assert_int_equal(r.code, CLI_USAGE);
	assert_has(r.err, "path/to/a/nonexistent/file: No such file or directory");
	RUN(slip, "inspekt");
	assert_has(slip.err, "did you mean the command 'inspect'?");
	RUN(named, "serve", "inspekt");
	assert_has_not(named.err, "did you mean");
	RUN(adapt, "adapt");
	assert_has(adapt.err, "no Wasm file is given");
}

TEST(an_input_that_is_no_wasm_is_a_usage_error)
{
	const char *text = test_write("invalid.wat", STR("This is not a valid wat file\n"));
	RUN(bad, text);
	assert_int_equal(bad.code, CLI_USAGE);
	assert_has(bad.err, "Expected a valid Wasm file");
	const char *empty = test_write("empty.wasm", STR(""));
	RUN(none, "run", empty);
	assert_int_equal(none.code, CLI_USAGE);
	assert_has(none.err, "Expected a valid Wasm file");
	const char *half = test_write("half.wasm", STR("\0asm\1"));
	RUN(cut, "inspect", half);
	assert_int_equal(cut.code, CLI_USAGE);
	assert_has(cut.err, "Expected a valid Wasm file");
	RUN(folder, "run", test_dir());
	assert_int_equal(folder.code, CLI_USAGE);
	assert_has(folder.err, "Expected a valid Wasm file, and this is a folder");
	assert_int_equal(mkfifo(test_path("pipe"), 0600), 0);
	RUN(pipe, "inspect", test_path("pipe"));
	assert_int_equal(pipe.code, CLI_USAGE);
	assert_has(pipe.err, "this is no regular file");
}

/* ---- what cannot be written ---- */

TEST(output_that_cannot_be_written_is_a_failure)
{
	char *err;
	size_t err_len;
	struct cli_env env = { .out = fopen("/dev/full", "w"),
			       .err = open_memstream(&err, &err_len),
			       .lookup = no_variable };
	if (!env.out)
		skip();
	const char *argv[] = { "backlot", "help", "--man", NULL };
	assert_int_equal(cli_main(3, (char **)argv, &env), CLI_INTERNAL);
	fclose(env.out);
	fclose(env.err);
	assert_has(err, "could not be written");
	free(err);
}

/* ---- the cache folder ---- */

static const char *both(const char *name)
{
	return strcmp(name, "XDG_CACHE_HOME") == 0 ? "/x" : strcmp(name, "HOME") == 0 ? "/h" : NULL;
}

static const char *home(const char *name)
{
	return strcmp(name, "HOME") == 0 ? "/h" : strcmp(name, "XDG_CACHE_HOME") == 0 ? "" : NULL;
}

static const char *relative(const char *name)
{
	return strcmp(name, "XDG_CACHE_HOME") == 0 ? "x" : NULL;
}

TEST(compiled_code_is_kept_where_xdg_says)
{
	struct arena a;
	arena_init(&a);
	assert_string_equal(code_cache_folder(&a, both), "/x/backlot");
	assert_string_equal(code_cache_folder(&a, home), "/h/.cache/backlot");
	assert_null(code_cache_folder(&a, relative));
	assert_null(code_cache_folder(&a, no_variable));
	arena_fini(&a);
}

/* ---- backlot cache ---- */

static const char *fill_cache(void)
{
	char name[96];
	const char *folder = test_path("backlot");
	assert_int_equal(mkdir(folder, 0700), 0);
	for (char c = 'a'; c <= 'c'; c++) {
		memset(name, c, 8 + 64);
		memcpy(name, "backlot/", 8);
		memcpy(name + 8 + 64, ".cwasm", 7);
		test_write(name, STR("0123456789"));
	}
	test_write("backlot/notes.txt", STR("mine"));
	return folder;
}

TEST(the_cache_is_listed)
{
	struct cli_env env = { .cache_folder = fill_cache() };
	RUN_IN(ls, env, "backlot", "cache");
	assert_int_equal(ls.code, CLI_PASSED);
	assert_has(ls.out, "bbbbbbbbbbbbbbbb");
	assert_has(ls.out, "3 guests, 30 B of at most 2.0 GiB");
	RUN_IN(json, env, "backlot", "cache", "ls", "--json");
	assert_has(json.out, "\"bytes\": 30,");
	assert_has(json.out, "\"bytes\": 10, \"used_s\": ");
	RUN_IN(path, env, "backlot", "cache", "path");
	assert_has(path.out, env.cache_folder);
}

TEST(clearing_the_cache_leaves_what_is_not_ours)
{
	struct cli_env env = { .cache_folder = fill_cache() };
	struct stat st;
	RUN_IN(r, env, "backlot", "cache", "clear");
	assert_int_equal(r.code, CLI_PASSED);
	assert_string_equal(r.out, "removed 3 guests, 30 B\n");
	assert_int_equal(stat(test_path("backlot/notes.txt"), &st), 0);
	RUN_IN(again, env, "backlot", "cache", "clear");
	assert_string_equal(again.out, "removed 0 guests, 0 B\n");
}

TEST(a_cache_that_was_never_used_is_empty)
{
	struct cli_env env = { .cache_folder = test_path("never/made") };
	RUN_IN(ls, env, "backlot", "cache", "ls");
	assert_int_equal(ls.code, CLI_PASSED);
	assert_has(ls.out, "0 guests");
	RUN_IN(clear, env, "backlot", "cache", "clear");
	assert_int_equal(clear.code, CLI_PASSED);
}

TEST(a_cache_that_cannot_be_read_is_an_error)
{
	struct cli_env env = { .cache_folder = test_write("file", STR("")) };
	RUN_IN(ls, env, "backlot", "cache", "ls");
	assert_int_equal(ls.code, CLI_USAGE);
	RUN_IN(clear, env, "backlot", "cache", "clear");
	assert_int_equal(clear.code, CLI_USAGE);
	RUN(nowhere, "cache", "ls");
	assert_int_equal(nowhere.code, CLI_USAGE);
	assert_has(nowhere.err, "neither XDG_CACHE_HOME nor HOME");
	RUN_IN(json, env, "backlot", "cache", "clear", "--json");
	assert_int_equal(json.code, CLI_USAGE);
}
