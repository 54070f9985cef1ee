/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For targets whose C is called by JavaScript: a realm that lives as long as the process, and a program in
 * it, a function of `host` that makes the function which is called with each input. What that throws is a
 * broken promise. Where there is no JavaScriptCore, nothing runs.
 */
#ifndef TESTS_FUZZ_JS_NATIVES_H
#define TESTS_FUZZ_JS_NATIVES_H

#include <stdio.h>
#include <stdlib.h>

#include "guest/js/realm.h"
#include "guest/js/value.h"

enum { INPUTS_A_COLLECTION = 256 };

struct natives {
	bool tried;
	struct js_vm *vm;
	struct clock *clock;
	struct loop loop;
	struct realm *realm;
	struct js_ref called;
	unsigned inputs;
};

static void natives_break(JSContextRef ctx, JSValueRef error)
{
	struct arena a = { 0 };
	struct str text = js_error_text(ctx, error, &a);
	fprintf(stderr, STR_FMT "\n", STR_ARG(text));
	abort();
}

static void natives_print(void *data, const char *level, struct str text)
{
	(void)data, (void)level, (void)text;
}

static void natives_uncaught(void *data, JSValueRef error)
{
	natives_break(((struct natives *)data)->realm->ctx, error);
}

static void natives_open(struct natives *n, const char *program)
{
	static const struct realm_ops ops = { .print = natives_print, .uncaught = natives_uncaught };
	struct error e;
	JSValueRef exception = NULL;
	n->tried = true;
	n->vm = js_vm_new(&e);
	if (!n->vm)
		return;
	n->clock = clock_virtual_new(0);
	loop_init(&n->loop, n->clock);
	struct realm_options o = { .loop = &n->loop, .random = random_seeded_new(1), .ops = &ops, .data = n };
	n->realm = realm_new(n->vm, &o, &e);
	if (!n->realm) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	JSContextRef ctx = n->realm->ctx;
	JSValueRef made = realm_evaluate(n->realm, str_from(program), "target.js", 1, &exception),
		   host = n->realm->host;
	if (made)
		made = jsc.ObjectCallAsFunction(ctx, (JSObjectRef)made, NULL, 1, &host, &exception);
	if (!made)
		natives_break(ctx, exception);
	n->called = js_ref(n->realm, made);
}

static int natives_run(struct natives *n, const char *program, const uint8_t *data, size_t size)
{
	JSValueRef exception = NULL;
	if (!n->tried)
		natives_open(n, program);
	if (!n->realm)
		return 0;
	JSContextRef ctx = n->realm->ctx;
	JSValueRef input = js_array_buffer(ctx, (struct str){ (const char *)data, size });
	jsc.ObjectCallAsFunction(ctx, (JSObjectRef)n->called.value, NULL, 1, &input, &exception);
	if (exception)
		natives_break(ctx, exception);
	if (++n->inputs % INPUTS_A_COLLECTION == 0)
		js_vm_collect(n->vm);
	return 0;
}

#endif
