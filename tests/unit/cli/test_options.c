/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_setup.h"

/* ---- commands and operands ---- */

TEST(a_command_is_named_by_the_first_operand)
{
	PARSE(p, "run", "x.wasm");
	assert_parsed(p);
	assert_int_equal(p.o.command, COMMAND_RUN);
	assert_true(p.o.command_named);
	assert_string_equal(p.o.input, "x.wasm");
}

TEST(serve_is_the_command_when_none_is_named)
{
	PARSE(p, "x.wasm");
	assert_parsed(p);
	assert_int_equal(p.o.command, COMMAND_SERVE);
	assert_false(p.o.command_named);
	assert_string_equal(p.o.input, "x.wasm");
}

TEST(a_file_with_a_commands_name_is_named_by_a_path_or_behind_dashes)
{
	PARSE(path, "./run");
	assert_int_equal(path.o.command, COMMAND_SERVE);
	assert_string_equal(path.o.input, "./run");
	PARSE(dashes, "--", "run");
	assert_parsed(dashes);
	assert_int_equal(dashes.o.command, COMMAND_SERVE);
	assert_string_equal(dashes.o.input, "run");
}

TEST(options_may_stand_before_the_command)
{
	PARSE(p, "-v", "--color", "never", "-C", "f.toml", "run", "x.wasm");
	assert_parsed(p);
	assert_int_equal(p.o.command, COMMAND_RUN);
	assert_int_equal(p.o.verbose, 1);
	assert_int_equal(p.o.color, COLOR_NEVER);
	assert_string_equal(p.o.config, "f.toml");
	assert_string_equal(p.o.input, "x.wasm");
}

TEST(options_and_operands_stand_in_any_order)
{
	PARSE(p, "test", "a", "--bail", "b", "--seed", "7", "c");
	assert_parsed(p);
	assert_int_equal(p.o.operand_count, 3);
	assert_string_equal(p.o.operands[0], "a");
	assert_string_equal(p.o.operands[1], "b");
	assert_string_equal(p.o.operands[2], "c");
	assert_null(p.o.operands[3]);
	assert_true(p.o.bail);
	assert_int_equal(p.o.seed, 7);
}

TEST(dashes_end_the_options)
{
	PARSE(p, "test", "--", "--bail", "--", "-v");
	assert_parsed(p);
	assert_false(p.o.bail);
	assert_int_equal(p.o.operand_count, 3);
	assert_string_equal(p.o.operands[0], "--bail");
	assert_string_equal(p.o.operands[1], "--");
	assert_string_equal(p.o.operands[2], "-v");
}

TEST(a_dash_alone_and_an_empty_word_are_operands)
{
	PARSE(p, "test", "-", "");
	assert_parsed(p);
	assert_string_equal(p.o.operands[0], "-");
	assert_string_equal(p.o.operands[1], "");
}

TEST(nothing_at_all_is_a_usage_error)
{
	assert_refused("neither a command nor a Wasm file");
	assert_refused("neither a command nor a Wasm file", "-v");
	assert_refused("neither a command nor a Wasm file", "--");
}

TEST(operands_are_counted)
{
	assert_refused("no Wasm file is given", "run");
	assert_refused("no Wasm file is given", "inspect");
	assert_refused("unexpected argument 'y.wasm'", "serve", "x.wasm", "y.wasm");
	assert_refused("unexpected argument 'y.wasm'", "x.wasm", "y.wasm");
	assert_refused("unexpected argument 'b'", "inspect", "a", "b");
	PARSE(serve, "serve");
	assert_parsed(serve);
	assert_null(serve.o.input);
	PARSE(test, "test");
	assert_parsed(test);
	assert_int_equal(test.o.operand_count, 0);
}

TEST(operands_that_are_words_are_checked)
{
	PARSE(p, "cache", "clear");
	assert_parsed(p);
	assert_string_equal(p.o.operands[0], "clear");
	assert_refused("did you mean 'clear'?", "cache", "claer");
	assert_refused("there are ls, clear, path", "cache", "x");
	assert_refused("did you mean 'inspect'?", "help", "inspct");
}

TEST(inspect_takes_a_file_or_abi)
{
	PARSE(p, "inspect", "--abi");
	assert_parsed(p);
	assert_true(p.o.abi);
	assert_null(p.o.input);
	assert_refused("leave out one of the two", "inspect", "--abi", "x.wasm");
}

