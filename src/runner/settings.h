/* SPDX-License-Identifier: Apache-2.0 */
/* What the blocks of settings in a .fiddle file say (`client` …), bound to the world a request runs in. */
#ifndef RUNNER_SETTINGS_H
#define RUNNER_SETTINGS_H

#include "script/script.h"
#include "world/client.h"
#include "world/world.h"

/* For document_schema: by block, whether a setting may be made. */
extern schema_setting_fn *const settings_checks[SCRIPT_BLOCK_COUNT];

/* Makes all settings that hold for a request, the earliest first. They were checked; strings live in `a`. */
void settings_apply(const struct script_setting *last, struct client *client, struct world *w,
		    struct arena *a);

#endif
