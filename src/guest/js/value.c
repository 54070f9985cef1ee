/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/js/value.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/js/realm_priv.h"

struct js_ref js_ref(struct realm *r, JSValueRef v)
{
	jsc.ValueProtect(r->ctx, v);
	return (struct js_ref){ r, v };
}

void js_unref(struct js_ref *ref)
{
	if (ref->value)
		jsc.ValueUnprotect(ref->realm->ctx, ref->value);
	*ref = (struct js_ref){ 0 };
}

/* ---- strings ---- */

static bool plain_ascii(struct str s)
{
	/* Eight at a time: none above 0x7f, and, by the usual trick, none that is 0. */
	size_t i = 0;
	for (uint64_t w; i + sizeof w <= s.len; i += sizeof w) {
		memcpy(&w, s.ptr + i, sizeof w);
		if ((w | (w - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080))
			return false;
	}
	for (; i < s.len; i++) {
		if ((unsigned char)(s.ptr[i] - 1) >= 0x7f)
			return false;
	}
	return true;
}

/* One character off the front of UTF-8, as UTF-16; returns how many units. */
static size_t decode(struct str *s, JSChar out[2])
{
	bool valid;
	size_t len = str_utf8_step(*s, &valid);
	const unsigned char *p = (const unsigned char *)s->ptr;
	uint32_t c = 0xfffd;
	if (valid)
		c = len == 1   ? p[0]
		    : len == 2 ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu)
		    : len == 3 ? (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)
			       : (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 |
					 (p[3] & 0x3fu);
	*s = str_sub(*s, len, s->len);
	if (c < 0x10000) {
		out[0] = (JSChar)c;
		return 1;
	}
	out[0] = (JSChar)(0xd7c0 + (c >> 10));
	out[1] = (JSChar)(0xdc00 + (c & 0x3ff));
	return 2;
}

JSStringRef js_string_new(struct str s)
{
	char small[256];
	if (plain_ascii(s)) {
		char *text = s.len < sizeof small ? small : mem_alloc(s.len + 1);
		memcpy(text, s.ptr ? s.ptr : "", s.len);
		text[s.len] = 0;
		JSStringRef made = jsc.StringCreateWithUTF8CString(text);
		if (text != small)
			mem_free(text);
		return made;
	}
	JSChar *units = mem_alloc(s.len * sizeof *units);
	size_t count = 0;
	while (s.len)
		count += decode(&s, units + count);
	JSStringRef made = jsc.StringCreateWithCharacters(units, count);
	mem_free(units);
	return made;
}

static size_t encode(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static struct str read_string(JSStringRef string, struct arena *a)
{
	const JSChar *units = jsc.StringGetCharactersPtr(string);
	size_t count = jsc.StringGetLength(string);
	char *out = arena_alloc(a, count * 3 + 1);
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t c = units[i];
		bool high = c >= 0xd800 && c < 0xdc00;
		if (high && i + 1 < count && units[i + 1] >= 0xdc00 && units[i + 1] < 0xe000)
			c = 0x10000 + ((c - 0xd800) << 10) + (units[++i] - 0xdc00u);
		else if (c >= 0xd800 && c < 0xe000)
			c = 0xfffd;
		len += encode(c, out + len);
	}
	out[len] = 0;
	return (struct str){ out, len };
}

static struct str text_of(JSContextRef ctx, JSValueRef v, struct arena *a, JSValueRef *exception)
{
	JSStringRef string = jsc.ValueToStringCopy(ctx, v, exception);
	if (!string)
		return STR("");
	struct str s = read_string(string, a);
	jsc.StringRelease(string);
	return s;
}

struct str js_str(JSContextRef ctx, JSValueRef v, struct arena *a)
{
	JSValueRef exception = NULL;
	struct str s = text_of(ctx, v, a, &exception);
	return exception ? STR("[…]") : s;
}

/* ---- arguments ---- */

JSValueRef js_arg(const struct js_call *c, size_t i)
{
	return i < c->count ? c->args[i] : js_undefined(c->ctx);
}

bool js_is_nullish(JSContextRef ctx, JSValueRef v)
{
	JSType type = jsc.ValueGetType(ctx, v);
	return type == kJSTypeUndefined || type == kJSTypeNull;
}

struct str js_arg_str(struct js_call *c, size_t i)
{
	return text_of(c->ctx, js_arg(c, i), &c->arena, c->exception);
}

double js_arg_number(struct js_call *c, size_t i)
{
	return jsc.ValueToNumber(c->ctx, js_arg(c, i), c->exception);
}

bool js_arg_bool(struct js_call *c, size_t i)
{
	return jsc.ValueToBoolean(c->ctx, js_arg(c, i));
}

JSObjectRef js_arg_function(struct js_call *c, size_t i)
{
	JSValueRef v = js_arg(c, i);
	if (jsc.ValueGetType(c->ctx, v) == kJSTypeObject && jsc.ObjectIsFunction(c->ctx, (JSObjectRef)v))
		return (JSObjectRef)v;
	js_throw(c, "TypeError", "argument %zu is not a function", i + 1);
	return NULL;
}

bool js_bytes(JSContextRef ctx, JSValueRef v, struct str *out)
{
	JSTypedArrayType type = jsc.ValueGetTypedArrayType(ctx, v, NULL);
	if (type == kJSTypedArrayTypeNone)
		return false;
	JSObjectRef object = (JSObjectRef)v;
	if (type == kJSTypedArrayTypeArrayBuffer) {
		out->len = jsc.ObjectGetArrayBufferByteLength(ctx, object, NULL);
		out->ptr = jsc.ObjectGetArrayBufferBytesPtr(ctx, object, NULL);
		return true;
	}
	out->len = jsc.ObjectGetTypedArrayByteLength(ctx, object, NULL);
	/* The pointer is to where the buffer begins, not the view. */
	out->ptr = jsc.ObjectGetTypedArrayBytesPtr(ctx, object, NULL);
	out->ptr += jsc.ObjectGetTypedArrayByteOffset(ctx, object, NULL);
	return true;
}

/* ---- making values ---- */

JSValueRef js_undefined(JSContextRef ctx)
{
	return jsc.ValueMakeUndefined(ctx);
}

JSValueRef js_null(JSContextRef ctx)
{
	return jsc.ValueMakeNull(ctx);
}

JSValueRef js_bool(JSContextRef ctx, bool b)
{
	return jsc.ValueMakeBoolean(ctx, b);
}

JSValueRef js_number(JSContextRef ctx, double n)
{
	return jsc.ValueMakeNumber(ctx, n);
}

JSValueRef js_string(JSContextRef ctx, struct str s)
{
	JSStringRef string = js_string_new(s);
	JSValueRef v = jsc.ValueMakeString(ctx, string);
	jsc.StringRelease(string);
	return v;
}

JSValueRef js_cstring(JSContextRef ctx, const char *s)
{
	return js_string(ctx, str_from(s));
}

static void free_bytes(void *bytes, void *context)
{
	(void)context;
	mem_free(bytes);
}

JSValueRef js_array_buffer(JSContextRef ctx, struct str bytes)
{
	char *copy = mem_alloc(MAX(bytes.len, (size_t)1));
	memcpy(copy, bytes.ptr ? bytes.ptr : "", bytes.len);
	return jsc.ObjectMakeArrayBufferWithBytesNoCopy(ctx, copy, bytes.len, free_bytes, NULL, NULL);
}

JSValueRef js_array(JSContextRef ctx, const JSValueRef *values, size_t count)
{
	return jsc.ObjectMakeArray(ctx, count, values, NULL);
}

JSObjectRef js_object(JSContextRef ctx)
{
	return jsc.ObjectMake(ctx, NULL, NULL);
}

JSObjectRef js_error(JSContextRef ctx, struct str message)
{
	JSValueRef text = js_string(ctx, message);
	return jsc.ObjectMakeError(ctx, 1, &text, NULL);
}

/* ---- objects ---- */

JSValueRef js_get(JSContextRef ctx, JSObjectRef object, const char *name)
{
	JSStringRef string = jsc.StringCreateWithUTF8CString(name);
	JSValueRef exception = NULL, v = jsc.ObjectGetProperty(ctx, object, string, &exception);
	jsc.StringRelease(string);
	return v && !exception ? v : js_undefined(ctx);
}

void js_set(JSContextRef ctx, JSObjectRef object, const char *name, JSValueRef v)
{
	JSStringRef string = jsc.StringCreateWithUTF8CString(name);
	jsc.ObjectSetProperty(ctx, object, string, v, kJSPropertyAttributeNone, NULL);
	jsc.StringRelease(string);
}

struct str js_get_str(JSContextRef ctx, JSObjectRef object, const char *name, struct arena *a)
{
	JSValueRef v = js_get(ctx, object, name);
	return js_is_nullish(ctx, v) ? (struct str){ 0 } : js_str(ctx, v, a);
}

JSValueRef js_at(JSContextRef ctx, JSObjectRef array, size_t i)
{
	JSValueRef v = jsc.ObjectGetPropertyAtIndex(ctx, array, (unsigned)i, NULL);
	return v ? v : js_undefined(ctx);
}

void js_push(JSContextRef ctx, JSObjectRef array, unsigned *at, JSValueRef v)
{
	jsc.ObjectSetPropertyAtIndex(ctx, array, (*at)++, v, NULL);
}

size_t js_length(JSContextRef ctx, JSObjectRef array)
{
	double n = jsc.ValueToNumber(ctx, js_get(ctx, array, "length"), NULL);
	return n >= 0 && n < UINT32_MAX ? (size_t)n : 0;
}

void js_set_functions(JSContextRef ctx, JSObjectRef object, const struct js_function *functions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		JSStringRef name = jsc.StringCreateWithUTF8CString(functions[i].name);
		JSObjectRef f = jsc.ObjectMakeFunctionWithCallback(ctx, name, functions[i].callback);
		jsc.ObjectSetProperty(ctx, object, name, f, kJSPropertyAttributeNone, NULL);
		jsc.StringRelease(name);
	}
}

