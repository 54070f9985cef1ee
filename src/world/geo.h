/* SPDX-License-Identifier: Apache-2.0 */
/* Where an address is, as the JSON text that Fastly's geolocation gives a service. */
#ifndef WORLD_GEO_H
#define WORLD_GEO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "store/table.h"

struct geo {
	const struct geo_ops *ops;
};

struct geo_ops {
	const char *name;
	bool (*lookup)(struct geo *, const uint8_t *ip, uint8_t ip_len, struct arena *, struct str *json, struct error *);
	bool (*put)(struct geo *, const uint8_t *ip, uint8_t ip_len, struct str json, struct error *);
	struct geo *(*fork)(struct geo *);
	void (*destroy)(struct geo *);
};

/* ERROR_NOT_FOUND: nothing is known of the address. */
must_use static inline bool geo_lookup(struct geo *g, const uint8_t *ip, uint8_t ip_len, struct arena *a, struct str *json,
				       struct error *e)
{
	return g->ops->lookup(g, ip, ip_len, a, json, e);
}

must_use static inline bool geo_put(struct geo *g, const uint8_t *ip, uint8_t ip_len, struct str json, struct error *e)
{
	return g->ops->put(g, ip, ip_len, json, e);
}

must_use static inline struct geo *geo_fork(struct geo *g)
{
	return g->ops->fork(g);
}

static inline void geo_destroy(struct geo **pg)
{
	if (*pg)
		(*pg)->ops->destroy(*pg);
	*pg = NULL;
}

/*
 * Over a table whose keys are addresses, in any spelling of IPv6. Takes the reference to `records`. With
 * `loopback_default`, loopback addresses that are not in the table get a record of Fastly's office in San Francisco, as
 * Viceroy gives it.
 */
must_use struct geo *geo_table_new(struct table *records, bool loopback_default);

#endif
