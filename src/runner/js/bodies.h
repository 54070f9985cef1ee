/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies as JavaScript reads and writes them. */
#ifndef RUNNER_JS_BODIES_H
#define RUNNER_JS_BODIES_H

#include "guest/js/value.h"
#include "http/body.h"

/*
 * What JavaScript gets for a body whose reference is taken: null for none, an ArrayBuffer when all of it is
 * there, else a thing that js_bodies_module reads piece by piece.
 */
JSValueRef js_body_value(struct realm *r, struct body *taken);

/* A body that holds the bytes of a value of JavaScript's; NULL: it is null. */
struct body *js_body_from(struct js_call *c, JSValueRef v, struct loop *loop);

/* Headers as JavaScript has them: name, value, name, value, … */
JSValueRef js_headers_value(JSContextRef ctx, const struct headers *h);
void js_headers_from(JSContextRef ctx, JSValueRef v, struct headers *out, struct arena *a);

extern const struct js_module js_bodies_module;

#endif
