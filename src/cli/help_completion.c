/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion for bash, zsh and fish: commands, the options that the command takes, the values of an option,
 * operands. Options that are refused are not offered.
 */
#include <string.h>

#include "cli/help.h"

static bool offered(const struct option_row *row, unsigned set)
{
	return (row->commands & set) && (!row->missing || row->missing_for);
}

static bool wants_file(const struct option_row *row)
{
	return row->value && (strcmp(row->value, "FILE") == 0 || strcmp(row->value, "PATH") == 0);
}

/* a|b|c as words. */
static void words(FILE *to, const char *list)
{
	const char *separator = "";
	for (struct str rest = str_from(list), one; choice_next(&rest, &one); separator = " ")
		fprintf(to, "%s" STR_FMT, separator, STR_ARG(one));
}

/* ---- bash ---- */

static void bash_values(FILE *to)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &option_rows[i];
		if (!row->value || !offered(row, IN_ALL))
			continue;
		fprintf(to, "\t--%s", row->name);
		if (row->letter)
			fprintf(to, "|-%c", row->letter);
		fputs(")\n\t\t", to);
		if (row->choices) {
			fputs("COMPREPLY=($(compgen -W '", to);
			words(to, row->choices);
			fputs("' -- \"$cur\"))\n\t\t", to);
		} else if (wants_file(row)) {
			fputs("COMPREPLY=($(compgen -f -- \"$cur\"))\n\t\t", to);
		}
		fputs("return ;;\n", to);
	}
}

static void bash_options(FILE *to, size_t command)
{
	fprintf(to, "\t\t%s) words='", command_rows[command].name);
	for (size_t i = 0; i < OPTIONS; i++) {
		if (offered(&option_rows[i], 1u << command))
			fprintf(to, "--%s ", option_rows[i].name);
	}
	fputs("' ;;\n", to);
}

static void bash(FILE *to)
{
	fputs("# Completion of backlot for bash: save it as backlot in a folder of bash-completion's, or "
	      "source it.\n"
	      "_backlot()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word words= command= "
	      "i\n"
	      "\t# bash cuts --name=value at the equals sign.\n"
	      "\tif [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then "
	      "prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n\t\t",
	      to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "%s%s", i ? "|" : "", command_rows[i].name);
	fputs(") command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n\tCOMPREPLY=()\n\tcase $prev in\n",
	      to);
	bash_values(to);
	fputs("\tesac\n\tif [[ $cur == -* ]]; then\n\t\tcase ${command:-serve} in\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		bash_options(to, i);
	fputs("\t\tesac\n\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n\t\treturn\n\tfi\n"
	      "\tcase $command in\n",
	      to);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (!command_rows[i].words)
			continue;
		fprintf(to, "\t%s) COMPREPLY=($(compgen -W '", command_rows[i].name);
		words(to, command_rows[i].words);
		fputs("' -- \"$cur\")) ;;\n", to);
	}
	fputs("\t'') COMPREPLY=($(compgen -W '", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "%s%s", i ? " " : "", command_rows[i].name);
	fputs("' -- \"$cur\") $(compgen -f -- \"$cur\")) ;;\n"
	      "\t*) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n\tesac\n}\n"
	      "complete -o filenames -F _backlot backlot\n",
	      to);
}

/* ---- zsh ---- */

/* Text within single quotes, with what _arguments reads as its own kept from it. */
static void zsh_text(FILE *to, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", to);
		else
			fprintf(to, "%s%c", strchr("[]:\\", *s) ? "\\" : "", *s);
	}
}

static void zsh_option(FILE *to, const struct option_row *row)
{
	const char *equals = row->kind == OPTION_SWITCH ? "=-" : row->value ? "=" : "";
	const char *many = row->kind == OPTION_COUNT || row->kind == OPTION_REPORT ? "\\*" : "";
	for (int letter = row->letter ? 1 : 0; letter >= 0; letter--) {
		fprintf(to, " \\\n\t\t\t%s'", many);
		if (letter)
			fprintf(to, "-%c%s[", row->letter, row->value ? "+" : "");
		else
			fprintf(to, "--%s%s[", row->name, equals);
		zsh_text(to, row->summary);
		fputc(']', to);
		if (row->value) {
			fputs(row->kind == OPTION_SWITCH ? "::" : ":", to);
			zsh_text(to, row->value);
			fputc(':', to);
			if (row->choices) {
				fputc('(', to);
				words(to, row->choices);
				fputc(')', to);
			} else if (wants_file(row)) {
				fputs("_files", to);
			} else {
				fputc(' ', to); /* a value of which nothing is known */
			}
		}
		fputc('\'', to);
	}
}