TEST(adapt_takes_a_file_and_an_output)
{
	PARSE(p, "adapt", "x.wasm", "-o", "y.wasm");
	assert_parsed(p);
	assert_int_equal(p.o.command, COMMAND_ADAPT);
	assert_string_equal(p.o.input, "x.wasm");
	assert_string_equal(p.o.output, "y.wasm");
	assert_refused("unexpected argument 'z.wasm'", "adapt", "x.wasm", "z.wasm");
}

/* ---- the guest's own arguments ---- */

static void assert_guest_args(const struct parsed *p, const char *joined)
{
	char text[256] = "";
	assert_parsed(*p);
	assert_string_equal(p->o.input, "g");
	for (const char *const *arg = p->o.guest_args; *arg; arg++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", *arg);
	assert_string_equal(text, joined);
}

TEST(what_follows_the_guest_is_the_guests)
{
	PARSE(none, "run", "g");
	assert_guest_args(&none, "");
	PARSE(plain, "run", "g", "--trailing-arg", "-x");
	assert_guest_args(&plain, "--trailing-arg -x ");
	PARSE(foreign, "run", "-v", "g", "--help", "-v", "--config=x");
	assert_guest_args(&foreign, "--help -v --config=x ");
	assert_int_equal(foreign.o.verbose, 1);
	assert_false(foreign.o.help);
	assert_null(foreign.o.config);
}

TEST(options_of_run_are_read_behind_the_guest_until_a_word_is_none)
{
	PARSE(p, "run", "g", "-C", "f", "--log-stdout", "-v", "x", "--log-stderr");
	assert_guest_args(&p, "x --log-stderr ");
	assert_string_equal(p.o.config, "f");
	assert_true(p.o.log_stdout);
	assert_false(p.o.log_stderr);
	assert_int_equal(p.o.verbose, 1);
	PARSE(apart, "run", "g", "-v", "--", "-C", "f");
	assert_guest_args(&apart, "-C f ");
	assert_null(apart.o.config);
	assert_refused("-C needs a value", "run", "g", "-C");
}

TEST(dashes_may_stand_before_or_behind_the_guest)
{
	PARSE(behind, "run", "g", "--", "--trailing-arg", "-x");
	assert_guest_args(&behind, "--trailing-arg -x ");
	PARSE(before, "run", "-C", "f", "--", "g", "--trailing-arg", "-x");
	assert_guest_args(&before, "--trailing-arg -x ");
	assert_string_equal(before.o.config, "f");
	/* Only one separates; the next is the guest's. */
	PARSE(both, "run", "--", "g", "--", "x");
	assert_guest_args(&both, "-- x ");
	PARSE(twice, "run", "g", "--", "--", "x");
	assert_guest_args(&twice, "-- x ");
}

TEST(other_commands_have_no_guest_arguments)
{
	PARSE(p, "serve", "g");
	assert_parsed(p);
	assert_non_null(p.o.guest_args);
	assert_null(p.o.guest_args[0]);
}

/* ---- options ---- */

TEST(a_value_stands_behind_a_space_or_an_equals_sign)
{
	PARSE(space, "test", "--filter", "a=b");
	assert_string_equal(space.o.filter, "a=b");
	PARSE(equals, "test", "--filter=a=b");
	assert_string_equal(equals.o.filter, "a=b");
	PARSE(letter, "test", "-C", "f");
	assert_string_equal(letter.o.config, "f");
	PARSE(joined, "test", "-Cf");
	assert_string_equal(joined.o.config, "f");
	PARSE(letter_equals, "test", "-C=f");
	assert_string_equal(letter_equals.o.config, "f");
	PARSE(dash, "test", "-C", "-");
	assert_string_equal(dash.o.config, "-");
}

TEST(letters_may_be_joined)
{
	PARSE(p, "test", "-vvvC", "f", "-v");
	assert_parsed(p);
	assert_int_equal(p.o.verbose, 4);
	assert_string_equal(p.o.config, "f");
	PARSE(joined, "test", "-vvCf");
	assert_int_equal(joined.o.verbose, 2);
	assert_string_equal(joined.o.config, "f");
}

TEST(defaults_are_there_and_not_given)
{
	PARSE(p, "serve", "x.wasm");
	assert_int_equal(p.o.addr.port, 7676);
	assert_memory_equal(p.o.addr.ip, "\x7f\0\0\1", 4);
	assert_int_equal(p.o.unknown_imports, UNKNOWN_IMPORTS_LINK_ERROR);
	assert_int_equal(p.o.net, RUN_NET_NONE);
	assert_int_equal(p.o.color, COLOR_AUTO);
	assert_int_equal(p.o.timeout_ns, UINT64_C(5000000000));
	assert_null(p.o.config);
	assert_int_equal(p.o.given, 0);
}

TEST(what_was_given_is_known)
{
	PARSE(p, "test", "--seed", "0");
	assert_true(cli_given(&p.o, seed));
	assert_false(cli_given(&p.o, jobs));
}

TEST(choices_are_their_place_in_the_list)
{
	PARSE(imports, "run", "--unknown-import-behavior=trap", "g");
	assert_int_equal(imports.o.unknown_imports, UNKNOWN_IMPORTS_TRAP);
	PARSE(net, "test", "--net", "real");
	assert_int_equal(net.o.net, RUN_NET_REAL);
	PARSE(always, "test", "--color", "always");
	assert_int_equal(always.o.color, COLOR_ALWAYS);
	PARSE(fish, "help", "--completion", "fish");
	assert_int_equal(fish.o.completion, COMPLETION_FISH);
	assert_refused("possible values: none, real", "test", "--net", "some");
	assert_refused("possible values: link-error, trap", "run", "--unknown-import-behavior", "Trap", "g");
}

TEST(reports_are_a_list)
{
	PARSE(p, "test", "--reporter", "junit=a=b.xml", "--reporter=tap", "--reporter=json=x.json");
	assert_parsed(p);
	assert_int_equal(p.o.reports.count, 3);
	assert_int_equal(p.o.reports.at[0].id, REPORT_JUNIT);
	assert_string_equal(p.o.reports.at[0].file, "a=b.xml");
	assert_int_equal(p.o.reports.at[1].id, REPORT_TAP);
	assert_null(p.o.reports.at[1].file);
	assert_string_equal(p.o.reports.at[2].file, "x.json");
	assert_refused("possible values: pretty, tap, junit, json, github", "test", "--reporter", "xml");
	assert_refused("possible values: pretty, tap, junit, json, github", "test", "--reporter", "junit:x");
	assert_refused("no file is named", "test", "--reporter", "junit=");
	assert_refused("one report too many", "test", "--reporter=tap=1", "--reporter=tap=2",
		       "--reporter=tap=3", "--reporter=tap=4", "--reporter=tap=5", "--reporter=tap=6",
		       "--reporter=tap=7", "--reporter=tap=8", "--reporter=tap=9");
}

TEST(numbers_have_limits)
{
	PARSE(p, "test", "--jobs", "256", "--seed", "18446744073709551615");
	assert_parsed(p);
	assert_int_equal(p.o.jobs, 256);
	assert_true(p.o.seed == UINT64_MAX);
	assert_refused("from 1 to 256", "test", "--jobs", "0");
	assert_refused("from 1 to 256", "test", "--jobs", "257");
	assert_refused("from 1 to 256", "test", "--jobs", "1x");
	assert_refused("from 1 to 256", "test", "--jobs=-1");
	assert_refused("whole number", "test", "--seed", "18446744073709551616");
	assert_refused("from 0 to 65535", "run", "--local-pushpin-proxy-port", "70000", "g");
}

TEST(a_refused_value_is_named_with_its_option)
{
	assert_refused("invalid value '999.0.0.1:7676' for --addr: invalid socket address syntax", "--addr",
		       "999.0.0.1:7676", "g");
	assert_refused("invalid value '5parsecs' for --timeout", "test", "--timeout=5parsecs");
}

TEST(a_value_that_is_missing_is_missed)
{
	assert_refused("--config needs a value: --config FILE", "run", "--config");
	assert_refused("-C needs a value", "run", "-C");
	assert_refused("-C needs a value", "run", "-vC");
	assert_refused("--config needs a value", "run", "--config", "--log-stdout", "g");
	assert_refused("--config needs a value", "run", "--config", "--", "g");
	assert_refused("it is empty", "run", "--config=", "g");
	assert_refused("it is empty", "run", "--config", "", "g");
	assert_refused("it is empty", "run", "-C=", "g");
}

TEST(a_flag_takes_no_value)
{
	assert_refused("--bail takes no value", "test", "--bail=true");
	assert_refused("--bail takes no value", "test", "--bail=");
	assert_refused("-v takes no value", "test", "-v=3");
}

TEST(an_option_that_is_given_twice_is_refused)
{
	assert_refused("--bail is given twice", "test", "--bail", "--bail");
	assert_refused("-C is given twice", "test", "--config", "a", "-C", "b");
}

TEST(unknown_options_are_named_with_the_nearest)
{
	assert_refused("unknown option '--no-such-option'", "serve", "--no-such-option", "g");
	assert_refused("did you mean '--log-stdout'?", "serve", "--log-stdou", "g");
	assert_refused("did you mean '--filter'?", "test", "--fitler=x");
	/* What another command takes is not suggested. */
	PARSE(p, "run", "--fitler", "g");
	assert_false(p.ok);
	assert_has_not(p.e.text, "did you mean");
	assert_refused("unknown option '-x'", "test", "-x");
	assert_refused("unknown option '-x'", "test", "-vx");
	assert_refused("unknown option '--'", "test", "--=x");
	assert_refused("unknown option '--conf'", "test", "--conf", "f"); /* not shortened */
}

TEST(an_option_of_another_command_says_whose_it_is)
{
	assert_refused("--addr is no option of 'run', but of 'serve'", "run", "--addr", "127.0.0.1:1", "g");
	assert_refused("--filter is no option of 'serve', but of 'test'", "--filter", "x", "g");
	assert_refused("--json is no option of 'test', but of 'inspect'", "test", "--json");
}

TEST(what_is_not_supported_yet_is_refused_not_ignored)
{
	assert_refused("--wasm-cm-gc is not supported yet: ", "serve", "--wasm-cm-gc", "g");
	assert_refused("--experimental_modules is not supported yet: ", "g", "--experimental_modules",
		       "wasi-nn");
	PARSE(p, "run", "--wasm-exceptions", "--wasm-gc", "g");
	assert_parsed(p);
	assert_true(p.o.wasm_exceptions && p.o.wasm_gc);
	PARSE(debugged, "run", "-g", "g");
	assert_parsed(debugged);
	assert_true(debugged.o.debug_info);
}

TEST(websockets_are_passed_on_unless_that_is_off)
{
	PARSE(usual, "run", "g");
	assert_true(usual.o.websocket_passthrough);
	PARSE(off, "run", "--enable-local-websocket-passthrough=false", "g");
	assert_parsed(off);
	assert_false(off.o.websocket_passthrough);
	/* Its value needs an equals sign, so this one is the guest's file. */
	PARSE(bare, "run", "--enable-local-websocket-passthrough", "false");
	assert_parsed(bare);
	assert_true(bare.o.websocket_passthrough);
	assert_refused("possible values: false, true", "run", "--enable-local-websocket-passthrough=no", "g");
	PARSE(grip, "g", "--local-pushpin-proxy-port", "7999");
	assert_parsed(grip);
	assert_int_equal(grip.o.pushpin_port, 7999);
}

TEST(a_profiling_strategy_has_a_path_and_a_period)
{
	static const struct {
		const char *text;
		enum profile_strategy strategy;
		const char *path;
		uint64_t period_ns;
	} good[] = {
		{ "jitdump", PROFILE_JITDUMP, "", 50000 },
		{ "perfmap", PROFILE_PERFMAP, "", 50000 },
		{ "vtune", PROFILE_VTUNE, "", 50000 },
		{ "guest", PROFILE_GUEST, "", 50000 },
		{ "guest,dir", PROFILE_GUEST, "dir", 50000 },
		{ "guest,a/b,1ms", PROFILE_GUEST, "a/b", 1000000 },
		{ "guest,dir,2", PROFILE_GUEST, "dir", UINT64_C(2000000000) },
	};
	static const char *const bad[] = { "invalid_profiling_strategy",
					   "guest,",
					   "guest,,1ms",
					   "guest,dir,",
					   "guest,dir,0",
					   "guest,dir,1y",
					   "perfmap,x",
					   "Guest",
					   "guest,dir,1ms,x" };
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		PARSE(p, "run", "--profile", good[i].text, "g");
		assert_parsed(p);
		assert_int_equal(p.o.profile.strategy, good[i].strategy);
		assert_str(p.o.profile.path, good[i].path);
		assert_int_equal(p.o.profile.period_ns, good[i].period_ns);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_refused("not a profiling strategy", "run", "--profile", bad[i], "g");
}

/* ---- help and version ---- */

TEST(help_wins_over_what_comes_after_it)
{
	PARSE(p, "run", "--help", "--no-such-option");
	assert_parsed(p);
	assert_true(p.o.help && p.o.help_long);
	assert_int_equal(p.o.command, COMMAND_RUN);
	PARSE(brief, "run", "-vh", "--no-such-option");
	assert_parsed(brief);
	assert_true(brief.o.help && !brief.o.help_long);
	PARSE(joined, "run", "-hx");
	assert_parsed(joined);
	assert_refused("unknown option", "run", "--no-such-option", "--help");
}

TEST(help_before_a_command_is_that_commands)
{
	PARSE(p, "--help", "run");
	assert_parsed(p);
	assert_true(p.o.command_named);
	assert_int_equal(p.o.command, COMMAND_RUN);
	PARSE(all, "--help");
	assert_false(all.o.command_named);
	PARSE(version, "-V");
	assert_parsed(version);
	assert_true(version.o.version);
}

/* ---- the table ---- */

TEST(the_table_makes_sense)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &option_rows[i];
		bool no_value = row->kind == OPTION_FLAG || row->kind == OPTION_COUNT;
		assert_ptr_equal(option_find(str_from(row->name)), row);
		assert_true(!row->letter || option_find_letter(row->letter) == row);
		assert_int_equal(no_value, row->value == NULL);
		assert_int_equal(row->choices != NULL, row->kind == OPTION_CHOICE ||
							       row->kind == OPTION_SWITCH ||
							       row->kind == OPTION_REPORT);
		assert_true(row->kind != OPTION_NUMBER || row->most > row->least);
		assert_true(row->commands != 0);
		assert_true(strlen(row->summary) > 0 && row->summary[strlen(row->summary) - 1] != '.');
		assert_true(row->more[0] == '\0' || row->more[strlen(row->more) - 1] == '.');
		assert_true(!row->missing_for || row->missing);
	}
	for (size_t i = 0; i < COMMANDS; i++)
		assert_ptr_equal(command_find(str_from(command_rows[i].name)), &command_rows[i]);
	assert_null(option_find_letter('\0'));
	assert_null(option_find(STR("")));
	assert_null(command_find(STR("")));
}

