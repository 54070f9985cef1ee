/* SPDX-License-Identifier: Apache-2.0 */
/* Where a test's requests go that no origin of it answers. */
#ifndef RUNNER_RUN_NET_H
#define RUNNER_RUN_NET_H

#include <stdbool.h>

enum run_net {
	RUN_NET_NONE,   /* nowhere: the test fails */
	RUN_NET_REAL,   /* to the backend's URL */
	RUN_NET_RECORD, /* there too, and the answers go into the test file's cassette: see tape.h */
	RUN_NET_REPLAY, /* to the cassette */
	RUN_NET_VERIFY, /* to the backend's URL, and the answers are compared with the cassette */
};

/* Is anybody asked whose answers are not ours to repeat? */
static inline bool run_net_is_real(enum run_net net)
{
	return net != RUN_NET_NONE && net != RUN_NET_REPLAY;
}

#endif
