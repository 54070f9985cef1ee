/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest read into a world, for the tests of this folder. */
#ifndef UNIT_MANIFEST_SETUP_H
#define UNIT_MANIFEST_SETUP_H

#include "manifest/manifest.h"
#include "support/test.h"

struct setup {
	struct clock *clock;
	struct loop loop;
	struct world *world;
	struct manifest manifest;
	struct error error;
};

static inline void begin(struct setup *s)
{
	*s = (struct setup){ .clock = clock_virtual_new(NS_PER_S) };
	loop_init(&s->loop, s->clock);
	s->world = world_new(&s->loop, 1);
	manifest_init(&s->manifest);
}

static inline void end(struct setup *s)
{
	manifest_fini(&s->manifest);
	world_destroy(&s->world);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
}

/* The environment has one variable, TOKEN. */
static inline const char *environment(void *data, const char *name)
{
	return str_eq(str_from(name), STR("TOKEN")) ? data : NULL;
}

static inline bool try_parse(struct setup *s, const char *text)
{
	static char token[] = "from the environment";
	struct manifest_options options = { .base_dir = test_dir(), .env = environment, .env_data = token };
	return manifest_parse_fastly(&s->manifest, str_from(text), &options, s->world, &s->error);
}

static inline void parse(struct setup *s, const char *text)
{
	if (!try_parse(s, text))
		fail_msg("%s", s->error.text);
}

/* Begins, refuses, ends: the text must lead to exactly this error. */
static inline void assert_refused(const char *text, const char *expected)
{
	struct setup s;
	begin(&s);
	if (try_parse(&s, text))
		fail_msg("taken: %s", text);
	assert_string_equal(s.error.text, expected);
	end(&s);
}

#endif
