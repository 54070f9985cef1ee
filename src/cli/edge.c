/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/edge.h"

#include <sched.h>
#include <unistd.h>

#include "cli/service.h"

static const char *environment(void *data, const char *name)
{
	return ((const struct cli_options *)data)->env->lookup(name);
}

static void make_real(struct world *w, struct edge *edge, const struct cli_options *o)
{
	random_destroy(&w->random);
	w->random = random_system_new();
	origins_destroy(&w->origins);
	w->origins = origins_network_new(edge->client);
	w->http_cache = o->http_cache == HTTP_CACHE_ON;
	log_destroy(&w->log);
	w->log = log_fd_new(STDOUT_FILENO);
	w->raw_stdout = o->log_stdout ? NULL : log_raw_new(STDOUT_FILENO);
	w->raw_stderr = o->log_stderr ? NULL : log_raw_new(STDERR_FILENO);
	w->stdout_terminal = w->raw_stdout && o->env->out_terminal;
	w->stderr_terminal = w->raw_stderr && o->env->err_terminal;
	w->handoff.websocket = o->websocket_passthrough;
	w->handoff.grip = o->pushpin_port != 0;
	w->handoff.grip_port = (uint16_t)o->pushpin_port;
	if (o->command == COMMAND_RUN) { /* a test program takes as long as it takes */
		w->limits.cpu_ns = w->noted.cpu_ns = UNLIMITED;
		w->limits.wall_ns = w->noted.wall_ns = UNLIMITED;
	}
}

bool edge_begin(struct edge *edge, const struct cli_options *o, struct error *e)
{
	const struct http_trust trust = cli_trust(o);
	*edge = (struct edge){ .clock = clock_system_new() };
	manifest_init(&edge->manifest);
	loop_init(&edge->loop, edge->clock);
	edge->client = http_client_curl_new(&edge->loop, &trust, e);
	return edge->client != NULL;
}

bool edge_world(struct edge *edge, const struct cli_options *o, const char *manifest_path,
		struct manifest *manifest, struct world **out, struct error *e)
{
	const struct manifest_options options = { .file_name = manifest_path,
						  .env = environment,
						  .env_data = (void *)o };
	struct limits_choice limits;
	scoped(world_destroy) struct world *w = world_new(&edge->loop, 0);
	make_real(w, edge, o);
	if (!cli_limits_choice(o, &limits, e))
		return false;
	if (manifest_path && !manifest_read_fastly(manifest, manifest_path, &options, w, e))
		return false;
	limits_choose(w, &manifest->limits, &limits);
	*out = take(w);
	return true;
}

void edge_print_warnings(const struct cli_options *o, const struct manifest *manifest)
{
	for (const struct manifest_warning *w = manifest->warnings; w; w = w->next)
		fprintf(o->env->err, "%s: warning: " STR_FMT "\n", o->program, STR_ARG(w->text));
}

bool edge_open(struct edge *edge, const struct cli_options *o, const char *manifest, struct error *e)
{
	if (!edge_begin(edge, o, e) || !edge_world(edge, o, manifest, &edge->manifest, &edge->world, e))
		return false;
	edge_print_warnings(o, &edge->manifest);
	return true;
}

void edge_share(struct edge *edge, const struct cli_options *o)
{
	cpu_set_t allowed;
	unsigned cores =
		sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? (unsigned)CPU_COUNT(&allowed) : 1;
	unsigned threads = o->jobs ? (unsigned)o->jobs : cores;
	if (threads > 1)
		edge->crew = crew_new(&edge->loop, threads);
}

enum loop_result edge_run(struct edge *edge, const bool *done, uint64_t deadline_ns)
{
	return edge->crew ? crew_run(edge->crew, done, deadline_ns)
			  : loop_run(&edge->loop, done, deadline_ns);
}

void edge_close(struct edge *edge)
{
	world_destroy(&edge->world);
	manifest_fini(&edge->manifest);
	http_client_destroy(&edge->client);
	crew_destroy(&edge->crew);
	loop_fini(&edge->loop);
	clock_destroy(&edge->clock);
}
