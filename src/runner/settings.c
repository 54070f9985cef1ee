/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/settings.h"

#include "base/check.h"

static bool check_client(struct str name, struct str value, struct arena *a, struct error *e)
{
	struct client nobody = { 0 };
	return client_set(&nobody, a, name, value, e);
}

schema_setting_fn *const settings_checks[SCRIPT_BLOCK_COUNT] = {
	[SCRIPT_BLOCK_CLIENT] = check_client,
};

static void apply(const struct script_setting *s, struct client *client, struct world *w, struct arena *a)
{
	struct error e;
	(void)w;
	switch (s->block) {
	case SCRIPT_BLOCK_CLIENT:
		CHECK(client_set(client, a, s->name, s->value, &e));
		break;
	case SCRIPT_BLOCK_COUNT:
		break;
	}
}

void settings_apply(const struct script_setting *last, struct client *client, struct world *w,
		    struct arena *a)
{
	size_t count = 0;
	for (const struct script_setting *s = last; s; s = s->above)
		count++;
	const struct script_setting **in_order = arena_alloc(a, count * sizeof *in_order);
	for (size_t i = count; i-- > 0; last = last->above)
		in_order[i] = last;
	for (size_t i = 0; i < count; i++)
		apply(in_order[i], client, w, a);
}
