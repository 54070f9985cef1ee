/* SPDX-License-Identifier: Apache-2.0 */
/* The world that serve and run give a service: the system's clock and randomness, the network, output to this
 * process. */
#ifndef CLI_EDGE_H
#define CLI_EDGE_H

#include "cli/cli.h"
#include "http/client.h"
#include "loop/crew.h"
#include "loop/loop.h"
#include "manifest/manifest.h"
#include "world/world.h"

struct edge {
	struct clock *clock;
	struct loop loop;
	struct http_client *client;
	struct crew *crew; /* of edge_share(); NULL: one thread does everything */
	/* Of edge_open(): */
	struct world *world;
	struct manifest manifest;
};

/* Without a world. On an error edge_close() is still to be called, after this as after edge_open(). */
must_use bool edge_begin(struct edge *edge, const struct cli_options *o, struct error *e);
/* With one world, and its manifest (NULL: there is none), whose warnings are printed. */
must_use bool edge_open(struct edge *edge, const struct cli_options *o, const char *manifest,
			struct error *e);
/* Has guests run on a thread for each core, or as many as the options say. */
void edge_share(struct edge *edge, const struct cli_options *o);
/* loop_run(), on these threads. */
enum loop_result edge_run(struct edge *edge, const bool *done, uint64_t deadline_ns);
/* Worlds of edge_world(), and services that ran in them, are gone by then. */
void edge_close(struct edge *edge);

/*
 * A world on the edge's loop, with what the manifest at the path says (NULL: there is none) and the limits
 * that the command line chose. `manifest` was initialised by the caller, who prints its warnings and frees it
 * in any case.
 */
must_use bool edge_world(struct edge *edge, const struct cli_options *o, const char *manifest_path,
			 struct manifest *manifest, struct world **out, struct error *e);

/* To the environment's err. */
void edge_print_warnings(const struct cli_options *o, const struct manifest *manifest);

#endif
