/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind a test's own origins: nothing, the network, or a cassette. */
#ifndef RUNNER_OUTSIDE_H
#define RUNNER_OUTSIDE_H

#include "http/client.h"
#include "runner/tape.h"
#include "world/origins.h"

struct outside {
	struct http_client *client; /* NULL: the network is out of reach */
	struct tape *tape;          /* NULL: nothing is recorded */
	/* `take.problems` says what went wrong; there are none without a tape. */
	struct cassette_take take;
};

/*
 * `*next`: the origins to ask when none of the test's answers, the caller's; NULL: there are none. `tape` and
 * `test` (what a cassette calls the test) are borrowed. False: there is no network to be had; to be closed
 * all the same.
 */
must_use bool outside_open(struct outside *o, enum run_net net, const struct http_trust *trust,
			   struct tape *tape, struct str test, struct loop *loop, struct origins **next,
			   struct error *e);

/*
 * The test's world is gone: keeps its recording, or looks at what was not asked for. Problems may become
 * more.
 */
void outside_end(struct outside *o, bool passed);
void outside_close(struct outside *o);

#endif