/* ---- anything at all ---- */

static uint64_t random_state;

static uint64_t next_random(uint64_t below)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (random_state >> 33) % below;
}

/* A word that the table knows, often bent, or bytes without sense. */
static void random_word(char *out, size_t cap)
{
	static const char *const values[] = { "--",       "-",           "",   "=",    "x.wasm", "5s", "none",
					      "[::1]:80", "guest,a,1ms", "ls", "-vvCh" };
	const struct option_row *row = &option_rows[next_random(OPTIONS)];
	switch (next_random(6)) {
	case 0:
		snprintf(out, cap, "%s", command_rows[next_random(COMMANDS)].name);
		break;
	case 1:
		snprintf(out, cap, "--%s", row->name);
		break;
	case 2:
		snprintf(out, cap, "--%s=%s", row->name, values[next_random(COUNT_OF(values))]);
		break;
	case 3:
		snprintf(out, cap, "-%c%c", row->letter ? row->letter : 'v', (int)(1 + next_random(255)));
		break;
	default:
		snprintf(out, cap, "%s", values[next_random(COUNT_OF(values))]);
	}
	if (next_random(4) == 0 && *out)
		out[next_random(strlen(out))] = (char)(1 + next_random(255));
}

TEST(any_command_line_is_understood_or_refused_in_words)
{
	enum { ROUNDS = 100000, WORDS_MAX = 7, WORD_BYTES = 96 };
	for (unsigned round = 0; round < ROUNDS; round++) {
		static char words[WORDS_MAX][WORD_BYTES];
		const char *argv[WORDS_MAX + 2] = { "backlot" };
		size_t n = next_random(WORDS_MAX + 1);
		for (size_t i = 0; i < n; i++) {
			random_word(words[i], WORD_BYTES);
			argv[i + 1] = words[i];
		}
		scoped(parsed_free) struct parsed p;
		parse_argv(&p, argv);
		assert_true(p.o.command < COMMANDS);
		if (!p.ok) {
			assert_true(p.e.kind == ERROR_INVALID || p.e.kind == ERROR_UNSUPPORTED);
			assert_true(strlen(p.e.text) > 0);
		} else if (!p.o.help && !p.o.version) {
			assert_true(p.o.operand_count <= command_rows[p.o.command].most);
			assert_true(p.o.operand_count >= command_rows[p.o.command].fewest);
			assert_null(p.o.operands[p.o.operand_count]);
			assert_true(p.o.command != COMMAND_RUN || p.o.input);
			for (const char *const *arg = p.o.guest_args; *arg; arg++)
				assert_true(strlen(*arg) < WORD_BYTES);
		}
	}
}
