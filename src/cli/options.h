/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and options as tables (options.def), and reading a command line by them: `--name VALUE`,
 * `--name=VALUE`,
 * `-C VALUE`, `-CVALUE`, letters that are joined (-vv), options and operands in any order, `--` before
 * operands that look like options. The first operand is the command when it has a command's name; otherwise
 * the command is `serve`.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct cli_options;

enum command {
#define COMMAND(id, ...) COMMAND_##id,
#include "cli/options.def"
	COMMANDS
};

/* Sets of commands. */
enum {
#define COMMAND(id, ...) IN_##id = 1 << COMMAND_##id,
#include "cli/options.def"
	IN_ALL = (1 << COMMANDS) - 1,
};

enum option_id {
#define OPTION(kind, member, ...) OPTION_##member,
#include "cli/options.def"
	OPTIONS
};
_Static_assert(OPTIONS <= 64, "a bit of cli_options.given each");

enum option_kind {
	OPTION_FLAG,     /* bool; takes no value */
	OPTION_COUNT,    /* unsigned; takes no value, may be repeated */
	OPTION_TEXT,     /* const char *, not empty */
	OPTION_NUMBER,   /* uint64_t within limits */
	OPTION_DURATION, /* uint64_t, ns */
	OPTION_CHOICE,   /* an enum: the choice's place in the list */
	OPTION_SWITCH,   /* bool: --name is true, --name=true and --name=false */
	OPTION_REPORT,   /* struct cli_reports: NAME[=FILE], may be repeated */
	OPTION_SHARD,    /* struct cli_shard: I/N */
	OPTION_ADDRESS,  /* struct net_address */
	OPTION_PROFILE,  /* struct profile_options: a profiling strategy as Viceroy takes it */
};

struct command_row {
	const char *name, *operands, *summary, *more;
	size_t fewest, most;
	const char *words; /* what an operand may be, as a|b|c; NULL: anything */
	bool files;        /* operands are files */
};

struct exit_row {
	int code;
	const char *meaning;
};

struct variable_row {
	const char *name, *meaning;
};

struct option_row {
	enum option_kind kind;
	const char *name;
	char letter;       /* 0: none */
	const char *value; /* its name in the help; NULL when the option takes none */
	unsigned commands;
	const char *choices; /* a|b|c, or NULL */
	uint64_t least, most;
	const char *standard; /* the default; NULL: none */
	const char *summary, *more;
	const char *missing;     /* why it is refused; NULL when it works */
	const char *missing_for; /* only this value is refused; NULL: every value */
	size_t offset;           /* of its member in struct cli_options */
};

extern const struct exit_row exit_rows[];
extern const size_t exit_rows_count;
extern const struct variable_row variable_rows[];
extern const size_t variable_rows_count;
extern const struct command_row command_rows[COMMANDS];
extern const struct option_row option_rows[OPTIONS];

/* NULL when there is none of that name (or letter). */
const struct command_row *command_find(struct str name);
const struct option_row *option_find(struct str name);
const struct option_row *option_find_letter(char letter);

/* Walks a|b|c: for (struct str rest = str_from(row->choices), one; choice_next(&rest, &one);) */
bool choice_next(struct str *rest, struct str *choice);

/*
 * Reads argv[1] and what follows into `o`, whose `env` and `program` are set and whose other members are
 * zero. What it keeps is borrowed from argv and the arena. Stops at --help and --version, which win over
 * mistakes that come after them. An error's words are for the user; `o->command` is then what was understood
 * so far.
 */
must_use bool options_parse(struct cli_options *o, int argc, char *const *argv, struct arena *a,
			    struct error *e);

#endif
