/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/js/javascript.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/js/program.h"
#include "runner/crash.h"
#include "runner/js/bodies.h"
#include "runner/js/session.h"
#include "runner/run.h"

struct javascript {
	struct executor super;
	const struct run_options *options;
	struct js_vm *vm; /* made with the first file */
	struct loaded_projects *projects;
	struct clock *real;
};

/* ---- what the realm tells ---- */

static void print(void *data, const char *level, struct str text)
{
	struct js_session *s = data;
	JSContextRef ctx = s->realm->ctx;
	JSValueRef printed = js_get(ctx, s->realm->host, "printed");
	if (jsc.ValueGetType(ctx, printed) != kJSTypeObject)
		return;
	const JSValueRef args[] = { js_cstring(ctx, level), js_string(ctx, text) };
	jsc.ObjectCallAsFunction(ctx, (JSObjectRef)printed, NULL, COUNT_OF(args), args, NULL);
}

static void uncaught(void *data, JSValueRef error)
{
	struct js_session *s = data;
	JSValueRef exception = NULL;
	if (s->on_uncaught.value && !js_vm_stopped(s->realm->vm))
		jsc.ObjectCallAsFunction(s->realm->ctx, (JSObjectRef)s->on_uncaught.value, NULL, 1, &error,
					 &exception);
}

static void stopped(void *data)
{
	((struct js_session *)data)->yield = true;
}

static const struct realm_ops realm_ops = {
	.print = print,
	.uncaught = uncaught,
	.stopped = stopped,
	.enters = session_enter_loop,
};

static const struct js_module *const modules[] = {
	&js_files_module,
	&js_programs_module,
	&js_frames_module,
	&js_exchange_module,
	&js_bodies_module,
	&js_net_module,
	&js_origins_module,
	&js_results_module,
	&js_tables_module,
	&js_kv_module,
	&js_acl_module,
	&js_rates_module,
	&js_cache_module,
	&js_facts_module,
	&js_backends_module,
	&js_services_module,
	NULL,
};

/* ---- a file ---- */

static void break_file(struct js_session *s, const char *what, const char *why)
{
	s->listener->broken(s->listener, arena_printf(&s->arena, "%s: %s%s\n", s->file->path, what, why));
}

/* Of a service that is deployed tests see the outside: see prelude/inside.ts. */
static JSValueRef closed_modules(const struct js_session *s)
{
	JSContextRef ctx = s->realm->ctx;
	if (!s->options->target.url.len)
		return js_null(ctx);
	JSValueRef names[COUNT_OF(modules)];
	size_t count = 0;
	for (; modules[count]; count++)
		names[count] = js_cstring(ctx, modules[count]->name);
	return js_array(ctx, names, count);
}

/* What the bundle `test` wants to know: see prelude/test.ts. */
static JSObjectRef settings_of(struct js_session *s)
{
	JSContextRef ctx = s->realm->ctx;
	JSObjectRef o = js_object(ctx);
	char path[PATH_MAX], folder[PATH_MAX];
	js_set(ctx, o, "path", js_cstring(ctx, realpath(s->file->path, path) ? path : s->file->path));
	js_set(ctx, o, "shown", js_cstring(ctx, s->file->path));
	js_set(ctx, o, "folder",
	       js_cstring(ctx, realpath(s->project->project->folder, folder) ? folder
									     : s->project->project->folder));
	js_set(ctx, o, "esbuild", js_cstring(ctx, s->options->esbuild));
	js_set(ctx, o, "cache", js_cstring(ctx, s->options->js_cache));
	js_set(ctx, o, "spare", js_cstring(ctx, s->options->js_spare));
	js_set(ctx, o, "seed", js_number(ctx, (double)(s->pass->seed & 0xffffffff)));
	js_set(ctx, o, "shuffled", js_bool(ctx, s->pass->shuffled));
	js_set(ctx, o, "listing", js_bool(ctx, s->listing));
	js_set(ctx, o, "trace", js_bool(ctx, s->pass->trace));
	static const char *const snapshots[] = {
		[SNAPSHOTS_NONE] = "none",
		[SNAPSHOTS_NEW] = "new",
		[SNAPSHOTS_ALL] = "all",
	};
	js_set(ctx, o, "snapshots", js_cstring(ctx, snapshots[s->options->snapshots]));
	js_set(ctx, o, "closed", closed_modules(s));
	js_set(ctx, o, "retry", js_number(ctx, s->options->retry));
	js_set(ctx, o, "missing", js_cstring(ctx, s->project->failure.len ? s->project->failure.ptr : ""));
	return o;
}

/*
 * The engine of a worker process that is late (workers.h) is told to stop: by the handler of a signal, since
 * JavaScript that does not come back hears nothing else. That takes locks and memory, which a handler should
 * not; where they are not to be had the process is ended from outside, and if it goes well it ends itself.
 */
static struct js_vm *late_vm;

static void stop_late(int number)
{
	(void)number;
	js_vm_limit(late_vm, NS_PER_MS);
}

static void stop_when_late(struct js_vm *vm)
{
	late_vm = vm;
	sigaction(SIGXCPU, &(struct sigaction){ .sa_handler = stop_late, .sa_flags = SA_RESTART }, NULL);
}

