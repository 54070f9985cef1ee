/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a fastly.toml: taken or refused with a place, no file ever opened. */
#include <stdlib.h>

#include "manifest/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_environment(void *data, const char *name)
{
	(void)data, (void)name;
	return NULL;
}

/* An absolute path would lead to a real file. */
static bool names_a_real_file(const uint8_t *data, size_t size)
{
	for (size_t i = 1; i < size; i++) {
		if (data[i] == '/' && (data[i - 1] == '"' || data[i - 1] == '\''))
			return true;
	}
	return false;
}

static bool parse(struct loop *loop, struct str text, struct error *e)
{
	const struct manifest_options options = { .base_dir = "/no/such/folder", .env = no_environment };
	struct world *w = world_new(loop, 1);
	struct manifest m;
	manifest_init(&m);
	bool taken = manifest_parse_fastly(&m, text, &options, w, e);
	manifest_fini(&m);
	world_destroy(&w);
	return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (names_a_real_file(data, size))
		return 0;
	struct clock *clock = clock_virtual_new(1);
	struct loop loop;
	struct error e = { 0 };
	loop_init(&loop, clock);
	bool taken = parse(&loop, (struct str){ (const char *)data, size }, &e);
	if (!taken && !str_starts(str_from(e.text), STR("fastly.toml:"))) /* every refusal says where */
		abort();
	loop_fini(&loop);
	clock_destroy(&clock);
	return 0;
}
