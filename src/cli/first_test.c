/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/first_test.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/test_run.h"
#include "runner/fiddle.h"
#include "store/file_write.h"

enum { STATUS_NOBODY_SENDS = 599, PATH_BYTES_MAX = 4096 };

/* ---- its place ---- */

/* What of the project's name may be in a file's: "My shop!" is "My-shop". */
static struct str file_name(struct str name, struct arena *a)
{
	char *out = arena_alloc(a, name.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < name.len; i++) {
		bool plain = isalnum((unsigned char)name.ptr[i]) || name.ptr[i] == '_';
		if (plain || (len && out[len - 1] != '-'))
			out[len++] = plain ? name.ptr[i] : '-';
	}
	while (len && out[len - 1] == '-')
		len--;
	return len ? (struct str){ out, len } : STR("first");
}

const char *first_test_path(const struct first_test *t, struct arena *a)
{
	bool here = strcmp(t->project->folder, ".") == 0;
	return arena_printf(a, "%s%stests/" STR_FMT "%s", here ? "" : t->project->folder, here ? "" : "/",
			    STR_ARG(file_name(t->name, a)),
			    t->language == LANGUAGE_FIDDLE ? ".fiddle" : ".test.ts")
		.ptr;
}

/* ---- its text ---- */

static void add_origins(const struct first_test *t, struct buf *out)
{
	for (size_t i = 0; i < t->backend_count; i++)
		buf_printf(out, "origin " STR_FMT "\n  * /* -> 200 text/plain Hello from " STR_FMT "\n",
			   STR_ARG(t->backends[i]), STR_ARG(t->backends[i]));
	if (t->backend_count)
		buf_add_char(out, '\n');
}

static void add_request(unsigned status, struct buf *out)
{
	buf_printf(out, "test answers the front page\nGET /\n  clientFetch.status is %u\n", status);
}

static void print_fiddle(const struct first_test *t, struct buf *out)
{
	buf_printf(out,
		   "# backlot-fiddle 1\n"
		   "# A first test%s" STR_FMT
		   ".\n# `backlot test` runs it, `backlot test --watch` whenever it is saved.\n\n",
		   t->name.len ? " of " : "", STR_ARG(t->name));
	if (t->backend_count)
		buf_add(out, STR("# Answers for the backends, in memory: the first line that matches.\n"));
	add_origins(t, out);
	buf_add(out, STR("# A request, and below it lines about what came of it.\n"));
	add_request(t->status ? t->status : 200, out);
	if (t->backend_count)
		buf_add(out, STR("  # originFetches.count() is 1\n"));
	buf_add(out, STR("  # clientFetch.bodyText includes \"Hello\"\n"));
}

static void print_typescript(const struct first_test *t, struct buf *out)
{
	buf_printf(out,
		   "// A first test%s" STR_FMT
		   ". `backlot test` runs it, `backlot test --watch` whenever it is "
		   "saved.\n\n"
		   "import { expect, it%s, service } from \"backlot:test\";\n\n"
		   "it(\"answers the front page\", async () => {\n",
		   t->name.len ? " of " : "", STR_ARG(t->name), t->backend_count ? ", origin" : "");
	if (t->backend_count)
		buf_add(out, STR("  // Answers for the backends, in memory.\n"));
	for (size_t i = 0; i < t->backend_count; i++) {
		buf_add(out, STR("  origin("));
		buf_add_json(out, t->backends[i]);
		buf_add(out, STR(").respond("));
		scoped(buf_fini) struct buf hello = BUF_INIT(FIRST_TEST_BYTES_MAX);
		buf_printf(&hello, "Hello from " STR_FMT, STR_ARG(t->backends[i]));
		buf_add_json(out, buf_str(&hello));
		buf_add(out, STR(");\n"));
	}
	buf_printf(out,
		   "%s  const response = await service.fetch(\"/\");\n\n"
		   "  expect(response.status).toBe(%u);\n"
		   "  // expect(await response.text()).toContain(\"Hello\");\n"
		   "});\n",
		   t->backend_count ? "\n" : "", t->status ? t->status : 200);
}

void first_test_print(const struct first_test *t, struct buf *out)
{
	if (t->language == LANGUAGE_FIDDLE)
		print_fiddle(t, out);
	else
		print_typescript(t, out);
}

/* ---- what the service answers ---- */

/* A report that keeps nothing but what the only test's first check saw. */
struct asking {
	struct reporter super;
	unsigned status;
};

static void ask_begin(struct reporter *r, size_t files)
{
	(void)r, (void)files;
}

static void ask_progress(struct reporter *r, const struct run_progress *progress)
{
	(void)r, (void)progress;
}

static void ask_broken(struct reporter *r, const char *file, struct str text)
{
	(void)r, (void)file, (void)text;
}

static void ask_warning(struct reporter *r, struct str text)
{
	(void)r, (void)text;
}

/* "clientFetch.status is 599: actual 404" */
static void ask_result(struct reporter *r, const struct test_result *t)
{
	uint64_t status;
	size_t at = str_find(t->message, STR(": actual "));
	struct str number =
		at == STR_NONE ? STR("") : str_sub(t->message, at + STR(": actual ").len, t->message.len);
	if (str_to_u64(number, STATUS_NOBODY_SENDS, &status))
		((struct asking *)r)->status = (unsigned)status;
}

static void ask_obsolete(struct reporter *r, const char *file, struct str snapshot)
{
	(void)r, (void)file, (void)snapshot;
}

static void ask_end(struct reporter *r, const struct run_totals *totals)
{
	(void)r, (void)totals;
}

static void ask_destroy(struct reporter *r)
{
	(void)r;
}

static const struct reporter_ops ask_ops = {
	.name = "ask",
	.begin = ask_begin,
	.progress = ask_progress,
	.broken = ask_broken,
	.warning = ask_warning,
	.result = ask_result,
	.obsolete = ask_obsolete,
	.end = ask_end,
	.destroy = ask_destroy,
};

/* The same request, with a check that shows the status. False: there was no place for the file. */
static bool write_question(const struct first_test *t, const struct cli_options *o, char path[PATH_BYTES_MAX])
{
	struct error ignored;
	scoped(buf_fini) struct buf text = BUF_INIT(FIRST_TEST_BYTES_MAX);
	const char *folder = o->env->lookup("TMPDIR");
	int n = snprintf(path, PATH_BYTES_MAX, "%s/backlot-XXXXXX.fiddle", folder ? folder : "/tmp");
	int fd = n < PATH_BYTES_MAX ? mkstemps(path, (int)sizeof ".fiddle" - 1) : -1;
	if (fd < 0)
		return false;
	close(fd);
	add_origins(t, &text);
	add_request(STATUS_NOBODY_SENDS, &text);
	return file_write(path, buf_str(&text), &ignored);
}

unsigned first_test_ask(const struct first_test *t, const struct cli_options *o, struct interrupt *interrupt)
{
	char path[PATH_BYTES_MAX];
	struct asking asking = { .super.ops = &ask_ops };
	struct project project = *t->project;
	if (!write_question(t, o, path))
		return 0;
	struct test_file file = { .path = path, .project = &project, .kind = &fiddle_kind };
	struct test_files files = { .at = &file, .count = 1, .projects = &project };
	struct clock *clock = clock_system_new();
	(void)test_run(&(struct test_run){
		.o = o, .files = &files, .clock = clock, .interrupt = interrupt, .reporter = &asking.super });
	clock_destroy(&clock);
	unlink(path);
	return asking.status;
}
