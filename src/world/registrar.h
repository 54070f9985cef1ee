/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is asked when a service registers a backend of its own (a dynamic backend, or one for a shielding
 * site): it learns of the registration, may let another backend stand in for it, and may refuse it. A world
 * without one (NULL) lets everything be as the service has it. A frame asks whom its parent asks.
 */
#ifndef WORLD_REGISTRAR_H
#define WORLD_REGISTRAR_H

#include <stdbool.h>

#include "base/attr.h"
#include "loop/loop.h"
#include "world/backend.h"

struct world;

/* What a service that is refused is told, by the words that tests have for it. */
#define REFUSALS(X)                                                                               \
	X(DISALLOWED, "disallowed")   /* as a Fastly service that may have no dynamic backends */ \
	X(NAME_IN_USE, "name-in-use") /* there is one of that name */                             \
	X(INVALID, "invalid")         /* something about it is wrong */                           \
	X(TOO_MANY, "too-many")       /* as beyond Fastly's limit */

enum refusal {
	REFUSAL_NONE,
#define X(id, word) REFUSAL_##id,
	REFUSALS(X)
#undef X
};

/* REFUSAL_NONE: there is none of that name. */
enum refusal refusal_find(struct str word);

/* A backend that a service is about to register, and waits for. */
struct registration {
	struct rc rc;
	struct world *world;     /* the service's; it may be gone before the registration is settled */
	struct backend *backend; /* a reference: as the service has it, once accepted what it gets */
	bool settled;
	enum refusal refused;
	struct event changed; /* fired when settled */
};

struct registrar {
	const struct registrar_ops *ops;
};

struct registrar_ops {
	const char *name;
	/*
	 * Settles the registration, now or later, while its world lives; for later it takes a reference. This
	 * is called on the guest's own stack: what must not run there posts a task. Until it is settled the
	 * service waits.
	 */
	void (*registers)(struct registrar *, struct registration *);
};

/* A reference for the caller; takes the backend. With no registrar (NULL) it is accepted at once. */
must_use struct registration *registration_start(struct registrar *registrar, struct world *w,
						 struct backend *taken);
struct registration *registration_ref(struct registration *r);
void registration_unref(struct registration **pr); /* leaves NULL; NULL is fine */

/*
 * The service may have it; with `instead` (taken; of the same name, or NULL) that stands in for it, and is
 * what the service sends to and is told of.
 */
void registration_accept(struct registration *r, struct backend *instead);
void registration_refuse(struct registration *r, enum refusal why);

#endif
