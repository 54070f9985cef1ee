/* SPDX-License-Identifier: Apache-2.0 */
/* Running the command line in a test: options alone, or the whole program with its output kept. */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "support/test.h"

static inline const char *no_variable(const char *name)
{
	(void)name;
	return NULL;
}

/* ---- options alone ---- */

struct parsed {
	struct cli_options o;
	struct error e;
	bool ok;
	struct arena arena;
};

static inline int count_args(const char *const *argv)
{
	int n = 0;
	while (argv[n])
		n++;
	return n;
}

static inline void parse_argv(struct parsed *p, const char *const *argv)
{
	static const struct cli_env env = { .lookup = no_variable };
	*p = (struct parsed){ .o = { .env = &env, .program = "backlot" } };
	arena_init(&p->arena);
	p->ok = options_parse(&p->o, count_args(argv), (char *const *)argv, &p->arena, &p->e);
}

static inline void parsed_free(struct parsed *p)
{
	arena_fini(&p->arena);
}

/* PARSE(p, "run", "x.wasm"); the arguments after the program's name. */
#define PARSE(p, ...)                        \
	scoped(parsed_free) struct parsed p; \
	parse_argv(&p, (const char *const[]){ "backlot", ##__VA_ARGS__, NULL })

#define assert_parsed(p)                                     \
	do {                                                 \
		if (!(p).ok)                                 \
			fail_msg("refused: %s", (p).e.text); \
	} while (0)

/* The command line is refused, with this in the words. */
#define assert_refused(part, ...)                                                      \
	do {                                                                           \
		PARSE(refused_, ##__VA_ARGS__);                                        \
		assert_false(refused_.ok);                                             \
		if (!strstr(refused_.e.text, part))                                    \
			fail_msg("is       %s\nexpected …%s…", refused_.e.text, part); \
	} while (0)

/* ---- the whole program ---- */

struct ran {
	int code;
	char *out, *err;
};

static inline void ran_free(struct ran *r)
{
	free(r->out);
	free(r->err);
}

static inline struct ran run_argv(const char *const *argv, struct cli_env env)
{
	struct ran r;
	size_t out_len, err_len;
	env.out = open_memstream(&r.out, &out_len);
	env.err = open_memstream(&r.err, &err_len);
	if (!env.lookup)
		env.lookup = no_variable;
	env.folder = "/";
	r.code = cli_main(count_args(argv), (char **)argv, &env);
	fclose(env.out);
	fclose(env.err);
	return r;
}

/* RUN(r, "help", "run"): as `backlot help run` in an empty environment. */
#define RUN(r, ...) RUN_IN(r, ((struct cli_env){ 0 }), "backlot", ##__VA_ARGS__)
#define RUN_IN(r, env, ...) \
	scoped(ran_free) struct ran r = run_argv((const char *const[]){ __VA_ARGS__, NULL }, env)

#define assert_has(whole, part)                                         \
	do {                                                            \
		if (!strstr(whole, part))                               \
			fail_msg("there is no %s in\n%s", part, whole); \
	} while (0)
#define assert_has_not(whole, part)                                  \
	do {                                                         \
		if (strstr(whole, part))                             \
			fail_msg("there is %s in\n%s", part, whole); \
	} while (0)

#endif
