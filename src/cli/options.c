/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "cli/cli.h"
#include "cli/option_value.h"
#include "script/nearest.h"

struct reader {
	struct cli_options *o;
	char *const *argv;
	int argc, at; /* the argument being read */
	bool command_known, options_ended, done;
	const char **operands;
	struct error *e;
};

static unsigned command_set(const struct reader *r)
{
	return r->command_known ? 1u << r->o->command : IN_ALL;
}

static bool unknown_option(struct reader *r, struct str name)
{
	struct nearest near = { .word = name };
	for (size_t i = 0; i < OPTIONS; i++) {
		if (option_rows[i].commands & command_set(r))
			nearest_try(&near, str_from(option_rows[i].name));
	}
	if (near.best.ptr)
		return FAIL(r->e, INVALID, "unknown option '--" STR_FMT "'; did you mean '--" STR_FMT "'?",
			    STR_ARG(name), STR_ARG(near.best));
	return FAIL(r->e, INVALID, "unknown option '--" STR_FMT "'", STR_ARG(name));
}

/* `shown` is the option as the user wrote it. */
static bool take_option(struct reader *r, const struct option_row *row, const char *shown, struct str value)
{
	unsigned long long bit = 1ull << (row - option_rows);
	if ((r->o->given & bit) && row->kind != OPTION_COUNT && row->kind != OPTION_REPORT)
		return FAIL(r->e, INVALID, "%s is given twice", shown);
	r->o->given |= bit;
	if (!option_value_set(row, r->o, value, r->e))
		return error_wrap(r->e, "invalid value '" STR_FMT "' for %s", STR_ARG(value), shown);
	if (row == &option_rows[OPTION_help] || row == &option_rows[OPTION_version])
		r->done = true;
	return true;
}

/* The value of an option that has none attached: the next argument. */
static bool next_value(struct reader *r, const struct option_row *row, const char *shown, struct str *value)
{
	const char *next = r->at + 1 < r->argc ? r->argv[r->at + 1] : NULL;
	if (!next)
		return FAIL(r->e, INVALID, "%s needs a value: %s %s", shown, shown, row->value);
	if (next[0] == '-' && next[1] != '\0')
		return FAIL(r->e, INVALID, "%s needs a value: %s %s (one that begins with a dash: --%s=%s)",
			    shown, shown, row->value, row->name, next);
	*value = str_from(next);
	r->at++;
	return true;
}

static bool read_long(struct reader *r, struct str text)
{
	char shown[64];
	struct str value = { 0 }, name = text;
	size_t equals = str_find_char(text, '=');
	bool attached = equals != STR_NONE;
	if (attached) {
		name = str_sub(text, 0, equals);
		value = str_sub(text, equals + 1, text.len);
	}
	const struct option_row *row = option_find(name);
	if (!row)
		return unknown_option(r, name);
	snprintf(shown, sizeof shown, "--%s", row->name);
	if (row->value && !attached) {
		if (row->kind == OPTION_SWITCH)
			value = STR("true");
		else if (!next_value(r, row, shown, &value))
			return false;
	}
	if (!row->value && attached)
		return FAIL(r->e, INVALID, "%s takes no value", shown);
	if (row == &option_rows[OPTION_help])
		r->o->help_long = true;
	return take_option(r, row, shown, value);
}

/* A letter that other test runners have, by which people look for ours. */
static bool unknown_letter(struct reader *r, struct str text)
{
	if (*text.ptr == 't' && r->command_known && r->o->command == COMMAND_TEST)
		return FAIL(r->e, INVALID,
			    "unknown option '-t'; tests are chosen by their names with '--filter RE'");
	return FAIL(r->e, INVALID, "unknown option '-" STR_FMT "'", STR_ARG(text));
}

/* Letters behind one dash: flags, and at the end perhaps an option with the value in the rest of the text. */
static bool read_short(struct reader *r, struct str text)
{
	while (text.len && !r->done) {
		const struct option_row *row = option_find_letter(*text.ptr);
		char shown[] = { '-', *text.ptr, '\0' };
		struct str value = { 0 };
		if (!row)
			return unknown_letter(r, text);
		text = str_sub(text, 1, text.len);
		if (row->value && text.len) {
			value = *text.ptr == '=' ? str_sub(text, 1, text.len) : text;
			text.len = 0;
		} else if (row->value && !next_value(r, row, shown, &value)) {
			return false;
		} else if (text.len && *text.ptr == '=') {
			return FAIL(r->e, INVALID, "%s takes no value", shown);
		}
		if (!take_option(r, row, shown, value))
			return false;
	}
	return true;
}

/* Is it an option of `run`, to be read though it stands behind the guest's file? As Viceroy has it. */
static bool is_late_option(const char *text)
{
	struct str name = str_from(text);
	const struct option_row *row = NULL;
	if (str_starts(name, STR("--")) && name.len > 2) {
		name = str_sub(name, 2, name.len);
		row = option_find(str_sub(name, 0, str_find_char(name, '=')));
	} else if (text[0] == '-' && text[1] != '\0') {
		row = option_find_letter(text[1]);
	}
	/* A guest's own --help or --version is likelier to be meant than ours. */
	bool asks = row == &option_rows[OPTION_help] || row == &option_rows[OPTION_version];
	return row && (row->commands & IN_RUN) && !asks;
}

/*
 * What follows a guest's file is the guest's, but for options of ours that come first, and one `--` that may
 * separate them.
 */
