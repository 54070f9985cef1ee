/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origins that JavaScript describes are rules of the world's (origins.h); here they are made of what
 * JavaScript says, and what came of them is told. Where a function answers, the rule has a responder: that is
 * asked in a task of the frame's loop, as no JavaScript may run on a guest's fiber.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "runner/js/bodies.h"
#include "runner/js/session.h"
#include "script/regex.h"
#include "world/origin_ask.h"

/* ---- calls and asks, as JavaScript holds them ---- */

static void call_release(void *thing)
{
	rc_unref(&((struct origin_call *)thing)->rc);
}

static struct js_kind call_kind = { .name = "OriginCall", .release = call_release };

static JSValueRef call_value(JSContextRef ctx, const struct origin_call *call)
{
	return js_wrap(ctx, &call_kind, rc_ref((struct rc *)&call->rc));
}

/* A request that a function of JavaScript's answers. */
struct js_ask {
	struct list link; /* of the session's writers, while it writes */
	struct origin_ask *ask;
	struct body *writing; /* the answer's body */
};

static void stop_writing(struct js_ask *q, enum body_failure why)
{
	list_remove(&q->link);
	if (q->writing && why == BODY_FAILURE_NONE)
		body_end(q->writing);
	else if (q->writing)
		body_fail(q->writing, why);
	body_unref(&q->writing);
}

static void ask_release(void *thing)
{
	struct js_ask *q = thing;
	stop_writing(q, BODY_FAILURE_INCOMPLETE);
	origin_ask_unref(&q->ask);
	mem_free(q);
}

static struct js_kind ask_kind = { .name = "OriginRequest", .release = ask_release };

void js_origins_close(struct js_session *s, const struct loop *loop)
{
	list_each(it, &s->writers) {
		struct js_ask *q = container_of(it, struct js_ask, link);
		if (q->writing->loop == loop)
			stop_writing(q, BODY_FAILURE_INCOMPLETE);
	}
}

/* ---- asking JavaScript ---- */

struct js_responder {
	struct origin_responder super;
	struct js_session *session; /* it outlives all worlds, and so all that is asked */
	double handler;             /* what JavaScript calls its function */
};

/* As it was sent; null for none, undefined for one that is longer than what is kept. */
static JSValueRef call_body_value(JSContextRef ctx, const struct origin_call *call)
{
	if (call->body.full)
		return js_undefined(ctx);
	return call->body.len ? js_array_buffer(ctx, buf_str(&call->body)) : js_null(ctx);
}

static void js_respond(struct origin_responder *super, struct origin_ask *ask)
{
	const struct js_responder *self = (const struct js_responder *)super;
	struct js_session *s = self->session;
	JSContextRef ctx = s->realm->ctx;
	const struct origin_call *call = ask->call;
	struct js_ask *q = NEW(struct js_ask);
	q->ask = (struct origin_ask *)rc_ref(&ask->rc);
	session_enter_loop(s, ask->loop);
	const JSValueRef args[] = {
		js_number(ctx, self->handler), js_wrap(ctx, &ask_kind, q),
		call_value(ctx, call),         js_string(ctx, call->backend),
		js_string(ctx, call->method),  js_string(ctx, call->uri),
		js_string(ctx, call->path),    js_headers_value(ctx, &call->headers),
		call_body_value(ctx, call),
	};
	CHECK(s->on_request.value);
	realm_call(s->realm, (JSObjectRef)s->on_request.value, COUNT_OF(args), args);
}

static const struct origin_responder_ops js_responder_ops = { .name = "javascript", .respond = js_respond };

static void responder_destroy(struct rc *r)
{
	mem_free(r);
}

static struct origin_responder *responder_new(struct js_session *s, double handler)
{
	struct js_responder *self = NEW(struct js_responder);
	rc_init(&self->super.rc, responder_destroy);
	self->super.ops = &js_responder_ops;
	self->session = s;
	self->handler = handler;
	return &self->super;
}

