/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/edge.h"

#include <unistd.h>

#include "cli/service.h"

static const char *environment(void *data, const char *name)
{
	return ((const struct cli_options *)data)->env->lookup(name);
}

static void make_real(struct edge *edge, const struct cli_options *o)
{
	struct world *w = edge->world;
	random_destroy(&w->random);
	w->random = random_system_new();
	origins_destroy(&w->origins);
	w->origins = origins_network_new(edge->client);
	w->http_cache = o->http_cache == HTTP_CACHE_ON;
	log_destroy(&w->log);
	w->log = log_fd_new(STDOUT_FILENO);
	w->raw_stdout = o->log_stdout ? NULL : log_raw_new(STDOUT_FILENO);
	w->raw_stderr = o->log_stderr ? NULL : log_raw_new(STDERR_FILENO);
	if (o->command == COMMAND_RUN) { /* a test program takes as long as it takes */
		w->limits.cpu_ns = UINT64_MAX;
		w->limits.wall_ns = UINT64_MAX;
	}
}

bool edge_open(struct edge *edge, const struct cli_options *o, const char *manifest, struct error *e)
{
	const struct manifest_options options = { .file_name = manifest,
						  .env = environment,
						  .env_data = (void *)o };
	struct limits_choice limits;
	*edge = (struct edge){ .clock = clock_system_new() };
	loop_init(&edge->loop, edge->clock);
	manifest_init(&edge->manifest);
	edge->client = http_client_curl_new(&edge->loop, e);
	if (!edge->client)
		return false;
	edge->world = world_new(&edge->loop, 0);
	make_real(edge, o);
	if (!cli_limits_choice(o, &limits, e))
		return false;
	if (manifest && !manifest_read_fastly(&edge->manifest, manifest, &options, edge->world, e))
		return false;
	limits_choose(edge->world, &edge->manifest.limits, &limits);
	for (const struct manifest_warning *w = edge->manifest.warnings; w; w = w->next)
		fprintf(o->env->err, "%s: warning: " STR_FMT "\n", o->program, STR_ARG(w->text));
	return true;
}

void edge_close(struct edge *edge)
{
	world_destroy(&edge->world);
	http_client_destroy(&edge->client);
	manifest_fini(&edge->manifest);
	loop_fini(&edge->loop);
	clock_destroy(&edge->clock);
}
