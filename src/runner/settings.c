/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/settings.h"

#include "base/check.h"

static bool check_client(struct str name, struct str value, struct arena *a, struct error *e)
{
	struct client probe = { 0 };
	return settings_set(&client_settings, &probe, a, name, value, e);
}

static bool check_inspect(struct str name, struct str value, struct arena *a, struct error *e)
{
	struct firewall probe = { 0 };
	return settings_set(&firewall_settings, &probe, a, name, value, e);
}

static bool check_products(struct str name, struct str value, struct arena *a, struct error *e)
{
	struct products probe = { .domain_inspector = NOT_KNOWN };
	return settings_set(&products_settings, &probe, a, name, value, e);
}

schema_setting_fn *const settings_checks[SCRIPT_BLOCK_COUNT] = {
	[SCRIPT_BLOCK_CLIENT] = check_client,
	[SCRIPT_BLOCK_INSPECT] = check_inspect,
	[SCRIPT_BLOCK_PRODUCTS] = check_products,
};

static bool apply(const struct script_setting *s, struct client *client, struct world *w, struct arena *a,
		  struct error *e)
{
	if (s->block == SCRIPT_BLOCK_CLIENT)
		return settings_set(&client_settings, client, a, s->name, s->value, e);
	facts_own(&w->facts);
	struct facts *f = w->facts;
	if (s->block == SCRIPT_BLOCK_INSPECT)
		return settings_set(&firewall_settings, &f->firewall, &f->arena, s->name, s->value, e);
	return settings_set(&products_settings, &f->products, &f->arena, s->name, s->value, e);
}

void settings_apply(const struct script_setting *last, struct client *client, struct world *w,
		    struct arena *a)
{
	size_t count = 0;
	struct error e;
	for (const struct script_setting *s = last; s; s = s->above)
		count++;
	const struct script_setting **in_order = arena_alloc(a, count * sizeof *in_order);
	for (size_t i = count; i-- > 0; last = last->above)
		in_order[i] = last;
	for (size_t i = 0; i < count; i++)
		CHECK(apply(in_order[i], client, w, a, &e));
}
