/* SPDX-License-Identifier: Apache-2.0 */
/* The real world of the command line: the only place that reads the process's environment. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "guest/wasm/code_cache.h"

enum { FOLDER_BYTES_MAX = 4096 };

static const char *lookup(const char *name)
{
	return getenv(name);
}

int main(int argc, char **argv)
{
	char folder[FOLDER_BYTES_MAX];
	struct arena arena;
	arena_init(&arena);
	const char *no_color = getenv("NO_COLOR");
	struct cli_env env = {
		.out = stdout,
		.err = stderr,
		.out_terminal = isatty(STDOUT_FILENO) != 0,
		.err_terminal = isatty(STDERR_FILENO) != 0,
		.no_color = no_color && *no_color,
		.lookup = lookup,
		.cache_folder = code_cache_folder(&arena, lookup),
		.folder = getcwd(folder, sizeof folder) ? folder : "/",
	};
	int code = cli_main(argc, argv, &env);
	arena_fini(&arena);
	return code;
}
