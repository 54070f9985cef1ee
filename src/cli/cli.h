/* SPDX-License-Identifier: Apache-2.0 */
/* The command `backlot`: what it was asked (struct cli_options), where it runs (struct cli_env), and one
 * function a command. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "cli/access_log.h"
#include "cli/options.h"
#include "guest/wasm/profile.h"
#include "net/address.h"
#include "report/report.h"
#include "runner/run_net.h"
#include "world/limits.h"

enum cli_exit {
#define EXIT(id, code, meaning) CLI_##id = (code),
#include "cli/options.def"
};

/* What the process is given. main.c makes the real one, tests make their own. All of it outlives cli_main().
 */
struct cli_env {
	FILE *out, *err;
	bool out_terminal, err_terminal;
	bool no_color;                           /* NO_COLOR is set and not empty */
	const char *(*lookup)(const char *name); /* an environment variable; NULL when it is not set */
	const char *cache_folder; /* NULL when there is none: neither XDG_CACHE_HOME nor HOME is set */
	const char *folder;       /* the current one, absolute */
};

/* In the order of CHOICES in options.def. */
enum cli_unknown_imports { UNKNOWN_IMPORTS_LINK_ERROR, UNKNOWN_IMPORTS_TRAP };
enum cli_http_cache { HTTP_CACHE_ON, HTTP_CACHE_OFF };
enum cli_order { ORDER_WRITTEN, ORDER_RANDOM };
enum cli_language { LANGUAGE_TYPESCRIPT, LANGUAGE_FIDDLE };
enum cli_completion { COMPLETION_BASH, COMPLETION_ZSH, COMPLETION_FISH };
enum cli_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* The part of the files that is run, from 1, and of how many; count 0: all are. */
struct cli_shard {
	unsigned index, count;
};

enum { SHARDS_MAX = 1000 };

enum { REPORTS_MAX = 8 };

/* What --reporter asks for. */
struct cli_reports {
	struct {
		enum report_id id;
		const char *file; /* NULL: standard output */
	} at[REPORTS_MAX];
	size_t count;
};

/*
 * A command line that was read and checked. Strings are borrowed from argv and from the arena, which outlive
 * the command. Options that the command does not take have their defaults. Options that are refused have no
 * member worth reading.
 */
struct cli_options {
	const struct cli_env *env;
	const char *program; /* "backlot", or "viceroy" when called by that name; for messages */
	enum command command;
	bool command_named; /* false: `serve` because no command was named */
	bool color_out, color_err;

	const char *const *operands; /* NULL-ended; test: paths, cache: what to do, help: a command */
	size_t operand_count;
	const char *input; /* serve, run, inspect: the file (serve: or folder), which was there; else NULL */
	const char *const *guest_args; /* run: what follows WASM; NULL-ended, maybe empty */

	uint64_t given; /* see cli_given() */

	/* One member an option of options.def. */
	struct net_address addr;
	bool tls;
	const char *tls_cert, *tls_key, *tls_client_ca;
	const char *config;
	bool log_stdout, log_stderr;
	enum cli_unknown_imports unknown_imports;
	bool wasm_exceptions, wasm_gc, wasm_cm_gc, adapt;
	struct profile_options profile; /* without a path: the command's own */
	uint64_t pushpin_port;
	bool websocket_passthrough;
	unsigned experimental_modules;
	bool debug_info;
	bool watch;
	uint64_t shutdown_timeout_ns;
	enum access_format log_format;
	const char *access_log;
	struct net_address admin; /* look at cli_given(o, admin) */
	const char *admin_token_file;
	uint64_t pops, kv_delay_ns, purge_delay_ns;
	enum limits_mode limits; /* look at cli_given(o, limits) */
	const char *limits_profile;
	enum cli_http_cache http_cache;
	const char *service;
	enum cli_language language;
	const char *filter;
	uint64_t jobs; /* 0: one a core */
	struct cli_reports reports;
	uint64_t retry, repeat;
	enum cli_order order;
	bool check_determinism;
	struct cli_shard shard;
	const char *timings;
	bool update;
	uint64_t seed; /* look at cli_given(o, seed) */
	bool bail, list, strict;
	enum run_net net; /* of the choices' order, too */
	const char *target, *target_ca;
	const char *redact;
	uint64_t timeout_ns, memory_mib;
	const char *output;
	bool json, abi, man, markdown;
	enum cli_completion completion;
	unsigned verbose;
	enum cli_color color;
	bool help, help_long, version;
};

/* Was the option on the command line? cli_given(o, seed) */
#define cli_given(o, member) (((o)->given >> OPTION_##member & 1) != 0)

/* The whole program: reads the arguments, runs the command, says what is wrong with either; returns the exit
 * code. */
int cli_main(int argc, char **argv, const struct cli_env *env);

/* Prints "error: …" to the environment's err, in red on a terminal, and yields `code`. */
int cli_error(const struct cli_options *o, int code, const struct error *e);

/* Commands: each prints to o->env->out and err, and returns the exit code. */
int cmd_test(const struct cli_options *o);
int cmd_init(const struct cli_options *o);
int cmd_types(const struct cli_options *o);
int cmd_serve(const struct cli_options *o);
int cmd_run(const struct cli_options *o);
int cmd_inspect(const struct cli_options *o);
int cmd_adapt(const struct cli_options *o);
int cmd_cache(const struct cli_options *o);
int cmd_help(const struct cli_options *o);

#endif
