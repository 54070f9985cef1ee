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
	bool (*lookup)(struct geo *, const uint8_t *ip, uint8_t ip_len, struct arena *, struct str *json,
		       struct error *);
	bool (*put)(struct geo *, const uint8_t *ip, uint8_t ip_len, struct str json, struct error *);
	struct table *(*records)(struct geo *);
	struct geo *(*fork)(struct geo *); /* O(1); neither sees what is later put into the other */
	void (*destroy)(struct geo *);
};

/* ERROR_NOT_FOUND: nothing is known of the address. The text is the arena's. */
must_use static inline bool geo_lookup(struct geo *g, const uint8_t *ip, uint8_t ip_len, struct arena *a,
				       struct str *json, struct error *e)
{
	return g->ops->lookup(g, ip, ip_len, a, json, e);
}

must_use static inline bool geo_put(struct geo *g, const uint8_t *ip, uint8_t ip_len, struct str json,
				    struct error *e)
{
	return g->ops->put(g, ip, ip_len, json, e);
}

/*
 * All that is known, as a table that no fork sees, for who removes or lists; borrowed until the next change
 * of `g`. Its keys are spelled as ip_print() does, its values are the JSON texts.
 */
static inline struct table *geo_records(struct geo *g)
{
	return g->ops->records(g);
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
 * Over a table from address, spelled as ip_print() does, to record. Takes the reference to `records`. With
 * `loopback_default`, loopback addresses that are not in the table get a record of Fastly's office in San
 * Francisco, as Fastly's own local server gives it.
 */
must_use struct geo *geo_table_new(struct table *records, bool loopback_default);

/* For table_file_open(): keys are addresses in any spelling, values are JSON objects. */
bool geo_check_record(struct arena *a, struct str *key, struct str *value, struct error *e);

#endif
