/* SPDX-License-Identifier: Apache-2.0 */
/* What device a User-Agent is, as the JSON text that Fastly's device detection gives a service. */
#ifndef WORLD_DEVICE_H
#define WORLD_DEVICE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "store/table.h"

struct device {
	const struct device_ops *ops;
};

struct device_ops {
	const char *name;
	bool (*lookup)(struct device *, struct str user_agent, struct arena *, struct str *json,
		       struct error *);
	bool (*put)(struct device *, struct str user_agent, struct str json, struct error *);
	struct table *(*records)(struct device *);
	struct device *(*fork)(struct device *); /* O(1); neither sees what is later put into the other */
	void (*destroy)(struct device *);
};

/* ERROR_NOT_FOUND: an unknown device. The text is the arena's. */
must_use static inline bool device_lookup(struct device *d, struct str user_agent, struct arena *a,
					  struct str *json, struct error *e)
{
	return d->ops->lookup(d, user_agent, a, json, e);
}

must_use static inline bool device_put(struct device *d, struct str user_agent, struct str json,
				       struct error *e)
{
	return d->ops->put(d, user_agent, json, e);
}

/*
 * All that is known, as a table that no fork sees, for who removes or lists; borrowed until the next change
 * of `d`. Its keys are User-Agents, its values are the JSON texts.
 */
static inline struct table *device_records(struct device *d)
{
	return d->ops->records(d);
}

must_use static inline struct device *device_fork(struct device *d)
{
	return d->ops->fork(d);
}

static inline void device_destroy(struct device **pd)
{
	if (*pd)
		(*pd)->ops->destroy(*pd);
	*pd = NULL;
}

/* Over a table from User-Agent to record; takes the reference. */
must_use struct device *device_table_new(struct table *records);

/* For table_file_open(): values are JSON objects. */
bool device_check_record(struct arena *a, struct str *key, struct str *value, struct error *e);

#endif
