/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page, backlot(1), as roff. */
#include <string.h>

#include "cli/help.h"

/*
 * Text as roff: dashes that stay dashes, backslashes that stay themselves, a line that begins with a dot or a
 * quote kept from being a request, and signs beyond ASCII by their names, so that the page does not depend on
 * a locale.
 */
static void text(FILE *to, const char *s)
{
	static const struct {
		const char *bytes, *roff;
	} signs[] = { { "…", "\\&..." }, { "µ", "\\[mc]" }, { "-", "\\-" },   { "\\", "\\e" },
		      { "~", "\\(ti" },  { "^", "\\(ha" },  { "'", "\\(aq" }, { "`", "\\(ga" } };
	if (*s == '.')
		fputs("\\&", to);
	while (*s) {
		size_t i = 0;
		while (i < COUNT_OF(signs) && strncmp(s, signs[i].bytes, strlen(signs[i].bytes)) != 0)
			i++;
		fputs(i < COUNT_OF(signs) ? signs[i].roff : (char[]){ *s, '\0' }, to);
		s += i < COUNT_OF(signs) ? strlen(signs[i].bytes) : 1;
	}
}

static void line(FILE *to, const char *s)
{
	text(to, s);
	fputc('\n', to);
}

static void print_option(FILE *to, const struct option_row *row)
{
	fputs(".TP\n", to);
	if (row->letter)
		fprintf(to, "\\fB\\-%c\\fR, ", row->letter);
	fputs("\\fB\\-\\-", to);
	text(to, row->name);
	fputs("\\fR", to);
	if (row->value)
		fprintf(to, "%s\\fI%s\\fR%s", row->kind == OPTION_SWITCH ? "[=" : " ", row->value,
			row->kind == OPTION_SWITCH ? "]" : "");
	fputc('\n', to);
	text(to, row->summary);
	fputs(".\n", to);
	if (row->more[0])
		line(to, row->more);
	if (row->choices) {
		fputs("One of: ", to);
		const char *separator = "";
		for (struct str rest = str_from(row->choices), one; choice_next(&rest, &one);
		     separator = ", ") {
			char word[64];
			snprintf(word, sizeof word, STR_FMT, STR_ARG(one));
			fprintf(to, "%s\\fB", separator);
			text(to, word);
			fputs("\\fR", to);
		}
		fputs(".\n", to);
	}
	if (row->standard) {
		fputs("Default: ", to);
		text(to, row->standard);
		fputs(".\n", to);
	}
	if (row->missing) {
		fputs("Not supported yet", to);
		text(to, row->missing_for ? " for " : "");
		text(to, row->missing_for ? row->missing_for : "");
		fputs(": ", to);
		text(to, row->missing);
		fputs(".\n", to);
	}
}

static void print_options(FILE *to, unsigned set, bool everywhere)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &option_rows[i];
		if ((row->commands & set) && (row->commands == IN_ALL) == everywhere)
			print_option(to, row);
	}
}

static void print_command(FILE *to, size_t i)
{
	const struct command_row *c = &command_rows[i];
	fprintf(to, ".SS \"backlot %s\"\n\\fBbacklot %s\\fR [\\fIOPTIONS\\fR] \\fI", c->name, c->name);
	text(to, c->operands);
	fputs("\\fR\n.PP\n", to);
	text(to, c->summary);
	fputs(".\n", to);
	if (c->more[0])
		line(to, c->more);
	print_options(to, 1u << i, false);
}

void help_man(FILE *to)
{
	fputs(".TH BACKLOT 1 \"\" \"backlot " BACKLOT_VERSION "\" \"User Commands\"\n"
	      ".SH NAME\nbacklot \\- run services of the edge in memory, test them whole, serve them\n"
	      ".SH SYNOPSIS\n\\fBbacklot\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] \\&...\n.br\n"
	      "\\fBbacklot\\fR [\\fIOPTIONS\\fR] \\fIWASM\\fR\n.SH DESCRIPTION\n",
	      to);
	line(to, help_intro);
	fputs(".PP\nOptions and operands may stand in any order; what follows \\fB\\-\\-\\fR is no option. "
	      "A value stands behind a space or an equals sign.\n.SH COMMANDS\n",
	      to);
	for (size_t i = 0; i < COMMANDS; i++)
		print_command(to, i);
	fputs(".SH \"OPTIONS OF EVERY COMMAND\"\n", to);
	print_options(to, IN_ALL, true);
	fputs(".SH \"EXIT STATUS\"\n", to);
	for (size_t i = 0; i < exit_rows_count; i++) {
		fprintf(to, ".TP\n\\fB%d\\fR\n", exit_rows[i].code);
		line(to, exit_rows[i].meaning);
	}
	fputs(".PP\n\\fBbacklot run\\fR exits with the guest\\(aqs own code.\n.SH ENVIRONMENT\n", to);
	for (size_t i = 0; i < variable_rows_count; i++) {
		fprintf(to, ".TP\n\\fB%s\\fR\n", variable_rows[i].name);
		line(to, variable_rows[i].meaning);
	}
}