/* listen(function): is called with what functions are to answer: see prelude/host.d.ts */
JS_FUNCTION(listen)
{
	struct js_session *s = session_of(c);
	JSObjectRef function = js_arg_function(c, 0);
	if (!function)
		return NULL;
	js_unref(&s->on_request);
	s->on_request = js_ref(s->realm, function);
	return NULL;
}

/* ---- what JavaScript says of an answer ---- */

/* The places of HostAnswer in prelude/host.d.ts. */
enum answer_part { HANDLER, FAULT, DELAY, STATUS, REASON, HEADERS, BODY, AFTER, THEN, DRIP_BYTES, DRIP_MS };

struct answer_reader {
	struct js_call *call;
	struct origin_rule *rule;
	struct origin_answer *answer;
	JSObjectRef from;
};

static JSValueRef part(const struct answer_reader *r, enum answer_part at)
{
	return js_at(r->call->ctx, r->from, at);
}

static double number(const struct answer_reader *r, enum answer_part at)
{
	return jsc.ValueToNumber(r->call->ctx, part(r, at), r->call->exception);
}

static uint64_t ns_of(double ms)
{
	return ms > 0 ? (uint64_t)(MIN(ms, 1e12) * NS_PER_MS) : 0;
}

static void add_step(const struct answer_reader *r, enum origin_step_kind kind, uint64_t at)
{
	uint64_t bytes = kind == ORIGIN_DRIP ? (uint64_t)number(r, DRIP_BYTES) : 0;
	uint64_t ns = kind == ORIGIN_DRIP ? ns_of(number(r, DRIP_MS)) : 0;
	origin_answer_step(r->rule, r->answer, (struct origin_step){ kind, at, bytes, ns });
}

/* What is announced and does not come is a connection that breaks. */
static bool read_steps(const struct answer_reader *r)
{
	static const struct {
		const char *name;
		enum origin_step_kind kind;
	} kinds[] = { { "reset", ORIGIN_RESET_AT },
		      { "stall", ORIGIN_STALL },
		      { "truncate", ORIGIN_TRUNCATE },
		      { "bad chunk", ORIGIN_BAD_CHUNK } };
	uint64_t len = r->answer->body ? r->answer->body->len : 0, end = len;
	double after = number(r, AFTER);
	struct str then = js_str(r->call->ctx, part(r, THEN), &r->call->arena);
	if (after >= 0 && after < (double)len)
		end = (uint64_t)after;
	if (number(r, DRIP_BYTES) >= 1)
		add_step(r, ORIGIN_DRIP, 0);
	if (then.len == 0 && end < len)
		add_step(r, ORIGIN_RESET_AT, end);
	for (size_t i = 0; i < COUNT_OF(kinds) && then.len; i++) {
		if (!str_eq(then, str_from(kinds[i].name)))
			continue;
		add_step(r, kinds[i].kind, end);
		return true;
	}
	if (then.len)
		js_throw(r->call, "TypeError",
			 "then: '" STR_FMT "' is none of reset, stall, truncate and bad chunk",
			 STR_ARG(then));
	return then.len == 0;
}

static bool read_fault(const struct answer_reader *r, struct str name)
{
	if (origin_fault_find(name, &r->answer->fault))
		return true;
	js_throw(r->call, "TypeError", "there is no fault '" STR_FMT "'", STR_ARG(name));
	return false;
}

/*
 * Fills in one of the rule's answers; false: it has thrown. `wait_ms` goes before all but what functions
 * give.
 */