/* ---- throwing ---- */

JSValueRef js_throw(struct js_call *c, const char *type, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	JSValueRef class = js_get(c->ctx, jsc.ContextGetGlobalObject(c->ctx), type),
		   message = js_cstring(c->ctx, text);
	JSValueRef error =
		jsc.ValueGetType(c->ctx, class) == kJSTypeObject
			? jsc.ObjectCallAsConstructor(c->ctx, (JSObjectRef) class, 1, &message, NULL)
			: NULL;
	*c->exception = error ? error : js_error(c->ctx, str_from(text));
	return NULL;
}

struct str js_error_text(JSContextRef ctx, JSValueRef error, struct arena *a)
{
	struct str text = js_str(ctx, error, a);
	if (jsc.ValueGetType(ctx, error) != kJSTypeObject)
		return text;
	struct str stack = js_get_str(ctx, (JSObjectRef)error, "stack", a);
	return stack.len ? arena_printf(a, STR_FMT "\n" STR_FMT, STR_ARG(text), STR_ARG(stack)) : text;
}

/* ---- promises ---- */

JSValueRef js_promise_new(struct realm *r, struct js_promise *p)
{
	JSObjectRef resolve, reject;
	JSObjectRef promise = jsc.ObjectMakeDeferredPromise(r->ctx, &resolve, &reject, NULL);
	CHECK(promise);
	p->resolve = js_ref(r, resolve);
	p->reject = js_ref(r, reject);
	return promise;
}