static void zsh_command(FILE *to, size_t command)
{
	const struct command_row *c = &command_rows[command];
	fprintf(to, "\t%s)\n\t\t_arguments -s -S", c->name);
	for (size_t i = 0; i < OPTIONS; i++) {
		if (offered(&option_rows[i], 1u << command))
			zsh_option(to, &option_rows[i]);
	}
	fputs(" \\\n\t\t\t", to);
	if (c->words) {
		fprintf(to, "'1:%s:(", c->name);
		words(to, c->words);
		fputs(")'", to);
	} else {
		fputs("'*:file:_files'", to);
	}
	fputs(" ;;\n", to);
}

static void zsh(FILE *to)
{
	fputs("#compdef backlot\n# Completion of backlot for zsh: save it as _backlot in a folder of "
	      "$fpath.\n"
	      "_backlot()\n{\n\tlocal -a names\n\tlocal command= i\n\tnames=(\n",
	      to);
	for (size_t i = 0; i < COMMANDS; i++) {
		fprintf(to, "\t\t'%s:", command_rows[i].name);
		zsh_text(to, command_rows[i].summary);
		fputs("'\n", to);
	}
	fputs("\t)\n\tfor ((i = 2; i < CURRENT; i++)); do\n"
	      "\t\tif (( ${names[(I)${words[i]}:*]} )); then\n"
	      "\t\t\tcommand=${words[i]}\n"
	      "\t\t\twords[i]=()\n"
	      "\t\t\t(( CURRENT-- ))\n"
	      "\t\t\tbreak\n\t\tfi\n\tdone\n"
	      "\tif [[ -z $command && ${words[CURRENT]} != -* ]]; then\n"
	      "\t\t_describe command names\n\tfi\n"
	      "\tcase ${command:-serve} in\n",
	      to);
	for (size_t i = 0; i < COMMANDS; i++)
		zsh_command(to, i);
	fputs("\tesac\n}\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n\t_backlot \"$@\"\nelse\n"
	      "\tcompdef _backlot "
	      "backlot\nfi\n",
	      to);
}

/* ---- fish ---- */

static void fish_text(FILE *to, const char *s)
{
	fputc('\'', to);
	for (; *s; s++)
		fprintf(to, "%s%c", *s == '\'' || *s == '\\' ? "\\" : "", *s);
	fputc('\'', to);
}

static void fish_option(FILE *to, const struct option_row *row)
{
	fputs("complete -c backlot", to);
	if (row->commands != IN_ALL) {
		fputs(" -n '__backlot_command", to);
		for (size_t i = 0; i < COMMANDS; i++) {
			if (row->commands & 1u << i)
				fprintf(to, " %s", command_rows[i].name);
		}
		fputc('\'', to);
	}
	fprintf(to, " -l %s", row->name);
	if (row->letter)
		fprintf(to, " -s %c", row->letter);
	if (row->choices) {
		fprintf(to, "%s -f -a '", row->kind == OPTION_SWITCH ? "" : " -r");
		words(to, row->choices);
		fputc('\'', to);
	} else if (row->value) {
		fputs(wants_file(row) ? " -r -F" : " -x", to);
	}
	fputs(" -d ", to);
	fish_text(to, row->summary);
	fputc('\n', to);
}

static void fish(FILE *to)
{
	fputs("# Completion of backlot for fish: save it as backlot.fish in ~/.config/fish/completions.\n"
	      "function __backlot_named\n\tfor word in (commandline -opc)[2..-1]\n\t\tif contains -- $word",
	      to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, " %s", command_rows[i].name);
	fputs("\n\t\t\techo $word\n\t\t\treturn 0\n\t\tend\n\tend\n\treturn 1\nend\n"
	      "# Is the command one of these? Without a name it is serve.\n"
	      "function __backlot_command\n\tset -l named (__backlot_named)\n\tor set named serve\n"
	      "\tcontains -- $named $argv\nend\n",
	      to);
	for (size_t i = 0; i < COMMANDS; i++) {
		fprintf(to, "complete -c backlot -n 'not __backlot_named' -a %s -d ", command_rows[i].name);
		fish_text(to, command_rows[i].summary);
		fputc('\n', to);
		if (!command_rows[i].words)
			continue;
		fprintf(to, "complete -c backlot -n '__backlot_command %s' -f -a '", command_rows[i].name);
		words(to, command_rows[i].words);
		fputs("'\n", to);
	}
	for (size_t i = 0; i < OPTIONS; i++) {
		if (offered(&option_rows[i], IN_ALL))
			fish_option(to, &option_rows[i]);
	}
}

void help_completion(enum cli_completion shell, FILE *to)
{
	static void (*const shells[])(FILE *) = {
		[COMPLETION_BASH] = bash,
		[COMPLETION_ZSH] = zsh,
		[COMPLETION_FISH] = fish,
	};
	shells[shell](to);
}