static bool read_answer(struct js_call *c, struct origin_rule *rule, struct origin_answer *a, JSValueRef v,
			double wait_ms)
{
	JSContextRef ctx = c->ctx;
	const struct answer_reader r = { c, rule, a, (JSObjectRef)v };
	if (jsc.ValueGetType(ctx, v) != kJSTypeObject) {
		js_throw(c, "TypeError", "this is no answer");
		return false;
	}
	double handler = number(&r, HANDLER), status = number(&r, STATUS);
	if (handler > 0) {
		a->responder = responder_new(session_of(c), handler);
		return true;
	}
	struct str fault = js_str(ctx, part(&r, FAULT), &c->arena), bytes;
	a->delay_ns = ns_of(wait_ms + number(&r, DELAY));
	if (fault.len)
		return read_fault(&r, fault);
	if (!(status >= 100 && status <= 999)) {
		js_throw(c, "RangeError", "%g is not a status", status);
		return false;
	}
	a->status = (uint16_t)status;
	a->reason = js_str(ctx, part(&r, REASON), &rule->arena);
	js_headers_from(ctx, part(&r, HEADERS), &a->headers, &rule->arena);
	if (!js_is_nullish(ctx, part(&r, BODY))) {
		if (!js_bytes(ctx, part(&r, BODY), &bytes))
			bytes = js_str(ctx, part(&r, BODY), &c->arena);
		a->body = blob_new(bytes);
	}
	return read_steps(&r);
}

/* ---- rules ---- */

struct regex_matcher {
	struct origin_matcher super;
	struct arena arena;
	struct regex *regex;
};

static bool regex_matches(const struct origin_matcher *super, struct str url)
{
	return regex_search(((const struct regex_matcher *)super)->regex, url, NULL) == REGEX_YES;
}

static void regex_destroy(struct rc *r)
{
	struct regex_matcher *m = (struct regex_matcher *)r;
	arena_fini(&m->arena);
	mem_free(m);
}

/* NULL: it has thrown. */
static struct origin_matcher *matcher_new(struct js_call *c, struct str written)
{
	struct regex_matcher *m = NEW(struct regex_matcher);
	struct str at, why;
	rc_init(&m->super.rc, regex_destroy);
	m->super.matches = regex_matches;
	m->regex = regex_compile(arena_str(&m->arena, written), &m->arena, &at, &why);
	if (m->regex)
		return &m->super;
	js_throw(c, "TypeError", "origin(" STR_FMT "): " STR_FMT, STR_ARG(written), STR_ARG(why));
	rc_unref(&m->super.rc);
	return NULL;
}

static void read_target(struct js_call *c, struct origin_rule *rule)
{
	struct str target = js_arg_str(c, 2);
	if (js_arg_bool(c, 3))
		rule->matcher = matcher_new(c, target);
	if (!str_eq(target, STR("*")))
		rule->backend = arena_str(&rule->arena, target);
}

static void read_rule(struct js_call *c, struct origin_rule *rule)
{
	double expected = js_arg_number(c, 7), wait_ms = js_arg_number(c, 8);
	JSObjectRef answers = (JSObjectRef)js_arg(c, 9);
	size_t count = js_length(c->ctx, answers);
	read_target(c, rule);
	rule->method = arena_str(&rule->arena, js_arg_str(c, 4));
	rule->path = arena_str(&rule->arena, js_arg_str(c, 5));
	rule->place = arena_str(&rule->arena, js_arg_str(c, 6));
	rule->expects = expected >= 0;
	rule->expected = rule->expects ? (uint32_t)MIN(expected, 4e9) : 0;
	rule->silent = count == 0;
	bool ok = !*c->exception;
	for (size_t i = 0; i < count && ok; i++)
		ok = read_answer(c, rule, i ? origin_rule_then(rule) : &rule->answer,
				 js_at(c->ctx, answers, i), wait_ms);
}

/*
 * put(frame, number or 0, target, is a pattern, method, path, description, expected, wait ms, answers) →
 * number
 */
JS_FUNCTION(put)
{
	struct test_frame *f = session_frame_arg(c, 0);
	double at = js_arg_number(c, 1);
	if (!f || *c->exception)
		return NULL;
	struct origins *o = session_world_in(session_of(c), f)->origins;
	struct origin_rule *rule = origin_rule_new();
	read_rule(c, rule);
	if (*c->exception) {
		origin_rule_unref(&rule);
		return NULL;
	}
	if (at == 0)
		at = origins_rules_add(o, rule);
	else
		CHECK(origins_rules_replace(o, (uint32_t)at, rule));
	return js_number(c->ctx, at);
}

/* ---- answering ---- */

/*
 * answer(request, answer, more) → whether anybody waits for it; `more`: write() goes on with its body
 */
