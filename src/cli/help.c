/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <string.h>

#include "base/attr.h"
#include "base/buf.h"

enum { COLUMNS = 100, NAMES_COLUMN_MAX = 34 };

const char help_intro[] =
	"Backlot runs services of the edge in memory: it tests them whole, and serves them.";

/* Does it concern a command, or `backlot` without one? */
static bool about_command(const struct cli_options *o)
{
	return o->command_named || o->operand_count > 0;
}

void help_usage(const struct cli_options *o, FILE *to)
{
	const struct command_row *c = &command_rows[o->command];
	if (about_command(o)) {
		fprintf(to, "Usage: %s %s [OPTIONS]%s%s\n", o->program, c->name, c->operands[0] ? " " : "",
			c->operands);
		return;
	}
	fprintf(to, "Usage: %s COMMAND [OPTIONS] …\n       %s [OPTIONS] WASM\n", o->program, o->program);
}

/* Words in lines of at most COLUMNS, each `indent` columns in; the first line has `at` columns already. */
static void print_wrapped(FILE *to, const char *text, size_t indent, size_t at)
{
	for (struct str rest = str_from(text); rest.ptr;) {
		struct str word = str_split(&rest, ' ');
		if (at > indent && at + 1 + word.len > COLUMNS) {
			fputc('\n', to);
			at = 0;
		}
		fprintf(to, "%*s" STR_FMT,
			at < indent    ? (int)(indent - at)
			: at == indent ? 0
				       : 1,
			"", STR_ARG(word));
		at = MAX(at + (at > indent), indent) + word.len;
	}
	fputc('\n', to);
}

static void heading(const struct cli_options *o, FILE *to, const char *text)
{
	fprintf(to, "\n%s%s%s\n", o->color_out ? "\033[1m" : "", text, o->color_out ? "\033[0m" : "");
}

/* "  -C, --config FILE" */
static void print_names(struct buf *b, const struct option_row *row)
{
	if (row->letter)
		buf_printf(b, "  -%c, --%s", row->letter, row->name);
	else
		buf_printf(b, "      --%s", row->name);
	if (row->kind == OPTION_SWITCH)
		buf_printf(b, "[=%s]", row->value);
	else if (row->value)
		buf_printf(b, " %s", row->value);
}

static void print_option(const struct cli_options *o, FILE *to, const struct option_row *row)
{
	scoped(buf_fini) struct buf b = BUF_INIT(4096);
	print_names(&b, row);
	size_t at = b.len;
	fprintf(to, "%s", b.ptr);
	if (at + 2 > NAMES_COLUMN_MAX) {
		fputc('\n', to);
		at = 0;
	}
	buf_reset(&b);
	buf_printf(&b, "%s", row->summary);
	if (row->choices && row->kind != OPTION_SWITCH)
		buf_printf(&b, " (%s)", row->choices);
	if (row->standard && row->kind != OPTION_SWITCH)
		buf_printf(&b, " [default: %s]", row->standard);
	if (row->missing && !row->missing_for)
		buf_printf(&b, " [not supported yet]");
	print_wrapped(to, b.ptr, NAMES_COLUMN_MAX, at);
	if (o->help_long && row->more[0])
		print_wrapped(to, row->more, NAMES_COLUMN_MAX, 0);
}

static void print_options(const struct cli_options *o, FILE *to, unsigned set)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if ((option_rows[i].commands & set) == set)
			print_option(o, to, &option_rows[i]);
	}
}

static void print_commands(const struct cli_options *o, FILE *to)
{
	heading(o, to, "Commands:");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-10s%s\n", command_rows[i].name, command_rows[i].summary);
}

void help_print(const struct cli_options *o, FILE *to)
{
	const struct command_row *c = &command_rows[o->command];
	bool command = about_command(o);
	print_wrapped(to, command ? c->summary : help_intro, 0, 0);
	fputc('\n', to);
	help_usage(o, to);
	if (!command)
		print_commands(o, to);
	if (command && o->help_long && c->more[0]) {
		fputc('\n', to);
		print_wrapped(to, c->more, 0, 0);
	}
	heading(o, to, command ? "Options:" : "Options of every command:");
	print_options(o, to, command ? 1u << o->command : IN_ALL);
	if (!command)
		fprintf(to,
			"\nOptions of one command: %s help COMMAND. The manual: %s help --man | man -l -\n",
			o->program, o->program);
	if (command && o->command == COMMAND_RUN)
		return; /* the guest's own */
	heading(o, to, "Exit codes:");
	for (size_t i = 0; i < exit_rows_count; i++)
		fprintf(to, "  %d  %s\n", exit_rows[i].code, exit_rows[i].meaning);
}
