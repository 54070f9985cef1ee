/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/js/realm.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/js/api/modules.h"
#include "guest/js/bundles.h"
#include "guest/js/realm_priv.h"
#include "guest/js/value.h"

/* ---- the engine ---- */

/* Contexts and their realms: a process has a handful at most. */
static _Thread_local struct {
	JSGlobalContextRef ctx;
	struct realm *realm;
} last;
static _Thread_local struct list realms_of_thread;

struct js_vm *js_vm_new(struct error *e)
{
	if (!jsc_load(e))
		return NULL;
	struct js_vm *vm = NEW(struct js_vm);
	vm->group = jsc.ContextGroupCreate();
	list_init(&vm->realms);
	if (!realms_of_thread.next)
		list_init(&realms_of_thread);
	return vm;
}

void js_vm_destroy(struct js_vm **pvm)
{
	struct js_vm *vm = take(*pvm);
	if (!vm)
		return;
	CHECK(list_empty(&vm->realms));
	jsc.ContextGroupRelease(vm->group);
	js_reap(vm);
	arena_fini(&vm->arena);
	mem_free(vm);
}

void **js_vm_garbage(struct js_vm *vm)
{
	return &vm->garbage;
}

/* Asked by the engine whether to end what runs, and has run too long. */
static bool stop(JSContextRef ctx, void *data)
{
	struct js_vm *vm = data;
	JSValueRef exception = NULL;
	JSObjectRef here = vm->stopped ? NULL : jsc.ObjectMakeError(ctx, 0, NULL, &exception);
	vm->stopped = true;
	if (here && !exception)
		vm->stopped_at = js_get_str(ctx, here, "stack", &vm->arena);
	list_each(it, &vm->realms) {
		const struct realm *r = container_of(it, struct realm, link);
		if (r->ops->stopped)
			r->ops->stopped(r->data);
	}
	return true;
}

void js_vm_limit(struct js_vm *vm, uint64_t ns)
{
	vm->stopped = false;
	vm->stopped_at = STR("");
	arena_reset(&vm->arena);
	if (ns)
		jsc.ContextGroupSetExecutionTimeLimit(vm->group, (double)ns / 1e9, stop, vm);
	else
		jsc.ContextGroupClearExecutionTimeLimit(vm->group);
}

bool js_vm_stopped(const struct js_vm *vm)
{
	return vm->stopped;
}

struct str js_vm_stopped_at(const struct js_vm *vm)
{
	return vm->stopped_at;
}

void js_vm_collect(struct js_vm *vm)
{
	list_each(it, &vm->realms)
		jsc.SynchronousGarbageCollectForDebugging(container_of(it, struct realm, link)->ctx);
	js_reap(vm);
}

/* ---- calls from JavaScript ---- */

struct realm *realm_of(JSContextRef ctx)
{
	JSGlobalContextRef global = jsc.ContextGetGlobalContext(ctx);
	if (last.ctx == global)
		return last.realm;
	list_each(it, &realms_of_thread) {
		struct realm *r = container_of(it, struct realm, of_thread);
		if (r->ctx == global) {
			last.ctx = global;
			last.realm = r;
			return r;
		}
	}
	const bool its_realm_lives = false;
	CHECK(its_realm_lives);
	return NULL;
}

JSValueRef js_called(js_body *body, JSContextRef ctx, size_t count, const JSValueRef args[],
		     JSValueRef *exception)
{
	struct js_call c = {
		.realm = realm_of(ctx), .ctx = ctx, .count = count, .args = args, .exception = exception
	};
	JSValueRef v = body(&c);
	arena_fini(&c.arena);
	return v ? v : js_undefined(ctx);
}

/* ---- realms ---- */

static const struct js_module *const own_modules[] = {
	&js_ciphers_module, &js_clock_module, &js_compression_module, &js_console_module, &js_encoding_module,
	&js_hash_module,    &js_keys_module,  &js_signing_module,     &js_timers_module,
};

static void add_module(struct realm *r, const struct js_module *m)
{
	JSObjectRef object = js_object(r->ctx);
	js_set_functions(r->ctx, object, m->functions, m->count);
	js_set(r->ctx, r->host, m->name, object);
}

/* uncaught(promise, reason), as the engine tells of rejections. */
JS_FUNCTION(rejected)
{
	c->realm->ops->uncaught(c->realm->data, js_arg(c, 1));
	return NULL;
}

/*
 * load(name): runs a bundle of Backlot's own, once a realm. What is large and seldom needed is one of its
 * own, and is loaded when it is touched.
 */
JS_FUNCTION(load)
{
	struct error e;
	struct str name = js_arg_str(c, 0);
	if (!*c->exception && !realm_load_bundle(c->realm, name.ptr, &e))
		return js_throw(c, "Error", "%s", e.text);
	return NULL;
}

static const struct js_function own_functions[] = { { "load", load_callback } };