JS_FUNCTION(answer)
{
	struct js_session *s = session_of(c);
	struct js_ask *q = js_arg_thing(c, 0, &ask_kind);
	if (!q || q->ask->over)
		return js_bool(c->ctx, false);
	struct origin_rule *rule = origin_rule_new();
	if (!read_answer(c, rule, &rule->answer, js_arg(c, 1), 0)) {
		origin_rule_unref(&rule);
		return NULL;
	}
	if (js_arg_bool(c, 2)) {
		q->writing = body_new(q->ask->loop);
		q->writing->streaming = true;
		rule->answer.live = body_ref(q->writing);
		list_push(&s->writers, &q->link);
	}
	return js_bool(c->ctx, origin_ask_answer(q->ask, rule));
}

/* write(request, bytes) → false when the service does not read it any more */
JS_FUNCTION(write_answer)
{
	struct js_ask *q = js_arg_thing(c, 0, &ask_kind);
	struct str bytes;
	if (!q || !q->writing)
		return js_bool(c->ctx, false);
	if (!js_bytes(c->ctx, js_arg(c, 1), &bytes))
		bytes = js_arg_str(c, 1);
	body_write(q->writing, bytes);
	return js_bool(c->ctx, !body_abandoned(q->writing));
}

/* finish(request, whether the body is whole) */
JS_FUNCTION(finish)
{
	struct js_ask *q = js_arg_thing(c, 0, &ask_kind);
	bool whole = js_arg_bool(c, 1);
	if (q && q->writing)
		stop_writing(q, whole ? BODY_FAILURE_NONE : BODY_FAILURE_INCOMPLETE);
	return NULL;
}

/* ---- what came of it ---- */

/*
 * calls(frame, number, since) → [how many there are by now, call, backend, method, url, path, …]: the rule's
 */
JS_FUNCTION(calls)
{
	struct test_frame *f = session_frame_arg(c, 0);
	double at = js_arg_number(c, 1), since = js_arg_number(c, 2);
	if (!f || *c->exception)
		return NULL;
	const struct origins *o = session_world_in(session_of(c), f)->origins;
	JSContextRef ctx = c->ctx;
	JSObjectRef array = (JSObjectRef)js_array(ctx, NULL, 0);
	unsigned n = 0;
	js_push(ctx, array, &n, js_number(ctx, (double)origins_calls(o)));
	for (size_t i = (size_t)since; i < origins_calls(o); i++) {
		const struct origin_call *call = origins_call(o, i);
		if (!call->rule || call->rule->number != at)
			continue;
		js_push(ctx, array, &n, call_value(ctx, call));
		js_push(ctx, array, &n, js_string(ctx, call->backend));
		js_push(ctx, array, &n, js_string(ctx, call->method));
		js_push(ctx, array, &n, js_string(ctx, call->uri));
		js_push(ctx, array, &n, js_string(ctx, call->path));
	}
	return array;
}

/* headers(call) → [name, value, …] */
JS_FUNCTION(call_headers)
{
	const struct origin_call *call = js_arg_thing(c, 0, &call_kind);
	return call ? js_headers_value(c->ctx, &call->headers) : NULL;
}

/* body(call) → its bytes, null for none; false: it has not come to its end; undefined: it is too long */
JS_FUNCTION(call_body)
{
	const struct origin_call *call = js_arg_thing(c, 0, &call_kind);
	if (!call)
		return NULL;
	return call->complete ? call_body_value(c->ctx, call) : js_bool(c->ctx, false);
}

static JSValueRef text_or_null(JSContextRef ctx, struct str s)
{
	return s.ptr ? js_string(ctx, s) : js_null(ctx);
}

