/* SPDX-License-Identifier: Apache-2.0 */
#include "world/facts.h"

#include "base/mem.h"

#define ROW(member, name, doc)                                                             \
	{                                                                                  \
		STR_INIT(name), SETTING_FLAG, offsetof(struct products, member), doc, NULL \
	}

static const struct setting rows[] = {
	ROW(domain_inspector, "domainInspector", "has the service Domain Inspector?"),
	ROW(image_optimizer, "imageOptimizer", "has it the Image Optimizer?"),
	ROW(origin_inspector, "originInspector", "has it Origin Inspector?"),
};

const struct settings products_settings = { "the products", rows, COUNT_OF(rows) };

static void facts_destroy(struct rc *r)
{
	struct facts *f = (struct facts *)r;
	facts_unref(&f->before);
	arena_fini(&f->arena);
	mem_free(f);
}

struct facts *facts_new(void)
{
	struct facts *f = NEW(struct facts);
	rc_init(&f->rc, facts_destroy);
	arena_init(&f->arena);
	return f;
}

struct facts *facts_ref(struct facts *f)
{
	rc_ref(&f->rc);
	return f;
}

void facts_unref(struct facts **pf)
{
	struct facts *f = take(*pf);
	if (f)
		rc_unref(&f->rc);
}

void facts_own(struct facts **pf)
{
	struct facts *old = *pf;
	if (old->rc.refs == 1)
		return;
	struct facts *f = facts_new();
	f->client = old->client;
	f->firewall = old->firewall;
	f->products = old->products;
	f->before = old; /* the reference goes along */
	*pf = f;
}

const struct facts_block *facts_block_find(struct str name)
{
	static const struct facts_block blocks[] = {
		{ STR_INIT("client"), &client_settings, offsetof(struct facts, client) },
		{ STR_INIT("inspect"), &firewall_settings, offsetof(struct facts, firewall) },
		{ STR_INIT("products"), &products_settings, offsetof(struct facts, products) },
	};
	for (size_t i = 0; i < COUNT_OF(blocks); i++) {
		if (str_eq(blocks[i].name, name))
			return &blocks[i];
	}
	return NULL;
}
