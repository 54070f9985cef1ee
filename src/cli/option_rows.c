/* SPDX-License-Identifier: Apache-2.0 */
/* options.def as tables that can be read at run time. */
#include <stddef.h>

#include "base/attr.h"
#include "cli/cli.h"
#include "cli/options.h"

static const char command_names[] = ""
#define COMMAND(id, cname, ...) cname "|"
#include "cli/options.def"
	;

#define FILES .files = true
#define WORDS(list) .words = (list)
#define COMMAND_NAMES .words = command_names

const struct command_row command_rows[COMMANDS] = {
#define COMMAND(id, cname, usage, min, max, operand, text, long_text) \
	[COMMAND_##id] = { .name = (cname),                           \
			   .operands = (usage),                       \
			   .fewest = (min),                           \
			   .most = (max),                             \
			   operand,                                   \
			   .summary = (text),                         \
			   .more = (long_text) },
#include "cli/options.def"
};

const struct exit_row exit_rows[] = {
#define EXIT(id, number, text) { (number), (text) },
#include "cli/options.def"
};
const size_t exit_rows_count = COUNT_OF(exit_rows);

const struct variable_row variable_rows[] = {
#define VARIABLE(vname, text) { (vname), (text) },
#include "cli/options.def"
};
const size_t variable_rows_count = COUNT_OF(variable_rows);

#define ANY .most = 0
#define CHOICES(list) .choices = (list)
#define RANGE(low, high) .least = (low), .most = (high)
#define OK .missing = NULL
#define MISSING(what) .missing = (what)
#define MISSING_FOR(which, what) .missing_for = (which), .missing = (what)

const struct option_row option_rows[OPTIONS] = {
#define OPTION(okind, member, oname, character, value_name, taken_by, limits, initial, text, long_text, \
	       refusal)                                                                                 \
	[OPTION_##member] = { .kind = OPTION_##okind,                                                   \
			      .name = (oname),                                                          \
			      .letter = (character),                                                    \
			      .value = (value_name),                                                    \
			      .commands = (taken_by),                                                   \
			      limits,                                                                   \
			      .standard = (initial),                                                    \
			      .summary = (text),                                                        \
			      .more = (long_text),                                                      \
			      refusal,                                                                  \
			      .offset = offsetof(struct cli_options, member) },
#include "cli/options.def"
};

#undef ANY
#undef CHOICES
#undef RANGE
#undef OK
#undef MISSING
#undef MISSING_FOR

/* A member has the type that its option's kind writes. */
typedef unsigned choice_member; /* any enum without negative values */
typedef const char *text_member;
#define FLAG bool
#define COUNT unsigned
#define TEXT text_member
#define NUMBER uint64_t
#define DURATION uint64_t
#define CHOICE choice_member
#define SWITCH bool
#define REPORT struct cli_reports
#define SHARD struct cli_shard
#define ADDRESS struct net_address
#define PROFILE struct profile_options
#define OPTION(okind, member, ...) \
	_Static_assert(sizeof(((struct cli_options *)NULL)->member) == sizeof(okind), "the type of " #member);
#include "cli/options.def"

const struct command_row *command_find(struct str name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (str_eq(name, str_from(command_rows[i].name)))
			return &command_rows[i];
	}
	return NULL;
}

const struct option_row *option_find(struct str name)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if (str_eq(name, str_from(option_rows[i].name)))
			return &option_rows[i];
	}
	return NULL;
}

const struct option_row *option_find_letter(char letter)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if (letter != '\0' && option_rows[i].letter == letter)
			return &option_rows[i];
	}
	return NULL;
}

bool choice_next(struct str *rest, struct str *choice)
{
	do
		*choice = str_split(rest, '|');
	while (choice->len == 0 && rest->ptr);
	return choice->len > 0;
}
