/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "cli/help.h"
#include "cli/input.h"
#include "guest/wasm/engine.h"

static int (*const functions[COMMANDS])(const struct cli_options *) = {
	[COMMAND_TEST] = cmd_test,   [COMMAND_INIT] = cmd_init,   [COMMAND_TYPES] = cmd_types,
	[COMMAND_SERVE] = cmd_serve, [COMMAND_RUN] = cmd_run,     [COMMAND_INSPECT] = cmd_inspect,
	[COMMAND_ADAPT] = cmd_adapt, [COMMAND_CACHE] = cmd_cache, [COMMAND_HELP] = cmd_help,
};

int cli_error(const struct cli_options *o, int code, const struct error *e)
{
	fprintf(o->env->err, "%serror:%s %s\n", o->color_err ? "\033[1;31m" : "",
		o->color_err ? "\033[0m" : "", e->text);
	return code;
}

static bool use_color(const struct cli_options *o, bool terminal)
{
	const char *term = o->env->lookup("TERM");
	if (o->color != COLOR_AUTO)
		return o->color == COLOR_ALWAYS;
	return terminal && !o->env->no_color && !(term && strcmp(term, "dumb") == 0);
}

static void print_version(const struct cli_options *o)
{
	fprintf(o->env->out, "%s " BACKLOT_VERSION " (%swasmtime " WASMTIME_VERSION ")\n", o->program,
		strcmp(o->program, "backlot") == 0 ? "" : "backlot, ");
}

static int usage_error(const struct cli_options *o, const struct error *e)
{
	cli_error(o, CLI_USAGE, e);
	fputc('\n', o->env->err);
	help_usage(o, o->env->err);
	fprintf(o->env->err, "\nAll options: %s%s%s --help\n", o->program, o->command_named ? " " : "",
		o->command_named ? command_rows[o->command].name : "");
	return CLI_USAGE;
}

/*
 * What Viceroy's log filter asks for, by levels: "info", "viceroy=debug,hyper=warn". Other programs' names do
 * not count.
 */
static unsigned rust_log_level(const char *text)
{
	static const char *const levels[] = { "info", "debug", "trace" };
	unsigned most = 0;
	for (struct str rest = str_from(text); rest.ptr;) {
		struct str directive = str_trim(str_split(&rest, ',')), level = directive;
		size_t equals = str_find_char(directive, '=');
		if (equals != STR_NONE) {
			if (!str_starts(directive, STR("viceroy")))
				continue;
			level = str_sub(directive, equals + 1, directive.len);
		}
		for (unsigned i = 0; i < COUNT_OF(levels); i++) {
			if (str_eq_nocase(level, str_from(levels[i])))
				most = MAX(most, i + 1);
		}
	}
	return most;
}

static int run(struct cli_options *o, int argc, char *const *argv, struct arena *a)
{
	struct error e;
	bool ok = options_parse(o, argc, argv, a, &e);
	o->color_out = use_color(o, o->env->out_terminal);
	o->color_err = use_color(o, o->env->err_terminal);
	if (!ok)
		return usage_error(o, &e);
	const char *rust_log = o->env->lookup("RUST_LOG");
	if (rust_log && strcmp(o->program, "viceroy") == 0)
		o->verbose = rust_log_level(rust_log);
	if (o->version) {
		print_version(o);
		return CLI_PASSED;
	}
	if (o->help) {
		help_print(o, o->env->out);
		return CLI_PASSED;
	}
	if (!input_check(o, &e))
		return cli_error(o, CLI_USAGE, &e);
	return functions[o->command](o);
}

static const char *program_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path;
	return name && strcmp(name, "viceroy") == 0 ? "viceroy" : "backlot";
}

int cli_main(int argc, char **argv, const struct cli_env *env)
{
	struct arena arena;
	arena_init(&arena);
	struct cli_options o = { .env = env, .program = program_name(argc > 0 ? argv[0] : NULL) };
	int code = run(&o, argc, argv, &arena);
	/* What could not be written was not said: a full disk behind `backlot help --man >page` is a failure.
	 */
	if ((fflush(env->out) != 0 || ferror(env->out)) && code == CLI_PASSED) {
		struct error e;
		FAIL(&e, IO, "the output could not be written: %s", strerror(errno));
		code = cli_error(&o, CLI_INTERNAL, &e);
	}
	fflush(env->err);
	arena_fini(&arena);
	return code;
}