static void settle(struct js_promise *p, struct js_ref *how, JSValueRef v)
{
	struct realm *r = how->realm;
	JSObjectRef function = (JSObjectRef)how->value;
	if (!function)
		return;
	realm_call(r, function, 1, &v);
	js_promise_drop(p);
}

void js_promise_resolve(struct js_promise *p, JSValueRef v)
{
	settle(p, &p->resolve, v);
}

void js_promise_reject(struct js_promise *p, JSValueRef error)
{
	settle(p, &p->reject, error);
}

void js_promise_drop(struct js_promise *p)
{
	js_unref(&p->resolve);
	js_unref(&p->reject);
}

/* ---- C things that JavaScript holds ---- */

struct thing {
	struct thing *next; /* of those that are garbage */
	struct js_vm *vm;
	struct js_kind *kind;
	void *taken;
};

/* The engine may collect on any thread; what is released there is released by js_reap(), on its own. */
static void finalize(JSObjectRef object)
{
	struct thing *t = jsc.ObjectGetPrivate(object);
	_Atomic(struct thing *) *garbage = (_Atomic(struct thing *) *)js_vm_garbage(t->vm);
	t->next = atomic_load(garbage);
	while (!atomic_compare_exchange_weak(garbage, &t->next, t))
		;
}

void js_reap(struct js_vm *vm)
{
	_Atomic(struct thing *) *garbage = (_Atomic(struct thing *) *)js_vm_garbage(vm);
	struct thing *t = atomic_load_explicit(garbage, memory_order_relaxed);
	if (!t)
		return;
	t = atomic_exchange(garbage, NULL);
	while (t) {
		struct thing *next = t->next;
		t->kind->release(t->taken);
		mem_free(t);
		t = next;
	}
}

JSObjectRef js_wrap(JSContextRef ctx, struct js_kind *kind, void *taken)
{
	if (!kind->class) {
		const JSClassDefinition definition = { .className = kind->name, .finalize = finalize };
		kind->class = jsc.ClassCreate(&definition);
	}
	struct thing *t = NEW(struct thing);
	*t = (struct thing){ NULL, realm_of(ctx)->vm, kind, taken };
	return jsc.ObjectMake(ctx, kind->class, t);
}

void *js_arg_thing(struct js_call *c, size_t i, struct js_kind *kind)
{
	JSValueRef v = js_arg(c, i);
	if (kind->class && jsc.ValueIsObjectOfClass(c->ctx, v, kind->class))
		return ((struct thing *)jsc.ObjectGetPrivate((JSObjectRef)v))->taken;
	js_throw(c, "TypeError", "argument %zu is not a %s", i + 1, kind->name);
	return NULL;
}
