/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a world says where nothing else does: of clients, by a firewall that inspects them, of the products
 * that a service has. Shared by frames until one of them says something else.
 */
#ifndef WORLD_FACTS_H
#define WORLD_FACTS_H

#include "base/rc.h"
#include "world/client.h"
#include "world/firewall.h"

struct products {
	enum known domain_inspector, image_optimizer, origin_inspector;
};

extern const struct settings products_settings;

struct facts {
	struct rc rc;
	struct arena arena;   /* its strings, but for those of `before` */
	struct facts *before; /* what it was copied from; NULL: nothing */
	struct client client; /* whatever the request's own connection does not tell */
	struct firewall firewall;
	struct products products;
};

must_use struct facts *facts_new(void); /* says nothing */
must_use struct facts *facts_ref(struct facts *f);
void facts_unref(struct facts **pf); /* leaves NULL; NULL is fine */

/* Makes `*pf` one that nobody else holds, by copying it if need be, so that it can be changed. */
void facts_own(struct facts **pf);

/* Settings by the name of their block, as .fiddle files and tests in JavaScript write it. */
struct facts_block {
	struct str name; /* "client", "inspect", "products" */
	const struct settings *settings;
	size_t offset; /* of what they are the members of, in struct facts */
};

/* NULL: there is none of that name. */
const struct facts_block *facts_block_find(struct str name);
static inline void *facts_block_object(const struct facts_block *b, struct facts *f)
{
	return (char *)f + b->offset;
}

#endif