/* JavaScript was stopped: that, with where it was; only that, when nothing more can be learned of it. */
static struct str describe_stop(struct js_session *s, struct str what)
{
	JSContextRef ctx = s->realm->ctx;
	const JSValueRef args[] = { js_string(ctx, what), js_string(ctx, js_vm_stopped_at(s->realm->vm)) };
	JSValueRef pending, text = NULL;
	js_vm_limit(s->realm->vm, 0);
	realm_evaluate(s->realm, STR(""), "stop", 1, &pending); /* what is called next is ended, still */
	JSValueRef describe = js_get(ctx, s->realm->host, "stopped");
	if (jsc.ValueGetType(ctx, describe) == kJSTypeObject)
		text = realm_call(s->realm, (JSObjectRef)describe, COUNT_OF(args), args);
	return text ? js_str(ctx, text, &s->arena)
		    : arena_printf(&s->arena, "%s: " STR_FMT "\n", s->file->path, STR_ARG(what));
}

static void run_session(struct js_session *s)
{
	struct error e;
	if (!realm_load_bundle(s->realm, "test", &e)) {
		break_file(s, "", e.text);
		return;
	}
	JSValueRef run = js_get(s->realm->ctx, s->realm->host, "run"), settings = settings_of(s);
	CHECK(jsc.ValueGetType(s->realm->ctx, run) == kJSTypeObject);
	realm_call(s->realm, (JSObjectRef)run, 1, &settings);
	if (session_run(s))
		return;
	if (!js_vm_stopped(s->realm->vm)) {
		break_file(s, "", "the tests wait for something that can never come");
		return;
	}
	if (s->deadline.at_ns)
		crash_say(describe_stop(s, s->deadline.why));
	struct str what = arena_printf(
		&s->arena,
		"JavaScript ran for longer than %g s without coming back, and was stopped (--timeout)",
		(double)s->options->timeout_ns / NS_PER_S);
	s->listener->broken(s->listener, describe_stop(s, what));
}

static void close_session(struct js_session *s)
{
	while (!list_empty(&s->frames)) /* those inside of others were opened later */
		session_close_frame(s, container_of(s->frames.prev, struct test_frame, link));
	js_unref(&s->on_request);
	for (size_t i = 0; i < EXCHANGE_NEWS; i++)
		js_unref(&s->on_exchange[i]);
	js_unref(&s->on_register);
	js_unref(&s->on_uncaught);
	realm_destroy(&s->realm);
	session_end(s);
	tape_close(&s->tape);
	arena_fini(&s->arena);
}

static void run_file(struct javascript *x, const struct test_file *file, const struct test_pass *pass,
		     bool listing, struct executor_listener *l)
{
	struct error e;
	struct js_session s = {
		.options = x->options,
		.file = file,
		.pass = pass,
		.listener = l,
		.projects = x->projects,
		.service_count = 1,
		.real = x->real,
		.listing = listing,
		.seed = pass->seed,
		.limit_ns = x->options->timeout_ns + NS_PER_S,
	};
	list_init(&s.readers);
	list_init(&s.writers);
	list_init(&s.frames);
	js_registrar_init(&s);
	if (!x->vm && !(x->vm = js_vm_new(&e))) {
		break_file(&s, "", e.text);
		return;
	}
	if (!listing)
		stop_when_late(x->vm);
	s.deadline.why = arena_printf(&s.arena, "the test %s", run_late_words(x->options, &s.arena).ptr);
	js_vm_limit(x->vm, s.limit_ns);
	s.project = s.services[0] = loaded_project(x->projects, file->project, l);
	session_begin(&s);
	const struct realm_options options = {
		.loop = &s.loop,
		.random = s.random,
		.ops = &realm_ops,
		.data = &s,
		.modules = modules,
	};
	s.realm = realm_new(x->vm, &options, &e);
	bool ok = s.realm && js_net_open_file(&s, &e);
	if (ok)
		run_session(&s);
	else if (s.realm)
		l->broken(l, arena_printf(&s.arena, "%s\n", e.text));
	else
		break_file(&s, "", e.text);
	close_session(&s);
}

static void javascript_run(struct executor *super, const struct test_file *file, const struct test_pass *pass,
			   struct executor_listener *l)
{
	run_file((struct javascript *)super, file, pass, false, l);
}

static void javascript_list(struct executor *super, const struct test_file *file, struct executor_listener *l)
{
	const struct test_pass pass = { 0 };
	run_file((struct javascript *)super, file, &pass, true, l);
}

static void javascript_destroy(struct executor *super)
{
	struct javascript *x = (struct javascript *)super;
	loaded_projects_destroy(&x->projects);
	js_vm_destroy(&x->vm);
	clock_destroy(&x->real);
	mem_free(x);
}

static const struct executor_ops javascript_ops = {
	.run = javascript_run,
	.list = javascript_list,
	.destroy = javascript_destroy,
};

static struct executor *javascript_new(const struct run_options *options)
{
	struct javascript *x = NEW(struct javascript);
	x->super.ops = &javascript_ops;
	x->options = options;
	x->projects = loaded_projects_new(options);
	x->real = clock_system_new();
	return &x->super;
}

static bool takes(struct str file_name)
{
	static const char *const ends[] = { "ts", "js", "mts", "mjs", "cts", "cjs", "tsx", "jsx" };
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		for (int spec = 0; spec < 2; spec++) {
			char end[16];
			snprintf(end, sizeof end, ".%s.%s", spec ? "spec" : "test", ends[i]);
			if (str_ends(file_name, str_from(end)))
				return true;
		}
	}
	return false;
}

const struct executor_kind javascript_kind = {
	.name = "javascript",
	.files = "files that end in .test.ts, .spec.js and the like",
	.takes = takes,
	.executor_new = javascript_new,
};
