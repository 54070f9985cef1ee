/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/help.h"

int cmd_help(const struct cli_options *o)
{
	struct cli_options about = *o;
	FILE *out = o->env->out;
	if (o->man + o->markdown + cli_given(o, completion) + (o->operand_count > 0) > 1) {
		struct error e;
		FAIL(&e, INVALID,
		     "a command, --man, --markdown and --completion each print another text; ask for one of "
		     "them");
		return cli_error(o, CLI_USAGE, &e);
	}
	if (o->man)
		help_man(out);
	else if (o->markdown)
		help_markdown(out);
	else if (cli_given(o, completion))
		help_completion(o->completion, out);
	else {
		const struct command_row *row =
			o->operand_count ? command_find(str_from(o->operands[0])) : NULL;
		about.command_named = row != NULL;
		about.operand_count = 0;
		about.command = row ? (enum command)(row - command_rows) : COMMAND_SERVE;
		about.help_long = true;
		help_print(&about, out);
	}
	return CLI_PASSED;
}
