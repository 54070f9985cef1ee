/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what the Image Optimizer is asked for, by a service and by a URL. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "world/image_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct image_options o;
	struct error e = { 0 };
	struct buf warnings = BUF_INIT(1 << 16);
	char *copy = malloc(size ? size : 1); /* so that reading past its end is noticed */
	CHECK(copy);
	if (size)
		memcpy(copy, data, size);
	struct str text = { copy, size };
	arena_init(&a);
	if (!image_options_read(&o, &a, text, &e))
		CHECK(e.kind == ERROR_INVALID && image_options_read(&o, &a, STR("region=asia"), &e));
	CHECK(image_options_read_url(&o, &a, text, &warnings, &e));
	for (const struct image_option *i = o.first; i; i = i->next)
		CHECK(i->name.len && i->value.len);
	buf_fini(&warnings);
	arena_fini(&a);
	free(copy);
	return 0;
}
