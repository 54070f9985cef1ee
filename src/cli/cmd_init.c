/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot init`: writes a first test for the project it finds, and runs it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/first_test.h"
#include "cli/test_run.h"
#include "cli/types.h"
#include "manifest/manifest.h"
#include "store/file_write.h"

static const char *lookup(void *data, const char *name)
{
	return ((const struct cli_options *)data)->env->lookup(name);
}

/* The names of the manifest's backends, in their order. */
static bool read_backends(struct first_test *t, const struct cli_options *o, struct arena *a, struct error *e)
{
	struct clock *clock = clock_virtual_new(0);
	struct loop loop;
	struct manifest manifest;
	const struct manifest_options options = { .file_name = t->project->manifest,
						  .base_dir = t->project->folder,
						  .env = lookup,
						  .env_data = (void *)(uintptr_t)o };
	loop_init(&loop, clock);
	manifest_init(&manifest);
	struct world *w = world_new(&loop, 0);
	bool ok = manifest_read_fastly(&manifest, t->project->manifest, &options, w, e);
	struct str name = arena_str(a, manifest.name);
	t->name = str_split(&name, '\n'); /* it goes into a line's comment */
	t->backends = arena_alloc(a, (pmap_count(&w->backends) + 1) * sizeof *t->backends);
	for (struct pmap_entry entry = { 0 }; pmap_each(&w->backends, &entry);)
		t->backends[t->backend_count++] = arena_str(a, entry.key);
	world_destroy(&w);
	manifest_fini(&manifest);
	loop_fini(&loop);
	clock_destroy(&clock);
	return ok;
}

/* A file that is there is nobody's to replace. */
static bool write_new(const char *path, struct str text, struct error *e)
{
	if (!file_make_folders(path, 0777, e))
		return false;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return FAIL(e, INVALID, "%s is there already; nothing was written", path);
	if (fd < 0)
		return FAIL(e, IO, "%s: %s", path, strerror(errno));
	close(fd);
	if (file_write(path, text, e))
		return true;
	unlink(path);
	return false;
}

static int run_it(const struct cli_options *o, const char *path, const struct project *project,
		  struct interrupt *interrupt)
{
	struct error e;
	struct test_files files;
	struct clock *clock = clock_system_new();
	const char *const paths[] = { path };
	const struct test_search search = { .paths = paths,
					    .count = 1,
					    .manifest = project->manifest,
					    .service = o->service,
					    .kinds = test_kinds };
	uint64_t start_ns = clock_monotonic(clock);
	int code = test_files_find(&files, &search, &e)
			   ? test_run(&(struct test_run){ .o = o,
							  .files = &files,
							  .clock = clock,
							  .start_ns = start_ns,
							  .interrupt = interrupt })
			   : cli_error(o, CLI_USAGE, &e);
	test_files_fini(&files);
	clock_destroy(&clock);
	return code;
}

/* What the service answers now is what the test asks for; without a service it is what one would hope for. */
static int write_and_run(const struct cli_options *o, struct first_test *t, struct arena *a)
{
	struct error e;
	struct interrupt interrupt;
	scoped(buf_fini) struct buf text = BUF_INIT(FIRST_TEST_BYTES_MAX);
	const char *path = first_test_path(t, a);
	if (access(path, F_OK) == 0) {
		FAIL(&e, INVALID, "%s is there already; nothing was written", path);
		return cli_error(o, CLI_USAGE, &e);
	}
	interrupt_begin(&interrupt);
	t->status = t->project->service ? first_test_ask(t, o, &interrupt) : 0;
	first_test_print(t, &text);
	int code = CLI_PASSED;
	const char *folder =
		arena_str(a, str_sub(str_from(path), 0, (size_t)(strrchr(path, '/') - path))).ptr;
	bool typed = t->language == LANGUAGE_TYPESCRIPT;
	if (!write_new(path, buf_str(&text), &e) || (typed && !types_write(folder, o->env->out, &e))) {
		code = cli_error(o, CLI_USAGE, &e);
	} else {
		fprintf(o->env->out, "%s is written: ", path);
		if (t->project->service)
			fprintf(o->env->out, "GET / of %s\n", t->project->service);
		else
			fprintf(o->env->out,
				"build the service (`fastly compute build`), then run `%s test`\n",
				o->program);
		fflush(o->env->out);
		code = t->project->service ? run_it(o, path, t->project, &interrupt) : CLI_PASSED;
	}
	interrupt_end(&interrupt);
	return code;
}

int cmd_init(const struct cli_options *o)
{
	struct error e;
	struct stat st;
	scoped(arena_fini) struct arena a = { 0 };
	const char *folder = o->operand_count ? o->operands[0] : ".";
	struct test_files none = { 0 };
	struct first_test t = { .language = o->language };
	int code;
	if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
		FAIL(&e, NOT_FOUND, "%s: %s", folder, strerror(stat(folder, &st) != 0 ? errno : ENOTDIR));
		return cli_error(o, CLI_USAGE, &e);
	}
	t.project = test_files_project(&none, folder, o->config, o->service);
	if (!t.project->manifest) {
		FAIL(&e, NOT_FOUND,
		     "no fastly.toml at or above %s; run it in a project (`fastly compute init` makes one), or name "
		     "the manifest with -C",
		     folder);
		code = cli_error(o, CLI_USAGE, &e);
	} else if (!read_backends(&t, o, &a, &e)) {
		code = cli_error(o, CLI_USAGE, &e);
	} else {
		code = write_and_run(o, &t, &a);
	}
	test_files_fini(&none);
	return code;
}
