/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `serve` serves: a service, in one world for each POP. A new deployment takes over from the one before
 * while the old one ends what it has begun; what is cached and stored at the edge outlives a new guest.
 */
#ifndef CLI_DEPLOYMENT_H
#define CLI_DEPLOYMENT_H

#include "base/list.h"
#include "base/rc.h"
#include "cli/edge.h"
#include "guest/front.h"

enum { POPS_MAX = 16, GUESTS_MAX = 128 };

/* "AMS", "FRA", … for several POPs; of a single one what Viceroy says: "XXX". Borrowed, for ever. */
struct str pop_name(size_t i, size_t count);

/* The worlds of one manifest. Counted; a deployment holds a reference. */
struct surroundings {
	struct rc rc;
	struct manifest manifest;
	size_t count;
	struct world *worlds[POPS_MAX];
};

/*
 * Reads the manifest (NULL: there is none) once for each POP, prints its warnings. Of `before` (NULL: nothing
 * was) the caches are taken over as they are now; KV stores begin as the manifest says.
 */
must_use bool surroundings_new(struct surroundings **out, struct edge *edge, const struct cli_options *o,
			       const char *manifest, const struct surroundings *before, struct error *e);
void surroundings_unref(struct surroundings **ps); /* leaves NULL; NULL is fine */

struct deployment {
	struct list link; /* the caller's */
	struct surroundings *around;
	struct service *service;
	struct front fronts[POPS_MAX];
};

/* Takes over the reference and the service. `init` sets the callbacks of the front of each POP. */
must_use struct deployment *deployment_new(struct surroundings *taken, struct service *taken_service,
					   void (*init)(void *data, struct front *front, size_t pop),
					   void *data);
bool deployment_idle(const struct deployment *d);
/* Cancels what is still under way. Leaves NULL; NULL is fine. */
void deployment_destroy(struct deployment **pd);

#endif