static bool watch_rejections(struct realm *r)
{
	JSStringRef name = jsc.StringCreateWithUTF8CString("rejected");
	JSObjectRef f = jsc.ObjectMakeFunctionWithCallback(r->ctx, name, rejected_callback);
	JSValueRef exception = NULL;
	jsc.StringRelease(name);
	jsc.GlobalContextSetUnhandledRejectionCallback(r->ctx, f, &exception);
	return !exception;
}

struct realm *realm_new(struct js_vm *vm, const struct realm_options *options, struct error *e)
{
	struct realm *r = NEW(struct realm);
	r->vm = vm;
	r->ctx = jsc.GlobalContextCreateInGroup(vm->group, NULL);
	r->global = jsc.ContextGetGlobalObject(r->ctx);
	r->loop = options->loop;
	r->random = options->random;
	r->ops = options->ops;
	r->data = options->data;
	r->started_ns = clock_monotonic(r->loop->clock);
	list_init(&r->timers);
	list_push(&vm->realms, &r->link);
	list_push(&realms_of_thread, &r->of_thread);
	r->host = js_object(r->ctx);
	jsc.ValueProtect(r->ctx, r->host);
	js_set(r->ctx, r->host, "loaded", js_object(r->ctx));
	for (size_t i = 0; i < COUNT_OF(own_modules); i++)
		add_module(r, own_modules[i]);
	for (const struct js_module *const *m = options->modules; m && *m; m++)
		add_module(r, *m);
	js_set_functions(r->ctx, r->host, own_functions, COUNT_OF(own_functions));
	if (!watch_rejections(r) || !realm_load_bundle(r, "web", e))
		realm_destroy(&r);
	return r;
}

void realm_destroy(struct realm **pr)
{
	struct realm *r = take(*pr);
	if (!r)
		return;
	js_timers_stop(r);
	jsc.ValueUnprotect(r->ctx, r->host);
	list_remove(&r->link);
	/* Finalizers may still ask whose they are, so it is known until its context is gone. */
	jsc.GlobalContextRelease(r->ctx);
	list_remove(&r->of_thread);
	if (last.realm == r)
		last.ctx = NULL;
	js_reap(r->vm);
	mem_free(r);
}

/* ---- into JavaScript ---- */

static JSValueRef evaluate(struct realm *r, JSStringRef taken, const char *url, int line,
			   JSValueRef *exception)
{
	JSStringRef name = js_string_new(str_from(url));
	*exception = NULL;
	JSValueRef v = jsc.EvaluateScript(r->ctx, taken, NULL, name, line, exception);
	jsc.StringRelease(taken);
	jsc.StringRelease(name);
	return *exception ? NULL : v;
}

JSValueRef realm_evaluate(struct realm *r, struct str source, const char *url, int line,
			  JSValueRef *exception)
{
	return evaluate(r, js_string_new(source), url, line, exception);
}

static bool run_bundle(struct realm *r, JSStringRef taken, const char *name, struct error *e)
{
	JSValueRef exception, function = evaluate(r, taken, name, 1, &exception), host = r->host;
	if (function) {
		CHECK(jsc.ValueGetType(r->ctx, function) == kJSTypeObject);
		jsc.ObjectCallAsFunction(r->ctx, (JSObjectRef)function, NULL, 1, &host, &exception);
	}
	if (!exception)
		return true;
	scoped(arena_fini) struct arena a = { 0 };
	struct str text = js_error_text(r->ctx, exception, &a);
	return FAIL(e, INTERNAL, "%s does not load: " STR_FMT, name, STR_ARG(text));
}

bool realm_load(struct realm *r, struct str bundle, const char *name, struct error *e)
{
	return run_bundle(r, js_string_new(bundle), name, e);
}

bool realm_load_bundle(struct realm *r, const char *name, struct error *e)
{
	char url[64];
	struct js_bundle b;
	JSObjectRef loaded = (JSObjectRef)js_get(r->ctx, r->host, "loaded");
	if (jsc.ValueToBoolean(r->ctx, js_get(r->ctx, loaded, name)))
		return true;
	if (!js_bundle(str_from(name), &b))
		return FAIL(e, INTERNAL, "there is no bundle %s", name);
	js_set(r->ctx, loaded, name, js_bool(r->ctx, true));
	snprintf(url, sizeof url, "backlot:%s", name);
	return run_bundle(r, jsc.StringCreateWithCharactersNoCopy(b.text, b.length), url, e);
}

JSValueRef realm_call(struct realm *r, JSObjectRef function, size_t count, const JSValueRef *args)
{
	JSValueRef exception = NULL;
	JSValueRef v = jsc.ObjectCallAsFunction(r->ctx, function, NULL, count, args, &exception);
	if (exception)
		r->ops->uncaught(r->data, exception);
	js_reap(r->vm);
	return exception ? NULL : v;
}
