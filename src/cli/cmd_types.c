/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot types`: what an editor needs to know of the modules that tests import. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/cli.h"
#include "cli/types.h"
#include "guest/js/bundles.h"
#include "store/file_write.h"

/* Tests have the web platform, whatever the project's own code is for. */
static const char tsconfig[] = "{\n"
			       "  \"compilerOptions\": {\n"
			       "    \"strict\": true,\n"
			       "    \"noEmit\": true,\n"
			       "    \"target\": \"ES2022\",\n"
			       "    \"module\": \"ESNext\",\n"
			       "    \"moduleResolution\": \"Bundler\",\n"
			       "    \"lib\": [\"ES2023\", \"DOM\", \"DOM.Iterable\"],\n"
			       "    \"types\": [],\n"
			       "    \"skipLibCheck\": true\n"
			       "  },\n"
			       "  \"include\": [\"**/*\"]\n"
			       "}\n";

static const char *in_folder(struct arena *a, const char *folder, const char *name)
{
	return strcmp(folder, ".") == 0 ? name : arena_printf(a, "%s/%s", folder, name).ptr;
}

/* Is the file in the folder or in one above it? */
static bool stands_above(struct arena *a, const char *folder, const char *name)
{
	char path[PATH_MAX];
	if (!realpath(folder, path))
		return false;
	for (;;) {
		if (access(arena_printf(a, "%s/%s", path, name).ptr, F_OK) == 0)
			return true;
		char *slash = strrchr(path, '/');
		if (!slash || !path[0])
			return false;
		*slash = '\0';
	}
}

/* Files of a folder that were written. */
struct written {
	struct arena arena;
	const char *folder;
	struct buf names; /* "a, b" */
};

static bool write_one(struct written *w, const char *name, struct str text, struct error *e)
{
	if (!file_write(in_folder(&w->arena, w->folder, name), text, e))
		return false;
	buf_printf(&w->names, "%s%s", w->names.len ? ", " : "", name);
	return true;
}

static bool write_types(struct written *w, const char *name, struct error *e)
{
	struct str text;
	CHECK(js_types(str_from(name), &text));
	return write_one(w, name, text, e);
}

static bool write_all(struct written *w, struct error *e)
{
	if (!write_types(w, "backlot-test.d.ts", e))
		return false;
	if (stands_above(&w->arena, w->folder, "node_modules/vitest/package.json"))
		unlink(in_folder(&w->arena, w->folder, "backlot-vitest.d.ts"));
	else if (!write_types(w, "backlot-vitest.d.ts", e))
		return false;
	return stands_above(&w->arena, w->folder, "tsconfig.json") ||
	       write_one(w, "tsconfig.json", str_from(tsconfig), e);
}

bool types_write(const char *folder, FILE *out, struct error *e)
{
	struct written w = { .folder = folder, .names = BUF_INIT(256) };
	bool ok = write_all(&w, e);
	if (ok)
		fprintf(out, "types for editors and tsc are written to %s: %s\n", folder, w.names.ptr);
	buf_fini(&w.names);
	arena_fini(&w.arena);
	return ok;
}

int cmd_types(const struct cli_options *o)
{
	struct error e;
	struct stat st;
	const char *folder = o->operand_count ? o->operands[0] : ".";
	if (stat(folder, &st) != 0)
		FAIL(&e, NOT_FOUND, "%s: %s", folder, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		FAIL(&e, NOT_FOUND, "%s: %s", folder, strerror(ENOTDIR));
	else if (types_write(folder, o->env->out, &e))
		return CLI_PASSED;
	return cli_error(o, CLI_USAGE, &e);
}
