/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A realm: one JavaScript global environment with the web platform in it, whose effects all go through C
 * functions that are handed to it (timers, randomness, printing, …), and so through a world.
 *
 * JavaScriptCore finds the limits of its stack and what is alive by looking at the thread's own stack: no
 * JavaScript may run on a guest's fiber. Whoever is called on one posts a task, and calls JavaScript from
 * there. Microtasks run when the outermost call into the engine returns.
 */
#ifndef GUEST_JS_REALM_H
#define GUEST_JS_REALM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "guest/js/jsc.h"
#include "loop/loop.h"
#include "world/random.h"

struct realm;

/* A call of a C function by JavaScript. */
struct js_call {
	struct realm *realm;
	JSContextRef ctx;
	size_t count;
	const JSValueRef *args; /* js_arg() for one that may not be there */
	JSValueRef *exception;  /* js_throw() sets it */
	struct arena arena;     /* for as long as the call */
};

/* NULL is undefined. */
typedef JSValueRef js_body(struct js_call *c);

struct js_function {
	const char *name;
	JSObjectCallAsFunctionCallback callback;
};

/*
 * Makes `name` callable from JavaScript, with `name_callback` to go into a table: the engine's callbacks
 * carry no data of their own, so each function has one.
 */
#define JS_FUNCTION(name)                                                                               \
	static JSValueRef name(struct js_call *c);                                                      \
	static JSValueRef name##_callback(JSContextRef ctx, JSObjectRef function, JSObjectRef self,     \
					  size_t count, const JSValueRef args[], JSValueRef *exception) \
	{                                                                                               \
		(void)function, (void)self;                                                             \
		return js_called(name, ctx, count, args, exception);                                    \
	}                                                                                               \
	static JSValueRef name(struct js_call *c)

JSValueRef js_called(js_body *body, JSContextRef ctx, size_t count, const JSValueRef args[],
		     JSValueRef *exception);

/* Functions that realms get under one name: `host.NAME.FUNCTION(…)` in the prelude. */
struct js_module {
	const char *name;
	const struct js_function *functions;
	size_t count;
};

/* ---- the engine ---- */

/* A heap, and compiled code, that realms share; one thread's. */
struct js_vm;

/* Loads JavaScriptCore when this process has not yet. NULL and an error: it is not installed. */
must_use struct js_vm *js_vm_new(struct error *e);
void js_vm_destroy(struct js_vm **pvm); /* after its realms; leaves NULL; NULL is fine */

/*
 * JavaScript that runs for longer than this without coming back is ended, as by an exception that cannot be
 * caught; 0: it never is.
 */
void js_vm_limit(struct js_vm *vm, uint64_t ns);
bool js_vm_stopped(const struct js_vm *vm); /* it happened since js_vm_limit() */
/* Where it was then: a stack as an Error has it. Empty when it is not known; lives until js_vm_limit(). */
struct str js_vm_stopped_at(const struct js_vm *vm);
void js_vm_collect(struct js_vm *vm); /* garbage, now */

/* ---- realms ---- */

/* What a realm's owner does for it. All is called outside of any guest. */
struct realm_ops {
	/* A message of console.log() and its kin, without its newline; level: "log", "warn", … */
	void (*print)(void *data, const char *level, struct str text);
	/* An exception that nobody caught, or a rejection that nobody handled. */
	void (*uncaught)(void *data, JSValueRef error);
	/* JavaScript is being ended at the limit; nothing may be called. NULL: nobody wants to know. */
	void (*stopped)(void *data);
	/* A timer that was started on this loop is about to fire; NULL: nobody wants to know. */
	void (*enters)(void *data, struct loop *loop);
};

struct realm {
	struct list link, of_thread; /* of the engine's realms, and of the thread's */
	struct js_vm *vm;
	JSGlobalContextRef ctx;
	JSObjectRef global;
	JSObjectRef host;  /* what the prelude is given; its modules */
	struct loop *loop; /* what JavaScript starts from now on is on this one; its owner may change it */
	struct random *random;
	const struct realm_ops *ops;
	void *data;
	struct list timers;  /* struct js_timer */
	uint32_t next_timer; /* their numbers */
	uint64_t started_ns; /* performance.now() counts from here */
};

struct realm_options {
	struct loop *loop;
	struct random *random; /* borrowed; Math.random() and crypto use it */
	const struct realm_ops *ops;
	void *data;
	const struct js_module *const *modules; /* beside those that every realm has; NULL-ended, or NULL */
};

/* With the web platform loaded. NULL and an error: the prelude failed, which is a bug. */
must_use struct realm *realm_new(struct js_vm *vm, const struct realm_options *options, struct error *e);
/* Stops its timers. Leaves NULL; NULL is fine. */
void realm_destroy(struct realm **pr);

struct realm *realm_of(JSContextRef ctx);

/*
 * Puts off the timers on this loop that are patient: they do not count the time that somebody is about to
 * skip.
 */
void realm_shift_patient(struct realm *r, struct loop *loop, uint64_t ns);
size_t realm_count_patient(const struct realm *r, const struct loop *loop);

/*
 * Evaluates a script. `url` is what stack traces name, its first line is number `line`. NULL: it threw
 * *exception, which is not NULL then.
 */
JSValueRef realm_evaluate(struct realm *r, struct str source, const char *url, int line,
			  JSValueRef *exception);
/* A script whose value is a function of `host`, as the prelude's bundles are; runs it. */
must_use bool realm_load(struct realm *r, struct str bundle, const char *name, struct error *e);

/* A bundle of Backlot's own by its name, when the realm has not loaded it yet (see bundles.h). */
must_use bool realm_load_bundle(struct realm *r, const char *name, struct error *e);

/* Stops the timers that JavaScript started on this loop, which is about to end. */
void realm_leave_loop(struct realm *r, struct loop *loop);

/* Calls a function from the loop. What it throws goes to `uncaught`, and NULL comes back. */
JSValueRef realm_call(struct realm *r, JSObjectRef function, size_t count, const JSValueRef *args);

#endif
