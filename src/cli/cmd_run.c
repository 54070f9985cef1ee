/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot run`: one guest or Wasm test program, to its end, in the real world. */
#include <string.h>
#include <unistd.h>

#include "cli/edge.h"
#include "cli/service.h"
#include "cli/test_program.h"
#include "guest/limit.h"

enum { EXIT_TRAP = 134, EXIT_OTHER = 1 };

/* The file's name without its ending, which the guest sees as argv[0]. */
static struct str program_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct str name = str_from(slash ? slash + 1 : path);
	size_t dot = str_find_char(name, '.');
	return str_sub(name, 0, dot ? dot : name.len);
}

static int exit_code(const struct cli_options *o, const struct invocation *i)
{
	switch (i->outcome) {
	case OUTCOME_OK:
		return 0;
	case OUTCOME_EXIT:
		return i->exit_code & 0xff;
	case OUTCOME_TRAP:
	case OUTCOME_LIMIT:
		fprintf(o->env->err, "%s: " STR_FMT "\n", o->program, STR_ARG(i->report));
		return EXIT_TRAP;
	default:
		fprintf(o->env->err, "%s: " STR_FMT "\n", o->program, STR_ARG(i->report));
		return EXIT_OTHER;
	}
}

static void show_breaches(const struct cli_options *o, const struct invocation *i)
{
	for (const struct limit_breach *b = i->breaches; b; b = b->next) {
		scoped(buf_fini) struct buf text = BUF_INIT(ERROR_TEXT_BYTES_MAX);
		limit_breach_print(b, &text);
		fprintf(o->env->err, "%s: warning: %s\n", o->program, text.ptr);
	}
}

static int run(const struct cli_options *o, struct edge *edge, struct service *service,
	       const struct guest_program *program)
{
	struct http_request request = { .method = STR("GET"),
					.uri = STR("http://example.com/"),
					.version = HTTP_1_1 };
	const struct invocation_request asked = { .http = &request,
						  .program = program,
						  .client = edge->world->facts->client };
	fflush(NULL);
	struct invocation *i = service_invoke(service, edge->world, &asked);
	/* Whatever is sent as a response is read by nobody. */
	loop_run(&edge->loop, &i->ended, UINT64_MAX);
	show_breaches(o, i);
	int code = exit_code(o, i);
	invocation_destroy(&i);
	return code == 0 && cli_profile_lost(service) ? EXIT_OTHER : code;
}

/* A Rust test program is run test by test, unless it is asked for something else; the rest as it is. */
static int run_any(const struct cli_options *o, struct edge *edge, struct service *service,
		   struct test_program *tests)
{
	struct guest_program program = { .args = o->guest_args };
	int code = tests->is_one ? test_program_run(o, tests, service) : -1;
	if (code >= 0)
		return code;
	if (tests->is_one)
		program = test_program_plain(o, tests);
	return run(o, edge, service, &program);
}

static int open_and_run(const struct cli_options *o, struct edge *edge, struct wasm_options *wasm)
{
	struct error e;
	struct service *service = NULL;
	struct test_program tests;
	int code;
	if (!cli_profile_place(o, wasm, &e))
		return cli_error(o, EXIT_OTHER, &e);
	test_program_open(&tests, o->input);
	/* One profile is asked for, so there is to be one instance. */
	tests.is_one = tests.is_one && o->profile.strategy == PROFILE_NONE;
	wasm->lines = !tests.is_one; /* tests trap by the hundred, and a panic says its line itself */
	wasm->memory_bytes_max = limits_memory_room(&edge->world->limits, edge->world->limits_mode);
	if (cli_open_service(&service, o->input, wasm, &e))
		code = run_any(o, edge, service, &tests);
	else
		code = cli_error(o, CLI_USAGE, &e);
	service_destroy(&service);
	test_program_close(&tests);
	return code;
}

int cmd_run(const struct cli_options *o)
{
	struct error e;
	struct edge edge;
	struct wasm_options wasm = cli_wasm_options(o);
	wasm.program = program_name(o->input);
	wasm.instances_max = 1;
	int code;
	if (!edge_open(&edge, o, o->config, &e))
		code = cli_error(o, CLI_USAGE, &e);
	else
		code = open_and_run(o, &edge, &wasm);
	edge_close(&edge);
	return code;
}
