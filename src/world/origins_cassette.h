/* SPDX-License-Identifier: Apache-2.0 */
/* Origins by a cassette: they play it, or record a new one, as the take says. */
#ifndef WORLD_ORIGINS_CASSETTE_H
#define WORLD_ORIGINS_CASSETTE_H

#include "world/cassette.h"
#include "world/origins.h"

/*
 * Takes `real`, which is asked where the mode is not to replay, where it may be NULL. The take is borrowed;
 * forks share it, and all of them are destroyed before it.
 *
 * A request's body is read to its end before anything else happens, and so is the body of what a real origin
 * answers: a service that streams sees that it comes at once. An upgrade is not recorded: it goes to the real
 * origin, and fails in a replay.
 */
must_use struct origins *origins_cassette_new(struct cassette_take *take, struct origins *real);

#endif
