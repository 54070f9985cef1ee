/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot serve`: a local edge over HTTP. */
#include <uv.h>

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/serve_priv.h"
#include "world/ip.h"

enum { PROBE_TIMEOUT_S = 5 };

/* ---- what to serve ---- */

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A file is served as it is, with a manifest only where one is named; in a folder both are looked for. */
static bool find_served(struct serving *s, struct test_files *found, struct error *e)
{
	const struct cli_options *o = s->o;
	const char *input = o->input ? o->input : ".";
	s->guest = o->input;
	s->manifest = o->config;
	if (!is_folder(input))
		return true;
	const struct project *p = test_files_project(found, input, o->config, NULL);
	if (!p->service)
		return FAIL(e, NOT_FOUND, "%s", p->missing);
	s->guest = p->service;
	s->manifest = p->manifest;
	return true;
}

/* ---- probing ---- */

static void probed(struct task *t)
{
	(void)t; /* it is looked at where it is waited for */
}

/* Sends a GET to every backend, one after another, as Viceroy does before it listens; what comes of it is
 * only shown. */
static void probe_backends(struct edge *edge, struct world *world, const struct cli_options *o)
{
	struct pmap_entry entry = { 0 };
	while (pmap_each(&world->backends, &entry)) {
		struct backend *b = container_of(entry.value, struct backend, rc);
		struct arena arena = { 0 };
		struct http_request request = { .method = STR("GET"), .version = HTTP_1_1 };
		struct str path = b->path_prefix.len ? b->path_prefix : STR("/");
		request.uri = arena_printf(&arena, STR_FMT "://" STR_FMT STR_FMT, STR_ARG(b->target.scheme),
					   STR_ARG(b->target.host), STR_ARG(path));
		headers_add(&request.headers, &arena, STR("Host"),
			    b->override_host.len ? b->override_host : b->target.host);
		struct fetch *f = origins_send(world->origins, b, path, &request, &edge->loop);
		struct watcher watcher = { 0 };
		uint64_t deadline = clock_monotonic(edge->clock) + PROBE_TIMEOUT_S * NS_PER_S;
		watcher_start(&watcher, &f->changed, probed);
		loop_run(&edge->loop, &f->settled, deadline);
		watcher_stop(&watcher);
		if (o->verbose && f->settled && f->error == FETCH_OK)
			fprintf(o->env->err, "backend " STR_FMT ": answers with %d\n", STR_ARG(b->name),
				f->response.status);
		else if (o->verbose || !f->settled || f->error != FETCH_OK)
			fprintf(o->env->err, "%s: warning: backend " STR_FMT " does not answer: %s\n",
				o->program, STR_ARG(b->name),
				f->settled ? fetch_error_text(f->error) : "timed out");
		fetch_unref(&f);
		arena_fini(&arena);
	}
}

/* ---- listening ---- */

static void handle(void *data, struct exchange *x)
{
	struct pop *pop = data;
	struct serving *s = pop->serving;
	front_handle(&s->current->fronts[pop - s->pops], x);
}

static bool listen_at(struct serving *s, size_t i, struct error *e)
{
	const struct cli_options *o = s->o;
	struct http_server_options options = http_server_defaults;
	struct pop *pop = &s->pops[i];
	char host[IP_TEXT_BYTES];
	size_t port = o->addr.port ? o->addr.port + i : 0;
	pop->serving = s;
	options.handle = handle;
	options.data = pop;
	options.tls = s->tls;
	ip_print(o->addr.ip, o->addr.ip_len, host);
	bool v6 = strchr(host, ':') != NULL;
	if (port > UINT16_MAX)
		return FAIL(e, INVALID, "--pops %zu: there is no port %zu for the last of them",
			    s->pops_count, o->addr.port + s->pops_count - 1);
	if (!http_server_listen(&pop->server, &s->edge.loop, host, (uint16_t)port, &options, e))
		return false;
	struct str name = pop_name(i, s->pops_count);
	fprintf(o->env->err, "%s: ", o->program);
	if (s->pops_count > 1)
		fprintf(o->env->err, "POP " STR_FMT " ", STR_ARG(name));
	fprintf(o->env->err, "listening on %s://%s%s%s:%u\n", s->tls ? "https" : "http", v6 ? "[" : "", host,
		v6 ? "]" : "", http_server_port(pop->server));
	return true;
}

/* ---- signals ---- */

static void stop_at_once(struct serving *s)
{
	s->hurry = s->drained = true;
	for (size_t i = 0; i < s->pops_count; i++)
		s->pops[i].stopped = true;
}

static void on_end(uv_signal_t *handle, int number)
{
	struct serving *s = handle->data;
	(void)number;
	if (s->ending) {
		stop_at_once(s);
		return;
	}
	s->ending = true;
	for (size_t i = 0; i < s->pops_count; i++)
		http_server_stop(s->pops[i].server, &s->pops[i].stopped);
	loop_post(&s->edge.loop, &s->sweep);
}

static void on_hangup(uv_signal_t *handle, int number)
{
	struct serving *s = handle->data;
	struct error e;
	(void)number;
	if (!access_log_reopen(&s->log, &e))
		fprintf(s->o->env->err, "%s: warning: %s\n", s->o->program, e.text);
}

static void closed(uv_handle_t *h)
{
	(void)h;
}

/* ---- serving ---- */

/* Lets what is under way come to its end, for so long. */
static void wind_down(struct serving *s)
{
	const struct cli_options *o = s->o;
	uint64_t now = clock_monotonic(s->edge.clock),
		 end = now + MIN(o->shutdown_timeout_ns, UINT64_MAX - now);
	bool late = false;
	for (size_t i = 0; i < s->pops_count; i++)
		late = edge_run(&s->edge, &s->pops[i].stopped, end) == LOOP_LATE || late;
	late = edge_run(&s->edge, &s->drained, end) == LOOP_LATE || late;
	if (late && !s->hurry)
		fprintf(o->env->err, "%s: warning: what was not done within --shutdown-timeout is cut off\n",
			o->program);
}

static void run(struct serving *s)
{
	static const struct {
		int number;
		uv_signal_cb caught;
	} signals[] = { { SIGINT, on_end }, { SIGTERM, on_end }, { SIGHUP, on_hangup } };
	uv_signal_t handles[COUNT_OF(signals)];
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		uv_signal_init(loop_uv(&s->edge.loop), &handles[i]);
		handles[i].data = s;
		uv_signal_start(&handles[i], signals[i].caught, signals[i].number);
	}
	fflush(s->o->env->err);
	edge_run(&s->edge, &s->ending, UINT64_MAX);
	wind_down(s);
	admin_close(&s->admin);
	serve_stop_reloading(s);
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		uv_close((uv_handle_t *)&handles[i], closed);
	bool done = false;
	(void)loop_run(&s->edge.loop, &done, clock_monotonic(s->edge.clock)); /* lets the handles close */
}

static bool listen_and_serve(struct serving *s, struct error *e)
{
	if (!cli_tls_open(&s->tls, s->o, clock_wall(s->edge.clock) / NS_PER_S, e))
		return false;
	for (size_t i = 0; i < s->pops_count; i++) {
		if (!listen_at(s, i, e))
			return false;
	}
	if (!serve_open_admin(s, e))
		return false;
	run(s);
	return true;
}

static bool open_and_serve(struct serving *s, struct error *e)
{
	const struct cli_options *o = s->o;
	bool logging = o->verbose || cli_given(o, log_format) || o->access_log;
	if (!cli_profile_place(o, &s->wasm, e) || !edge_begin(&s->edge, o, e) ||
	    (logging && !access_log_open(&s->log, o->log_format, o->access_log, e)))
		return false;
	serve_watch(s);
	if (!serve_open(s, e))
		return false;
	probe_backends(&s->edge, s->current->around->worlds[0], o);
	edge_share(&s->edge, o);
	return listen_and_serve(s, e);
}

static void close_all(struct serving *s)
{
	admin_close(&s->admin);
	serve_stop_reloading(s);
	task_cancel(&s->sweep);
	for (size_t i = 0; i < s->pops_count; i++)
		http_server_destroy(&s->pops[i].server);
	while (!list_empty(&s->retired)) {
		struct deployment *d = container_of(s->retired.next, struct deployment, link);
		deployment_destroy(&d);
	}
	deployment_destroy(&s->current);
	tls_context_unref(&s->tls);
	access_log_close(&s->log);
	if (s->edge.clock)
		edge_close(&s->edge);
}

int cmd_serve(const struct cli_options *o)
{
	struct error e;
	struct test_files found = { 0 };
	struct serving s = { .o = o, .pops_count = o->pops, .wasm = cli_wasm_options(o), .log.fd = -1 };
	s.wasm.yield = true;
	s.wasm.lines = true;
	s.wasm.instances_max = GUESTS_MAX * (uint32_t)s.pops_count;
	s.sweep.run = serve_sweep;
	list_init(&s.retired);
	signal(SIGPIPE, SIG_IGN);
	bool ok = find_served(&s, &found, &e) && open_and_serve(&s, &e);
	close_all(&s);
	test_files_fini(&found);
	return ok ? CLI_PASSED : cli_error(o, CLI_USAGE, &e);
}
