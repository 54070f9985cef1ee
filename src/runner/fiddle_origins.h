/* SPDX-License-Identifier: Apache-2.0 */
/* The origins of a .fiddle file, as rules of a world. */
#ifndef RUNNER_FIDDLE_ORIGINS_H
#define RUNNER_FIDDLE_ORIGINS_H

#include "script/script.h"
#include "world/world.h"

/* In a file the first rule that matches answers, in a world the newest: so they are added from behind.
 * `file`: its name, for messages. */
void fiddle_add_origins(struct world *w, struct str file, const struct script_origin *origins, size_t count);

/* Without a manifest the backends are those that the file has origins for. */
void fiddle_add_backends(struct world *w, const struct script_origin *origins, size_t count);

#endif
