/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that is deployed somewhere: what it is invoked with goes to a URL, and what comes back is the
 * response. Nothing can be said of what happens inside: an invocation has no logs, no trace and no
 * subrequests, and ends when the head of its response is there, or with OUTCOME_FAILED when none comes.
 *
 * Requests leave by the world's origins, which must let them out (origins_network_new()). Their own path
 * comes behind the URL's. Their host is the URL's, unless a Host field names another than their own URL does.
 */
#ifndef GUEST_DEPLOYED_H
#define GUEST_DEPLOYED_H

#include "guest/guest.h"

struct deployment_target {
	struct str url;    /* http(s)://host[:port][/path] */
	struct str ca_pem; /* authorities to be trusted instead of the system's; may be empty */
};

/* Copies what it is given. Errors say what is wrong with "it", the URL. */
must_use bool deployed_service_new(struct service **out, const struct deployment_target *at, struct error *e);

#endif
