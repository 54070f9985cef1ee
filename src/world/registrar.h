/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is asked when a service registers a backend of its own (a dynamic backend, or one for a shielding
 * site): it learns of the registration, may let another backend stand in for it, and may refuse it. A world
 * without one (NULL) lets everything be as the service has it. A frame asks whom its parent asks.
 */
#ifndef WORLD_REGISTRAR_H
#define WORLD_REGISTRAR_H

#include <stdbool.h>

#include "world/backend.h"

struct world;

struct registrar {
	const struct registrar_ops *ops;
};

struct registrar_ops {
	const char *name;
	/*
	 * `*backend` is what the service registers in a world, a reference. It may be replaced by a reference
	 * to another of the same name, which the service then sends to and is told of; the old one is unref'd
	 * by whoever replaces it. False: refused, as by a Fastly service that may have no dynamic backends.
	 */
	bool (*registers)(struct registrar *, struct world *, struct backend **backend);
};

/* `registrar` may be NULL. */
must_use static inline bool registrar_ask(struct registrar *r, struct world *w, struct backend **backend)
{
	return !r || r->ops->registers(r, w, backend);
}

#endif