/* [method, url, backend, the nearest rule or null, what differs: name, wanted, sent, …] */
static JSValueRef miss_value(JSContextRef ctx, const struct origin_miss *miss)
{
	JSObjectRef array = (JSObjectRef)js_array(ctx, NULL, 0);
	unsigned n = 0;
	js_push(ctx, array, &n, js_string(ctx, miss->method));
	js_push(ctx, array, &n, js_string(ctx, miss->uri));
	js_push(ctx, array, &n, js_string(ctx, miss->backend));
	js_push(ctx, array, &n, miss->nearest ? js_string(ctx, miss->nearest->place) : js_null(ctx));
	for (size_t i = 0; i < miss->field_count; i++) {
		const struct origin_field *f = &miss->fields[i];
		if (!f->differs)
			continue;
		js_push(ctx, array, &n, js_cstring(ctx, f->name));
		js_push(ctx, array, &n, text_or_null(ctx, f->wanted));
		js_push(ctx, array, &n, text_or_null(ctx, f->sent));
	}
	return array;
}

/* unanswered(frame) → the requests in it that nobody answered */
JS_FUNCTION(unanswered)
{
	struct js_session *s = session_of(c);
	struct test_frame *f = session_frame_arg(c, 0);
	if (!f)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	if (!session_has_world(s, f))
		return array;
	const struct origins *o = session_world_in(s, f)->origins;
	unsigned n = 0;
	for (size_t i = session_unanswered_before(s, f); i < origins_unmatched(o); i++)
		js_push(c->ctx, array, &n, miss_value(c->ctx, origins_unmatched_at(o, i)));
	return array;
}

struct unmet {
	JSContextRef ctx;
	JSObjectRef array;
	unsigned count;
};

static void add_unmet(void *data, const struct origin_rule *rule, uint32_t asked)
{
	struct unmet *u = data;
	js_push(u->ctx, u->array, &u->count, js_number(u->ctx, rule->number));
	js_push(u->ctx, u->array, &u->count, js_string(u->ctx, rule->place));
	js_push(u->ctx, u->array, &u->count, js_number(u->ctx, rule->expected));
	js_push(u->ctx, u->array, &u->count, js_number(u->ctx, asked));
}

/*
 * unmet(frame) → [number, description, expected, asked, …] of rules that were asked too often or too seldom
 */
JS_FUNCTION(unmet)
{
	struct js_session *s = session_of(c);
	struct test_frame *f = session_frame_arg(c, 0);
	if (!f)
		return NULL;
	struct unmet u = { c->ctx, (JSObjectRef)js_array(c->ctx, NULL, 0), 0 };
	if (session_has_world(s, f))
		origins_unmet(session_world_in(s, f)->origins, add_unmet, &u);
	return u.array;
}

/* ---- backends ---- */

/* define(name): a backend of that name, when the project has no manifest that would define it */
JS_FUNCTION(define_backend)
{
	struct error ignored;
	struct js_session *s = session_of(c);
	struct str name = js_arg_str(c, 0);
	if (*c->exception || !s->frame || session_service(s)->project->manifest)
		return NULL;
	struct world *w = session_world_in(s, s->frame);
	if (world_backend(w, name))
		return NULL;
	struct backend *b = backend_new(name);
	if (backend_set_url(b, arena_printf(&c->arena, "http://" STR_FMT, STR_ARG(name)), &ignored) ||
	    backend_set_url(b, STR("http://origin.invalid"), &ignored))
		world_add_backend(w, b);
	else
		backend_unref(&b);
	return NULL;
}

/* backends() → the names of those that the manifest defines */
JS_FUNCTION(backends)
{
	struct js_session *s = session_of(c);
	const struct world *w = s->frame ? session_world_in(s, s->frame) : session_service(s)->world;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct pmap_entry e = { 0 }; pmap_each(&w->backends, &e);)
		js_push(c->ctx, array, &at, js_string(c->ctx, e.key));
	return array;
}

static const struct js_function functions[] = {
	{ "listen", listen_callback },         { "put", put_callback },
	{ "answer", answer_callback },         { "write", write_answer_callback },
	{ "finish", finish_callback },         { "calls", calls_callback },
	{ "headers", call_headers_callback },  { "body", call_body_callback },
	{ "unanswered", unanswered_callback }, { "unmet", unmet_callback },
	{ "backends", backends_callback },     { "define", define_backend_callback },
};
const struct js_module js_origins_module = { "origins", functions, COUNT_OF(functions) };
