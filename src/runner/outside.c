/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/outside.h"

#include "world/origins_cassette.h"

bool outside_open(struct outside *o, enum run_net net, const struct http_trust *trust, struct tape *tape,
		  struct str test, struct loop *loop, struct origins **next, struct error *e)
{
	bool recorded = net != RUN_NET_NONE && net != RUN_NET_REAL;
	*o = (struct outside){ .tape = recorded ? tape : NULL };
	*next = NULL;
	if (recorded)
		tape_begin(tape, &o->take, test);
	if (run_net_is_real(net)) {
		if (!(o->client = http_client_curl_new(loop, trust, e)))
			return false;
		*next = origins_network_new(o->client);
	}
	if (recorded)
		*next = origins_cassette_new(&o->take, *next);
	return true;
}

void outside_end(struct outside *o, bool passed)
{
	struct error e;
	if (o->tape && !tape_end(o->tape, &o->take, passed, &e))
		cassette_take_problem(&o->take, str_from(e.text));
}

void outside_close(struct outside *o)
{
	http_client_destroy(&o->client);
	if (o->tape)
		cassette_take_fini(&o->take);
}
