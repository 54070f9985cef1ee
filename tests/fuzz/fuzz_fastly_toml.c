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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct clock *clock = clock_virtual_new(1);
	struct loop loop;
	struct manifest m;
	struct error e = { 0 };
	const struct manifest_options options = { .base_dir = "/no/such/folder", .env = no_environment };
	/* Absolute paths would lead to real files. */
	for (size_t i = 0; i + 1 < size; i++) {
		if (data[i] == '/' && i > 0 && (data[i - 1] == '"' || data[i - 1] == '\''))
			return 0;
	}
	loop_init(&loop, clock);
	struct world *w = world_new(&loop, 1);
	manifest_init(&m);
	if (!manifest_parse_fastly(&m, (struct str){ (const char *)data, size }, &options, w, &e)) {
		/* Every refusal says where. */
		if (!str_starts(str_from(e.text), STR("fastly.toml:")))
			abort();
	}
	manifest_fini(&m);
	world_destroy(&w);
	loop_fini(&loop);
	clock_destroy(&clock);
	return 0;
}
