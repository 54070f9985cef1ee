/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/help.h"
#include "script/nearest.h"

static int help_for(const struct cli_options *asked, const char *name)
{
	struct cli_options o = *asked;
	const struct command_row *row = command_find(str_from(name));
	o.help_long = true;
	o.command_named = row != NULL;
	if (row) {
		o.command = (enum command)(row - command_rows);
		help_print(&o, o.env->out);
		return CLI_PASSED;
	}
	struct error e;
	struct nearest near = { .word = str_from(name) };
	for (size_t i = 0; i < COMMANDS; i++)
		nearest_try(&near, str_from(command_rows[i].name));
	if (near.best.ptr)
		FAIL(&e, INVALID, "there is no command '%s'; did you mean '" STR_FMT "'?", name,
		     STR_ARG(near.best));
	else
		FAIL(&e, INVALID, "there is no command '%s'; '%s help' lists them", name, o.program);
	return cli_error(&o, CLI_USAGE, &e);
}

int cmd_help(const struct cli_options *o)
{
	if (o->operand_count > 0)
		return help_for(o, o->operands[0]);
	if (o->man)
		help_man(o->env->out);
	else if (o->markdown)
		help_markdown(o->env->out);
	else if (cli_given(o, completion))
		help_completion(o->completion, o->env->out);
	else {
		struct cli_options all = *o;
		all.command_named = false;
		all.help_long = true;
		help_print(&all, o->env->out);
	}
	return CLI_PASSED;
}
