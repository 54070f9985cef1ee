/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The web platform of a realm, by JavaScript: each file of tests/unit/guest/js/web is run in a realm of its
 * own, behind harness.js, and says of each of its tests how it ended. A program of its own: it speaks TAP
 * itself. Its first argument, if any, is part of the names of the files to run.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "guest/js/value.h"
#include "store/file.h"

#define FOLDER "tests/unit/guest/js/web/"

enum { FILES_MAX = 64, SCRIPT_BYTES_MAX = 1 << 20 };

static struct {
	int tests, failed;
	bool done;
	const char *file;
	struct buf printed;
	struct arena arena;
	struct realm *realm;
} run;

static void say(bool ok, struct str name, struct str why)
{
	run.tests++;
	run.failed += !ok;
	printf("%s %d - %s: " STR_FMT "\n", ok ? "ok" : "not ok", run.tests, run.file, STR_ARG(name));
	while (!ok && why.len) {
		struct str line = str_split(&why, '\n');
		printf("# " STR_FMT "\n", STR_ARG(line));
	}
}

static void print(void *data, const char *level, struct str text)
{
	(void)data;
	buf_printf(&run.printed, "%s: " STR_FMT "\n", level, STR_ARG(text));
}

static void uncaught(void *data, JSValueRef error)
{
	(void)data;
	buf_printf(&run.printed, "uncaught: " STR_FMT "\n",
		   STR_ARG(js_str(run.realm->ctx, error, &run.arena)));
}

static const struct realm_ops ops = { .print = print, .uncaught = uncaught };

/* report(name, what was thrown, or null) */
JS_FUNCTION(report)
{
	struct str name = js_arg_str(c, 0);
	JSValueRef error = js_arg(c, 1);
	bool ok = js_is_nullish(c->ctx, error);
	say(ok, name, ok ? STR("") : js_error_text(c->ctx, error, &c->arena));
	return NULL;
}

/* printed() → what the console printed, and what nobody caught, since it was asked last */
JS_FUNCTION(printed)
{
	JSValueRef v = js_string(c->ctx, buf_str(&run.printed));
	buf_reset(&run.printed);
	return v;
}

JS_FUNCTION(collect)
{
	jsc.SynchronousGarbageCollectForDebugging(c->ctx);
	return NULL;
}

JS_FUNCTION(end)
{
	(void)c;
	run.done = true;
	return NULL;
}

static const struct js_function functions[] = { { "report", report_callback },
						{ "printed", printed_callback },
						{ "collect", collect_callback },
						{ "end", end_callback } };
static const struct js_module module = { "test", functions, COUNT_OF(functions) };
static const struct js_module *const modules[] = { &module, NULL };

static bool load(struct realm *r, const char *name)
{
	char path[256];
	struct error e;
	struct blob *text = NULL;
	snprintf(path, sizeof path, FOLDER "%s", name);
	bool ok = file_read(&text, path, SCRIPT_BYTES_MAX, NULL, &e);
	if (ok) {
		struct str whole =
			arena_printf(&run.arena, "(function(host){" STR_FMT "\n})", STR_ARG(blob_str(text)));
		ok = realm_load(r, whole, path, &e);
	}
	blob_unref(&text);
	if (!ok)
		say(false, STR("loads"), str_from(e.text));
	return ok;
}

static void run_file(const char *name)
{
	struct error e;
	struct loop loop;
	struct clock *clock = clock_virtual_new(UINT64_C(1735689600) * NS_PER_S);
	struct random *random = random_seeded_new(7);
	struct js_vm *vm = js_vm_new(&e);
	run.file = name;
	run.done = false;
	buf_init(&run.printed, SCRIPT_BYTES_MAX);
	loop_init(&loop, clock);
	const struct realm_options options = {
		.loop = &loop, .random = random, .ops = &ops, .modules = modules
	};
	run.realm = vm ? realm_new(vm, &options, &e) : NULL;
	if (!run.realm)
		say(false, STR("has a realm"), str_from(e.text));
	else if (load(run.realm, "harness.js") && load(run.realm, name) &&
		 loop_run(&loop, &run.done, UINT64_MAX) != LOOP_DONE)
		say(false, STR("ends"), buf_str(&run.printed));
	realm_destroy(&run.realm);
	js_vm_destroy(&vm);
	random_destroy(&random);
	loop_fini(&loop);
	clock_destroy(&clock);
	buf_fini(&run.printed);
	arena_fini(&run.arena);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
	char *names[FILES_MAX];
	size_t count = 0;
	DIR *folder = opendir(FOLDER);
	for (struct dirent *at; folder && (at = readdir(folder)) && count < FILES_MAX;) {
		if (strstr(at->d_name, ".test.js") && (argc < 2 || strstr(at->d_name, argv[1])))
			names[count++] = strdup(at->d_name);
	}
	if (folder)
		closedir(folder);
	qsort(names, count, sizeof *names, by_name);
	for (size_t i = 0; i < count; i++) {
		run_file(names[i]);
		free(names[i]);
	}
	printf("1..%d\n", run.tests);
	return run.failed || !count ? EXIT_FAILURE : EXIT_SUCCESS;
}
