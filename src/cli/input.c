/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/input.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/wasm/wasm_file.h"
#include "script/nearest.h"

/* What a folder lacks is said by the command, which knows where to look. */
static bool check_folder(const struct cli_options *o, struct error *e)
{
	return o->command == COMMAND_SERVE ||
	       FAIL(e, INVALID, "%s: Expected a valid Wasm file, and this is a folder", o->input);
}

static bool check_file(const char *path, struct error *e)
{
	struct wasm_file file;
	if (!wasm_file_open(&file, path, e))
		return false;
	enum wasm_format format = wasm_format(file.bytes);
	wasm_file_close(&file);
	if (format != WASM_UNKNOWN)
		return true;
	return FAIL(e, INVALID,
		    "%s: Expected a valid Wasm file: it begins neither with the bytes \\0asm nor with '('",
		    path);
}

/* A word in the place of the command that is no file: it was perhaps meant to be a command. */
static bool not_there(const struct cli_options *o, int why, struct error *e)
{
	struct nearest near = { .word = str_from(o->input) };
	for (size_t i = 0; i < COMMANDS && !o->command_named; i++)
		nearest_try(&near, str_from(command_rows[i].name));
	FAIL(e, NOT_FOUND, "%s: %s", o->input, strerror(why));
	return near.best.ptr && error_set(e, ERROR_NOT_FOUND, __FILE__, __LINE__,
					  "%s: %s; did you mean the command '" STR_FMT "'?", o->input,
					  strerror(why), STR_ARG(near.best));
}

bool input_check(struct cli_options *o, struct error *e)
{
	struct stat st;
	if (!o->input && o->command == COMMAND_SERVE)
		o->input = ".";
	if (!o->input)
		return true;
	if (stat(o->input, &st) != 0)
		return not_there(o, errno, e);
	if (S_ISDIR(st.st_mode))
		return check_folder(o, e);
	/* A pipe would be waited for, and could not be read a second time. */
	if (!S_ISREG(st.st_mode))
		return FAIL(e, INVALID, "%s: Expected a valid Wasm file, and this is no regular file",
			    o->input);
	return check_file(o->input, e);
}
