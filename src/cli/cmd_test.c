/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot test`: finds test files, and has them run, once or whenever something has changed. */
#include "base/buf.h"
#include "cli/cli.h"
#include "cli/test_run.h"
#include "cli/test_watch.h"

static int no_tests(const struct cli_options *o)
{
	struct error e;
	scoped(buf_fini) struct buf which = BUF_INIT(ERROR_TEXT_BYTES_MAX);
	for (const struct executor_kind *const *k = test_kinds; *k; k++)
		buf_printf(&which, "%s%s", k == test_kinds ? "" : ", and ", (*k)->files);
	FAIL(&e, NOT_FOUND,
	     "no tests here; tests are " STR_FMT ". To begin, in a project with a fastly.toml:\n\n"
	     "    %s init\n\n"
	     "It writes a first test that passes:\n\n"
	     "    it(\"answers the front page\", async () => {\n"
	     "      const response = await service.fetch(\"/\");\n"
	     "      expect(response.status).toBe(200);\n"
	     "    });\n\n"
	     "`%s help test` says more",
	     STR_ARG(buf_str(&which)), o->program, o->program);
	return cli_error(o, CLI_USAGE, &e);
}

int cmd_test(const struct cli_options *o)
{
	struct error e;
	struct test_files files = { 0 };
	struct clock *clock = clock_system_new();
	uint64_t start_ns = clock_monotonic(clock);
	const struct test_search search = {
		.paths = o->operands,
		.count = o->operand_count,
		.manifest = o->config,
		.service = o->service,
		.kinds = test_kinds,
	};
	struct interrupt interrupt;
	int code;
	interrupt_begin(&interrupt);
	if (o->watch)
		code = test_watch(o, &search, clock, &interrupt);
	else if (!test_files_find(&files, &search, &e))
		code = cli_error(o, CLI_USAGE, &e);
	else if (files.count == 0)
		code = no_tests(o);
	else
		code = test_run(&(struct test_run){ .o = o,
						    .files = &files,
						    .clock = clock,
						    .start_ns = start_ns,
						    .interrupt = &interrupt });
	test_files_fini(&files);
	interrupt_end(&interrupt);
	clock_destroy(&clock);
	return code;
}
