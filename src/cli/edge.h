/* SPDX-License-Identifier: Apache-2.0 */
/* The world that serve and run give a service: the system's clock and randomness, the network, output to this
 * process. */
#ifndef CLI_EDGE_H
#define CLI_EDGE_H

#include "cli/cli.h"
#include "http/client.h"
#include "loop/loop.h"
#include "manifest/manifest.h"
#include "world/world.h"

struct edge {
	struct clock *clock;
	struct loop loop;
	struct http_client *client;
	struct world *world;
	struct manifest manifest;
};

/* Reads the manifest (NULL: there is none). On an error edge_close() is still to be called. */
must_use bool edge_open(struct edge *edge, const struct cli_options *o, const char *manifest,
			struct error *e);
void edge_close(struct edge *edge);

#endif