static bool take_guest_args(struct reader *r)
{
	bool ours = !r->options_ended;
	for (; ours && r->at + 1 < r->argc && is_late_option(r->argv[r->at + 1]); r->at++) {
		const char *text = r->argv[++r->at];
		if (!(text[1] == '-' ? read_long(r, str_from(text + 2)) : read_short(r, str_from(text + 1))))
			return false;
		r->at--;
	}
	int from = r->at + 1;
	if (ours && from < r->argc && strcmp(r->argv[from], "--") == 0)
		from++;
	r->o->guest_args = (const char *const *)r->argv + from; /* argv is NULL-ended */
	r->at = r->argc;
	return true;
}

static bool read_operand(struct reader *r, const char *text)
{
	struct cli_options *o = r->o;
	if (!r->command_known) {
		const struct command_row *named = r->options_ended ? NULL : command_find(str_from(text));
		r->command_known = true;
		o->command = named ? (enum command)(named - command_rows) : COMMAND_SERVE;
		o->command_named = named != NULL;
		if (named)
			return true;
	}
	if (o->operand_count >= command_rows[o->command].most)
		return FAIL(r->e, INVALID, "unexpected argument '%s'", text);
	r->operands[o->operand_count++] = text;
	if (o->command == COMMAND_RUN)
		return take_guest_args(r);
	return true;
}

static bool read_argument(struct reader *r, const char *text)
{
	if (r->options_ended || text[0] != '-' || text[1] == '\0')
		return read_operand(r, text);
	if (strcmp(text, "--") == 0) {
		r->options_ended = true;
		return true;
	}
	if (text[1] == '-')
		return read_long(r, str_from(text + 2));
	return read_short(r, str_from(text + 1));
}

/* ---- what can be told only at the end ---- */

static bool check_options(struct cli_options *o, struct error *e)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &option_rows[i];
		if (!(o->given >> i & 1) || (row->commands & 1u << o->command))
			continue;
		size_t owner = 0;
		while (!(row->commands & 1u << owner))
			owner++;
		return FAIL(e, INVALID, "--%s is no option of '%s', but of '%s'", row->name,
			    command_rows[o->command].name, command_rows[owner].name);
	}
	return true;
}

static bool check_supported(struct cli_options *o, struct error *e)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &option_rows[i];
		if (!(o->given >> i & 1) || !row->missing)
			continue;
		if (row->missing_for && !*((bool *)((char *)o + row->offset)))
			continue;
		return FAIL(e, UNSUPPORTED, "--%s%s%s is not supported yet: %s", row->name,
			    row->missing_for ? "=" : "", row->missing_for ? row->missing_for : "",
			    row->missing);
	}
	return true;
}

/* Operands of a command that takes only certain words. */
static bool check_words(const struct cli_options *o, struct error *e)
{
	const char *words = command_rows[o->command].words;
	for (size_t i = 0; words && i < o->operand_count; i++) {
		struct nearest near = { .word = str_from(o->operands[i]) };
		scoped(buf_fini) struct buf listed = BUF_INIT(ERROR_TEXT_BYTES_MAX);
		bool found = false;
		for (struct str rest = str_from(words), one; choice_next(&rest, &one);) {
			found = found || str_eq(one, near.word);
			nearest_try(&near, one);
			buf_printf(&listed, "%s" STR_FMT, listed.len ? ", " : "", STR_ARG(one));
		}
		if (found)
			continue;
		if (near.best.ptr)
			return FAIL(e, INVALID, "'%s %s': did you mean '" STR_FMT "'?",
				    command_rows[o->command].name, o->operands[i], STR_ARG(near.best));
		return FAIL(e, INVALID, "'%s %s': there are " STR_FMT, command_rows[o->command].name,
			    o->operands[i], STR_ARG(buf_str(&listed)));
	}
	return true;
}

static bool check_operands(struct cli_options *o, bool command_known, struct error *e)
{
	if (!command_known)
		return FAIL(e, INVALID, "neither a command nor a Wasm file is given");
	if (o->operand_count < command_rows[o->command].fewest ||
	    (o->command == COMMAND_INSPECT && !o->operand_count && !o->abi))
		return FAIL(e, INVALID, "no Wasm file is given");
	if (o->command == COMMAND_INSPECT && o->operand_count && o->abi)
		return FAIL(e, INVALID,
			    "--abi prints the ABI and looks at no guest; leave out one of the two");
	if (o->command == COMMAND_SERVE || o->command == COMMAND_RUN || o->command == COMMAND_INSPECT ||
	    o->command == COMMAND_ADAPT)
		o->input = o->operands[0];
	return true;
}

static void set_defaults(struct cli_options *o)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		struct error e;
		if (option_rows[i].standard)
			CHECK(option_value_set(&option_rows[i], o, str_from(option_rows[i].standard), &e));
	}
}

bool options_parse(struct cli_options *o, int argc, char *const *argv, struct arena *a, struct error *e)
{
	struct reader r = { .o = o, .argv = argv, .argc = argc, .at = 1, .e = e };
	r.operands = arena_zalloc(a, ((size_t)argc + 1) * sizeof *r.operands);
	o->operands = r.operands;
	o->guest_args = r.operands + argc; /* the NULL at the end */
	o->command = COMMAND_SERVE;
	set_defaults(o);
	for (; r.at < argc && !r.done; r.at++) {
		if (!read_argument(&r, argv[r.at]))
			return false;
	}
	if (r.done) {
		/* `backlot --help run` means run's help. */
		if (!r.command_known && r.at < argc && command_find(str_from(argv[r.at])))
			return read_operand(&r, argv[r.at]);
		return true;
	}
	return check_operands(o, r.command_known, e) && check_words(o, e) && check_options(o, e) &&
	       check_supported(o, e);
}
