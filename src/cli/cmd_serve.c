/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot serve`: a local edge over HTTP. */
#include <uv.h>

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/edge.h"
#include "cli/service.h"
#include "guest/front.h"
#include "guest/limit.h"
#include "http/server.h"
#include "runner/project.h"
#include "world/ip.h"

enum { PROBE_TIMEOUT_S = 5, GUESTS_MAX = 128 };

/* ---- what to serve ---- */

struct served {
	const char *service, *manifest;
	struct test_files found; /* holds the strings */
};

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A file is served as it is, with a manifest only where one is named; in a folder both are looked for. */
static bool find_served(struct served *s, const struct cli_options *o, struct error *e)
{
	const char *input = o->input ? o->input : ".";
	*s = (struct served){ .service = o->input, .manifest = o->config };
	if (!is_folder(input))
		return true;
	const struct project *p = test_files_project(&s->found, input, o->config, NULL);
	if (!p->service)
		return FAIL(e, NOT_FOUND, "%s", p->missing);
	s->service = p->service;
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
static void probe_backends(struct edge *edge, const struct cli_options *o)
{
	struct pmap_entry entry = { 0 };
	while (pmap_each(&edge->world->backends, &entry)) {
		struct backend *b = container_of(entry.value, struct backend, rc);
		struct arena arena = { 0 };
		struct http_request request = { .method = STR("GET"), .version = HTTP_1_1 };
		struct str path = b->path_prefix.len ? b->path_prefix : STR("/");
		request.uri = arena_printf(&arena, STR_FMT "://" STR_FMT STR_FMT, STR_ARG(b->target.scheme),
					   STR_ARG(b->target.host), STR_ARG(path));
		headers_add(&request.headers, &arena, STR("Host"),
			    b->override_host.len ? b->override_host : b->target.host);
		struct fetch *f = origins_send(edge->world->origins, b, path, &request, &edge->loop);
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

/* ---- the access log, for those who asked for more ---- */

static void log_access(void *data, const struct front_record *r)
{
	const struct cli_options *o = data;
	const struct invocation *i = r->invocation;
	char reused[64] = "";
	if (i->nth > 1)
		snprintf(reused, sizeof reused, ", request %u of its instance", i->nth);
	if (i->outcome != OUTCOME_OK)
		fprintf(o->env->err,
			"%s: " STR_FMT " " STR_FMT ": the service's guest ended with a %s%s\n" STR_FMT "\n",
			o->program, STR_ARG(r->request->method), STR_ARG(r->request->uri),
			outcome_name(i->outcome), i->outcome == OUTCOME_EXIT ? " code" : "",
			STR_ARG(i->report));
	for (const struct limit_breach *b = i->breaches; b; b = b->next) {
		scoped(buf_fini) struct buf text = BUF_INIT(ERROR_TEXT_BYTES_MAX);
		limit_breach_print(b, &text);
		fprintf(o->env->err, "%s: warning: " STR_FMT " " STR_FMT ": %s\n", o->program,
			STR_ARG(r->request->method), STR_ARG(r->request->uri), text.ptr);
	}
	if (o->verbose)
		fprintf(o->env->err,
			STR_FMT " " STR_FMT " %d %.3f ms (guest %.3f ms, %llu host calls, %.1f MiB%s)\n",
			STR_ARG(r->request->method), STR_ARG(r->request->uri), i->response.status,
			(double)r->ns / 1e6, (double)i->cpu_ns / 1e6, (unsigned long long)i->hostcalls,
			(double)i->memory_bytes / (1 << 20), reused);
}

/* ---- serving ---- */

struct serving {
	const struct cli_options *o;
	struct http_server *server;
	bool stopped;
	bool hurry; /* a second signal */
};

static void on_signal(uv_signal_t *handle, int number)
{
	struct serving *s = handle->data;
	(void)number;
	if (s->hurry)
		s->stopped = true;
	else
		http_server_stop(s->server, &s->stopped);
	s->hurry = true;
}

static void closed(uv_handle_t *h)
{
	(void)h;
}

static void serve(const struct cli_options *o, struct edge *edge, struct serving *s, const char *host)
{
	uv_signal_t interrupt, terminate;
	uv_signal_init(loop_uv(&edge->loop), &interrupt);
	uv_signal_init(loop_uv(&edge->loop), &terminate);
	interrupt.data = terminate.data = s;
	uv_signal_start(&interrupt, on_signal, SIGINT);
	uv_signal_start(&terminate, on_signal, SIGTERM);
	fprintf(o->env->err, "%s: listening on http://%s%s%s:%u\n", o->program, strchr(host, ':') ? "[" : "",
		host, strchr(host, ':') ? "]" : "", http_server_port(s->server));
	fflush(o->env->err);
	loop_run(&edge->loop, &s->stopped, UINT64_MAX);
	uv_close((uv_handle_t *)&interrupt, closed);
	uv_close((uv_handle_t *)&terminate, closed);
	bool done = false;
	(void)loop_run(&edge->loop, &done, clock_monotonic(edge->clock)); /* lets the handles close */
}

static int listen_and_serve(const struct cli_options *o, struct edge *edge, struct service *service)
{
	struct error e;
	struct front front;
	struct serving s = { .o = o };
	struct http_server_options options = http_server_defaults;
	char host[IP_TEXT_BYTES];
	ip_print(o->addr.ip, o->addr.ip_len, host);
	front_init(&front, service, edge->world, GUESTS_MAX);
	front.ended = log_access;
	front.data = (void *)o;
	options.handle = front_handle;
	options.data = &front;
	bool ok = http_server_listen(&s.server, &edge->loop, host, o->addr.port, &options, &e);
	if (ok)
		serve(o, edge, &s, host);
	http_server_destroy(&s.server);
	front_fini(&front);
	return ok ? CLI_PASSED : cli_error(o, CLI_USAGE, &e);
}

static bool open_service(struct service **out, const struct served *served, const struct edge *edge,
			 struct wasm_options *wasm, struct error *e)
{
	wasm->memory_bytes_max = limits_memory_room(&edge->world->limits, edge->world->limits_mode);
	return cli_open_service(out, served->service, wasm, e);
}

int cmd_serve(const struct cli_options *o)
{
	struct error e;
	struct served served;
	struct edge edge = { 0 };
	struct service *service = NULL;
	struct wasm_options wasm = cli_wasm_options(o);
	int code;
	wasm.yield = true;
	wasm.instances_max = GUESTS_MAX;
	signal(SIGPIPE, SIG_IGN);
	if (!find_served(&served, o, &e)) {
		code = cli_error(o, CLI_USAGE, &e);
	} else if (!edge_open(&edge, o, served.manifest, &e) ||
		   !open_service(&service, &served, &edge, &wasm, &e)) {
		code = cli_error(o, CLI_USAGE, &e);
	} else {
		probe_backends(&edge, o);
		code = listen_and_serve(o, &edge, service);
	}
	service_destroy(&service);
	if (edge.clock)
		edge_close(&edge);
	test_files_fini(&served.found);
	return code;
}
