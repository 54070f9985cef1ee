/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values between C and JavaScript. A JSValueRef on the C stack is kept alive by being there; one that is kept
 * anywhere else is a struct js_ref. Strings are UTF-8 on our side: a lone surrogate becomes U+FFFD, and so do
 * bytes that are not UTF-8.
 */
#ifndef GUEST_JS_VALUE_H
#define GUEST_JS_VALUE_H

#include "base/buf.h"
#include "guest/js/realm.h"

/* A value that outlives the call: protected from the collector until js_unref(). */
struct js_ref {
	struct realm *realm;
	JSValueRef value; /* NULL: nothing */
};

struct js_ref js_ref(struct realm *r, JSValueRef v);
void js_unref(struct js_ref *ref); /* empties it; an empty one is fine */

/* ---- arguments ---- */

JSValueRef js_arg(const struct js_call *c, size_t i); /* undefined when it was not given */
bool js_is_nullish(JSContextRef ctx, JSValueRef v);   /* undefined or null */
/* The text of any value, as String(v); a copy in the call's arena. What its toString() throws is thrown. */
struct str js_arg_str(struct js_call *c, size_t i);
double js_arg_number(struct js_call *c, size_t i); /* NaN for what is none */
bool js_arg_bool(struct js_call *c, size_t i);
/* NULL when it is no function; then it has thrown. */
JSObjectRef js_arg_function(struct js_call *c, size_t i);
/* The bytes of an ArrayBuffer or a view on one, borrowed for as long as JavaScript does not run. False: it is
 * neither. */
bool js_bytes(JSContextRef ctx, JSValueRef v, struct str *out);

/* ---- making values ---- */

JSValueRef js_undefined(JSContextRef ctx);
JSValueRef js_null(JSContextRef ctx);
JSValueRef js_bool(JSContextRef ctx, bool b);
JSValueRef js_number(JSContextRef ctx, double n);
JSValueRef js_string(JSContextRef ctx, struct str s);
JSStringRef js_string_new(struct str s); /* to be released */
JSValueRef js_cstring(JSContextRef ctx, const char *s);
JSValueRef js_array_buffer(JSContextRef ctx, struct str bytes); /* a copy */
JSValueRef js_array(JSContextRef ctx, const JSValueRef *values, size_t count);
JSObjectRef js_object(JSContextRef ctx);
JSObjectRef js_error(JSContextRef ctx, struct str message);

/* ---- objects ---- */

/* `name` is ASCII. What a getter throws is dropped, and undefined comes back. */
JSValueRef js_get(JSContextRef ctx, JSObjectRef object, const char *name);
void js_set(JSContextRef ctx, JSObjectRef object, const char *name, JSValueRef v);
/* js_get() for one that should be a string; a copy in the arena; empty when it is nullish. */
struct str js_get_str(JSContextRef ctx, JSObjectRef object, const char *name, struct arena *a);
JSValueRef js_at(JSContextRef ctx, JSObjectRef array, size_t i);
size_t js_length(JSContextRef ctx, JSObjectRef array);
/* Puts a value at `*at` of an array, and counts that on. */
void js_push(JSContextRef ctx, JSObjectRef array, unsigned *at, JSValueRef v);
/* The text of a value, copied; what its toString() throws comes out as "[…]". */
struct str js_str(JSContextRef ctx, JSValueRef v, struct arena *a);
void js_set_functions(JSContextRef ctx, JSObjectRef object, const struct js_function *functions,
		      size_t count);

/* ---- throwing ---- */

/* Throws an error of the realm's class `type` ("TypeError", …). NULL, so that a body may return it. */
printf_like(3, 4) JSValueRef js_throw(struct js_call *c, const char *type, const char *format, ...);
/* What was thrown, for people: its stack when it is an error, else its text. */
struct str js_error_text(JSContextRef ctx, JSValueRef error, struct arena *a);

/* ---- promises ---- */

struct js_promise {
	struct js_ref resolve, reject;
};

/* A promise that C settles later; what comes back is JavaScript's. */
JSValueRef js_promise_new(struct realm *r, struct js_promise *p);
/* Once, from the loop: runs what waits for it. Frees it. */
void js_promise_resolve(struct js_promise *p, JSValueRef v);
void js_promise_reject(struct js_promise *p, JSValueRef error);
void js_promise_drop(struct js_promise *p); /* never to be settled */

/* ---- C things that JavaScript holds ---- */

/*
 * A kind of C object behind a JavaScript one: `release` is called once, some time after JavaScript's was
 * collected, or when its engine ends; it must not touch JavaScript.
 */
struct js_kind {
	const char *name;
	void (*release)(void *thing);
	JSClassRef class; /* made on first use */
};

/* Hands `taken` over to a new JavaScript object. */
JSObjectRef js_wrap(JSContextRef ctx, struct js_kind *kind, void *taken);
/* The thing behind argument `i`; NULL when it is not of that kind; then it has thrown. */
void *js_arg_thing(struct js_call *c, size_t i, struct js_kind *kind);

#endif
