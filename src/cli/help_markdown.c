/* SPDX-License-Identifier: Apache-2.0 */
/* docs/reference/cli.md. */
#include "cli/help.h"

/* Text in a cell of a table: a bar would end it. */
static void cell(FILE *to, const char *s)
{
	for (; *s; s++) {
		if (*s == '|' || *s == '*' || *s == '<' || *s == '_')
			fputc('\\', to);
		fputc(*s, to);
	}
}

static void code(FILE *to, const char *s)
{
	fputc('`', to);
	for (; *s; s++)
		fprintf(to, "%s%c", *s == '|' ? "\\" : "", *s); /* in a table even in code */
	fputc('`', to);
}

static void print_choices(FILE *to, const char *choices)
{
	const char *separator = " ";
	for (struct str rest = str_from(choices), one; choice_next(&rest, &one); separator = ", ")
		fprintf(to, "%s`" STR_FMT "`", separator, STR_ARG(one));
	fputc('.', to);
}

static void print_option(FILE *to, const struct option_row *row)
{
	fputs("| ", to);
	if (row->letter)
		fprintf(to, "`-%c`, ", row->letter);
	if (row->value)
		fprintf(to, "`--%s%s%s%s`", row->name, row->kind == OPTION_SWITCH ? "[=" : " ", row->value,
			row->kind == OPTION_SWITCH ? "]" : "");
	else
		fprintf(to, "`--%s`", row->name);
	fputs(" | ", to);
	if (row->standard)
		code(to, row->standard);
	fputs(" | ", to);
	cell(to, row->summary);
	fputc('.', to);
	if (row->choices) {
		fputs(" One of", to);
		print_choices(to, row->choices);
	}
	if (row->more[0]) {
		fputc(' ', to);
		cell(to, row->more);
	}
	if (row->missing) {
		fprintf(to, " **Not supported yet%s%s**: ", row->missing_for ? " for " : "",
			row->missing_for ? row->missing_for : "");
		cell(to, row->missing);
		fputc('.', to);
	}
	fputs(" |\n", to);
}

static void print_options(FILE *to, unsigned set, bool everywhere)
{
	bool begun = false;
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &option_rows[i];
		if (!(row->commands & set) || (row->commands == IN_ALL) != everywhere)
			continue;
		if (!begun)
			fputs("\n| Option | Default | |\n|---|---|---|\n", to);
		begun = true;
		print_option(to, row);
	}
}

void help_markdown(FILE *to)
{
	fprintf(to,
		"# The command line\n\n<!-- Printed by `backlot help --markdown` from src/cli/options.def; "
		"`make docs` prints it anew. "
		"-->\n\n%s\n\n```\nbacklot COMMAND [OPTIONS] …\nbacklot [OPTIONS] WASM\n```\n\n",
		help_intro);
	fputs("Options and operands may stand in any order; what follows `--` is no option. A value stands "
	      "behind a space or an equals "
	      "sign.\n",
	      to);
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command_row *c = &command_rows[i];
		fprintf(to, "\n## backlot %s\n\n```\nbacklot %s [OPTIONS] %s\n```\n\n%s.%s%s\n", c->name,
			c->name, c->operands, c->summary, c->more[0] ? " " : "", c->more);
		print_options(to, 1u << i, false);
	}
	fputs("\n## Options of every command\n", to);
	print_options(to, IN_ALL, true);
	fputs("\n## Exit codes\n\n| Code | |\n|---|---|\n", to);
	for (size_t i = 0; i < exit_rows_count; i++) {
		fprintf(to, "| %d | ", exit_rows[i].code);
		cell(to, exit_rows[i].meaning);
		fputs(" |\n", to);
	}
	fputs("\n`backlot run` exits with the guest's own code.\n\n## Environment\n\n| Variable | |\n"
	      "|---|---|\n",
	      to);
	for (size_t i = 0; i < variable_rows_count; i++) {
		fprintf(to, "| `%s` | ", variable_rows[i].name);
		cell(to, variable_rows[i].meaning);
		fputs(" |\n", to);
	}
}
